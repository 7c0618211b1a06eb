"""Reads the arguments of assertions: numbers, percentages, bounds, durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.kpi import Assertion
from kpi_runner.core.suggest import did_you_mean

_NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(%?)\s*\Z")
_DURATION = re.compile(r"\s*(\d+)\s*(h|d|w)\s*\Z")
_HOURS = {"h": 1, "d": 24, "w": 168}


def invalid(assertion: Assertion, message: str, *, hint: str = "") -> ProjectInvalid:
    """Returns the K510 error of an assertion."""
    return ProjectInvalid(
        Diagnostic("K510", f"assertion '{assertion.kind}': {message}", assertion.span, hint=hint)
    )


def amount(assertion: Assertion, value: Any) -> float:
    """Reads a number or a percentage (``2%`` is 0.02)."""
    match = _NUMBER.match(str(value)) if not isinstance(value, bool) else None
    if match is None:
        hint = "Write a number, or a percentage."
        raise invalid(assertion, f"'{value}' is not a number", hint=hint)
    number = float(match.group(1))
    return number / 100 if match.group(2) else number


def bounds(assertion: Assertion, value: Any = None) -> tuple[float, float]:
    """Reads ``[low, high]``."""
    pair = assertion.argument if value is None else value
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise invalid(assertion, "takes two numbers", hint="Write `[low, high]`.")
    low, high = amount(assertion, pair[0]), amount(assertion, pair[1])
    if low > high:
        raise invalid(assertion, f"the lower bound {pair[0]} exceeds the upper one {pair[1]}")
    return low, high


def days(assertion: Assertion, value: Any) -> int:
    """Reads a duration (``2d``, ``48h``, ``1w``) as whole days, rounded up."""
    match = _DURATION.match(str(value))
    if match is None:
        hint = "Write for example `2d` or `48h`."
        raise invalid(assertion, f"'{value}' is not a duration", hint=hint)
    hours = int(match.group(1)) * _HOURS[match.group(2)]
    return -(-hours // 24)


def mapping_of(assertion: Assertion, keys: set[str]) -> Mapping[str, Any]:
    """Returns the argument as a mapping that has no other keys than these."""
    argument = {} if assertion.argument is None else assertion.argument
    if not isinstance(argument, Mapping):
        hint = f"Known keys: {', '.join(sorted(keys))}."
        raise invalid(assertion, "takes a mapping", hint=hint)
    for key in argument:
        if key not in keys:
            hint = did_you_mean(str(key), keys)
            raise invalid(assertion, f"unknown key '{key}'", hint=hint)
    return argument


def text_of(assertion: Assertion) -> str:
    """Returns the argument as text."""
    if not isinstance(assertion.argument, str) or not assertion.argument.strip():
        raise invalid(assertion, "takes a text")
    return assertion.argument


def show(number: float) -> str:
    """Prints a bound without needless digits.

    >>> show(1.0), show(-0.4)
    ('1', '-0.4')
    """
    return f"{number:g}"
