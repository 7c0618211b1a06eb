"""The files of a project while it is loaded, and the scan of its templates; mistakes add up here.

Knows how files are read, not what stands in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.node import Macro, Scan
from kpi_runner.load.cache import NAME, ParseCache
from kpi_runner.load.discover import FoundFile, discover_files, misnamed_file, read_text
from kpi_runner.load.macros import body_of, find_reading_macros, is_test
from kpi_runner.load.yaml_file import Tree, parse_yaml
from kpi_runner.load.yaml_values import ValueRenderer, is_late
from kpi_runner.template.ast_scan import scan_template

if TYPE_CHECKING:
    from kpi_runner.load.project_templates import ProjectTemplates


T = TypeVar("T")


_UNREPEATABLE = re.compile(r"\b(?:env_var|modules|run_started_at|invocation_id)\b")


def is_repeatable(text: str) -> bool:
    """Returns whether a template gives the same with the same variables and macros.

    >>> is_repeatable("{{ env_var('USER') }}"), is_repeatable("{{ var('x') }}")
    (False, True)
    """
    return not _UNREPEATABLE.search(text)


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a template, and what it refers to."""

    raw: str
    scan: Scan


class ProjectFiles:
    """Reads the files of a project and holds what was found wrong with any of them.

    Once its cache is open, what was made of a file that has not changed comes from there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.diagnostics: list[Diagnostic] = []
        self._cache: ParseCache | None = None
        self._rendering: Callable[[], str] = str
        self._last = ("", "")
        self._is_rendered = False

    def open_cache(
        self, config: ProjectConfig, target: TargetConfig, *, macros: Mapping[str, Macro]
    ) -> None:
        """Opens the cache of a project, once its macros are known."""
        signatures = sorted(
            (macro.name, macro.parameters, body_of(macro) if is_test(macro) else "")
            for macro in macros.values()
        )
        reading = sorted(find_reading_macros(macros))
        path = config.root / config.target_path / NAME
        settings = (config.name, config.is_dbt, config.test_defaults)
        self._cache = ParseCache(path, settings, signatures, reading)
        self._rendering = cache(partial(self._digest_rendering, config, target, macros=macros))

    def save_cache(self) -> None:
        """Keeps what was read for the next time."""
        if self._cache:
            self._cache.save()

    def _digest_rendering(
        self, config: ProjectConfig, target: TargetConfig, *, macros: Mapping[str, Macro]
    ) -> str:
        """Digests all that a rendering depends on beside the template; empty where that is
        more than the project says."""
        texts = [macro.raw for macro in macros.values()]
        if not all(map(is_repeatable, texts)):
            return ""
        docs = self.find((*config.model_paths, *config.seed_paths), ".md")
        return sha256(repr((config.vars, target, texts, docs)).encode("utf-8")).hexdigest()

    def recall(self, file: FoundFile, kind: type[T], *, make: Callable[[], T]) -> T:
        """Returns what ``make`` makes of a file, from the cache where the file has not changed."""
        if self._cache is None:
            return make()
        known = self._cache.recall(
            file, kind, digest=lambda: self._digest(file.path), rendering=self._rendering
        )
        if known is not None:
            self.diagnostics.extend(known[1])
            return known[0]
        count, self._is_rendered = len(self.diagnostics), False
        value = make()
        rendering = self._rendering() if self._is_rendered else ""
        if not self._is_rendered or (rendering and is_repeatable(self.text(file.path))):
            self._cache.remember(
                file,
                kind,
                made=(value, tuple(self.diagnostics[count:])),
                digest=self._digest(file.path),
                rendering=rendering,
            )
        return value

    def note_rendering(self) -> None:
        """Says that what is being made of a file depends on more than the file."""
        self._is_rendered = True

    def _digest(self, path: str) -> str:
        return sha256(self.text(path).encode("utf-8")).hexdigest()

    def find(self, folders: tuple[str, ...], *endings: str) -> tuple[FoundFile, ...]:
        """Returns the files of some folders, sorted by path."""
        found = {
            file: misnamed_file(file)
            for file in discover_files(self.root, folders, endings=endings)
        }
        self.diagnostics.extend(filter(None, found.values()))
        return tuple(file for file, problem in found.items() if problem is None)

    def text(self, path: str) -> str:
        """Returns the text of a file; empty where it cannot be read."""
        if self._last[0] != path:
            try:
                self._last = path, read_text(self.root, path)
            except ProjectInvalid as error:
                self.diagnostics.extend(error.diagnostics)
                self._last = path, ""
        return self._last[1]

    def yaml(self, path: str, evaluate: Callable[[str, str], Any] | None = None) -> Tree | None:
        """Returns the tree of a file; ``evaluate`` gives the values of texts with Jinja."""
        text = self.text(path)
        try:
            tree, duplicates = parse_yaml(text, path)
        except ProjectInvalid as error:
            self.diagnostics.extend(error.diagnostics)
            return None
        self.diagnostics.extend(duplicates)
        if tree and evaluate and "{{" in text:
            self.note_rendering()
            renderer = ValueRenderer(evaluate, is_late=is_late, diagnostics=self.diagnostics)
            return renderer.render(tree)
        return tree


class TemplateScanner:
    """Scans templates, knowing which macros read nodes; renders what cannot be scanned."""

    def __init__(
        self,
        files: ProjectFiles,
        macros_may_ref: frozenset[str],
        *,
        templates: Callable[[], ProjectTemplates],
    ) -> None:
        self._files = files
        self._macros_may_ref = macros_may_ref
        self._templates = templates

    def read(self, file: FoundFile) -> Template:
        """Returns the template of a file, scanned."""

        def make() -> Template:
            raw = self._files.text(file.path)
            return Template(raw, self.scan(raw, file.path))

        return self._files.recall(file, Template, make=make)

    def scan(self, raw: str, path: str) -> Scan:
        """Returns what a template refers to; nothing where it is not valid."""
        try:
            scan = scan_template(raw, path, macros_may_ref=self._macros_may_ref)
            if scan.is_decided:
                return scan
            self._files.note_rendering()
            return self._templates().record(raw, path)
        except ProjectInvalid as error:
            self._files.diagnostics.extend(error.diagnostics)
            return Scan()
