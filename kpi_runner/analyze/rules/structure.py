"""The shape of the graph and of the folders: chains, circles of readers, names of files."""

from __future__ import annotations

from collections.abc import Iterator

from kpi_runner.analyze.subject import Finding, Subject, top_of
from kpi_runner.core.fit import FIT
from kpi_runner.core.names import NodeId, layer_of
from kpi_runner.core.node import Model
from kpi_runner.core.span import Span
from kpi_runner.graph.dag import build_graph
from kpi_runner.sql.outline import word_of

MOST_READERS = 5
MOST_JOINS = 7
LONGEST_CHAIN_OF_VIEWS = 4
_CORE = ("dim", "fct")
_FOLDERS = (
    ("staging", ("stg",)),
    ("intermediate", ("int",)),
    ("marts/core", _CORE),
    ("marts/kpi", ("kpi",)),
    ("snapshots", ("snap",)),
)


def ends(subject: Subject) -> Iterator[Finding]:
    """A model reads something, and an intermediate model is read by something. A staging model may
    wait for a reader, since staging is the inventory of what lands."""
    for model in subject.models:
        scan = model.scan
        if not (scan.refs or scan.sources or scan.kpis):
            message = f"'{model.name}' reads nothing"
            yield Finding(top_of(model), message, "Make it a seed, or read what it is about.")
        if layer_of(model.name) == "int" and not subject.readers.get(model.id):
            yield Finding(top_of(model), f"nothing reads '{model.name}'", "Delete it.")


def rejoined(subject: Subject) -> Iterator[Finding]:
    """A model does not read both another model and what that one is made of, if it is the only
    reader of that one: what it still needs could come along through the model between."""
    models = subject.project.models
    for model in subject.models:
        reads = {parent.id for parent in subject.parents(model)}
        for between in sorted(reads & set(models)):
            if subject.readers.get(between) != (model.id,):
                continue
            shared = reads & set(models) & set(subject.project.parents.get(between, ()))
            for upstream in sorted(shared):
                name, other = models[upstream].name, models[between].name
                message = f"'{model.name}' reads '{name}' again beside '{other}'"
                hint = f"Take along in '{other}' what is needed of it."
                yield Finding(_place_of(model, name), message, hint)


def _place_of(model: Model, name: str) -> Span:
    spans = [ref.span for ref in model.scan.refs if ref.name == name and ref.span]
    return spans[0] if spans else top_of(model)


def fan_out(subject: Subject) -> Iterator[Finding]:
    """No more than 5 models read the same model outside core: what so many need is a fact or a
    dimension."""
    for model in subject.models:
        readers = [node for node in subject.readers.get(model.id, ()) if node.startswith("model.")]
        if len(readers) > MOST_READERS and layer_of(model.name) not in _CORE:
            names = ", ".join(node.rpartition(".")[2] for node in readers)
            message = f"{len(readers)} models read '{model.name}': {names}"
            yield Finding(top_of(model), message, "Make it a fact or a dimension, or split it.")


def many_joins(subject: Subject) -> Iterator[Finding]:
    """A model joins at most 7 times: more is several steps in one."""
    for model in subject.models:
        count = sum(
            "join" in [word_of(node) for node in piece.body[:3]]
            for query in subject.queries(model)
            for piece in query.clauses
        )
        if count > MOST_JOINS:
            message = f"'{model.name}' joins {count} times, more than {MOST_JOINS}"
            yield Finding(top_of(model), message, "Split it into models of one step each.")


def view_chains(subject: Subject) -> Iterator[Finding]:
    """No chain has more than 4 views: each reader runs all of them again."""
    project = subject.project
    lengths: dict[NodeId, int] = {}
    for node in build_graph(project.parents, project.nodes).ids:
        model = project.models.get(node)
        if model and model.config.materialized == "view":
            above = [lengths.get(parent, 0) for parent in project.parents.get(node, ())]
            lengths[node] = 1 + max(above, default=0)
    for model in subject.models:
        length = lengths.get(model.id, 0)
        if length > LONGEST_CHAIN_OF_VIEWS:
            message = f"'{model.name}' ends a chain of {length} views"
            yield Finding(top_of(model), message, "Make one of them a table.")


def folders(subject: Subject) -> Iterator[Finding]:
    """The prefix of a model is that of its folder: staging `stg_`, intermediate `int_`, marts/core
    `dim_` and `fct_`, marts/kpi `kpi_`. A staging model names its source, `stg_<source>__…`, and
    stands in a folder of that name. A model that is fitted is an intermediate one."""
    for model in subject.models:
        layer = layer_of(model.name)
        folder = f"/{model.path.rpartition('/')[0]}/"
        home, prefixes = next((one for one in _FOLDERS if f"/{one[0]}/" in folder), ("", ()))
        if home and layer not in prefixes:
            names = " or ".join(f"'{prefix}_'" for prefix in prefixes)
            message = f"'{model.name}' stands in '{home}' without the prefix of that folder"
            yield Finding(top_of(model), message, f"Begin its name with {names}, or move it.")
        elif layer and not home:
            wanted = next(name for name, known in _FOLDERS if layer in known)
            message = f"'{model.name}' does not stand in the folder of its prefix"
            yield Finding(top_of(model), message, f"Move it to '{wanted}'.")
        elif layer not in ("", "int") and model.config.materialized == FIT:
            message = f"'{model.name}' is a fit, and no intermediate model"
            yield Finding(top_of(model), message, "Fit an 'int_' model, and read its parameters.")
        elif layer == "stg" and model.scan.sources:
            source = model.scan.sources[0].source
            if not model.name.startswith(f"stg_{source}__") or f"/{source}/" not in folder:
                message = f"'{model.name}' does not name its source '{source}'"
                hint = f"Name it 'stg_{source}__…', in the folder 'staging/{source}'."
                yield Finding(top_of(model), message, hint)
