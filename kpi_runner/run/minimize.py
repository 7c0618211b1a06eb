"""Nelder and Mead's simplex: the least value of a function of a few numbers.

Pure, and without chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Point = tuple[float, ...]

MOST_EVALUATIONS = 3000
TOLERANCE = 1e-11
"""The simplex has converged when its values differ by less, relative to their size."""
WIDTH = 1e-6
"""… and its corners by less than this."""


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where a function is least, as far as it was found."""

    point: Point
    value: float
    evaluations: int
    is_converged: bool


def minimize(function: Callable[[Point], float], start: Sequence[float]) -> Minimum:
    """Searches from a point, and once more from where that ends, which gets it out of a corner
    that the simplex collapsed in."""
    first = _search(function, tuple(start), step=0.5, most=MOST_EVALUATIONS)
    left = MOST_EVALUATIONS - first.evaluations
    again = _search(function, first.point, step=0.1, most=left)
    evaluations = first.evaluations + again.evaluations
    return Minimum(again.point, again.value, evaluations, again.is_converged)


def _search(function: Callable[[Point], float], start: Point, *, step: float, most: int) -> Minimum:
    size, count = len(start), 0

    def measured(point: Point) -> tuple[float, Point]:
        nonlocal count
        count += 1
        return function(point), point

    corners = [measured(start)]
    for index in range(size):
        moved = [*start]
        moved[index] += step
        corners.append(measured(tuple(moved)))
    corners.sort()
    while count < most and not _is_small(corners):
        (worst_value, worst), best = corners[-1], corners[0]
        middle = tuple(sum(axis) / size for axis in zip(*(p for _, p in corners[:-1]), strict=True))
        found = measured(_along(middle, worst, share=-1.0))
        if found < best:
            found = min(found, measured(_along(middle, worst, share=-2.0)))
        elif found[0] >= corners[-2][0]:
            inside = 0.5 if found[0] >= worst_value else -0.5
            found = min(found, measured(_along(middle, worst, share=inside)))
        if found[0] < worst_value:
            corners[-1] = found
        else:
            corners = [best, *(measured(_along(best[1], p, share=0.5)) for _, p in corners[1:])]
        corners.sort()
    value, point = corners[0]
    return Minimum(point, value, count, _is_small(corners))


def _along(origin: Point, corner: Point, *, share: float) -> Point:
    """The point at a share of the way from the origin to a corner."""
    return tuple(o + share * (c - o) for o, c in zip(origin, corner, strict=True))


def _is_small(corners: Sequence[tuple[float, Point]]) -> bool:
    (least, best), (greatest, _) = corners[0], corners[-1]
    if greatest - least > TOLERANCE * (1 + abs(least)):
        return False
    return all(abs(a - b) < WIDTH for _, p in corners for a, b in zip(p, best, strict=True))
