"""Removal effects of a Markov chain of touches: what conversions would be lost without a state.

Anderl et al., IJRM 33(3), 2016. One inverse gives all effects: with N = (I - Q)^-1 the expected
visits and B = N R the chance to convert, removing k loses N[start, k] / N[k, k] * B[k] of B[start].
Pure: rows in, rows out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

START = "(start)"
CONVERSION = "(conversion)"
NULL = "(null)"
MOST_STATES = 200

Matrix = list[list[float]]
Counts = Mapping[str, Mapping[str, float]]


def removal_effects(transitions: Iterable[tuple[str, str, float]]) -> dict[str, float | None]:
    """Returns state → removal effect, for each state but start, conversion and null.

    ``transitions``: (from, to, count). A state from which no path ends counts as if its paths
    ended in null. Effects are None where no path converts. Raises ValueError for more than
    ``MOST_STATES`` states.
    """
    counts = _counted(transitions)
    states = sorted({*counts, *(to for row in counts.values() for to in row)} - {CONVERSION, NULL})
    if len(states) > MOST_STATES:
        raise ValueError(f"{len(states)} states are more than {MOST_STATES}")
    named = [state for state in states if state != START]
    ending = _that_end(counts)
    position = {state: index for index, state in enumerate(s for s in states if s in ending)}
    if START not in position:
        return dict.fromkeys(named)
    visits = _inverse(_without_moves(counts, position))
    to_conversion = [_share(counts[state], CONVERSION) for state in position]
    converts = [sum(v * c for v, c in zip(row, to_conversion, strict=True)) for row in visits]
    start = position[START]
    if converts[start] <= 0:
        return dict.fromkeys(named)
    effects: dict[str, float | None] = dict.fromkeys(named, 0.0)
    for state, k in position.items():
        if state != START:
            reached = visits[start][k] / visits[k][k]
            effects[state] = reached * converts[k] / converts[start]
    return effects


def credit_shares(effects: Mapping[str, float | None]) -> dict[str, float | None]:
    """Returns state → its share of all effects; they add up to 1, or are None.

    >>> credit_shares({"ads": 0.75, "mail": 0.5})
    {'ads': 0.6, 'mail': 0.4}
    """
    total = sum(effect or 0.0 for effect in effects.values())
    return {
        state: effect / total if effect is not None and total else None
        for state, effect in effects.items()
    }


def _counted(transitions: Iterable[tuple[str, str, float]]) -> Counts:
    counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for before, after, count in transitions:
        if count > 0 and before not in (CONVERSION, NULL):
            counts[before][after] += count
    return counts


def _that_end(counts: Counts) -> set[str]:
    """The states from which conversion or null can be reached."""
    ending = {CONVERSION, NULL}
    while found := {s for s, row in counts.items() if s not in ending and ending & row.keys()}:
        ending |= found
    return ending - {CONVERSION, NULL}


def _share(row: Mapping[str, float], to: str) -> float:
    return row.get(to, 0.0) / sum(row.values())


def _without_moves(counts: Counts, position: Mapping[str, int]) -> Matrix:
    """I - Q: how much of each state's paths is not one more step between states."""
    matrix = [[float(i == j) for j in range(len(position))] for i in range(len(position))]
    for state, i in position.items():
        for to, j in position.items():
            if to in counts[state]:
                matrix[i][j] -= _share(counts[state], to)
    return matrix


def _inverse(matrix: Matrix) -> Matrix:
    """Gauss and Jordan's inverse, with the largest pivot of each column."""
    size = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda index: abs(rows[index][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        divisor = rows[column][column]
        leading = rows[column] = [value / divisor for value in rows[column]]
        for index, row in enumerate(rows):
            factor = row[column]
            if index != column and factor:
                rows[index] = [a - factor * b for a, b in zip(row, leading, strict=True)]
    return [row[size:] for row in rows]
