"""The shared flags as decorators: each command names those it uses and receives one ``Options``.

Every flag has an environment variable ``KPI_<FLAG>``. Knows no command and no operation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

import click

from kpi_runner.cli.output import print_diagnostics
from kpi_runner.core.errors import KpiError
from kpi_runner.ops.options import Options

PROJECT = ("project_dir", "target", "vars")
SELECTION = ("select", "exclude", "allow_empty")
DATA = ("raw", "database", "as_of")
RUN = ("threads", "full_refresh", "fail_fast", "warn_error", "target_path")
PRINT = ("log_format", "quiet", "no_color")

Function = Callable[..., Any]


class IsoDate(click.ParamType[str]):
    """A day written ``YYYY-MM-DD``, kept as text."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the day as given, or fails with wrong usage."""
        try:
            return date.fromisoformat(value).isoformat() if value else ""
        except ValueError:
            self.fail(f"'{value}' is not a day written YYYY-MM-DD", param, ctx)


FLAGS: dict[str, Callable[[Function], Function]] = {
    "project_dir": click.option(
        "--project-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(),
        help="The project, or a folder inside it.  [default: here]",
    ),
    "target": click.option(
        "-t", "--target", metavar="NAME", default="", help="The target to run on."
    ),
    "vars": click.option(
        "--vars", metavar="YAML", default="", help="Variables, such as '{data_dir: ../data}'."
    ),
    "select": click.option(
        "-s",
        "--select",
        metavar="SELECTOR",
        multiple=True,
        help="What to select: name, +name, name+, tag:x, path:x, kpi:x …",
    ),
    "exclude": click.option(
        "--exclude", metavar="SELECTOR", multiple=True, help="What to leave out."
    ),
    "allow_empty": click.option(
        "--allow-empty", is_flag=True, help="A selection that matches nothing is fine."
    ),
    "raw": click.option("--raw", metavar="DIR", default="", help="Where raw tables are read from."),
    "database": click.option(
        "--database", metavar="FILE", default="", help="The published database."
    ),
    "as_of": click.option("--as-of", type=IsoDate(), default="", help="The last day of the build."),
    "threads": click.option(
        "--threads", type=click.IntRange(min=1), default=None, help="Models that run side by side."
    ),
    "full_refresh": click.option(
        "-f", "--full-refresh", is_flag=True, help="Build everything again."
    ),
    "fail_fast": click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first failure."),
    "warn_error": click.option("--warn-error", is_flag=True, help="Warnings count as errors."),
    "target_path": click.option(
        "--target-path", metavar="DIR", default="", help="The folder of artifacts."
    ),
    "log_format": click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="How messages are written.",
    ),
    "quiet": click.option("-q", "--quiet", is_flag=True, help="Only problems and the summary."),
    "no_color": click.option("--no-color", is_flag=True, help="No colours."),
}
FIELDS = {"vars": "variables"}
SEVERAL = ("-s", "--select", "--exclude", "--resource-type")


class Command(click.Command):
    """A command whose flags read ``KPI_<FLAG>`` and whose mistakes print as diagnostics."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["context_settings"] = {
            "auto_envvar_prefix": "KPI",
            "help_option_names": ["-h", "--help"],
        }
        super().__init__(*arguments, **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the arguments; ``-s a b`` means ``-s a -s b``, as in dbt."""
        takes_arguments = any(isinstance(param, click.Argument) for param in self.params)
        return super().parse_args(ctx, args if takes_arguments else spread(args))

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; the result is its exit status."""
        try:
            return super().invoke(ctx)
        except KpiError as error:
            flags = {name: ctx.params[name] for name in PRINT if name in ctx.params}
            root = ctx.params.get("project_dir", Path())
            print_diagnostics(error.diagnostics, Options(project_dir=root, **flags))
            return error.exit_code


def spread(arguments: list[str]) -> list[str]:
    """Repeats a flag that takes several values before each of them.

    >>> spread(["-s", "a", "b", "-x"])
    ['-s', 'a', '-s', 'b', '-x']
    """
    result: list[str] = []
    flag = ""
    for argument in arguments:
        if argument.startswith("-"):
            flag = argument if argument in SEVERAL else ""
        elif flag and result[-1] != flag:
            result.append(flag)
        result.append(argument)
    return result


def shared(*names: str) -> Callable[[Function], Function]:
    """Adds shared flags to a command, which receives them as its first argument."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def with_options(**arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in names}
            values = {
                FIELDS.get(name, name): value for name, value in given.items() if value is not None
            }
            return function(Options(**values), **arguments)

        decorated: Function = with_options
        for name in reversed(names):
            decorated = FLAGS[name](decorated)
        return decorated

    return decorate
