"""What a selection says, as a tree of criteria. Text goes in; knows no project and no graph.

The command line has two levels (a space is a union, a comma an intersection); selectors.yml
nests them as it likes. Both become one ``Selection``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from kpi_runner.core.span import Span

FILE_SUFFIXES = frozenset({".sql", ".csv", ".yml", ".yaml"})

_CRITERION = re.compile(
    r"(?P<at>@)?(?:(?P<up>\d{0,9})\+)?(?:(?P<method>[\w.]+):)?(?P<value>.*?)(?:\+(?P<down>\d{0,9}))?",
    re.DOTALL,
)


class Indirect(StrEnum):
    """Which tests come along with the nodes that they read, in dbt's words.

    ``eager``: those that read any selected node; ``cautious``: whose parents are all selected;
    ``buildable``: whose parents are selected or ancestors of what is; ``empty``: none.
    """

    EAGER = "eager"
    CAUTIOUS = "cautious"
    BUILDABLE = "buildable"
    EMPTY = "empty"


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
        is_whole: ``kpi:aov`` without ``+``: the KPI with all it needs.
        indirect: how tests come along, where selectors.yml says so for this part.
        span: the place, where a file holds it.
    """

    text: str
    method: str
    value: str
    argument: str = ""
    up: int | None = 0
    down: int | None = 0
    is_closed: bool = False
    is_whole: bool = False
    indirect: Indirect | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Union:
    """What any of the parts selects; nothing where there are none."""

    parts: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Intersection:
    """What all of the parts select."""

    parts: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """What one selection selects and another does not."""

    chosen: Selection
    dropped: Selection


Selection = Criterion | Union | Intersection | Without


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """An entry of selectors.yml. ``is_default``: holds where the command line selects nothing."""

    name: str
    definition: Selection
    description: str = ""
    is_default: bool = False
    span: Span | None = None


def read_selection(texts: Iterable[str], span: Span | None = None) -> Union:
    """Returns the union that the values of --select (or --exclude) describe.

    >>> [[part.value for part in one.parts] for one in read_selection(["a,b c"]).parts]
    [['a', 'b'], ['c']]
    """
    words = [word for text in texts for word in text.split()]
    return Union(
        tuple(
            Intersection(tuple(read_criterion(part, span) for part in word.split(",")))
            for word in words
        )
    )


def read_criterion(text: str, span: Span | None = None) -> Criterion:
    """Reads one part; whether its method exists is not looked at."""
    match = _CRITERION.fullmatch(text)
    assert match, "every text has this shape"
    value = match["value"]
    method, _, argument = (match["method"] or default_method(value)).partition(".")
    return Criterion(
        text=text,
        method=method,
        argument=argument,
        value=value,
        up=_read_depth(match["up"]),
        down=_read_depth(match["down"]),
        is_closed=bool(match["at"]),
        is_whole=method == "kpi" and match["up"] is None and not match["at"],
        span=span,
    )


def criteria_of(selection: Selection) -> Iterator[Criterion]:
    """Yields every criterion of a selection, from left to right."""
    match selection:
        case Criterion():
            yield selection
        case Union(parts) | Intersection(parts):
            for part in parts:
                yield from criteria_of(part)
        case Without(chosen, dropped):
            yield from criteria_of(chosen)
            yield from criteria_of(dropped)


def default_method(value: str) -> str:
    """Returns the method of a part that names none: a path, a file, or else a name."""
    if "/" in value:
        return "path"
    return "file" if PurePosixPath(value).suffix.lower() in FILE_SUFFIXES else "fqn"


def _read_depth(digits: str | None) -> int | None:
    """``+`` alone reaches all levels, no ``+`` none."""
    if digits is None:
        return 0
    return int(digits) if digits else None
