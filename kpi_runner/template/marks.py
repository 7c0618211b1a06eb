"""Marks in literal template text that tell, after rendering, which source line it came from.

A mark is made of Unicode spaces that ``strip()`` removes and ``splitlines()`` ignores, so
that filters such as ``trim`` and ``indent`` do to the text what they did without marks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2.ext import Extension
    from jinja2.lexer import Token, TokenStream

_DIGITS = "\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
_COMMA = "\u2007"
_TEXT = "\u2008"  # literal text begins after the mark
_WORD = "\u2009"  # the first word of literal text ends before the mark
_TAG = "\u205f"  # a `{{` stands after the mark

_NUMBER = f"([{_DIGITS}]+)"
_MARK = re.compile(f"{_NUMBER}{_COMMA}{_NUMBER}{_COMMA}{_NUMBER}([{_TEXT}{_WORD}{_TAG}])")
_FIRST_WORD = re.compile(r"\s*\S+")
_LAST_WORD = re.compile(r"(?<!\S)\S+\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a rendered line that one place of a source gave.

    Args:
        start: column in the rendered line, from 0; the piece ends where the next begins.
        file: index of the source file.
        line: line of the source file, from 1.
        tags: how many ``{{`` stand on that line up to the place.
        is_tag: whether the last of them gave the text; else it is literal text after it.
    """

    start: int
    file: int
    line: int
    tags: int
    is_tag: bool


def marking(files: Sequence[str]) -> type[Extension]:
    """Returns a Jinja extension that marks the text of the templates named in ``files``."""
    from jinja2.ext import Extension
    from jinja2.lexer import Token

    class Marking(Extension):
        def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
            """Puts a mark before each tag that prints, and marks into literal text."""
            file = files.index(stream.name or "")
            tags: Counter[int] = Counter()
            for token in stream:
                line, kind, value = token
                if kind == "data":
                    yield Token(line, kind, _mark_text(value, file, line=line, tags=tags[line]))
                    continue
                if kind == "variable_begin":
                    tags[line] += 1
                    yield Token(line, "data", _mark((file, line, tags[line]), _TAG))
                yield token

    return Marking


def remove_marks(marked: str) -> str:
    """Returns the text as it would have been rendered without marks."""
    return _MARK.sub("", marked)


def read_pieces(marked_line: str) -> list[Piece]:
    """Returns the pieces of one line of marked text, from left to right."""
    pieces: list[Piece] = []
    plain, last = "", 0
    for mark in _MARK.finditer(marked_line):
        plain += marked_line[last : mark.start()]
        last = mark.end()
        file, line, tags = (_read_number(mark[group]) for group in (1, 2, 3))
        piece = Piece(len(plain), file, line, tags, mark[4] == _TAG)
        previous = pieces[-1] if pieces else None
        if mark[4] != _WORD:
            pieces.append(piece)
        elif previous is None or replace(previous, start=piece.start) != piece:
            # The mark before the word was trimmed away with the space around it.
            word = _LAST_WORD.search(plain)
            start = max(word.start() if word else 0, previous.start if previous else 0)
            pieces.append(replace(piece, start=start))
    return pieces


def _mark_text(text: str, file: int, *, line: int, tags: int) -> str:
    # An empty line stays empty, because `indent` passes over it.
    lines = text.split("\n")
    for index, part in enumerate(lines):
        word = _FIRST_WORD.match(part)
        if word:
            place = (file, line + index, 0 if index else tags)
            rest = part[word.end() :]
            lines[index] = _mark(place, _TEXT) + word[0] + _mark(place, _WORD) + rest
    return "\n".join(lines)


def _mark(place: tuple[int, int, int], kind: str) -> str:
    return _COMMA.join(_write_number(number) for number in place) + kind


def _write_number(number: int) -> str:
    rest, digit = divmod(number, len(_DIGITS))
    return (_write_number(rest) if rest else "") + _DIGITS[digit]


def _read_number(spaces: str) -> int:
    number = 0
    for space in spaces:
        number = number * len(_DIGITS) + _DIGITS.index(space)
    return number
