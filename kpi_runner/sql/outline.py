"""The outline of a query's text: brackets, clauses, lists, and which comment belongs to what.

Enough grammar to lay a text out and to judge its style, and no more: what it does not know it
keeps together as it stands. Works on the tokens of a template, so a tag may stand anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kpi_runner.sql.tokens import PAIRS, REMARKS, Kind, Token, Unreadable

DEEPEST = 100
QUERY_WORDS = ("select", "with", "from")
SET_WORDS = ("union", "except", "intersect")
JOIN_WORDS = (
    *("inner", "left", "right", "full", "outer", "cross", "natural", "asof", "positional"),
    *("semi", "anti", "join"),
)
_CLAUSE_WORDS = ("select", "where", "having", "qualify", "window", "limit", "offset")


@dataclass(frozen=True, slots=True)
class Group:
    """What stands between two brackets, or between ``case`` and ``end``."""

    open: Token
    items: tuple[Node, ...]
    close: Token

    @property
    def is_case(self) -> bool:
        """True for a case expression."""
        return self.open.kind == Kind.WORD

    @property
    def is_query(self) -> bool:
        """True for a subquery or the body of a CTE."""
        first = next((word_of(item) for item in self.items if not is_aside(item)), "")
        return first in QUERY_WORDS


Node = Token | Group


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a list or query: the lines above it, itself, the comments at its end.

    A last piece without a body holds what stands below all others.
    """

    lead: tuple[Token, ...] = ()
    body: tuple[Node, ...] = ()
    trail: tuple[Token, ...] = ()

    @property
    def word(self) -> str:
        """The word that it starts with."""
        return word_of(self.body[0]) if self.body else ""


class Odd(Exception):
    """A comment or tag stands where the outline has no place for it."""


def build_tree(tokens: Sequence[Token]) -> tuple[Node, ...]:
    """Returns the tokens with everything between brackets in groups; raises ``Unreadable``."""
    opened: list[tuple[Token, list[Node]]] = []
    level: list[Node] = []
    for token in tokens:
        if token.kind == Kind.OPEN or token.word == "case":
            if len(opened) == DEEPEST:
                raise Unreadable("the brackets are nested too deeply", token.start)
            opened.append((token, level))
            level = []
        elif token.kind == Kind.CLOSE or token.word == "end":
            if not opened or PAIRS.get(opened[-1][0].text, "end") != token.text.lower():
                raise Unreadable(f"'{token.text}' closes nothing", token.start)
            first, outer = opened.pop()
            outer.append(Group(first, tuple(level), token))
            level = outer
        else:
            level.append(token)
    if opened:
        first = opened[-1][0]
        raise Unreadable(f"'{first.text}' is never closed", first.start)
    return tuple(level)


def leaves(nodes: Iterable[Node]) -> Iterator[Token]:
    """Yields the tokens of some nodes in their order."""
    for node in nodes:
        if isinstance(node, Group):
            yield node.open
            yield from leaves(node.items)
            yield node.close
        else:
            yield node


def groups(nodes: Iterable[Node]) -> Iterator[Group]:
    """Yields every group, outer ones first."""
    for node in nodes:
        if isinstance(node, Group):
            yield node
            yield from groups(node.items)


def word_of(node: Node | None) -> str:
    """Returns a plain word in lower case; an empty text for any other node."""
    return node.word if isinstance(node, Token) else ""


def is_aside(node: Node) -> bool:
    """True for a comment, and for a tag on lines of its own."""
    return isinstance(node, Token) and (
        node.kind in REMARKS or (node.kind == Kind.TAG and node.is_alone)
    )


def split_list(nodes: Sequence[Node]) -> tuple[Piece, ...]:
    """Returns the items between commas; comments after a comma belong to what is before it."""
    attached, below = _attach(nodes)
    _refuse_tags(attached)
    pieces: list[Piece] = []
    lead: tuple[Token, ...] = ()
    start = 0
    for index, item in enumerate(attached):
        if isinstance(item.node, Token) and item.node.kind == Kind.COMMA:
            if any(token.kind == Kind.TAG for token in item.lead):
                raise Odd  # the comma belongs to what the tag opens or closes
            piece = _join(attached[start:index], lead=lead)
            pieces.append(Piece(piece.lead, piece.body, piece.trail + item.trail))
            lead, start = item.lead, index + 1
    if attached[start:] or lead:
        pieces.append(_join(attached[start:], lead=lead))
    return (*pieces, Piece(below)) if below else tuple(pieces)


def split_before(nodes: Sequence[Node], *words: str) -> tuple[Piece, ...]:
    """Returns the parts that begin with one of the words, and what is above the first."""
    attached, below = _attach(nodes)
    _refuse_tags(attached)
    return _cut(attached, below, cuts=find_words([item.node for item in attached], *words))


def split_clauses(nodes: Sequence[Node]) -> tuple[Piece, ...]:
    """Returns the clauses of a query; a join and a set operator are clauses of their own."""
    attached, below = _attach(nodes)
    bare = [item.node for item in attached]
    cuts = [index for index in range(len(bare)) if _starts_clause(bare, index)]
    return _cut(attached, below, cuts=cuts)


def _cut(
    items: Sequence[_Attached], below: tuple[Token, ...], *, cuts: Iterable[int]
) -> tuple[Piece, ...]:
    bounds = sorted({0, len(items), *cuts})
    pieces = [_join(items[start:end]) for start, end in pairwise(bounds)]
    if any(_belongs_to_two(piece.body[-1]) for piece in pieces[:-1]):
        raise Odd
    return (*pieces, Piece(below)) if below else tuple(pieces)


def _belongs_to_two(node: Node) -> bool:
    """True for a comment or tag between two parts that stand on one line."""
    if not isinstance(node, Token) or node.is_alone:
        return False
    return node.kind == Kind.NOTE or (node.kind == Kind.TAG and node.starts_line)


def find_words(nodes: Sequence[Node], *words: str) -> tuple[int, ...]:
    """Returns where any of the words stands, brackets left out; not the ``and`` of ``between``."""
    found = []
    is_between = False
    for index, node in enumerate(nodes):
        word = word_of(node)
        if word == "and" and is_between:
            is_between = False
            continue
        is_between = is_between or word == "between"
        if word in words:
            found.append(index)
    return tuple(found)


def _starts_clause(nodes: Sequence[Node], index: int) -> bool:
    word = word_of(nodes[index])
    before = [word_of(node) for node in nodes[max(0, index - 2) : index]]
    after = [word_of(node) for node in nodes[index + 1 : index + 4]]
    if word in ("group", "order"):
        return after[:1] == ["by"]
    if word in JOIN_WORDS:
        run = [word, *after]
        length = next((i for i, one in enumerate(run) if one not in JOIN_WORDS), len(run))
        return "join" in run[:length] and before[-1:] != ["join"] and not _is_join(before)
    if word == "from":
        return before[-1:] != ["distinct"] or before[0] not in ("is", "not")
    if word in SET_WORDS:
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        return not isinstance(following, Group) or following.is_query
    if word == "with":
        return after[:1] == ["recursive"] or "as" in after[1:3]
    return word in _CLAUSE_WORDS


def _is_join(before: Sequence[str]) -> bool:
    return bool(before) and before[-1] in JOIN_WORDS


@dataclass(frozen=True, slots=True)
class _Attached:
    lead: tuple[Token, ...]
    node: Node
    trail: tuple[Token, ...]


def _attach(nodes: Sequence[Node]) -> tuple[list[_Attached], tuple[Token, ...]]:
    """Gives each comment to the node below or before it; returns what has none below as well."""
    attached: list[_Attached] = []
    lead: list[Token] = []
    for node in nodes:
        if isinstance(node, Token) and is_aside(node) and node.is_alone:
            lead.append(node)
        elif isinstance(node, Token) and node.kind in REMARKS and node.ends_line:
            if lead or not attached:
                raise Odd
            last = attached[-1]
            attached[-1] = _Attached(last.lead, last.node, (*last.trail, node))
        elif isinstance(node, Token) and node.kind == Kind.NOTE and node.starts_line:
            raise Odd
        else:
            attached.append(_Attached(tuple(lead), node, ()))
            lead = []
    if attached and not attached[-1].trail and _belongs_to_two(attached[-1].node):
        raise Odd
    return attached, tuple(lead)


def _refuse_tags(items: Iterable[_Attached]) -> None:
    """Raises where a tag stands within a line: its branches may be halves of items."""
    if any(isinstance(item.node, Token) and item.node.kind == Kind.TAG for item in items):
        raise Odd


def _join(items: Sequence[_Attached], *, lead: tuple[Token, ...] = ()) -> Piece:
    """Makes a piece of items; comments between them stay in its body."""
    if not items:
        return Piece(lead)
    body: list[Node] = []
    for item in items:
        body += [*item.lead, item.node, *item.trail]
    first, last = len(items[0].lead), len(items[-1].trail)
    return Piece(lead + items[0].lead, tuple(body[first : len(body) - last]), items[-1].trail)
