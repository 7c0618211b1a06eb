from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column, Source
from kpi_runner.core.result import LandResult
from kpi_runner.core.span import Span
from kpi_runner.load.raw import find_raw_files
from kpi_runner.run.land import MappingTemplates, land_tables
from kpi_runner.run.state import read_raw_tables

CASES = Path(__file__).parents[1] / "cases" / "landing"
TABLE = Source(
    id="source.shop.s.t",
    source="s",
    name="t",
    relation=Relation("raw_s", "t"),
    key=("id",),
    columns=(
        Column(name="id", data_type="varchar", is_required=True),
        Column(name="price", data_type="decimal(18,2)", is_required=True),
        Column(name="qty", data_type="bigint", is_required=True),
        Column(name="sold_at", data_type="timestamptz", is_required=True),
        Column(name="paid", data_type="boolean", default="false"),
        Column(name="tags", data_type="varchar"),
    ),
)
GOOD = "id,price,qty,sold_at\n1,1,1,\n"


class Shop:
    """A project with one raw table, whose file a test writes and lands."""

    def __init__(self, root: Path, adapter: Adapter) -> None:
        self.root, self.adapter = root, adapter
        (root / "raw" / "s").mkdir(parents=True)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / "raw" / "s" / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def land(self, *, source: Source = TABLE, is_anew: bool = False) -> LandResult:
        files, found = find_raw_files(str(self.root / "raw"), {source.id: source}, root=self.root)
        assert found == ()
        (result,) = land_tables(
            self.adapter,
            [source],
            files=files,
            mappings=MappingTemplates(
                render=lambda file: file.text.replace("{{ root }}", str(self.root)),
                locate=lambda path, place: Span(path, *place),
            ),
            emit=lambda event: None,
            is_anew=is_anew,
        )
        return result

    def rows(self) -> list[list[Any]]:
        texts = ", ".join(f"{column.name}::varchar" for column in TABLE.columns)
        return [list(r) for r in self.adapter.query(f"select {texts} from raw_s.t order by 1").rows]

    def data_fingerprint(self) -> str:
        return read_raw_tables(self.adapter)[TABLE.id].data_fingerprint


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    adapter = open_adapter(TargetConfig(threads=2), Path(":memory:"))
    yield Shop(tmp_path, adapter)
    adapter.close()


def read_cases(name: str) -> list[Any]:
    cases = yaml.safe_load((CASES / name).read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in cases]


def shown(found: Diagnostic) -> str:
    assert found.span
    place = f"{found.span.line}:{found.span.column}"
    notes = f" ({'; '.join(found.notes)})" if found.notes else ""
    return f"{found.code} {place} {found.message}{notes}"


@pytest.mark.parametrize("case", read_cases("refused.yml"))
def test_file_is_refused_and_nothing_is_replaced(shop: Shop, case: dict[str, Any]) -> None:
    shop.write("t.csv", GOOD)
    shop.land()
    before = shop.rows()
    (shop.root / "raw/s/t.csv").unlink()
    shop.write(case["file"], case["text"])

    result = shop.land()

    assert [shown(found) for found in result.diagnostics] == case["expect"]
    assert shop.rows() == before


@pytest.mark.parametrize("case", read_cases("landed.yml"))
def test_file_lands(shop: Shop, case: dict[str, Any]) -> None:
    shop.write(case["file"], case["text"])

    result = shop.land()

    assert shop.rows() == case["rows"]
    assert [f"{d.code} {d.message}" for d in result.diagnostics] == case.get("warnings", [])
    assert (result.rows, result.is_missing, result.is_changed) == (len(case["rows"]), False, True)


def test_packed_file_lands_as_the_plain_one(shop: Shop) -> None:
    shop.write("t.csv.gz", gzip.compress(GOOD.encode()))

    assert shop.land().rows == 1


def test_parquet_row_of_a_wrong_type_is_named_by_its_number(shop: Shop) -> None:
    shop.adapter.execute(
        "copy (select 'a' as id, '1' as price, 1 as qty, null::timestamp as sold_at union all "
        f"select 'b', 'x', 1, null) to '{shop.root / 'raw/s/t.parquet'}'"
    )

    (found,) = shop.land().diagnostics

    assert found.message == "row 2: column 'price' holds 'x', which is not a decimal(18,2)"


def test_bytes_that_are_no_text_are_placed(shop: Shop) -> None:
    shop.write("t.csv", GOOD.encode() + b"2,\xff,1,\n")

    (found,) = shop.land().diagnostics

    assert shown(found) == "K903 3:3 line 3 is not UTF-8 text (byte 0xff)"


def test_only_twenty_bad_values_are_shown_and_the_rest_counted(shop: Shop) -> None:
    shop.write("t.csv", "id,price,qty,sold_at\n" + "".join(f"{i},x{i},1,\n" for i in range(33)))

    found = shop.land().diagnostics

    assert len(found) == 20
    assert found[-1].notes == ("and 13 more",)


def test_one_bad_value_in_many_rows_is_told_once_with_its_count(shop: Shop) -> None:
    shop.write("t.csv", "id,price,qty,sold_at\n" + "".join(f"{i},x,1,\n" for i in range(33)))

    (found,) = shop.land().diagnostics

    assert found.notes == ("the same in 32 more rows: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …",)


def test_long_field_does_not_hide_what_is_wrong(shop: Shop) -> None:
    shop.write("t.csv", f"id,tags,price,qty,sold_at\n1,{'x' * 140_000},1,1,\n2,,abc,1,\n")

    (found,) = shop.land().diagnostics

    assert shown(found).startswith("K901 3:4 column 3 'price' holds 'abc'")


def test_table_without_a_file_is_missing_and_empty(shop: Shop) -> None:
    first, second = shop.land(), shop.land()

    assert (first.is_missing, first.is_changed) == (True, True)
    assert (second.is_missing, second.is_changed) == (True, False)
    assert shop.rows() == []


def test_table_whose_file_goes_away_becomes_missing(shop: Shop) -> None:
    path = shop.write("t.csv", GOOD)
    shop.land()
    path.unlink()

    result = shop.land()

    assert (result.is_missing, result.is_changed, shop.rows()) == (True, True, [])


def test_unchanged_file_is_not_landed_again(shop: Shop) -> None:
    shop.write("t.csv", GOOD)
    shop.land()
    shop.adapter.execute("delete from raw_s.t")

    result = shop.land()

    assert (result.is_changed, result.rows, shop.rows()) == (False, 1, [])


def touch(path: Path) -> None:
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize(
    ("change", "is_changed"),
    [
        (touch, False),
        (lambda path: path.write_text(GOOD + "2,2,2,\n"), True),
    ],
)
def test_touched_file_counts_as_changed_only_with_its_bytes(
    shop: Shop, change: Callable[[Path], object], is_changed: bool
) -> None:
    path = shop.write("t.csv", GOOD)
    shop.land()
    before = shop.data_fingerprint()

    change(path)

    assert shop.land().is_changed == is_changed
    assert (shop.data_fingerprint() != before) == is_changed


@pytest.mark.parametrize("order", ["id", "id desc"])
def test_mapping_that_gives_the_same_rows_is_unchanged(shop: Shop, order: str) -> None:
    query = "select range as id, 1 as price, 1 as qty, null as sold_at from range(9) order by {}"
    shop.write("t.sql", query.format("id"))
    shop.land()

    shop.write("t.sql", query.format(order))

    assert not shop.land().is_changed


def test_mapping_that_gives_other_rows_is_changed(shop: Shop) -> None:
    query = "select range as id, {} as price, 1 as qty, null as sold_at from range(9)"
    shop.write("t.sql", query.format("null"))
    shop.land()

    shop.write("t.sql", query.format("0"))

    assert shop.land().is_changed


def test_mapping_that_names_what_it_reads_lands_again_only_with_that(shop: Shop) -> None:
    data = shop.root / "data.csv"
    data.write_text("id\n1\n")
    shop.write(
        "t.sql",
        "-- reads: {{ root }}/*.csv\n"
        "select id, 1 as price, 1 as qty, null as sold_at from '{{ root }}/data.csv'",
    )
    shop.land()
    shop.adapter.execute("delete from raw_s.t")

    same = shop.land()
    data.write_text("id\n1\n2\n")
    other = shop.land()

    assert (same.rows, other.rows, len(shop.rows())) == (1, 2, 2)


def test_file_of_the_same_size_and_time_is_landed_again(shop: Shop) -> None:
    """Copying tools keep the time of a file; nothing can keep when it was copied."""
    path = shop.write("t.csv", GOOD)
    shop.land()
    then = path.stat().st_mtime_ns

    path.write_text(GOOD.replace("1,1,1,", "1,9,1,"))
    os.utime(path, ns=(1, then))

    assert shop.land().is_changed
    assert shop.rows()[0][1] == "9.00"


def test_every_file_is_landed_anew_where_that_is_asked_for(shop: Shop) -> None:
    shop.write("t.csv", GOOD)
    shop.land()
    shop.adapter.execute("delete from raw_s.t")

    shop.land(is_anew=True)

    assert len(shop.rows()) == 1


def test_a_table_that_somebody_dropped_is_landed_again(shop: Shop) -> None:
    shop.write("t.csv", GOOD)
    shop.land()
    shop.adapter.execute("drop table raw_s.t")

    shop.land()

    assert len(shop.rows()) == 1


def test_a_table_of_the_name_that_a_source_has_now_is_not_taken_for_its_rows(shop: Shop) -> None:
    shop.write("t.csv", GOOD)
    shop.land()
    shop.adapter.execute("create table raw_s.moved as from raw_s.t where false")

    shop.land(source=replace(TABLE, relation=Relation("raw_s", "moved")))

    assert shop.adapter.query("select count(*) from raw_s.moved").scalar == 1
    assert Relation("raw_s", "t") not in shop.adapter.relations()
