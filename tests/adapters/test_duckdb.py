from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import create_as, drop
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed, ProjectInvalid, SqlFailed
from kpi_runner.core.names import Relation
from kpi_runner.run.lock import owner_note

TARGET = TargetConfig(threads=2)
ENDLESS = "create table t as select sum(hash(a * b)) from range(1000000000) x(a), range(999) y(b)"


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    adapter = open_adapter(TARGET, Path(":memory:"))
    yield adapter
    adapter.close()


def test_query_returns_plain_values_and_zoned_moments_as_utc_text(adapter: Adapter) -> None:
    rows = adapter.query("select 1.5 as d, timestamptz '2024-01-01 02:00:00+02' as t -- end")

    assert rows.dicts == ({"d": Decimal("1.5"), "t": "2024-01-01 00:00:00+00"},)


def test_execute_counts_rows_and_raises_what_fails_late(adapter: Adapter) -> None:
    assert adapter.execute("create table t as from range(7)") == 7
    with pytest.raises(SqlFailed, match="Division by zero"):
        adapter.execute("select 1 // (range - 90000) from range(100000)")


@pytest.mark.parametrize("method", ["query", "describe", "execute"])
def test_place_of_a_mistake_counts_bytes_of_the_statement(adapter: Adapter, method: str) -> None:
    with pytest.raises(SqlFailed) as caught:
        getattr(adapter, method)("select 'é', bb from (select 1 as ba)")

    assert (caught.value.position, caught.value.candidates) == (13, ("ba",))


def test_describe_gives_names_and_types_without_running(adapter: Adapter) -> None:
    columns = adapter.describe("select 1::bigint as a, error('ran') as b")

    assert (columns[0].name, columns[0].data_type) == ("a", "bigint")


def test_transaction_rolls_back_when_the_block_raises(adapter: Adapter) -> None:
    with pytest.raises(SqlFailed), adapter.transaction():
        adapter.execute("create table t (i integer)")
        adapter.execute("insert into t values ('x')")

    assert adapter.relations() == {}


@pytest.mark.parametrize("kinds", [("table", "view"), ("view", "table"), ("table", "table")])
def test_relation_is_replaced_whatever_kind_it_was(
    adapter: Adapter, kinds: tuple[str, str]
) -> None:
    relation = Relation("main", "at")
    for kind in kinds:
        existing = adapter.relations().get(relation)
        if existing and existing != kind:
            adapter.execute(drop(relation, existing))
        adapter.execute(create_as(relation, "select 1 as i", kind=kind))

    assert adapter.relations() == {relation: kinds[1]}


def test_sessions_share_the_database_and_its_settings(adapter: Adapter) -> None:
    adapter.execute("create table t as select 1 as i")
    session = adapter.session()

    assert session.query("select current_setting('timezone'), (from t)").rows == (("UTC", 1),)


def test_control_c_stops_a_statement_and_leaves_the_session_usable(adapter: Adapter) -> None:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            adapter.execute(ENDLESS)
    finally:
        signal.signal(signal.SIGINT, previous)

    assert adapter.query("select 1").scalar == 1


def test_interrupt_from_another_thread_stops_a_statement(adapter: Adapter) -> None:
    threading.Timer(0.2, adapter.interrupt).start()

    with pytest.raises(KeyboardInterrupt):
        adapter.execute(ENDLESS)


def test_small_memory_is_a_failure_of_the_machine(tmp_path: Path) -> None:
    settings = {"temp_directory": ""}
    target = TargetConfig(threads=1, memory_limit="20MB", settings=settings)
    adapter = open_adapter(target, tmp_path / "a.duckdb")

    with pytest.raises(MachineFailed) as caught:
        adapter.query(
            "select count(*) from (select distinct md5(range::varchar) from range(999999))"
        )

    adapter.close()
    assert caught.value.diagnostics[0].code == "K704"


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").write_text("hello" * 1000)

    with pytest.raises(MachineFailed) as caught:
        open_adapter(TARGET, tmp_path / "a.duckdb")

    assert caught.value.diagnostics[0].code == "K705"


def test_unknown_setting_of_the_target_is_a_mistake_of_the_project() -> None:
    with pytest.raises(ProjectInvalid) as caught:
        open_adapter(TargetConfig(settings={"memori": "1GB"}), Path(":memory:"))

    assert caught.value.diagnostics[0].code == "K108"


def test_second_process_is_told_who_holds_the_database(tmp_path: Path) -> None:
    database = tmp_path / "work.duckdb"
    adapter = open_adapter(TARGET, database)
    script = (
        "import sys; from pathlib import Path; from kpi_runner.adapters import open_adapter\n"
        "from kpi_runner.core.config import TargetConfig\n"
        "from kpi_runner.core.errors import MachineFailed\n"
        "try: open_adapter(TargetConfig(), Path(sys.argv[1]))\n"
        "except MachineFailed as e: print(e.diagnostics[0].code, *e.diagnostics[0].notes)\n"
    )

    with owner_note(database):
        command = [sys.executable, "-c", script, str(database)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    adapter.close()

    assert out.startswith("K701 it runs `")
    assert "since 20" in out
    assert not (tmp_path / "work.owner.json").exists()
