"""Typed reading of a YAML mapping: each key is taken once, by the type it must have.

The keys that were asked for are the schema: ``close`` reports every other key as unknown.
Mistakes are collected, never raised. Knows nothing of models or KPIs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.yaml_file import Fields, Items, Scalar, Tree, to_plain

_NAMES = {Scalar: "a single value", Items: "a list", Fields: "a mapping"}


class Entry:
    """One mapping being read.

    Args:
        fields: the mapping.
        what: how messages name it, such as ``model 'fct_orders'``.
        diagnostics: where mistakes are put.
    """

    def __init__(self, fields: Fields, what: str, *, diagnostics: list[Diagnostic]) -> None:
        self.fields = fields
        self.what = what
        self.diagnostics = diagnostics
        self._asked: set[str] = set()

    def tree(self, key: str) -> Tree | None:
        """Takes a key as it stands; None where it is missing or null."""
        self._asked.add(key)
        tree = self.fields.values.get(key)
        return None if isinstance(tree, Scalar) and tree.value is None else tree

    def has(self, key: str) -> bool:
        """Says whether a key is there, even with null as its value."""
        return key in self.fields.values

    def span(self, key: str) -> Span:
        """Returns the place of a key's value, of the mapping where the key is missing."""
        tree = self.fields.values.get(key)
        return tree.span if tree else self.fields.span

    def places(self, *keys: str) -> Mapping[str, Span]:
        """Returns the place of each key's value, and of each item below it as ``key.item``.

        ``keys``: only of these, where some are given.
        """
        places = {}
        for key, tree in self.fields.values.items():
            if keys and key not in keys:
                continue
            places[key] = tree.span
            for item in tree.items if isinstance(tree, Items) else ():
                if isinstance(item, Scalar):
                    places[f"{key}.{item.text}"] = item.span
        return places

    def plain(self, key: str) -> Any:
        """Takes any value, as plain Python values."""
        return to_plain(self.tree(key))

    def scalar(self, key: str) -> Scalar | None:
        """Takes a text, number or truth value together with its place."""
        tree = self.tree(key)
        if tree is None or isinstance(tree, Scalar):
            return tree
        self.mismatch(key, tree, wanted="a text")
        return None

    def text(self, key: str, default: str = "") -> str:
        """Takes a single value as its text as written; ``default`` where it is missing."""
        tree = self.tree(key)
        if isinstance(tree, Scalar):
            return tree.text.strip()
        if tree is not None:
            self.mismatch(key, tree, wanted="a text")
        return default

    def required_text(self, key: str) -> str:
        """Takes a text that must be there (K104)."""
        text = self.text(key)
        if not text and (not self.has(key) or isinstance(self.fields.values[key], Scalar)):
            self.report("K104", f"{self.what} has no '{key}'", span=self.fields.span)
        return text

    def integer(self, key: str, default: int = 0) -> int:
        """Takes a whole number."""
        tree = self.tree(key)
        if tree is None:
            return default
        if isinstance(tree, Scalar) and type(tree.value) is int:
            return tree.value
        self.mismatch(key, tree, wanted="a whole number")
        return default

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """Takes true or false."""
        tree = self.tree(key)
        if tree is None:
            return default
        if isinstance(tree, Scalar) and isinstance(tree.value, bool):
            return tree.value
        self.mismatch(key, tree, wanted="true or false")
        return default

    def choice(self, key: str, choices: Collection[str], *, default: str = "") -> str:
        """Takes one of a few words (K105)."""
        scalar = self.scalar(key)
        if scalar is None:
            return default
        return self.check_choice(scalar, key, choices=choices) or default

    def check_choice(self, scalar: Scalar, key: str, *, choices: Collection[str]) -> str:
        """Returns the word if it is one of a few, else reports it (K105) and returns ''."""
        if scalar.text in choices:
            return scalar.text
        self.report(
            "K105",
            f"'{key}' is '{scalar.text}', which is not one of its words",
            span=scalar.span,
            hint=did_you_mean(scalar.text, choices) or f"It takes {', '.join(choices)}.",
        )
        return ""

    def items(self, key: str) -> tuple[Tree, ...]:
        """Takes a list; a single value is a list of one."""
        tree = self.tree(key)
        if isinstance(tree, Items):
            return tree.items
        if isinstance(tree, Scalar):
            return (tree,)
        if tree is not None:
            self.mismatch(key, tree, wanted="a list")
        return ()

    def scalars(self, key: str) -> tuple[Scalar, ...]:
        """Takes a list of single values together with their places."""
        found = []
        for item in self.items(key):
            if isinstance(item, Scalar) and item.value is not None:
                found.append(item)
            else:
                self.mismatch(key, item, wanted="a list of texts")
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Takes a list of texts, each as written."""
        return tuple(scalar.text for scalar in self.scalars(key))

    def entry(self, key: str, what: str = "") -> Entry | None:
        """Takes a mapping, to be read and closed by the caller."""
        tree = self.tree(key)
        if tree is None:
            return None
        return self.as_entry(tree, key, what=what or f"'{key}' of {self.what}")

    def entries(self, key: str, noun: str) -> tuple[Entry, ...]:
        """Takes a list of mappings that carry a ``name``; messages call each by it."""
        tree = self.tree(key)
        if tree is not None and not isinstance(tree, Items):
            self.mismatch(key, tree, wanted="a list")
            return ()
        found = []
        for item in tree.items if tree else ():
            entry = self.as_entry(item, key, what=noun)
            if entry:
                name = entry.fields.values.get("name")
                entry.what = f"{noun} '{name.text}'" if isinstance(name, Scalar) else f"a {noun}"
                found.append(entry)
        return tuple(found)

    def as_entry(self, tree: Tree, key: str, *, what: str) -> Entry | None:
        """Returns a reader of a mapping; reports anything else (K102)."""
        if isinstance(tree, Fields):
            return Entry(tree, what, diagnostics=self.diagnostics)
        self.mismatch(key, tree, wanted="a mapping")
        return None

    def ignore(self, *keys: str) -> None:
        """Accepts keys that mean nothing here."""
        self._asked.update(keys)

    def close(self) -> None:
        """Reports every key that nobody asked for (K103)."""
        for key, span in self.fields.keys.items():
            if key not in self._asked:
                hint = did_you_mean(key, self._asked)
                known = f"Known keys: {', '.join(sorted(self._asked))}."
                self.report(
                    "K103",
                    f"{self.what} has the unknown key '{key}'",
                    span=span,
                    hint=hint or known,
                )

    def mismatch(self, key: str, tree: Tree, *, wanted: str) -> None:
        """Reports a value of the wrong type (K102)."""
        found = "empty" if _is_null(tree) else _NAMES[type(tree)]
        if isinstance(tree, Scalar) and not _is_null(tree):
            found = f"'{tree.text}'"
        self.report("K102", f"'{key}' of {self.what} is {found}, not {wanted}", span=tree.span)

    def report(self, code: str, message: str, *, span: Span | None, hint: str = "") -> None:
        """Collects a mistake."""
        self.diagnostics.append(Diagnostic(code, message, span, hint))


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.value is None
