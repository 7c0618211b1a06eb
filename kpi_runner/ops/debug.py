"""Says what a bug report or a first look needs: versions, paths, target, databases, counts."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from kpi_runner import __version__
from kpi_runner.adapters import open_adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import KpiError
from kpi_runner.core.project import Project
from kpi_runner.ops.options import Options, Table
from kpi_runner.ops.places import find_places
from kpi_runner.ops.reading import read_project

LIBRARIES = ("duckdb", "sqlglot", "jinja2", "pyyaml", "click", "rich")


def debug(options: Options) -> tuple[Table, tuple[Diagnostic, ...]]:
    """Returns what is known as (what, value) rows, and every finding on the way.

    A project that cannot be read, or a database that cannot be opened, is a finding; the rows
    that do not need it are there all the same.
    """
    rows = list(_machine_rows())
    findings: tuple[Diagnostic, ...] = ()
    try:
        project = read_project(options)
        findings += project.diagnostics
        rows += _project_rows(project)
        places = find_places(options, config=project.config, target=project.target)
        rows.append(("raw tables", _described(places.raw)))
        for name, path in (("published", places.published), ("work", places.work)):
            is_work = path == places.work
            usable, refusal = _try_database(project.target, path, read_only=not is_work)
            rows.append((f"{name} database", f"{_described(path)}: {usable}"))
            findings += refusal
    except KpiError as error:
        findings += error.diagnostics
    return Table(("what", "value"), tuple(rows)), findings


def _machine_rows() -> Iterator[tuple[str, str]]:
    yield "kpi-runner", __version__
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    for library in LIBRARIES:
        yield library, version(library)


def _project_rows(project: Project) -> Iterator[tuple[str, str]]:
    yield "project", f"{project.config.name} in {project.config.root}"
    target = project.target
    yield "target", f"{target.name} ({target.kind}, {target.threads} threads)"
    if target.memory_limit:
        yield "memory limit", target.memory_limit
    for kind in ("models", "seeds", "sources", "tests", "kpis", "macros"):
        yield kind, str(len(getattr(project, kind)))


def _described(path: Path) -> str:
    if not path.exists():
        return f"{path} (not there)"
    return str(path) if path.is_dir() else f"{path} ({path.stat().st_size / 1e6:.1f} MB)"


def _try_database(
    target: TargetConfig, path: Path, *, read_only: bool
) -> tuple[str, tuple[Diagnostic, ...]]:
    """Opens a database as a build or a reader does; says whether it can be used, and why not."""
    if not path.exists():
        return "`kpi build` makes it", ()
    try:
        open_adapter(target, path, read_only=read_only).close()
    except KpiError as error:
        return "cannot be used", error.diagnostics
    return "can be used", ()
