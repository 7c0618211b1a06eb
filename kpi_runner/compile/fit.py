"""Checks the SELECT of a fit before anything runs: it gives what the method reads."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.fit import METHODS, lacking_columns
from kpi_runner.core.node import Model
from kpi_runner.core.span import Span


def method_of(model: Model) -> str:
    """Returns the method of a model that is a fit."""
    return str(model.config.extra["method"])


def refuse_unfit(model: Model, columns: Sequence[str] | None) -> None:
    """Raises ProjectInvalid (K404) where a column is lacking that the method reads.

    ``columns``: of the SELECT, or None where they cannot be told.
    """
    method = method_of(model)
    lacking = lacking_columns(method, columns) if columns is not None else ()
    if lacking:
        raise ProjectInvalid(
            Diagnostic(
                "K404",
                f"the fit '{model.name}' has no column '{lacking[0]}'",
                model.scan.config_span or Span(model.path),
                f"Method {method} reads {', '.join(METHODS[method].inputs)}.",
            )
        )
