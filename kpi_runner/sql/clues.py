"""Reads out of an error of the database what in the SQL is wrong, where its position is vague.

Knows the words of DuckDB's messages; knows nothing of templates and files.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kpi_runner.core.errors import SqlFailed
from kpi_runner.sql.syntax import find_unclosed, mask_comments, word_start

_LACKED = re.compile(r'does not have a column named "([^"]+)"')
_NAMES = (
    _LACKED,
    re.compile(r"field '(\w+)'"),
    re.compile(r"specifier (%\w)"),
    re.compile(r"\"([^\"]+)\""),
    re.compile(r"with name (\S+) does not exist"),
    re.compile(r"argument types '(\w+)\("),
    re.compile(r"convert string '([^']+)'"),
)
_OPERATORS = {"addition": r"\+", "subtraction": "-", "multiplication": r"\*", "division": "/"}
_NOWHERE = r"(?!)"


def _last(pattern: str) -> str:
    return rf"(?s:{pattern}(?!.*{pattern}))"


_CLUES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r'table "([^"]+)" not found'), lambda name: rf"\b{re.escape(name)}\s*\.\s*\*"),
    (
        re.compile(r'"([^"]+)" in (?:EXCLUDE|REPLACE) list'),
        lambda name: rf"\b(?:exclude|replace)\b[^)]*?\b(?P<at>{re.escape(name)})\b",
    ),
    (re.compile(r"(Set operations) can only"), lambda _: r"\b(?:union|intersect|except)\b"),
    (re.compile(r"Overflow in (\w+)"), lambda name: _OPERATORS.get(name, _NOWHERE)),
    (re.compile(r"(More than one row) returned"), lambda _: r"\(\s*select\b"),
    (re.compile(r"(GROUP BY) term out of range"), lambda _: r"\bgroup\s+by\b"),
    (re.compile(r"(SELECT clause) without"), lambda _: r"\bselect\b(?=\s*(?:from\b|\)|\Z))"),
    (re.compile(r"(DISTINCT) requires"), lambda _: r"\bdistinct\s*\)"),
    (re.compile(r"(AS requires a SELECT)"), lambda _: r"\S"),
    (re.compile(r"(one window function must)"), lambda _: r"\bqualify\b"),
    (re.compile(r"(Sample sample_size)"), lambda _: r"\btablesample\b"),
    (re.compile(r'Duplicate CTE name "([^"]+)"'), lambda name: _last(rf"\b{name}\b\s+as\s*\(")),
    (re.compile(r'reference to table "([^"]+)"'), lambda name: _last(rf"\b{name}\b(?!\s*\.)")),
)
"""What the message says, and what to look for in the SQL then."""


def named(message: str) -> list[str]:
    """Returns the names that a message is about, in its order of clarity.

    >>> named('Referenced column "amout" not found'), named("Table with name t does not exist!")
    (['amout'], ['t'])
    """
    return [name for pattern in _NAMES for name in pattern.findall(message)]


def refine_offset(sql: str, offset: int, *, error: SqlFailed) -> int:
    """Moves from the place where the database stopped to what is wrong.

    A parenthesis that nothing closes is to blame itself, and a qualified name that lacks a
    column for its second half.
    """
    if error.kind == "parser":
        unclosed = find_unclosed(sql, offset)
        return word_start(sql, offset) if unclosed is None else unclosed
    lacked = _LACKED.search(error.message)
    found = sql.find(lacked[1], offset, offset + error.length) if lacked else -1
    return max(found, offset)


def find_clue(sql: str, message: str) -> int | None:
    """Returns the offset of what a message without a position seems to be about."""
    masked = mask_comments(sql)
    for said, pattern in _CLUES:
        words = said.search(message)
        found = re.search(pattern(words[1]), masked, re.IGNORECASE) if words else None
        if found:
            return found.start("at" if "at" in found.groupdict() else 0)
    for name in (*named(message), message.partition("\n")[0]):
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", masked, re.IGNORECASE)
        if found:
            return found.start()
    return None
