"""Which nodes have to be built again: by the text of their SQL and by what they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from kpi_runner.core.names import NodeId
from kpi_runner.core.placeholders import Facts, fill_placeholders


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``sql``: the node's own text; ``data``: that, all that it reads, and the clock."""

    sql: str
    data: str


@dataclass(slots=True)
class Fingerprints:
    """The fingerprints of a build, filled in graph order.

    Args:
        facts: what landing found; only nodes whose text names it depend on it.
        data: data fingerprints known so far, by node; landed raw tables first.
    """

    facts: Facts
    data: dict[NodeId, str] = field(default_factory=dict)
    nodes: dict[NodeId, Fingerprint] = field(default_factory=dict)

    def add(self, node: NodeId, sql: str, parents: Mapping[NodeId, None]) -> Fingerprint:
        """Returns the fingerprint of a node whose parents were added before."""
        filled = fill_placeholders(sql, self.facts)
        inputs = [self.data.get(parent, "") for parent in sorted(parents)]
        found = Fingerprint(digest(sql), digest(filled, *inputs))
        self.nodes[node] = found
        self.data[node] = found.data
        return found


def digest(*texts: str) -> str:
    """Returns a short stable hash of texts."""
    whole = sha256()
    for text in texts:
        whole.update(text.encode("utf-8"))
        whole.update(b"\0")
    return whole.hexdigest()[:32]
