"""Knows what is built and published already, and records what a build makes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from hashlib import sha256

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import VIEW
from kpi_runner.core.batch import is_microbatch
from kpi_runner.core.compiled import Compiled, Hooks
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.result import StepResult
from kpi_runner.ops.fingerprints import (
    Fingerprint,
    combine,
    digest,
    explain_change,
    fingerprint_config,
    fingerprint_engine,
    fingerprint_query,
    short_name,
)
from kpi_runner.ops.logic import logic_of
from kpi_runner.ops.steps import relation_parents
from kpi_runner.ops.workspace import CompiledNodes, Workspace
from kpi_runner.run.clock import now, now_exactly
from kpi_runner.run.kept import shown_state
from kpi_runner.run.linked import read_link
from kpi_runner.run.state import BuiltNode, read_nodes, read_raw_tables, write_nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """What this command would build, beside what exists.

    Args:
        wanted: what each node of this command would be made of now.
        data: data fingerprint of each raw table and node, as it is when the command has ended.
        built: what the work database holds.
        catalog: the relations that exist.
        engine: fingerprint of the database and its settings.
        checks: fingerprint of all checks of this command.
        shown: relation → fingerprint of the state that is public, empty if none is.
        base: relation → fingerprint of the linked state of another target.
    """

    workspace: Workspace
    wanted: Mapping[NodeId, Fingerprint]
    data: Mapping[NodeId, str]
    built: Mapping[NodeId, BuiltNode]
    catalog: Mapping[Relation, str]
    shown: Mapping[str, str]
    engine: str
    base: Mapping[str, str] = field(default_factory=dict)
    checks: str = ""

    def reason(self, node: NodeId) -> str:
        """Why a node has to be built again, in a few words; empty where it is current.

        A view is current as long as its own text is: it holds no rows that could be old.
        """
        wanted, before = self.wanted[node], self.built.get(node)
        owner = relation_owner(self.workspace, node)
        is_there = before is not None and str(owner.relation) == before.relation
        if before is None or not is_there or owner.relation not in self.catalog:
            return explain_change(None, wanted)
        is_view = owner.config.materialized == "view" and not before.is_linked
        if is_view:
            wanted = replace(wanted, inputs=before.inputs, unstable="")
        if before.is_linked and self.base.get(before.relation) != self.data[node]:
            return explain_change(before, wanted) or "linked state changed"
        return explain_change(before, wanted)

    @property
    def has_unstable(self) -> bool:
        """True where a node answers differently each time it is built."""
        return any(one.unstable for one in self.wanted.values())

    def stale_nodes(self) -> dict[NodeId, str]:
        """Returns each node that is not built as the project now says → why."""
        reasons = {node: self.reason(node) or self._unfinished_behind(node) for node in self.wanted}
        return {node: reason for node, reason in reasons.items() if reason}

    def _unfinished_behind(self, node: NodeId) -> str:
        """Says which table a view shows that lacks batches; empty where there is none."""
        seen = {node}
        edge = [node]
        while edge:
            current = edge.pop()
            before = self.built.get(current)
            if before and before.is_unfinished:
                return f"upstream {short_name(current)} is unfinished"
            relation = relation_owner(self.workspace, current).relation if before else None
            if relation and self.catalog.get(relation) == VIEW:
                parents = relation_parents(self.workspace, current)
                edge += [parent for parent in parents if parent not in seen]
                seen.update(parents)
        return ""

    def is_published(self) -> bool:
        """True where the public state is what this build would publish, checks included."""
        return bool(self.shown) and self.shown == self.to_publish()

    def to_publish(self, failed: Set[NodeId] = frozenset()) -> dict[str, str]:
        """Returns relation → fingerprint of what is public after this build, and of its checks.

        A build of a selection, or one of which some nodes failed, keeps what it does not
        replace, and leaves the checks to the next whole build: they are none where other rows
        are public than those that they were made over.
        """
        found = {
            str(relation): self.data[node]
            for relation, node in published_nodes(self.workspace).items()
            if node in self.data and node not in failed
        }
        if self.workspace.is_partial or failed:
            gone = self.gone()
            merged = {n: data for n, data in self.shown.items() if n not in gone} | found
            is_same = not failed and merged == self.shown
            return merged if is_same else {**merged, "checks": ""}
        return {**found, "checks": self.checks}

    def gone(self) -> frozenset[str]:
        """Returns the public relations that the project builds no more."""
        project = self.workspace.project
        owners: tuple[Seed | Model, ...] = (*project.seeds.values(), *project.models.values())
        known = {str(owner.relation) for owner in owners} | {"checks"}
        return frozenset(self.shown) - known

    def record(self, adapter: Adapter, results: Sequence[StepResult]) -> None:
        """Writes the state rows of steps that ended well, in their transaction; without a data
        fingerprint as long as batches of one are to run."""
        rows = ((one, self.row_of(one.node, rows=one.rows)) for one in results)
        write_nodes(
            adapter,
            [replace(row, data_fingerprint="") if one.batches_left else row for one, row in rows],
        )

    def row_of(
        self, node: NodeId, *, rows: int | None = None, is_linked: bool = False
    ) -> BuiltNode:
        """Returns the state of a node that holds now what this command wants of it."""
        wanted = self.wanted[node]
        return BuiltNode(
            node=node,
            relation=str(relation_owner(self.workspace, node).relation),
            sql_fingerprint=wanted.sql,
            config_fingerprint=wanted.config,
            clock_fingerprint=wanted.clock,
            inputs=wanted.inputs,
            data_fingerprint=self.data[node],
            built_at=now(),
            rows=rows,
            is_linked=is_linked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Existing:
    """What there is before the command; ``favored`` relations are those of ``base`` even where
    they are built here too."""

    built: Mapping[NodeId, BuiltNode]
    catalog: Mapping[Relation, str]
    base: Mapping[str, str]
    favored: frozenset[str]

    def data_of(self, node: Seed | Model, data: Mapping[NodeId, str]) -> dict[NodeId, str]:
        """Returns the fingerprint of what is read where a node is not built by the command: the
        rows of a table are those of when it was built, those of a view are of now."""
        before, name = self.built.get(node.id), str(node.relation)
        if before is None or before.is_linked or name in self.favored:
            return {node.id: self.base[name]} if name in self.base else {}
        if self.catalog.get(node.relation) != "view":
            return {node.id: before.data_fingerprint}
        inputs = {parent: data.get(parent, "") for parent in before.inputs}
        sql, config = before.sql_fingerprint, before.config_fingerprint
        return {node.id: combine(sql, config, clock=before.clock_fingerprint, inputs=inputs)}


@dataclass(frozen=True, slots=True)
class _Recipes:
    """What the nodes of a command are made of, beside the data that they read."""

    workspace: Workspace
    compiled: CompiledNodes
    facts: Facts
    engine: str

    def of_seed(self, seed: Seed) -> Fingerprint:
        content = (self.workspace.project.config.root / seed.path).read_bytes()
        config = fingerprint_config(seed, self._hooks(seed.id), engine=self.engine)
        return Fingerprint(sql="", config=config, inputs={seed.path: sha256(content).hexdigest()})

    def of_model(
        self, model: Model, compiled: Compiled, *, data: Mapping[NodeId, str]
    ) -> Fingerprint:
        inputs = {p: data.get(p, "") for p in relation_parents(self.workspace, model.id)}
        sources = self.workspace.project.sources
        parents = (sources.get(p) or relation_owner(self.workspace, p) for p in inputs)
        return fingerprint_query(
            logic_of(model, compiled),
            config=fingerprint_config(model, self._hooks(model.id), engine=self.engine),
            inputs=inputs,
            read={model.relation, *(parent.relation for parent in parents)},
            facts=self.facts,
        )

    def _hooks(self, node: NodeId) -> Hooks:
        return self.compiled.hooks.get(node, Hooks())


def open_bookkeeping(
    workspace: Workspace,
    compiled: CompiledNodes,
    *,
    seeds: Collection[NodeId],
    builds: bool,
    adapter: Adapter,
    facts: Facts,
) -> Bookkeeping:
    """Reads the state of the work database and computes the fingerprints of this command.

    Args:
        compiled: the models that it is about.
        seeds: the seeds that it is about.
        builds: it makes what is not current; else what it wants is what there should be.
    """
    existing = _read_existing(workspace, adapter)
    recipes = _Recipes(workspace, compiled, facts, engine=_engine_of(workspace, adapter))
    data = {node: table.data_fingerprint for node, table in read_raw_tables(adapter).items()}
    wanted: dict[NodeId, Fingerprint] = {}
    for seed in workspace.project.seeds.values():
        if seed.id in seeds:
            wanted[seed.id] = recipes.of_seed(seed)
            data[seed.id] = wanted[seed.id].data
        else:
            data |= existing.data_of(seed, data)
    texts = {one.node: one for one in compiled.models}
    for model in _in_order(workspace):
        if model.id in texts:
            found = recipes.of_model(model, texts[model.id], data=data)
            before, is_anew = existing.built.get(model.id), _is_anew(workspace, model)
            found = found if builds else replace(found, unstable="")
            wanted[model.id] = found
            data[model.id] = _data_after(model, found, before=before, is_anew=is_anew)
        else:
            data |= existing.data_of(model, data)
    return Bookkeeping(
        workspace=workspace,
        wanted=wanted,
        data=data,
        built=existing.built,
        catalog=existing.catalog,
        engine=recipes.engine,
        shown=_shown(workspace, adapter),
        base=existing.base,
    )


def _read_existing(workspace: Workspace, adapter: Adapter) -> _Existing:
    base = read_link(adapter) if workspace.places.base else {}
    return _Existing(
        built=read_nodes(adapter),
        catalog=adapter.relations(),
        base=base,
        favored=frozenset(base) if workspace.favors_base else frozenset(),
    )


def relation_owner(workspace: Workspace, node: NodeId) -> Model | Seed:
    """Returns the model or seed of an id."""
    project = workspace.project
    return project.models.get(node) or project.seeds[node]


def published_nodes(workspace: Workspace) -> dict[Relation, NodeId]:
    """Returns the selected relations that a project publishes, and the nodes that build them."""
    project = workspace.project
    schemas = project.config.published_schemas
    found: dict[Relation, NodeId] = {}
    nodes: tuple[Seed | Model, ...] = (*project.seeds.values(), *project.models.values())
    for node in nodes:
        is_relation = node.config.materialized != "ephemeral"
        is_public = not schemas or node.relation.schema in schemas
        if node.id in workspace.selected and is_relation and is_public:
            found[node.relation] = node.id
    return found


def _in_order(workspace: Workspace) -> Iterator[Model]:
    """The models, parents first."""
    models = workspace.project.models
    return (models[node] for node in workspace.order if node in models)


def _engine_of(workspace: Workspace, adapter: Adapter) -> str:
    version = str(adapter.query("select version()").scalar)
    return fingerprint_engine(workspace.project.target, version=version)


def _is_anew(workspace: Workspace, model: Model) -> bool:
    """True where rows are written although nothing of what they come from has changed."""
    return workspace.is_full_refresh or (workspace.is_backfill and is_microbatch(model.config))


def _data_after(
    model: Model, wanted: Fingerprint, *, before: BuiltNode | None, is_anew: bool
) -> str:
    """The rows of an incremental model or snapshot also depend on those that it held before."""
    if wanted.unstable:
        return digest(wanted.data, now_exactly())
    if before and not is_anew and not explain_change(before, wanted):
        return before.data_fingerprint
    if before is None or model.config.materialized not in ("incremental", "snapshot"):
        return wanted.data
    return digest(wanted.data, before.data_fingerprint, before.built_at)


def _shown(workspace: Workspace, adapter: Adapter) -> Mapping[str, str]:
    state = shown_state(adapter, workspace.places.published.resolve())
    return {} if state is None or state.is_forced else state.relations
