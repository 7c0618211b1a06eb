"""The wall clock: the only module that says what time it is to those above."""

from __future__ import annotations

from datetime import UTC, date, datetime
from time import time_ns


def now() -> str:
    """Returns this moment in UTC, ISO, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def now_exactly() -> str:
    """Returns this moment in UTC, ISO, to the microsecond: sorts what happens within a second."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def now_ns() -> int:
    """Returns this moment as nanoseconds since 1970, to compare with times of files."""
    return time_ns()


def today() -> date:
    """Returns the date of this machine."""
    return date.today()
