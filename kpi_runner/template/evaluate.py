"""The value of a text that may hold Jinja: of a YAML setting, or of a macro that names something.

As in dbt, a text that is one expression and nothing else stands for the value of that
expression, whatever its type; any other text stands for what it renders to.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

from kpi_runner.template.context import Context
from kpi_runner.template.expression import Scope, read_expression
from kpi_runner.template.render import render
from kpi_runner.template.templates import Rendering, SqlTemplates

_TAKE = "_take_value"
_CONVERTED = re.compile(r"\|\s*as_(?:bool|number|native)\s*\Z")
_WORDS = {"true": True, "false": False, "none": None}


def evaluate(templates: SqlTemplates, raw: str, *, path: str, context: Context) -> Any:
    """Returns the value of a text; raises ProjectInvalid as ``render`` does."""
    text = raw.strip()
    expression = text[2:-2].strip("-").strip()
    if not (text.startswith("{{") and text.endswith("}}")):
        return render(templates, raw, path=path, context=context)
    try:
        return read_expression(expression)(Scope(Rendering(templates, context.values).names))
    except Exception:  # Jinja finds the same, or the value after all, and says where
        return _evaluate(templates, raw, expression=expression, path=path, context=context)


def _evaluate(
    templates: SqlTemplates, raw: str, *, expression: str, path: str, context: Context
) -> Any:
    from jinja2 import Undefined

    if not _is_lone_expression(raw.strip(), path):
        return render(templates, raw, path=path, context=context)
    taken: list[Any] = []

    def take(value: Any) -> str:
        taken.append(str(value) if isinstance(value, Undefined) else value)  # str() complains
        return ""

    values = {**context.values, _TAKE: take}
    call = f"{{{{ {_TAKE}({expression}) }}}}"
    render(templates, call, path=path, context=replace(context, values=values))
    return _convert(taken[0]) if _CONVERTED.search(expression) else taken[0]


def _is_lone_expression(text: str, path: str) -> bool:
    from jinja2 import nodes

    from kpi_runner.template.environment import parse_template

    match parse_template(text, path).body:
        case [nodes.Output(nodes=[expression])]:
            return not isinstance(expression, nodes.TemplateData)
    return False


def _convert(value: Any) -> Any:
    """What dbt's ``as_bool``, ``as_number`` and ``as_native`` make of a text."""
    if not isinstance(value, str):
        return value
    if value.lower() in _WORDS:
        return _WORDS[value.lower()]
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
