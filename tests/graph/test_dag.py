"""Build order, reach and cycles."""

from __future__ import annotations

import random

import pytest

from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.graph.dag import ancestors, build_graph, build_order, descendants, find_cycles

DIAMOND = {
    "top": (),
    "left": ("top",),
    "right": ("top",),
    "end": ("left", "right"),
    "far": ("end",),
}


def test_each_node_stands_after_its_parents() -> None:
    rng = random.Random(7)
    names = [f"n{number:03d}" for number in range(300)]
    parents = {n: tuple(rng.choices(names[:i], k=3)) if i else () for i, n in enumerate(names)}

    graph = build_graph(parents, reversed(names))

    assert all(graph.index[p] < graph.index[n] for n, above in parents.items() for p in above)


def test_order_does_not_depend_on_the_order_of_reading() -> None:
    backwards = dict(reversed(DIAMOND.items()))

    assert build_graph(DIAMOND, DIAMOND) == build_graph(backwards, backwards)


def test_neighbours_mirror_each_other() -> None:
    graph = build_graph(DIAMOND, DIAMOND)
    downward = {(p, c) for p, children in enumerate(graph.children) for c in children}

    assert {(p, c) for c, above in enumerate(graph.parents) for p in above} == downward


def test_a_parent_named_twice_is_one_edge() -> None:
    graph = build_graph({"b": ("a", "a")}, ["a", "b"])

    assert graph.parents == ((), (0,))


def test_build_order_keeps_only_what_is_asked_for() -> None:
    graph = build_graph(DIAMOND, DIAMOND)

    assert build_order(graph, {"far", "top", "end"}) == ("top", "end", "far")


@pytest.mark.parametrize(
    ("depth", "above", "below"),
    [
        (0, {"end"}, {"end"}),
        (1, {"end", "left", "right"}, {"end", "far"}),
        (None, {"end", "left", "right", "top"}, {"end", "far"}),
    ],
)
def test_reach_stops_at_its_depth(depth: int | None, above: set[str], below: set[str]) -> None:
    graph = build_graph(DIAMOND, DIAMOND)

    assert above == ancestors(graph, ["end"], depth=depth)
    assert below == descendants(graph, ["end"], depth=depth)


@pytest.mark.parametrize(
    ("parents", "cycles"),
    [
        (DIAMOND, ()),
        ({"a": ("a",)}, (("a",),)),
        ({"b": ("a",), "a": ("c",), "c": ("b",), "d": ("a",)}, (("a", "b", "c"),)),
        ({"a": ("b",), "b": ("a",), "y": ("z", "a"), "z": ("y",)}, (("a", "b"), ("y", "z"))),
        ({"b": ("a",)}, ()),
    ],
)
def test_cycles_are_found_and_read_from_parent_to_child(
    parents: dict[str, tuple[str, ...]], cycles: tuple[tuple[str, ...], ...]
) -> None:
    assert cycles == find_cycles(parents)


def test_a_graph_with_cycles_names_each_of_them() -> None:
    parents = {"a": ("b",), "b": ("a",), "y": ("z",), "z": ("y",)}

    with pytest.raises(ProjectInvalid) as caught:
        build_graph(parents, parents)

    notes = [d.notes for d in caught.value.diagnostics]
    assert notes == [("a → b → a",), ("y → z → y",)]
