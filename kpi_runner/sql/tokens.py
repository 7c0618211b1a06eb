"""The text of a template as tokens: SQL words and signs, with Jinja's tags as they stand.

Reads the template, never the rendered SQL, so places are those of the file and nothing of it is
lost: the gaps and texts of all tokens, one after the other, are the text. Knows no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a token is. ``NAME``: a dotted or quoted name, or one that a template prints part of.

    ``PRINT`` and ``TAG`` are Jinja's ``{{ }}`` and ``{% %}``; a block whose content is text and
    not SQL (``{% raw %}``) is one tag. ``NOTE``: a comment that may stand within a line.
    """

    WORD = "word"
    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    SIGN = "sign"
    COMMA = "comma"
    OPEN = "open"
    CLOSE = "close"
    PRINT = "print"
    TAG = "tag"
    NOTE = "note"
    COMMENT = "comment"


REMARKS = (Kind.NOTE, Kind.COMMENT)
PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of a template. ``gap`` is the white space before it, ``start`` its offset."""

    kind: Kind
    text: str
    start: int
    gap: str = ""
    starts_line: bool = False
    ends_line: bool = False

    @property
    def end(self) -> int:
        """The offset after it."""
        return self.start + len(self.text)

    @property
    def is_alone(self) -> bool:
        """True where nothing else stands on its lines."""
        return self.starts_line and self.ends_line

    @property
    def word(self) -> str:
        """The text of a plain word in lower case, else an empty text."""
        return self.text.lower() if self.kind == Kind.WORD else ""


class Unreadable(Exception):
    """The text cannot be told apart into tokens, or its brackets do not match."""

    def __init__(self, message: str, start: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start


def tokenize(text: str) -> tuple[Token, ...]:
    """Returns the tokens of a template; raises ``Unreadable`` where a quote or tag never ends.

    >>> [token.text for token in tokenize("select a.b from {{ ref('c') }}")]
    ['select', 'a.b', 'from', "{{ ref('c') }}"]
    """
    found = list(_scan(text))
    starts = [*(start for _, start, _ in found), len(text)][1:]
    tokens = []
    previous_end = 0
    for (kind, start, end), next_start in zip(found, starts, strict=True):
        gap, after = text[previous_end:start], text[end:next_start]
        starts_line = "\n" in gap or not previous_end
        ends_line = "\n" in after or next_start == len(text)
        tokens.append(Token(kind, text[start:end], start, gap, starts_line, ends_line))
        previous_end = end
    return tuple(tokens)


def text_of(tokens: Iterable[Token]) -> str:
    """Returns tokens as they stand, without the white space before the first."""
    return "".join(token.gap + token.text for token in tokens).lstrip()


_JINJA = r"\{\{(?:[^'\"}]|'[^']*+'|\"[^\"]*+\"|\}(?!\}))*+\}\}|\{%.*?%\}|\{\#.*?\#\}|\{"
_PLAIN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<comment>--(?:[^\n]*[^\s])?)"
    r"|(?P<string>[eE]'(?:[^'\\]|\\.|'')*+'"
    rf"|[xX]?'(?:[^'{{]|''|{_JINJA})*+'"
    r"|\$(?P<dollar>[A-Za-z_]*)\$.*?\$(?P=dollar)\$)"
    r"|(?P<number>(?:\d\w*(?:\.\w*)?|\.\d\w*)(?:(?<=[eE])[-+]\d+)?)"
    rf"|(?P<quoted>\"(?:[^\"{{]|\"\"|{_JINJA})*+\")"
    r"|(?P<word>[^\W\d][\w$]*)"
    r"|(?P<name>\$\w+|\?)"
    r"|(?P<comma>,)"
    r"|(?P<open>[(\[{])"
    r"|(?P<close>[)\]}])"
    r"|(?P<sign>->>|!~~\*?|~~\*?|!~\*?|~\*|::|:=|=>|->|<=>|<=|>=|<>|!=|==|\|\||//|\*\*|<<|>>|&&"
    r"|@>|<@|\^@|['\"]|.)",
    re.DOTALL,
)
_REST_OF_NAME = re.compile(r"\w[\w$]*")
_AFTER_DOT = re.compile(rf"\.(?:[^\W\d][\w$]*|\"(?:[^\"{{]|\"\"|{_JINJA})*\"|\*|(?=\{{\{{))")
_EATS_ON = re.compile(r"-[%}]\}$")
_TAG_WORD = re.compile(r"\{%[-+]?\s*(\w+)\s*([^%]*)")
_TEXT_BLOCKS = ("raw", "call", "filter", "docs", "materialization", "snapshot")
_CLOSERS = {"{{": "}}", "{%": "%}"}


def _scan(text: str) -> Iterator[tuple[Kind, int, int]]:
    position = 0
    while position < len(text):
        opener = text[position : position + 2]
        if opener in ("{{", "{%", "{#"):
            kind, end = _jinja(text, position)
        elif opener == "/*":
            kind, end = Kind.NOTE, _remark_end(text, position)
        else:
            match = _PLAIN.match(text, position)
            assert match is not None  # the last alternative takes any character
            group = "string" if match.lastgroup == "dollar" else match.lastgroup or ""
            end = match.end()
            if group == "space":
                position = end
                continue
            if match[0] in ("'", '"'):
                raise Unreadable(f"{match[0]} is never closed", position)
            if group == "comment" and _EATS_ON.search(match[0]):
                raise Unreadable("a tag takes the end of a comment away", position)
            kind = Kind.NAME if group == "quoted" else Kind(group)
        if kind in (Kind.WORD, Kind.NAME, Kind.PRINT, Kind.NOTE):
            joined = _joined_end(text, end, is_open=kind in (Kind.PRINT, Kind.NOTE))
            kind, end = (kind, end) if joined == end else (Kind.NAME, joined)
        yield kind, position, end
        position = end


def _remark_end(text: str, start: int) -> int:
    """Returns where a comment between ``/*`` and ``*/`` ends; they nest."""
    depth = 0
    for sign in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if sign[0] == "/*" else -1
        if not depth:
            return start + sign.end()
    raise Unreadable("/* is never closed", start)


def _joined_end(text: str, end: int, *, is_open: bool) -> int:
    """Returns where a name ends that goes on with dots, or with what a template prints.

    ``is_open``: it ends in a tag now, which a letter may follow.
    """
    while end < len(text):
        if text.startswith(("{{", "{#"), end):
            end, is_open = _jinja(text, end)[1], True
            continue
        rest = _AFTER_DOT.match(text, end) or (is_open and _REST_OF_NAME.match(text, end))
        if not rest:
            break
        end, is_open = rest.end(), False
    return end


def _jinja(text: str, start: int) -> tuple[Kind, int]:
    opener = text[start : start + 2]
    if opener == "{#":
        end = text.find("#}", start)
        if end < 0:
            raise Unreadable("a template comment is never closed", start)
        return Kind.NOTE, end + 2
    end = _tag_end(text, start, closer=_CLOSERS[opener])
    if opener == "{{":
        return Kind.PRINT, end
    word = _TAG_WORD.match(text, start)
    if word and (word[1] in _TEXT_BLOCKS or (word[1] == "set" and "=" not in word[2])):
        end = _block_end(text, end, word=word[1])
    return Kind.TAG, end


def _tag_end(text: str, start: int, *, closer: str) -> int:
    """Returns the offset after a tag, whose dicts may end in the very signs that close it."""
    position, depth = start + 2, 0
    while position < len(text):
        sign = text[position]
        if not depth and text.startswith(closer, position):
            return position + 2
        if sign in "'\"":
            position = _quote_end(text, position)
            continue
        depth += (sign in PAIRS) - (sign in PAIRS.values())
        position += 1
    raise Unreadable("a template tag is never closed", start)


def _quote_end(text: str, start: int) -> int:
    position = start + 1
    while position < len(text) and text[position] != text[start]:
        position += 2 if text[position] == "\\" else 1
    return position + 1


def _block_end(text: str, start: int, *, word: str) -> int:
    depth = 1
    for tag in re.finditer(rf"\{{%[-+]?\s*(end)?{word}\b([^%]*)%\}}", text[start:]):
        if word == "set" and not tag[1] and "=" in tag[2]:
            continue
        depth += -1 if tag[1] else 1
        if not depth:
            return start + tag.end()
    raise Unreadable(f"the block '{word}' is never closed", start)
