from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.names import BUILD_TABLE, Relation
from kpi_runner.run.publish import RelationFailed, build_query, publish
from kpi_runner.run.state import PublishedState, prepare_state, read_published

ORDERS = Relation("core", "fct_orders")
RESULTS = Relation("kpi", "assertion_results")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    adapter = open_adapter(TargetConfig(threads=2), Path(":memory:"))
    prepare_state(adapter)
    adapter.execute("create schema core")
    yield adapter
    adapter.close()


def publish_orders(adapter: Adapter, path: Path, number: int) -> None:
    adapter.execute(f"create or replace view core.fct_orders as select {number} as id")
    info = PublishedState(
        build_id=f"b{number}",
        path=path.name,
        published_at="2026-05-01T02:03:04+00:00",
        as_of="2026-04-30",
    )
    tables = {
        RESULTS: "select 'pass' as status",
        BUILD_TABLE: build_query(info, {"currency": "EUR"}),
    }
    publish(adapter, path=path, relations={ORDERS: ORDERS}, tables=tables, info=info)


def read(path: Path, query: str = "from core.fct_orders") -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_published_file_holds_relations_extra_tables_and_its_build(
    adapter: Adapter, tmp_path: Path
) -> None:
    path = tmp_path / "warehouse.duckdb"

    publish_orders(adapter, path, 7)

    assert read(path) == [(7,)]
    assert read(path, "from kpi.assertion_results") == [("pass",)]
    build = (
        "select build_id, published_at::varchar, as_of::varchar, currency from kpi.published_build"
    )
    assert read(path, build) == [("b7", "2026-05-01 02:03:04", "2026-04-30", "EUR")]
    assert read(path, "select count(*) from duckdb_views() where not internal") == [(0,)]
    assert [state.build_id for state in read_published(adapter)] == ["b7"]
    assert names(tmp_path) == ["warehouse.duckdb"]


def test_reader_keeps_what_it_opened(adapter: Adapter, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    publish_orders(adapter, path, 1)

    with duckdb.connect(str(path), read_only=True) as reader:
        publish_orders(adapter, path, 2)
        seen = reader.execute("from core.fct_orders").fetchall()

    assert (seen, read(path)) == ([(1,)], [(2,)])


def test_file_does_not_grow_with_the_number_of_builds(adapter: Adapter, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    publish_orders(adapter, path, 1)
    size = path.stat().st_size

    for number in range(2, 6):
        publish_orders(adapter, path, number)

    assert path.stat().st_size == size


def test_failing_query_changes_nothing_and_the_next_build_publishes(
    adapter: Adapter, tmp_path: Path
) -> None:
    path = tmp_path / "warehouse.duckdb"
    publish_orders(adapter, path, 1)
    before = path.read_bytes()
    adapter.execute("create or replace view core.fct_orders as select error('no') as id")
    info = PublishedState(build_id="b", path="", published_at="2026-01-01", as_of="")

    with pytest.raises(RelationFailed):
        publish(adapter, path=path, relations={ORDERS: ORDERS}, tables={}, info=info)

    assert path.read_bytes() == before
    assert names(tmp_path) == ["warehouse.duckdb"]
    publish_orders(adapter, path, 2)
    assert read(path) == [(2,)]


def test_leftovers_of_killed_builds_and_a_strange_log_are_removed(
    adapter: Adapter, tmp_path: Path
) -> None:
    path = tmp_path / "warehouse.duckdb"
    dead = [".warehouse.duckdb.999999999.tmp", ".warehouse.duckdb.999999999.tmp.wal"]
    for name in [*dead, "warehouse.duckdb.wal"]:
        (tmp_path / name).write_text("x")
    (tmp_path / f".warehouse.duckdb.{os.getppid()}.tmp").write_text("of a living process")

    publish_orders(adapter, path, 1)

    living = f".warehouse.duckdb.{os.getppid()}.tmp"
    assert names(tmp_path) == [living, "warehouse.duckdb"]
    assert read(path) == [(1,)]


def test_folder_that_cannot_be_written_changes_nothing(adapter: Adapter) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder, user = Path(scratch), os.geteuid()
        publish_orders(adapter, folder / "warehouse.duckdb", 1)
        before = (folder / "warehouse.duckdb").read_bytes()
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65534)  # the superuser may write anywhere
        try:
            with pytest.raises(MachineFailed) as caught:
                publish_orders(adapter, folder / "warehouse.duckdb", 2)
        finally:
            os.seteuid(user)
            folder.chmod(0o700)

        assert caught.value.diagnostics[0].code == "K703"
        assert (folder / "warehouse.duckdb").read_bytes() == before
        publish_orders(adapter, folder / "warehouse.duckdb", 3)


SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from kpi_runner.adapters import open_adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.names import Relation
from kpi_runner.run.publish import publish
from kpi_runner.run.state import PublishedState
adapter = open_adapter(TargetConfig(threads=2), Path(":memory:"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
info = PublishedState(build_id="b", path="", published_at="2026-01-01", as_of="")
tables = {Relation("core", "t"): "select md5(range::varchar) as m from range(300000)"}
try:
    publish(adapter, path=Path(sys.argv[1]), relations={}, tables=tables, info=info)
except MachineFailed as error:
    print(error.diagnostics[0].code)
"""


def test_full_disk_changes_nothing(adapter: Adapter, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    publish_orders(adapter, path, 1)
    before = path.read_bytes()

    command = [sys.executable, "-c", SMALL_DISK, str(path)]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert out == "K702\n"
    assert path.read_bytes() == before
    assert names(tmp_path) == ["warehouse.duckdb"]
