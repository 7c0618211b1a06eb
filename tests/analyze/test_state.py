"""What counts as a change of a node, one edit at a time; edits stand in ``cases/state.yml``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kpi_runner.analyze.state import compare_manifests, state_words
from kpi_runner.core.manifest import Manifest, build_manifest, manifest_record, read_manifest
from kpi_runner.load.project import load_project
from tests.kit import write_project

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/state.yml").read_text())


def describe(folder: Path, files: dict[str, str]) -> Manifest:
    """The manifest of a project, by way of the file that it is kept in."""
    folder.mkdir()
    project = load_project(write_project(folder, files))
    assert project.diagnostics == ()
    seeds = {seed.id: (folder / seed.path).read_text() for seed in project.seeds.values()}
    manifest = build_manifest(project, metadata={}, seeds=seeds, compiled={})
    return read_manifest(json.loads(json.dumps(manifest_record(manifest))))


@pytest.mark.parametrize("case", CASES["edits"], ids=lambda case: case["edit"])
def test_an_edit_changes_these_nodes(tmp_path: Path, case: dict[str, Any]) -> None:
    files = CASES["files"]
    path, old, new = case["in"], case.get("replace", ""), case["by"]
    edited = files.get(path, "").replace(old, new) if old else new
    assert edited != files.get(path)

    changes = compare_manifests(
        describe(tmp_path / "before", files), describe(tmp_path / "now", {**files, path: edited})
    )

    found = {name.split(".", 2)[2]: " ".join(respects) for name, respects in changes.items()}
    assert found == case["changes"]


def test_words_of_the_selector(tmp_path: Path) -> None:
    files = CASES["files"]
    edited = {
        **files,
        "models/added.sql": "select 1 as id",
        "models/stg_orders.sql": "select 2 as id",
    }

    words = state_words(describe(tmp_path / "before", files), describe(tmp_path / "now", edited))

    assert words["new"] == {"model.shop.added"}
    assert words["modified"] == {"model.shop.added", "model.shop.stg_orders"}
    assert words["modified.body"] == {"model.shop.stg_orders"}
    assert words["modified.macros"] == frozenset()
    assert "model.shop.fct_orders" in words["unmodified"] & words["old"]
    assert words["unmodified"] | words["modified"] == words["new"] | words["old"]
