"""Jinja as our templates see it: strict names, macros everywhere, no files, bounded work.

Compiled templates are kept; a macro file is compiled when the first of its macros is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.utils import LRUCache

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.node import Macro
from kpi_runner.core.span import Span
from kpi_runner.template.bounds import BoundedSandbox
from kpi_runner.template.faults import MACRO_PREFIX, syntax_fault
from kpi_runner.template.place import Text
from kpi_runner.template.steps import STEP

_KEPT_TEMPLATES = 256
_READERS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_FILTERS_OF_TYPE = ("as_text", "as_bool", "as_number", "as_native")
"""dbt's: they give a value its type where one is wanted (``evaluate``), and text has none."""


class JinjaTemplates:
    """The templates of a project that Jinja has to compile, and the files of its macros."""

    def __init__(self, extensions: Sequence[type[Extension]] = ()) -> None:
        self.environment = _build_environment(extensions)
        self._templates: LRUCache = LRUCache(_KEPT_TEMPLATES)
        self._macro_files: dict[str, Template] = {}

    def template(self, raw: str, path: str) -> Template:
        """Returns the compiled template of a text; raises TemplateSyntaxError."""
        key = (path, raw)
        template: Template | None = self._templates.get(key)
        if template is None:
            template = self._compile(self.environment.parse(raw, path, path), path)
            self._templates[key] = template
        return template

    def text(self, raw: str, path: str, *, names: dict[str, Any]) -> str:
        """Renders a template; whatever goes wrong in it passes through."""
        template = self.template(raw, path)
        return "".join(template.root_render_func(template.new_context(names)))

    def open_macros(self, macro: Macro, names: dict[str, Any]) -> Callable[[str], Any]:
        """Returns the macros of a macro's file by name, as they see the names of a rendering."""
        module = self._macro_file(macro).make_module(names)
        return lambda name: getattr(module, MACRO_PREFIX + name)

    def _macro_file(self, macro: Macro) -> Template:
        if macro.path not in self._macro_files:
            tree = self.environment.parse(macro.raw, macro.path, macro.path)
            for node in tree.body:
                if isinstance(node, nodes.Macro):
                    node.name = MACRO_PREFIX + node.name
            self._macro_files[macro.path] = self._compile(tree, macro.path)
        return self._macro_files[macro.path]

    def _compile(self, tree: nodes.Template, path: str) -> Template:
        for reader in tree.find_all(_READERS):
            raise TemplateSyntaxError(_refusal(reader), reader.lineno, path, path)
        for loop in tree.find_all(nodes.For):
            loop.body.insert(0, _count_step(loop.lineno))
        for macro in tree.find_all(nodes.Macro):
            macro.body.insert(0, _count_step(macro.lineno))
        code = self.environment.compile(tree, path, path)
        return Template.from_code(self.environment, code, self.environment.globals)


class TestBlocks(Extension):
    """dbt's ``{% test x(model) %}``, which is a macro ``test_x``."""

    tags = {"test", "data_test"}  # noqa: RUF012 - Jinja reads it of the class

    def parse(self, parser: Parser) -> nodes.Node:
        """Reads a block up to its end tag, as Jinja reads a macro."""
        tag = next(parser.stream)
        macro = nodes.Macro(lineno=tag.lineno)
        macro.name = f"test_{parser.parse_assign_target(name_only=True).name}"
        parser.parse_signature(macro)
        macro.body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return macro


def parse_template(raw: str, path: str) -> nodes.Template:
    """Returns the syntax tree of a template; raises ProjectInvalid with K301."""
    try:
        return _parsing_environment().parse(raw, path, path)
    except TemplateSyntaxError as error:
        raise ProjectInvalid(syntax_fault(error, Text(raw, path))) from error
    except RecursionError as error:
        message = "the template nests too deeply"
        raise ProjectInvalid(Diagnostic("K301", message, Span(path))) from error


@lru_cache(maxsize=1)
def _parsing_environment() -> BoundedSandbox:
    return _build_environment(())


def _build_environment(extensions: Sequence[type[Extension]]) -> BoundedSandbox:
    environment = BoundedSandbox(
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", TestBlocks, *extensions],
    )
    environment.globals.pop("lipsum")
    environment.filters.update(dict.fromkeys(_FILTERS_OF_TYPE, _unchanged))
    return environment


def _unchanged(value: Any) -> Any:
    return value


def _refusal(reader: nodes.Node) -> str:
    tag = "include" if isinstance(reader, nodes.Include) else "import"
    tag = "extends" if isinstance(reader, nodes.Extends) else tag
    return f"'{tag}' reads a file, which templates do not. Call a macro: all are known everywhere."


def _count_step(line: int) -> nodes.Node:
    call = nodes.Call(nodes.Name(STEP, "load"), [], [], None, None)
    step = nodes.ExprStmt(call)
    return step.set_lineno(line, override=True)
