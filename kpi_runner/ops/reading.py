"""Reads a project as the flags of a command say; what is then done with it is not known here."""

from __future__ import annotations

from collections.abc import Iterable

from kpi_runner.core.diagnostic import Diagnostic, Severity, sort_diagnostics
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.project import Project
from kpi_runner.load.config import find_project, parse_vars
from kpi_runner.load.project import load_project
from kpi_runner.ops.options import Options


def read_project(options: Options) -> Project:
    """Returns a project with every mistake found in it, ``diagnostics``."""
    return load_project(
        find_project(options.project_dir),
        target=options.target,
        variables=parse_vars(options.variables),
        profiles_dir=options.profiles_dir,
    )


def read_valid_project(options: Options) -> Project:
    """Returns a project; raises ProjectInvalid with every mistake found, if one is an error."""
    project = read_project(options)
    refuse_errors(project.diagnostics)
    return project


def refuse_errors(diagnostics: Iterable[Diagnostic]) -> None:
    """Raises ProjectInvalid with all diagnostics if one of them is an error."""
    found = sort_diagnostics(diagnostics)
    if any(d.severity == Severity.ERROR for d in found):
        raise ProjectInvalid(*found)
