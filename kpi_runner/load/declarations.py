"""One YAML file beside models or seeds → what it declares: properties, sources, tests.

Knows dbt's top-level keys. What stands below each is read by its own module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.node import DataTest, Exposure, Macro, Source, UnitTest
from kpi_runner.load.exposures import read_exposure
from kpi_runner.load.properties import NodeProperties, read_properties
from kpi_runner.load.reader import Entry
from kpi_runner.load.sources import read_source
from kpi_runner.load.unit_tests import read_unit_test
from kpi_runner.load.yaml_file import Fields, Tree

RESOURCES = {"models": "model", "seeds": "seed", "snapshots": "snapshot"}
ACCEPTED = [
    "version",
    "macros",
    "analyses",
    "data_tests",
    "groups",
    "metrics",
    "semantic_models",
    "saved_queries",
    "anchors",
]
"""dbt's further top-level keys: nothing here reads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one or more YAML files declare."""

    properties: tuple[NodeProperties, ...] = ()
    sources: tuple[Source, ...] = ()
    tests: tuple[DataTest, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    unit_tests: tuple[UnitTest, ...] = ()


def read_declarations(
    tree: Tree,
    *,
    project: str,
    macros: Mapping[str, Macro],
    test_config: Mapping[str, Any] = MappingProxyType({}),
    is_landed: bool = True,
    diagnostics: list[Diagnostic],
) -> Declared:
    """Reads a YAML file of ``models:``, ``seeds:`` and ``sources:``.

    ``test_config`` holds for the tests below. ``is_landed`` is False where sources are tables
    that exist, as in a dbt project.
    """
    if not isinstance(tree, Fields):
        message = f"'{tree.span.path}' is not a mapping"
        hint = "Start with 'models:', 'seeds:' or 'sources:'."
        diagnostics.append(Diagnostic("K102", message, tree.span, hint))
        return Declared()
    top = Entry(tree, f"'{tree.span.path}'", diagnostics=diagnostics)
    properties: list[NodeProperties] = []
    tests: list[DataTest] = []
    for key, resource in RESOURCES.items():
        for entry in top.entries(key, resource):
            found, own_tests = read_properties(
                entry, resource, project=project, macros=macros, test_config=test_config
            )
            properties += [found] if found else []
            tests += own_tests
    sources: list[Source] = []
    for entry in top.entries("sources", "source"):
        tables, table_tests = read_source(
            entry, project=project, macros=macros, test_config=test_config, is_landed=is_landed
        )
        sources += tables
        tests += table_tests
    uses = [read_exposure(entry, project=project) for entry in top.entries("exposures", "exposure")]
    described = top.entries("unit_tests", "unit test")
    unit_tests = [read_unit_test(entry, project=project) for entry in described]
    top.ignore(*ACCEPTED)
    top.close()
    return Declared(
        properties=tuple(properties),
        sources=tuple(sources),
        tests=tuple(tests),
        exposures=tuple(exposure for exposure in uses if exposure),
        unit_tests=tuple(test for test in unit_tests if test),
    )
