"""Finds the place in a template that an error of the database is about.

The database gives a byte offset into a statement, or none at all. The offset may belong to a
view that the statement reads; without one, the words of the message are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import VIEW, create_as_prefix
from kpi_runner.core.batch import Window
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.errors import ProjectInvalid, SqlFailed
from kpi_runner.core.names import NodeId
from kpi_runner.core.placeholders import Facts, fill_placeholders, fill_window
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.ops.steps import relation_parents
from kpi_runner.ops.workspace import Workspace
from kpi_runner.sql.clues import find_clue, refine_offset
from kpi_runner.sql.syntax import find_unclosed

BEFORE_READING = ("parser", "binder", "catalog")
"""Kinds of error that a statement raises before any row is read, so about its own text."""

_SOURCE_COLUMN = re.compile(r"when casting from source column (.+)\Z")
_WINDOW = re.compile(r">= timestamp '([^']+)' and .+? < timestamp '([^']+)'")
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
        fill: puts what was sent in place of its placeholders.
        statement: the statement around it, as the database counts offsets.
        is_own: it is the text of the node whose statement failed.
    """

    compiled: Compiled
    fill: Callable[[str], str]
    statement: str
    is_own: bool = False

    @property
    def text(self) -> str:
        """The SQL as it was sent."""
        return self.fill(self.compiled.sql)

    def offset_of(self, error: SqlFailed) -> int | None:
        """The character of the text that the database's byte offset stands for."""
        start = self.statement.find(self.text)
        if start < 0 or error.position is None:
            return None
        before = self.statement.encode()[: error.position].decode(errors="ignore")
        offset = len(before) - start
        return offset if 0 <= offset <= len(self.text) else None


def find_place(scene: Scene, failure: Failure) -> Span | None:
    """Returns the place in a template that a failure is about, or None where nothing tells it."""
    error = failure.error
    candidates = list(_candidates(scene, failure))
    for candidate in candidates:
        offset = candidate.offset_of(error)
        is_sure = candidate.is_own and error.kind in BEFORE_READING
        if offset is not None and (is_sure or _fits(candidate.text, offset, error=error)):
            offset = refine_offset(candidate.text, offset, error=error)
            return _locate(scene, candidate, offset=offset)
    for candidate in candidates:
        found = find_clue(candidate.text, error.message)
        if found is not None:
            return _locate(scene, candidate, offset=found)
    return None


def is_unclosed(scene: Scene, failure: Failure) -> bool:
    """True where a parse error is a parenthesis that nothing closes."""
    own = next((one for one in _candidates(scene, failure) if one.is_own), None)
    offset = own.offset_of(failure.error) if own and failure.error.kind == "parser" else None
    return own is not None and offset is not None and find_unclosed(own.text, offset) is not None


def _candidates(scene: Scene, failure: Failure) -> Iterator[_Candidate]:
    """The node's own text, where the statement holds it, then the views that it reads."""
    workspace, node = scene.workspace, failure.node
    project, compiler = workspace.project, workspace.compiler
    fill = partial(fill_placeholders, facts=scene.facts)
    compile_own = compiler.compile_test if node in project.tests else compiler.compile_model
    try:
        compiled = compile_own(node)
        for one in (compiled, compiled.increment):
            filled = one and _fill_of(failure.sql, fill, text=one.sql)
            if one and filled:
                yield _Candidate(one, filled, failure.sql, is_own=True)
        for view in views_from(workspace, node):
            compiled = compiler.compile_model(view)
            prefix = create_as_prefix(project.models[view].relation, VIEW)
            yield _Candidate(compiled, fill, f"{prefix}{fill(compiled.sql)}\n")
    except (KeyError, ProjectInvalid):
        return


def _fill_of(
    statement: str, fill: Callable[[str], str], *, text: str
) -> Callable[[str], str] | None:
    """What filled the placeholders of a text that a statement holds, which may be that of a batch
    of some hours: any two bounds that stand in it."""
    bounds = [Window(start, end) for start, end in dict.fromkeys(_WINDOW.findall(statement))]
    fills: list[Callable[[str], str]] = [fill]
    fills += [partial(_fill_batch, fill=fill, window=window) for window in bounds]
    return next((filled for filled in fills if filled(text) in statement), None)


def _fill_batch(sql: str, *, fill: Callable[[str], str], window: Window) -> str:
    return fill_window(fill(sql), window)


def views_from(workspace: Workspace, node: NodeId) -> Iterator[NodeId]:
    """Yields the node itself, if it is a view, and the views that it reads, the nearest first."""
    models = workspace.project.models
    seen: dict[NodeId, None] = {}
    waiting = [node]
    if node in models and models[node].config.materialized == VIEW:
        yield node
    while waiting:
        for parent in relation_parents(workspace, waiting.pop(0)):
            is_view = parent in models and models[parent].config.materialized == VIEW
            if is_view and parent not in seen:
                seen[parent] = None
                waiting.append(parent)
                yield parent


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
    written = compiled.sql.split("\n")[line - 1]
    column = _unfilled_column(written, candidate.fill, column=column)
    for segment in compiled.segments:
        within = line - segment.first_line
        if 0 <= within < segment.line_count:
            return scene.workspace.compiler.locate(segment.node, (segment.offset + within, column))
    return None


def _unfilled_column(line: str, fill: Callable[[str], str], *, column: int) -> int:
    """The column of a compiled line, from that of the line after placeholders were filled."""
    filled = fill(line)
    if filled == line:
        return column
    cuts = (fill(line[:end]) for end in range(len(line) + 1))
    fitting = [end for end, cut in enumerate(cuts) if filled.startswith(cut) and len(cut) < column]
    return max(fitting, default=0) + 1
