"""Tier 2 of the scan: constant calls in Jinja's syntax tree, wherever they stand.

Parses and never compiles or renders. Of an ``if`` it takes both branches: a dependency too
many is safe, one too few is not. Also the door to the first two tiers: Jinja is imported only
for a template that tier 1 could not settle.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kpi_runner.core.node import Scan
from kpi_runner.core.span import Span
from kpi_runner.template.place import Text
from kpi_runner.template.scan import (
    UNDECIDED,
    WATCHED,
    Reference,
    build_reference,
    build_scan,
    scan_text,
)

if TYPE_CHECKING:
    from jinja2 import nodes


def scan_template(raw: str, path: str, *, macros_may_ref: frozenset[str] = frozenset()) -> Scan:
    """Scans a template by the cheapest tier that settles it.

    Returns a ``Scan`` that is undecided where only a rendering can tell (``render.record``).
    Raises ProjectInvalid (K301) where the template is not valid Jinja.
    """
    scan = scan_text(raw, path, macros_may_ref=macros_may_ref)
    return scan if scan.is_decided else scan_ast(raw, path, macros_may_ref=macros_may_ref)


def scan_ast(raw: str, path: str, *, macros_may_ref: frozenset[str] = frozenset()) -> Scan:
    """Collects the constant calls of a template's syntax tree; raises ProjectInvalid (K301)."""
    from jinja2 import nodes  # heavy, and most projects never come here

    from kpi_runner.template.environment import parse_template

    tree = parse_template(raw, path)
    calls = [call for call in tree.find_all(nodes.Call) if _name_of(call.node) in WATCHED]
    settled = {call.node for call in calls}
    settled |= {attribute.node for attribute in tree.find_all(nodes.Getattr)}
    for name in tree.find_all((nodes.Name, nodes.Macro)):
        called = _name_of(name)
        if called in macros_may_ref or (called in WATCHED and name not in settled):
            return UNDECIDED
    branches = tree.find_all((nodes.If, nodes.For, nodes.Macro, nodes.CondExpr))
    conditional = {call for branch in branches for call in branch.find_all(nodes.Call)}
    if any(_name_of(call.node) == "config" and call in conditional for call in calls):
        return UNDECIDED
    try:
        return _collect(calls, Text(raw, path))
    except (nodes.Impossible, TypeError, ValueError):
        return UNDECIDED


def _collect(calls: list[nodes.Call], text: Text) -> Scan:
    # Raises one of these where an argument is no constant, or not of the shape it should have.
    found: list[Reference] = []
    config: dict[str, Any] = {}
    config_span: Span | None = None
    seen: Counter[tuple[int, str]] = Counter()
    for call in sorted(calls, key=lambda call: call.lineno):
        function = _name_of(call.node)
        names = [argument.as_const() for argument in call.args]
        keywords = {keyword.key: keyword.value.as_const() for keyword in call.kwargs}
        if call.dyn_args or call.dyn_kwargs:
            return UNDECIDED
        if function == "config":
            config |= dict(*names, **keywords)
            config_span = config_span or text.find_name(call.lineno, function)
            continue
        span = text.line_span(call.lineno)
        for argument, name in zip(call.args, names, strict=True):
            place = (argument.lineno, str(name))
            span = text.find_literal(*place, occurrence=seen[place])
            seen[place] += 1
        reference = build_reference(function, names, span=span)
        if reference is None or keywords:
            return UNDECIDED
        found.append(reference)
    return build_scan(found, config=config, config_span=config_span)


def _name_of(node: nodes.Node) -> str:
    return getattr(node, "name", "")
