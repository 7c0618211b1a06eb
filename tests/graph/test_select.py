"""Selections of one small shop; the cases stand in ``tests/cases/select.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.errors import UsageError
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import DataTest, Exposure, Model, Node, NodeConfig, Scan, Seed, Source
from kpi_runner.core.project import Project
from kpi_runner.core.selection import Indirect, Selector, read_selection
from kpi_runner.graph.dag import Graph, build_graph
from kpi_runner.graph.select import Request, select

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/select.yml").read_text())
IDS: dict[str, NodeId] = {name: entry["id"] for name, entry in CASES["nodes"].items()}
EARLIER = {
    method: {
        value: frozenset(IDS[name] for name in names.split()) for value, names in facts.items()
    }
    for method, facts in CASES["earlier"].items()
}
NAMES = {node_id: name for name, node_id in IDS.items()}


def make_node(entry: dict[str, Any]) -> Node | Kpi:
    node_id = entry["id"]
    kind, _, name = node_id.split(".", 2)
    tags = tuple(entry.get("tags", ()))
    common = {"id": node_id, "path": entry["path"]}
    if kind == "source":
        source, table = name.split(".")
        return Source(
            **common, source=source, name=table, relation=Relation("raw", name), tags=tags
        )
    if kind == "kpi":
        return Kpi(**common, name=name, label=name, area="sales", kind="hard")
    if kind == "exposure":
        return Exposure(**common, name=name, tags=tags)
    if kind == "test":
        severity = Severity(entry.get("severity", "error"))
        return DataTest(**common, name=name, kind=entry["kind"], tags=tags, severity=severity)
    config = NodeConfig(
        materialized=entry.get("materialized", "view"), tags=tags, extra=entry.get("config", {})
    )
    fqn = tuple(entry["fqn"].split("."))
    built = {**common, "name": name, "config": config, "relation": Relation("core", name)}
    return (
        Seed(**built, fqn=fqn) if kind == "seed" else Model(**built, fqn=fqn, raw="", scan=Scan())
    )


@pytest.fixture(scope="module")
def shop() -> tuple[Project, Graph]:
    entries = list(CASES["nodes"].values())
    nodes = {entry["id"]: make_node(entry) for entry in entries}
    parents = {e["id"]: tuple(IDS[n] for n in e.get("reads", "").split()) for e in entries}

    def of(kind: str) -> dict[NodeId, Any]:
        return {name: node for name, node in nodes.items() if name.startswith(f"{kind}.")}

    selectors = {
        name: Selector(name=name, definition=read_selection([text]))
        for name, text in CASES["selectors"].items()
    }
    project = Project(
        config=ProjectConfig(name="shop", root=Path()),
        target=TargetConfig(),
        selectors=selectors,
        models=of("model"),
        seeds=of("seed"),
        sources=of("source"),
        tests=of("test"),
        exposures=of("exposure"),
        kpis=of("kpi"),
        parents=parents,
    )
    return project, build_graph(parents, project.nodes)


def options(case: dict[str, Any]) -> dict[str, Any]:
    values = {key: case[key] for key in ("select", "exclude") if key in case}
    named = {"selector": case["selector"]} if "selector" in case else {}
    texts = {key: (v,) if isinstance(v, str) else tuple(v) for key, v in values.items()}
    indirect = {"indirect": Indirect(case["indirect"])} if "indirect" in case else {}
    return {**texts, **named, **indirect}


@pytest.mark.parametrize(
    "case", CASES["rows"], ids=lambda c: " - ".join(map(str, options(c).values()))
)
def test_selection_means_these_nodes(shop: tuple[Project, Graph], case: dict[str, Any]) -> None:
    found = select(*shop, request=Request(**options(case), allow_empty=True), earlier=EARLIER)

    assert set(case["is"].split()) == {NAMES[node_id] for node_id in found}


@pytest.mark.parametrize("case", CASES["mistakes"], ids=lambda c: str(options(c)))
def test_selection_that_means_nothing_says_why(
    shop: tuple[Project, Graph], case: dict[str, Any]
) -> None:
    with pytest.raises(UsageError) as caught:
        select(*shop, request=Request(**options(case)))

    printed = "\n".join(f"{d.code}: {d.message}\n{d.hint}" for d in caught.value.diagnostics)
    assert [text for text in case["says"] if text not in printed] == []


def test_no_selection_means_every_node(shop: tuple[Project, Graph]) -> None:
    assert set(IDS.values()) == select(*shop)


def test_a_project_without_nodes_needs_no_selection() -> None:
    project = Project(config=ProjectConfig(name="shop", root=Path()), target=TargetConfig())

    assert frozenset() == select(project, build_graph({}, ()))
