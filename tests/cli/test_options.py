"""Shared flags: spellings, environment, and the one ``Options`` they make."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kpi_runner.cli.options import FLAGS, Command, shared
from kpi_runner.ops.options import Options


def read_options(*arguments: str, env: dict[str, str] | None = None) -> Options:
    """Returns what a command with every shared flag is given."""
    seen: list[Options] = []

    @click.command(cls=Command)
    @shared(*FLAGS)
    def command(options: Options) -> None:
        seen.append(options)

    result = CliRunner().invoke(command, arguments, env=env)
    assert result.exit_code == 0, result.output
    return seen[0]


def test_no_flag_leaves_everything_to_the_project() -> None:
    assert read_options() == Options()


CASES: list[tuple[list[str], Options]] = [
    (["-s", "a", "b", "-x"], Options(select=("a", "b"), fail_fast=True)),
    (["--select", "a", "--select", "tag:x"], Options(select=("a", "tag:x"))),
    (["--select", "+a b"], Options(select=("+a b",))),
    (["--exclude", "a", "b", "-s", "c"], Options(exclude=("a", "b"), select=("c",))),
    (["-t", "ci", "-f", "-q"], Options(target="ci", full_refresh=True, quiet=True)),
    (["--vars", "{a: 1}", "--threads", "2"], Options(variables="{a: 1}", threads=2)),
    (["--as-of", "2026-04-30", "--raw", "d"], Options(as_of="2026-04-30", raw="d")),
    (["--log-format", "json", "--no-color"], Options(log_format="json", no_color=True)),
    (["--project-dir", "/", "--target-path", "t"], Options(project_dir=Path("/"), target_path="t")),
]


@pytest.mark.parametrize(("arguments", "options"), CASES, ids=[" ".join(row[0]) for row in CASES])
def test_flags_become_options(arguments: list[str], options: Options) -> None:
    assert read_options(*arguments) == options


VALUES = {
    "KPI_PROJECT_DIR": ("/", "project_dir", Path("/")),
    "KPI_PROFILES_DIR": ("p", "profiles_dir", "p"),
    "KPI_TARGET": ("ci", "target", "ci"),
    "KPI_VARS": ("{a: 1}", "variables", "{a: 1}"),
    "KPI_SELECT": ("a tag:x", "select", ("a", "tag:x")),
    "KPI_EXCLUDE": ("a", "exclude", ("a",)),
    "KPI_SELECTOR": ("nightly", "selector", "nightly"),
    "KPI_INDIRECT_SELECTION": ("cautious", "indirect_selection", "cautious"),
    "KPI_RESOURCE_TYPE": ("model kpi", "resource_types", ("model", "kpi")),
    "KPI_EXCLUDE_RESOURCE_TYPE": ("test", "excluded_resource_types", ("test",)),
    "KPI_STATE": ("earlier", "state", "earlier"),
    "KPI_DEFER": ("1", "defer", True),
    "KPI_FAVOR_STATE": ("1", "favor_state", True),
    "KPI_EMPTY": ("1", "empty", True),
    "KPI_SAMPLE": ("3 days", "sample", "3 days"),
    "KPI_ALLOW_EMPTY": ("1", "allow_empty", True),
    "KPI_RAW": ("d", "raw", "d"),
    "KPI_DATABASE": ("w", "database", "w"),
    "KPI_AS_OF": ("2026-04-30", "as_of", "2026-04-30"),
    "KPI_THREADS": ("3", "threads", 3),
    "KPI_EVENT_TIME_START": ("2026-01-01", "event_time_start", "2026-01-01"),
    "KPI_EVENT_TIME_END": ("2026-02-01", "event_time_end", "2026-02-01"),
    "KPI_STORE_FAILURES": ("1", "store_failures", True),
    "KPI_FULL_REFRESH": ("true", "full_refresh", True),
    "KPI_FAIL_FAST": ("1", "fail_fast", True),
    "KPI_WARN_ERROR": ("1", "warn_error", True),
    "KPI_LOCK_TIMEOUT": ("2.5", "lock_timeout", 2.5),
    "KPI_TARGET_PATH": ("t", "target_path", "t"),
    "KPI_LOG_FORMAT": ("json", "log_format", "json"),
    "KPI_QUIET": ("1", "quiet", True),
    "KPI_NO_COLOR": ("1", "no_color", True),
}


@pytest.mark.parametrize("name", VALUES)
def test_every_flag_has_an_environment_variable(name: str) -> None:
    text, field, value = VALUES[name]

    assert getattr(read_options(env={name: text}), field) == value


def test_no_flag_lacks_its_environment_variable() -> None:
    assert {f"KPI_{name.upper()}" for name in FLAGS} == VALUES.keys()


def test_a_flag_wins_over_the_environment() -> None:
    assert read_options("-t", "dev", env={"KPI_TARGET": "ci"}).target == "dev"
