"""Checks a selection against the methods that exist. Knows no project and no graph."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.selection import Criterion, Selection, criteria_of
from kpi_runner.core.suggest import did_you_mean

METHODS_WITH_ARGUMENT = frozenset({"config"})

Words = Mapping[str, Collection[str]]
"""The values that a method takes, for methods that take a few words only."""


def find_mistakes(
    selection: Selection, methods: Collection[str], *, words: Words
) -> tuple[Diagnostic, ...]:
    """Returns a finding for each part that names nothing (K002), whose method does not exist
    (K004), or whose value is not one of the method's ``words`` (K002)."""
    return tuple(
        found
        for criterion in criteria_of(selection)
        for found in _check(criterion, methods, words=words)
    )


def _check(criterion: Criterion, methods: Collection[str], *, words: Words) -> Iterator[Diagnostic]:
    text, method, value = criterion.text, criterion.method, criterion.value
    known = words.get(method, ())
    if not value:
        hint = "A part is a name, or a method with a value such as 'tag:daily'."
        yield Diagnostic(
            "K002", f"part '{text}' of a selection names nothing", criterion.span, hint
        )
    elif criterion.is_closed and (criterion.up, criterion.down) != (0, 0):
        hint = "'@' already takes all descendants and what they need."
        message = f"part '{text}' of a selection has both '@' and '+'"
        yield Diagnostic("K002", message, criterion.span, hint)
    elif method not in methods or bool(criterion.argument) != (method in METHODS_WITH_ARGUMENT):
        yield _unknown_method(criterion, methods)
    elif known and value not in known:
        hint = did_you_mean(value, known) or f"It takes {', '.join(known)}."
        message = f"'{value}' in '{text}' is not one of the words of '{method}'"
        yield Diagnostic("K002", message, criterion.span, hint)


def _unknown_method(criterion: Criterion, methods: Collection[str]) -> Diagnostic:
    written = ".".join(filter(None, [criterion.method, criterion.argument]))
    known = [f"{name}.*" if name in METHODS_WITH_ARGUMENT else name for name in sorted(methods)]
    return Diagnostic(
        "K004",
        f"unknown selector method '{written}' in '{criterion.text}'",
        criterion.span,
        did_you_mean(written, known) or f"Known methods are {', '.join(known)}.",
    )
