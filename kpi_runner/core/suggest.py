"""The nearest known name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Returns a hint naming the nearest candidates, or an empty string.

    >>> did_you_mean("stg_shop__order", ["stg_shop__orders", "dim_dates"])
    "Did you mean 'stg_shop__orders'?"
    """
    from difflib import get_close_matches  # only mistakes pay for this import

    known = sorted(set(candidates))
    found = get_close_matches(name, known, n=2, cutoff=0.6)
    if not found:
        lowered = {candidate.lower(): candidate for candidate in known}
        found = [lowered[name.lower()]] if name.lower() in lowered else []
    if not found:
        return ""
    return "Did you mean " + " or ".join(f"'{candidate}'" for candidate in found) + "?"
