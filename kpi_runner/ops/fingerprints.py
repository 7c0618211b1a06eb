"""Which nodes have to be built again: by the text of their SQL and by what they read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from kpi_runner.core.placeholders import Facts, fill_placeholders


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``sql``: the node's own text; ``data``: that, all that it reads, and the clock."""

    sql: str
    data: str


def fingerprint(sql: str, *, inputs: Iterable[str], facts: Facts) -> Fingerprint:
    """Returns the fingerprint of a node.

    Args:
        sql: its text; it depends on what landing found only where its placeholders name it.
        inputs: the data fingerprints of what it reads, in a stable order.
        facts: what landing found.
    """
    return Fingerprint(digest(sql), digest(fill_placeholders(sql, facts), *inputs))


def digest(*texts: str) -> str:
    """Returns a short stable hash of texts."""
    whole = sha256()
    for text in texts:
        whole.update(text.encode("utf-8"))
        whole.update(b"\0")
    return whole.hexdigest()[:32]
