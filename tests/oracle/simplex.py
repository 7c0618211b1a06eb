"""The highest point of a smooth function of a few numbers, by a simplex (Nelder and Mead)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Point = tuple[float, ...]
Function = Callable[[Sequence[float]], float]

STEPS = 4_000
RESTARTS = 2
CLOSE = 1e-13


def highest(function: Function, start: Sequence[float]) -> Point:
    """Climbs from a start; begins anew from where it stops, so that it does not stop early."""
    point = tuple(start)
    for _ in range(RESTARTS):
        point = _climb(function, point)
    return point


def _climb(function: Function, start: Point) -> Point:
    corners = [start] + [
        tuple(value + 0.3 * (place == axis) for place, value in enumerate(start))
        for axis in range(len(start))
    ]
    ranked = sorted(((function(corner), corner) for corner in corners), reverse=True)
    for _ in range(STEPS):
        best, worst = ranked[0], ranked[-1]
        if best[0] - worst[0] <= CLOSE * (1 + abs(best[0])):
            break
        center = tuple(
            sum(values) / len(start) for values in zip(*(c for _, c in ranked[:-1]), strict=True)
        )

        def toward(share: float, center: Point = center, worst: Point = worst[1]) -> Point:
            return tuple(c + share * (w - c) for c, w in zip(center, worst, strict=True))

        reflected = toward(-1.0)
        found = (function(reflected), reflected)
        if found[0] > best[0]:
            further = toward(-2.0)
            found = max(found, (function(further), further))
        elif found[0] <= ranked[-2][0]:
            nearer = toward(-0.5 if found[0] > worst[0] else 0.5)
            found = (function(nearer), nearer)
            if found[0] <= worst[0]:
                halves = [_half(best[1], corner) for _, corner in ranked[1:]]
                ranked = sorted((best, *((function(half), half) for half in halves)), reverse=True)
                continue
        ranked = sorted((*ranked[:-1], found), reverse=True)
    return ranked[0][1]


def _half(one: Point, other: Point) -> Point:
    return tuple((a + b) / 2 for a, b in zip(one, other, strict=True))
