"""The group ``kpi``: wrong usage, exit statuses, and what happens to exceptions."""

from __future__ import annotations

import errno
import json
import re
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from kpi_runner import __version__
from kpi_runner.cli import main
from kpi_runner.cli.main import cli
from kpi_runner.cli.options import Command
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import KpiError, MachineFailed, ProjectInvalid


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def invoke_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Runs a command whose work raises."""

    @click.command(cls=Command)
    def build() -> None:
        raise error

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: build)
    return invoke("build")


USAGE: list[tuple[list[str], str]] = [
    (
        ["biuld"],
        "error[K002]: no such command 'biuld'\n   = help: Did you mean 'build'?\n",
    ),
    (
        ["zzz"],
        "error[K002]: no such command 'zzz'\n   = help: `kpi --help` lists the commands.\n",
    ),
    (
        ["ls", "--selct", "x"],
        "error[K002]: no such option '--selct'\n"
        "   = help: Did you mean '--select' or '--selector'?\n",
    ),
    (
        ["ls", "--output", "xml"],
        "error[K002]: invalid value for '--output' / '--format': 'xml' is not one of "
        "'selector', 'name', 'path', 'json'\n   = help: `kpi ls --help` lists what it takes.\n",
    ),
]


@pytest.mark.parametrize(("arguments", "printed"), USAGE, ids=[" ".join(row[0]) for row in USAGE])
def test_wrong_usage_is_a_diagnostic_with_a_hint(arguments: list[str], printed: str) -> None:
    result = CliRunner().invoke(cli, arguments, prog_name="kpi")

    assert result.stderr == printed
    assert result.stdout == ""
    assert result.exit_code == 2


def test_without_a_command_the_help_is_printed() -> None:
    result = invoke()

    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    assert re.search(r"^  build +Land, transform", result.stdout, re.MULTILINE)


def test_version_is_the_one_of_the_package() -> None:
    assert invoke("--version").stdout == f"kpi-runner {__version__}\n"


EXPECTED: list[tuple[BaseException, int, str]] = [
    (ProjectInvalid(Diagnostic("K201", "no 'a'"), Diagnostic("K203", "cycle")), 3, "2 errors"),
    (MachineFailed(Diagnostic("K701", "locked")), 4, "error[K701]: locked"),
    (KpiError(Diagnostic("K920", "failed")), 1, "error[K920]: failed"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (OSError(errno.ENOSPC, "No space left on device", "a.csv"), 4, "error[K702]: 'a.csv': no"),
    (PermissionError(errno.EACCES, "Permission denied", "b"), 4, "error[K703]: 'b': permission"),
    (MemoryError(), 4, "error[K704]"),
]


@pytest.mark.parametrize(
    ("error", "status", "printed"), EXPECTED, ids=[type(row[0]).__name__ for row in EXPECTED]
)
def test_expected_failures_end_with_their_status_and_without_traceback(
    error: BaseException, status: int, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke_raising(error, monkeypatch)

    assert result.exit_code == status
    assert printed in result.stderr
    assert "Traceback" not in result.output


def test_an_unforeseen_exception_shows_its_traceback_and_says_whose_mistake_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = invoke_raising(ZeroDivisionError("division by zero"), monkeypatch)

    assert result.exit_code == 4
    assert result.stderr.startswith("Traceback")
    assert "this is a bug of kpi-runner" in result.stderr


@pytest.mark.parametrize("status", [0, 1, 3])
def test_what_a_command_returns_is_the_exit_status(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command(cls=Command)
    def build() -> int:
        return status

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: build)

    assert invoke("build").exit_code == status


def test_errors_are_json_lines_where_messages_are(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command(cls=Command)
    @click.option("--log-format")
    def build(**_: Any) -> None:
        raise ProjectInvalid(Diagnostic("K203", "cycle"))

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: build)

    result = invoke("build", "--log-format", "json")

    record = json.loads(result.stderr)
    assert (record["event"], record["level"], record["code"]) == ("diagnostic", "error", "K203")
    assert record["time"]
