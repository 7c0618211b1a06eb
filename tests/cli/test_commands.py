"""Commands hand their flags to one operation and print its answer."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kpi_runner.cli.main import cli
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options, QueryAnswer, QueryRequest, Table
from kpi_runner.ops.sample import Shop

ANSWER = QueryAnswer({"schema_version": 1}, ({"kpi": "aov", "value": 80.0},))


class Recorder:
    """Stands in for an operation: remembers how it was called and answers."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.positional: tuple[Any, ...] = ()
        self.named: dict[str, Any] = {}

    def __call__(self, *positional: Any, **named: Any) -> Any:
        self.positional, self.named = positional, named
        return self.answer


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns a function that puts a recorder in place of a command's operation."""

    def replace(command: str, attribute: str, answer: object) -> Recorder:
        recorder = Recorder(answer)
        module = import_module(f"kpi_runner.cli.commands.{command}")
        monkeypatch.setattr(module, attribute, recorder)
        return recorder

    return replace


@pytest.mark.parametrize("command", ["run", "seed", "test", "parse", "check", "publish"])
def test_a_failed_report_is_printed_and_gives_the_exit_status(command: str, stand_in: Any) -> None:
    failed = Report(diagnostics=(Diagnostic("K920", "2 rows break it"),))
    operation = stand_in(command, f"{command}_project", failed)

    result = invoke(command, "-t", "ci")

    assert operation.positional[0] == Options(target="ci")
    assert result.exit_code == 1
    assert result.stderr == "error[K920]: 2 rows break it\n"


def test_build_prints_the_scorecard_only_after_success(stand_in: Any) -> None:
    card = stand_in("build", "scorecard", None)
    stand_in("build", "build_project", Report())
    invoke("build", "--raw", "data")
    assert card.positional == (Options(raw="data"),)

    card = stand_in("build", "scorecard", None)
    stand_in("build", "build_project", Report(diagnostics=(Diagnostic("K921", "x"),)))
    invoke("build")
    assert card.positional == ()


def test_publish_passes_force_on(stand_in: Any) -> None:
    operation = stand_in("publish", "publish_project", Report())

    invoke("publish", "--force")

    assert operation.named == {"is_forced": True}


def test_check_explain_prints_the_assertions_to_stdout(stand_in: Any) -> None:
    operation = stand_in("check", "check_project", Report(notes=("aov  not_null", "aov  fresh")))

    result = invoke("check", "--explain")

    assert operation.named == {"is_explained": True}
    assert result.stdout == "aov  not_null\naov  fresh\n"


def test_compile_prints_the_sql_of_one_node(stand_in: Any) -> None:
    operation = stand_in("compile", "compile_node", "select 1")

    result = invoke("compile", "fct_orders")

    assert operation.positional == (Options(), "fct_orders")
    assert result.stdout == "select 1\n"


def test_query_passes_the_request_on_and_prints_the_answer(stand_in: Any) -> None:
    operation = stand_in("query", "query_kpis", ANSWER)

    result = invoke(
        *(
            "query",
            "aov",
            "orders.valid",
            "--grain",
            "month",
            "--by",
            "channel, country",
            "--by",
            "store",
        ),
        *("--from", "2026-03-01", "--to", "2026-04-30", "--where", "is_new", "--format", "csv"),
    )

    assert operation.positional[1] == QueryRequest(
        ("aov", "orders.valid"),
        grain="month",
        by=("channel", "country", "store"),
        start="2026-03-01",
        end="2026-04-30",
        where="is_new",
    )
    assert result.stdout == "kpi,value\naov,80.0\n"


def test_query_writes_parquet_to_a_file(stand_in: Any, tmp_path: Path) -> None:
    stand_in("query", "query_kpis", ANSWER)
    write = stand_in("query", "write_parquet", None)

    missing = invoke("query", "aov", "--format", "parquet")
    result = invoke("query", "aov", "--format", "parquet", "--output", f"{tmp_path}/a.parquet")

    assert (missing.exit_code, result.exit_code) == (2, 0)
    assert write.positional == (ANSWER, tmp_path / "a.parquet")
    assert result.stdout == ""


SHOWN = [
    (["fct_orders"], ("fct_orders",), {"limit": 5, "inline": ""}),
    (["-s", "fct_orders", "--limit", "-1"], ("fct_orders",), {"limit": -1, "inline": ""}),
    (["--inline", "select 1"], ("",), {"limit": 5, "inline": "select 1"}),
]


@pytest.mark.parametrize(("arguments", "name", "named"), SHOWN)
def test_show_takes_a_name_or_a_query(
    arguments: list[str], name: tuple[str], named: dict[str, Any], stand_in: Any
) -> None:
    operation = stand_in("show", "show_rows", Table(("a",), ((1,),)))

    result = invoke("show", *arguments, "--output", "csv")

    assert operation.positional[1:] == name
    assert operation.named == named
    assert result.stdout == "a\n1\n"


@pytest.mark.parametrize("arguments", [[], ["a", "--inline", "select 1"]])
def test_show_needs_exactly_one_of_both(arguments: list[str]) -> None:
    assert invoke("show", *arguments).exit_code == 2


def test_ls_prints_one_node_a_line(stand_in: Any) -> None:
    operation = stand_in("ls", "list_nodes", ["aov", "orders"])

    result = invoke("ls", "--resource-type", "kpi", "--output", "name", "--select", "a", "b")

    assert operation.positional == (Options(select=("a", "b"), resource_types=("kpi",)),)
    assert (operation.named["output"], operation.named["keys"]) == ("name", ())
    assert result.stdout == "aov\norders\n"


def test_ls_prints_json_lines(stand_in: Any) -> None:
    stand_in("ls", "list_nodes", [{"name": "aov"}])

    assert invoke("ls", "--output", "json").stdout == '{"name": "aov"}\n'


def test_sample_passes_its_size_on(stand_in: Any, tmp_path: Path) -> None:
    operation = stand_in("sample", "write_sample", Report(notes=("wrote 18 tables",)))

    result = invoke(
        *("sample", "--out", str(tmp_path), "--days", "30", "--orders-per-day", "0.5"),
        *("--seed", "7", "--end", "2026-10-31"),
    )

    shop = Shop(days=30, orders_per_day=0.5, events_per_order=70, seed=7, end="2026-10-31")
    assert (operation.positional, operation.named) == ((Options(), tmp_path), {"shop": shop})
    assert result.stderr == "wrote 18 tables\n"
