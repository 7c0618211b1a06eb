"""The ``assertions:`` of a KPI: their kinds, and what may stand beside each.

Shape only: percentages, durations and SQL are read when the assertion is compiled.
"""

from __future__ import annotations

from collections.abc import Mapping

from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.kpi import Assertion, Grain
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Items, Scalar, Tree, to_plain

GRAINS = tuple(Grain)
SETTINGS = ("severity", "where", "grain", "dimensions", "name")
"""May stand beside the kind, or inside it where its argument is a mapping."""

KINDS: Mapping[str, tuple[str, ...] | type] = {
    "not_null": (),
    "between": Items,
    "at_least": Scalar,
    "at_most": Scalar,
    "change": ("versus", "within"),
    "equals": ("formula", "tolerance"),
    "sums_to": ("dimension", "tolerance"),
    "reconciles": ("file", "sql", "tolerance"),
    "anomaly": ("method", "false_alarms_per_month"),
    "fresh": ("within",),
    "complete": (),
    "expression": Scalar,
    "sql": Scalar,
}
"""Each kind of the contract: the keys of its argument, or what its argument is."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "change": ("versus", "within"),
    "equals": ("formula",),
    "sums_to": ("dimension",),
    "fresh": ("within",),
}


def read_assertions(entry: Entry) -> tuple[Assertion, ...]:
    """Takes ``assertions:`` of a KPI or variant."""
    found = [_read_assertion(item, entry) for item in entry.items("assertions")]
    return tuple(assertion for assertion in found if assertion)


def _read_assertion(item: Tree, entry: Entry) -> Assertion | None:
    if isinstance(item, Scalar):
        item = Fields({item.text: Scalar(None, "", item.span)}, {item.text: item.span}, item.span)
    if not isinstance(item, Fields):
        entry.mismatch("assertions", item, wanted="a list of assertions")
        return None
    kinds = [key for key in item.values if key not in SETTINGS]
    if len(kinds) != 1:
        said = "no kind" if not kinds else f"the kinds {' and '.join(map(repr, kinds))}"
        hint = "Each assertion is an item of its own: one kind, with its settings."
        entry.report("K510", f"an assertion of {entry.what} has {said}", span=item.span, hint=hint)
        return None
    kind = kinds[0]
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"Kinds: {', '.join(KINDS)}."
        entry.report(
            "K510",
            f"{entry.what} has the unknown assertion '{kind}'",
            span=item.keys[kind],
            hint=hint,
        )
        return None
    return _build(kind, item, entry=entry)


def _build(kind: str, item: Fields, *, entry: Entry) -> Assertion | None:
    what = f"assertion '{kind}'"
    value = item.values[kind]
    outer = Entry(item, what, diagnostics=entry.diagnostics)
    inner = Entry(value, what, diagnostics=entry.diagnostics) if isinstance(value, Fields) else None
    if not _is_shape_fit(kind, value, inner=inner, outer=outer):
        return None

    def place(key: str) -> Entry:
        return inner if inner and inner.has(key) else outer

    is_text = kind in ("expression", "sql")
    argument: object = to_plain(value)
    if inner:
        argument = {k: to_plain(v) for k, v in inner.fields.values.items() if k not in SETTINGS}
    elif is_text and isinstance(value, Scalar):
        argument = value.text
    assertion = Assertion(
        kind=kind,
        argument=argument,
        name=place("name").text("name"),
        severity=Severity(place("severity").choice("severity", tuple(Severity), default="error")),
        where=place("where").text("where"),
        grain=place("grain").choice("grain", GRAINS),
        dimensions=place("dimensions").texts("dimensions"),
        span=value.span if is_text else item.keys[kind],
    )
    outer.ignore(kind, *SETTINGS)
    outer.close()
    return assertion


def _is_shape_fit(kind: str, value: Tree, *, inner: Entry | None, outer: Entry) -> bool:
    shape = KINDS[kind]
    is_empty = isinstance(value, Scalar) and value.value is None
    if isinstance(shape, type):
        wanted = "[least, most]" if shape is Items else "a single value"
        is_pair = not isinstance(value, Items) or len(value.items) == 2
        if isinstance(value, shape) and is_pair and not is_empty:
            return True
        outer.report("K510", f"assertion '{kind}' takes {wanted}", span=value.span)
        return False
    if inner is None:
        needed = NEEDS.get(kind, ())
        if is_empty and not needed:
            return True
        hint = f"Write '{kind}: {{{', '.join(f'{key}: …' for key in shape)}}}'." if shape else ""
        outer.report("K510", f"assertion '{kind}' takes a mapping", span=value.span, hint=hint)
        return False
    for key in NEEDS.get(kind, ()):
        if not inner.has(key):
            inner.report("K510", f"assertion '{kind}' has no '{key}'", span=value.span)
    inner.ignore(*shape, *SETTINGS)
    inner.close()
    return True
