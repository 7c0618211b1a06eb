"""Places in a template's text: the span of a stretch, of a tag, of a name, of a literal.

Knows text only; jinja2 is not needed here, so every tier of the scan may use it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kpi_runner.core.span import Span

_TAG_END = re.compile(r"[%}]\}")


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a template or macro file, and its path for spans."""

    raw: str
    path: str

    def span(self, start: int, end: int) -> Span:
        """Returns the span of a stretch, without indexing the whole text."""
        line = self.raw.count("\n", 0, start) + 1
        column = start - self.raw.rfind("\n", 0, start)
        end_line = line + self.raw.count("\n", start, end)
        return Span(self.path, line, column, end_line, end - self.raw.rfind("\n", 0, end))

    def tag_span(self, start: int) -> Span:
        """Returns the span of the tag that begins at an offset."""
        end = _TAG_END.search(self.raw, start)
        return self.span(start, end.end() if end else len(self.raw))

    def line_bounds(self, line: int) -> tuple[int, int]:
        """Returns the offsets at which a line begins and ends, without its line break."""
        start = 0
        for _ in range(line - 1):
            start = self.raw.find("\n", start) + 1
        end = self.raw.find("\n", start)
        return start, end if end >= 0 else len(self.raw)

    def line_span(self, line: int) -> Span:
        """Returns the span of a line without the white space around it."""
        start, end = self.line_bounds(line)
        text = self.raw[start:end]
        return self.span(end - len(text.lstrip()), start + len(text.rstrip()))

    def find_name(self, line: int, *names: str) -> Span:
        """Returns the place of the first of the names that occurs in a tag on a line.

        Where none does it is the place from the first tag to the end of the line, or the line.
        """
        start, end = self.line_bounds(line)
        tag = self.raw.find("{", start, end)
        first = start if tag < 0 else tag
        tag_end = _TAG_END.search(self.raw, first)
        last = max(end, tag_end.end()) if tag_end else end
        for name in names:
            found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(self.raw, first, last)
            if found:
                return self.span(*found.span())
        whole = self.line_span(line)
        return whole if tag < 0 else self.span(tag, start + whole.end_column - 1)

    def find_literal(self, line: int, value: str, *, occurrence: int = 0) -> Span:
        """Returns the place of the text inside a string literal that stands on a line.

        >>> Text("{{ ref('a') }}", "m.sql").find_literal(1, "a").column
        9
        """
        literal = re.compile(rf"(['\"])({re.escape(value)})\1")
        found = list(literal.finditer(self.raw, *self.line_bounds(line)))
        if not found:
            return self.find_name(line, value)
        return self.span(*found[min(occurrence, len(found) - 1)].span(2))

    def find_literal_anywhere(self, value: str) -> Span:
        """Returns the first place of the text inside a string literal, else that of the file."""
        found = re.search(rf"(['\"])({re.escape(value)})\1", self.raw)
        return self.span(*found.span(2)) if found else Span(self.path)
