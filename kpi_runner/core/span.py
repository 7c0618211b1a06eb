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
