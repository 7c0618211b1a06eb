"""The rules of style that judge words: one spelling, few tags, no clock and no chance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from kpi_runner.sql.outline import Group, Node, groups, leaves, word_of
from kpi_runner.sql.queries import Fault, Query, Sheet, fault_at
from kpi_runner.sql.tokens import REMARKS, Kind, Token

LARGEST_SHARE_OF_TAGS = 0.3
_SIGNS = {"<>": "!=", "==": "=", "::": "cast(… as …)"}
_CALLS = {
    **dict.fromkeys(("ifnull", "nvl"), "coalesce(…)"),
    **dict.fromkeys(("if", "iff", "decode"), "case … end"),
}
_CLOCKS = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
_CLOCK_CALLS = ("now", "today", "get_current_timestamp")
_CHANCES = ("random", "uuid", "gen_random_uuid", "hash", "any_value")
_RANKS = ("row_number", "lag", "lead", "first_value", "last_value", "nth_value")
_PLAIN_TAG = re.compile(r"\{\{-?\s*(?:ref|source|config|kpis|this)\b")


def spelling(sheet: Sheet) -> Iterator[Fault]:
    """One spelling each, the one that every engine has: `!=`, `cast(x as t)`, `coalesce`, `case`,
    `union all`, and `as` before the name of an expression. A bare `union` or `select distinct`
    drops rows; a comment above says which rows repeat."""
    for before, token in pairwise([*sheet.tokens, *sheet.tokens[-1:]]):
        other = _SIGNS.get(before.text) if before.kind == Kind.SIGN else None
        if token.kind == Kind.OPEN and not token.gap:
            other = _CALLS.get(before.word, other)
        if other:
            yield fault_at(
                before, f"'{before.text}' is spelt '{other}' here", hint=f"Write {other}."
            )
    for query in sheet.queries:
        yield from _dropped_rows(query)
        for item in query.items if not query.is_nested else ():
            if not _has_name(item):
                hint = "Give it a name with 'as'."
                yield fault_at(item[0], "the expression has no name with 'as'", hint=hint)


def _dropped_rows(query: Query) -> Iterator[Fault]:
    if query.is_explained:
        return
    for piece in query.clauses:
        for before, node in pairwise([*piece.body, *piece.body[-1:]]):
            words = (word_of(before), word_of(node))
            if words[0] == "union" and words[1] != "all":
                hint = "Write 'union all', or say in a comment above which rows repeat."
                yield fault_at(before, "'union' drops rows that repeat", hint=hint)
            elif words == ("select", "distinct"):
                hint = "Say in a comment above which rows repeat, or group by a key."
                yield fault_at(node, "'distinct' drops rows that repeat", hint=hint)


def _has_name(item: tuple[Node, ...]) -> bool:
    """True for a name, a star, a template's list, and what `as` names."""
    first = item[0]
    if len(item) == 1:
        return isinstance(first, Token) and first.kind not in (Kind.NUMBER, Kind.STRING)
    if isinstance(first, Token) and first.text.endswith("*"):
        return True
    return (len(item) > 2 and word_of(item[-2]) == "as") or any(
        isinstance(node, Token) and (node.text == ":" or node.kind in (Kind.TAG, *REMARKS))
        for node in item
    )


def tags(sheet: Sheet) -> Iterator[Fault]:
    """A model with more than 30 % template tags is a macro in disguise: nobody can read which SQL
    it is. Calls of ref, source, config and kpis do not count."""
    if sheet.kind != "model":
        return
    words = [token for token in sheet.tokens if token.kind not in REMARKS]
    found = [token for token in words if "{" in token.text and not _is_plain(token)]
    if len(found) > LARGEST_SHARE_OF_TAGS * len(words):
        share = f"{100 * len(found) / len(words):.0f} %"
        hint = "Move the work into a macro, or write the SQL out."
        yield fault_at(found[0], f"{share} of the model are template tags", hint=hint)


def _is_plain(token: Token) -> bool:
    is_template = token.kind in (Kind.PRINT, Kind.TAG, Kind.NAME)
    return not is_template or bool(_PLAIN_TAG.match(token.text))


def repeatable(sheet: Sheet) -> Iterator[Fault]:
    """The same data give the same rows on another day: no clock but the build's, no chance, no
    window without an order, and neither `order by` nor `limit` on a whole model."""
    clock = "Use {{ as_of_date() }} or {{ as_of_end() }}, the clock of the build."
    for before, token in pairwise([*sheet.tokens, *sheet.tokens[-1:]]):
        is_call = token.kind == Kind.OPEN and not token.gap
        if before.word in _CLOCKS or (is_call and before.word in _CLOCK_CALLS):
            yield fault_at(before, f"'{before.text}' is another moment in each run", hint=clock)
        elif is_call and before.word in _CHANCES:
            hint = "Use md5() of a key, or min() or max() of a column."
            yield fault_at(before, f"'{before.text}' may give another value in each run", hint=hint)
    yield from _unordered(sheet.nodes)
    for group in groups(sheet.nodes):
        yield from _unordered(group.items)
    for query in sheet.queries:
        for piece in () if query.is_nested else query.clauses:
            if piece.word in ("order", "limit"):
                hint = "Take it away: who reads the rows orders them."
                words = {"order": "order by"}.get(piece.word, piece.word)
                yield fault_at(piece.body[0], f"'{words}' on a whole relation", hint=hint)


def _unordered(nodes: tuple[Node, ...]) -> Iterator[Fault]:
    """Finds ``row_number() over (…)`` without an order; a named window is not looked up."""
    for call, _, over, window in zip(*(nodes[i:] for i in range(4)), strict=False):
        is_window = word_of(over) == "over" and isinstance(window, Group)
        words = [token.word for token in leaves((window,))] if is_window else ["order"]
        if word_of(call) in _RANKS and "order" not in words:
            hint = "Order it by something that ends at a key."
            yield fault_at(call, f"'{word_of(call)}' has no order", hint=hint)
