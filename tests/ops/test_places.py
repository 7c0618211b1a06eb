"""Where databases and artifacts lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import find_places

ROOT = Path("/p")
CASES = [
    (Options(), ("seeds/raw", ".kpi/work.duckdb", "warehouse.duckdb", "target")),
    (
        Options(raw="/data/olist/"),
        ("/data/olist", ".kpi/work.olist.duckdb", "warehouse.olist.duckdb", "target"),
    ),
    (
        Options(raw="/data/olist", database="/tmp/w.db", target_path="/tmp/t"),
        ("/data/olist", ".kpi/work.olist.duckdb", "/tmp/w.db", "/tmp/t"),
    ),
]


@pytest.mark.parametrize(("options", "expected"), CASES)
def test_each_raw_folder_has_its_own_databases(
    options: Options, expected: tuple[str, str, str, str]
) -> None:
    config = ProjectConfig(name="shop", root=ROOT)

    places = find_places(options, config=config, target=TargetConfig())

    assert (places.raw, places.work, places.published, places.artifacts) == tuple(
        ROOT / path for path in expected
    )


def test_flags_count_from_the_working_directory_and_settings_from_the_project() -> None:
    config = ProjectConfig(name="shop", root=ROOT, target_path="out")
    target = TargetConfig(database="data/w.duckdb", raw_dir="raw")

    from_flags = find_places(
        Options(raw="r", database="w.db", target_path="t"), config=config, target=target
    )
    from_settings = find_places(Options(), config=config, target=target)

    assert (from_flags.raw, from_flags.published, from_flags.artifacts) == (
        Path("r"),
        Path("w.db"),
        Path("t"),
    )
    assert (from_settings.raw, from_settings.published, from_settings.artifacts) == (
        ROOT / "raw",
        ROOT / "data/w.duckdb",
        ROOT / "out",
    )


def test_no_two_raw_folders_and_trials_share_a_database() -> None:
    asked = [Options(raw=f"/data/{name}") for name in ("x.sample", "sample", "raw-sample", "x")]
    asked.append(Options(raw="/data/x", sample="3 days"))
    config = ProjectConfig(name="shop", root=ROOT)

    found = {find_places(one, config=config, target=TargetConfig()).work for one in asked}

    assert len(found) == len(asked)


@pytest.mark.parametrize("name", ["alice", "empty", "sample"])
def test_a_raw_folder_named_like_a_target_or_a_trial_shares_no_database(name: str) -> None:
    alice = TargetConfig(name="alice", database="warehouse.alice.duckdb")
    targets = {"dev": TargetConfig(), "alice": alice}
    config = ProjectConfig(name="shop", root=ROOT, targets=targets)
    asked = [
        (Options(raw=f"/data/{name}"), targets["dev"]),
        (Options(), alice),
        (Options(empty=True), targets["dev"]),
        (Options(sample="3 days"), targets["dev"]),
    ]

    found = [find_places(options, config=config, target=target) for options, target in asked]

    assert len({places.work for places in found}) == len(asked)
    assert found[0].published != found[1].published
