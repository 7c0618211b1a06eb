"""Reads YAML into a light tree in which every key and value knows its place.

The only module that imports yaml, and only when a text is parsed. It knows syntax, not what a
key means. Values mean what they mean in YAML 1.1 (so ``yes`` is true, as in dbt), and each scalar
also keeps its text as written, for readers to whom ``003`` is a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.span import Span

if TYPE_CHECKING:
    from yaml import YAMLError
    from yaml.nodes import Node, ScalarNode

MAX_DEPTH = 100
EXPANSION = 10
"""Aliases may make a tree this many times larger than the file that holds them."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, truth value or null; the span is that of its content.

    ``raw``: the content as it stands in the file, where quotes or several lines hold it.
    """

    value: str | int | float | bool | None
    text: str
    span: Span
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Tree, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; ``keys`` holds the place of each key."""

    values: Mapping[str, Tree]
    keys: Mapping[str, Span]
    span: Span


Tree = Scalar | Items | Fields


def parse_yaml(text: str, path: str) -> tuple[Tree | None, tuple[Diagnostic, ...]]:
    """Returns the tree of a YAML text (None where it is empty) and its duplicate keys (K106).

    Raises ``ProjectInvalid`` (K101) for syntax, and for nesting or aliases beyond bounds.
    """
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ProjectInvalid(_syntax_error(error, text, path=path)) from None
    if node is None:
        return None, ()
    builder = _Builder(text, path)
    tree = builder.build(node, 0)
    return tree, tuple(builder.diagnostics)


def to_plain(tree: Tree | None) -> Any:
    """Returns the tree as plain values: dict, list, str, int, float, bool, None."""
    if isinstance(tree, Fields):
        return {key: to_plain(value) for key, value in tree.values.items()}
    if isinstance(tree, Items):
        return [to_plain(item) for item in tree.items]
    return tree.value if tree else None


class _Builder:
    """Turns composed nodes into a tree; holds the duplicate keys and the growth so far."""

    def __init__(self, text: str, path: str) -> None:
        from yaml import nodes

        self._kinds = nodes
        self.path = path
        self.diagnostics: list[Diagnostic] = []
        self._text = text
        self._lines: list[str] = []
        self._budget = EXPANSION * len(text) + EXPANSION

    def build(self, node: Node, depth: int) -> Tree:
        self._budget -= 1
        if self._budget < 0 or depth > MAX_DEPTH:
            problem = "is nested too deeply" if depth > MAX_DEPTH else "expands its aliases too far"
            raise ProjectInvalid(
                Diagnostic(
                    "K101",
                    f"the YAML {problem}",
                    self._span(node),
                    f"The limit is {MAX_DEPTH} levels, and {EXPANSION} times the file's size.",
                )
            )
        if isinstance(node, self._kinds.ScalarNode):
            span, raw = self._content_span(node), self._raw_content(node)
            return Scalar(_scalar_value(node), node.value, span, raw)
        if isinstance(node, self._kinds.SequenceNode):
            items = tuple([self.build(item, depth + 1) for item in node.value])
            return Items(items, self._span(node))
        return self._fields(node.value, self._span(node), depth=depth)

    def _fields(self, pairs: list[tuple[Node, Node]], span: Span, *, depth: int) -> Fields:
        values: dict[str, Tree] = {}
        keys: dict[str, Span] = {}
        merged: list[Tree] = []
        for key_node, value_node in pairs:
            value = self.build(value_node, depth + 1)
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged.extend(value.items if isinstance(value, Items) else (value,))
                continue
            key, place = self._key(key_node)
            if key in keys:
                self.diagnostics.append(_duplicate(key, place, first=keys[key]))
                continue
            values[key], keys[key] = value, place
        for other in merged:
            if isinstance(other, Fields):
                values = {**other.values, **values}
                keys = {**other.keys, **keys}
        return Fields(values, keys, span)

    def _key(self, node: Node) -> tuple[str, Span]:
        if isinstance(node, self._kinds.ScalarNode):
            return str(node.value), self._content_span(node)
        raise ProjectInvalid(
            Diagnostic(
                "K101",
                "a key is a list or a mapping, not a text",
                self._span(node),
                "A value that starts with '{{' must stand in quotes.",
            )
        )

    def _content_span(self, node: ScalarNode) -> Span:
        """The span inside the quotes; of a block scalar, the start of its first line."""
        start, end, style = node.start_mark, node.end_mark, node.style
        line, column = start.line + 1, start.column + 1
        if not style:
            return Span(self.path, line, column, end.line + 1, end.column + 1)
        if style in "'\"":
            return Span(self.path, line, column + 1, end.line + 1, end.column)
        if not self._lines:
            self._lines = self._text.split("\n")
        for number in range(line, min(end.line + 1, len(self._lines))):
            content = self._lines[number]
            if content.strip():
                return Span(self.path, line + 1, len(content) - len(content.lstrip()) + 1)
        return Span(self.path, line, column)

    def _raw_content(self, node: ScalarNode) -> str:
        start, end, style = node.start_mark, node.end_mark, node.style
        if not style and start.line == end.line:
            return ""
        raw = self._text[start.index : end.index]
        if not style:
            return raw
        return raw[1:-1] if style in "'\"" else raw.partition("\n")[2].lstrip()

    def _span(self, node: Node) -> Span:
        start, end = node.start_mark, node.end_mark
        return Span(self.path, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


@cache
def _constructors() -> Mapping[str, Callable[[ScalarNode], Any]]:
    from yaml.constructor import SafeConstructor

    constructor = SafeConstructor()
    return {
        "tag:yaml.org,2002:null": lambda node: None,
        "tag:yaml.org,2002:bool": constructor.construct_yaml_bool,
        "tag:yaml.org,2002:int": constructor.construct_yaml_int,
        "tag:yaml.org,2002:float": constructor.construct_yaml_float,
    }


def _scalar_value(node: ScalarNode) -> str | int | float | bool | None:
    construct = _constructors().get(node.tag)
    if construct is None:
        return str(node.value)
    try:
        value: int | float | bool | None = construct(node)
    except (ValueError, KeyError):  # 08 looks like an octal number, and a tag may lie
        return str(node.value)
    return value


def _duplicate(key: str, span: Span, *, first: Span) -> Diagnostic:
    return Diagnostic(
        "K106",
        f"key '{key}' stands twice in the same mapping",
        span,
        "Remove one of the two.",
        (f"first at {first}",),
    )


_HINTS = (
    ("mapping values are not allowed", "Put a value that contains ': ' in quotes, and align keys."),
    ("did not find expected key", "Align the keys of a mapping in one column."),
    ("did not find expected '-'", "Align the items of a list in one column."),
    (
        "did not find expected ','",
        "Close it with ']' or '}', or put a value with commas in quotes.",
    ),
    ("could not find expected ':'", "Write 'key: value', with a space after the colon."),
    ("unexpected end of stream", "Close the quote."),
    ("undefined alias", "Put a value that starts with '*' in quotes."),
    ("control characters", "Remove the control character."),
)


def _syntax_error(error: YAMLError, text: str, *, path: str) -> Diagnostic:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        line, column = mark.line, mark.column
    else:
        before = text[: getattr(error, "position", None) or 0]
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    lines = text.split("\n")
    found = lines[line][column : column + 1] if line < len(lines) else ""
    hint = next((hint for start, hint in _HINTS if start in problem), "")
    if "cannot start any token" in problem:
        hint = (
            "Indent with spaces, not with tabs."
            if found == "\t"
            else f"Put a value that starts with '{found}' in quotes."
        )
    context = getattr(error, "context_mark", None)
    said = getattr(error, "context", "")
    notes = () if context is None else (f"{said} at line {context.line + 1}",)
    return Diagnostic(
        "K101", f"the YAML cannot be read: {problem}", Span(path, line + 1, column + 1), hint, notes
    )
