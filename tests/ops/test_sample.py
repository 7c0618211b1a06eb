"""`kpi sample`: the same arguments give the same bytes, and the shop is coherent to the cent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml

from kpi_runner.core.errors import MachineFailed, UsageError
from kpi_runner.ops import sample as sample_module
from kpi_runner.ops.options import Options
from kpi_runner.ops.sample import Shop, sample
from tests.kit import ROOT

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SEEDS = ROOT / "seeds/raw"
CASES = yaml.safe_load((ROOT / "tests/cases/sample.yml").read_text("utf-8"))
SHOPS = ("embedded", "other")
SOURCES = [
    "ads",
    "email",
    "feedback",
    "ga4",
    "loyalty",
    "market",
    "search",
    "shop",
    "shopify",
    "social",
    "support",
]


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read_rows(folder: Path) -> dict[str, list[bytes] | str]:
    """The lines of each CSV file in one order; of Parquet a digest of its rows in theirs."""
    return {
        name: digest_rows(folder / name)
        if name.endswith(".parquet")
        else sorted(content.splitlines())
        for name, content in read_bytes(folder).items()
    }


def digest_rows(path: Path) -> str:
    query = f"select md5(string_agg(event::varchar, chr(10))) from '{path}' as event"
    with duckdb.connect(config={"threads": 1}) as connection:
        return str(connection.execute(query).fetchall()[0][0])


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DuckDBPyConnection]:
    """The embedded shop, and one of another seed, length, size and end."""
    other = tmp_path_factory.mktemp("other")
    sample(Options(), other, shop=Shop(days=150, orders_per_day=20, seed=7, end="2024-03-31"))
    folders = {"embedded": SEEDS, "other": other}
    return {name: load_tables(folder) for name, folder in folders.items()}


def load_tables(folder: Path) -> DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for path in sorted(folder.glob("*/*.csv")):
        # The id of a client looks like a number.
        types = "types={'user_pseudo_id': 'VARCHAR'}, " if path.stem == "orders" else ""
        connection.execute(
            f"create table {path.stem} as from read_csv('{path}', sample_size=-1, {types}"
            "auto_type_candidates=['BOOLEAN', 'BIGINT', 'DECIMAL(18,4)', 'DATE', "
            "'TIMESTAMPTZ', 'VARCHAR'])"
        )
    for path in sorted(folder.glob("*/*.parquet")):
        connection.execute(f"create view {path.stem} as from '{path}'")
    for name, query in CASES["views"].items():
        connection.execute(f"create table {name} as {query}")
    return connection


def test_the_embedded_shop_is_what_the_command_writes(tmp_path: Path) -> None:
    sample(Options(threads=1), tmp_path, shop=Shop())

    # Versions of DuckDB may write the same rows as other bytes.
    written, kept = read_rows(tmp_path), read_rows(SEEDS)
    assert written.keys() == kept.keys()
    assert [name for name in kept if written[name] != kept[name]] == []


def test_threads_change_no_byte_and_chunks_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(days=90, orders_per_day=40, seed=3)
    sample(Options(threads=1), tmp_path / "one", shop=shop)
    sample(Options(threads=4), tmp_path / "four", shop=shop)
    monkeypatch.setattr(sample_module, "CHUNK_ORDERS", 500)
    sample(Options(threads=4), tmp_path / "many", shop=shop)

    assert read_bytes(tmp_path / "one") == read_bytes(tmp_path / "four")
    assert read_rows(tmp_path / "one") == read_rows(tmp_path / "many")


def test_another_seed_is_another_shop(tmp_path: Path) -> None:
    for seed in (1, 2):
        sample(Options(), tmp_path / str(seed), shop=Shop(days=30, seed=seed))

    one, two = read_bytes(tmp_path / "1"), read_bytes(tmp_path / "2")
    assert one.keys() == two.keys()
    assert one["shopify/orders.csv"] != two["shopify/orders.csv"]


def test_a_shop_has_exactly_the_orders_that_were_asked_for(tmp_path: Path) -> None:
    sample(Options(), tmp_path, shop=Shop(days=10, orders_per_day=2.5))

    lines = (tmp_path / "shopify/orders.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + 25


def test_nothing_but_tables_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / ".sample").mkdir()

    sample(Options(), tmp_path, shop=Shop(days=3))

    assert sorted(path.name for path in tmp_path.iterdir()) == SOURCES


def test_a_shop_without_orders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        sample(Options(), tmp_path, shop=Shop(days=0, orders_per_day=0, end="31.10.2026"))

    assert [d.code for d in refused.value.diagnostics] == ["K002", "K002", "K002"]


def test_the_embedded_shop_is_small() -> None:
    size = sum(path.stat().st_size for path in (ROOT / "seeds").rglob("*") if path.is_file())

    assert size < 20_000_000


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("sentence", CASES["holds"])
def test_it_holds_that(sentence: str, shop: str, shops: dict[str, DuckDBPyConnection]) -> None:
    broken = shops[shop].execute(CASES["holds"][sentence]).fetchmany(5)

    assert broken == []


@pytest.mark.parametrize("sentence", CASES["occurs"])
def test_the_embedded_shop_has(sentence: str, shops: dict[str, DuckDBPyConnection]) -> None:
    assert shops["embedded"].execute(CASES["occurs"][sentence]).fetchone()


@pytest.mark.parametrize("story", CASES["stories"])
def test_a_planted_story_can_be_found(story: str, shops: dict[str, DuckDBPyConnection]) -> None:
    assert shops["embedded"].execute(CASES["stories"][story]).fetchone()


def test_a_place_where_no_folder_can_be_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(MachineFailed) as failed:
        sample(Options(), tmp_path / "file" / "out", shop=Shop(days=3))

    assert [d.code for d in failed.value.diagnostics] == ["K703"]
