"""Finds the place in a template that gave a place in its text.

Only for error messages: the template is rendered a second time with marks in its literal
text, and the mark nearest to the failing place is read off. Marks are made of Unicode spaces
that ``strip()`` removes and ``splitlines()`` ignores, so that filters such as ``trim`` and
``indent`` do to the text what they did the first time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from kpi_runner.core.span import Span
from kpi_runner.template.context import Context
from kpi_runner.template.environment import Rendering, SqlTemplates
from kpi_runner.template.place import line_bounds, span_at, tag_span

_DIGITS = "\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
_NEXT = "\u2007"
_TEXT, _WORD, _TAG = "\u2008", "\u2009", "\u205f"
"""Ends of marks: literal text begins here, its first word ended here, a ``{{`` stands here."""

_NUMBER = f"[{_DIGITS}]+"
_MARK = re.compile(f"({_NUMBER}){_NEXT}({_NUMBER}){_NEXT}({_NUMBER})([{_TEXT}{_WORD}{_TAG}])")
_FIRST_WORD = re.compile(r"\s*\S+")
_LAST_WORD = re.compile(r"\S+\Z")
_NAME = re.compile(r"\w+|.")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a rendered line that one place of a source gave.

    ``start`` counts from 0. ``tags`` is the number of ``{{`` on the source line up to here;
    where ``is_tag``, the last of them gave the text.
    """

    start: int
    file: int
    line: int
    tags: int
    is_tag: bool


def locate(
    templates: SqlTemplates,
    raw: str,
    *,
    path: str,
    context: Context,
    expected: str,
    place: tuple[int, int],
) -> Span | None:
    ...
