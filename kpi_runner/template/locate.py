"""Finds the place in a template that gave a place in its text.

Only for error messages: the template is rendered a second time with marks in its literal
text, and the mark nearest to the failing place is read off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kpi_runner.core.span import Span
from kpi_runner.template.context import Context
from kpi_runner.template.marks import Piece, marking, read_pieces, remove_marks
from kpi_runner.template.place import Text
from kpi_runner.template.templates import Rendering, SqlTemplates

_TAG_BEGIN = re.compile(r"\{\{")
_WORD = re.compile(r"\w+|.")


def locate(
    templates: SqlTemplates,
    raw: str,
    *,
    path: str,
    context: Context,
    expected: str,
    position: tuple[int, int],
) -> Span | None:
    """Returns the place in a template or macro file that gave a place in its text.

    Args:
        templates: the project's templates.
        raw: the template.
        path: its file.
        context: what it was rendered with.
        expected: its text as first rendered.
        position: line and column of that text, both from 1.

    Returns None where the marks have changed the text, so that nothing can be told.
    """
    texts = {**templates.macro_texts, path: Text(raw, path)}
    files = list(texts)
    marked_templates = SqlTemplates(templates.macros, [marking(files)])
    try:
        marked = Rendering(marked_templates, context.values).text(raw, path)
    except Exception:  # marks may break what a template computes from its own text: no place then
        return None
    rendered = remove_marks(marked)
    line, column = position
    if rendered != expected or not 0 < line <= rendered.count("\n") + 1:
        return None
    plain = rendered.split("\n")[line - 1]
    # Indentation belongs to the text that follows it.
    offset = max(column - 1, len(plain) - len(plain.lstrip()))
    found = _find_piece(marked.split("\n")[:line], plain, offset=offset)
    if found is None:
        return None
    piece, literal = found
    return _source_span(texts[files[piece.file]], piece, literal=literal, offset=offset)


def _find_piece(
    marked_lines: Sequence[str], plain: str, *, offset: int
) -> tuple[Piece, str] | None:
    pieces = read_pieces(marked_lines[-1])
    ends = [piece.start for piece in pieces[1:]] + [len(plain) + 1]
    for piece, end in zip(pieces, ends, strict=False):
        if piece.start <= offset < end:
            return piece, plain[piece.start : end]
    # The line has no mark before the place: it continues what a tag gave on an earlier line.
    for marked_line in reversed(marked_lines[:-1]):
        earlier = read_pieces(marked_line)
        if earlier:
            return earlier[-1], ""
    return None


def _source_span(text: Text, piece: Piece, *, literal: str, offset: int) -> Span:
    start, end = text.line_bounds(piece.line)
    tags = [tag.start() for tag in _TAG_BEGIN.finditer(text.raw, start, end)]
    first = tags[piece.tags - 1] if 0 < piece.tags <= len(tags) else start
    if piece.is_tag:
        return text.tag_span(first)
    found = text.raw.find(literal.strip(), first, end) if literal.strip() else -1
    if found < 0:
        return text.line_span(piece.line)
    indentation = len(literal) - len(literal.lstrip())
    place = found + max(0, offset - piece.start - indentation)
    word = _WORD.match(text.raw, place)
    return text.span(place, word.end() if word else place)
