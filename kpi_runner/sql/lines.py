"""Lines of SQL below each other: indentation, comments at their ends, blank lines.

A text of several lines begins without indentation; its further lines bring theirs along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from kpi_runner.sql.outline import Node, Odd, Piece, leaves
from kpi_runner.sql.tokens import Kind, Token, text_of

STEP = 4


def stacked(lines: Iterable[str], indent: int) -> str:
    """Returns lines as one text of that indentation."""
    return re.sub(r"\n +\n", "\n\n", f"\n{' ' * indent}".join(lines))


def indented(lines: Iterable[str]) -> list[str]:
    """Returns the lines one step further in."""
    return [" " * STEP + line for line in lines]


def wrapped(opening: str, inner: str, *, indent: int) -> str:
    """Returns what opens a bracket and its content on lines below, up to what closes it."""
    return f"{opening}\n{' ' * (indent + STEP)}{inner}\n{' ' * indent}"


def with_remarks(text: str, piece: Piece, *, comma: bool = False) -> str:
    """Returns a text with its comma and the comments at the end of its last line."""
    return " ".join([text + "," * comma, *(token.text for token in piece.trail)])


def blank_above(token: Token | None, lines: Sequence[str]) -> list[str]:
    """Keeps a blank line where one stood, but not at the top and not twice."""
    is_kept = token and token.gap.count("\n") > 1 and lines and lines[-1]
    return [""] if is_kept else []


def laid_or_kept(laid: Callable[[], str], nodes: Iterable[Node]) -> str:
    """Returns a layout, or the text as it stands where there is none."""
    try:
        return laid()
    except Odd:
        return text_of(leaves(nodes))


def count_commas(nodes: Sequence[Node]) -> int:
    """Returns how many commas separate the items of a list, brackets left out."""
    return sum(isinstance(node, Token) and node.kind == Kind.COMMA for node in nodes)
