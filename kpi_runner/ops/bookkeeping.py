"""Knows what is built and published already, and records what a build makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.result import StepResult
from kpi_runner.ops.fingerprints import Fingerprint, digest, fingerprint
from kpi_runner.ops.steps import relation_parents
from kpi_runner.ops.workspace import CompiledNodes, Workspace
from kpi_runner.run.clock import now
from kpi_runner.run.state import (
    BuiltNode,
    read_nodes,
    read_published,
    read_raw_tables,
    write_node,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """The fingerprints of this build beside those of what exists.

    Args:
        wanted: the fingerprint that each node of this build will have.
        built: what the work database holds.
        catalog: the relations that exist.
        checks: fingerprint of all checks of this build.
        shown: relation → fingerprint of the state that is public, empty if none is.
    """

    workspace: Workspace
    wanted: Mapping[NodeId, Fingerprint]
    built: Mapping[NodeId, BuiltNode]
    catalog: Mapping[Relation, str]
    checks: str
    shown: Mapping[str, str]

    def is_current(self, node: NodeId) -> bool:
        """True where the work database holds a node as this build would make it."""
        before, wanted = self.built.get(node), self.wanted.get(node)
        if before is None or wanted is None or before.data_fingerprint != wanted.data:
            return False
        return any(str(relation) == before.relation for relation in self.catalog)

    def is_published(self) -> bool:
        """True where the public state is what this build would publish, checks included."""
        return bool(self.shown) and self.shown == self.to_publish()

    def to_publish(self) -> dict[str, str]:
        """Returns relation → fingerprint of what is public after this build, and of its checks.

        A build of a selection keeps what it does not select, and leaves the checks to the next
        whole build.
        """
        found = {
            str(relation): self.wanted[node].data
            for relation, node in published_nodes(self.workspace).items()
            if node in self.wanted
        }
        if self.workspace.is_partial:
            return {**self.shown, **found, "checks": ""}
        return {**found, "checks": self.checks}

    def record(self, adapter: Adapter, result: StepResult) -> None:
        """Writes the state row of a step that ended well, in its transaction."""
        project, wanted = self.workspace.project, self.wanted[result.node]
        owner = project.models.get(result.node) or project.seeds[result.node]
        write_node(
            adapter,
            BuiltNode(
                node=result.node,
                relation=str(owner.relation),
                sql_fingerprint=wanted.sql,
                data_fingerprint=wanted.data,
                built_at=now(),
                rows=result.rows,
            ),
        )


def open_bookkeeping(
    workspace: Workspace, compiled: CompiledNodes, *, adapter: Adapter, facts: Facts
) -> Bookkeeping:
    """Reads the state of the work database and computes the fingerprints of this build."""
    built = read_nodes(adapter)
    known = {node: one.data_fingerprint for node, one in built.items()}
    known |= {node: table.data_fingerprint for node, table in read_raw_tables(adapter).items()}
    wanted: dict[NodeId, Fingerprint] = {}
    for node, text in _texts(workspace, compiled):
        parents = sorted(relation_parents(workspace, node))
        inputs = [known.get(parent, "") for parent in parents]
        wanted[node] = fingerprint(text, inputs=inputs, facts=facts)
        known[node] = wanted[node].data
    return Bookkeeping(
        workspace=workspace,
        wanted=wanted,
        built=built,
        catalog=adapter.relations(),
        checks=_digest_checks(workspace, compiled, facts=facts),
        shown=_shown(workspace, adapter),
    )


def _texts(workspace: Workspace, compiled: CompiledNodes) -> Iterator[tuple[NodeId, str]]:
    """All that makes a node what it is but for what it reads: seeds, then models, parents first."""
    project = workspace.project
    for seed in project.seeds.values():
        content = (project.config.root / seed.path).read_bytes()
        types = ",".join(f"{column.name} {column.data_type}" for column in seed.columns)
        yield seed.id, f"{sha256(content).hexdigest()} {types}"
    for one in compiled.models:
        model = project.models[one.node]
        yield one.node, f"{model.config.materialized}\n{model.description}\n{one.sql}"


def _digest_checks(workspace: Workspace, compiled: CompiledNodes, *, facts: Facts) -> str:
    queries = [fill_placeholders(one.sql, facts) for one in compiled.tests]
    queries += [fill_placeholders(one.sql, facts) for _, one in compiled.assertions]
    severities = [str(one.severity) for _, one in compiled.assertions]
    severities += [str(workspace.project.tests[one.node].severity) for one in compiled.tests]
    return digest(*queries, *severities)


def published_nodes(workspace: Workspace) -> dict[Relation, NodeId]:
    """Returns the selected relations that a project publishes, and the nodes that build them."""
    project = workspace.project
    schemas = project.config.published_schemas
    found: dict[Relation, NodeId] = {}
    nodes: tuple[Seed | Model, ...] = (*project.seeds.values(), *project.models.values())
    for node in nodes:
        is_relation = node.config.materialized != "ephemeral"
        if node.id in workspace.selected and is_relation and node.relation.schema in schemas:
            found[node.relation] = node.id
    return found


def _shown(workspace: Workspace, adapter: Adapter) -> Mapping[str, str]:
    path = workspace.places.published.resolve()
    if not path.is_file():
        return {}
    for state in read_published(adapter):
        if state.path == str(path):
            return {} if state.is_forced else state.relations
    return {}
