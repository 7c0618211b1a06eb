"""External models: files that change with what is public, and never before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest

from kpi_runner.adapters.duckdb import DuckDBAdapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from kpi_runner.run.external import StagedFile
from tests.kit import Outcome

Make = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

PARQUET = "{{ config(materialized='external', location='out/orders.parquet') }}\nselect 1 as id"
PARTITIONED = (
    "{{ config(materialized='external', location='out', partition_by='day') }}\n"
    "select 1 as id, 'mon' as day"
)
FAILING_TEST = {"tests/data/never.sql": "select * from {{ ref('orders') }}"}


def rows(path: Path) -> list[tuple[object, ...]]:
    return duckdb.execute(f"from '{path}'").fetchall()


def test_the_file_is_written_and_others_read_the_model(project: Make, kpi: Kpi) -> None:
    root = project(
        {"models/orders.sql": PARQUET, "models/after.sql": "select id from {{ ref('orders') }}"}
    )

    outcome = kpi("build")

    assert outcome.exit_code == 0, outcome.output
    assert "Wrote 'out/orders.parquet'." in outcome.output
    assert rows(root / "out/orders.parquet") == [(1,)]
    assert [path.name for path in (root / "out").iterdir()] == ["orders.parquet"]


def test_a_failed_check_leaves_the_file_as_it_was(project: Make, kpi: Kpi) -> None:
    root = project({"models/orders.sql": PARQUET})
    kpi("build")
    project({"models/orders.sql": PARQUET.replace("1 as id", "2 as id"), **FAILING_TEST})

    assert kpi("build").exit_code == 1
    assert rows(root / "out/orders.parquet") == [(1,)]
    (root / "tests/data/never.sql").unlink()
    assert kpi("build").exit_code == 0
    assert rows(root / "out/orders.parquet") == [(2,)]


def test_nothing_is_written_twice_but_a_file_that_is_gone(project: Make, kpi: Kpi) -> None:
    root = project({"models/orders.sql": PARQUET})
    kpi("build")

    assert "Nothing to do" in kpi("build").output
    (root / "out/orders.parquet").unlink()
    assert "Wrote" in kpi("build").output
    assert rows(root / "out/orders.parquet") == [(1,)]


@pytest.mark.parametrize(
    "setting", ["partition_by='zz'", "delimiter=';;;;;;'", "options={'bogus': 1}"]
)
def test_what_cannot_be_written_is_not_published(project: Make, kpi: Kpi, setting: str) -> None:
    config = f"materialized='external', location='out/a.csv', {setting}"
    root = project({"models/orders.sql": f"{{{{ config({config}) }}}}\nselect 1 as a"})

    outcome = kpi("build")

    assert outcome.exit_code == 1, outcome.output
    assert "error[K710]: 'orders' cannot be written to 'out/a.csv': " in outcome.output
    assert "--> models/orders.sql:1:4" in outcome.output
    assert not (root / "warehouse.duckdb").exists()
    assert list((root / "out").iterdir()) == []


def test_a_file_that_another_target_wrote_over_is_written_again(project: Make, kpi: Kpi) -> None:
    targets = "\n".join(f"[tool.kpi.targets.{name}]\nthreads = 1" for name in ("prod", "dev"))
    root = project({
        "pyproject.toml": f'[tool.kpi]\nname = "shop"\ntarget = "prod"\n{targets}\n',
        "models/orders.sql": "{{ config(materialized='external', location='orders.csv') }}\n"
        "select '{{ target.name }}' as name",
    })  # fmt: skip

    for target in ("prod", "dev", "prod"):
        assert kpi("build", "--target", target).exit_code == 0
        assert (root / "orders.csv").read_text() == f"name\n{target}\n"


def test_csv_with_options(project: Make, kpi: Kpi) -> None:
    config = "materialized='external', format='csv', delimiter=';', options={'quote': \"'\"}"
    root = project({"models/orders.sql": f"{{{{ config({config}) }}}}\nselect 1 as a, 'x;y' as b"})

    assert kpi("build").exit_code == 0
    assert (root / "orders.csv").read_text() == "a;b\n1;'x;y'\n"


def test_partitions_are_a_folder_that_is_replaced(project: Make, kpi: Kpi) -> None:
    root = project({"models/orders.sql": PARTITIONED})
    kpi("build")
    project({"models/orders.sql": PARTITIONED.replace("mon", "tue")})

    assert kpi("build").exit_code == 0
    assert [path.name for path in (root / "out").iterdir()] == ["day=tue"]
    assert not list(root.glob(".out*"))


def test_a_command_that_ends_before_the_rename_is_made_good(
    project: Make, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"models/orders.sql": PARQUET})
    execute = DuckDBAdapter.execute

    def fail(self: DuckDBAdapter, sql: str) -> int:
        if sql.startswith("copy core.orders"):
            raise MachineFailed(Diagnostic("K705", "the connection is gone"))
        return execute(self, sql)

    with monkeypatch.context() as patch:
        patch.setattr(DuckDBAdapter, "execute", fail)
        assert kpi("build").exit_code == 4
    assert not (root / "out/orders.parquet").exists()

    assert kpi("build").exit_code == 0
    assert rows(root / "out/orders.parquet") == [(1,)]


def test_a_folder_is_known_again_after_a_kill_before_it_was_noted(
    project: Make, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"models/orders.sql": PARTITIONED})

    place = StagedFile.place

    def place_and_stop(file: StagedFile) -> None:
        place(file)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StagedFile, "place", place_and_stop)
        assert kpi("build").exit_code != 0
    assert (root / "out/day=mon").is_dir()

    assert kpi("build").exit_code == 0


@pytest.mark.parametrize("location", ["out", "out.parquet"])
def test_a_folder_that_the_project_did_not_write_stays(
    project: Make, kpi: Kpi, location: str
) -> None:
    model = PARTITIONED.replace("'out'", f"'{location}'")
    root = project({"models/orders.sql": model, f"{location}/precious.csv": "id\n1\n"})

    outcome = kpi("build")

    assert outcome.exit_code == 2 and "is a folder that it has not written" in outcome.output
    assert (root / location / "precious.csv").read_text() == "id\n1\n"
    assert not (root / "warehouse.duckdb").exists()


def test_a_file_takes_no_place_of_a_folder(project: Make, kpi: Kpi) -> None:
    root = project({"models/orders.sql": PARQUET, "out/orders.parquet/precious.csv": "id\n1\n"})

    outcome = kpi("build")

    assert outcome.exit_code == 2 and "is a folder" in outcome.output
    assert (root / "out/orders.parquet/precious.csv").exists()


def test_partitions_take_no_place_of_a_file(project: Make, kpi: Kpi) -> None:
    root = project({"models/orders.sql": PARTITIONED, "out": "precious"})

    outcome = kpi("build")

    assert outcome.exit_code == 2
    assert "is a file, and its partitions need a folder" in outcome.output
    assert (root / "out").read_text() == "precious"


@pytest.mark.parametrize("flags", [("--database", "out/orders.parquet"), ("--raw", "out")])
def test_a_place_that_a_flag_names_is_not_written_over(
    project: Make, kpi: Kpi, flags: tuple[str, str]
) -> None:
    root = project({"models/orders.sql": PARQUET})
    (root / "out").mkdir()

    outcome = kpi("build", *flags)

    assert outcome.exit_code == 2, outcome.output
    assert "where 'orders' is to be written" in outcome.output
    assert list((root / "out").iterdir()) == []
