"""What decides the rows of a model, as one text: a change of it is a change of the logic."""

from __future__ import annotations

import json

from kpi_runner.core.batch import strategy_of
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.names import quote_text
from kpi_runner.core.node import Model
from kpi_runner.core.placeholders import AS_OF_END

_SETTINGS = ("unique_key", "event_time", "begin", "batch_size")


def logic_of(model: Model, compiled: Compiled) -> str:
    """Returns the SELECT of a model; of an incremental one both texts, and the settings by which
    rows are replaced. What a microbatch model holds also depends on the last day."""
    if compiled.increment is None:
        return compiled.sql
    config = model.config.extra
    strategy = strategy_of(config)
    settings = [strategy, *(config.get(name) for name in _SETTINGS)]
    parts = [compiled.sql, compiled.increment.sql, quote_text(json.dumps(settings, default=str))]
    if strategy == "microbatch":
        parts.append(AS_OF_END)
    return "\n;\n".join(parts)
