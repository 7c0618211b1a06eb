"""Compares the columns of a model's SELECT with those of its contract, before it is built."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, SqlFailed
from kpi_runner.core.node import Column

_UNSIZED = ("decimal", "numeric")
"""Types of which a contract may leave the size open, as in dbt."""


def check_columns(session: Adapter, sql: str, *, contract: Sequence[Column]) -> None:
    """Raises RunFailed (K923) where a SELECT does not give the columns of a contract.

    Names count without their case, their order does not count; types are compared as the
    database knows them, so ``text`` is ``varchar``.
    """
    actual = {column.name.lower(): column for column in session.describe(sql)}
    declared = {column.name.lower(): column for column in contract}
    rows: list[tuple[str, str, str, str]] = []
    place = None
    for name in {**declared, **actual}:
        wanted = _known_type(session, declared[name]) if name in declared else ""
        found = actual[name].data_type if name in actual else ""
        mismatch = _mismatch(wanted, found)
        rows.append((name, wanted or "-", found or "-", mismatch))
        if mismatch and place is None:
            place = declared[name].span if name in declared else contract[0].span
    broken = [row for row in rows if row[3]]
    if broken:
        listed = ", ".join(f"'{row[0]}' {row[3]}" for row in broken[:3])
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        raise RunFailed(
            Diagnostic(
                "K923",
                f"its columns break its contract: {listed}{more}",
                place,
                "Change the SQL or the contract. Nothing was changed.",
                (_table(rows),),
            )
        )


def _known_type(session: Adapter, column: Column) -> str:
    if column.data_type in _UNSIZED:
        return "decimal"
    try:
        (known,) = session.describe(f"select cast(null as {column.data_type}) as found")
    except SqlFailed:
        message = f"column '{column.name}' has the unknown data_type '{column.data_type}'"
        place = column.places.get("data_type") or column.span
        raise RunFailed(Diagnostic("K923", message, place)) from None
    return known.data_type


def _mismatch(wanted: str, found: str) -> str:
    if not wanted:
        return "is not declared"
    if not found:
        return "is missing"
    is_same = found.partition("(")[0] == wanted if wanted in _UNSIZED else found == wanted
    return "" if is_same else "has another type"


def _table(rows: Sequence[tuple[str, str, str, str]]) -> str:
    table = [("column", "contract", "SQL", ""), *rows]
    widths = [max(len(row[place]) for row in table) for place in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )
