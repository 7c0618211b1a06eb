"""What the models and checks of a command read, and no database holds whole, is built too.

So a selection works in an empty database, and shows nothing of a table that lacks batches. With
``--defer``, what the earlier run has published counts as being there.
"""

from __future__ import annotations

from dataclasses import replace

from kpi_runner.adapters.statements import VIEW
from kpi_runner.core.names import NodeId
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.ops.steps import relation_parents
from kpi_runner.ops.workspace import compile_nodes
from kpi_runner.run.linked import read_link
from kpi_runner.run.state import read_nodes


def with_missing(run: Run) -> Run:
    """Adds to what a command builds what its nodes read and no database holds.

    Raises ProjectInvalid where that does not compile.
    """
    if not run.stages & Stage.MODEL or not run.workspace.is_partial:
        return run
    missing = _find_missing(run)
    models = [node for node in missing if node in run.workspace.project.models]
    added = compile_nodes(run.workspace, models)
    place = run.workspace.graph.index
    together = sorted((*run.compiled.models, *added.models), key=lambda one: place[one.node])
    return replace(
        run, compiled=replace(run.compiled, models=tuple(together)), missing=frozenset(missing)
    )


def _find_missing(run: Run) -> list[NodeId]:
    """Climbs from what is built until everything that is read exists, and is whole.

    A view shows what is read through it: behind it a table may be unfinished.
    """
    project, catalog = run.workspace.project, run.adapter.relations()
    base = read_link(run.adapter) if run.workspace.places.base else {}
    rows = read_nodes(run.adapter).values()
    linked = {row.node for row in rows if row.is_linked}
    unfinished = {row.node for row in rows if row.is_unfinished}
    known = {one.node for one in run.compiled.models}
    missing: list[NodeId] = []
    edge = list(run.readers)
    while edge:
        for node in relation_parents(run.workspace, edge.pop()):
            owner = project.models.get(node) or project.seeds.get(node)
            if owner is None or node in known:
                continue
            known.add(node)
            is_loaded = node in project.seeds and node in run.workspace.selected
            is_there = owner.relation in catalog and node not in linked
            is_whole = is_loaded or is_there or str(owner.relation) in base
            is_made = node in project.models or bool(run.stages & Stage.SEED)
            is_missing = is_made and (node in unfinished or not is_whole)
            missing += [node] if is_missing else []
            is_shown = is_whole and catalog.get(owner.relation) == VIEW
            edge += [node] if is_missing or is_shown else []
    return missing
