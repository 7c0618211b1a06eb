"""What makes a query answer differently over the same relations: the clock, chance, or something
that it reads and nobody watches.

Reads tokens and knows just as much of the grammar as tells where a FROM clause names something.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from kpi_runner.core.names import Relation
from kpi_runner.sql.fingerprint import STRING, unquoted
from kpi_runner.sql.unstable import CLOCKS, STABLE_TABLES, UNSTABLE_FUNCTIONS

_TOKEN = re.compile(rf"(?:{STRING})|\S+", re.DOTALL)
_NAME = re.compile(r"[^\W\d]|\"")
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_QUERY_STARTS = frozenset({"select", "with", "values", "from", "pivot", "unpivot", "table"})
_PIVOTS = frozenset({"pivot", "unpivot", "pivot_longer", "pivot_wider"})
_LATER_CLAUSES = frozenset(
    re.findall(r"\w+", "select where group having window qualify order limit offset union except")
) | {"intersect"}
_ARGUMENT_WORDS = frozenset({"extract", "overlay", "substring", "trim"})
"""Functions in whose brackets FROM stands between arguments."""
_SUSPECTS = UNSTABLE_FUNCTIONS | CLOCKS | {"age", "sample", "tablesample"}
_FROM, _OTHER, _ARGUMENTS = "from", "other", "arguments"


def find_unstable(normalised: str, known: Collection[Relation]) -> str:
    """Returns the first thing in a query that need not be as it was, or an empty text.

    Args:
        normalised: the query, as ``normalise`` gives it.
        known: the relations of which somebody watches what they hold. What else stands in a FROM
            clause may be anything: a file, or a table that others write.

    >>> find_unstable("select now ( ) , 'random ( )'", ()), find_unstable("from 'a.csv'", ())
    ('now()', "'a.csv'")
    """
    tokens = [t if t[-1] in "'\"" else t.lower() for t in _TOKEN.findall(normalised)]
    found = "" if _SUSPECTS.isdisjoint(map(unquoted, set(tokens))) else _unstable_word(tokens)
    if found:
        return found
    local = _query_names(tokens)
    items = (_read_item(tokens, place) for place in _item_places(tokens))
    return next((text for names, text in items if not _is_watched(names, known, local=local)), "")


def _unstable_word(tokens: Sequence[str]) -> str:
    """The clock, chance or a sample, wherever it stands."""
    before = ""
    for place, (word, following) in enumerate(zip(tokens, [*tokens[1:], ""], strict=True)):
        function = unquoted(word) if following == "(" else ""
        if function in UNSTABLE_FUNCTIONS or (function == "age" and _takes_one(tokens, place + 1)):
            return f"{function}()"
        if before != "." and (word in CLOCKS or word == "tablesample"):
            return word
        if word == "sample" and before == "using":
            return "using sample"
        before = word
    return ""


def _takes_one(tokens: Sequence[str], place: int) -> bool:
    """``age(x)`` counts from today, ``age(x, y)`` does not."""
    depth = 0
    for token in tokens[place:]:
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 1 and token == ",":
            return False
        if not depth:
            break
    return True


def _query_names(tokens: Sequence[str]) -> frozenset[str]:
    """The names that the query gives to parts of itself: ``with <name> as (``."""
    names = set()
    opened: list[int] = []
    start = 0
    for place, token in enumerate(tokens[:-1]):
        if token == "(":
            opened.append(place)
        elif token == ")" and opened:
            start = opened.pop()
        elif token == "as" and place and tokens[place + 1] in ("(", "not", "materialized"):
            before = start if tokens[place - 1] == ")" else place
            names.add(unquoted(tokens[before - 1]).lower())
    return frozenset(names)


def _item_places(tokens: Sequence[str]) -> Iterator[int]:
    """The places where something to read is named: behind FROM and JOIN, and the commas there."""
    clauses = [_OTHER]
    is_due = False
    before = ""
    for place, token in enumerate(tokens):
        if is_due and token not in ("(", "lateral"):
            is_due = False
            if token in _QUERY_STARTS:
                clauses[-1] = _OTHER
            else:
                yield place
        if token in _OPENING:
            inside = _ARGUMENTS if before in _ARGUMENT_WORDS else _OTHER
            clauses.append(_FROM if is_due else inside)
        elif token in _CLOSING:
            is_due = False
            clauses = clauses[:-1] or [_OTHER]
        elif token == ";":
            clauses = [_OTHER]
        elif token == ",":
            is_due = clauses[-1] == _FROM
        elif before != ".":
            following = tokens[place + 1] if place + 1 < len(tokens) else ""
            clauses[-1], is_due = _after_word(
                token, clauses[-1], before=before, following=following
            )
        before = token


def _after_word(token: str, clause: str, *, before: str, following: str) -> tuple[str, bool]:
    """Returns the clause that goes on after a word, and whether a name has to follow."""
    if clause == _ARGUMENTS:
        return clause, False
    if token == "from" and before != "distinct":
        return _FROM, True
    if token in _PIVOTS and following != "(":
        return _OTHER, True
    if token in _LATER_CLAUSES:
        return _OTHER, False
    return clause, token in ("join", "table", "lateral")


def _read_item(tokens: Sequence[str], place: int) -> tuple[list[str], str]:
    """Returns the names joined by dots at a place, and the text to call them by.

    A table function is a single name with brackets; what is no name at all is none.
    """
    if tokens[place + 1 : place + 2] == [":"]:  # an alias may stand before what it names
        place += 2
    text = "".join(tokens[place : place + 1])
    if text.endswith("'"):
        return [text], text
    names = [text] if _NAME.match(text) else []
    while names and tokens[place + 1 : place + 2] == ["."]:
        place += 2
        names += tokens[place : place + 1]
    if names and tokens[place + 1 : place + 2] == ["("]:
        function = unquoted(names[-1]).lower()
        return [f"{function}()"], f"{function}()"
    return [unquoted(name) for name in names], ".".join(names)


def _is_watched(
    names: Sequence[str], known: Collection[Relation], *, local: Collection[str]
) -> bool:
    if len(names) == 2:
        return Relation(*names) in known
    if len(names) == 1:
        return names[0].lower() in local or names[0].removesuffix("()") in STABLE_TABLES
    return not names
