"""Contracts of models: reads their constraints, and checks that they say enough to hold.

Does not know which columns a model really has.
"""

from __future__ import annotations

from collections.abc import Mapping

from kpi_runner.core.constraint import CONSTRAINTS, Constraint
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.fit import FIT
from kpi_runner.core.node import Model
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.reader import Entry

KEYS = ("not_null", "unique", "primary_key")
"""Constraints that mean nothing without the columns that they are about."""
IGNORED = ("warn_unenforced", "warn_unsupported", "to", "to_columns")


def read_constraints(entry: Entry) -> tuple[Constraint, ...]:
    """Takes ``constraints:`` of a model or column."""
    found = []
    for tree in entry.items("constraints"):
        item = entry.as_entry(tree, "constraints", what=f"a constraint of {entry.what}")
        if item is None:
            continue
        kind = item.choice("type", CONSTRAINTS)
        if not item.has("type"):
            item.report("K104", f"{item.what} has no 'type'", span=item.fields.span)
        expression = item.text("expression")
        if kind == "check" and not expression:
            item.report("K104", f"{item.what} has no 'expression'", span=item.fields.span)
        constraint = Constraint(
            kind=kind,
            columns=item.texts("columns"),
            expression=expression,
            name=item.text("name"),
            span=item.span("type"),
        )
        item.ignore(*IGNORED)
        item.close()
        found += [constraint] if kind else []
    return tuple(found)


def is_enforced(model: Model) -> bool:
    """True for a model with ``contract: {enforced: true}``."""
    contract = model.config.extra.get("contract")
    return isinstance(contract, Mapping) and bool(contract.get("enforced"))


def check_contract(model: Model, diagnostics: list[Diagnostic]) -> None:
    """Reports an enforced contract that cannot hold: columns without a type (K104), constraints
    without columns (K104) or of unknown ones (K205), a column twice (K204), an ephemeral model
    (K110)."""
    if not is_enforced(model):
        return
    what = f"the contract of model '{model.name}'"
    place = model.scan.config_span or model.span
    if model.config.materialized == "ephemeral":
        message = f"{what} is enforced, but the model is ephemeral and is never built"
        diagnostics.append(Diagnostic("K110", message, place, "Make it a view or table."))
    if model.config.materialized == FIT:
        message = f"{what} is enforced, but its method says which columns the fit has"
        diagnostics.append(Diagnostic("K110", message, place, "Take the contract out."))
    if not model.columns:
        hint = "List every column with its data_type in YAML."
        diagnostics.append(Diagnostic("K104", f"{what} names no columns", place, hint))
    for column in model.columns:
        if not column.data_type:
            message = f"{what} has no data_type for column '{column.name}'"
            diagnostics.append(Diagnostic("K104", message, column.span, "Add `data_type:`."))
    known: list[str] = []
    for column in model.columns:
        if column.name.lower() in known:
            message = f"{what} names the column '{column.name}' twice"
            hint = "Names that differ only in case are one column."
            diagnostics.append(Diagnostic("K204", message, column.span, hint))
        known.append(column.name.lower())
    for constraint in model.constraints:
        if constraint.kind in KEYS and not constraint.columns:
            message = f"{what} has a {constraint.kind} without columns"
            hint = "Name them: `columns: [id]`, or write the constraint below its column."
            diagnostics.append(Diagnostic("K104", message, constraint.span, hint))
        for name in constraint.columns:
            if name.lower() not in known:
                message = f"{what} names the unknown column '{name}'"
                hint = did_you_mean(name, known)
                diagnostics.append(Diagnostic("K205", message, constraint.span, hint))
