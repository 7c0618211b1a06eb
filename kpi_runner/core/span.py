"""Places in files: a span of text, and the way from an offset to line and column."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file; lines and columns start at 1, the end column is exclusive.

    ``path`` is relative to the project's root, with forward slashes. ``end_line`` and
    ``end_column`` are 0 where only the start is known.
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


def span_within(value: Span, text: str, *, raw: str, start: int, end: int) -> Span:
    """Returns the span of a stretch of a value that a file may fold, indent or quote.

    Args:
        value: where the value begins.
        text: the value.
        raw: the file from there on.
        start: offset of the stretch in ``text``; ``end``: that of its end.

    >>> raw = "sum(\\n  amount)"
    >>> str(span_within(Span("k.yml", 3, 5), "sum( amount)", raw=raw, start=5, end=11))
    'k.yml:4:3'
    """
    first, last = (_raw_offset(text, offset, raw=raw) for offset in (start, max(start, end - 1)))
    found = LineIndex(raw).span(value.path, start=first, end=last + 1)
    before, within = value.line - 1, value.column - 1
    return Span(
        value.path,
        found.line + before,
        found.column + within * (found.line == 1),
        found.end_line + before,
        found.end_column + within * (found.end_line == 1),
    )


def _raw_offset(text: str, offset: int, *, raw: str) -> int:
    """The offset in ``raw`` of a character of ``text``; white space may differ."""
    place = -1
    for char in (*"".join(text[:offset].split()), *text[offset : offset + 1].strip()):
        place = max(place, raw.find(char, place + 1))
    return max(place, 0)


class LineIndex:
    """Turns offsets into a text into lines and columns.

    >>> LineIndex("ab\\ncd").position(4)
    (2, 2)
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        self._starts.extend(i + 1 for i, char in enumerate(text) if char == "\n")

    def position(self, offset: int) -> tuple[int, int]:
        """Returns (line, column) of a character offset, both from 1."""
        offset = max(0, min(offset, len(self._text)))
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def byte_position(self, offset: int) -> tuple[int, int]:
        """Returns (line, column) of a UTF-8 byte offset, which is what DuckDB reports."""
        text = self._text.encode("utf-8")[: max(0, offset)].decode("utf-8", errors="ignore")
        return self.position(len(text))

    def span(self, path: str, *, start: int, end: int) -> Span:
        """Returns the span of the characters from ``start`` up to ``end``."""
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Span(path, line, column, end_line, end_column)
