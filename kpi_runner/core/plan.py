"""What would run, as data: steps, their statements and what each waits for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kpi_runner.core.batch import Guard, Increment, NamedColumns, Snapshot
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.fit import Fit
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Column


class Action(StrEnum):
    """What a step does."""

    SEED = "seed"
    VIEW = "view"
    TABLE = "table"
    INCREMENTAL = "incremental"
    SNAPSHOT = "snapshot"
    EXTERNAL = "external"
    FIT = "fit"
    TEST = "test"
    ASSERTION = "assertion"
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement. ``prefix_bytes``: where the node's compiled text starts in it, so
    that an offset the database reports can be mapped; None where it does not occur."""

    sql: str
    prefix_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One transaction of a step that takes rows into a table.

    Args:
        statements: run first.
        named: then these columns must be there.
        guards: then none of these may find anything.
        apply: then the rows are taken in.
        after: run last.
        holds: in the end none of these may find anything.
        left: how many batches of the node are still to run after this one.
    """

    statements: tuple[Statement, ...]
    named: NamedColumns | None = None
    guards: tuple[Guard, ...] = ()
    apply: Increment | Snapshot | Fit | None = None
    after: tuple[Statement, ...] = ()
    holds: tuple[Guard, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The work of one node. All its statements run in one transaction.

    ``reason``: why it is due, in a few words. ``batches``: what runs in the place of
    ``statements``, each batch in a transaction of its own. ``contract``: the columns that the
    SELECT has to give, or none. ``refused``: why nothing of it may run, or nothing.
    ``has_hooks``: statements of the project's own stand around it.
    """

    node: NodeId
    action: Action
    statements: tuple[Statement, ...] = ()
    batches: tuple[Batch, ...] = ()
    compiled: Compiled | None = None
    relation: Relation | None = None
    needs: tuple[NodeId, ...] = ()
    contract: tuple[Column, ...] = ()
    reason: str = ""
    refused: tuple[Diagnostic, ...] = ()
    has_hooks: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which they could run one by one."""

    steps: tuple[Step, ...]
