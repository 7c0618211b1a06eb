"""New rows on their way into a table that exists: how an increment or a snapshot takes them in.

Plain data between the planner, which decides, and the executor, which knows what columns there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kpi_runner.core.names import Relation
from kpi_runner.core.node import NodeConfig
from kpi_runner.core.span import Span

_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Window:
    """The time of a microbatch: UTC timestamps as text, the end exclusive."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """How a batch goes into the table of an incremental model.

    Args:
        target: the table.
        batch: the new rows.
        strategy: ``append``, ``delete+insert``, ``merge`` or ``microbatch``.
        unique_key: SQL expressions that tell which rows are replaced.
        predicates: SQL conditions that narrow which rows of the table are looked at.
        update_columns: columns that a merge sets; empty for all.
        exclude_columns: columns that a merge leaves as they are.
        on_schema_change: what happens where the columns differ.
        event_time: the column of time of a microbatch.
        window: the time that a microbatch replaces.
        span: the place of the configuration.
    """

    target: Relation
    batch: Relation
    strategy: str
    unique_key: tuple[str, ...] = ()
    predicates: tuple[str, ...] = ()
    update_columns: tuple[str, ...] = ()
    exclude_columns: tuple[str, ...] = ()
    on_schema_change: str = "ignore"
    event_time: str = ""
    window: Window | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotColumns:
    """What the columns are called that a snapshot adds."""

    scd_id: str = "dbt_scd_id"
    updated_at: str = "dbt_updated_at"
    valid_from: str = "dbt_valid_from"
    valid_to: str = "dbt_valid_to"
    is_deleted: str = "dbt_is_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How rows become versions in the table of a snapshot.

    Args:
        target: the table.
        batch: the rows as they are now.
        unique_key: SQL expressions that identify a row.
        strategy: ``timestamp`` or ``check``.
        updated_at: ``timestamp``: SQL of the moment of the last change.
        check_columns: ``check``: the columns that are compared; empty for all.
        hard_deletes: ``ignore``, ``invalidate`` or ``new_record``.
        valid_to_current: SQL of the end of what still holds, or empty for NULL.
        columns: names of the columns that are added.
        moment: SQL of the moment of this build.
        is_new: there is no table yet.
        span: the place of the configuration.
        is_marked: versions say whether the row is gone.
        type_of_time: of the moments in the table that there is.
    """

    target: Relation
    batch: Relation
    unique_key: tuple[str, ...]
    strategy: str
    updated_at: str = ""
    check_columns: tuple[str, ...] = ()
    hard_deletes: str = "ignore"
    valid_to_current: str = ""
    columns: SnapshotColumns
    moment: str
    is_new: bool
    span: Span | None = None
    is_marked: bool = False
    type_of_time: str = "timestamp"


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """Columns that a setting names; the relation must have each of them."""

    relation: Relation
    setting: str
    names: tuple[str, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A query that must return nothing before the rows are taken in.

    Its rows hold ``found``, a text, and ``total``, how many there are in all.
    """

    sql: str
    code: str
    message: str
    hint: str
    span: Span | None = None


def is_microbatch(config: NodeConfig) -> bool:
    """True for an incremental model that is built in batches of time."""
    return config.materialized == "incremental" and strategy_of(config.extra) == "microbatch"


def strategy_of(config: Mapping[str, Any]) -> str:
    """Returns the strategy of an incremental model: dbt's default follows from its key."""
    chosen = config.get("incremental_strategy")
    return str(chosen or ("delete+insert" if config.get("unique_key") else "append"))


def hard_deletes_of(config: Mapping[str, Any]) -> str:
    """Returns what a snapshot does with rows that are gone; ``invalidate_hard_deletes`` is the
    older spelling."""
    older = "invalidate" if config.get("invalidate_hard_deletes") else "ignore"
    return str(config.get("hard_deletes") or older)


def expressions_of(value: Any) -> tuple[str, ...]:
    """Returns the SQL expressions of a setting; a plain name may be a keyword.

    >>> expressions_of(["at", "lower(email)"])
    ('"at"', 'lower(email)')
    """
    return tuple(f'"{part}"' if _NAME.fullmatch(part) else part for part in texts_of(value))


def texts_of(value: Any) -> tuple[str, ...]:
    """Returns a setting that is a text or a list of texts as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))
