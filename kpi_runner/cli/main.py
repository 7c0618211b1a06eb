"""The command ``kpi``: a group that loads a command only when it is run.

``kpi --help`` and ``kpi --version`` must import nothing but click and this file; therefore the
short helps stand in a table, and everything else is imported where it is needed.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from io import TextIOWrapper
from types import MappingProxyType
from typing import Any, NoReturn

import click

from kpi_runner import __version__

INTERRUPTED = 130
OUR_MISTAKE = 4
"""An unforeseen exception: neither the data (1) nor the project (3) is to blame."""

_COLLECTIONS = (50_000, 20, 100)
"""A project is many objects that all stay: to look through them for garbage is work for nothing."""

_COMMANDS = "kpi_runner.cli.commands"
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "init": ("init:init", "Make a new project from the embedded shop."),
        "build": ("build:build", "Land, transform, test, check the KPIs and publish what holds."),
        "run": ("run:run", "Land raw tables and run models, without tests."),
        "seed": ("seed:seed", "Load the lookups of the shop."),
        "snapshot": (
            "snapshot:snapshot",
            "Land raw tables and write down what changed in the snapshots.",
        ),
        "test": ("test:test", "Run the data tests on what is built."),
        "source": ("source:source", "Judge how old the latest rows of source tables are."),
        "check": ("check:check", "Evaluate the KPI assertions on what is built."),
        "query": ("query:query", "Print KPI values, straight from their definitions."),
        "show": ("show:show", "Print rows of a model or of a query."),
        "ls": ("ls:ls", "List models, sources, seeds, tests and KPIs."),
        "parse": ("parse:parse", "Read the whole project and report what is wrong with it."),
        "compile": ("compile:compile_", "Write the SQL of the selected nodes, without running it."),
        "lint": ("lint:lint", "Judge the project by its rules of style and structure."),
        "fmt": ("fmt:fmt", "Lay out the SQL of models, macros and data tests."),
        "retry": ("retry:retry", "Do again what failed or was skipped in the last command."),
        "publish": ("publish:publish", "Promote the work state, if its checks passed."),
        "rollback": ("rollback:rollback", "Go back to an earlier published state."),
        "sample": ("sample:sample", "Generate raw tables of a synthetic shop at any size."),
        "clean": ("clean:clean", "Remove artifacts, and what nobody points to."),
        "debug": ("debug:debug", "Show versions, paths and whether the database can be used."),
        "explain": ("explain:explain", "Print the page of an error code."),
    }
)


class LazyGroup(click.Group):
    """Lists the commands from the table and imports one when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command, or returns None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(f"{_COMMANDS}.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that the arguments name; an unknown one gets a suggestion."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from kpi_runner.cli.usage import unknown_command
            from kpi_runner.core.errors import UsageError

            raise UsageError(unknown_command(args[0], COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the short helps without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])

    def main(self, *arguments: Any, **settings: Any) -> NoReturn:
        """Runs a command line and exits with the status of the contract."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # a narrow locale must not end a build
        sys.exit(self.run(*arguments, **settings))

    def run(self, *arguments: Any, **settings: Any) -> int:
        """Runs a command line and returns the status of the contract."""
        settings["standalone_mode"] = False
        try:
            return super().main(*arguments, **settings) or 0
        except (KeyboardInterrupt, click.Abort) as error:
            _tell_interruption(error)
            return INTERRUPTED
        except Exception as error:
            return report_failure(error)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="kpi-runner", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """E-commerce KPIs from raw tables to a published, verified state."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """Runs the command line of this process."""
    gc.set_threshold(*_COLLECTIONS)
    try:
        cli.main(prog_name="kpi")
    finally:
        gc.freeze()  # nor is the end of the process the time to look


def _tell_interruption(error: BaseException) -> None:
    from kpi_runner.cli.capture import echo, note_exception

    note_exception(error)
    # click turns Ctrl-C into an exception of its own
    notes = getattr(error.__cause__ or error, "__notes__", ())
    echo("\n".join(("interrupted", *notes)), err=True)


def report_failure(error: Exception) -> int:
    """Prints what went wrong; returns the exit status. A traceback is a mistake of ours."""
    from kpi_runner.cli.capture import note_exception
    from kpi_runner.cli.output import print_diagnostics, print_traceback
    from kpi_runner.cli.usage import usage_diagnostic
    from kpi_runner.core.errors import KpiError, exit_status
    from kpi_runner.ops.options import Options
    from kpi_runner.run.files import machine_diagnostic

    note_exception(error)
    if isinstance(error, KpiError):
        diagnostics = error.diagnostics
    elif isinstance(error, click.ClickException):
        diagnostics = (usage_diagnostic(error),)
    elif refusal := machine_diagnostic(error):
        diagnostics = (refusal,)
    else:
        print_traceback(error)
        return OUR_MISTAKE
    print_diagnostics(diagnostics, Options())
    return exit_status(diagnostics)
