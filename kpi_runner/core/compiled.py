"""A node as SQL text, and where each line of that text comes from."""

from __future__ import annotations

from dataclasses import dataclass

from kpi_runner.core.config import Hook
from kpi_runner.core.names import NodeId


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines of a compiled text that one node's rendered template gave.

    ``first_line`` and ``line_count`` count in the compiled text, from 1; ``offset`` is the
    line of the node's rendered text that stands at ``first_line``.
    """

    first_line: int
    line_count: int
    node: NodeId
    offset: int = 1


@dataclass(frozen=True, slots=True)
class Hooks:
    """Rendered SQL that runs before and after a node, or the whole run."""

    before: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """The SELECT of a node, with ephemeral parents in line.

    ``increment``: the SELECT of an incremental model where it adds to its table.
    """

    node: NodeId
    sql: str
    segments: tuple[Segment, ...] = ()
    increment: Compiled | None = None
