"""Assertions that compare a value with other figures: other KPIs, its own parts, a reference."""

from __future__ import annotations

from kpi_runner.compile.argument import amount, invalid, mapping_of, show
from kpi_runner.compile.assertion_subject import PLACE, ROUNDING, Check, Subject
from kpi_runner.core.names import quote_text
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.sql.expression import fill_parts, read_formula


def equals(subject: Subject) -> Check:
    """Returns the check that the KPI is what a formula over KPIs gives, wherever both are."""
    assertion = subject.assertion
    argument = mapping_of(assertion, {"formula", "tolerance"})
    parsed = read_formula(str(argument.get("formula", "")))
    unknown = [name for name in parsed.names if name not in subject.context.variants]
    if unknown:
        hint = did_you_mean(unknown[0], subject.context.variants)
        raise invalid(assertion, f"the formula names unknown KPI '{unknown[0]}'", hint=hint)
    for name in parsed.names:
        if subject.context.variants[name].kpi in subject.context.hidden:
            hint = "Name published KPIs; a hidden one has no values to compare with."
            raise invalid(assertion, f"the formula names the hidden KPI '{name}'", hint=hint)
    parts = [f"part_{index}" for index in range(len(parsed.names))]
    right, _ = fill_parts(parsed.numerator, parts)
    if parsed.denominator:
        right = f"({right}) / nullif({fill_parts(parsed.denominator, parts)[0]}, 0)"
    columns, rows = ["max(case when name = '' then value end) as own"], []
    for index, name in enumerate(parsed.names):
        part = subject.context.variants[name]
        rows.append(f"select {PLACE}, {quote_text(name)} as name, value\n"
                    f"from {subject.rows_of(part)}{subject.scope()}")  # fmt: skip
        columns.append(f"max(case when name = {quote_text(name)} then value end) as part_{index}")
    own = f"select {PLACE}, '' as name, value\nfrom {subject.rows}{subject.scope()}"
    tolerance = amount(assertion, argument.get("tolerance", 0))
    body = (
        f"select {PLACE}, own as observed\nfrom (\nselect {PLACE}, {', '.join(columns)}\n"
        "from (\n" + "\nunion all\n".join([own, *rows]) + f"\n) as parts\ngroup by {PLACE}\n"
        f") as sides\nwhere abs(own - ({right})) > {tolerance} + {ROUNDING.format('own')}"
    )
    return Check(body, f"equal to {argument['formula']} within {show(tolerance)}")


def sums_to(subject: Subject) -> Check:
    """Returns the check that the segments of a dimension add up to the total."""
    assertion = subject.assertion
    argument = mapping_of(assertion, {"dimension", "tolerance"})
    dimension = str(argument.get("dimension", ""))
    if dimension not in subject.variant.dimensions:
        raise invalid(assertion, f"'{dimension}' is not a dimension of '{subject.variant.id}'")
    tolerance = amount(assertion, argument.get("tolerance", 0))
    body = (
        f"select grain, period_start, {quote_text(dimension)} as dimension, '' as segment,\n"
        "    parts - total as observed\nfrom (\nselect grain, period_start,\n"
        "    sum(case when dimension = '' then value else 0 end) as total,\n"
        "    sum(case when dimension != '' then value else 0 end) as parts,\n"
        "    sum(abs(value)) as size,\n"
        "    count(case when dimension != '' then 1 end) as part_count\n"
        f"from {subject.rows}{subject.scope()}\n"
        f"    and dimension in ('', {quote_text(dimension)})\ngroup by grain, period_start\n"
        ") as sums\nwhere (part_count > 0 or grain != 'hour')\n"
        f"    and abs(parts - total) > {tolerance} + {ROUNDING.format('size')}"
    )
    return Check(body, f"{dimension} segments add up to the total within {show(tolerance)}")


def sums_over_time(subject: Subject) -> Check:
    """Returns the check that all grains add up to the same; one with a NULL says nothing."""
    body = (
        "select 'day' as grain, first_start as period_start, '' as dimension, '' as segment,\n"
        "    greatest_sum - least_sum as observed\nfrom (\nselect min(first_start) as "
        "first_start,\n    max(total) as greatest_sum,\n    min(total) as least_sum\nfrom (\n"
        "select grain, min(period_start) as first_start,\n"
        "    case when count(value) = count(*) then sum(value) end as total\n"
        f"from {subject.rows}\n    and dimension = ''\ngroup by grain\n"
        ") as totals\n) as extremes\n"
        f"where greatest_sum - least_sum > {ROUNDING.format('greatest_sum')}"
    )
    return Check(body, "the same sum over days, weeks, months, quarters and years")


def reconciles(subject: Subject) -> Check:
    """Returns the check against figures of a file or a query."""
    assertion = subject.assertion
    argument = mapping_of(assertion, {"file", "sql", "tolerance"})
    if ("file" in argument) == ("sql" in argument):
        raise invalid(assertion, "'reconciles' takes either 'file' or 'sql'")
    if "file" in argument:
        path = subject.context.locate_file(str(argument["file"]))
        reference = f"select * from read_csv({quote_text(path)}, header = true)"
    else:
        reference = subject.context.render(str(argument["sql"]), assertion.span)
    tolerance = argument.get("tolerance", 0)
    size = amount(assertion, tolerance)
    scale = " * abs(reference_value)" if str(tolerance).strip().endswith("%") else ""
    body = (
        "select grain, period_start, dimension, segment, value as observed\nfrom (\n"
        "select given.grain, given.period_start, given.dimension, given.segment,\n"
        "    own.value, given.value as reference_value\n"
        "from (\nselect coalesce(grain, 'day') as grain,\n"
        "    cast(period_start as timestamp) as period_start,\n"
        "    coalesce(dimension, '') as dimension,\n    coalesce(segment, '') as segment,\n"
        "    cast(value as double) as value\n"
        "from (\nselect cast(null as varchar) as grain, cast(null as timestamp) as period_start,\n"
        "    cast(null as varchar) as dimension, cast(null as varchar) as segment,\n"
        "    cast(null as double) as value\nwhere false\nunion all by name\n"
        f"{reference}\n) as reference_rows\n) as given\n"
        f"left join (\nselect *\nfrom {subject.rows}\n) as own\n"
        "    using (grain, period_start, dimension, segment)\n) as pairs\n"
        f"where value is null or abs(value - reference_value) > {size}{scale} + "
        f"{ROUNDING.format('reference_value')}"
    )
    return Check(body, f"the reference figures within {tolerance}")
