"""A folder of files → Project: reads everything once, links it, and collects what is wrong.

The door of this layer. Templates are only scanned, never rendered, and no SQL is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic, sort_diagnostics
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest, Macro, Model, Scan, Seed, Source
from kpi_runner.core.project import Project
from kpi_runner.core.selection import Selector
from kpi_runner.core.span import Span
from kpi_runner.load.config import load_config, read_environment, select_target
from kpi_runner.load.dbt_naming import DbtNaming, name_relations
from kpi_runner.load.declarations import Declared, read_declarations
from kpi_runner.load.defaults import config_of_folder, find_unused_defaults
from kpi_runner.load.docs import doc_function, read_docs
from kpi_runner.load.exposures import index_exposures, link_exposure
from kpi_runner.load.kpi_files import load_kpis
from kpi_runner.load.kpis import AREAS
from kpi_runner.load.link import (
    Names,
    drop_echoes,
    find_cycles,
    find_long_names,
    link_scan,
    link_test,
    soften,
)
from kpi_runner.load.link_batches import find_unbatched
from kpi_runner.load.link_kpis import group_by_area, link_kpi
from kpi_runner.load.locations import find_location_clashes
from kpi_runner.load.macros import collect_macros, find_reading_macros, read_macros
from kpi_runner.load.models import drop_duplicates, folders_below, make_model, match_properties
from kpi_runner.load.project_files import ProjectFiles, TemplateScanner
from kpi_runner.load.relations import find_relation_clashes
from kpi_runner.load.seeds import make_seed
from kpi_runner.load.selectors import FILE as SELECTORS
from kpi_runner.load.selectors import collect_selectors, read_selectors
from kpi_runner.load.singular import generic_folders, read_singular, singular_files
from kpi_runner.load.snapshots import load_snapshots
from kpi_runner.load.unit_tests import index_unit_tests, link_unit_tests

if TYPE_CHECKING:
    from kpi_runner.load.project_templates import ProjectTemplates

YAML = (".yml", ".yaml")


def load_project(
    root: Path,
    *,
    target: str = "",
    variables: Mapping[str, Any] = MappingProxyType({}),
    profiles_dir: str = "",
) -> Project:
    """Loads the project of a folder.

    Args:
        root: the project's folder (see ``config.find_project``).
        target: name of a target, or empty for the default one.
        variables: of the command line; they override those of the configuration.
        profiles_dir: where profiles.yml of a dbt project lies, or empty to search for it.

    Returns a project with all findings as its ``diagnostics``, sorted. Raises only where
    loading is pointless: ``ProjectInvalid`` (the configuration) and ``UsageError`` (K001: no
    project here, K006: no such target).
    """
    config = load_config(root, target=target, profiles_dir=profiles_dir, variables=variables)
    selected = select_target(config, target)
    config = replace(config, vars={**config.vars, **variables})
    return _load(ProjectFiles(root), config, target=selected)


def _load(files: ProjectFiles, config: ProjectConfig, *, target: TargetConfig) -> Project:
    files.diagnostics += config.warnings
    macros = _load_macros(files, config)
    templates = cache(partial(_open_templates, config, target, macros=macros))
    reading = find_reading_macros(macros)
    files.open_cache(config, target, macros=macros)
    scanner = TemplateScanner(files, reading, templates=templates)
    declared = _load_yaml(files, config, macros=macros, templates=templates)
    models = _load_models(files, config, scanner=scanner, declared=declared)
    models += load_snapshots(files, config, scanner=scanner, properties=declared.properties)
    seeds = _load_seeds(files, config, declared=declared)
    if config.is_dbt:
        naming = DbtNaming(target=target, macros=macros, templates=templates)
        models = name_relations(models, naming, diagnostics=files.diagnostics)
        seeds = name_relations(seeds, naming, diagnostics=files.diagnostics)
    tests = (*declared.tests, *_load_singular_tests(files, config, scanner=scanner))
    kpis, calendar = load_kpis(files, config)
    if calendar:
        config = replace(config, vars={"calendar": calendar, **config.vars})
    selectors = _load_selectors(files)
    files.save_cache()
    files.diagnostics += find_unused_defaults(config.model_defaults, models)
    files.diagnostics += find_unused_defaults(config.seed_defaults, seeds)
    project = Project(
        config=config,
        target=target,
        models={model.id: model for model in models if model.config.enabled},
        seeds={seed.id: seed for seed in seeds if seed.config.enabled},
        sources=_by_id(declared.sources, "source", diagnostics=files.diagnostics),
        kpis={kpi.id: kpi for kpi in kpis.values()},
        macros=macros,
        exposures=index_exposures(declared.exposures, files.diagnostics),
        unit_tests=index_unit_tests(declared.unit_tests, files, test_paths=config.test_paths),
        selectors=selectors,
    )
    disabled = {model.name for model in models if not model.config.enabled}
    disabled |= {seed.name for seed in seeds if not seed.config.enabled}
    return _link(project, tests, disabled=disabled, diagnostics=files.diagnostics)


def _open_templates(
    config: ProjectConfig, target: TargetConfig, *, macros: Mapping[str, Macro]
) -> ProjectTemplates:
    from kpi_runner.load.project_templates import ProjectTemplates

    return ProjectTemplates(config, target, macros=macros, environment=read_environment())


def _load_macros(files: ProjectFiles, config: ProjectConfig) -> Mapping[str, Macro]:
    found: list[Macro] = []
    for file in files.find((*config.macro_paths, *generic_folders(config.test_paths)), ".sql"):
        found += read_macros(files.text(file.path), file.path)
    return collect_macros(found, files.diagnostics)


def _load_yaml(
    files: ProjectFiles,
    config: ProjectConfig,
    *,
    macros: Mapping[str, Macro],
    templates: Callable[[], ProjectTemplates],
) -> Declared:
    folders = (*config.model_paths, *config.seed_paths, *config.snapshot_paths)
    doc = doc_function(
        cache(lambda: read_docs(files.text(file.path) for file in files.find(folders, ".md")))
    )

    def evaluate(text: str, path: str) -> Any:
        return templates().evaluate(text, path, doc=doc)

    def read(path: str) -> Declared:
        tree = files.yaml(path, evaluate)
        if tree is None:
            return Declared()
        return read_declarations(
            tree,
            project=config.name,
            macros=macros,
            test_config=config_of_folder(
                config.test_defaults, folders_below(path, config.model_paths)
            ),
            is_landed=not config.is_dbt,
            diagnostics=files.diagnostics,
        )

    parts = [
        files.recall(file, Declared, make=partial(read, file.path))
        for file in files.find(folders, *YAML)
    ]
    return Declared(
        properties=tuple(entry for part in parts for entry in part.properties),
        sources=tuple(source for part in parts for source in part.sources),
        tests=tuple(test for part in parts for test in part.tests),
        exposures=tuple(exposure for part in parts for exposure in part.exposures),
        unit_tests=tuple(test for part in parts for test in part.unit_tests),
    )


def _load_models(
    files: ProjectFiles, config: ProjectConfig, *, scanner: TemplateScanner, declared: Declared
) -> tuple[Model, ...]:
    found = drop_duplicates(
        files.find(config.model_paths, ".sql"), "model", diagnostics=files.diagnostics
    )
    described = match_properties(
        declared.properties, "model", files=found, diagnostics=files.diagnostics
    )
    models = []
    for file in found:
        template = scanner.read(file)
        models.append(
            make_model(
                file,
                template.raw,
                scan=template.scan,
                config=config,
                properties=described.get(file.stem),
                diagnostics=files.diagnostics,
            )
        )
    return tuple(models)


def _load_seeds(
    files: ProjectFiles, config: ProjectConfig, *, declared: Declared
) -> tuple[Seed, ...]:
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
    files: ProjectFiles, config: ProjectConfig, *, scanner: TemplateScanner
) -> tuple[DataTest, ...]:
    found = drop_duplicates(
        singular_files(files.find(config.test_paths, ".sql"), config.test_paths),
        "data test",
        diagnostics=files.diagnostics,
    )
    tests = []
    for file in found:
        template = scanner.read(file)
        folders = folders_below(file.path, config.test_paths)
        said = config_of_folder(config.test_defaults, (*folders, file.stem))
        test = read_singular(
            file.stem,
            path=file.path,
            raw=template.raw,
            scan=replace(template.scan, config={**said, **template.scan.config}),
            project=config.name,
            diagnostics=files.diagnostics,
        )
        tests += [test] if test else []
    return tuple(tests)


def _load_selectors(files: ProjectFiles) -> Mapping[str, Selector]:
    found: tuple[Selector, ...] = ()
    for file in files.find((SELECTORS,), *YAML):

        def read(path: str = file.path) -> tuple[Selector, ...]:
            return read_selectors(files.yaml(path), files.diagnostics)

        found += files.recall(file, tuple[Selector, ...], make=read)
    return collect_selectors(found, files.diagnostics)


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
    diagnostics += find_relation_clashes(
        nodes.values(), project.config, has_kpis=bool(project.kpis)
    )
    diagnostics += find_location_clashes(project)
    linked_tests = _unique_tests(tests, nodes, diagnostics=diagnostics)
    diagnostics += find_long_names([*project.models.values(), *linked_tests.values()])
    parents = _link_models(project, names, diagnostics=diagnostics)
    diagnostics += find_unbatched(project.models.values(), parents, nodes=nodes)
    for kpi in project.kpis.values():
        parents[kpi.id] = link_kpi(kpi, kpis, names=names, diagnostics=diagnostics)
    spans = {model.id: model.span for model in project.models.values()}
    spans |= {kpi.id: kpi.span for kpi in project.kpis.values()}
    diagnostics += find_cycles(parents, spans, places=_ref_places(project, names))
    unit_tests = link_unit_tests(project, parents, names=names, diagnostics=diagnostics)
    for exposure in project.exposures.values():
        parents[exposure.id] = link_exposure(
            exposure, names=names, kpis=kpis, diagnostics=diagnostics
        )
    for test in linked_tests.values():
        parents[test.id] = link_test(test, nodes, names=names, diagnostics=diagnostics)
    return replace(
        project,
        tests=linked_tests,
        unit_tests=unit_tests,
        parents=parents,
        diagnostics=sort_diagnostics(
            drop_echoes(soften(diagnostics) if project.config.is_dbt else diagnostics)
        ),
    )


def _link_models(
    project: Project, names: Names, *, diagnostics: list[Diagnostic]
) -> dict[NodeId, tuple[NodeId, ...]]:
    return {
        model.id: link_scan(
            model.scan,
            f"model '{model.name}'",
            names=names,
            unknown="K201",
            diagnostics=diagnostics,
        )
        for model in project.models.values()
    }


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
