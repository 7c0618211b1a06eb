"""Renders the Jinja in the values of a YAML tree, and makes trees of plain values.

Knows trees and paths of keys; what a text evaluates to comes from the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.span import Span
from kpi_runner.load.defaults import HOOKS
from kpi_runner.load.yaml_file import Fields, Items, Scalar, Tree

Keys = tuple[str, ...]
"""The keys that lead to a value, outermost first; items of a list add none."""


_TESTS = ("tests", "data_tests")
_LATE_RESOURCES = frozenset({"unit_tests", "metrics", "semantic_models", "saved_queries"})


def plain_key(key: str) -> str:
    """Returns a key of a configuration without the signs that dbt allows in it.

    >>> plain_key("+pre-hook")
    'pre_hook'
    """
    return key.removeprefix("+").replace("-", "_")


def is_late(keys: Keys) -> bool:
    """True for what dbt renders only when it is used: the SQL of hooks, arguments of tests.

    >>> is_late(("models", "data_tests", "unique", "where")), is_late(("models", "description"))
    (True, False)
    """
    if not _LATE_RESOURCES.isdisjoint(keys[:1]) or not HOOKS.isdisjoint(map(plain_key, keys)):
        return True
    below = next((keys[i + 1 :] for i, key in enumerate(keys) if key in _TESTS), None)
    return below is not None and "config" not in below


class ValueRenderer:
    """Renders values and collects what is wrong with them.

    Args:
        evaluate: text and path of its file → its value; raises ProjectInvalid.
        is_late: true for the keys of a value that is rendered at another time, and stays.
        diagnostics: where mistakes are put.
    """

    def __init__(
        self,
        evaluate: Callable[[str, str], Any],
        *,
        is_late: Callable[[Keys], bool],
        diagnostics: list[Diagnostic],
    ) -> None:
        self._evaluate = evaluate
        self._is_late = is_late
        self._diagnostics = diagnostics

    def render(self, tree: Tree, keys: Keys = ()) -> Tree:
        """Returns the tree with the value of each text that holds Jinja."""
        if isinstance(tree, Items):
            return Items(tuple(self.render(item, keys) for item in tree.items), tree.span)
        if isinstance(tree, Fields):
            values = {key: self.render(value, (*keys, key)) for key, value in tree.values.items()}
            return replace(tree, values=values)
        is_plain = "{{" not in tree.text and "{%" not in tree.text
        if is_plain or self._is_late(keys):
            return tree
        try:
            return from_plain(self._evaluate(tree.text, tree.span.path), tree.span)
        except ProjectInvalid as error:
            # The text knows its place in the file, Jinja only its place in the text.
            self._diagnostics += [replace(found, span=tree.span) for found in error.diagnostics]
            return Scalar(None, "", tree.span)


def from_plain(value: Any, span: Span) -> Tree:
    """Returns a tree of plain values, all of whose parts stand at one place."""
    if isinstance(value, dict):
        fields = {str(key): from_plain(item, span) for key, item in value.items()}
        return Fields(fields, dict.fromkeys(fields, span), span)
    if isinstance(value, (list, tuple)):
        return Items(tuple(from_plain(item, span) for item in value), span)
    if value is None:
        return Scalar(None, "", span)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Scalar(value if isinstance(value, (str, int, float)) else text, text, span)
