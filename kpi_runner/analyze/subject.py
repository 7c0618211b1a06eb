"""What lint looks at: a loaded project, the part of it that was selected, and its texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kpi_runner.core.kpi import Kpi
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.project import Project
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.load.yaml_file import Tree
from kpi_runner.sql.queries import Query, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the rules are asked about.

    Args:
        project: the whole project, loaded and linked.
        selected: the nodes to judge; a rule may look at all others.
        texts: the files to judge, path → text.
        sheets: those of them that are SQL and can be read.
        trees: those of them that are YAML.
        readers: node → the models and KPIs that read it.
    """

    project: Project
    selected: frozenset[NodeId]
    texts: Mapping[str, str]
    sheets: Mapping[str, Sheet]
    trees: Mapping[str, Tree]
    readers: Mapping[NodeId, tuple[NodeId, ...]]

    @property
    def models(self) -> tuple[Model, ...]:
        """The selected models that are files of SQL."""
        models = self.project.models.items()
        return tuple(
            model for node, model in models if node in self.selected and model.path in self.texts
        )

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        """The selected KPIs."""
        return tuple(kpi for node, kpi in self.project.kpis.items() if node in self.selected)

    def queries(self, model: Model) -> tuple[Query, ...]:
        """The queries of a model's text; none where it cannot be read."""
        sheet = self.sheets.get(model.path)
        return sheet.queries if sheet else ()

    def parents(self, model: Model) -> tuple[Model | Seed, ...]:
        """The models and seeds that a model reads."""
        project = self.project
        nodes = project.parents.get(model.id, ())
        found = (project.models.get(node) or project.seeds.get(node) for node in nodes)
        return tuple(node for node in found if node)

    def span(self, path: str, start: int, *, end: int) -> Span:
        """The place of a stretch of a file."""
        return LineIndex(self.texts[path]).span(path, start=start, end=end)


@dataclass(frozen=True, slots=True)
class Finding:
    """What breaks a rule, and where."""

    span: Span
    message: str
    hint: str


Rule = Callable[[Subject], Iterator[Finding]]


def top_of(model: Model) -> Span:
    """The place of what is wrong with a model as a whole: its first line."""
    return Span(model.path)
