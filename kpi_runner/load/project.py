"""A folder of files → Project: reads everything once, links it, and collects what is wrong.

The door of this layer. Templates are only scanned, never rendered, and no SQL is parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic, sort_diagnostics
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest, Macro, Model, Scan, Seed, Source
from kpi_runner.core.project import Project
from kpi_runner.core.span import Span
from kpi_runner.load.config import load_config, select_target
from kpi_runner.load.declarations import Declared, read_declarations
from kpi_runner.load.defaults import find_unused_defaults
from kpi_runner.load.discover import FoundFile, discover_files, read_text
from kpi_runner.load.kpis import AREAS, read_kpis
from kpi_runner.load.link import (
    Names,
    drop_echoes,
    find_cycles,
    find_relation_clashes,
    link_scan,
    link_test,
)
from kpi_runner.load.link_kpis import collect_kpis, group_by_area, link_kpi
from kpi_runner.load.macros import collect_macros, find_reading_macros, read_macros
from kpi_runner.load.models import drop_duplicates, make_model, match_properties
from kpi_runner.load.seeds import make_seed
from kpi_runner.load.tests import read_singular
from kpi_runner.load.yaml_file import Tree, parse_yaml
from kpi_runner.template.ast_scan import scan_template

YAML = (".yml", ".yaml")


def load_project(
    root: Path, *, target: str = "", variables: Mapping[str, Any] = MappingProxyType({})
) -> Project:
    """Loads the project of a folder.

    Args:
        root: the folder that holds pyproject.toml (see ``config.find_project``).
        target: name of a target, or empty for the default one.
        variables: of the command line; they override those of the configuration.

    Returns a project with all findings as its ``diagnostics``, sorted. Raises only where
    loading is pointless: ``ProjectInvalid`` (K107, K108: the configuration) and ``UsageError``
    (K001: no project here, K006: no such target).
    """
    config = load_config(root)
    selected = select_target(config, target)
    config = replace(config, vars={**config.vars, **variables})
    files = _Files(root)
    macros = _load_macros(files, config)
    scanner = _Scanner(files, find_reading_macros(macros))
    declared = _load_yaml(files, config, macros=macros)
    models = _load_models(files, config, scanner=scanner, declared=declared)
    seeds = _load_seeds(files, config, declared=declared)
    tests = (*declared.tests, *_load_singular_tests(files, config, scanner=scanner))
    kpis = _load_kpis(files, config)
    files.diagnostics += find_unused_defaults(config.model_defaults, models)
    files.diagnostics += find_unused_defaults(config.seed_defaults, seeds)
    project = Project(
        config=config,
        target=selected,
        models={model.id: model for model in models if model.config.enabled},
        seeds={seed.id: seed for seed in seeds if seed.config.enabled},
        sources=_by_id(declared.sources, "source", diagnostics=files.diagnostics),
        kpis={kpi.id: kpi for kpi in kpis.values()},
        macros=macros,
    )
    disabled = {model.name for model in models if not model.config.enabled}
    disabled |= {seed.name for seed in seeds if not seed.config.enabled}
    return _link(project, tests, disabled=disabled, diagnostics=files.diagnostics)


class _Files:
    """Reads the files of a project and holds what was found wrong with any of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.diagnostics: list[Diagnostic] = []

    def find(self, folders: tuple[str, ...], *endings: str) -> tuple[FoundFile, ...]:
        return discover_files(self.root, folders, endings=endings)

    def text(self, path: str) -> str:
        try:
            return read_text(self.root, path)
        except ProjectInvalid as error:
            self.diagnostics.extend(error.diagnostics)
            return ""

    def yaml(self, path: str) -> Tree | None:
        try:
            tree, duplicates = parse_yaml(self.text(path), path)
        except ProjectInvalid as error:
            self.diagnostics.extend(error.diagnostics)
            return None
        self.diagnostics.extend(duplicates)
        return tree


class _Scanner:
    """Scans templates, knowing which macros read nodes."""

    def __init__(self, files: _Files, macros_may_ref: frozenset[str]) -> None:
        self._files = files
        self._macros_may_ref = macros_may_ref

    def scan(self, raw: str, path: str) -> Scan:
        try:
            return scan_template(raw, path, macros_may_ref=self._macros_may_ref)
        except ProjectInvalid as error:
            self._files.diagnostics.extend(error.diagnostics)
            return Scan()


def _load_macros(files: _Files, config: ProjectConfig) -> Mapping[str, Macro]:
    found: list[Macro] = []
    for file in files.find(config.macro_paths, ".sql"):
        found += read_macros(files.text(file.path), file.path)
    return collect_macros(found, files.diagnostics)


def _load_yaml(files: _Files, config: ProjectConfig, *, macros: Mapping[str, Macro]) -> Declared:
    parts = []
    for file in files.find((*config.model_paths, *config.seed_paths), *YAML):
        tree = files.yaml(file.path)
        if tree:
            parts.append(
                read_declarations(
                    tree, project=config.name, macros=macros, diagnostics=files.diagnostics
                )
            )
    return Declared(
        properties=tuple(entry for part in parts for entry in part.properties),
        sources=tuple(source for part in parts for source in part.sources),
        tests=tuple(test for part in parts for test in part.tests),
    )


def _load_models(
    files: _Files, config: ProjectConfig, *, scanner: _Scanner, declared: Declared
) -> tuple[Model, ...]:
    found = drop_duplicates(
        files.find(config.model_paths, ".sql"), "model", diagnostics=files.diagnostics
    )
    described = match_properties(
        declared.properties, "model", files=found, diagnostics=files.diagnostics
    )
    models = []
    for file in found:
        raw = files.text(file.path)
        models.append(
            make_model(
                file,
                raw,
                scan=scanner.scan(raw, file.path),
                config=config,
                properties=described.get(file.stem),
                diagnostics=files.diagnostics,
            )
        )
    return tuple(models)


def _load_seeds(files: _Files, config: ProjectConfig, *, declared: Declared) -> tuple[Seed, ...]:
    found = drop_duplicates(
        files.find(config.seed_paths, ".csv"), "seed", diagnostics=files.diagnostics
    )
    described = match_properties(
        declared.properties, "seed", files=found, diagnostics=files.diagnostics
    )
    return tuple(
        make_seed(
            file,
            config=config,
            properties=described.get(file.stem),
            diagnostics=files.diagnostics,
        )
        for file in found
    )


def _load_singular_tests(
    files: _Files, config: ProjectConfig, *, scanner: _Scanner
) -> tuple[DataTest, ...]:
    found = drop_duplicates(
        files.find(config.test_paths, ".sql"), "data test", diagnostics=files.diagnostics
    )
    tests = []
    for file in found:
        raw = files.text(file.path)
        test = read_singular(
            file.stem,
            path=file.path,
            raw=raw,
            scan=scanner.scan(raw, file.path),
            project=config.name,
            diagnostics=files.diagnostics,
        )
        tests += [test] if test else []
    return tuple(tests)


def _load_kpis(files: _Files, config: ProjectConfig) -> Mapping[str, Kpi]:
    found: list[Kpi] = []
    for file in files.find(config.kpi_paths, *YAML):
        found += read_kpis(
            files.yaml(file.path),
            file.path,
            project=config.name,
            diagnostics=files.diagnostics,
        )
    return collect_kpis(found, files.diagnostics)


def _by_id(
    sources: Iterable[Source], noun: str, *, diagnostics: list[Diagnostic]
) -> dict[NodeId, Source]:
    found: dict[NodeId, Source] = {}
    for source in sources:
        first = found.setdefault(source.id, source)
        if first is not source:
            message = f"{noun} '{source.source}.{source.name}' is declared twice"
            notes = (f"first at {first.span}",)
            diagnostics.append(Diagnostic("K204", message, source.span, "Remove one.", notes))
    return found


def _link(
    project: Project,
    tests: Iterable[DataTest],
    *,
    disabled: Set[str],
    diagnostics: list[Diagnostic],
) -> Project:
    kpis = {kpi.name: kpi for kpi in project.kpis.values()}
    names = Names(
        project=project.config.name,
        relations=_relation_names(project, diagnostics),
        sources={f"{s.source}.{s.name}": s.id for s in project.sources.values()},
        disabled=disabled,
        areas=group_by_area(kpis, AREAS),
    )
    nodes: dict[NodeId, Model | Seed | Source] = {
        **project.sources,
        **project.seeds,
        **project.models,
    }
    diagnostics += find_relation_clashes(nodes.values())
    linked_tests = _unique_tests(tests, nodes, diagnostics=diagnostics)
    parents = {
        model.id: link_scan(
            model.scan,
            f"model '{model.name}'",
            names=names,
            unknown="K201",
            diagnostics=diagnostics,
        )
        for model in project.models.values()
    }
    for kpi in project.kpis.values():
        parents[kpi.id] = link_kpi(kpi, kpis, names=names, diagnostics=diagnostics)
    spans = {model.id: model.span for model in project.models.values()}
    spans |= {kpi.id: kpi.span for kpi in project.kpis.values()}
    diagnostics += find_cycles(parents, spans, places=_ref_places(project, names))
    for test in linked_tests.values():
        parents[test.id] = link_test(test, nodes, names=names, diagnostics=diagnostics)
    return replace(
        project,
        tests=linked_tests,
        parents=parents,
        diagnostics=sort_diagnostics(drop_echoes(diagnostics)),
    )


def _relation_names(project: Project, diagnostics: list[Diagnostic]) -> dict[str, NodeId]:
    names = {seed.name: seed.id for seed in project.seeds.values()}
    for model in project.models.values():
        if model.name in names:
            seed = project.seeds[names[model.name]]
            message = f"'{model.name}' is the name of a model and of a seed"
            notes = (f"the seed is '{seed.path}'",)
            diagnostics.append(Diagnostic("K204", message, model.span, "Rename one.", notes))
        names[model.name] = model.id
    return names


def _unique_tests(
    tests: Iterable[DataTest], nodes: Mapping[NodeId, object], *, diagnostics: list[Diagnostic]
) -> dict[NodeId, DataTest]:
    """Returns the tests of nodes that exist, by id.

    A test that stands twice with other settings gets a number; an exact repetition is K204.
    """
    found: dict[NodeId, DataTest] = {}
    for test in tests:
        if test.node and test.node not in nodes:
            continue
        number, unique = 1, test
        while (other := found.get(unique.id)) is not None:
            if replace(other, id="", name="", span=None, scan=Scan()) == replace(
                test, id="", name="", span=None, scan=Scan()
            ):
                break
            number += 1
            unique = replace(test, id=f"{test.id}_{number}", name=f"{test.name}_{number}")
        if other is None:
            found[unique.id] = unique
        else:
            message = f"data test '{test.name}' stands twice"
            notes = (f"first at {other.span}",)
            diagnostics.append(Diagnostic("K204", message, test.span, "Remove one.", notes))
    return found


def _ref_places(project: Project, names: Names) -> dict[tuple[NodeId, NodeId], Span | None]:
    return {
        (model.id, names.relations[ref.name]): ref.span
        for model in project.models.values()
        for ref in model.scan.refs
        if ref.name in names.relations
    }
