"""What the command line loads before it knows what to do."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from kpi_runner.cli.main import COMMANDS, cli
from tests.kit import ROOT, write_project

HEAVY = {"duckdb", "sqlglot", "jinja2", "yaml", "rich", "importlib.metadata", "dataclasses"}
BUDGET_SECONDS = 0.1


def run_python(script: str, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


@pytest.mark.parametrize("flag", ["--help", "--version", "-h"])
def test_help_and_version_load_nothing_heavy(flag: str) -> None:
    script = (
        "import sys; from kpi_runner.cli.main import cli\n"
        f"try: cli.main([{flag!r}])\n"
        "except SystemExit: print('LOADED', *sys.modules)"
    )

    loaded = set(run_python(script).partition("LOADED")[2].split())

    assert "click" in loaded
    assert loaded & HEAVY == set()
    assert {name for name in loaded if name.startswith("kpi_runner")} == {
        "kpi_runner",
        "kpi_runner.cli",
        "kpi_runner.cli.main",
    }


def test_ls_help_loads_no_engine() -> None:
    script = (
        "import sys; from kpi_runner.cli.main import cli\n"
        "try: cli.main(['ls', '--help'])\n"
        "except SystemExit: print('LOADED', *sys.modules)"
    )

    loaded = set(run_python(script).partition("LOADED")[2].split())

    assert loaded & {"duckdb", "sqlglot", "jinja2", "rich"} == set()


def test_listing_a_project_that_is_as_it_was_parses_nothing(tmp_path: Path) -> None:
    """Warm, not even the parsers are imported; 1,000 models take 0.3 s of CPU at most."""
    models = {f"models/m{i}.sql": f"select {i} as id" for i in range(20)}
    described = {"models/m0.yml": "models: [{name: m0, columns: [{name: id}]}]"}
    write_project(tmp_path, {**models, **described})
    script = (
        "import sys; from kpi_runner.cli.main import cli\n"
        f"try: cli.main(['ls', '--project-dir', {str(tmp_path)!r}])\n"
        "except SystemExit: print('LOADED', *sys.modules)"
    )
    cold = set(run_python(script).partition("LOADED")[2].split())
    warm = set(run_python(script).partition("LOADED")[2].split())

    assert "yaml" in cold
    assert warm & {"duckdb", "sqlglot", "jinja2", "yaml", "rich"} == set()


def test_a_dbt_project_that_is_as_it_was_renders_nothing(tmp_path: Path) -> None:
    """Jinja is for what has to be rendered: most projects have nothing of that kind to load."""
    loop = "{% set all = ['a', 'b'] %}{% for m in all %}select * from {{ ref(m) }}{% endfor %}"
    files = {
        "dbt_project.yml": "{name: shop, profile: shop}",
        "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}",
        "models/a.sql": "select 1 as id",
        "models/b.sql": "select {{ one() }} as id from {{ ref('a') }}",
        "models/c.sql": f"{{{{ config(materialized='table') }}}}{loop}",
        "macros/one.sql": "{% macro one() %}1{% endmacro %}",
    }
    write_project(tmp_path, files)
    script = (
        "import sys; from kpi_runner.cli.main import cli\n"
        f"try: cli.main(sys.argv[1:] + ['--project-dir', {str(tmp_path)!r}])\n"
        "except SystemExit as end: print('EXIT', end.code, *sys.modules)"
    )

    for command in (["ls"], ["ls"], ["parse"], ["compile", "--select", "c"]):
        code, *loaded = run_python(script, *command).partition("EXIT")[2].split()

        assert code == "0"
        assert set(loaded) & {"duckdb", "sqlglot", "jinja2", "rich"} == set(), command


@pytest.mark.parametrize("name", COMMANDS)
def test_short_help_in_the_table_is_the_first_sentence_of_the_command(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None and command.help is not None
    assert command.help.partition("\n\n")[0] == COMMANDS[name][1]
    assert command.name == name


@pytest.mark.slow
def test_help_answers_within_the_budget() -> None:
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        run_python("from kpi_runner.cli.main import cli; cli.main(['--help'])")
        seconds.append(time.perf_counter() - started)

    assert min(seconds) < BUDGET_SECONDS
