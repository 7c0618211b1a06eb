"""Renders a template to text, or records what it refers to while it is rendered (tier 3).

Every failure leaves as ProjectInvalid with the file and line of the template or macro.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.node import Scan
from kpi_runner.core.span import Span
from kpi_runner.template.context import ConfigFunction, Context, mask
from kpi_runner.template.place import Text
from kpi_runner.template.scan import Reference, build_reference, build_scan
from kpi_runner.template.templates import Rendering, SqlTemplates


def render(templates: SqlTemplates, raw: str, *, path: str, context: Context) -> str:
    """Returns the text of a template.

    Raises ProjectInvalid: K301 syntax, K302 unknown macro or name, K303 any other failure,
    K304 and K305 from ``var()`` and ``env_var()``, K306 no end.
    """
    config = context.values.get("config")
    given = dict(config.given) if isinstance(config, ConfigFunction) else {}
    plain = Rendering(templates, context.values).plain_text(raw)
    if plain is not None:
        return plain
    if isinstance(config, ConfigFunction):
        config.given = given
    return _render(templates, raw, path=path, context=context)


def _render(templates: SqlTemplates, raw: str, *, path: str, context: Context) -> str:
    rendering = Rendering(templates, context.values)
    try:
        return rendering.text(raw, path)
    except Exception as error:
        from kpi_runner.template.faults import render_faults

        texts = {**templates.macro_texts, path: Text(raw, path)}
        faults = render_faults(error, path=path, texts=texts, known=rendering.known)
        raise ProjectInvalid(
            *(
                replace(
                    fault,
                    message=mask(fault.message, context.secrets),
                    hint=mask(fault.hint, context.secrets),
                )
                for fault in faults
            )
        ) from None


def record(templates: SqlTemplates, raw: str, *, path: str, context: Context) -> Scan:
    """Returns what a template refers to, by rendering it with functions that remember.

    The functions of ``context`` that give relations are not called. Raises as ``render``.
    """
    text = Text(raw, path)
    found: list[Reference] = []
    config = ConfigFunction({})

    def remember(function: str) -> Callable[..., str]:
        def call(*names: Any) -> str:
            span = text.find_literal_anywhere(str(names[-1]) if names else "")
            reference = build_reference(function, names, span=span)
            if reference is None:
                raise TypeError(f"'{function}' does not take these arguments")
            found.append(reference)
            return str(names[-1])

        return call

    recorders = {function: remember(function) for function in ("ref", "source", "kpis")}
    values = {**context.values, **recorders, "config": config, "execute": False}
    _render(templates, raw, path=path, context=replace(context, values=values))
    return build_scan(found, config=config.given, config_span=Span(path) if config.given else None)
