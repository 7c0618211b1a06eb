"""Turns an error of the database into a diagnostic that points into the template."""

from __future__ import annotations

import re

from kpi_runner.core.compiled import Compiled
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.names import NodeId
from kpi_runner.core.plan import Statement
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.ops.compiled_files import compiled_path
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.executor import FailedStatement

_QUOTED = re.compile(r"\"([^\"]+)\"")


def explain_step(workspace: Workspace, failed: FailedStatement) -> Diagnostic:
    """Returns the K710 diagnostic of a failed step, in the template where that can be told."""
    span, compiled = None, failed.step.compiled
    position = _position_in_body(failed.statement, failed.error)
    if compiled and position:
        span = _find_place(workspace, compiled, position=position)
    return describe(workspace, failed.step.node, error=failed.error, span=span)


def _position_in_body(statement: Statement, error: SqlFailed) -> tuple[int, int] | None:
    """Line and column in the part of a statement that is a node's compiled text."""
    if statement.prefix_bytes is None or error.position is None:
        return None
    body = statement.sql.encode()[statement.prefix_bytes :].decode()
    return LineIndex(body).byte_position(error.position - statement.prefix_bytes)


def _find_place(
    workspace: Workspace, compiled: Compiled, *, position: tuple[int, int]
) -> Span | None:
    """The template place of a line and column of a node's compiled SQL."""
    line, column = position
    for segment in compiled.segments:
        within = line - segment.first_line
        if 0 <= within < segment.line_count:
            return workspace.compiler.locate(segment.node, (segment.offset + within, column))
    return None


def describe(
    workspace: Workspace, node: NodeId, *, error: SqlFailed, span: Span | None = None
) -> Diagnostic:
    """Returns the K710 diagnostic of a node; without a place, the name that the message quotes
    is searched in the template, and else the file is named."""
    project = workspace.project
    kind, name = node.split(".")[0], node.rsplit(".", 1)[-1]
    owner = project.models.get(node) or project.tests.get(node) or project.seeds.get(node)
    path = owner.path if owner else ""
    raw = getattr(owner, "raw", "")
    place = span or _find_quoted(error.message, raw, path=path)
    if place is None and owner is not None:
        place = owner.span or Span(path)
    notes = []
    if raw:
        notes.append(f"compiled: {workspace.places.artifacts.name}/{compiled_path(project, node)}")
    message = f"{kind} '{name}': {first_line(error)}"
    return Diagnostic("K710", message, place, _hint(error), tuple(notes))


def first_line(error: SqlFailed) -> str:
    """Returns what the database says, without what it adds below."""
    return error.message.partition("\n")[0] or "failed"


def _hint(error: SqlFailed) -> str:
    if not error.candidates:
        return ""
    names = [candidate.rsplit(".", 1)[-1].strip('"') for candidate in error.candidates]
    quoted = _QUOTED.search(error.message)
    close = did_you_mean(quoted.group(1), names) if quoted else ""
    return close or "The database knows: " + ", ".join(names[:5]) + "."


def _find_quoted(message: str, raw: str, *, path: str) -> Span | None:
    for name in _QUOTED.findall(message):
        found = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", raw)
        if found:
            return LineIndex(raw).span(path, start=found.start(), end=found.end())
    return None
