"""The methods of models that are fitted: which columns each reads, and which it gives.

A fit's SELECT gives grouped statistics. Every column that its method does not read is a group: each
group is fitted for itself, and the column stands in the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kpi_runner.core.names import Relation
from kpi_runner.core.span import Span

FIT = "fit"
"""The materialization."""


@dataclass(frozen=True, slots=True)
class Method:
    """What a method reads, and what it gives with types.

    ``version`` is raised where the same rows give other parameters than before: what is built is
    then fitted again.
    """

    inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Grouped statistics on their way to parameters.

    Args:
        target: the table that takes the parameters.
        sql: the SELECT of the statistics.
        method: a key of ``METHODS``.
        name: of the model, for messages.
        span: its place.
    """

    target: Relation
    sql: str
    method: str
    name: str
    span: Span | None = None


_QUALITY = {
    "log_likelihood": "double",
    "customer_count": "bigint",
    "iterations": "integer",
    "is_converged": "boolean",
}

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "bg_nbd": Method(
            ("repeat_count", "recency_weeks", "age_weeks", "customer_count"),
            {**dict.fromkeys(("r", "alpha", "a", "b"), "double"), **_QUALITY},
        ),
        "gamma_gamma": Method(
            ("repeat_count", "mean_value", "customer_count"),
            {**dict.fromkeys(("p", "q", "gamma"), "double"), **_QUALITY},
        ),
        "markov": Method(
            ("from_state", "to_state", "transition_count"),
            {"state": "varchar", "removal_effect": "double", "credit_share": "double"},
        ),
    }
)


def group_columns(method: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Returns the columns of a SELECT by which its rows are fitted apart.

    >>> group_columns("markov", ["month", "from_state", "to_state", "transition_count"])
    ('month',)
    """
    return tuple(name for name in columns if name not in METHODS[method].inputs)


def fit_columns(method: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Returns the columns of the result for the columns of the SELECT."""
    return (*group_columns(method, columns), *METHODS[method].outputs)


def lacking_columns(method: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Returns the columns that a method reads and a SELECT does not have."""
    return tuple(name for name in METHODS[method].inputs if name not in columns)
