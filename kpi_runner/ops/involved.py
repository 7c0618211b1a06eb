"""Which nodes a command works on: the selected ones, and what these call for."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_runner.core.names import NodeId
from kpi_runner.graph.dag import ancestors, descendants
from kpi_runner.ops.stages import Stage, is_built
from kpi_runner.ops.workspace import Workspace, marts_of


def involved_nodes(workspace: Workspace, stages: Stage) -> Sequence[NodeId]:
    """Returns the nodes that the stages work on: the selected ones, the marts that selected KPIs
    stand in, and, before something is published, every KPI downstream with what leads there."""
    project, chosen = workspace.project, set(workspace.selected)
    if stages & Stage.PUBLISH and workspace.is_partial:
        chosen |= _touched_kpis(workspace)
    kpis = {node for node in chosen if node in project.kpis}
    marts = marts_of(project, kpis)
    if stages & Stage.MODEL and stages & Stage.ASSERT:
        below = descendants(workspace.graph, workspace.selected)
        chosen |= marts | (below & ancestors(workspace.graph, marts))
    wanted: list[NodeId] = []
    wanted += [node for node in project.models if node in chosen and is_built(node, stages)]
    if stages & Stage.TEST:
        wanted += [node for node in project.tests if node in chosen]
    if stages & Stage.ASSERT:
        wanted += kpis
    return tuple(wanted)


def _touched_kpis(workspace: Workspace) -> set[NodeId]:
    """The KPIs whose published values a selection can change: those below it, and all of a mart
    that is selected, or of which something below is."""
    project, graph, selected = workspace.project, workspace.graph, workspace.selected
    touched = {node for node in descendants(graph, selected) if node in project.kpis}
    for kpi in project.kpis.values():
        marts = marts_of(project, {kpi.id})
        if selected & descendants(graph, marts):
            touched.add(kpi.id)
    return touched
