"""What differs between expected and actual rows, column by column. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 20
MOST_COMPARED = 200
"""Rows that are aligned; beyond, they are told as missing and unexpected."""

NULL = "NULL"
_CHANGED, _MISSING, _EXTRA = "→", "---", "+++"

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class RowDiff:
    """How rows differ, order aside.

    Args:
        columns: their names.
        same: how many are as expected.
        changed: (expected, actual) of rows that belong together, but differ.
        missing: expected, and not there.
        extra: there, and not expected.
    """

    columns: tuple[str, ...]
    same: int
    changed: tuple[tuple[Row, Row], ...]
    missing: tuple[Row, ...]
    extra: tuple[Row, ...]

    @property
    def count(self) -> int:
        """How many rows are not as expected."""
        return len(self.changed) + len(self.missing) + len(self.extra)

    @property
    def summary(self) -> str:
        """The same in a few words."""
        parts = ((self.changed, "differ"), (self.missing, "missing"), (self.extra, "unexpected"))
        told = [f"{len(rows)} {word}" for rows, word in parts if rows]
        return ", ".join([*told, f"{self.same} as expected"])


def compare_rows(
    columns: Sequence[str], expected: Sequence[Sequence[Any]], *, actual: Sequence[Sequence[Any]]
) -> RowDiff:
    """Compares rows as bags: order does not count, repetitions do, and NULL equals NULL."""
    wanted, found = Counter(map(_texts, expected)), Counter(map(_texts, actual))
    missing, extra = list((wanted - found).elements()), list((found - wanted).elements())
    changed = _align(missing, extra)
    for before, after in changed:
        missing.remove(before)
        extra.remove(after)
    return RowDiff(
        columns=tuple(columns),
        same=(wanted & found).total(),
        changed=tuple(changed),
        missing=tuple(missing),
        extra=tuple(extra),
    )


def format_diff(diff: RowDiff) -> str:
    """Returns a table of the rows that differ, with ``expected → actual`` in the cells that do.

    >>> print(format_diff(compare_rows(["id", "x"], [("1", "2")], actual=[("1", "3")])))
    @@   id  x
    →    1   2 → 3
    """
    lines = [(_CHANGED, _mark(before, after)) for before, after in diff.changed]
    lines += [(_MISSING, _shown(row)) for row in diff.missing]
    lines += [(_EXTRA, _shown(row)) for row in diff.extra]
    table = [("@@", diff.columns), *lines[:MOST_ROWS]]
    widths = [max(len(row[place]) for _, row in table) for place in range(len(diff.columns))]
    text = [
        "  ".join([sign.ljust(3), *(c.ljust(w) for c, w in zip(row, widths, strict=True))]).rstrip()
        for sign, row in table
    ]
    left = len(lines) - MOST_ROWS
    return "\n".join([*text, f"… {left} more"] if left > 0 else text)


def _shown(row: Row) -> tuple[str, ...]:
    return tuple(NULL if cell is None else cell for cell in row)


def _mark(before: Row, after: Row) -> tuple[str, ...]:
    pairs = zip(_shown(before), _shown(after), strict=True)
    return tuple(old if old == new else f"{old} → {new}" for old, new in pairs)


def _align(missing: Sequence[Row], extra: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Pairs rows that have most cells in common; a lone row with a lone row in any case."""
    if len(missing) == len(extra) == 1:
        return [(missing[0], extra[0])]
    if max(len(missing), len(extra)) > MOST_COMPARED:
        return []
    likeness = [
        (-sum(old == new for old, new in zip(before, after, strict=True)), i, j)
        for i, before in enumerate(missing)
        for j, after in enumerate(extra)
    ]
    pairs: list[tuple[Row, Row]] = []
    taken: tuple[set[int], set[int]] = (set(), set())
    for score, i, j in sorted(likeness):
        if score and i not in taken[0] and j not in taken[1]:
            pairs.append((missing[i], extra[j]))
            taken[0].add(i)
            taken[1].add(j)
    return pairs


def _texts(row: Sequence[Any]) -> Row:
    return tuple(map(_text, row))


def _text(value: Any) -> str | None:
    """One value as text; doubles count to twelve digits, so that 0.1 + 0.2 is 0.3.

    >>> _text(None), _text(0.1 + 0.2), _text(True), _text([1, None])
    (None, '0.3', 'true', '[1, None]')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    return None if value is None else str(value)
