"""models/**/*.sql, with what YAML says about them → Model.

Knows folders and names. Does not parse SQL, and does not know who reads whom.
"""

from __future__ import annotations

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Model, NodeConfig, Scan
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.contracts import check_contract
from kpi_runner.load.defaults import ConfigLayer, folder_layers, merge_config
from kpi_runner.load.discover import FoundFile
from kpi_runner.load.materializations import check_materialization, find_idle_settings
from kpi_runner.load.properties import NodeProperties

DEFAULT_SCHEMA = "main"


def make_model(
    file: FoundFile,
    raw: str,
    *,
    scan: Scan,
    config: ProjectConfig,
    properties: NodeProperties | None,
    diagnostics: list[Diagnostic],
) -> Model:
    """Makes the model of a SQL file. Its configuration may say that it is disabled."""
    name = file.stem
    folders = folders_below(file.path, config.model_paths)
    said = properties or undescribed(name, "model", path=file.path)
    own = ConfigLayer(scan.config, scan.config_span)
    node_config = merge_config(
        (*folder_layers(config.model_defaults, (*folders, name)), said.config, own),
        materialized="view",
        diagnostics=diagnostics,
    )
    place = scan.config_span or said.config.span or Span(file.path)
    diagnostics += check_materialization(name, node_config, span=place)
    severity = Severity.WARN if config.is_dbt else Severity.ERROR
    layers = (said.config, own)
    diagnostics += find_idle_settings(name, node_config, layers=layers, severity=severity)
    model = Model(
        id=f"model.{config.name}.{name}",
        name=name,
        path=file.path,
        raw=raw,
        scan=scan,
        config=node_config,
        relation=build_relation(name, node_config),
        fqn=(config.name, *folders, name),
        grain=said.grain,
        columns=said.columns,
        constraints=said.constraints,
        description=said.description,
        span=Span(file.path),
    )
    check_contract(model, diagnostics)
    return model


def undescribed(name: str, resource: str, *, path: str) -> NodeProperties:
    """Returns what is known of a node that no YAML describes."""
    return NodeProperties(name=name, resource=resource, span=Span(path), config=ConfigLayer({}))


def build_relation(name: str, config: NodeConfig) -> Relation:
    """Returns the relation that a node builds."""
    return Relation(config.schema or DEFAULT_SCHEMA, config.alias or name)


def folders_below(path: str, roots: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the folders between a root and the file.

    >>> folders_below("models/marts/core/fct_orders.sql", ("models",))
    ('marts', 'core')
    """
    holding = [root for root in roots if path.startswith(f"{root}/")]
    below = path[len(max(holding, key=len)) + 1 :] if holding else path
    return tuple(below.split("/")[:-1])


def match_properties(
    properties: tuple[NodeProperties, ...],
    resource: str,
    *,
    files: tuple[FoundFile, ...],
    diagnostics: list[Diagnostic],
) -> dict[str, NodeProperties]:
    """Returns what YAML says, by name; reports what is said twice (K204) or of no file (K109)."""
    names = {file.stem for file in files}
    matched: dict[str, NodeProperties] = {}
    for entry in properties:
        if entry.resource != resource:
            continue
        if entry.name not in names:
            hint = did_you_mean(entry.name, names) or f"There is no file '{entry.name}'."
            message = f"YAML describes {resource} '{entry.name}', which does not exist"
            diagnostics.append(Diagnostic("K109", message, entry.span, hint))
        elif entry.name in matched:
            message = f"{resource} '{entry.name}' is described twice"
            notes = (f"first at {matched[entry.name].span}",)
            diagnostics.append(Diagnostic("K204", message, entry.span, "Remove one.", notes))
        matched.setdefault(entry.name, entry)
    return matched


def drop_duplicates(
    files: tuple[FoundFile, ...], noun: str, *, diagnostics: list[Diagnostic]
) -> tuple[FoundFile, ...]:
    """Returns the first file of each name; reports the others (K204)."""
    first: dict[str, FoundFile] = {}
    for file in files:
        other = first.setdefault(file.stem, file)
        if other is not file:
            diagnostics.append(
                Diagnostic(
                    "K204",
                    f"two files give {noun} '{file.stem}'",
                    Span(file.path),
                    "Rename one of the two: names are unique in the whole project.",
                    (f"first at {other.path}",),
                )
            )
    return tuple(first.values())
