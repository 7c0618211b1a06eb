"""The selection grammar: text in, criteria out. Knows no project and no graph.

A selection has two levels and no more: a space (or a further --select) is a union, a comma an
intersection. So what is read here is a union of intersections of criteria, as tuples.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.suggest import did_you_mean

FILE_SUFFIXES = frozenset({".sql", ".csv", ".yml", ".yaml"})
METHODS_WITH_ARGUMENT = frozenset({"config"})

_CRITERION = re.compile(
    r"(?P<at>@)?(?:(?P<up>\d{0,9})\+)?(?:(?P<method>[\w.]+):)?(?P<value>.*?)(?:\+(?P<down>\d{0,9}))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One part of a selection, such as ``2+tag:daily+`` or ``config.materialized:table``.

    Args:
        text: the part as written.
        method: how nodes are found, a name without its argument.
        argument: ``materialized`` of ``config.materialized``, else empty.
        value: what is looked for, with wildcards.
        up: levels of parents that come along; None for all.
        down: levels of children that come along; None for all.
        is_closed: ``@``: all descendants, and all that those need.
    """

    text: str
    method: str
    value: str
    argument: str = ""
    up: int | None = 0
    down: int | None = 0
    is_closed: bool = False


Intersection = tuple[Criterion, ...]


def parse_selectors(texts: Iterable[str], methods: Collection[str]) -> tuple[Intersection, ...]:
    """Returns the union that the values of --select (or --exclude) describe.

    Raises ``UsageError`` with a diagnostic for each part that cannot be read (K002) or whose
    method is not one of ``methods`` (K004).

    >>> [[part.value for part in parts] for parts in parse_selectors(["a,b c"], ["fqn"])]
    [['a', 'b'], ['c']]
    """
    union = tuple(
        tuple(_read_criterion(part) for part in word.split(","))
        for text in texts
        for word in text.split()
    )
    found = [_find_mistake(criterion, methods) for parts in union for criterion in parts]
    mistakes = [mistake for mistake in found if mistake]
    if mistakes:
        raise UsageError(*mistakes)
    return union


def _read_criterion(text: str) -> Criterion:
    match = _CRITERION.fullmatch(text)
    assert match, "every text has this shape"
    value = match["value"]
    method, _, argument = (match["method"] or _default_method(value)).partition(".")
    return Criterion(
        text=text,
        method=method,
        argument=argument,
        value=value,
        up=_read_depth(match["up"]),
        down=_read_depth(match["down"]),
        is_closed=bool(match["at"]),
    )


def _read_depth(digits: str | None) -> int | None:
    """``+`` alone reaches all levels, no ``+`` none."""
    if digits is None:
        return 0
    return int(digits) if digits else None


def _default_method(value: str) -> str:
    if "/" in value:
        return "path"
    return "file" if PurePosixPath(value).suffix.lower() in FILE_SUFFIXES else "fqn"


def _find_mistake(criterion: Criterion, methods: Collection[str]) -> Diagnostic | None:
    if not criterion.value:
        return Diagnostic(
            "K002",
            f"part '{criterion.text}' of a selection names nothing",
            hint="A part is a name, or a method with a value such as 'tag:daily'.",
        )
    if criterion.is_closed and (criterion.up, criterion.down) != (0, 0):
        return Diagnostic(
            "K002",
            f"part '{criterion.text}' of a selection has both '@' and '+'",
            hint="'@' already takes all descendants and what they need.",
        )
    takes_argument = criterion.method in METHODS_WITH_ARGUMENT
    if criterion.method in methods and bool(criterion.argument) == takes_argument:
        return None
    written = ".".join(filter(None, [criterion.method, criterion.argument]))
    known = [f"{name}.*" if name in METHODS_WITH_ARGUMENT else name for name in sorted(methods)]
    return Diagnostic(
        "K004",
        f"unknown selector method '{written}' in '{criterion.text}'",
        hint=did_you_mean(written, known) or f"Known methods are {', '.join(known)}.",
    )
