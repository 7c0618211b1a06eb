"""Lays out the SQL files of a project. Reads its configuration and these files, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.result import Report
from kpi_runner.core.span import Span
from kpi_runner.load.config import find_project, load_config
from kpi_runner.load.discover import discover_files, read_text
from kpi_runner.ops.options import Options
from kpi_runner.report.text import count
from kpi_runner.run.files import write_text
from kpi_runner.sql.format import format_sql


@dataclass(frozen=True, slots=True)
class FormatRequest:
    """What is asked: ``paths`` are files or folders, all where empty; ``check`` and ``diff``
    write nothing, the first fails where a file would change, the second shows how."""

    paths: tuple[Path, ...] = ()
    check: bool = False
    diff: bool = False


@dataclass(frozen=True, slots=True)
class Formatted:
    """The report, and the changes as a patch where they were asked for."""

    report: Report
    patch: str = ""


def fmt(options: Options, request: FormatRequest) -> Formatted:
    """Lays out the models, macros and singular tests of a project.

    With ``check`` each file that would change is a finding (K811).

    Raises UsageError: K002, a path holds no SQL of the project.
    """
    config = load_config(find_project(options.project_dir))
    folders = (*config.model_paths, *config.macro_paths, *config.test_paths)
    files = [file.path for file in discover_files(config.root, folders, endings=(".sql",))]
    chosen = _choose(files, request.paths, root=config.root)
    texts = {path: read_text(config.root, path) for path in chosen}
    laid = {path: format_sql(text) for path, text in texts.items()}
    changed = [path for path in chosen if laid[path] != texts[path]]
    if request.check or request.diff:
        findings = [_finding(path, texts[path], laid=laid[path]) for path in changed]
        patches = [_patch(path, texts[path], laid=laid[path]) for path in changed]
        notes = [f"{count(len(chosen), 'file')}, {len(changed)} would change"]
        report = Report(diagnostics=tuple(findings if request.check else ()), notes=tuple(notes))
        return Formatted(report, "".join(patches if request.diff else ()))
    for path in changed:
        write_text(config.root / path, laid[path])
    notes = [f"laid out {path}" for path in changed]
    notes.append(f"{count(len(chosen), 'file')}, {len(changed)} changed")
    return Formatted(Report(notes=tuple(notes)))


def _choose(files: list[str], paths: tuple[Path, ...], *, root: Path) -> list[str]:
    if not paths:
        return files
    chosen: dict[str, None] = {}
    for path in paths:
        full = path.resolve()
        inside = [file for file in files if (root / file).resolve().is_relative_to(full)]
        if not inside:
            hint = "Name a model, macro or data test of the project, or a folder of them."
            raise UsageError(Diagnostic("K002", f"'{path}' holds no SQL of the project", hint=hint))
        chosen |= dict.fromkeys(inside)
    return sorted(chosen)


def _finding(path: str, text: str, *, laid: str) -> Diagnostic:
    """Points at the first line that would change."""
    lines, wanted = text.split("\n"), laid.split("\n")
    same = (
        index for index, pair in enumerate(zip(lines, wanted, strict=False)) if len({*pair}) > 1
    )
    line = next(same, min(len(lines), len(wanted)) - 1) + 1
    span = Span(path, line, 1, line, len(lines[line - 1]) + 1)
    return Diagnostic("K811", f"'{path}' is not laid out", span, "`kpi fmt` writes it.")


def _patch(path: str, text: str, *, laid: str) -> str:
    lines = unified_diff(
        text.splitlines(keepends=True), laid.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
