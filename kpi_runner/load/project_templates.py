"""What loading has to render: settings of YAML, and templates that only a rendering can scan.

Many projects hold neither, so this module is imported when the first of them is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import PurePath
from typing import Any

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Macro, Scan
from kpi_runner.template.context import (
    Context,
    Names,
    build_context,
    build_settings_context,
    target_values,
)
from kpi_runner.template.evaluate import evaluate
from kpi_runner.template.render import record, render
from kpi_runner.template.templates import SqlTemplates


class ProjectTemplates:
    """Renders for the loader, without any node's relation or SQL.

    Args:
        config: gives the variables.
        target: what ``target`` shows.
        macros: what templates may call.
        environment: the values of ``env_var()``.
    """

    def __init__(
        self,
        config: ProjectConfig,
        target: TargetConfig,
        *,
        macros: Mapping[str, Macro],
        environment: Mapping[str, str],
    ) -> None:
        self._templates = SqlTemplates(macros)
        self._environment = environment
        self._variables = config.vars
        self._target = target

    def record(self, raw: str, path: str) -> Scan:
        """Returns what the template of a node refers to, by rendering it (tier 3).

        Raises ProjectInvalid.
        """
        names = Names(
            ref=str,
            source=lambda source, table: table,
            kpis=str,
            this=Relation(self._target.schema, PurePath(path).stem),
            target=target_values(self._target),
            variables=self._variables,
            environment=self._environment,
            is_executing=False,
        )
        return record(self._templates, raw, path=path, context=build_context(names))

    def evaluate(self, text: str, path: str, *, doc: Callable[[str], str]) -> Any:
        """Returns the value of a setting; raises ProjectInvalid."""
        context = build_settings_context(self._variables, self._environment)
        values = {**context.values, "target": target_values(self._target), "doc": doc}
        return evaluate(self._templates, text, path=path, context=replace(context, values=values))

    def call(
        self, macro: str, arguments: Sequence[Any], *, path: str, also: Mapping[str, Any]
    ) -> str:
        """Returns the text of a macro; raises ProjectInvalid.

        Args:
            macro: its name.
            arguments: by position.
            path: the file for which it is called.
            also: further names that the macro may use.
        """
        context = build_settings_context(self._variables, self._environment)
        given = {f"argument_{number}": value for number, value in enumerate(arguments)}
        values = {**context.values, **also, **given, "target": target_values(self._target)}
        call = f"{{{{ {macro}({', '.join(given)}) }}}}"
        context = replace(context, values=values)
        return render(self._templates, call, path=path, context=context).strip()


def evaluate_setting(text: str, path: str, *, context: Context) -> Any:
    """Returns the value of a setting that is read before any macro is known.

    Raises ProjectInvalid.
    """
    return evaluate(_no_macros(), text, path=path, context=context)


@cache
def _no_macros() -> SqlTemplates:
    return SqlTemplates({})
