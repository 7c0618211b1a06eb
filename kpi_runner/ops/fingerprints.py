"""What a node is made of, as hashes, and why it has to be built again. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from kpi_runner.core.compiled import Hooks
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.fit import FIT, METHODS
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.run.state import TAKEN_OVER, BuiltNode
from kpi_runner.sql.fingerprint import normalise
from kpi_runner.sql.stability import find_unstable

SILENT_SETTINGS = frozenset({"meta", "docs", "group", "access", "tags", "enabled"})
"""What a node can be configured with that does not change what is built."""
_SILENT_ENGINE_SETTINGS = frozenset(
    re.findall(
        r"\w+",
        """
        checkpoint_threshold external_threads max_memory max_temp_directory_size memory_limit
        temp_directory threads wal_autocheckpoint worker_threads
        """,
    )
)
"""Settings of the engine that change how long it takes, and no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What a node would be made of now.

    Args:
        sql: its own text, without layout, comments and the case of keywords.
        config: what else it is made with.
        clock: the last day and the missing sources, where its text names them.
        inputs: what it reads → the data fingerprint of that.
        unstable: what in its text answers differently each time (``now()``), or empty.
    """

    sql: str
    config: str = ""
    clock: str = ""
    inputs: Mapping[NodeId, str] = field(default_factory=dict)
    unstable: str = ""

    @property
    def data(self) -> str:
        """Of all of it: what is equal in this holds the same rows."""
        return combine(self.sql, self.config, clock=self.clock, inputs=self.inputs)


def combine(sql: str, config: str, *, clock: str, inputs: Mapping[NodeId, str]) -> str:
    """Returns the data fingerprint of a node from its parts."""
    return digest(sql, config, clock, *(f"{name} {inputs[name]}" for name in sorted(inputs)))


def fingerprint_engine(target: TargetConfig, *, version: str) -> str:
    """Returns the hash of what decides how a database reads SQL: its version, and its settings."""
    settings = {k: v for k, v in target.settings.items() if k not in _SILENT_ENGINE_SETTINGS}
    return digest(target.kind, version, json.dumps(settings, sort_keys=True))


def fingerprint_query(
    sql: str,
    *,
    config: str,
    inputs: Mapping[NodeId, str],
    read: Collection[Relation],
    facts: Facts,
) -> Fingerprint:
    """Returns the fingerprint of a compiled query with its placeholders.

    ``read``: the relations that stand behind ``inputs``; what else it reads is not known.
    """
    text = normalise(sql)
    filled = fill_placeholders(text, facts)
    return Fingerprint(
        sql=digest(text),
        config=config,
        clock=digest(filled) if filled != text else "",
        inputs=inputs,
        unstable=find_unstable(text, read),
    )


def fingerprint_config(node: Model | Seed, hooks: Hooks, *, engine: str) -> str:
    """Returns the hash of what a model or seed is made with beside its text or file.

    Descriptions do not count: they are written when the node is next built.
    """
    config = node.config
    settings = {k: v for k, v in config.extra.items() if k not in SILENT_SETTINGS}
    made = config.materialized
    if made == FIT:
        made += str(METHODS[str(config.extra["method"])].version)
    parts = (str(node.relation), made, settings, _declared(node, settings))
    texts = [normalise(hook.sql) for hook in (*hooks.before, *hooks.after)]
    return digest(engine, json.dumps(parts, sort_keys=True, default=str), *texts)


def _declared(node: Model | Seed, settings: Mapping[str, object]) -> list[object]:
    """What is declared of columns and decides how they are made."""
    if isinstance(node, Seed):
        return [(column.name, column.data_type) for column in node.columns]
    return _contract_of(node) if "contract" in settings else []


def _contract_of(model: Model) -> list[object]:
    columns = [(column.name, column.data_type, column.constraints) for column in model.columns]
    return [
        (name, data_type, [(one.kind, one.columns, one.expression) for one in constraints])
        for name, data_type, constraints in (*columns, ("", "", model.constraints))
    ]


def explain_change(before: BuiltNode | None, wanted: Fingerprint) -> str:
    """Returns why a node has to be built again, in a few words; empty where it has not.

    Args:
        before: as it was last built, or None.
        wanted: as it would be built now.
    """
    if before is None:
        return "new"
    if before.sql_fingerprint != wanted.sql:
        return "sql changed"
    if before.config_fingerprint != wanted.config:
        return "config changed"
    if before.is_unfinished:
        return "unfinished"
    if before.data_fingerprint == TAKEN_OVER:
        return TAKEN_OVER
    if before.clock_fingerprint != wanted.clock:
        return "clock"
    changed = sorted(
        name
        for name in {*before.inputs, *wanted.inputs}
        if before.inputs.get(name) != wanted.inputs.get(name)
    )
    landed = [short_name(name) for name in changed if _is_outside(name)]
    built = [short_name(name) for name in changed if not _is_outside(name)]
    if landed:
        return f"data changed {_listed(landed)}"
    if built:
        return f"upstream {_listed(built)}"
    return wanted.unstable


def short_name(node: NodeId) -> str:
    """Returns a node, or the file of a seed, as people know it.

    >>> short_name("model.shop.fct_orders"), short_name("source.shop.shopify.orders")
    ('fct_orders', 'shopify.orders')
    """
    return node if "/" in node else node.split(".", 2)[-1]


def digest(*texts: str) -> str:
    """Returns a short stable hash of texts."""
    whole = sha256()
    for text in texts:
        whole.update(text.encode("utf-8"))
        whole.update(b"\0")
    return whole.hexdigest()[:32]


def _is_outside(name: str) -> bool:
    """True for what comes from outside the project: a raw table, or the file of a seed."""
    return "/" in name or name.startswith("source.")


def _listed(names: list[str], *, most: int = 3) -> str:
    """Returns the first names, and how many more there are.

    >>> _listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
