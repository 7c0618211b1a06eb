"""Tokens on one line: where a blank stands between two of them, and whether the line is short.

A blank is never taken away where a template prints next to it, since what it prints could join
with its neighbour; ``- {{ a }}`` and ``-{{ a }}`` are not the same if ``a`` begins with a minus.
"""

from __future__ import annotations

from collections.abc import Iterable

from kpi_runner.sql.outline import Node, leaves
from kpi_runner.sql.tokens import Kind, Token
from kpi_runner.sql.words import KEYWORDS, SPACED, VALUES

LIMIT = 100
_UNARY = ("-", "+", "~", "@")
_TIGHT = ("::", ".")
_MAY_BE_ONE = ((Kind.SIGN, Kind.SIGN), (Kind.WORD, Kind.STRING))
"""What the database may read as one operator, or as a string with its prefix."""
_TAG_SIGNS = ("{{", "{%", "{#", "%}")


def flat(nodes: Iterable[Node]) -> str | None:
    """Returns nodes as they stand on one line, or None where a comment or tag needs its own, or
    a string goes on in the next line: two on one line are not one string."""
    parts: list[str] = []
    opened: list[str] = []
    before: tuple[Token | None, Token | None] = (None, None)
    for token in leaves(nodes):
        is_at_edge = token.starts_line or token.ends_line
        if token.kind in (Kind.TAG, Kind.COMMENT) or (token.kind == Kind.NOTE and is_at_edge):
            return None
        last = before[1]
        if last and last.kind == token.kind == Kind.STRING and "\n" in token.gap:
            return None
        parts.append(_gap(token, before, inside=opened[-1] if opened else ""))
        parts.append(token.text)
        if token.kind == Kind.OPEN:
            opened.append(token.text)
        elif token.kind == Kind.CLOSE and opened:
            opened.pop()
        before = (before[1], token)
    return "".join(parts)


def fits(text: str, start: int, *, after: int = 0) -> bool:
    """True where a text that begins at a column, and what comes after it, is within the limit."""
    first, *rest = text.split("\n")
    if not rest:
        return start + len(first) + after <= LIMIT
    return start + len(first) <= LIMIT and len(rest[-1]) + after <= LIMIT


def is_sign_of_one(sign: Token, before: Token | None) -> bool:
    """True for a sign with nothing on its left, such as the minus of ``-1``."""
    if sign.text not in _UNARY:
        return False
    if before is None or before.kind in (Kind.OPEN, Kind.COMMA, Kind.SIGN):
        return True
    return before.word in KEYWORDS and before.word not in VALUES


def _gap(token: Token, before: tuple[Token | None, Token | None], *, inside: str) -> str:
    last = before[1]
    if last is None or token.kind == Kind.COMMA:
        return ""
    as_it_was = " " if token.gap else ""
    if last.kind == Kind.OPEN or token.kind == Kind.CLOSE:
        return as_it_was if last.text + token.text[:1] in _TAG_SIGNS else ""
    if (last.kind, token.kind) in _MAY_BE_ONE:
        return as_it_was
    if token.text in _TIGHT or last.text in _TIGHT or token.text == ";":
        return as_it_was if _prints(token) or _prints(last) else ""
    if ":" in (token.text, last.text):
        return " " if inside == "{" and last.text == ":" else as_it_was if inside != "{" else ""
    if last.kind == Kind.SIGN and is_sign_of_one(last, before[0]):
        is_safe = not _prints(token) and not token.text.startswith("-")
        return "" if is_safe else as_it_was
    if token.kind == Kind.OPEN:
        return _gap_before_bracket(token, last)
    if (_prints(token) or _prints(last)) and Kind.SIGN not in (token.kind, last.kind):
        return as_it_was
    return " "


def _gap_before_bracket(token: Token, last: Token) -> str:
    if last.kind in (Kind.SIGN, Kind.COMMA, Kind.STRING, Kind.NUMBER):
        return " "
    if last.kind in (Kind.PRINT, Kind.CLOSE, Kind.NOTE) or token.text == "{":
        return " " if token.gap else ""
    return " " if last.word in SPACED else ""


def _prints(token: Token) -> bool:
    return token.kind in (Kind.PRINT, Kind.NOTE) or (token.kind == Kind.NAME and "{" in token.text)
