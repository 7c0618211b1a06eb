"""What a command does, in which order, and the command at work."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Flag, auto
from uuid import uuid4

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.event import Emit
from kpi_runner.core.names import NodeId
from kpi_runner.ops.options import Options
from kpi_runner.ops.workspace import CompiledNodes, Workspace


class Stage(Flag):
    """What a command does, in this order."""

    LAND = auto()
    SEED = auto()
    MODEL = auto()
    SNAPSHOT = auto()
    TEST = auto()
    ASSERT = auto()
    PUBLISH = auto()
    RUN = LAND | MODEL
    BUILD = LAND | SEED | MODEL | SNAPSHOT | TEST | ASSERT | PUBLISH
    WRITES = LAND | SEED | MODEL | SNAPSHOT | PUBLISH


def is_built(node: NodeId, stages: Stage) -> bool:
    """True where the stages build a model or snapshot, or publish it as it is."""
    stage = Stage.SNAPSHOT if node.startswith("snapshot.") else Stage.MODEL
    is_promoted = stages & Stage.PUBLISH and not stages & (Stage.MODEL | Stage.SNAPSHOT)
    return bool(stages & stage or is_promoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command at work.

    ``is_forced``: publishes in spite of failed checks. ``missing``: what is built beside the
    selection, since models of it read what does not exist. ``refuted``: models that failed a unit
    test.
    """

    options: Options
    stages: Stage
    workspace: Workspace
    compiled: CompiledNodes
    adapter: Adapter
    emit: Emit
    is_forced: bool = False
    missing: frozenset[NodeId] = frozenset()
    refuted: frozenset[NodeId] = frozenset()
    invocation_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def chosen(self) -> frozenset[NodeId]:
        """The selected nodes, and what they need."""
        return self.workspace.selected | self.missing

    @property
    def readers(self) -> frozenset[NodeId]:
        """The models, data tests and KPIs that the command runs."""
        compiled = self.compiled
        found = {one.node for one in (*compiled.models, *compiled.tests)}
        return frozenset(found | {node for node, _ in compiled.assertions})

    @property
    def threads(self) -> int:
        """Steps side by side."""
        return self.workspace.project.target.threads

    @property
    def publishes_successes(self) -> bool:
        """True for `run` in a dbt project: what failed stays, all else becomes public."""
        return self.stages == Stage.RUN | Stage.PUBLISH
