"""Tier 1 of the scan: what a template refers to, by one pass of a regular expression.

Knows Jinja's tags, strings and comments, and nothing else of Jinja: it never imports it. What
it cannot settle beyond doubt it leaves undecided, and ``ast_scan`` looks again.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from kpi_runner.core.node import KpisRef, Ref, Scan, SourceRef
from kpi_runner.core.span import Span
from kpi_runner.template.loops import ListLoops, Undecided
from kpi_runner.template.place import Text

Reference = Ref | SourceRef | KpisRef
UNDECIDED = Scan(is_decided=False)
WATCHED = frozenset({"ref", "source", "kpis", "config"})

_STRING = r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\""""
_NAME = r"""'[^'\\\n]*'|"[^"\\\n]*\""""
TAG = re.compile(
    r"\{(?:"
    rf"\{{(?P<print>(?:[^'\"}}]++|{_STRING}|\}}(?!\}}))*+)\}}\}}"
    r"|%[-+]?\s*(?:"
    r"raw\s*-?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}"
    rf"|(?P<word>\w+)(?P<block>(?:[^'\"%]++|{_STRING}|%(?!\}}))*+)%\}}"
    r")"
    r"|\#.*?\#\}"
    r"|(?P<broken>[{%\#])"
    r")",
    re.DOTALL,
)
"""A tag of Jinja's: ``print``, ``block`` or ``broken``, else a comment, or ``raw`` as a whole."""
_CALL = re.compile(
    rf"{_STRING}"
    r"|(?<![\w.])(?P<function>ref|source|kpis|config)\b\s*"
    rf"(?:\(\s*(?P<first>{_NAME})\s*(?:,\s*(?P<second>{_NAME})\s*)?\)"
    rf"|(?P<arguments>\((?:[^()'\"\\]++|{_NAME})*+\))|(?P<attribute>\.))?",
    re.DOTALL,
)
_QUOTED = re.compile(_STRING, re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")

_OPENING = frozenset({"if", "for", "macro", "test", "data_test", "call", "filter", "with", "block"})
_INERT = frozenset({"elif", "else", "do", "set", "break", "continue"})
_WORDS_OF_JINJA = {"true": True, "false": False, "none": None}


def scan_text(raw: str, path: str, *, macros_may_ref: frozenset[str] = frozenset()) -> Scan:
    """Reads refs, sources, KPI areas and literal configuration off a template's text.

    Args:
        raw: the template.
        path: its place, for spans.
        macros_may_ref: macros that refer to nodes; a template that names one is undecided.

    >>> [ref.name for ref in scan_text("select * from {{ ref('orders') }}", "a.sql").refs]
    ['orders']
    """
    try:
        return _scan(Text(raw, path), macros_may_ref)
    except Undecided:
        return UNDECIDED


def build_reference(function: str, names: Sequence[Any], *, span: Span) -> Reference | None:
    """Returns what a call of ``ref``, ``source`` or ``kpis`` refers to, or None.

    None: the function does not take arguments of this number or type.
    """
    match function, names:
        case "ref", [str() as name]:
            return Ref(name, "", span)
        case "ref", [str() as package, str() as name]:
            return Ref(name, package, span)
        case "source", [str() as source, str() as table]:
            return SourceRef(source, table, span)
        case "kpis", [str() as area]:
            return KpisRef(area, span)
    return None


def build_scan(
    found: Sequence[Reference], *, config: Mapping[str, Any], config_span: Span | None
) -> Scan:
    """Sorts what a tier has found into a decided ``Scan``."""
    return Scan(
        refs=tuple(item for item in found if isinstance(item, Ref)),
        sources=tuple(item for item in found if isinstance(item, SourceRef)),
        kpis=tuple(item for item in found if isinstance(item, KpisRef)),
        config=config,
        config_span=config_span,
    )


def find_unclosed(raw: str) -> int | None:
    """Returns the offset of the innermost block tag that is never closed, or None."""
    opened: list[int] = []
    for tag in TAG.finditer(raw):
        word, body = tag["word"], tag["block"] or ""
        if word in _OPENING or (word == "set" and "=" not in body):
            opened.append(tag.start())
        elif opened and word and word.startswith("end"):
            opened.pop()
    return opened[-1] if opened else None


def _scan(text: Text, macros_may_ref: frozenset[str]) -> Scan:
    found: list[Reference] = []
    config: dict[str, Any] = {}
    config_span: Span | None = None
    depth = 0
    loops = ListLoops()
    for tag in TAG.finditer(text.raw):
        kind = tag.lastgroup
        if kind is None:
            continue
        body, offset = tag[kind], tag.start(kind)
        if kind == "broken" or _is_open_ended(body) or _names_any(body, macros_may_ref):
            raise Undecided
        calls = [call for call in _CALL.finditer(body) if _is_ours(call)]
        for call in calls:
            if depth > 1 or (depth and call["function"] == "config"):
                raise Undecided
            if call["function"] == "config":
                config |= _literal_arguments(call["arguments"])
                config_span = config_span or text.span(offset + call.start(), offset + call.end())
            else:
                found += _references(call, text, offset=offset, loops=loops if depth else None)
        loops.pass_tag(tag, depth=depth)
        if kind == "block":
            depth += _depth_change(tag["word"], body)
    if depth:
        raise Undecided
    return build_scan(found, config=config, config_span=config_span)


def _is_ours(call: re.Match[str]) -> bool:
    # A string literal has no function, and `config.get(...)` only reads.
    return call["function"] is not None and call["attribute"] is None


def _depth_change(word: str, body: str) -> int:
    if word == "set":
        return 0 if "=" in body else 1
    if word in _INERT:
        return 0
    if word in _OPENING:
        return 1
    if word.startswith("end"):
        return -1
    raise Undecided


def _is_open_ended(body: str) -> bool:
    # The tag of a nested dict ends in the regular expression at its first '}}'.
    if "{" not in body:
        return False
    bare = _QUOTED.sub("", body)
    return bare.count("{") != bare.count("}")


def _names_any(body: str, names: frozenset[str]) -> bool:
    return bool(names) and not names.isdisjoint(_WORD.findall(body))


def _references(
    call: re.Match[str], text: Text, *, offset: int, loops: ListLoops | None
) -> list[Reference]:
    """What a call refers to; ``loops`` are those around it, None where it stands in no block."""
    if loops is None:
        return [_reference(call, text, offset=offset)]
    found = [
        build_reference(call["function"], names, span=text.span(start, end))
        for names, (_, start, end) in loops.expand(call["arguments"])
    ]
    return [_decided(one) for one in found] or [_reference(call, text, offset=offset)]


def _reference(call: re.Match[str], text: Text, *, offset: int) -> Reference:
    names = [quoted[1:-1] for quoted in (call["first"], call["second"]) if quoted]
    if not names:
        raise Undecided
    start, end = call.span("second" if call["second"] else "first")
    span = text.span(offset + start + 1, offset + end - 1)
    return _decided(build_reference(call["function"], names, span=span))


def _decided(reference: Reference | None) -> Reference:
    if reference is None:
        raise Undecided
    return reference


def _literal_arguments(text: str | None) -> dict[str, Any]:
    # Where Jinja's literals and Python's differ, the text is left undecided.
    if text is None:
        raise Undecided
    try:
        call = ast.parse(f"config{text}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Undecided from None
    if not isinstance(call, ast.Call) or call.args:
        raise Undecided
    return {_keyword(keyword): _literal(keyword.value) for keyword in call.keywords}


def _keyword(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise Undecided
    return keyword.arg


def _literal(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.Name(id=word) if word in _WORDS_OF_JINJA:
            return _WORDS_OF_JINJA[word]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_literal(k): _literal(v) for k, v in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    raise Undecided
