"""Looks up the page of an error code."""

from __future__ import annotations

from textwrap import fill

from kpi_runner.core.codes import CODES
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.suggest import did_you_mean

_EXITS = {
    0: "a warning; the exit status stays 0",
    1: "exit status 1: a check failed, or raw data or SQL failed while running",
    2: "exit status 2: wrong usage",
    3: "exit status 3: the project is invalid",
    4: "exit status 4: the database or the machine failed",
}


def explain(code: str = "") -> str:
    """Returns the page of a code, or a line for each of them where none is given.

    Raises:
        UsageError: K009, there is no such code.
    """
    if not code:
        return "\n".join(f"{key}  {entry.title}" for key, entry in sorted(CODES.items()))
    entry = CODES.get(code.upper())
    if entry is None:
        hint = did_you_mean(code.upper(), CODES) or "`kpi explain` lists all codes."
        raise UsageError(Diagnostic("K009", f"there is no error code '{code}'", hint=hint))
    head = f"{code.upper()}: {entry.title}"
    return "\n".join([head, "", fill(entry.page, 88), "", f"({_EXITS[entry.exit_status]})"])
