"""The settings of a node by the names that dbt gives them: what ``config.*`` and artifacts show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpi_runner.core.kpi import Kpi
from kpi_runner.core.node import DataTest, Model, Node, Seed, Source


def settings_of(node: Node | Kpi) -> Mapping[str, Any]:
    """Returns the settings that hold for a node."""
    match node:
        case Model() | Seed():
            config = node.config
            return {
                **config.extra,
                "enabled": config.enabled,
                "materialized": "seed" if isinstance(node, Seed) else config.materialized,
                "schema": config.schema,
                "alias": config.alias,
                "tags": list(config.tags),
            }
        case DataTest():
            return {
                "severity": node.severity.value,
                "where": node.where,
                "limit": node.limit,
                "fail_calc": node.fail_calc,
                "warn_if": node.warn_if,
                "error_if": node.error_if,
                "store_failures": node.store_failures,
                "tags": list(node.tags),
            }
        case Source():
            flags = {"daily_feed": node.is_daily_feed, "rows_repeat": node.may_repeat}
            stated = {name: True for name, is_so in flags.items() if is_so}
            return {"event_time": node.moment, "tags": list(node.tags), **stated}
        case Kpi():
            return {
                "area": node.area,
                "kind": node.kind,
                "pillar": node.pillar,
                "owner": node.owner,
                "level": node.level,
            }
    return {"tags": list(getattr(node, "tags", ()))}
