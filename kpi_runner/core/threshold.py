"""How many failures of a data test are too many: dbt's comparisons, and ours in percent."""

from __future__ import annotations

import re

_PERCENT = re.compile(r"\s*(=|==|!=|<>|<|<=|>|>=)\s*(\d+(?:\.\d+)?)\s*%\s*\Z")


def parse_percent(comparison: str) -> tuple[str, str] | None:
    """Returns sign and number of a comparison in percent of the tested rows, or None.

    >>> parse_percent(">1.5%"), parse_percent("> 10")
    (('>', '1.5'), None)
    """
    found = _PERCENT.match(comparison)
    return (found[1], found[2]) if found else None
