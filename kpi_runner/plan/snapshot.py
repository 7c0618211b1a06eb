"""How rows become versions in the table of a snapshot: pure, columns in, statements out.

The semantics are dbt's, with one thing added: a version that held for no time, because a
second build of the same moment found other values, is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kpi_runner.adapters.statements import create_as
from kpi_runner.core.batch import Guard, NamedColumns, Snapshot
from kpi_runner.core.names import Relation, quote_name
from kpi_runner.core.node import Column
from kpi_runner.core.span import Span
from kpi_runner.plan.incremental import add_columns, compare_columns, refuse_unknown

CLOSED = Relation("temp", "kpi_closed_versions")
"""The versions that this build ends: their id, the moment, and whether the row is gone."""


def snapshot_statements(
    snapshot: Snapshot, *, target: Sequence[Column], batch: Sequence[Column]
) -> tuple[str, ...]:
    """Returns the statements that take the rows of now into a snapshot, in one transaction.

    Args:
        snapshot: the two relations, and how.
        target: the columns of the table, of which some may be missing in the batch.
        batch: the columns of the batch; those that are new are added to the table.

    Raises RunFailed (K105) where a column is to be compared that the batch does not have.
    """
    checked = snapshot.check_columns
    refuse_unknown(NamedColumns(snapshot.batch, "check_cols", checked, snapshot.span), batch)
    if snapshot.is_new:
        return (create_as(snapshot.target, _versions(snapshot, batch)),)
    added = compare_columns(target, batch).added
    return (
        *add_columns(snapshot.target, added),
        create_as(CLOSED, _closed(snapshot, batch, is_widened=bool(added))).replace(
            "replace table", "replace temp table", 1
        ),
        *_write(snapshot, target=target, batch=batch),
        f"drop table {CLOSED.sql}",
    )


def moment_guard(snapshot: Snapshot, *, span: Span | None) -> Guard:
    """Returns the guard that finds versions later than the moment of the build."""
    latest = quote_name(snapshot.columns.valid_from)
    moment = snapshot.moment.removeprefix("timestamp ").strip("'")
    return Guard(
        sql=(
            f"select cast(max({latest}) as varchar) as found, 1 as total\n"
            f"from {snapshot.target.sql}\nhaving max({latest}) > {snapshot.moment}"
        ),
        code="K612",
        message=f"this build is of {moment}, and a version is later",
        hint="Leave it out with `--exclude resource_type:snapshot`. Nothing was changed.",
        span=span,
    )


def _write(
    snapshot: Snapshot, *, target: Sequence[Column], batch: Sequence[Column]
) -> Iterator[str]:
    names, table = snapshot.columns, snapshot.target.sql
    yield (
        f"update {table} as versions set {quote_name(names.valid_to)} = closed.moment\n"
        f"from {CLOSED.sql} as closed\n"
        f"where versions.{quote_name(names.scd_id)} = closed.scd_id and {_is_open(snapshot)}"
    )
    if snapshot.hard_deletes == "new_record":
        yield _insert_deletions(snapshot, target)
    listed = ", ".join(quote_name(column.name) for column in batch)
    yield (
        f"insert into {table} ({listed}, {', '.join(_added(snapshot))})\n"
        f"{_versions(snapshot, batch)}\n"
        f"where not exists (\n    select 1 from {_old_rows(snapshot)}\n"
        f"    where {_same_key(snapshot)} and {_is_open(snapshot)}\n)"
    )
    if snapshot.strategy == "check":
        start, end = quote_name(names.valid_from), quote_name(names.valid_to)
        yield (
            f"delete from {table} where {start} = {end}\n"
            f"    and {quote_name(names.scd_id)} in (select scd_id from {CLOSED.sql})"
        )


def _versions(snapshot: Snapshot, batch: Sequence[Column]) -> str:
    """The rows of now as versions that begin."""
    moment = _updated_at(snapshot)
    end = f"coalesce(nullif({moment}, {moment}), {snapshot.valid_to_current or 'null'})"
    values = [_scd_id(snapshot, "fresh", moment=moment), moment, moment, end, "'False'"]
    columns = [f"fresh.{quote_name(column.name)}" for column in batch]
    added = _added(snapshot)
    values = values[: len(added)]
    columns += [f"{value} as {name}" for value, name in zip(values, added, strict=True)]
    listed = ",\n    ".join(columns)
    return f"select\n    {listed}\nfrom {_new_rows(snapshot)}"


def _added(snapshot: Snapshot) -> tuple[str, ...]:
    names = snapshot.columns
    found: tuple[str, ...] = (names.scd_id, names.updated_at, names.valid_from, names.valid_to)
    if snapshot.hard_deletes == "new_record":
        found += (names.is_deleted,)
    return tuple(map(quote_name, found))


def _closed(snapshot: Snapshot, batch: Sequence[Column], *, is_widened: bool) -> str:
    scd_id = f"versions.{quote_name(snapshot.columns.scd_id)}"
    is_changed = _is_changed(snapshot, batch, is_widened=is_widened)
    changed = (
        f"select {scd_id} as scd_id, {_updated_at(snapshot)} as moment, false as is_gone\n"
        f"from {_old_rows(snapshot)}\n"
        f"join {_new_rows(snapshot)} on {_same_key(snapshot)}\n"
        f"where {_is_open(snapshot)} and ({is_changed})"
    )
    if snapshot.hard_deletes == "ignore":
        return changed
    start = f"versions.{quote_name(snapshot.columns.valid_from)}"
    gone = (
        f"select {scd_id}, greatest({snapshot.moment}, {start}), true\n"
        f"from {_old_rows(snapshot)}\n"
        f"where {_is_open(snapshot)}{_is_not_marked(snapshot)} and not exists (\n"
        f"    select 1 from {_new_rows(snapshot)} where {_same_key(snapshot)}\n)"
    )
    return f"{changed}\nunion all\n{gone}"


def _is_changed(snapshot: Snapshot, batch: Sequence[Column], *, is_widened: bool) -> str:
    conditions = []
    if snapshot.hard_deletes == "new_record":
        conditions.append(f"versions.{quote_name(snapshot.columns.is_deleted)} = 'True'")
    if snapshot.strategy == "timestamp":
        start = quote_name(snapshot.columns.valid_from)
        conditions.append(f"versions.{start} < {_updated_at(snapshot)}")
        return " or ".join(conditions)
    if is_widened and not snapshot.check_columns:
        return "true"
    names = snapshot.check_columns or tuple(column.name for column in batch)
    conditions += [
        f"versions.{quote_name(name)} is distinct from fresh.{quote_name(name)}" for name in names
    ]
    return "\n    or ".join(conditions)


def _insert_deletions(snapshot: Snapshot, target: Sequence[Column]) -> str:
    """The versions that say that a row is gone: its last values, from the moment on."""
    added = _added(snapshot)
    kept = [name for name in (quote_name(column.name) for column in target) if name not in added]
    columns = "".join(f"{name}, " for name in kept)
    values = "".join(f"versions.{name}, " for name in kept)
    end = f"nullif(closed.moment, closed.moment), {snapshot.valid_to_current or 'null'}"
    return (
        f"insert into {snapshot.target.sql} ({columns}{', '.join(added)})\n"
        f"select {values}{_scd_id(snapshot, 'versions', moment='closed.moment')}, closed.moment,\n"
        f"    closed.moment, coalesce({end}), 'True'\n"
        f"from {_old_rows(snapshot)}\n"
        f"join {CLOSED.sql} as closed on versions.{added[0]} = closed.scd_id\n"
        f"    and versions.{added[3]} = closed.moment\nwhere closed.is_gone"
    )


def _is_open(snapshot: Snapshot) -> str:
    end = f"versions.{quote_name(snapshot.columns.valid_to)}"
    if not snapshot.valid_to_current:
        return f"{end} is null"
    return f"({end} = {snapshot.valid_to_current} or {end} is null)"


def _is_not_marked(snapshot: Snapshot) -> str:
    if snapshot.hard_deletes != "new_record":
        return ""
    return f" and versions.{quote_name(snapshot.columns.is_deleted)} = 'False'"


def _old_rows(snapshot: Snapshot) -> str:
    keys = ", ".join(f"{part} as kpi_key_{n}" for n, part in enumerate(snapshot.unique_key))
    return f"(select *, {keys} from {snapshot.target.sql}) as versions"


def _new_rows(snapshot: Snapshot) -> str:
    named = [f"{part} as kpi_key_{n}" for n, part in enumerate(snapshot.unique_key)]
    if snapshot.strategy == "timestamp":
        named.append(f"{snapshot.updated_at} as kpi_updated_at")
    return f"(select *, {', '.join(named)} from {snapshot.batch.sql}) as fresh"


def _same_key(snapshot: Snapshot) -> str:
    keys = [f"kpi_key_{number}" for number in range(len(snapshot.unique_key))]
    return " and ".join(f"versions.{key} = fresh.{key}" for key in keys)


def _updated_at(snapshot: Snapshot) -> str:
    return "fresh.kpi_updated_at" if snapshot.strategy == "timestamp" else snapshot.moment


def _scd_id(snapshot: Snapshot, rows: str, *, moment: str) -> str:
    """dbt's hash, so that a snapshot that dbt began can go on here."""
    keys = [f"{rows}.kpi_key_{number}" for number in range(len(snapshot.unique_key))]
    texts = " || '|' || ".join(f"coalesce(cast({p} as varchar), '')" for p in (*keys, moment))
    return f"md5({texts})"
