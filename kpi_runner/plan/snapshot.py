"""How rows become versions in the table of a snapshot: pure, columns in, statements out.

The semantics are dbt's, with two things added. A version that held for no time, because a
second build of the same moment found other values, is dropped. And a row that comes back with an
``updated_at`` of before it was gone begins anew at the moment of the build, so that no version
begins before its predecessor ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kpi_runner.adapters.statements import create_as
from kpi_runner.core.batch import Guard, NamedColumns, Snapshot
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.names import Relation, quote_name
from kpi_runner.core.node import Column
from kpi_runner.core.span import Span
from kpi_runner.plan.incremental import add_columns, compare_columns, refuse_unknown

CLOSED = Relation("temp", "kpi_closed_versions")
"""The versions that this build ends: their id, the moment, and whether the row is gone."""
_LATER = "and a version is later"
_LEFT_OUT = "Leave it out with `--exclude resource_type:snapshot`. Nothing was changed."


def snapshot_statements(
    snapshot: Snapshot, *, target: Sequence[Column], batch: Sequence[Column]
) -> tuple[str, ...]:
    """Returns the statements that take the rows of now into a snapshot, in one transaction.

    Args:
        snapshot: the two relations, and how.
        target: the columns of the table, of which some may be missing in the batch.
        batch: the columns of the batch; those that are new are added to the table.

    Raises RunFailed where a setting names a column that the batch does not have (K105) or that
    holds no moments (K102), where names clash (K204), or the table lacks a column (K611).
    """
    checked = snapshot.check_columns
    refuse_unknown(NamedColumns(snapshot.batch, "check_cols", checked, snapshot.span), batch)
    _refuse_names(snapshot, batch)
    _refuse_time(snapshot, batch)
    marks = snapshot.hard_deletes == "new_record"
    if snapshot.is_new:
        snapshot = replace(snapshot, is_marked=marks)
        return (create_as(snapshot.target, _versions(snapshot, batch)),)
    types = {column.name.lower(): column.data_type for column in target}
    _refuse_missing(snapshot, types)
    has_marks = snapshot.columns.is_deleted.lower() in types
    snapshot = replace(
        snapshot,
        is_marked=marks or has_marks,
        type_of_time=types[snapshot.columns.valid_from.lower()],
    )
    added = compare_columns(target, batch).added
    if marks and not has_marks:
        target = (*target, Column(name=snapshot.columns.is_deleted, data_type="VARCHAR"))
    return (
        *add_columns(snapshot.target, (*added, *target[len(types) :])),
        *_fill_marks(snapshot),
        create_as(CLOSED, _closed(snapshot, batch, is_widened=bool(added))).replace(
            "replace table", "replace temp table", 1
        ),
        *_write(snapshot, target=target, batch=batch),
        f"drop table {CLOSED.sql}",
    )


def _fill_marks(snapshot: Snapshot) -> tuple[str, ...]:
    """Says of the versions that were written without marks that their rows were there."""
    mark = quote_name(snapshot.columns.is_deleted)
    fill = f"update {snapshot.target.sql} set {mark} = 'False' where {mark} is null"
    return (fill,) if snapshot.is_marked else ()


def _refuse_names(snapshot: Snapshot, batch: Sequence[Column]) -> None:
    """Raises RunFailed (K204) where a column of the rows is called like one that is added."""
    added = {name.lower() for name in _meta_columns(snapshot)}
    for column in batch:
        if column.name.lower() in added:
            message = f"the rows have a column '{column.name}', as the snapshot adds one"
            hint = "Call one of the two otherwise; snapshot_meta_column_names renames ours."
            raise RunFailed(Diagnostic("K204", message, snapshot.span, hint))


def _refuse_time(snapshot: Snapshot, batch: Sequence[Column]) -> None:
    """Raises RunFailed (K102) where ``updated_at`` is a column of no moments."""
    for column in batch:
        is_meant = column.name.lower() == snapshot.updated_at.strip('"').lower()
        if is_meant and not column.data_type.upper().startswith(("TIMESTAMP", "DATE")):
            message = f"updated_at is '{column.name}', a {column.data_type.lower()}"
            hint = "It takes a date or timestamp: cast the column in a model, and snapshot that."
            raise RunFailed(Diagnostic("K102", message, snapshot.span, hint))


def _refuse_missing(snapshot: Snapshot, types: Mapping[str, str]) -> None:
    """Raises RunFailed (K611) where the table lacks what every version has."""
    for name in _meta_columns(snapshot)[:4]:
        if name.lower() not in types:
            message = f"{snapshot.target} has no column '{name}': its versions are told by others"
            hint = (
                "Rename the column in the table first, or take snapshot_meta_column_names back. "
                "Nothing was changed."
            )
            raise RunFailed(Diagnostic("K611", message, snapshot.span, hint))


def _meta_columns(snapshot: Snapshot) -> tuple[str, ...]:
    names = snapshot.columns
    always = (names.scd_id, names.updated_at, names.valid_from, names.valid_to)
    return (*always, names.is_deleted) if snapshot.hard_deletes == "new_record" else always


def snapshot_is_later(name: str, moment: str, *, latest: str, span: Span | None) -> Diagnostic:
    """Returns what is said to a build of before the moment for which a snapshot was taken."""
    message = f"'{name}': this build is of {moment}, and the last one was of {latest}"
    return Diagnostic("K612", message, span, _LEFT_OUT)


def moment_guard(snapshot: Snapshot, *, span: Span | None) -> Guard:
    """Returns the guard that finds versions later than the moment of the build; they may come
    from elsewhere than builds of this project."""
    latest = quote_name(snapshot.columns.valid_from)
    moment = snapshot.moment.removeprefix("timestamp ").strip("'")
    return Guard(
        sql=(
            f"select cast(max({latest}) as varchar) as found, 1 as total\n"
            f"from {snapshot.target.sql}\nhaving max({latest}) > {snapshot.moment}"
        ),
        code="K612",
        message=f"this build is of {moment}, {_LATER}",
        hint=_LEFT_OUT,
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
        f"{_versions(snapshot, batch, ended='versions.kpi_ended')}\n{_past(snapshot)}"
        f"where not exists (\n    select 1 from {_old_rows(snapshot)}\n"
        f"    where {_same_key(snapshot)} and {_is_open(snapshot)}\n)"
    )
    start, end = quote_name(names.valid_from), quote_name(names.valid_to)
    yield (
        f"delete from {table} where {start} = {end}\n"
        f"    and {quote_name(names.scd_id)} in (select scd_id from {CLOSED.sql})"
    )


def _past(snapshot: Snapshot) -> str:
    """Joins when the latest version of a row ended."""
    keys = ", ".join(f"kpi_key_{number}" for number in range(len(snapshot.unique_key)))
    ended = f"max({quote_name(snapshot.columns.valid_to)}) as kpi_ended"
    return (
        f"left join (\n    select {keys}, {ended}\n    from {_old_rows(snapshot)}\n"
        f"    where not {_is_open(snapshot)}\n    group by all\n) as versions\n"
        f"    on {_same_key(snapshot)}\n"
    )


def _versions(snapshot: Snapshot, batch: Sequence[Column], *, ended: str = "") -> str:
    """The rows of now as versions that begin, not before the last one of the row ended."""
    moment = _from_then_on(snapshot, ended) if ended else _updated_at(snapshot)
    updated = _updated_at(snapshot)
    end = f"coalesce(nullif({updated}, {updated}), {snapshot.valid_to_current or 'null'})"
    values = [_scd_id(snapshot, "fresh", moment=moment), updated, moment, end, "'False'"]
    columns = [f"fresh.{quote_name(column.name)}" for column in batch]
    added = _added(snapshot)
    values = values[: len(added)]
    columns += [f"{value} as {name}" for value, name in zip(values, added, strict=True)]
    listed = ",\n    ".join(columns)
    return f"select\n    {listed}\nfrom {_new_rows(snapshot)}"


def _added(snapshot: Snapshot) -> tuple[str, ...]:
    found = _meta_columns(snapshot)[:4]
    found += (snapshot.columns.is_deleted,) if snapshot.is_marked else ()
    return tuple(map(quote_name, found))


def _closed(snapshot: Snapshot, batch: Sequence[Column], *, is_widened: bool) -> str:
    scd_id = f"versions.{quote_name(snapshot.columns.scd_id)}"
    is_changed = _is_changed(snapshot, batch, is_widened=is_widened)
    start = f"versions.{quote_name(snapshot.columns.valid_from)}"
    moment = _from_then_on(snapshot, start)
    changed = (
        f"select {scd_id} as scd_id, {moment} as moment, false as is_gone\n"
        f"from {_old_rows(snapshot)}\n"
        f"join {_new_rows(snapshot)} on {_same_key(snapshot)}\n"
        f"where {_is_open(snapshot)} and ({is_changed})"
    )
    if snapshot.hard_deletes == "ignore":
        return changed
    gone = (
        f"select {scd_id}, greatest({snapshot.moment}, {start}), true\n"
        f"from {_old_rows(snapshot)}\n"
        f"where {_is_open(snapshot)}{_is_not_marked(snapshot)} and not exists (\n"
        f"    select 1 from {_new_rows(snapshot)} where {_same_key(snapshot)}\n)"
    )
    return f"{changed}\nunion all\n{gone}"


def _is_changed(snapshot: Snapshot, batch: Sequence[Column], *, is_widened: bool) -> str:
    conditions = []
    if snapshot.is_marked:
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
    if not snapshot.is_marked:
        return ""
    return f" and versions.{quote_name(snapshot.columns.is_deleted)} is distinct from 'True'"


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


def _from_then_on(snapshot: Snapshot, earliest: str) -> str:
    """The moment from which a row of now holds, if that is not before the earliest one; else it
    is known since this build."""
    updated = _updated_at(snapshot)
    if snapshot.strategy != "timestamp":
        return updated
    latest = f"cast(greatest({snapshot.moment}, {earliest}) as {snapshot.type_of_time})"
    return f"case when {updated} < {earliest} then {latest} else {updated} end"


def _scd_id(snapshot: Snapshot, rows: str, *, moment: str) -> str:
    """dbt's hash, so that a snapshot that dbt began can go on here."""
    keys = [f"{rows}.kpi_key_{number}" for number in range(len(snapshot.unique_key))]
    texts = " || '|' || ".join(f"coalesce(cast({p} as varchar), '')" for p in (*keys, moment))
    return f"md5({texts})"
