"""Two manifests → which nodes are new or modified, and in what respect. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kpi_runner.core.manifest import Manifest, Record
from kpi_runner.core.names import NodeId

_NOT_COMPARED = frozenset({"tags", "docs", "group", "schema", "alias", "meta", "contract"})
"""Settings that change nothing of what is built, or that are compared by themselves."""

_PLACE = ("schema", "alias")


def _configs(before: Record, now: Record) -> bool:
    def compared(record: Record) -> dict[str, Any]:
        kept = {key: value for key, value in record["config"].items() if key not in _NOT_COMPARED}
        return {key: value for key, value in kept.items() if value not in (None, "", [], {})}

    return compared(before) != compared(now)


def _relation(before: Record, now: Record) -> bool:
    """What the project says, not where a target puts it: another target is no change."""
    return any(before["config"].get(key) != now["config"].get(key) for key in _PLACE)


def _contract(before: Record, now: Record) -> bool:
    return before.get("contract") != now.get("contract")


def _descriptions(before: Record, now: Record) -> bool:
    def texts(record: Record) -> dict[str, str]:
        columns = record.get("columns", {}).items()
        return {"": record["description"], **{name: one["description"] for name, one in columns}}

    return texts(before) != texts(now)


RESPECTS: Mapping[str, Callable[[Record, Record], bool]] = MappingProxyType(
    {
        "body": lambda before, now: before["checksum"] != now["checksum"],
        "configs": _configs,
        "relation": _relation,
        "contract": _contract,
        "persisted_descriptions": _descriptions,
    }
)
"""In what a node can differ from its earlier self, beside the macros that it calls."""


def compare_manifests(before: Manifest, now: Manifest) -> Mapping[NodeId, tuple[str, ...]]:
    """Returns, for each node that is new or modified, in what respects: ``new``, or some of
    ``RESPECTS`` and ``macros``."""
    macros = _changed_macros(before, now)
    found: dict[NodeId, tuple[str, ...]] = {}
    for name, record in now.nodes.items():
        earlier = before.nodes.get(name)
        if earlier is None:
            found[name] = ("new",)
            continue
        respects = [word for word, differs in RESPECTS.items() if differs(earlier, record)]
        if macros.intersection(record["depends_on"]["macros"]):
            respects.append("macros")
        if respects:
            found[name] = tuple(respects)
    return found


def state_words(before: Manifest, now: Manifest) -> Mapping[str, frozenset[NodeId]]:
    """Returns the nodes of each word of the selector method ``state:``.

    As in dbt, ``modified`` includes what is new, and ``modified.body`` and its like do not.
    """
    changes = compare_manifests(before, now)
    new = frozenset(name for name, respects in changes.items() if respects == ("new",))
    words = {
        f"modified.{respect}": frozenset(name for name in changes if respect in changes[name])
        for respect in (*RESPECTS, "macros")
    }
    return {
        "new": new,
        "old": frozenset(now.nodes) - new,
        "modified": frozenset(changes),
        "unmodified": frozenset(now.nodes) - frozenset(changes),
        **words,
    }


def _changed_macros(before: Manifest, now: Manifest) -> frozenset[str]:
    """Names macros that are new or read otherwise; what calls one by way of another names both."""
    return frozenset(
        name
        for name, record in now.macros.items()
        if before.macros.get(name, {}).get("macro_sql") != record["macro_sql"]
    )
