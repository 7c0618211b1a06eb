"""The graph of nodes as integers: build order, ancestors, descendants, cycles.

Knows ids and edges only; what a node is does not matter here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import NodeId


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in an order in which they can be built: each stands after all its parents.

    ``parents`` and ``children`` hold, for the node at a position of ``ids``, the positions
    of its neighbours; ``index`` leads from an id to its position.
    """

    ids: tuple[NodeId, ...]
    index: Mapping[NodeId, int]
    parents: tuple[tuple[int, ...], ...]
    children: tuple[tuple[int, ...], ...]


def build_graph(parents: Mapping[NodeId, tuple[NodeId, ...]], ids: Iterable[NodeId]) -> Graph:
    """Returns the graph of ``ids``; the same nodes and edges always give the same order.

    Raises ``ProjectInvalid`` (K203) for each cycle; every parent has to be one of ``ids``.

    >>> build_graph({"b": ("a",), "a": ()}, ["b", "a"]).ids
    ('a', 'b')
    """
    names = sorted(ids)
    upward = _adjacency(parents, names)
    order = _order(upward)
    if len(order) < len(names):
        raise ProjectInvalid(*(_cycle_diagnostic(cycle) for cycle in find_cycles(parents)))
    place = [0] * len(order)
    for position, node in enumerate(order):
        place[node] = position
    ordered = tuple(tuple(sorted([place[parent] for parent in upward[node]])) for node in order)
    ordered_ids = tuple([names[node] for node in order])
    return Graph(
        ids=ordered_ids,
        index={name: position for position, name in enumerate(ordered_ids)},
        parents=ordered,
        children=tuple(map(tuple, _reverse(ordered))),
    )


def build_order(graph: Graph, ids: Iterable[NodeId]) -> tuple[NodeId, ...]:
    """Returns some of a graph's nodes in the order in which they can be built."""
    return tuple([graph.ids[position] for position in sorted({graph.index[name] for name in ids})])


def ancestors(
    graph: Graph, ids: Iterable[NodeId], *, depth: int | None = None
) -> frozenset[NodeId]:
    """Returns the nodes that ``ids`` read, up to ``depth`` edges away, and ``ids`` themselves."""
    return _reach(graph, graph.parents, ids=ids, depth=depth)


def descendants(
    graph: Graph, ids: Iterable[NodeId], *, depth: int | None = None
) -> frozenset[NodeId]:
    """Returns the nodes that read ``ids``, up to ``depth`` edges away, and ``ids`` themselves."""
    return _reach(graph, graph.children, ids=ids, depth=depth)


def find_cycles(parents: Mapping[NodeId, tuple[NodeId, ...]]) -> tuple[tuple[NodeId, ...], ...]:
    """Returns cycles that share no node, each read from parent to child; all, if there are any.

    >>> find_cycles({"a": ("b",), "b": ("a",), "c": ("a",)})
    (('a', 'b'),)
    """
    names = sorted({*parents, *(parent for some in parents.values() for parent in some)})
    upward = _adjacency(parents, names)
    cycles = []
    while stuck := set(range(len(upward))) - set(_order(upward)):
        cycle = _walk_up(upward, stuck)
        cycles.append(tuple(names[node] for node in cycle))
        for node in cycle:
            upward[node] = []
    return tuple(sorted(cycles))


def _adjacency(
    parents: Mapping[NodeId, tuple[NodeId, ...]], names: Sequence[NodeId]
) -> list[list[int]]:
    index = {name: position for position, name in enumerate(names)}
    return [[index[parent] for parent in dict.fromkeys(parents.get(name, ()))] for name in names]


def _reverse(upward: Sequence[Sequence[int]]) -> list[list[int]]:
    downward: list[list[int]] = [[] for _ in upward]
    for node, above in enumerate(upward):
        for parent in above:
            downward[parent].append(node)
    return downward


def _order(upward: Sequence[Sequence[int]]) -> list[int]:
    """Kahn's algorithm; nodes on a cycle, or below one, are left out."""
    downward = _reverse(upward)
    waits_for = [len(above) for above in upward]
    order = [node for node, count in enumerate(waits_for) if not count]
    for node in order:
        for child in downward[node]:
            waits_for[child] -= 1
            if not waits_for[child]:
                order.append(child)
    return order


def _walk_up(upward: Sequence[Sequence[int]], stuck: set[int]) -> list[int]:
    """Climbs from parent to parent until a node repeats: that stretch is a cycle.

    Every node that Kahn's algorithm leaves out has a parent that it leaves out as well.
    """
    path: dict[int, None] = {}
    node = min(stuck)
    while node not in path:
        path[node] = None
        node = min(parent for parent in upward[node] if parent in stuck)
    climbed = list(path)
    cycle = climbed[climbed.index(node) :][::-1]
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def _reach(
    graph: Graph,
    neighbours: Sequence[Sequence[int]],
    *,
    ids: Iterable[NodeId],
    depth: int | None,
) -> frozenset[NodeId]:
    edge = {graph.index[name] for name in ids}
    seen = set(edge)
    while edge and depth != 0:
        edge = {far for near in edge for far in neighbours[near]} - seen
        seen |= edge
        depth = None if depth is None else depth - 1
    return frozenset([graph.ids[position] for position in seen])


def _cycle_diagnostic(cycle: tuple[NodeId, ...]) -> Diagnostic:
    path = " → ".join((*cycle, cycle[0]))
    return Diagnostic(
        "K203",
        f"'{cycle[0]}' depends on itself",
        hint="Take one of these dependencies away.",
        notes=(path,),
    )
