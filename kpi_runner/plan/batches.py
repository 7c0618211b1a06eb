"""The batches of incremental models and snapshots: what makes the new rows, guards them, and
says how they go into the table. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from kpi_runner.adapters.statements import TABLE, create_as_prefix, drop
from kpi_runner.core.batch import (
    Guard,
    Increment,
    NamedColumns,
    Snapshot,
    SnapshotColumns,
    Window,
    expressions_of,
    hard_deletes_of,
    strategy_of,
    texts_of,
)
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Model
from kpi_runner.core.plan import Batch, Statement
from kpi_runner.plan.incremental import key_guard, window_guard
from kpi_runner.plan.snapshot import moment_guard

_NAMING: Mapping[str, tuple[str, ...]] = {
    "merge": ("merge_update_columns", "merge_exclude_columns"),
    "microbatch": ("event_time",),
}
"""``incremental_strategy`` → the settings that name columns of the rows."""


def first_batch(model: Model, sql: str, *, is_strict: bool, window: Window | None = None) -> Batch:
    """Returns the batch that makes the table of an incremental model anew.

    Args:
        model: the model.
        sql: its compiled SELECT.
        is_strict: the key must identify each row; dbt lets a deletion by key be coarser.
        window: the time of a microbatch.
    """
    prefix = create_as_prefix(model.relation, TABLE)
    create = Statement(f"{prefix}{sql}\n", prefix_bytes=len(prefix.encode()))
    return Batch(
        statements=(create,),
        named=_named_columns(model, model.relation),
        guards=(
            *_key_guards(model, model.relation, is_strict=is_strict),
            *_window_guards(model, model.relation, window=window),
        ),
    )


def next_batch(model: Model, sql: str, *, is_strict: bool, window: Window | None = None) -> Batch:
    """Returns the batch that adds to the table of an incremental model; see ``first_batch``."""
    config = model.config.extra
    batch = _batch_relation(model)
    return Batch(
        statements=(_new_rows(batch, sql),),
        named=_named_columns(model, batch),
        guards=(
            *_key_guards(model, batch, is_strict=is_strict),
            *_window_guards(model, batch, window=window),
        ),
        apply=Increment(
            target=model.relation,
            batch=batch,
            strategy=strategy_of(config),
            unique_key=expressions_of(config.get("unique_key")),
            predicates=texts_of(config.get("incremental_predicates") or config.get("predicates")),
            update_columns=texts_of(config.get("merge_update_columns")),
            exclude_columns=texts_of(config.get("merge_exclude_columns")),
            on_schema_change=str(config.get("on_schema_change") or "ignore"),
            event_time=str(config.get("event_time") or ""),
            window=window,
            span=model.scan.config_span or model.span,
        ),
        after=(Statement(drop(batch, TABLE)),),
    )


def snapshot_batch(model: Model, sql: str, *, moment: str, is_new: bool) -> Batch:
    """Returns the batch that takes the rows of now into a snapshot.

    Args:
        model: the snapshot.
        sql: its compiled SELECT.
        moment: SQL of the moment of the build.
        is_new: there is no table yet.
    """
    config = model.config.extra
    batch = _batch_relation(model)
    checked = config.get("check_cols")
    names = dict(config.get("snapshot_meta_column_names") or {})
    span = model.scan.config_span or model.span
    change = Snapshot(
        target=model.relation,
        batch=batch,
        unique_key=expressions_of(config.get("unique_key")),
        strategy=str(config["strategy"]),
        updated_at="".join(expressions_of(config.get("updated_at"))),
        check_columns=() if checked == "all" else texts_of(checked),
        hard_deletes=hard_deletes_of(config),
        valid_to_current=str(config.get("dbt_valid_to_current") or ""),
        columns=SnapshotColumns(
            **{name.removeprefix("dbt_"): written for name, written in names.items()}
        ),
        moment=moment,
        is_new=is_new,
        span=span,
    )
    guards = [key_guard(batch, change.unique_key, span=span)]
    if not is_new and change.strategy == "check":
        guards.append(moment_guard(change, span=span))
    return Batch(
        statements=(_new_rows(batch, sql),),
        guards=tuple(guards),
        apply=change,
        after=(Statement(drop(batch, TABLE)),),
    )


def _batch_relation(model: Model) -> Relation:
    return Relation("temp", f"kpi_batch_of_{model.relation.name}")


def _new_rows(batch: Relation, sql: str) -> Statement:
    prefix = f"create or replace temp table {batch.sql} as\n"
    return Statement(f"{prefix}{sql}\n", prefix_bytes=len(prefix.encode()))


def _named_columns(model: Model, relation: Relation) -> NamedColumns | None:
    """The columns that the strategy is told by name; no strategy takes two of these settings."""
    config, span = model.config.extra, model.scan.config_span or model.span
    settings = _NAMING.get(strategy_of(config), ())
    named = [(key, names) for key in settings if (names := texts_of(config.get(key)))]
    return NamedColumns(relation, *named[0], span) if named else None


def _window_guards(model: Model, relation: Relation, *, window: Window | None) -> tuple[Guard, ...]:
    if window is None:
        return ()
    moment, span = str(model.config.extra["event_time"]), model.scan.config_span or model.span
    return (window_guard(relation, moment, window=window, span=span),)


def _key_guards(model: Model, relation: Relation, *, is_strict: bool) -> tuple[Guard, ...]:
    config = model.config.extra
    key = expressions_of(config.get("unique_key"))
    strategy = strategy_of(config)
    if not key or strategy not in ("merge", "delete+insert"):
        return ()
    if strategy == "delete+insert" and not is_strict:
        return ()
    return (key_guard(relation, key, span=model.scan.config_span or model.span),)
