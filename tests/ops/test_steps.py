"""Which relations a node reads, through what is no relation."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.core.project import Project
from kpi_runner.ops.steps import relation_parents
from kpi_runner.ops.workspace import Workspace


def test_many_ways_to_the_same_relation_are_walked_once() -> None:
    """Each of sixty KPIs is made of the two before it."""
    names = [f"kpi.shop.k{number}" for number in range(60)]
    parents = {names[n]: (names[n - 1], names[n - 2]) for n in range(2, 60)}
    parents |= dict.fromkeys(names[:2], ("model.shop.fct_orders",))
    project = Project(
        config=ProjectConfig(name="shop", root=Path()),
        target=TargetConfig(),
        kpis=cast(Any, dict.fromkeys(names)),
        parents=parents,
    )

    found = relation_parents(cast(Workspace, SimpleNamespace(project=project)), names[-1])

    assert list(found) == ["model.shop.fct_orders"]
