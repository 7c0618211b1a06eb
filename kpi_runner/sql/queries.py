"""A file of SQL as the rules of style see it: its tokens, and each query in it with its clauses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kpi_runner.sql.outline import (
    JOIN_WORDS,
    SET_WORDS,
    Group,
    Node,
    Odd,
    Piece,
    build_tree,
    split_before,
    split_clauses,
    split_list,
    word_of,
)
from kpi_runner.sql.tokens import REMARKS, Token, Unreadable, tokenize

_READ = re.compile(r"\b(?:ref|source)\s*\(")
_SELECT_HEAD = ("select", "distinct", "all", "on")


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT with its clauses; each branch of a union is one, and begins with that word.

    ``name`` is that of its CTE, ``lead`` holds the lines above that. ``branch`` counts from 0, and
    ``is_union`` says that there are several. ``is_nested``: it stands inside another query.
    """

    name: str
    clauses: tuple[Piece, ...]
    lead: tuple[Token, ...] = ()
    branch: int = 0
    is_union: bool = False
    is_nested: bool = False

    @property
    def is_import(self) -> bool:
        """True for a query that takes one relation in, and does nothing else."""
        words = [piece.word for piece in self.clauses if piece.body]
        is_plain = words in (["select", "from"], ["select", "from", "where"])
        return is_plain and not self.is_union and bool(self.reads)

    @property
    def reads(self) -> tuple[Token, ...]:
        """The calls of ``ref`` and ``source`` in its FROM and joins."""
        found = [relation.nodes[0] for relation in self.relations]
        return tuple(one for one in found if isinstance(one, Token) and _READ.search(one.text))

    @property
    def is_explained(self) -> bool:
        """True where a comment stands above it, or above one of its clauses."""
        lines = [*self.lead, *(token for piece in self.clauses for token in piece.lead)]
        return any(token.kind in REMARKS for token in lines)

    @property
    def items(self) -> tuple[tuple[Node, ...], ...]:
        """What its SELECTs list, each item as its nodes."""
        found = []
        for piece in self.clauses:
            if piece.word == "select":
                start = 0
                while start < len(piece.body) and word_of(piece.body[start]) in _SELECT_HEAD:
                    start += 2 if word_of(piece.body[start]) == "on" else 1
                found += [item.body for item in _pieces(piece.body[start:]) if item.body]
        return tuple(found)

    @property
    def relations(self) -> tuple[Relation, ...]:
        """What it reads, in the order in which it stands."""
        found = []
        for piece in self.clauses:
            if piece.word == "from":
                found += [Relation((), item.body) for item in _pieces(piece.body[1:]) if item.body]
            elif piece.word in JOIN_WORDS:
                found.append(_joined(piece))
        return tuple(relation for relation in found if relation.nodes)


@dataclass(frozen=True, slots=True)
class Relation:
    """A member of a FROM: the words of its join, itself with its alias, and its condition."""

    join: tuple[Token, ...]
    nodes: tuple[Node, ...]
    condition: tuple[Node, ...] = ()

    @property
    def name(self) -> str:
        """The name that columns are qualified with, or an empty text."""
        last = self.nodes[-1]
        return last.text.rpartition(".")[2] if isinstance(last, Token) else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file. ``kind``: model, test or macro; a macro's queries are not looked into."""

    text: str
    kind: str
    tokens: tuple[Token, ...]
    nodes: tuple[Node, ...]
    queries: tuple[Query, ...]

    @property
    def main(self) -> Query | None:
        """The query that is the file's result."""
        return self.queries[0] if self.queries else None

    @property
    def steps(self) -> tuple[Query, ...]:
        """The CTEs of the file's result, in order."""
        return tuple(q for q in self.queries if q.name and not q.branch and not q.is_nested)


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks a rule of style, from one offset of the text to another."""

    start: int
    end: int
    message: str
    hint: str


Rule = Callable[[Sheet], Iterator[Fault]]


def fault_at(place: Node, message: str, *, hint: str) -> Fault:
    """Returns a fault of a token, or of what opens a bracket."""
    token = place.open if isinstance(place, Group) else place
    return Fault(token.start, token.end, message, hint)


def read_sheet(text: str, kind: str) -> Sheet | None:
    """Returns a file as the rules see it, or None where it cannot be read."""
    try:
        tokens = tokenize(text)
        nodes = build_tree(tokens)
    except Unreadable:
        return None
    queries = () if kind == "macro" else tuple(_walk(Query("", _clauses(nodes))))
    return Sheet(text, kind, tokens, nodes, queries)


def _walk(query: Query) -> Iterator[Query]:
    """Yields the branches of a query, each before the queries inside it."""
    cuts = [index for index, piece in enumerate(query.clauses) if piece.word in SET_WORDS]
    bounds = pairwise([0, *cuts, len(query.clauses)])
    for branch, (start, end) in enumerate(bounds):
        clauses = query.clauses[start:end]
        yield replace(query, clauses=clauses, branch=branch, is_union=bool(cuts))
        for piece in clauses:
            steps = _pieces(piece.body[1:]) if piece.word == "with" else ()
            for step in steps:
                yield from _step(step, is_nested=bool(query.name))
            if not steps:
                yield from _nested(piece.body)


def _step(step: Piece, *, is_nested: bool) -> Iterator[Query]:
    group = step.body[-1] if step.body else None
    if isinstance(group, Group) and not group.is_case:
        names = [node.text for node in step.body if isinstance(node, Token)]
        name = next((name for name in names if name.lower() != "recursive"), "")
        yield from _walk(Query(name, _clauses(group.items), step.lead, is_nested=is_nested))


def _nested(nodes: Sequence[Node]) -> Iterator[Query]:
    for node in nodes:
        if isinstance(node, Group) and node.is_query:
            yield from _walk(Query("", _clauses(node.items), is_nested=True))
        elif isinstance(node, Group):
            yield from _nested(node.items)


def _clauses(nodes: Sequence[Node]) -> tuple[Piece, ...]:
    try:
        return split_clauses(nodes)
    except Odd:
        return ()


def _pieces(nodes: Sequence[Node]) -> tuple[Piece, ...]:
    try:
        return split_list(nodes)
    except Odd:
        return ()


def _joined(piece: Piece) -> Relation:
    length = next(
        (i for i, node in enumerate(piece.body) if word_of(node) not in JOIN_WORDS),
        len(piece.body),
    )
    words = tuple(node for node in piece.body[:length] if isinstance(node, Token))
    try:
        first, *conditions = split_before(piece.body, "on", "using")
    except Odd:
        return Relation(words, piece.body[length:])
    condition = tuple(node for part in conditions for node in part.body)
    return Relation(words, first.body[length:], condition)
