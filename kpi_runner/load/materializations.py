"""What the settings of incremental models, snapshots, external models and fits must be like.

Knows dbt's names of them and ours (``on_logic_change``, ``method``); nothing of SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from kpi_runner.core.batch import hard_deletes_of, strategy_of, texts_of
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.fit import FIT, METHODS
from kpi_runner.core.node import NodeConfig
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.defaults import HOOKS, ConfigLayer, setting_name

Finding = tuple[str, str, str]
"""Code, message, hint."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "on_schema_change": ("ignore", "fail", "append_new_columns", "sync_all_columns"),
    "on_logic_change": ("rebuild", "append", "fail"),
    "batch_size": ("hour", "day", "month", "year"),
    "hard_deletes": ("ignore", "invalidate", "new_record"),
}
STRATEGIES = ("append", "delete+insert", "merge", "microbatch")
SNAPSHOT_STRATEGIES = ("timestamp", "check")
FORMATS = ("parquet", "csv")
_YEARS = range(1900, 2200)
META_COLUMNS = tuple(
    f"dbt_{name}" for name in ("scd_id", "updated_at", "valid_from", "valid_to", "is_deleted")
)
_INCREMENTAL = (
    *("unique_key", "incremental_strategy", "incremental_predicates", "predicates"),
    *("merge_update_columns", "merge_exclude_columns", "on_schema_change", "on_logic_change"),
    *("batch_size", "begin", "lookback"),
)
_IDLE_HOOKS = dict.fromkeys(HOOKS, "No statement runs for it: set the hook where it is read.")
_TEXTS = (
    *("unique_key", "incremental_predicates", "predicates", "merge_update_columns"),
    *("merge_exclude_columns", "check_cols"),
)


def check_materialization(
    name: str, config: NodeConfig, *, span: Span | None
) -> tuple[Diagnostic, ...]:
    """Returns what is wrong with how a model or snapshot is materialized.

    K102 a value of the wrong type, K104 a setting is missing, K105 an unknown word, K110 settings
    that exclude each other.
    """
    check = _CHECKS.get(config.materialized)
    if check is None:
        return ()
    found = [*_words(config.extra), *_types(config.extra), *check(config.extra)]
    return tuple(
        Diagnostic(code, f"'{name}': {message}", span, hint) for code, message, hint in found
    )


def find_idle_settings(
    name: str, config: NodeConfig, *, layers: Iterable[ConfigLayer], severity: Severity
) -> Iterator[Diagnostic]:
    """Yields K110 for each setting of a model itself that its materialization does not read.

    Args:
        layers: what is said of the model alone; defaults of folders hold for all kinds of models.
        severity: dbt lets these settings pass.
    """
    kind, strategy = config.materialized, strategy_of(config.extra)
    idle = {**_IDLE_HOOKS} if kind == "ephemeral" else {}
    what = f"materialized '{kind}'"
    if kind != "incremental":
        idle |= dict.fromkeys(_INCREMENTAL, "Set materialized='incremental', or drop it.")
    elif strategy == "append":
        what = "incremental_strategy 'append'"
        idle["unique_key"] = "Set incremental_strategy='merge' or 'delete+insert', or drop it."
    for layer in layers:
        for key in layer.values:
            hint = idle.get(setting_name(key))
            if hint and layer.values[key] is not None:
                message = f"'{name}': {setting_name(key)} means nothing to {what}"
                yield Diagnostic("K110", message, layer.span, hint, (), severity)


def _words(config: Mapping[str, Any]) -> Iterator[Finding]:
    for key, known in _WORDS.items():
        yield from _word(key, config.get(key), known=known)


def _word(key: str, value: Any, *, known: tuple[str, ...]) -> Iterator[Finding]:
    if value is not None and value not in known:
        hint = did_you_mean(str(value), known) or f"It takes {', '.join(known)}."
        yield "K105", f"{key} is '{value}', which is not known", hint


def _types(config: Mapping[str, Any]) -> Iterator[Finding]:
    for key in _TEXTS:
        value = config.get(key)
        items = value if isinstance(value, (list, tuple)) else (value,)
        if value is not None and not all(isinstance(item, str) and item for item in items):
            yield "K102", f"{key} is '{value}', not a text or a list of texts", ""
    lookback = config.get("lookback")
    if lookback is not None and (type(lookback) is not int or lookback < 0):
        yield "K102", f"lookback is '{lookback}', not a whole number of batches", ""


def _incremental(config: Mapping[str, Any]) -> Iterator[Finding]:
    strategy = strategy_of(config)
    yield from _word("incremental_strategy", config.get("incremental_strategy"), known=STRATEGIES)
    if strategy == "merge" and not config.get("unique_key"):
        hint = "Name the columns that identify a row: unique_key='order_id'."
        yield "K104", "incremental_strategy 'merge' needs unique_key", hint
    if config.get("merge_update_columns") and config.get("merge_exclude_columns"):
        hint = "Name the columns that a merge sets, or those that it leaves; not both."
        yield "K110", "merge_update_columns and merge_exclude_columns exclude each other", hint
    for key in ("merge_update_columns", "merge_exclude_columns"):
        if config.get(key) and strategy != "merge":
            hint = "Set incremental_strategy='merge'."
            yield "K110", f"{key} means nothing to incremental_strategy '{strategy}'", hint
    if config.get("full_refresh") is False and config.get("on_logic_change") == "rebuild":
        hint = "Drop one of the two: full_refresh=false lets nothing make the table anew."
        yield "K110", "full_refresh is false, and on_logic_change is 'rebuild'", hint
    if strategy == "microbatch":
        yield from _microbatch(config)


def _microbatch(config: Mapping[str, Any]) -> Iterator[Finding]:
    for key, hint in {
        "event_time": "Name the column by which rows are sorted into batches.",
        "begin": "Say when the first batch begins: begin='2025-01-01'.",
        "batch_size": "Set batch_size to hour, day, month or year.",
    }.items():
        if not config.get(key):
            yield "K104", f"incremental_strategy 'microbatch' needs {key}", hint
    begin = config.get("begin")
    if begin and not _is_moment(str(begin)):
        bounds = f"a date of the years {_YEARS[0]} to {_YEARS[-1]}"
        yield "K102", f"begin is '{begin}', not {bounds}", "Write it as '2025-01-01'."
    if config.get("unique_key"):
        hint = "A batch replaces all rows of its time; drop unique_key."
        yield "K110", "unique_key means nothing to incremental_strategy 'microbatch'", hint


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).year in _YEARS
    except ValueError:
        return False


def _snapshot(config: Mapping[str, Any]) -> Iterator[Finding]:
    strategy = config.get("strategy")
    if not config.get("unique_key"):
        hint = "Name the columns that identify a row: unique_key: id."
        yield "K104", "a snapshot needs unique_key", hint
    if strategy is None:
        yield "K104", "a snapshot needs a strategy", "Set strategy to timestamp or check."
    yield from _word("strategy", strategy, known=SNAPSHOT_STRATEGIES)
    if strategy == "timestamp" and not config.get("updated_at"):
        hint = "Name the column that says when a row last changed: updated_at: updated_at."
        yield "K104", "strategy 'timestamp' needs updated_at", hint
    if strategy == "check" and not config.get("check_cols"):
        hint = "Name the columns that are compared, or 'all'."
        yield "K104", "strategy 'check' needs check_cols", hint
    if strategy == "timestamp" and config.get("check_cols"):
        hint = "Drop it, or set strategy to check."
        yield "K110", "check_cols means nothing to strategy 'timestamp'", hint
    if config.get("invalidate_hard_deletes") and hard_deletes_of(config) != "invalidate":
        hint = "Drop invalidate_hard_deletes: hard_deletes says it all."
        yield "K110", "invalidate_hard_deletes and hard_deletes exclude each other", hint
    names = config.get("snapshot_meta_column_names")
    if names is not None and not isinstance(names, Mapping):
        yield "K102", "snapshot_meta_column_names is not a mapping", ""
        return
    for name in names or ():
        yield from _word("a key of snapshot_meta_column_names", name, known=META_COLUMNS)
    used = [str((names or {}).get(name) or name).lower() for name in META_COLUMNS]
    for name in sorted({name for name in used if used.count(name) > 1}):
        yield "K110", f"snapshot_meta_column_names calls two columns '{name}'", ""


def _external(config: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _word("format", config.get("format"), known=FORMATS)
    for key in ("location", "delimiter"):
        if config.get(key) is not None and not isinstance(config[key], str):
            yield "K102", f"{key} is '{config[key]}', not a text", f"Quote it: {key}='…'."
    location = str(config.get("location") or "")
    if "://" in location:
        hint = "Write to a file of this machine, and copy it from there."
        yield "K110", f"location '{location}' cannot be replaced in one step", hint
    options = config.get("options")
    if options is not None and not isinstance(options, Mapping):
        yield "K102", f"options is '{options}', not a mapping", ""
    if config.get("partition_by") and not all(texts_of(config["partition_by"])):
        yield "K102", "partition_by holds an empty name", ""


def _fit(config: Mapping[str, Any]) -> Iterator[Finding]:
    if not config.get("method"):
        hint = f"Say what is fitted: method is {', '.join(METHODS)}."
        yield "K104", "a fit needs a method", hint
    yield from _word("method", config.get("method"), known=tuple(METHODS))


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Finding]]] = {
    "incremental": _incremental,
    "snapshot": _snapshot,
    "external": _external,
    FIT: _fit,
}
