"""selectors.yml in dbt's shapes, each by the nodes that it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.core.project import Project
from kpi_runner.graph.dag import build_graph
from kpi_runner.graph.select import Request, check_selectors, select
from kpi_runner.load.project import load_project
from tests.kit import write_project

MODELS = {
    "models/staging/a.sql": "{{ config(tags=['x']) }} select 1 as id",
    "models/staging/b.sql": "{{ config(tags=['x', 'y']) }} select * from {{ ref('a') }}",
    "models/marts/c.sql": "{{ config(tags=['y']) }} select * from {{ ref('b') }}",
    "models/marts/d.sql": "select * from {{ ref('a') }} cross join {{ ref('c') }}",
    "models/marts/d.yml": """\
models:
  - name: d
    data_tests: [{relationships: {arguments: {column_name: id, to: ref('b'), field: id}}}]
""",
}
TEST = "relationships_d_id__id__ref_b_"


def load(folder: Path, text: str) -> Project:
    return load_project(write_project(folder, {**MODELS, "selectors.yml": f"selectors:\n{text}"}))


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("'tag:x'", "a b"),
        ("'tag:x,tag:y c'", "b c"),
        ("{tag: y}", "b c"),
        ("{method: tag, value: y, parents: true}", "a b c"),
        ("{method: fqn, value: d, parents: true, parents_depth: 1}", "a c d"),
        ("{method: fqn, value: a, children: true, children_depth: 1}", "a b d"),
        ("{method: fqn, value: b, childrens_parents: true}", "a b c d"),
        ("{method: config.materialized, value: view}", "a b c d"),
        ("{union: ['tag:x', {tag: y}]}", "a b c"),
        ("{intersection: ['tag:x', {tag: y}]}", "b"),
        ("{union: [{method: path, value: models/marts}, {exclude: [{tag: y}]}]}", "d"),
        ("{method: path, value: models, exclude: [{tag: y}, 'd']}", "a"),
        ("{union: [{intersection: ['tag:x', 'tag:y']}, 'd']}", "b d"),
        ("{method: selector, value: other, children: true}", "c d"),
    ],
)
def test_definition_means_these_models(tmp_path: Path, definition: str, expected: str) -> None:
    project = load(
        tmp_path,
        f"  - {{name: one, definition: {definition}}}\n"
        "  - {name: other, definition: {intersection: ['tag:y', 'path:models/marts']}}\n",
    )
    assert project.diagnostics == ()

    found = select(
        project, build_graph(project.parents, project.nodes), request=Request(selector="one")
    )

    models = {project.models[node].name for node in found if node in project.models}
    assert models == set(expected.split())


@pytest.mark.parametrize(
    ("mode", "has_test"), [("eager", True), ("cautious", False), ("empty", False)]
)
def test_a_part_may_say_which_tests_come_along(tmp_path: Path, mode: str, has_test: bool) -> None:
    project = load(
        tmp_path,
        f"  - name: one\n    definition: {{method: fqn, value: d, indirect_selection: {mode}}}\n",
    )

    found = select(
        project, build_graph(project.parents, project.nodes), request=Request(selector="one")
    )

    assert any(node in project.tests for node in found) == has_test


def test_the_default_selector_holds_where_nothing_is_selected(tmp_path: Path) -> None:
    project = load(tmp_path, "  - {name: one, default: true, definition: 'tag:x'}\n")
    graph = build_graph(project.parents, project.nodes)

    assert "model.shop.c" not in select(project, graph)
    assert "model.shop.c" in select(project, graph, request=Request(select=("c",)))


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("  - {name: one}", "K104", "selectors.yml:2:5"),
        ("  - {definition: a}", "K104", "selectors.yml:2:5"),
        ("  - {name: one, definition: {method: tag}}", "K104", "selectors.yml:2:29"),
        ("  - {name: one, definition: {tag: x, path: y}}", "K104", "selectors.yml:2:29"),
        ("  - {name: one, definition: [a, b]}", "K102", "selectors.yml:2:29"),
        ("  - {name: one, definition: a, defualt: true}", "K103", "selectors.yml:2:32"),
        (
            "  - {name: a, definition: b}\n  - {name: a, definition: b}",
            "K204",
            "selectors.yml:3:12",
        ),
        (
            "  - {name: a, default: true, definition: b}\n"
            "  - {name: b, default: true, definition: b}",
            "K110",
            "selectors.yml:3:12",
        ),
        (
            "  - {name: a, definition: {method: fqn, value: a, indirect_selection: all}}",
            "K105",
            ":2:",
        ),
    ],
)
def test_a_mistake_has_a_place(tmp_path: Path, text: str, code: str, place: str) -> None:
    (finding,) = load(tmp_path, text).diagnostics

    assert finding.code == code
    assert place in str(finding.span)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("{tagg: x}", "K004: unknown selector method 'tagg' in 'tagg:x'"),
        ("'selector:nix'", "K012: there is no selector 'nix'"),
        ("{state: modifed}", "K002: 'modifed' in 'state:modifed'"),
    ],
)
def test_definitions_are_checked_before_they_are_used(
    tmp_path: Path, definition: str, message: str
) -> None:
    project = load(tmp_path, f"  - {{name: one, definition: {definition}}}\n")

    (finding,) = check_selectors(project)

    assert f"{finding.code}: {finding.message}".startswith(message)
    assert finding.span and finding.span.path == "selectors.yml"
