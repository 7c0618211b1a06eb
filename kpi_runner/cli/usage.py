"""Click's complaints about a command line as diagnostics."""

from __future__ import annotations

from collections.abc import Iterable

import click

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.suggest import did_you_mean


def usage_diagnostic(error: click.ClickException) -> Diagnostic:
    """Returns wrong usage as K002, with the nearest known flag or where help stands."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "kpi"
    hint = ""
    if isinstance(error, click.NoSuchOption):
        flags = [flag for param in context.command.params for flag in param.opts] if context else []
        hint = did_you_mean(error.option_name, flags)
    text = error.message if hint else error.format_message()
    message = text[:1].lower() + text[1:].rstrip(".")
    return Diagnostic("K002", message, hint=hint or f"`{command} --help` lists what it takes.")


def unknown_command(name: str, commands: Iterable[str]) -> Diagnostic:
    """Returns a command that does not exist as K002, with the nearest ones."""
    hint = did_you_mean(name, commands) or "`kpi --help` lists the commands."
    return Diagnostic("K002", f"no such command '{name}'", hint=hint)
