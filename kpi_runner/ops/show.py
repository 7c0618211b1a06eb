"""Shows rows of the work state: of a model, seed, raw table or data test, or of a query."""

from __future__ import annotations

from kpi_runner.adapters.protocol import Rows
from kpi_runner.compile.model import clean_select
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, SqlFailed, UsageError
from kpi_runner.core.placeholders import fill_placeholders
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.ops.blame import explain_failure, first_line
from kpi_runner.ops.facts import latest_facts
from kpi_runner.ops.options import Options, Table
from kpi_runner.ops.sql_places import Failure, Scene
from kpi_runner.ops.work_database import open_work_database
from kpi_runner.ops.workspace import Workspace, open_workspace


def show(options: Options, name: str, *, limit: int, inline: str) -> Table:
    """Returns up to ``limit`` rows (-1: all); ``inline`` is a SELECT that may use ref().

    Raises UsageError for an unknown name or where nothing is built (K602), RunFailed (K710)
    where the query fails.
    """
    workspace = open_workspace(options)
    node, sql = _inline(workspace, inline) if inline else _query_of(workspace, name)
    if not workspace.places.work.is_file():
        raise UsageError(
            Diagnostic("K602", "nothing is built yet", hint="`kpi build` or `kpi run` builds it.")
        )
    adapter = open_work_database(workspace, read_only=True, patience=options.lock_timeout)
    try:
        scene = Scene(workspace, latest_facts(workspace, adapter, as_of=options.as_of), adapter)
        limited = f"select *\nfrom (\n{fill_placeholders(sql, scene.facts)}\n) as shown"
        rows = _fetch(scene, node, sql=limited if limit < 0 else f"{limited}\nlimit {limit}")
    finally:
        adapter.close()
    return Table(rows.columns, rows.rows)


def _fetch(scene: Scene, node: str, *, sql: str) -> Rows:
    try:
        return scene.adapter.query(sql)
    except SqlFailed as error:
        if node:
            raise RunFailed(explain_failure(scene, Failure(node, sql, error))) from None
        message = f"the query failed: {first_line(error)}"
        raise RunFailed(Diagnostic("K710", message)) from None


def _inline(workspace: Workspace, template: str) -> tuple[str, str]:
    text = workspace.compiler.render_mapping(template, "--inline")
    return "", clean_select(text, Span("--inline"))


def _query_of(workspace: Workspace, name: str) -> tuple[str, str]:
    """The node of a name, and the SELECT that shows it."""
    project, compiler = workspace.project, workspace.compiler
    by_name = {model.name: id for id, model in project.models.items()}
    by_name |= {seed.name: id for id, seed in project.seeds.items()}
    by_name |= {f"{s.source}.{s.name}": id for id, s in project.sources.items()}
    by_name |= {test.name: id for id, test in project.tests.items()}
    node = by_name.get(name)
    if node is None:
        hint = did_you_mean(name, by_name)
        raise UsageError(Diagnostic("K002", f"nothing is named '{name}'", hint=hint))
    if node in project.tests:
        return node, compiler.compile_test(node).sql
    if node in project.models:
        model = project.models[node]
        is_built = model.config.materialized != "ephemeral"
        return node, f"select * from {model.relation.sql}" if is_built else (
            compiler.compile_model(node).sql
        )
    owner = project.seeds.get(node) or project.sources[node]
    return node, f"select * from {owner.relation.sql}"
