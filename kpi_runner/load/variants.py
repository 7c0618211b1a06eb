"""One computable definition of a KPI: the entry's keys with a variant's laid over them.

Merging happens on the YAML tree, so every key keeps the place where it was written.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from kpi_runner.core.kpi import MOST_DAYS, Additivity, Expression, Grain, KpiRef, Over, Variant
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.assertions import read_assertions
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Scalar

UNITS = (
    *("money", "count", "rate", "ratio", "seconds", "minutes", "days", "points", "index"),
    "months",
)
DIRECTIONS = ("up", "down", "context")
GRAINS = tuple(grain for grain in Grain if grain != Grain.ALL)
DEFAULT_GRAINS = tuple(grain for grain in GRAINS if grain != Grain.HOUR)
FORMS = (("measure",), ("numerator", "denominator"), ("formula",), ("model",))
VARIANT_KEYS = (
    *("label", "description", "unit", "direction", "from", "time", "where", "dimensions"),
    "incomplete_where",
    *("grains", "over", "denominator_over", "additivity", "min_sample", "maturity_days"),
    *("requires", "assertions", "default", "variants"),
    *(key for form in FORMS for key in form),
)
_NOT_INHERITED = ("name", "default", "variants", "versions")


def overlay(parent: Fields, changes: Fields) -> Fields:
    """Returns the parent's keys with a variant's over them.

    A variant that defines another form (``formula`` over a ratio, say) drops the parent's.
    """
    dropped = set(_NOT_INHERITED)
    own = _form_of(changes)
    if own and own != _form_of(parent):
        dropped.update(key for form in FORMS for key in form)
    kept = [key for key in parent.values if key not in dropped]
    return Fields(
        {**{key: parent.values[key] for key in kept}, **changes.values},
        {**{key: parent.keys[key] for key in kept}, **changes.keys},
        changes.span,
    )


def _form_of(fields: Fields) -> tuple[str, ...]:
    return next((form for form in FORMS if any(key in fields.values for key in form)), ())


def read_variant(entry: Entry, *, kpi: str, name: str, label: str) -> Variant:
    """Reads a merged definition; reports a form that is not exactly one (K507)."""
    dimensions = entry.texts("dimensions")
    variant = Variant(
        kpi=kpi,
        name=name,
        label=label,
        unit=entry.choice("unit", UNITS),
        direction=entry.choice("direction", DIRECTIONS),
        source_model=entry.text("from"),
        time=entry.text("time"),
        where=_expression(entry, "where"),
        incomplete_where=_expression(entry, "incomplete_where"),
        measure=_expression(entry, "measure"),
        numerator=_part(entry, "numerator"),
        denominator=_part(entry, "denominator"),
        formula=_expression(entry, "formula"),
        model=entry.text("model"),
        dimensions=dimensions,
        grains=_grains(entry),
        over=_over(entry),
        total_over=_total_over(entry, dimensions),
        additivity=_additivity(entry),
        min_sample=entry.integer("min_sample"),
        maturity_days=_maturity(entry),
        requires=_requires(entry),
        description=entry.text("description"),
        assertions=read_assertions(entry),
        places=entry.places(),
        span=entry.span("name") if not name else entry.fields.span,
    )
    _check_form(entry, variant)
    return variant


def _check_form(entry: Entry, variant: Variant) -> None:
    forms = [form for form in FORMS if any(entry.has(key) for key in form)]
    if len(forms) != 1:
        said = "none" if not forms else " and ".join("/".join(form) for form in forms)
        entry.report(
            "K507",
            f"KPI '{variant.id}' says {said}",
            span=variant.span,
            hint="Say exactly one of: measure; numerator and denominator; formula; model.",
        )
        return
    for key in forms[0]:
        if not entry.has(key):
            hint = "A ratio has a numerator and a denominator."
            entry.report("K507", f"KPI '{variant.id}' has no '{key}'", span=variant.span, hint=hint)
    parts = (variant.measure, variant.numerator, variant.denominator)
    if any(isinstance(part, Expression) for part in parts):
        for key in ("from", "time"):
            if not entry.text(key):
                hint = "An expression reads the columns of a model, dated by one of them."
                entry.report(
                    "K104", f"KPI '{variant.id}' has no '{key}'", span=variant.span, hint=hint
                )


def _maturity(entry: Entry) -> int:
    days = entry.integer("maturity_days")
    if 0 <= days <= MOST_DAYS:
        return days
    message = f"maturity_days of {entry.what} is {days}, not 0 to {MOST_DAYS}"
    entry.report("K105", message, span=entry.span("maturity_days"))
    return 0


def _expression(entry: Entry, key: str) -> Expression | None:
    scalar = entry.scalar(key)
    if scalar is None or not scalar.text.strip():
        return None
    return Expression(scalar.text.strip(), scalar.span, scalar.raw)


def _part(entry: Entry, key: str) -> Expression | KpiRef | None:
    """Takes a numerator or denominator: an expression, or ``{kpi: name}``."""
    tree = entry.tree(key)
    if not isinstance(tree, Fields):
        return _expression(entry, key)
    part = Entry(tree, f"'{key}' of {entry.what}", diagnostics=entry.diagnostics)
    name = part.required_text("kpi")
    part.close()
    return KpiRef(name, part.span("kpi")) if name else None


def _grains(entry: Entry) -> tuple[Grain, ...]:
    scalars = entry.scalars("grains")
    found = [entry.check_choice(scalar, "grains", choices=GRAINS) for scalar in scalars]
    return tuple(grain for grain in GRAINS if grain in found) if scalars else DEFAULT_GRAINS


def _over(entry: Entry) -> Over | None:
    """Takes ``over: {to_date: true}`` or ``over: {trailing: 365d}``."""
    over = entry.entry("over")
    if over is None:
        return None
    to_date = over.boolean("to_date")
    trailing = over.scalar("trailing")
    over.close()
    length = re.fullmatch(r"(\d{1,9})\s*d(ays)?", trailing.text.strip()) if trailing else None
    days = int(length[1]) if length else 0
    if trailing and not 0 < days <= MOST_DAYS:
        hint = f"Write a number of days up to {MOST_DAYS}, such as 365d."
        over.report(
            "K102", f"'trailing' is '{trailing.text}', not a length", span=trailing.span, hint=hint
        )
    elif to_date == bool(days):
        hint = "Write 'over: {to_date: true}' or 'over: {trailing: 365d}'."
        over.report("K102", f"{over.what} is not one window", span=over.fields.span, hint=hint)
    return Over(to_date, days)


def _total_over(entry: Entry, dimensions: tuple[str, ...]) -> tuple[str, ...]:
    """Takes ``denominator_over``: ``total``, or a mapping from dimensions to ``total``."""
    tree = entry.tree("denominator_over")
    if tree is None:
        return ()
    if isinstance(tree, Scalar):
        return dimensions if entry.choice("denominator_over", ("total",)) else ()
    by_dimension = entry.entry("denominator_over")
    for key in by_dimension.fields.values if by_dimension else ():
        if by_dimension:
            by_dimension.choice(key, ("total",))
    return tuple(d for d in dimensions if by_dimension and by_dimension.has(d))


def check_total_over(entry: Entry, dimensions: Collection[str]) -> None:
    """Reports what ``denominator_over`` of an entry or variant names beside its dimensions."""
    tree = entry.tree("denominator_over")
    for key, span in tree.keys.items() if isinstance(tree, Fields) else ():
        if key not in dimensions:
            entry.report(
                "K504",
                f"'denominator_over' names '{key}', which is no dimension of {entry.what}",
                span=span,
                hint=did_you_mean(key, dimensions) or f"Dimensions: {', '.join(dimensions)}.",
            )


def _additivity(entry: Entry) -> Additivity | None:
    word = entry.choice("additivity", tuple(Additivity))
    return Additivity(word) if word else None


def _requires(entry: Entry) -> tuple[str, ...]:
    found = []
    for scalar in entry.scalars("requires"):
        if re.fullmatch(r"\w+\.\w+", scalar.text):
            found.append(scalar.text)
        else:
            hint = "Write source.table, such as shopify.orders."
            entry.report(
                "K102", f"'requires' is '{scalar.text}', not a table", span=scalar.span, hint=hint
            )
    return tuple(found)
