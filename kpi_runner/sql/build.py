"""Prints SQL in this project's style: one clause a line, lower case, trailing commas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """One SELECT. ``columns`` are ``expression as name``; conditions are joined by ``and``."""

    columns: tuple[str, ...]
    source: str
    joins: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cte:
    """A named query with a comment that says why it is there."""

    name: str
    body: str
    comment: str = ""


def print_select(select: Select) -> str:
    """Returns the text of a SELECT, without a final newline."""
    lines = ["select", _listed(select.columns), f"from {select.source}", *select.joins]
    if select.where:
        lines.append("where " + f"\n{INDENT}and ".join(select.where))
    if select.group_by:
        lines.append("group by\n" + _listed(select.group_by))
    return "\n".join(lines)


def print_union(queries: Sequence[str]) -> str:
    """Returns the queries joined by ``union all``."""
    return "\nunion all\n".join(queries)


def print_with(ctes: Sequence[Cte], final: str) -> str:
    """Returns a query whose CTEs are ``ctes``, in order, and whose last part is ``final``."""
    if not ctes:
        return final
    return "with\n\n" + ",\n\n".join(_print_cte(cte) for cte in ctes) + f"\n\n{final}"


def indent(text: str) -> str:
    """Indents each line that is not empty by one step."""
    return "\n".join(INDENT + line if line else line for line in text.split("\n"))


def _print_cte(cte: Cte) -> str:
    comment = f"-- {cte.comment}\n" if cte.comment else ""
    return f"{comment}{cte.name} as (\n{indent(cte.body)}\n)"


def _listed(items: Sequence[str]) -> str:
    return ",\n".join(indent(item) for item in items)
