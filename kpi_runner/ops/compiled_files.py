"""The texts under target/compiled: one file a model and test, one a KPI with its assertions."""

from __future__ import annotations

from collections.abc import Callable

from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.ops.workspace import CompiledNodes, Workspace


def compiled_files(
    workspace: Workspace, compiled: CompiledNodes, facts: Facts | None = None
) -> dict[str, str]:
    """Returns path below the artifacts folder → SQL, placeholders filled where facts are known."""
    project = workspace.project
    fill: Callable[[str], str] = (
        (lambda sql: fill_placeholders(sql, facts)) if facts else (lambda sql: sql)
    )
    files: dict[str, str] = {}
    for one in compiled.models:
        files[f"compiled/{project.models[one.node].path}"] = fill(one.sql) + "\n"
    for one in compiled.tests:
        files[f"compiled/tests/{project.tests[one.node].name}.sql"] = fill(one.sql) + "\n"
    assertions: dict[str, list[str]] = {}
    for _, assertion in compiled.assertions:
        name = f"{assertion.kpi}.{assertion.variant}".rstrip(".")
        text = f"-- {name} {assertion.name}: {assertion.expected}\n{fill(assertion.sql)}\n;\n"
        assertions.setdefault(assertion.kpi, []).append(text)
    for kpi, texts in assertions.items():
        files[f"compiled/assertions/{kpi}.sql"] = "\n".join(texts)
    return files
