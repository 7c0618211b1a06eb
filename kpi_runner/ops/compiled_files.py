"""The texts under target/compiled: one file a model and test, one a KPI with its assertions."""

from __future__ import annotations

from kpi_runner.core.names import NodeId
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.project import Project
from kpi_runner.ops.workspace import CompiledNodes, Workspace


def compiled_files(
    workspace: Workspace, compiled: CompiledNodes, *, facts: Facts | None = None
) -> dict[str, str]:
    """Returns path below the artifacts folder → SQL, placeholders filled where facts are known."""

    def fill(sql: str) -> str:
        return fill_placeholders(sql, facts) if facts else sql

    files = {
        compiled_path(workspace.project, one.node): fill(one.sql) + "\n"
        for one in (*compiled.models, *compiled.tests)
    }
    files |= {
        increment_path(workspace.project, one.node): fill(one.increment.sql) + "\n"
        for one in compiled.models
        if one.increment
    }
    assertions: dict[str, list[str]] = {}
    for _, assertion in compiled.assertions:
        name = f"{assertion.kpi}.{assertion.variant}".rstrip(".")
        text = f"-- {name} {assertion.name}: {assertion.expected}\n{fill(assertion.sql)}\n;\n"
        assertions.setdefault(assertion.kpi, []).append(text)
    for kpi, texts in assertions.items():
        files[f"compiled/assertions/{kpi}.sql"] = "\n".join(texts)
    return files


def increment_path(project: Project, node: NodeId) -> str:
    """Returns where the SQL stands by which an incremental model adds to its table."""
    return f"compiled/{project.models[node].path.removesuffix('.sql')}.increment.sql"


def compiled_path(project: Project, node: NodeId) -> str:
    """Returns where below the artifacts folder the SQL of a model or data test is written."""
    if node.startswith("snapshot."):
        return f"compiled/snapshots/{project.models[node].name}.sql"
    if node in project.models:
        return f"compiled/{project.models[node].path}"
    return f"compiled/tests/{project.tests[node].name}.sql"
