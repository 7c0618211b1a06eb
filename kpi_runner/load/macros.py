"""macros/**/*.sql → Macro, by pattern: which macros there are, and which of them read nodes.

Does not parse Jinja; a macro with broken syntax shows when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.node import Macro
from kpi_runner.core.span import LineIndex, Span

_MACRO = re.compile(r"\{%[-+]?\s*(macro|test|data_test)\s+([A-Za-z_]\w*)\s*\(")
_END = re.compile(r"\{%[-+]?\s*end(?:macro|test|data_test)\b")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_LEADING_COMMENT = re.compile(r"\{#-?(.*?)-?#\}\s*\Z", re.DOTALL)
_READS = re.compile(r"\b(?:ref|source|kpis|config)\s*\(")
_WORD = re.compile(r"[A-Za-z_]\w*")


def read_macros(raw: str, path: str) -> tuple[Macro, ...]:
    """Returns the macros of a file; the comment before a macro is its description.

    The block ``{% test x(model) %}`` is dbt's other spelling of a macro ``test_x``.
    """
    visible = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), raw)
    index = LineIndex(raw)
    macros = []
    for start in _MACRO.finditer(visible):
        comment = _LEADING_COMMENT.search(raw[: start.start()])
        macros.append(
            Macro(
                name=_name_of(start),
                path=path,
                raw=raw,
                line=index.position(start.start())[0],
                parameters=_parameters(visible, start.end()),
                description=" ".join(comment[1].split()) if comment else "",
            )
        )
    return tuple(macros)


def collect_macros(found: Iterable[Macro], diagnostics: list[Diagnostic]) -> dict[str, Macro]:
    """Returns macros by name; reports a name that two macros share (K204)."""
    macros: dict[str, Macro] = {}
    for macro in found:
        first = macros.setdefault(macro.name, macro)
        if first is not macro:
            diagnostics.append(
                Diagnostic(
                    "K204",
                    f"macro '{macro.name}' is defined twice",
                    Span(macro.path, macro.line),
                    "Rename one of the two.",
                    (f"first at {first.path}:{first.line}",),
                )
            )
    return macros


def find_reading_macros(macros: Mapping[str, Macro]) -> frozenset[str]:
    """Returns the names of macros that call ref(), source(), kpis() or config(), also by
    way of another macro."""
    bodies = {name: body_of(macro) for name, macro in macros.items()}
    reading = {name for name, body in bodies.items() if _READS.search(body)}
    if not reading:
        return frozenset()
    words = {name: set(_WORD.findall(body)) for name, body in bodies.items()}
    while found := {n for n, used in words.items() if n not in reading and used & reading}:
        reading |= found
    return frozenset(reading)


def is_test(macro: Macro) -> bool:
    """True for a macro that is a generic data test."""
    return macro.name.startswith("test_")


def body_of(macro: Macro) -> str:
    """Returns the text between the tags of a macro."""
    lines = macro.raw.split("\n")
    text = _COMMENT.sub("", "\n".join(lines[macro.line - 1 :]))
    start = next((m.end() for m in _MACRO.finditer(text) if _name_of(m) == macro.name), 0)
    end = _END.search(text, start)
    return text[start : end.start() if end else len(text)]


def _name_of(start: re.Match[str]) -> str:
    return start[2] if start[1] == "macro" else f"test_{start[2]}"


def _parameters(text: str, start: int) -> tuple[str, ...]:
    """Returns the names between the parentheses of a macro, whose defaults may hold more."""
    names: list[str] = []
    depth, quote, is_name_next = 1, "", True
    position = start
    while position < len(text) and depth:
        char = text[position]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 1:
            is_name_next = True
        elif is_name_next and (word := _WORD.match(text, position)):
            names.append(word[0])
            is_name_next = False
            position = word.end() - 1
        position += 1
    return tuple(names)
