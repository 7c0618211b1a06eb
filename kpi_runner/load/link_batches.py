"""Warns of microbatch models whose batches are none: no input of theirs has a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kpi_runner.core.batch import is_microbatch
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Model, Seed, Source

_HINT = "Set event_time where an input is configured, so that a batch reads only its own rows."


def find_unbatched(
    models: Iterable[Model],
    parents: Mapping[NodeId, tuple[NodeId, ...]],
    *,
    nodes: Mapping[NodeId, Model | Seed | Source],
) -> Iterator[Diagnostic]:
    """Yields a warning (K110) for each microbatch model of which every batch reads all rows."""
    for model in models:
        read = [nodes[node] for node in parents.get(model.id, ()) if node in nodes]
        is_whole = model.config.extra.get("event_time") and model.config.extra.get("begin")
        if is_microbatch(model.config) and is_whole and not any(map(_has_time, read)):
            message = f"no input of '{model.name}' has an event_time: each batch reads all rows"
            place = model.scan.config_span or model.span
            yield Diagnostic("K110", message, place, _HINT, (), Severity.WARN)


def _has_time(node: Model | Seed | Source) -> bool:
    return bool(node.moment if isinstance(node, Source) else node.config.extra.get("event_time"))
