"""What would run, as data: steps, their statements and what each waits for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kpi_runner.core.compiled import Compiled
from kpi_runner.core.names import NodeId, Relation


class Action(StrEnum):
    """What a step does."""

    SEED = "seed"
    VIEW = "view"
    TABLE = "table"
    TEST = "test"
    ASSERTION = "assertion"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement. ``prefix_bytes``: where the node's compiled text starts in it, so
    that an offset the database reports can be mapped; None where it does not occur."""

    sql: str
    prefix_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The work of one node. All its statements run in one transaction."""

    node: NodeId
    action: Action
    statements: tuple[Statement, ...]
    compiled: Compiled | None = None
    relation: Relation | None = None
    needs: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which they could run one by one."""

    steps: tuple[Step, ...]
