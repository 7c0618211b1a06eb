"""Lands the parameters of a fit: reads grouped statistics, fits each group, makes the table.

Bounded and without chance: the same rows give the same parameters. What a method computes is in
``fit_clv`` and ``fit_markov``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import create_as, literal
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.fit import METHODS, Fit, group_columns, lacking_columns
from kpi_runner.core.names import quote_name
from kpi_runner.core.node import Column
from kpi_runner.run.fit_clv import UNCONVERGED, Fitted, fit_bg_nbd, fit_gamma_gamma
from kpi_runner.run.fit_markov import credit_shares, removal_effects

MOST_ROWS = 500_000
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fit gives: the statements that make its table, and what was odd."""

    statements: tuple[str, ...]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Result:
    """The rows of one group, or why there is nothing to say."""

    rows: Sequence[Row]
    problem: str = field(default="")


def run_fit(session: Adapter, fit: Fit) -> Outcome:
    """Returns what makes the table of a fit.

    Raises SqlFailed for its SELECT, RunFailed (K615) for rows that its method cannot read.
    """
    columns = session.describe(fit.sql)
    names = [column.name for column in columns]
    if lacking := lacking_columns(fit.method, names):
        raise _unreadable(fit, f"there is no column '{lacking[0]}'")
    rows = session.query(fit.sql).dicts
    if len(rows) > MOST_ROWS:
        raise _unreadable(fit, f"{len(rows):,} rows are more than {MOST_ROWS:,}")
    groups = group_columns(fit.method, names)
    results = {key: _fit_group(fit, members) for key, members in _grouped(rows, groups).items()}
    found = [
        {**dict(zip(groups, key, strict=True)), **row}
        for key, result in results.items()
        for row in result.rows
    ]
    typed = [column for column in columns if column.name in groups]
    typed += [Column(name=n, data_type=t) for n, t in METHODS[fit.method].outputs.items()]
    warnings = _warnings(fit, results) if rows else ()
    return Outcome((create_as(fit.target, _select(found, typed)),), warnings)


def _grouped(rows: Iterable[Row], groups: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    """The rows of each group; a fit without groups has one, also where there are no rows."""
    found: dict[tuple[Any, ...], list[Row]] = {} if groups else {(): []}
    for row in rows:
        found.setdefault(tuple(row[name] for name in groups), []).append(row)
    return dict(sorted(found.items(), key=str))


def _fit_group(fit: Fit, rows: Sequence[Row]) -> _Result:
    try:
        numbers = [_numbers(row, fit.method) for row in rows]
        return _FITS[fit.method](sorted(numbers, key=_in_order))
    except ValueError as error:
        raise _unreadable(fit, str(error)) from None


def _numbers(row: Row, method: str) -> Row:
    """The row with what its method reads: texts of states, else numbers of at least 0."""
    found: dict[str, Any] = {}
    for name in METHODS[method].inputs:
        value = row[name]
        if value is None:
            raise ValueError(f"'{name}' is NULL")
        found[name] = str(value) if name.endswith("_state") else float(value)
        if isinstance(found[name], float) and not (isfinite(found[name]) and found[name] >= 0):
            raise ValueError(f"'{name}' is {value}")
    return found


def _in_order(row: Row) -> tuple[Any, ...]:
    """Sums of floats depend on their order, so rows have one."""
    return tuple(row.values())


def _bg_nbd(rows: Sequence[Row]) -> _Result:
    for row in rows:
        if row["recency_weeks"] > row["age_weeks"]:
            raise ValueError(
                f"'recency_weeks' is {row['recency_weeks']}, 'age_weeks' {row['age_weeks']}"
            )
    return _of(fit_bg_nbd(rows))


def _gamma_gamma(rows: Sequence[Row]) -> _Result:
    for row in rows:
        if row["repeat_count"] > 0 and row["mean_value"] <= 0:
            raise ValueError(f"'mean_value' is {row['mean_value']}")
    return _of(fit_gamma_gamma(rows))


def _of(fitted: Fitted) -> _Result:
    return _Result([fitted.values], fitted.problem)


def _markov(rows: Sequence[Row]) -> _Result:
    effects = removal_effects(
        (row["from_state"], row["to_state"], row["transition_count"]) for row in rows
    )
    shares = credit_shares(effects)
    problem = "" if any(effects.values()) else "no path converts"
    return _Result(
        [
            {"state": state, "removal_effect": effect, "credit_share": shares[state]}
            for state, effect in effects.items()
        ],
        problem,
    )


_FITS: Mapping[str, Callable[[Sequence[Row]], _Result]] = {
    "bg_nbd": _bg_nbd,
    "gamma_gamma": _gamma_gamma,
    "markov": _markov,
}


def _select(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    listed = ",\n    ".join(
        f"cast({quote_name(one.name)} as {one.data_type}) as {quote_name(one.name)}"
        for one in columns
    )
    names = ", ".join(quote_name(one.name) for one in columns)
    cells = [[literal(row[one.name]) for one in columns] for row in rows]
    cells = cells or [["null"] * len(columns)]
    values = ",\n    ".join(f"({', '.join(row)})" for row in cells)
    where = "" if rows else "\nwhere false"
    return f"select\n    {listed}\nfrom (values\n    {values}\n) as fitted ({names}){where}"


def _warnings(fit: Fit, results: Mapping[tuple[Any, ...], _Result]) -> tuple[Diagnostic, ...]:
    """Tells groups whose search ended nowhere; that a group holds too little is only worth a word
    where all do."""
    poor = {key: result.problem for key, result in results.items() if result.problem}
    lost = {key: problem for key, problem in poor.items() if problem == UNCONVERGED}
    told = lost or (poor if len(poor) == len(results) else {})
    if not told:
        return ()
    where = f" for {len(told)} of {len(results)} groups" if any(results) else ""
    return (
        Diagnostic(
            "K614",
            f"'{fit.name}' has no parameters{where}: {next(iter(told.values()))}",
            fit.span,
            "What reads them finds NULL.",
            severity=Severity.WARN,
        ),
    )


def _unreadable(fit: Fit, problem: str) -> RunFailed:
    inputs = ", ".join(METHODS[fit.method].inputs)
    hint = f"Its SELECT gives {inputs}; every other column is a group. Numbers are at least 0."
    return RunFailed(Diagnostic("K615", problem, fit.span, hint))
