"""What to tell about an answer of `kpi query`: a definition that is not the published one, a
condition that cannot be applied, a KPI without any value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.compile.definition import Definitions, dated_definitions, definition_names
from kpi_runner.compile.kpi_breakdown import break_down
from kpi_runner.compile.kpi_parts import Kind
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import SqlFailed, UsageError
from kpi_runner.core.kpi import Variant
from kpi_runner.core.names import Relation
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.ops.blame import first_line
from kpi_runner.ops.workspace import Workspace
from kpi_runner.sql.clues import named, refine_offset

CATALOG = Relation("kpi", "kpi_catalog")
_WHERE = "--where"


@dataclass(frozen=True, slots=True)
class Asking:
    """A question at work: the published file, what its build found out, and the condition.

    ``is_split``: by dimensions, so that no total is wanted.
    """

    workspace: Workspace
    adapter: Adapter
    facts: Facts
    where: str = ""
    is_split: bool = False

    @property
    def definitions(self) -> Definitions:
        """What kpis.yml says now."""
        return self.workspace.compiler.kpis.definitions


def unpublished(asking: Asking, chosen: Sequence[Variant]) -> tuple[Diagnostic, ...]:
    """Returns a warning (K606) for each variant that kpis.yml defines otherwise than the
    published file, or anew; a file without a catalogue tells nothing."""
    if CATALOG not in asking.adapter.relations():
        return ()
    rows = asking.adapter.query(f"select kpi, variant, definition_sql from {CATALOG.sql}").rows
    published = {f"{kpi}.{name}" if name else kpi: sql for kpi, name, sql in rows}
    found = []
    for variant in chosen:
        changed = [
            one
            for one in _parts(variant, asking.definitions)
            if _is_other(one, asking, published=published)
        ]
        if changed:
            found.append(_not_published(variant, changed, published=published))
    return tuple(found)


def _is_other(variant: Variant, asking: Asking, *, published: dict[str, str]) -> bool:
    known = asking.definitions
    is_listed = variant.kpi not in known.hidden
    return is_listed and published.get(variant.id) != dated_definitions(variant, known)


def _parts(variant: Variant, known: Definitions) -> Iterator[Variant]:
    """The variant, and the KPIs that it is made of."""
    yield variant
    for name in definition_names(variant):
        if name in known.variants:
            yield from _parts(known.variants[name], known)


def _not_published(
    variant: Variant, changed: Sequence[Variant], *, published: dict[str, str]
) -> Diagnostic:
    is_new = variant.id not in published
    message = f"'{variant.id}' is answered by a definition that is not published"
    others = [one.id for one in changed if one.id != variant.id]
    notes = [f"changed with {', '.join(dict.fromkeys(others))}"] if others else []
    if is_new:
        notes = ["the published file has no such KPI"]
    elif variant in changed:
        notes.append(f"published: {' '.join(published[variant.id].split())}")
    kept = "" if is_new else " The published values stand in kpi.kpi_values of the published file."
    return Diagnostic(
        "K606",
        message,
        variant.span,
        f"`kpi build` publishes the definition.{kept}",
        tuple(notes),
        Severity.WARN,
    )


def refuse_condition(asking: Asking, chosen: Sequence[Variant], *, is_run: bool = False) -> None:
    """Raises UsageError (K008), with the place, where ``--where`` cannot be applied to the rows
    of a model; ``is_run`` reads the rows, which shows what fails only then."""
    for relation, _ in _tables(asking, chosen) if asking.where else ():
        before = f"select count(*) from {relation} where ("
        sql = fill_placeholders(f"{before}{asking.where}\n)", asking.facts)
        try:
            if is_run:
                asking.adapter.query(sql)
            else:
                asking.adapter.describe(sql)
        except SqlFailed as error:
            raise UsageError(
                _wrong_condition(asking, error, relation=relation, start=len(before))
            ) from None


def _wrong_condition(asking: Asking, error: SqlFailed, *, relation: str, start: int) -> Diagnostic:
    where, offset = asking.where, 0
    if error.position is not None:
        sent = where.encode()[: max(error.position - start, 0)].decode(errors="ignore")
        offset = min(len(sent), max(len(where) - 1, 0))
        offset = refine_offset(where, offset, error=error)
    lines = LineIndex(where)
    line, column = lines.position(offset)
    words = named(error.message)
    names = [name.rsplit(".", 1)[-1].strip('"') for name in error.candidates]
    hint = did_you_mean(words[0], names) if words else ""
    end = offset + len(words[0]) if words and where.startswith(words[0], offset) else offset + 1
    return Diagnostic(
        "K008",
        f"--where cannot be applied to {relation}: {first_line(error)}",
        Span(_WHERE, line, column, line, column + end - offset),
        hint or f"It is a condition on the columns of {relation}.",
        excerpt=where.split("\n")[line - 1],
    )


def explain_absence(
    asking: Asking, absent: Sequence[Variant], *, days: tuple[str, str]
) -> tuple[Diagnostic, ...]:
    """Returns for each variant without a row why it has none (K013); ``days``: the first, where
    one was asked for, and the last."""
    return tuple(_absence(asking, variant, days=days) for variant in absent)


def _absence(asking: Asking, variant: Variant, *, days: tuple[str, str]) -> Diagnostic:
    message, hint = f"'{variant.id}' has no value here", ""
    if variant.model:
        hint = f"Its model '{variant.model}' holds no rows of these days"
        if variant.dimensions and not asking.is_split:
            hint += f", or no total: split it with --by {' or '.join(variant.dimensions)}"
        hint += "."
        return Diagnostic("K013", message, None, hint, severity=Severity.WARN)
    bounds = [_bounds(asking, relation, time=time) for relation, time in _tables(asking, [variant])]
    known = [day for bound in bounds for day in bound if day]
    if not known:
        hint = "No row fits --where." if asking.where else "The models behind it hold no row."
    else:
        first, last = min(known), max(known)
        asked = " to ".join(day for day in days if day)
        hint = f"Its rows are of {first} to {last}; asked for is {asked}."
    return Diagnostic("K013", message, None, hint, severity=Severity.WARN)


def _bounds(asking: Asking, relation: str, *, time: str) -> tuple[str | None, str | None]:
    where = f" where ({asking.where}\n)" if asking.where else ""
    ends = f"cast(min({time}) as varchar), cast(max({time}) as varchar)"
    sql = fill_placeholders(f"select {ends} from {relation}{where}", asking.facts)
    first, last = asking.adapter.query(sql).rows[0]
    return first, last


def _tables(asking: Asking, chosen: Sequence[Variant]) -> tuple[tuple[str, str], ...]:
    """Relation and date column of every table of facts that the variants read."""
    project = asking.workspace.project
    groups = break_down(chosen, asking.definitions.variants).groups
    models = ((project.find_model(g.key.model), g.key) for g in groups if g.key.kind != Kind.MODEL)
    found = ((model.relation.sql, key.time) for model, key in models if model)
    return tuple(dict.fromkeys(found))
