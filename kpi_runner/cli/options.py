"""The shared flags as decorators: each command names those it uses and receives one ``Options``.

Every flag has an environment variable ``KPI_<FLAG>``. Knows no command and no operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

import click

from kpi_runner.cli.capture import note_exception
from kpi_runner.cli.output import TABLE_STYLES, print_diagnostics
from kpi_runner.core.config import MOST_THREADS
from kpi_runner.core.errors import KpiError
from kpi_runner.core.names import RESOURCE_TYPES
from kpi_runner.core.selection import Indirect
from kpi_runner.ops.options import Options

PROJECT = ("project_dir", "profiles_dir", "target", "vars")
SELECTION = ("select", "exclude", "selector", "indirect_selection", "state", "allow_empty")
DEFER = ("defer", "favor_state")
TRIAL = ("empty", "sample")
MICROBATCH = ("event_time_start", "event_time_end")
KINDS = ("resource_type", "exclude_resource_type")
DATA = ("raw", "database", "as_of")
RUN = ("threads", "full_refresh", "fail_fast", "warn_error", "target_path", "lock_timeout")
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


class Time(click.ParamType[str]):
    """A stretch or moment of time; a flag of which nothing is left must not mean all there is."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the text as given, or fails with wrong usage."""
        return value if value.strip() else self.fail("it is empty", param, ctx)


FLAGS: dict[str, Callable[[Function], Function]] = {
    "project_dir": click.option(
        "--project-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(),
        help="The project, or a folder inside it.  [default: here]",
    ),
    "profiles_dir": click.option(
        "--profiles-dir",
        metavar="DIR",
        default="",
        help="Where profiles.yml of a dbt project lies.",
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
    "selector": click.option(
        "--selector", metavar="NAME", default="", help="A selector of selectors.yml."
    ),
    "indirect_selection": click.option(
        "--indirect-selection",
        type=click.Choice([mode.value for mode in Indirect]),
        default=Indirect.EAGER.value,
        help="Which tests come along with the nodes that they read.",
    ),
    "resource_type": click.option(
        "--resource-type",
        type=click.Choice(RESOURCE_TYPES),
        multiple=True,
        help="Only nodes of these kinds.",
    ),
    "exclude_resource_type": click.option(
        "--exclude-resource-type",
        type=click.Choice(RESOURCE_TYPES),
        multiple=True,
        help="No nodes of these kinds.",
    ),
    "state": click.option(
        "--state", metavar="DIR", default="", help="The artifacts of an earlier run."
    ),
    "defer": click.option(
        "--defer", is_flag=True, help="Read unbuilt parents from the state of --state."
    ),
    "favor_state": click.option(
        "--favor-state", is_flag=True, help="With --defer: also parents that are built."
    ),
    "empty": click.option(
        "--empty", is_flag=True, help="Try the build without rows; publish nothing."
    ),
    "sample": click.option(
        "--sample",
        type=Time(),
        metavar="TIME",
        default=None,
        help="Try the build with the rows of '3 days', or '{start: …, end: …}'; publish nothing.",
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
        "--threads",
        type=click.IntRange(1, MOST_THREADS),
        default=None,
        help="Models that run side by side.",
    ),
    "full_refresh": click.option(
        "-f", "--full-refresh", is_flag=True, help="Build everything again."
    ),
    "event_time_start": click.option(
        "--event-time-start",
        type=Time(),
        metavar="MOMENT",
        default=None,
        help="Run the batches of microbatch models from here, in UTC …",
    ),
    "event_time_end": click.option(
        "--event-time-end",
        type=Time(),
        metavar="MOMENT",
        default=None,
        help="… up to here, even if they ran.",
    ),
    "store_failures": click.option(
        "--store-failures", is_flag=True, help="Keep the rows that break data tests."
    ),
    "fail_fast": click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first failure."),
    "warn_error": click.option("--warn-error", is_flag=True, help="Warnings count as errors."),
    "lock_timeout": click.option(
        "--lock-timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=0,
        help="How long to wait for another process.  [default: 0]",
    ),
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
FIELDS = {
    "vars": "variables",
    "resource_type": "resource_types",
    "exclude_resource_type": "excluded_resource_types",
}
SEVERAL = (
    *("-s", "--select", "--exclude", "--resource-type", "--exclude-resource-type"),
    "--output-keys",
)


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
            note_exception(error)
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


def printed(*aliases: str, styles: Sequence[str] = TABLE_STYLES) -> Callable[[Function], Function]:
    """Adds ``--format``, how a table is printed; the command receives it as ``style``."""
    return click.option(
        "--format",
        *aliases,
        "style",
        type=click.Choice(styles),
        envvar="KPI_FORMAT",
        default="table",
        help="How to print.",
    )


def shared(*names: str) -> Callable[[Function], Function]:
    """Adds shared flags to a command, which receives them as its first argument."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def with_options(**arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in names}
            values = {
                FIELDS.get(name, name): value for name, value in given.items() if value is not None
            }
            command = click.get_current_context().info_name or ""
            return function(Options(command=command, **values), **arguments)

        decorated: Function = with_options
        for name in reversed(names):
            decorated = FLAGS[name](decorated)
        return decorated

    return decorate
