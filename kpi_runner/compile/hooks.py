"""Renders the hooks of nodes and of the run: SQL that runs before and after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kpi_runner.core.compiled import Hooks
from kpi_runner.core.config import Hook
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.span import LineIndex, Span

Render = Callable[[Hook], str]


def compile_node_hooks(node: Model | Seed, *, render: Render) -> Hooks:
    """Returns the ``pre_hook`` and ``post_hook`` of a node's configuration, rendered; raises
    ProjectInvalid."""
    config = node.config.extra
    before, after = (
        _render_all((Hook(text, _place_of(text, node)) for text in _texts(config.get(key))), render)
        for key in ("pre_hook", "post_hook")
    )
    return Hooks(before, after)


def compile_run_hooks(start: tuple[Hook, ...], end: tuple[Hook, ...], *, render: Render) -> Hooks:
    """Returns ``on-run-start`` and ``on-run-end``, rendered; raises ProjectInvalid."""
    return Hooks(_render_all(start, render), _render_all(end, render))


def _place_of(text: str, node: Model | Seed) -> Span:
    """Where a hook stands in the file of its model, or else what configures the node."""
    if isinstance(node, Model):
        start = node.raw.find(text)
        if start >= 0:
            return LineIndex(node.raw).span(node.path, start=start, end=start + len(text))
        return node.scan.config_span or node.span or Span(node.path)
    return node.span or Span(node.path)


def _render_all(hooks: Iterator[Hook] | tuple[Hook, ...], render: Render) -> tuple[Hook, ...]:
    """A hook that renders to nothing does nothing, as in dbt."""
    rendered = (Hook(render(hook), hook.span) for hook in hooks)
    return tuple(hook for hook in rendered if hook.sql.strip())


def _texts(said: Any) -> Iterator[str]:
    """The statements of a hook: a text, a mapping with ``sql``, or a list of such."""
    if isinstance(said, Mapping):
        yield from _texts(said.get("sql"))
    elif isinstance(said, (list, tuple)):
        for item in said:
            yield from _texts(item)
    elif said:
        yield str(said)
