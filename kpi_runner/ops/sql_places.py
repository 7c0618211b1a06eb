"""Finds the place in a template that an error of the database is about.

The database gives a byte offset into a statement, or none at all. The offset may belong to a
view that the statement reads; without one, the words of the message are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import VIEW, create_as_prefix
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.errors import ProjectInvalid, SqlFailed
from kpi_runner.core.names import NodeId
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.ops.steps import relation_parents
from kpi_runner.ops.workspace import Workspace
from kpi_runner.sql.clues import find_clue, refine_offset
from kpi_runner.sql.syntax import find_unclosed

BEFORE_READING = ("parser", "binder", "catalog")
"""Kinds of error that a statement raises before any row is read, so about its own text."""

_SOURCE_COLUMN = re.compile(r"when casting from source column (.+)\Z")
_WITHIN_WORD = re.compile(r"\w\w")


@dataclass(frozen=True, slots=True)
class Scene:
    """Where something failed: the project, what landing found out, and the database."""

    workspace: Workspace
    facts: Facts
    adapter: Adapter


@dataclass(frozen=True, slots=True)
class Failure:
    """A statement that the database refused or failed, and the node that it works for."""

    node: NodeId
    sql: str
    error: SqlFailed


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A text that may be to blame.

    Args:
        compiled: the node's SQL as it was compiled.
        text: the same as it was sent, with placeholders filled.
        statement: the statement around it, as the database counts offsets.
    """

    compiled: Compiled
    text: str
    statement: str

    @property
    def start(self) -> int:
        """Where the text begins in the statement; -1 where it does not stand there."""
        return self.statement.find(self.text)


def find_place(scene: Scene, failure: Failure) -> Span | None:
    """Returns the place in a template that a failure is about, or None where nothing tells it."""
    error = failure.error
    candidates = list(_candidates(scene, failure))
    if error.position is not None:
        for index, candidate in enumerate(candidates):
            offset = _offset_in(candidate, error)
            is_own = index == 0 and error.kind in BEFORE_READING
            if offset is not None and (is_own or _fits(candidate.text, offset, error=error)):
                offset = refine_offset(candidate.text, offset, error=error)
                return _locate(scene, candidate, offset=offset)
    for candidate in candidates:
        found = find_clue(candidate.text, error.message)
        if found is not None:
            return _locate(scene, candidate, offset=found)
    return None


def is_unclosed(scene: Scene, failure: Failure) -> bool:
    """True where a parse error is a parenthesis that nothing closes."""
    for candidate in _candidates(scene, failure):
        offset = _offset_in(candidate, failure.error)
        is_parsed = failure.error.kind != "parser" or offset is None
        return not is_parsed and find_unclosed(candidate.text, offset or 0) is not None
    return False


def _candidates(scene: Scene, failure: Failure) -> Iterator[_Candidate]:
    """The node's own text, then the views that it reads, the nearest first."""
    workspace, facts = scene.workspace, scene.facts
    project, compiler = workspace.project, workspace.compiler
    compile_node = compiler.compile_test if failure.node in project.tests else (
        compiler.compile_model
    )  # fmt: skip
    try:
        compiled = _text_that_ran(compile_node(failure.node), facts=facts, sql=failure.sql)
        yield _Candidate(compiled, fill_placeholders(compiled.sql, facts), failure.sql)
        for view in _views_above(workspace, failure.node):
            compiled = compiler.compile_model(view)
            text = fill_placeholders(compiled.sql, facts)
            prefix = create_as_prefix(project.models[view].relation, VIEW)
            yield _Candidate(compiled, text, f"{prefix}{text}\n")
    except (KeyError, ProjectInvalid):
        return


def _text_that_ran(compiled: Compiled, *, facts: Facts, sql: str) -> Compiled:
    """Of the two texts of an incremental model the one that stands in a statement."""
    increment = compiled.increment
    is_increment = increment and fill_placeholders(increment.sql, facts) in sql
    return increment if increment and is_increment else compiled


def _views_above(workspace: Workspace, node: NodeId) -> Iterator[NodeId]:
    models = workspace.project.models
    seen: dict[NodeId, None] = {}
    waiting = [node]
    while waiting:
        for parent in relation_parents(workspace, waiting.pop(0)):
            is_view = parent in models and models[parent].config.materialized == VIEW
            if is_view and parent not in seen:
                seen[parent] = None
                waiting.append(parent)
                yield parent


def _offset_in(candidate: _Candidate, error: SqlFailed) -> int | None:
    """The character of a candidate's text that the database's byte offset stands for."""
    if candidate.start < 0 or error.position is None:
        return None
    before = candidate.statement.encode()[: error.position].decode(errors="ignore")
    offset = len(before) - candidate.start
    return offset if 0 <= offset <= len(candidate.text) else None


def _fits(text: str, offset: int, *, error: SqlFailed) -> bool:
    """Whether an offset that may belong to another text looks right in this one."""
    end = len(text[offset:].encode()[: error.length].decode(errors="ignore")) + offset
    region, before = text[offset:end], text[:offset]
    is_torn = any(_WITHIN_WORD.fullmatch(text[edge - 1 : edge + 1]) for edge in (offset, end))
    if is_torn or region.count("(") != region.count(")"):
        return False
    column = _SOURCE_COLUMN.search(error.message)
    if column is None:
        return bool(region.strip())
    name = column[1].rpartition(".")[2].strip('"').lower()
    return name in region.lower() or (
        region.startswith("::") and before.lower().rstrip(')" ').endswith(name)
    )


def _locate(scene: Scene, candidate: _Candidate, *, offset: int) -> Span | None:
    """The template place of a character of a node's text."""
    line, column = LineIndex(candidate.text).position(offset)
    compiled = candidate.compiled
    column = _unfilled_column(compiled.sql.split("\n")[line - 1], scene.facts, column=column)
    for segment in compiled.segments:
        within = line - segment.first_line
        if 0 <= within < segment.line_count:
            return scene.workspace.compiler.locate(segment.node, (segment.offset + within, column))
    return None


def _unfilled_column(line: str, facts: Facts, *, column: int) -> int:
    """The column of a compiled line, from that of the line after placeholders were filled."""
    filled = fill_placeholders(line, facts)
    if filled == line:
        return column
    cuts = (fill_placeholders(line[:end], facts) for end in range(len(line) + 1))
    fitting = [end for end, cut in enumerate(cuts) if filled.startswith(cut) and len(cut) < column]
    return max(fitting, default=0) + 1
