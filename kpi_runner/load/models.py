"""models/**/*.sql and seeds/**/*.csv, with what YAML says about them → Model, Seed.

Knows folders, names and headers. Does not parse SQL, and does not know who reads whom.
"""

from __future__ import annotations

import csv
from pathlib import Path

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column, Model, NodeConfig, Scan, Seed
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.defaults import ConfigLayer, folder_layers, merge_config
from kpi_runner.load.discover import FoundFile
from kpi_runner.load.properties import NodeProperties


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
    folders = _folders(file.path, config.model_paths)
    said = properties or _undescribed(name, "model", path=file.path)
    own = ConfigLayer(scan.config, scan.config_span)
    node_config = merge_config(
        (*folder_layers(config.model_defaults, folders), said.config, own),
        materialized="view",
        diagnostics=diagnostics,
    )
    return Model(
        id=f"model.{config.name}.{name}",
        name=name,
        path=file.path,
        raw=raw,
        scan=scan,
        config=node_config,
        relation=_relation(name, node_config),
        fqn=(config.name, *folders, name),
        grain=said.grain,
        columns=said.columns,
        description=said.description,
        span=Span(file.path),
    )


def make_seed(
    file: FoundFile,
    *,
    config: ProjectConfig,
    properties: NodeProperties | None,
    diagnostics: list[Diagnostic],
) -> Seed:
    """Makes the seed of a CSV file, of which only the header is read."""
    name = file.stem
    folders = _folders(file.path, config.seed_paths)
    said = properties or _undescribed(name, "seed", path=file.path)
    node_config = merge_config(
        (*folder_layers(config.seed_defaults, folders), said.config),
        materialized="seed",
        diagnostics=diagnostics,
    )
    delimiter = str(node_config.extra.get("delimiter") or ",")
    header = _read_header(
        config.root / file.path, file.path, delimiter=delimiter, diagnostics=diagnostics
    )
    columns = _with_types(said.columns, node_config)
    _check_columns(name, columns, header=header, diagnostics=diagnostics)
    return Seed(
        id=f"seed.{config.name}.{name}",
        name=name,
        path=file.path,
        config=node_config,
        relation=_relation(name, node_config),
        header=header,
        fqn=(config.name, *folders, name),
        grain=said.grain,
        columns=columns,
        description=said.description,
        span=Span(file.path),
    )


def _undescribed(name: str, resource: str, *, path: str) -> NodeProperties:
    return NodeProperties(name=name, resource=resource, span=Span(path), config=ConfigLayer({}))


def _relation(name: str, config: NodeConfig) -> Relation:
    return Relation(config.schema, config.alias or name)


def _folders(path: str, roots: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the folders between a root and the file.

    >>> _folders("models/marts/core/fct_orders.sql", ("models",))
    ('marts', 'core')
    """
    holding = [root for root in roots if path.startswith(f"{root}/")]
    below = path[len(max(holding, key=len)) + 1 :] if holding else path
    return tuple(below.split("/")[:-1])


def _read_header(
    path: Path, shown: str, *, delimiter: str, diagnostics: list[Diagnostic]
) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = tuple(name.strip() for name in next(csv.reader(file, delimiter=delimiter), ()))
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        diagnostics.append(Diagnostic("K107", f"seed '{shown}' {reason}", Span(shown)))
        return ()
    except csv.Error as error:
        diagnostics.append(
            Diagnostic("K111", f"seed '{shown}' has no header: {error}", Span(shown))
        )
        return ()
    twice = sorted({name for name in header if header.count(name) > 1 and name})
    problem = ""
    if not any(header):
        problem = "has no header"
    elif "" in header:
        problem = f"has no name for column {header.index('') + 1}"
    elif twice:
        problem = f"names the column '{twice[0]}' twice"
    if problem:
        hint = "The first line names each column, once."
        diagnostics.append(Diagnostic("K111", f"seed '{shown}' {problem}", Span(shown), hint))
    return header


def _with_types(columns: tuple[Column, ...], config: NodeConfig) -> tuple[Column, ...]:
    """Adds the columns that only dbt's ``column_types:`` names."""
    types = config.extra.get("column_types") or {}
    typed = {column.name: column for column in columns if column.data_type}
    missing = tuple(
        Column(name=str(name), data_type=str(data_type).lower())
        for name, data_type in (types.items() if isinstance(types, dict) else ())
        if str(name) not in typed
    )
    named = {column.name for column in missing}
    return (*(column for column in columns if column.name not in named), *missing)


def _check_columns(
    name: str,
    columns: tuple[Column, ...],
    *,
    header: tuple[str, ...],
    diagnostics: list[Diagnostic],
) -> None:
    lowered = {column.lower() for column in header}
    for column in columns:
        if header and column.name.lower() not in lowered:
            diagnostics.append(
                Diagnostic(
                    "K109",
                    f"seed '{name}' has no column '{column.name}'",
                    column.span or Span(name),
                    did_you_mean(column.name, header) or f"Its columns: {', '.join(header)}.",
                )
            )


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
