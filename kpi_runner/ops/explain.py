"""Looks up the page of an error code."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import fill

from kpi_runner.core.codes import CODES
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.suggest import did_you_mean

_PAGES = Path(__file__).with_name("pages.txt")
_TITLE = re.compile(r"^==> (.*)\n", re.MULTILINE)
_MISREAD = str.maketrans("OIL", "011")
_EXITS = {
    0: "a warning; the exit status stays 0",
    1: "exit status 1: a check or rule failed, or raw data or SQL failed while running",
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
        digits = code.upper().translate(_MISREAD)
        close = did_you_mean(digits, [digits] if digits in CODES else CODES)
        hint = close or "`kpi explain` lists all codes."
        raise UsageError(Diagnostic("K009", f"there is no error code '{code}'", hint=hint))
    page = read_pages().get(code.upper()) or _rule(code.upper())
    head, foot = f"{code.upper()}: {entry.title}", f"({_EXITS[entry.exit_status]})"
    return "\n\n".join([head, *map(_fold, page.strip("\n").split("\n\n")), foot])


def read_pages() -> dict[str, str]:
    """Returns the pages of the codes that are no rules of lint."""
    parts = _TITLE.split(_PAGES.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _fold(paragraph: str) -> str:
    """Folds a paragraph; an example, which is indented, stays as it is."""
    return paragraph if paragraph.startswith(" ") else fill(paragraph, 88)


def _rule(code: str) -> str:
    from kpi_runner.analyze.lint import page_of  # only rules of lint pay for loading them

    return page_of(code)
