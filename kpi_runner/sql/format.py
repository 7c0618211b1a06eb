"""Formats the SQL of a template: one layout for one sequence of tokens, whatever it was before.

Only white space and the case of SQL's own words change. What cannot be placed stays as it
stands, and a text that would come out with other tokens is returned as it is. The layout does
not look at white space (but for blank lines at the top), so it does not change twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from kpi_runner.sql.layout import lay_list, lay_query
from kpi_runner.sql.lines import STEP, blank_above, laid_or_kept, stacked
from kpi_runner.sql.outline import QUERY_WORDS, Node, Odd, build_tree, is_aside, word_of
from kpi_runner.sql.tokens import Kind, Token, Unreadable, tokenize
from kpi_runner.sql.words import FUNCTIONS, recase, remarks, significant

_MACRO = re.compile(r"\{%[-+]?\s*(end)?(?:macro|test)\b")
_SQL_WORDS = ("select", "case", "cast", "try_cast")


def format_sql(text: str) -> str:
    """Returns a template laid out; itself where it cannot be read.

    >>> print(format_sql("SELECT a,b FROM t WHERE a=1 AND b>2"), end="")
    select
        a,
        b
    from t
    where a = 1
        and b > 2
    """
    try:
        tokens = recase(tokenize(text))
        laid = f"{_file(tokens)}\n"
        result = recase(tokenize(laid))
    except (Unreadable, Odd):
        return text
    is_same = significant(result) == significant(tokens) and remarks(result) == remarks(tokens)
    return laid if tokens and is_same else text


def _file(tokens: Sequence[Token]) -> str:
    """Lays out a query, or the macros of a file, between which only comments may stand.

    Raises ``Odd`` for macros that share a line with something, or that may not be SQL.
    """
    if not any(map(_macro_tag, tokens)):
        nodes = build_tree(tokens)
        return laid_or_kept(partial(lay_query, nodes, 0, is_top=True), nodes)
    lines: list[str] = []
    body: list[Token] = []
    is_open = False
    for token in tokens:
        tag = _macro_tag(token)
        if is_open and not tag:
            body.append(token)
            continue
        if not token.is_alone or (is_open and not _is_sql(body)):
            raise Odd
        lines += [" " * STEP + _body(build_tree(body))] if is_open else blank_above(token, lines)
        lines.append(token.text)
        is_open, body = tag == "start", []
    if is_open:
        raise Odd
    return "\n".join(lines)


def _macro_tag(token: Token) -> str:
    match = _MACRO.match(token.text) if token.kind == Kind.TAG else None
    return (match[1] or "start") if match else ""


def _is_sql(tokens: Sequence[Token]) -> bool:
    """True for a macro's text that is SQL beyond doubt: it might be a format, or a path."""
    return any(
        token.word in _SQL_WORDS or (token.word in FUNCTIONS and following.text == "(")
        for token, following in pairwise(tokens)
    )


def _body(nodes: Sequence[Node]) -> str:
    """Lays out the text of a macro: a query or an expression."""
    first = next((word_of(node) for node in nodes if not is_aside(node)), "")
    if first in QUERY_WORDS:
        return laid_or_kept(partial(lay_query, nodes, STEP), nodes)
    return laid_or_kept(lambda: stacked(lay_list(nodes, STEP), STEP), nodes)
