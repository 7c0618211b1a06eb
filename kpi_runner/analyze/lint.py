"""Judges a project by all rules, and leaves out what a comment with a reason allows.

A rule is a function of ``rules/`` (the project) or of ``sql/style`` (a file's text); its code
leads to it in ``RULES`` and ``STYLE``. There are no warnings: a rule is on, or it does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import getdoc
from types import MappingProxyType

from kpi_runner.analyze.rules import docs, layers, naming, structure, templates
from kpi_runner.analyze.subject import Rule, Subject
from kpi_runner.core.diagnostic import Diagnostic, sort_diagnostics
from kpi_runner.core.span import Span
from kpi_runner.sql.style import RULES as STYLE

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "K801": layers.layers,
        "K802": layers.one_source,
        "K803": layers.hard_coded,
        "K804": structure.ends,
        "K805": structure.rejoined,
        "K806": structure.fan_out,
        "K807": structure.many_joins,
        "K808": structure.view_chains,
        "K809": structure.folders,
        "K820": docs.descriptions,
        "K821": docs.grains,
        "K822": docs.mart_columns,
        "K823": naming.column_names,
        "K824": naming.column_types,
        "K826": docs.key_order,
        "K827": docs.own_yaml,
        "K828": templates.macros,
        "K829": templates.configuration,
        "K830": docs.kpi_entries,
    }
)
MODELS_ONLY = frozenset({"K813", "K814", "K818", "K821", "K827", "K829"})
"""What makes no sense for a snapshot block: it is one SELECT of all columns, in tags of its own,
below which its config() stands, and `unique_key` tells its rows apart."""

EXCEPTION = "K825"
_NOQA = re.compile(
    r"(?P<opening>--|\{#-?|#)\s*noqa\b:?\s*(?P<codes>[A-Za-z]\d+(?:\s*,\s*[A-Za-z]\d+)*)?"
    r"(?:\s+because\b)?\s*(?P<reason>.*?)\s*(?:-?#\})?$"
)


@dataclass(frozen=True, slots=True)
class Noqa:
    """A comment ``noqa: K812 because …``: the codes that it allows on its line.

    Where nothing else stands on that line, the next one is meant as well.
    """

    span: Span
    codes: tuple[str, ...]
    reason: str
    lines: tuple[int, ...]


def lint(subject: Subject) -> tuple[Diagnostic, ...]:
    """Returns what breaks a rule in the selected part of a project, sorted by place."""
    snapshots = {m.path for m in subject.models if m.config.materialized == "snapshot"}
    found = [
        Diagnostic(code, finding.message, finding.span, finding.hint)
        for code, rule in RULES.items()
        for finding in rule(subject)
        if finding.span.path in subject.texts
        if code not in MODELS_ONLY or finding.span.path not in snapshots
    ]
    for path, sheet in subject.sheets.items():
        found += [
            Diagnostic(
                code, fault.message, subject.span(path, fault.start, end=fault.end), fault.hint
            )
            for code, style in STYLE.items()
            if code not in MODELS_ONLY or path not in snapshots
            for fault in style(sheet)
        ]
    return sort_diagnostics(_without_allowed(found, subject))


def page_of(code: str) -> str:
    """Returns the page of a rule: what its docstring says; an empty text for another code."""
    rule = allow if code == EXCEPTION else RULES.get(code) or STYLE.get(code)
    return " ".join((getdoc(rule) or "").split()) if rule else ""


def pages() -> dict[str, str]:
    """Returns the page of every rule, by code."""
    return {code: page_of(code) for code in sorted({*RULES, *STYLE, EXCEPTION})}


def allow(noqa: Noqa, used: Iterable[str]) -> Iterator[Diagnostic]:
    """A comment `-- noqa: K812 because …` at the end of a line, or on a line above, allows what
    breaks a rule there. It names the rules and the reason, and goes when the reason goes."""
    known = (*RULES, *STYLE)
    hint = "Write '-- noqa: K812 because …', with the code of a rule and a reason."
    if not noqa.codes:
        yield Diagnostic(EXCEPTION, "'noqa' names no rule", noqa.span, hint)
    elif not noqa.reason:
        yield Diagnostic(EXCEPTION, "'noqa' gives no reason", noqa.span, hint)
    for code in noqa.codes:
        if code not in known:
            yield Diagnostic(EXCEPTION, f"'{code}' is no rule", noqa.span, hint)
        elif code not in used:
            message = f"'noqa' allows '{code}', which nothing breaks here"
            yield Diagnostic(EXCEPTION, message, noqa.span, "Take it away.")


def _without_allowed(found: Iterable[Diagnostic], subject: Subject) -> Iterator[Diagnostic]:
    noqas = {path: _read_noqas(text, path) for path, text in subject.texts.items()}
    used: dict[Noqa, set[str]] = {}
    for diagnostic in found:
        span = diagnostic.span
        allowing = [
            noqa
            for noqa in (noqas.get(span.path, ()) if span else ())
            if span and span.line in noqa.lines and diagnostic.code in noqa.codes
        ]
        for noqa in allowing:
            used.setdefault(noqa, set()).add(diagnostic.code)
        if not allowing:
            yield diagnostic
    for noqa in (noqa for listed in noqas.values() for noqa in listed):
        yield from allow(noqa, used.get(noqa, ()))


def _read_noqas(text: str, path: str) -> tuple[Noqa, ...]:
    if "noqa" not in text:
        return ()
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _NOQA.search(line)
        if match:
            is_alone = not line[: match.start()].strip()
            codes = tuple(re.split(r"\s*,\s*", match["codes"].upper())) if match["codes"] else ()
            span = Span(path, number, match.start() + 1, number, match.end() + 1)
            lines = (number, number + 1) if is_alone else (number,)
            found.append(Noqa(span, codes, match["reason"], lines))
    return tuple(found)
