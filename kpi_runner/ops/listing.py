"""Lists the nodes of a project for `kpi ls`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.node import DataTest, Exposure, Model, Node, Seed, Source, UnitTest
from kpi_runner.core.project import Project
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.graph.dag import build_graph
from kpi_runner.graph.methods import package_of, type_of
from kpi_runner.ops.manifest import describe_project
from kpi_runner.ops.options import Options
from kpi_runner.ops.reading import read_valid_project
from kpi_runner.ops.selection import select_nodes, selection_warnings


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry for each selected node, in the order of their ids, and whose they are.

    ``doubts``: what is odd about the selection.
    """

    entries: list[str] | list[dict[str, Any]]
    config: ProjectConfig
    doubts: tuple[Diagnostic, ...]


def list_nodes(
    options: Options,
    *,
    output: str,
    keys: tuple[str, ...],
    warn: Callable[[tuple[Diagnostic, ...]], None],
) -> Listing:
    """Returns what ``ops.ls`` answers, and raises what it raises."""
    _check_words("output", (output,), known=tuple(OUTPUTS))
    project = read_valid_project(options)
    nodes = project.nodes
    chosen = select_nodes(options, project, graph=build_graph(project.parents, nodes))
    doubts = selection_warnings(options, project)
    warn(doubts)
    listed = [nodes[name] for name in sorted(chosen)]
    shown = [node for node in listed if not (isinstance(node, Kpi) and node.is_hidden)]
    if output == "json" and keys:
        return Listing(_pick(shown, project, keys=keys), project.config, doubts)
    return Listing([OUTPUTS[output](node, project) for node in shown], project.config, doubts)


def _pick(
    nodes: list[Node | Kpi], project: Project, *, keys: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Returns some keys of each node's entry in the manifest; null where it has none."""
    manifest = describe_project(project)
    records = [{**manifest.nodes[node.id], **_record(node, project)} for node in nodes]
    known = {key for record in records for key in record}
    _check_words("output key", tuple(key.partition(".")[0] for key in keys), known=tuple(known))
    return [{key: _follow(record, key) for key in keys} for record in records]


def _follow(record: Mapping[str, Any], key: str) -> Any:
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _check_words(what: str, values: tuple[str, ...], *, known: tuple[str, ...]) -> None:
    mistakes = [
        Diagnostic(
            "K002",
            f"unknown {what} '{value}'",
            hint=did_you_mean(value, known) or f"Known are {', '.join(sorted(known))}.",
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
        case Exposure():
            return f"exposure:{node.name}"
        case UnitTest():
            return f"unit_test:{node.name}"
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
        case Exposure():
            record |= {"tags": list(node.tags), "type": node.kind, "owner": dict(node.owner)}
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
