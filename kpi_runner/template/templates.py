"""The templates of a project and their renderings, plain or by Jinja, which comes when it must."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from kpi_runner.core.node import Macro
from kpi_runner.template.expression import NotPlain
from kpi_runner.template.place import Text
from kpi_runner.template.plain import PlainTemplate
from kpi_runner.template.steps import STEP, Steps

if TYPE_CHECKING:
    from jinja2.ext import Extension

    from kpi_runner.template.environment import JinjaTemplates


class SqlTemplates:
    """The templates of a project, and the macros that all of them see.

    Compiled templates are kept; a macro file is compiled when the first of its macros is called.
    With ``extensions`` of Jinja no template is plain.
    """

    def __init__(
        self, macros: Mapping[str, Macro], extensions: Sequence[type[Extension]] = ()
    ) -> None:
        self.macros = macros
        self._extensions = extensions

    @cached_property
    def jinja(self) -> JinjaTemplates:
        """What compiles the templates that are more than plain, and the macros."""
        from kpi_runner.template.environment import JinjaTemplates

        return JinjaTemplates(self._extensions)

    @property
    def macro_texts(self) -> dict[str, Text]:
        """The files of the macros, by path."""
        return {macro.path: Text(macro.raw, macro.path) for macro in self.macros.values()}

    def plain(self, raw: str) -> PlainTemplate | None:
        """Returns a template that needs no compiling; None where a text is more than plain."""
        if self._extensions:
            return None
        try:
            return PlainTemplate(raw)
        except NotPlain:
            return None


class Rendering:
    """One rendering: the names that its templates see, and how much work it has done."""

    def __init__(self, templates: SqlTemplates, values: Mapping[str, Any]) -> None:
        self._templates = templates
        self._opened: dict[str, Callable[[str], Any]] = {}
        self._steps = Steps()
        self.names: dict[str, Any] = {
            **{name: partial(self._call_macro, name) for name in templates.macros},
            **values,
            "return": _leave_macro,
            STEP: self._steps.count,
        }

    @property
    def known(self) -> list[str]:
        """Names that a template may use."""
        names = [*self.names, *self._templates.jinja.environment.globals]
        return [name for name in names if name != STEP]

    def plain_text(self, raw: str) -> str | None:
        """Renders a template without compiling it; None where only Jinja can tell its text."""
        plain = self._templates.plain(raw)
        if plain is None:
            return None
        try:
            return plain.render(self.names, self._steps.count)
        except Exception:  # Jinja finds the same, or the text after all, and says where
            return None

    def text(self, raw: str, path: str) -> str:
        """Renders a template by Jinja; whatever goes wrong in it passes through."""
        return self._templates.jinja.text(raw, path, names=self.names)

    def _call_macro(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        macro = self._templates.macros[name]
        if macro.path not in self._opened:
            self._opened[macro.path] = self._templates.jinja.open_macros(macro, self.names)
        try:
            return self._opened[macro.path](name)(*args, **kwargs)
        except _MacroReturned as returned:
            return returned.value


class _MacroReturned(Exception):
    """Carries the value of ``return()`` up to the call of its macro."""

    def __init__(self, value: Any) -> None:
        super().__init__("return() stands outside of a macro")
        self.value = value


def _leave_macro(value: Any = "") -> None:
    raise _MacroReturned(value)
