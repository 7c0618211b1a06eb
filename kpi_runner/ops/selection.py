"""Resolves the selection of a command line: flags, selectors.yml and an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.names import NodeId
from kpi_runner.core.project import Project
from kpi_runner.core.selection import Indirect
from kpi_runner.graph.dag import Graph
from kpi_runner.graph.methods import type_of
from kpi_runner.graph.select import Request, find_unmatched, select
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import find_places

if TYPE_CHECKING:
    from kpi_runner.ops.earlier import EarlierRun


def select_nodes(options: Options, project: Project, *, graph: Graph) -> frozenset[NodeId]:
    """Returns the nodes that a command is about.

    Raises UsageError for a selection that cannot be read or matches nothing, or an earlier run
    that cannot be compared with.
    """
    _refuse_contradictions(options)
    request = _request(options)
    earlier = _open_earlier(options, project) if options.state else None
    chosen = select(project, graph, request=request, earlier=earlier)
    if options.only and options.command != "build":  # a build publishes all that it selects
        chosen &= frozenset(options.only)
        if not chosen:
            message = "nothing of what had failed is there any more"
            raise UsageError(Diagnostic("K003", message, hint="Run the command itself again."))
    wanted, unwanted = options.resource_types, options.excluded_resource_types
    if not wanted and not unwanted:
        return chosen
    nodes = project.nodes
    kinds = {node: type_of(nodes[node]) for node in chosen}
    left = frozenset(
        node
        for node, kind in kinds.items()
        if (not wanted or kind in wanted) and kind not in unwanted
    )
    is_narrowed = options.select or options.exclude or options.selector
    if left or options.allow_empty or not is_narrowed:
        return left
    selected = ", ".join(sorted(set(kinds.values()))) or "nothing"
    message = f"no node of the wanted resource types is selected, only: {selected}"
    hint = "--allow-empty accepts an empty selection."
    raise UsageError(Diagnostic("K003", message, hint=hint))


def _refuse_contradictions(options: Options) -> None:
    """Raises UsageError (K002) for flags of which one would count for nothing."""
    both = sorted({*options.resource_types} & {*options.excluded_resource_types})
    hint = "Leave one of the two out."
    if options.selector and options.select:
        message = "--select and --selector exclude each other"
        hint += " '--select selector:NAME' adds a selector of selectors.yml to others."
        raise UsageError(Diagnostic("K002", message, hint=hint))
    if both:
        message = f"--resource-type and --exclude-resource-type both name '{both[0]}'"
        raise UsageError(Diagnostic("K002", message, hint=hint))
    if options.favor_state and not options.defer:
        message = "--favor-state means nothing without --defer"
        raise UsageError(Diagnostic("K002", message, hint="Add --defer, and --state."))


def selection_warnings(options: Options, project: Project) -> tuple[Diagnostic, ...]:
    """Returns a warning for each part of --select and --exclude that matches nothing."""
    return find_unmatched(project, _request(options))


def _request(options: Options) -> Request:
    return Request(
        select=options.select,
        exclude=options.exclude,
        selector=options.selector,
        indirect=Indirect(options.indirect_selection),
        allow_empty=options.allow_empty,
    )


def is_partial(options: Options, project: Project) -> bool:
    """True where the command line, or a default selector, means less than every node."""
    has_default = any(selector.is_default for selector in project.selectors.values())
    flags = (options.select, options.exclude, options.selector, options.resource_types)
    return any(flags) or bool(options.excluded_resource_types) or has_default


def _open_earlier(options: Options, project: Project) -> EarlierRun:
    from kpi_runner.ops.earlier import EarlierRun  # lists of nodes need no database

    places = find_places(options, config=project.config, target=project.target)
    return EarlierRun(Path(options.state), project, raw=places.raw)
