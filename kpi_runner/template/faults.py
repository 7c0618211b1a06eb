"""What went wrong in a template, as a diagnostic with the place in the right file.

Reads Jinja's exceptions and tracebacks; knows nothing of what a template means.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import TracebackType

from jinja2 import TemplateSyntaxError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import KpiError
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.template.place import Text
from kpi_runner.template.scan import find_unclosed
from kpi_runner.template.steps import TemplateEndless

MACRO_PREFIX = "macro__"
"""Macros are compiled under this prefix, so that calls by their own name pass through us."""

_MAX_CALLERS = 5
_INNER_NAME = re.compile(r"\b(?:[\w.]+\.<locals>|kpi_runner[\w.]*)\.")
_OFFSET = re.compile(r" at (\d+)$")
_UNDEFINED = re.compile(r"'(\w+)' is undefined")
_NO_FILTER = re.compile(r"No (filter|test) named '(\w+)'")
_QUOTED = re.compile(r"'([^']+)'")
_STRAY_END = re.compile(r"unknown tag '(end(?:if|for|macro|call|filter|set|block|raw))'")
_OPEN_BLOCK = re.compile(r"needs to be closed is '(\w+)'")
_RAISING_STUB = re.compile(r"t_\d+")
_KNOWN = {"filter": FILTERS, "test": TESTS}


def syntax_fault(error: TemplateSyntaxError, text: Text) -> Diagnostic:
    """Turns Jinja's complaint about the syntax of a file into K301, or K302 for a filter."""
    complaint = error.message or "the template cannot be parsed"
    unknown = _unknown_filter(complaint)
    if unknown:
        span = text.find_name(error.lineno, *_QUOTED.findall(unknown.message))
        return replace(unknown, span=span)
    message, _, hint = complaint.partition(". ")
    offset = _OFFSET.search(message)
    if offset:
        message = message[: offset.start()]
        span = text.span(int(offset[1]), int(offset[1]) + 1)
    else:
        span = text.find_name(error.lineno, *_QUOTED.findall(message))
    found = Diagnostic("K301", _as_message(message), span, hint)
    return _unclosed_fault(complaint, text, line=error.lineno) or found


def render_faults(
    error: Exception, *, path: str, texts: Mapping[str, Text], known: Collection[str]
) -> tuple[Diagnostic, ...]:
    """Turns whatever a rendering raised into diagnostics that name the right file and line.

    Args:
        error: the exception, with its traceback.
        path: the template that was rendered.
        texts: the template and all macro files, by path.
        known: names that a template may use, for did-you-mean.
    """
    places = list(_places(error.__traceback__))
    if isinstance(error, TemplateSyntaxError):
        broken = error.filename or path
        found: tuple[Diagnostic, ...] = (syntax_fault(error, texts[broken]),)
    else:
        file, line = places.pop() if places else (path, 1)
        found = tuple(
            replace(
                fault,
                span=fault.span or texts[file].find_name(line, *_QUOTED.findall(fault.message)),
            )
            for fault in _diagnose(error, known)
        )
    notes = _caller_notes(places)
    return tuple(replace(fault, notes=fault.notes + notes) for fault in found)


def _unclosed_fault(complaint: str, text: Text, *, line: int) -> Diagnostic | None:
    """The finding on a block that is open where the file, or the block around it, ends."""
    before, noticed = text.raw, ""
    strayed, block = _STRAY_END.search(complaint), _OPEN_BLOCK.search(complaint)
    if strayed:
        noticed = f" before '{strayed[1]}'"
        found = text.raw.find(strayed[1], *text.line_bounds(line))
        before = text.raw[: text.raw.rfind("{%", 0, found)]
    elif not complaint.startswith("Unexpected end of template"):
        return None
    unclosed = find_unclosed(before)
    if unclosed is None or block is None:
        return None
    message, hint = f"'{block[1]}' is not closed{noticed}", f"Close it with {{% end{block[1]} %}}."
    return Diagnostic("K301", message, text.tag_span(unclosed), hint)


def _places(traceback: TracebackType | None) -> Iterator[tuple[str, int]]:
    while traceback:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        # Jinja raises for an unknown filter in a function of its own, which has no line.
        is_stub = _RAISING_STUB.fullmatch(traceback.tb_frame.f_code.co_name)
        if template is not None and not is_stub:
            yield template.filename, template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next


def _diagnose(error: Exception, known: Collection[str]) -> tuple[Diagnostic, ...]:
    if isinstance(error, KpiError):
        return error.diagnostics
    text = _INNER_NAME.sub("", str(error).replace(MACRO_PREFIX, ""))
    if isinstance(error, RecursionError | TemplateEndless):
        hint = "Let the macro call itself, or the loop go round, a bounded number of times."
        return (Diagnostic("K306", "the template does not end", None, hint),)
    undefined = _UNDEFINED.match(text)
    if isinstance(error, UndefinedError) and undefined:
        name = undefined[1]
        return (
            Diagnostic("K302", f"unknown macro or name '{name}'", None, did_you_mean(name, known)),
        )
    unknown = _unknown_filter(text)
    return (unknown or Diagnostic("K303", _as_message(text) or type(error).__name__),)


def _unknown_filter(text: str) -> Diagnostic | None:
    missing = _NO_FILTER.match(text)
    if missing is None:
        return None
    kind, name = missing.groups()
    message = f"unknown {kind} '{name}'"
    return Diagnostic("K302", message, None, did_you_mean(name, _KNOWN[kind]))


def _as_message(text: str) -> str:
    text = text.strip().removesuffix(".")
    return text[:1].lower() + text[1:]


def _caller_notes(callers: list[tuple[str, int]]) -> tuple[str, ...]:
    unique = dict.fromkeys(f"called from {path}:{line}" for path, line in reversed(callers))
    return tuple(unique)[:_MAX_CALLERS]
