"""Turns an error of the database into a diagnostic that points into the template."""

from __future__ import annotations

import re
from pathlib import Path

from kpi_runner.core.compiled import Compiled
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.names import NodeId
from kpi_runner.core.plan import Statement, Step
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.ops.workspace import Workspace

_QUOTED = re.compile(r"\"([^\"]+)\"")


def explain_step(
    workspace: Workspace, step: Step, statement: Statement, error: SqlFailed
) -> Diagnostic:
    """Returns the K710 diagnostic of a failed step, in the template where that can be told."""
    span = None
    if step.compiled and statement.prefix_bytes is not None and error.position is not None:
        offset = error.position - statement.prefix_bytes
        span = find_place(workspace, step.compiled, statement_body(statement), offset)
    return describe(workspace, step.node, error, span)


def statement_body(statement: Statement) -> str:
    """Returns the part of a statement that is a node's compiled text."""
    return statement.sql.encode()[statement.prefix_bytes or 0 :].decode()


def find_place(workspace: Workspace, compiled: Compiled, sql: str, offset: int) -> Span | None:
    """Returns the template place of a byte offset into a node's compiled SQL."""
    line, column = LineIndex(sql).byte_position(offset)
    for segment in compiled.segments:
        within = line - segment.first_line
        if 0 <= within < segment.line_count:
            return workspace.compiler.locate(segment.node, segment.offset + within, column)
    return None


def describe(workspace: Workspace, node: NodeId, error: SqlFailed, span: Span | None) -> Diagnostic:
    """Returns the K710 diagnostic of a node; without a place, the name that the message quotes
    is searched in the template, and else the file is named."""
    project = workspace.project
    kind, name = node.split(".")[0], node.rsplit(".", 1)[-1]
    owner = project.models.get(node) or project.tests.get(node) or project.seeds.get(node)
    path = owner.path if owner else ""
    raw = getattr(owner, "raw", "")
    place = span or _find_quoted(error.message, raw, path)
    if place is None and owner is not None:
        place = owner.span or Span(path)
    hint = _hint(error)
    compiled = compiled_path(path) if raw and path else ""
    notes = (
        (f"compiled: {workspace.places.artifacts.name}/compiled/{compiled}",) if compiled else ()
    )
    message = f"{kind} '{name}': {error.message.splitlines()[0] if error.message else 'failed'}"
    return Diagnostic("K710", message, place, hint, notes)


def compiled_path(path: str) -> str:
    """Returns where under target/compiled the SQL of a template is written."""
    return Path(path).as_posix()


def _hint(error: SqlFailed) -> str:
    if not error.candidates:
        return ""
    names = [candidate.rsplit(".", 1)[-1].strip('"') for candidate in error.candidates]
    quoted = _QUOTED.search(error.message)
    close = did_you_mean(quoted.group(1), names) if quoted else ""
    return close or "The database knows: " + ", ".join(names[:5]) + "."


def _find_quoted(message: str, raw: str, path: str) -> Span | None:
    for name in _QUOTED.findall(message):
        found = list(re.finditer(rf"(?<![\w.]){re.escape(name)}(?!\w)", raw))
        if found:
            return LineIndex(raw).span(path, found[0].start(), found[0].end())
    return None
