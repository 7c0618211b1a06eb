"""How a batch goes into the table of an incremental model: pure, columns in, statements out.

For tests of a model's final state: over two tables of your own,
``increment_statements(Increment(target=…, batch=…, strategy=…), target=columns, batch=columns)``
gives the statements that turn the first, the rows of ``this``, into what a build would leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kpi_runner.core.batch import Guard, Increment, NamedColumns, Window
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.names import Relation, quote_name, quote_text
from kpi_runner.core.node import Column
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean

MOST_KEYS = 5
_SOURCE = "dbt_internal_source"
_DEST = "dbt_internal_dest"
_TARGET = "dbt_incremental_target"


@dataclass(frozen=True, slots=True)
class ColumnChanges:
    """How the columns of a batch differ from those of the table."""

    added: tuple[Column, ...]
    gone: tuple[Column, ...]
    retyped: tuple[Column, ...]

    @property
    def text(self) -> str:
        """The differences, in a few words."""
        parts = {
            "new": [f"{column.name} {column.data_type}" for column in self.added],
            "gone": [column.name for column in self.gone],
            "of another type": [f"{column.name} {column.data_type}" for column in self.retyped],
        }
        return "; ".join(f"{word}: {', '.join(names)}" for word, names in parts.items() if names)


def increment_statements(
    increment: Increment, *, target: Sequence[Column], batch: Sequence[Column]
) -> tuple[str, ...]:
    """Returns the statements that take a batch into its table, in one transaction.

    Args:
        increment: the two relations, and how.
        target: the columns of the table.
        batch: the columns of the batch.

    Raises RunFailed (K611) where the columns differ in a way that ``on_schema_change`` forbids.
    """
    changes = compare_columns(target, batch)
    alter = SCHEMA_CHANGES[increment.on_schema_change]
    alterations, columns = alter(increment, changes, target=target, batch=batch)
    names = tuple(quote_name(column.name) for column in columns)
    return (*alterations, *STRATEGIES[increment.strategy](increment, names))


def compare_columns(target: Sequence[Column], batch: Sequence[Column]) -> ColumnChanges:
    """Returns how the columns of a batch differ; names count without their case."""
    old = {column.name.lower(): column for column in target}
    new = {column.name.lower(): column for column in batch}
    return ColumnChanges(
        added=tuple(column for name, column in new.items() if name not in old),
        gone=tuple(column for name, column in old.items() if name not in new),
        retyped=tuple(
            column
            for name, column in new.items()
            if name in old and column.data_type != old[name].data_type
        ),
    )


def key_guard(relation: Relation, key: Sequence[str], *, span: Span | None) -> Guard:
    """Returns the guard that finds keys that are empty, or stand in more than one row."""
    listed = ", ".join(f"{part} as key_{number}" for number, part in enumerate(key))
    written = ", ".join(part.strip('"') for part in key)
    names = [f"key_{number}" for number in range(len(key))]
    shown = ", ".join(f"coalesce(cast({name} as varchar), 'NULL')" for name in names)
    is_empty = " or ".join(f"{name} is null" for name in names)
    sql = (
        f"select concat_ws(', ', {shown}) || ' (' || number || {_rows('number')} as found,\n"
        f"    count(*) over () as total\n"
        f"from (\n    select {', '.join(names)}, count(*) as number\n"
        f"    from (select {listed} from {relation.sql})\n    group by all\n)\n"
        f"where number > 1 or {is_empty}\norder by number desc, found\nlimit {MOST_KEYS}"
    )
    return Guard(
        sql=sql,
        code="K610",
        message=f"unique_key '{written}' does not identify each new row",
        hint="Make the rows unique in the model, or name the columns that make them so. "
        "Nothing was changed.",
        span=span,
    )


def window_guard(relation: Relation, moment: str, *, window: Window, span: Span | None) -> Guard:
    """Returns the guard that finds rows which the batch of a time would never replace again:
    their own moment, a column, is another time, or none."""
    column = quote_name(moment)
    sql = (
        f"select coalesce(cast({column} as varchar), 'NULL') || ' (' || count(*)"
        f" || {_rows('count(*)')} as found,\n    count(*) over () as total\n"
        f"from {relation.sql}\nwhere not coalesce({_inside(column, window)}, false)\n"
        f"group by {column}\norder by count(*) desc, found\nlimit {MOST_KEYS}"
    )
    return Guard(
        sql=sql,
        code="K616",
        message=f"rows of the batch {window.start} to {window.end} have another {moment}",
        hint="Each batch would add them again. Let event_time of the inputs be the column that "
        f"{moment} is made of, and leave out rows without it. This batch changed nothing.",
        span=span,
    )


def refuse_unknown(named: NamedColumns, columns: Sequence[Column]) -> None:
    """Raises RunFailed (K105) where a setting names a column that is not there."""
    known = [column.name.lower() for column in columns]
    for name in named.names:
        if name.lower() not in known:
            hint = did_you_mean(name.lower(), known) or f"The rows have: {', '.join(known)}."
            message = f"{named.setting} names '{name}', which is no column of the rows"
            raise RunFailed(Diagnostic("K105", message, named.span, hint))


def _inside(column: str, window: Window) -> str:
    start, end = quote_text(window.start), quote_text(window.end)
    return f"{column} >= timestamp {start} and {column} < timestamp {end}"


def _rows(number: str) -> str:
    return f"case {number} when 1 then ' row)' else ' rows)' end"


def _ignore(
    increment: Increment,
    changes: ColumnChanges,
    *,
    target: Sequence[Column],
    batch: Sequence[Column],
) -> tuple[tuple[str, ...], Sequence[Column]]:
    if changes.gone:
        raise _refused(increment, ColumnChanges((), changes.gone, ()))
    return (), target


def _fail(
    increment: Increment,
    changes: ColumnChanges,
    *,
    target: Sequence[Column],
    batch: Sequence[Column],
) -> tuple[tuple[str, ...], Sequence[Column]]:
    if changes.text:
        raise _refused(increment, changes)
    return (), target


def _append_new_columns(
    increment: Increment,
    changes: ColumnChanges,
    *,
    target: Sequence[Column],
    batch: Sequence[Column],
) -> tuple[tuple[str, ...], Sequence[Column]]:
    return add_columns(increment.target, changes.added), batch


def _sync_all_columns(
    increment: Increment,
    changes: ColumnChanges,
    *,
    target: Sequence[Column],
    batch: Sequence[Column],
) -> tuple[tuple[str, ...], Sequence[Column]]:
    table = f"alter table {increment.target.sql}"
    dropped = [f"{table} drop column {quote_name(column.name)}" for column in changes.gone]
    retyped = [
        f"{table} alter column {quote_name(column.name)} type {column.data_type}"
        for column in changes.retyped
    ]
    return (*add_columns(increment.target, changes.added), *dropped, *retyped), batch


def add_columns(relation: Relation, columns: Iterable[Column]) -> tuple[str, ...]:
    """Returns the statements that add columns to a table."""
    return tuple(
        f"alter table {relation.sql} add column {quote_name(column.name)} {column.data_type}"
        for column in columns
    )


Alter = Callable[..., tuple[tuple[str, ...], Sequence[Column]]]
SCHEMA_CHANGES: Mapping[str, Alter] = {
    "ignore": _ignore,
    "fail": _fail,
    "append_new_columns": _append_new_columns,
    "sync_all_columns": _sync_all_columns,
}
"""``on_schema_change`` → the statements that change the table, and the columns that are written."""


def _append(increment: Increment, names: Sequence[str]) -> tuple[str, ...]:
    listed = ", ".join(names)
    return (
        f"insert into {increment.target.sql} ({listed})\n"
        f"select {listed} from {increment.batch.sql}",
    )


def _delete_insert(increment: Increment, names: Sequence[str]) -> tuple[str, ...]:
    if not increment.unique_key:
        return _append(increment, names)
    key = f"({', '.join(increment.unique_key)})"
    conditions = [f"{key} in (select {key} from {increment.batch.sql})", *increment.predicates]
    return (_delete(increment, conditions), *_append(increment, names))


def _microbatch(increment: Increment, names: Sequence[str]) -> tuple[str, ...]:
    assert increment.window, "a microbatch has a window"
    inside = _inside(quote_name(increment.event_time), increment.window)
    conditions = [inside, *increment.predicates]
    return (_delete(increment, conditions), *_append(increment, names))


def _delete(increment: Increment, conditions: Iterable[str]) -> str:
    where = "\n    and ".join(conditions)
    return f"delete from {increment.target.sql} as {_TARGET}\nwhere {where}"


def _merge(increment: Increment, names: Sequence[str]) -> tuple[str, ...]:
    kept = {name.lower() for name in increment.exclude_columns}
    chosen = {name.lower() for name in increment.update_columns}
    updated = [
        name
        for name in names
        if name.strip('"').lower() not in kept and (not chosen or name.strip('"').lower() in chosen)
    ]
    matches = [f"{_SOURCE}.{part} = {_DEST}.{part}" for part in increment.unique_key]
    on = "\n    and ".join([*matches, *increment.predicates])
    sets = ",\n    ".join(f"{name} = {_SOURCE}.{name}" for name in updated)
    values = ", ".join(f"{_SOURCE}.{name}" for name in names)
    update = f"when matched then update set\n    {sets}\n" if updated else ""
    return (
        f"merge into {increment.target.sql} as {_DEST}\n"
        f"using {increment.batch.sql} as {_SOURCE}\non ({on})\n{update}"
        f"when not matched then insert ({', '.join(names)})\nvalues ({values})",
    )


STRATEGIES: Mapping[str, Callable[[Increment, Sequence[str]], tuple[str, ...]]] = {
    "append": _append,
    "delete+insert": _delete_insert,
    "merge": _merge,
    "microbatch": _microbatch,
}
"""``incremental_strategy`` → the statements that write the named columns of a batch."""


def _refused(increment: Increment, changes: ColumnChanges) -> RunFailed:
    return RunFailed(
        Diagnostic(
            "K611",
            f"the columns are not those of the table {increment.target}: {changes.text}",
            increment.span,
            f"on_schema_change is '{increment.on_schema_change}': build with --full-refresh, or "
            "set append_new_columns or sync_all_columns. Nothing was changed.",
        )
    )
