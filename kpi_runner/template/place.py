"""Places in a template's text: the span of a stretch, of a name on a line, of a literal.

Knows text only; jinja2 is not needed here, so every tier of the scan may use it.
"""

from __future__ import annotations

import re

from kpi_runner.core.span import Span

_TAG_END = re.compile(r"[%}]\}")


def span_at(raw: str, path: str, start: int, end: int) -> Span:
    """Returns the span of a stretch of a text, without indexing the whole of it."""
    line = raw.count("\n", 0, start) + 1
    column = start - raw.rfind("\n", 0, start)
    end_line = line + raw.count("\n", start, end)
    return Span(path, line, column, end_line, end - raw.rfind("\n", 0, end))


def tag_span(raw: str, path: str, start: int) -> Span:
    """Returns the span of the tag that begins at an offset."""
    end = _TAG_END.search(raw, start)
    return span_at(raw, path, start, end.end() if end else len(raw))


def find_name(raw: str, path: str, line: int, name: str) -> Span:
    """Returns the place of a name on a line, or in the rest of the tag that begins there.

    Where the name does not occur it is the place of the first tag, else of the line's text.
    """
    start, end = _line_bounds(raw, line)
    text = raw[start:end]
    tag = text.find("{")
    first = start + (tag if tag >= 0 else len(text) - len(text.lstrip()))
    tag_end = _TAG_END.search(raw, first)
    last = max(end, tag_end.end()) if tag_end else end
    found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(raw, first, last)
    if name and found:
        return span_at(raw, path, *found.span())
    return span_at(raw, path, first, start + len(text.rstrip()))


def find_literal(raw: str, path: str, line: int, value: str, occurrence: int = 0) -> Span:
    """Returns the place of the text inside a string literal that stands on a line.

    >>> find_literal("{{ ref('a') }}", "m.sql", 1, "a").column
    9
    """
    start, end = _line_bounds(raw, line)
    pattern = re.compile(rf"(['\"]){re.escape(value)}\1")
    found = [match.start() + 1 for match in pattern.finditer(raw, start, end)]
    if not found:
        return find_name(raw, path, line, value)
    offset = found[min(occurrence, len(found) - 1)]
    return span_at(raw, path, offset, offset + len(value))


def find_literal_anywhere(raw: str, path: str, value: str) -> Span:
    """Returns the first place of the text inside a string literal, else that of the file."""
    found = re.search(rf"(['\"])({re.escape(value)})\1", raw)
    return span_at(raw, path, *found.span(2)) if found else Span(path)


def _line_bounds(raw: str, line: int) -> tuple[int, int]:
    start = 0
    for _ in range(line - 1):
        start = raw.find("\n", start) + 1
    end = raw.find("\n", start)
    return start, end if end >= 0 else len(raw)
