"""Judges a project by the rules of style and structure. Renders nothing and opens no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kpi_runner.analyze.lint import lint as judge
from kpi_runner.analyze.subject import Subject
from kpi_runner.core.names import NodeId
from kpi_runner.core.project import Project
from kpi_runner.core.result import Report
from kpi_runner.graph.dag import build_graph
from kpi_runner.load.discover import discover_files, read_text
from kpi_runner.load.yaml_file import Tree, parse_yaml
from kpi_runner.ops.options import Options
from kpi_runner.ops.reading import read_valid_project
from kpi_runner.ops.selection import is_partial, select_nodes
from kpi_runner.report.text import count
from kpi_runner.sql.queries import Sheet, read_sheet

YAML = (".yml", ".yaml")


def lint(options: Options) -> Report:
    """Returns a report of what breaks a rule, in the files of the selected nodes.

    Without a selection that is the whole project, with its macros and all of its YAML.

    Raises ProjectInvalid with all mistakes of the project, and UsageError for a selection that
    matches nothing.
    """
    project = read_valid_project(options)
    graph = build_graph(project.parents, project.nodes)
    selected = select_nodes(options, project, graph=graph)
    known = _files_of(project, selected)
    found = known if is_partial(options, project) else {**_all_files(project), **known}
    texts = {path: read_text(project.config.root, path) for path in sorted(found)}
    subject = Subject(
        project=project,
        selected=selected,
        texts=texts,
        sheets=dict(_sheets(texts, found)),
        trees=dict(_trees(texts)),
        readers=_readers(project),
    )
    return Report(diagnostics=judge(subject), notes=(f"{count(len(texts), 'file')} judged",))


def _files_of(project: Project, selected: frozenset[NodeId]) -> dict[str, str]:
    """Returns the files of some nodes, with what each is: model, test or yaml."""
    root = project.config.root
    found: dict[str, str] = {}
    for node in selected:
        if model := project.models.get(node):
            found[model.path] = "model"
            beside = f"{model.path.rpartition('.')[0]}.yml"
            found |= {beside: "yaml"} if (root / beside).is_file() else {}
        elif (test := project.tests.get(node)) and test.raw:
            found[test.path] = "test"
        elif kpi := project.kpis.get(node):
            found[kpi.path] = "yaml"
    return {path: "yaml" if path.endswith(YAML) else kind for path, kind in found.items()}


def _all_files(project: Project) -> dict[str, str]:
    """Returns the macros and the YAML of a project."""
    config = project.config
    folders = (*config.model_paths, *config.seed_paths, *config.kpi_paths)
    found = {file.path: "yaml" for file in discover_files(config.root, folders, endings=YAML)}
    return found | {macro.path: "macro" for macro in project.macros.values()}


def _sheets(texts: Mapping[str, str], kinds: Mapping[str, str]) -> Iterator[tuple[str, Sheet]]:
    for path, text in texts.items():
        sheet = read_sheet(text, kinds[path]) if path.endswith(".sql") else None
        if sheet:
            yield path, sheet


def _trees(texts: Mapping[str, str]) -> Iterator[tuple[str, Tree]]:
    for path, text in texts.items():
        tree = parse_yaml(text, path)[0] if path.endswith(YAML) else None
        if tree:
            yield path, tree


def _readers(project: Project) -> dict[NodeId, tuple[NodeId, ...]]:
    found: dict[NodeId, tuple[NodeId, ...]] = {}
    for node in (*project.models, *project.kpis):
        for parent in dict.fromkeys(project.parents.get(node, ())):
            found[parent] = (*found.get(parent, ()), node)
    return found
