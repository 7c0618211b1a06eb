"""Looks at SQL that does not parse: its brackets, its words, and where they stand.

Works on characters, because a text that the database refuses has no tree.
"""

from __future__ import annotations

import re

_OPAQUE = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL
)
_COMMENT = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BRACKET = re.compile(r"[()]")
_ENDS_OPERAND = re.compile(r"[\w)\]'\"]\Z")


def find_unclosed(sql: str, noticed: int) -> int | None:
    """Returns the offset of the parenthesis that is open where the parser stopped.

    None unless more are opened than closed in the whole text.

    >>> find_unclosed("select (1 + 2 from a", 14), find_unclosed("select (1 + 2) fro a", 15)
    (7, None)
    """
    masked = _OPAQUE.sub(lambda match: " " * len(match[0]), sql)
    if masked.count("(") <= masked.count(")"):
        return None
    opened: list[int] = []
    for bracket in _BRACKET.finditer(masked, 0, noticed):
        if bracket[0] == "(":
            opened.append(bracket.start())
        elif opened:
            opened.pop()
    return opened[-1] if opened else None


def has_missing_comma(sql: str, noticed: int) -> bool:
    """True where the parser stopped at the start of a line, and the line before is no clause's
    end but an operand without a comma.

    >>> has_missing_comma("select\\n  a.x\\n  b.y", 17)
    True
    """
    start = _word_start(sql, noticed)
    before = mask_comments(sql)[:start].rstrip(" \t")
    return before.endswith("\n") and bool(_ENDS_OPERAND.search(before.rstrip()))


def word_start(sql: str, offset: int) -> int:
    """Returns where the name begins that a dot at an offset belongs to, else the offset.

    >>> word_start("select orders.id", 13)
    7
    """
    return _word_start(sql, offset) if sql[offset : offset + 1] == "." else offset


def mask_comments(sql: str) -> str:
    """Returns the text with blanks in place of its comments, each character at its place."""
    return _COMMENT.sub(lambda match: match[1] or re.sub(r"[^\n]", " ", match[0]), sql)


def _word_start(sql: str, offset: int) -> int:
    while offset and (sql[offset - 1].isalnum() or sql[offset - 1] in "_."):
        offset -= 1
    return offset
