"""A project as loaded: all nodes, KPIs and macros, linked, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest, Exposure, Macro, Model, Node, Seed, Source, UnitTest
from kpi_runner.core.selection import Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Everything read from a project's files.

    ``parents`` holds, for each model, test and KPI, the ids of the nodes that it reads
    (linked: each id is a key of one of the mappings).
    """

    config: ProjectConfig
    target: TargetConfig
    models: Mapping[NodeId, Model] = field(default_factory=dict)
    seeds: Mapping[NodeId, Seed] = field(default_factory=dict)
    sources: Mapping[NodeId, Source] = field(default_factory=dict)
    tests: Mapping[NodeId, DataTest] = field(default_factory=dict)
    unit_tests: Mapping[NodeId, UnitTest] = field(default_factory=dict)
    kpis: Mapping[NodeId, Kpi] = field(default_factory=dict)
    exposures: Mapping[NodeId, Exposure] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    parents: Mapping[NodeId, tuple[NodeId, ...]] = field(default_factory=dict)
    selectors: Mapping[str, Selector] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def nodes(self) -> Mapping[NodeId, Node | Kpi]:
        """Every node of the graph by its id."""
        return {
            **self.sources,
            **self.seeds,
            **self.models,
            **self.tests,
            **self.unit_tests,
            **self.kpis,
            **self.exposures,
        }

    def find_model(self, name: str) -> Model | Seed | None:
        """Returns the model, seed or snapshot of a name, or None."""
        key = f"{self.config.name}.{name}"
        built = self.models.get(f"model.{key}") or self.seeds.get(f"seed.{key}")
        return built or self.models.get(f"snapshot.{key}")

    def find_kpi(self, name: str) -> Kpi | None:
        """Returns the KPI of a name, or None."""
        return self.kpis.get(f"kpi.{self.config.name}.{name}")
