"""Opens a project for a command: loaded, linked, selected, compiled; mistakes raised at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kpi_runner.compile.project import ProjectCompiler
from kpi_runner.core.compiled import Compiled, Hooks
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.project import Project
from kpi_runner.graph.dag import Graph, build_graph
from kpi_runner.load.config import read_environment
from kpi_runner.load.defaults import HOOKS
from kpi_runner.ops.earlier import deferred_places
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import Places, find_places
from kpi_runner.ops.reading import read_valid_project, refuse_errors
from kpi_runner.ops.selection import is_partial, select_nodes, selection_warnings
from kpi_runner.ops.yaml_places import sharpen
from kpi_runner.run.clock import now_exactly

if TYPE_CHECKING:
    from kpi_runner.compile.assertion import CompiledAssertion

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A valid project with everything that a command needs of it.

    ``order`` lists all nodes, parents first; ``selected`` is what the command is about, and
    ``is_partial`` says that a selection was asked for, ``is_full_refresh`` that everything is
    built again, ``is_backfill`` that batches of microbatch models are. ``favors_base``: what
    another state holds is read from there, even if it is built here. ``doubts``: parts of the
    selection that match nothing.
    """

    project: Project
    graph: Graph
    places: Places
    compiler: ProjectCompiler
    order: tuple[NodeId, ...]
    selected: frozenset[NodeId]
    is_partial: bool = False
    is_full_refresh: bool = False
    is_backfill: bool = False
    favors_base: bool = False
    doubts: tuple[Diagnostic, ...] = ()

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Findings of loading and selecting that stop nothing."""
        loaded = (d for d in self.project.diagnostics if d.severity == Severity.WARN)
        return (*loaded, *self.doubts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledNodes:
    """The SQL of the selected nodes, in graph order.

    ``hooks`` holds what runs before and after single nodes, ``run_hooks`` before and after all;
    ``moments`` tells when each node was compiled, from and to.
    """

    models: tuple[Compiled, ...] = ()
    tests: tuple[Compiled, ...] = ()
    assertions: tuple[tuple[NodeId, CompiledAssertion], ...] = ()
    hooks: Mapping[NodeId, Hooks] = field(default_factory=dict)
    run_hooks: Hooks = field(default_factory=Hooks)
    moments: Mapping[NodeId, tuple[str, str]] = field(default_factory=dict)


def open_workspace(options: Options) -> Workspace:
    """Loads the project of a command and resolves its selection.

    Raises UsageError for what the command line asks, ProjectInvalid with every mistake found.
    """
    project = read_valid_project(options)
    if options.threads:
        project = replace(project, target=replace(project.target, threads=options.threads))
    compiler = ProjectCompiler(project, read_environment())
    graph = build_graph(project.parents, all_ids(project))
    chosen = select_nodes(options, project, graph=graph)
    places = find_places(options, config=project.config, target=project.target)
    return Workspace(
        project=project,
        graph=graph,
        places=deferred_places(options, places),
        compiler=compiler,
        order=graph.ids,
        selected=chosen,
        is_partial=is_partial(options, project),
        is_full_refresh=options.full_refresh,
        is_backfill=bool(options.event_time_start),
        favors_base=options.defer and options.favor_state,
        doubts=selection_warnings(options, project),
    )


def compile_nodes(workspace: Workspace, nodes: Iterable[NodeId]) -> CompiledNodes:
    """Compiles models, tests and KPIs of a set of nodes; raises ProjectInvalid with all errors."""
    project, compiler = workspace.project, workspace.compiler
    wanted = frozenset(nodes)
    found = list(compiler.kpis.check()) if project.kpis else []
    models: list[Compiled | None] = []
    tests: list[Compiled | None] = []
    assertions: list[tuple[NodeId, CompiledAssertion]] = []
    moments: dict[NodeId, tuple[str, str]] = {}
    for node in workspace.order:
        if node not in wanted:
            continue
        started_at = now_exactly()
        if node in project.models and not is_ephemeral(project, node):
            models.append(_collect(partial(compiler.compile_model, node), found))
        elif node in project.tests:
            tests.append(_collect(partial(compiler.compile_test, node), found))
        elif node in project.kpis and not found:
            compile_kpi = partial(compiler.kpis.compile_assertions, project.kpis[node])
            assertions.extend((node, one) for one in _collect(compile_kpi, found) or ())
        moments[node] = started_at, now_exactly()
    owners: tuple[Model | Seed, ...] = (*project.models.values(), *project.seeds.values())
    hooks = {
        node.id: _collect(partial(compiler.compile_hooks, node), found) or Hooks()
        for node in owners
        if not HOOKS.isdisjoint(node.config.extra)
    }
    run_hooks = _collect(compiler.compile_run_hooks, found) or Hooks()
    refuse_errors(sharpen(project.config.root, finding) for finding in found)
    return CompiledNodes(
        hooks=hooks,
        run_hooks=run_hooks,
        models=tuple(model for model in models if model),
        tests=tuple(test for test in tests if test),
        assertions=tuple(assertions),
        moments=moments,
    )


def all_ids(project: Project) -> tuple[NodeId, ...]:
    """Returns the ids of all nodes of a project."""
    return tuple(project.nodes)


def marts_of(project: Project, kpis: Iterable[NodeId]) -> frozenset[NodeId]:
    """Returns the models that publish the areas of some KPIs."""
    areas = {project.kpis[node].area for node in kpis}
    return frozenset(
        model.id
        for model in project.models.values()
        if any(call.area in areas for call in model.scan.kpis)
    )


def is_ephemeral(project: Project, node: NodeId) -> bool:
    """True for a model that is no relation of its own."""
    return project.models[node].config.materialized == "ephemeral"


def _collect(work: Callable[[], T], found: list[Diagnostic]) -> T | None:
    try:
        return work()
    except ProjectInvalid as error:
        found.extend(error.diagnostics)
        return None
