"""What an assertion is compiled from: its KPI's values, and the conditions that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kpi_runner.compile.argument import invalid
from kpi_runner.core.kpi import Assertion, Variant
from kpi_runner.core.names import quote_text
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.sql.expression import read_condition

PLACE = "grain, period_start, dimension, segment"
ROUNDING = "1e-9 * greatest(1, abs({0}))"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionContext:
    """What assertions need of the project.

    Args:
        mart: gives the relation that holds the values of a KPI's name, as SQL.
        variants: every variant by id.
        render: renders the text of a `sql:` assertion.
        locate_file: turns a path of `reconciles` into one that the database can open.
        hidden: the names of KPIs that have no published values.
    """

    mart: Callable[[str], str]
    variants: Mapping[str, Variant]
    render: Callable[[str, Span | None], str]
    locate_file: Callable[[str], str]
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Check:
    """A query body: failing rows with ``PLACE`` and ``observed``, and the bound in words."""

    body: str
    expected: str


@dataclass(frozen=True, slots=True)
class Subject:
    """An assertion, the variant that it is about, and the project around them."""

    variant: Variant
    assertion: Assertion
    context: AssertionContext

    @property
    def rows(self) -> str:
        """The variant's values: what follows FROM, up to further conditions."""
        return self.rows_of(self.variant)

    def rows_of(self, variant: Variant) -> str:
        """Returns the values of another variant, in the same form."""
        return (
            f"{self.context.mart(variant.kpi)}\nwhere kpi = {quote_text(variant.kpi)}\n"
            f"    and variant = {quote_text(variant.name)}"
        )

    def scope(self, *, grain: str = "", total_only: bool = False) -> str:
        """Returns the conditions that the assertion names; ``grain`` and the total stand in
        where it names none.

        Raises ProjectInvalid (K510) for a grain or dimension that the KPI does not have: there
        are no values there that could fail.
        """
        conditions = []
        wanted, dimensions = self.assertion.grain or grain, self.assertion.dimensions
        self._refuse_unknown("grain", (wanted,) if wanted else (), known=self.variant.grains)
        self._refuse_unknown("dimension", dimensions, known=("", *self.variant.dimensions))
        if wanted:
            conditions.append(f"grain = {quote_text(wanted)}")
        if dimensions:
            listed = ", ".join(quote_text(dimension) for dimension in dimensions)
            conditions.append(f"dimension in ({listed})")
        elif total_only:
            conditions.append("dimension = ''")
        if self.assertion.where:
            conditions.append(f"({read_condition(self.assertion.where)[0]})")
        return "".join(f"\n    and {condition}" for condition in conditions)

    def _refuse_unknown(self, what: str, names: Sequence[str], *, known: Sequence[str]) -> None:
        for name in names:
            if name not in known:
                listed = ", ".join(filter(None, known)) or "none"
                hint = did_you_mean(name, known) or f"It has: {listed}."
                message = f"'{self.variant.id}' has no {what} '{name}'"
                raise invalid(self.assertion, message, hint=hint)
