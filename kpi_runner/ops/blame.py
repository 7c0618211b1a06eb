"""Turns an error of the database into a diagnostic that points into a file of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest, Model
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.config import read_environment
from kpi_runner.ops.compiled_files import compiled_path
from kpi_runner.ops.kpi_places import find_expression
from kpi_runner.ops.seed_places import explain_seed
from kpi_runner.ops.sql_places import (
    BEFORE_READING,
    Failure,
    Scene,
    find_place,
    is_unclosed,
    views_from,
)
from kpi_runner.ops.workspace import marts_of
from kpi_runner.ops.yaml_places import find_line, find_word
from kpi_runner.run.checks import Check
from kpi_runner.run.executor import FailedStatement
from kpi_runner.sql.clues import named
from kpi_runner.sql.syntax import has_missing_comma
from kpi_runner.template.context import mask, secret_values

_YAML = (".yml", ".yaml")
"""A test or snapshot of such a path has no template of its own."""


def explain_step(scene: Scene, failed: FailedStatement) -> Diagnostic:
    """Returns the K710 diagnostic of a failed step."""
    return explain_failure(scene, Failure(failed.step.node, failed.statement.sql, failed.error))


def explain_check(scene: Scene, check: Check, *, error: SqlFailed) -> Diagnostic:
    """Returns the K710 diagnostic of a data test or assertion that cannot be evaluated."""
    if not check.is_assertion:
        return explain_failure(scene, Failure(check.node, check.sql, error))
    message = f"assertion '{check.name}' of KPI '{check.kpi}' cannot be evaluated: "
    place = _in_mart(scene, check, error=error) or (
        check.span and _in_yaml(scene, Failure(check.node, check.sql, error), entry=check.span)
    )
    return Diagnostic("K710", message + first_line(error), place, _hint(check.sql, error))


def explain_failure(scene: Scene, failure: Failure) -> Diagnostic:
    """Returns the K710 diagnostic of a statement of a node: in its template, in the view or
    ephemeral model to blame, in kpis.yml, in the YAML of a test, in the rows of a seed; where
    nothing tells the place, at the node."""
    project, node, error = scene.workspace.project, failure.node, failure.error
    kind, name = node.split(".")[0], node.rsplit(".", 1)[-1]
    notes: tuple[str, ...] = ()
    if node in project.seeds:
        said, span = explain_seed(project.seeds[node], error, root=project.config.root)
        return Diagnostic("K710", f"{kind} '{name}': {said}", span, _hint(failure.sql, error))
    owner = project.models.get(node) or project.tests.get(node)
    if owner is not None:
        notes = (f"compiled: {_artifacts(scene)}/{compiled_path(project, node)}",)
    return Diagnostic(
        "K710",
        f"{kind} '{name}': {first_line(error)}",
        _place(scene, failure, owner=owner),
        _unclosed_hint(scene, failure) or _hint(failure.sql, error),
        notes,
    )


def first_line(error: SqlFailed) -> str:
    """Returns what the database says, without what it adds below, and without secrets."""
    said = error.message.partition("\n")[0] or "failed"
    return mask(said, secret_values(read_environment()))


def _place(scene: Scene, failure: Failure, *, owner: Model | DataTest | None) -> Span | None:
    if owner is None:
        return None
    if owner.path.endswith(_YAML):
        in_macro, column = find_place(scene, failure), getattr(owner, "column", "")
        if in_macro and in_macro.path != owner.path:
            return in_macro
        return owner.span and _in_yaml(scene, failure, entry=owner.span, owner=column)
    for mart in _marts_behind(scene, owner):
        if found := find_expression(scene, mart):
            return found
    return find_place(scene, failure) or _in_raw(owner, failure.error) or (
        owner.span or Span(owner.path)
    )  # fmt: skip


def _marts_behind(scene: Scene, owner: Model | DataTest) -> Iterator[NodeId]:
    """A mart itself, and the marts that are views which a node reads."""
    models = scene.workspace.project.models
    for node in dict.fromkeys([owner.id, *views_from(scene.workspace, owner.id)]):
        if node in models and models[node].scan.kpis:
            yield node


def _in_mart(scene: Scene, check: Check, *, error: SqlFailed) -> Span | None:
    """The place of what failed only while the rows behind an assertion were read."""
    if error.kind in BEFORE_READING:
        return None
    for mart in marts_of(scene.workspace.project, [check.node]):
        failure = Failure(mart, check.sql, error)
        found = find_expression(scene, mart) or find_place(scene, failure)
        if found:
            return found
    return None


def _in_raw(owner: Model | DataTest, error: SqlFailed) -> Span | None:
    """The first name of the message that stands in the template itself."""
    for name in named(error.message):
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", owner.raw)
        if found:
            return LineIndex(owner.raw).span(owner.path, start=found.start(), end=found.end())
    return None


def _in_yaml(scene: Scene, failure: Failure, *, entry: Span, owner: str = "") -> Span:
    """The place in a YAML entry of SQL that stands there, or of a name of the message."""
    root, error = scene.workspace.project.config.root, failure.error
    if error.position is not None:
        before = failure.sql.encode()[: error.position].decode(errors="ignore")
        line, column = LineIndex(failure.sql).position(len(before))
        found = find_line(root, entry, line=failure.sql.split("\n")[line - 1], column=column)
        if found:
            return found
    return find_word(root, entry, words=named(error.message), owner=owner)


def _artifacts(scene: Scene) -> str:
    return scene.workspace.places.artifacts.name


def _unclosed_hint(scene: Scene, failure: Failure) -> str:
    is_found = is_unclosed(scene, failure)
    return "Close the parenthesis that opens here." if is_found else ""


def _hint(sql: str, error: SqlFailed) -> str:
    if error.kind == "parser" and error.position is not None:
        noticed = len(sql.encode()[: error.position].decode(errors="ignore"))
        return "A comma may be missing before it." if has_missing_comma(sql, noticed) else ""
    if not error.candidates:
        return ""
    names = [candidate.rsplit(".", 1)[-1].strip('"') for candidate in error.candidates]
    wrong = named(error.message)
    close = did_you_mean(wrong[0], names) if wrong else ""
    return close or "The database knows: " + ", ".join(names[:5]) + "."
