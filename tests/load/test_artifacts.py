"""Artifacts of an earlier run are read whole, or refused with a code."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from kpi_runner.analyze.state import state_words
from kpi_runner.core.errors import UsageError
from kpi_runner.core.manifest import build_manifest, manifest_record
from kpi_runner.load.artifacts import load_manifest, load_run_results, load_sources
from kpi_runner.load.project import load_project
from tests.kit import write_project

FILES = {
    "models/a.sql": "select {{ one() }} as id",
    "models/a.yml": "models: [{name: a, columns: [{name: id, data_tests: [not_null]}]}]",
    "macros/one.sql": "{% macro one() %}1{% endmacro %}",
}


@pytest.fixture
def text(tmp_path: Path) -> str:
    project = load_project(write_project(tmp_path, FILES))
    manifest = build_manifest(project, metadata={}, seeds={}, compiled={})
    return json.dumps(manifest_record(manifest))


def test_a_manifest_compares_with_itself_as_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    manifest = load_manifest(tmp_path)

    assert state_words(manifest, manifest)["modified"] == frozenset()
    assert len(manifest.nodes) == 2


def test_a_damaged_manifest_is_refused_or_can_be_compared_with(tmp_path: Path, text: str) -> None:
    now_path = tmp_path / "now"
    now_path.mkdir()
    (now_path / "manifest.json").write_text(text)
    now = load_manifest(now_path)
    chance = random.Random(1)
    refused = 0
    for _ in range(300):
        record = json.loads(text)
        _damage(record, chance)
        (tmp_path / "manifest.json").write_text(json.dumps(record))
        try:
            state_words(load_manifest(tmp_path), now)
        except UsageError as error:
            refused += 1
            assert error.diagnostics[0].code == "K011"

    assert refused


def _damage(record: object, chance: random.Random) -> None:
    """Replaces one value, somewhere, by another of a wrong type."""
    while isinstance(record, dict) and record:
        key = chance.choice(sorted(record))
        if chance.random() < 0.4 or not isinstance(record[key], dict):
            record[key] = chance.choice([None, 7, "x", [], {}, [1]])
            return
        record = record[key]


@pytest.mark.parametrize(
    ("name", "load"), [("run_results.json", load_run_results), ("sources.json", load_sources)]
)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "K010"),
        ("", "K011"),
        ("[]", "K011"),
        ('{"metadata": {"dbt_schema_version": "v6"}, "results": [], "args": {}}', "K011"),
        ('{"metadata": {"schema_version": 1}, "results": [7]}', "K011"),
        ('{"metadata": {"schema_version": 1, "exit_code": 0}, "results": 7, "args": 7}', "K011"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, name: str, load: Callable[[Path], object], text: str | None, code: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)

    with pytest.raises(UsageError, match=code):
        load(tmp_path)
