"""Which nodes a project has: what `kpi ls` prints. Touches no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import ProjectInvalid, UsageError
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.node import DataTest, Model, Node, Seed, Source
from kpi_runner.core.project import Project
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.graph.dag import build_graph
from kpi_runner.graph.select import package_of, select, type_of
from kpi_runner.load.config import find_project, parse_vars
from kpi_runner.load.project import load_project
from kpi_runner.ops.options import Options

RESOURCE_TYPES = ("model", "seed", "source", "test", "kpi")


def ls(
    options: Options, *, resource_types: tuple[str, ...] = (), output: str = "selector"
) -> list[str] | list[dict[str, Any]]:
    """Returns one entry for each selected node, in the order of their ids.

    Args:
        options: the project, its variables and the selection.
        resource_types: some of ``RESOURCE_TYPES``; all when empty.
        output: ``selector`` (which selects just that node), ``name`` or ``path`` as texts,
            ``json`` as dicts. Hidden KPIs are not listed.

    Raises ``UsageError`` for a selection that matches nothing, an unknown resource type or
    output (K002), and ``ProjectInvalid`` with all mistakes of the project.
    """
    _check_words("resource type", resource_types, known=RESOURCE_TYPES)
    _check_words("output", (output,), known=tuple(OUTPUTS))
    project = load_project(
        find_project(options.project_dir),
        target=options.target,
        variables=parse_vars(options.variables),
    )
    if any(d.severity == Severity.ERROR for d in project.diagnostics):
        raise ProjectInvalid(*project.diagnostics)
    nodes = project.nodes
    chosen = select(
        project,
        build_graph(project.parents, nodes),
        select=options.select,
        exclude=options.exclude,
        allow_empty=options.allow_empty,
    )
    listed = [nodes[name] for name in sorted(chosen)]
    wanted = resource_types or RESOURCE_TYPES
    return [
        OUTPUTS[output](node, project)
        for node in listed
        if type_of(node) in wanted and not (isinstance(node, Kpi) and node.is_hidden)
    ]


def _check_words(what: str, values: tuple[str, ...], *, known: tuple[str, ...]) -> None:
    mistakes = [
        Diagnostic(
            "K002",
            f"unknown {what} '{value}'",
            hint=did_you_mean(value, known) or f"Known are {', '.join(known)}.",
        )
        for value in values
        if value not in known
    ]
    if mistakes:
        raise UsageError(*mistakes)


def _selector(node: Node | Kpi, _: Project) -> str:
    match node:
        case Source():
            return f"source:{package_of(node)}.{node.source}.{node.name}"
        case Kpi():
            return f"kpi:{node.name}"
        case DataTest():
            return f"{package_of(node)}.{node.name}"
        case Model() | Seed():
            return ".".join(node.fqn)


def _name(node: Node | Kpi, _: Project) -> str:
    return f"{node.source}.{node.name}" if isinstance(node, Source) else node.name


def _path(node: Node | Kpi, _: Project) -> str:
    return node.path


def _record(node: Node | Kpi, project: Project) -> dict[str, Any]:
    """The keys that dbt gives its nodes, where a node has them."""
    record: dict[str, Any] = {
        "name": node.name,
        "resource_type": type_of(node),
        "package_name": package_of(node),
        "original_file_path": node.path,
        "unique_id": node.id,
        "depends_on": {"nodes": list(project.parents.get(node.id, ()))},
    }
    match node:
        case Source():
            record |= {"source_name": node.source, "tags": list(node.tags)}
        case DataTest():
            severity = {"severity": node.severity.value}
            record |= {"tags": list(node.tags), "config": severity, "column_name": node.column}
        case Model() | Seed():
            config = node.config
            settings = {**config.extra, "materialized": config.materialized}
            record |= {"alias": node.relation.name, "schema": node.relation.schema}
            record |= {"tags": list(config.tags), "config": settings}
        case Kpi():
            variants = [variant.name for variant in node.variants if variant.name]
            record |= {"label": node.label, "area": node.area, "variants": variants}
    return record


OUTPUTS: Mapping[str, Callable[[Node | Kpi, Project], Any]] = MappingProxyType(
    {"selector": _selector, "name": _name, "path": _path, "json": _record}
)
