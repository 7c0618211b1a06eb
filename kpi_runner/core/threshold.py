"""How many failures of a data test are too many: dbt's comparisons, and ours in percent."""

from __future__ import annotations

import re

_NUMBER = r"\s*[-+]?\d+(?:\.\d+)?\s*"
_COMPARISON = re.compile(
    rf"\s*(?:(?:=|==|!=|<>|<|<=|>|>=){_NUMBER}|(?:not\s+)?between\b{_NUMBER}and\b{_NUMBER}"
    rf"|(?:not\s+)?in\s*\({_NUMBER}(?:,{_NUMBER})*\)\s*)\Z",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\s*(=|==|!=|<>|<|<=|>|>=)\s*(\d+(?:\.\d+)?)\s*%\s*\Z")


def parse_percent(comparison: str) -> tuple[str, str] | None:
    """Returns sign and number of a comparison in percent of the tested rows, or None.

    >>> parse_percent(">1.5%"), parse_percent("> 10")
    (('>', '1.5'), None)
    """
    found = _PERCENT.match(comparison)
    return (found[1], found[2]) if found else None


def is_comparison(text: str) -> bool:
    """True for what may stand after the number of failures.

    >>> [is_comparison(one) for one in ("> 10", "between 1 and 5", ">=1.5%", "5", "> 1; drop")]
    [True, True, True, False, False]
    """
    return bool(_COMPARISON.match(text)) or parse_percent(text) is not None
