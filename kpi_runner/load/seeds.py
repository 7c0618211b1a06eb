"""seeds/ref/*.csv, with what YAML says about them → Seed.

Reads only the header; the rows are the engine's business.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.node import Column, NodeConfig, Seed
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.defaults import folder_layers, merge_config
from kpi_runner.load.discover import FoundFile, refuse_special
from kpi_runner.load.models import build_relation, folders_below, undescribed
from kpi_runner.load.properties import NodeProperties


def make_seed(
    file: FoundFile,
    *,
    config: ProjectConfig,
    properties: NodeProperties | None,
    diagnostics: list[Diagnostic],
) -> Seed:
    """Makes the seed of a CSV file, of which only the header is read."""
    name = file.stem
    folders = folders_below(file.path, config.seed_paths)
    said = properties or undescribed(name, "seed", path=file.path)
    node_config = merge_config(
        (*folder_layers(config.seed_defaults, (*folders, name)), said.config),
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
        relation=build_relation(name, node_config),
        header=header,
        fqn=(config.name, *folders, name),
        grain=said.grain,
        columns=columns,
        description=said.description,
        span=Span(file.path),
    )


def _read_header(
    path: Path, shown: str, *, delimiter: str, diagnostics: list[Diagnostic]
) -> tuple[str, ...]:
    try:
        refuse_special(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = next(csv.reader(file, delimiter=delimiter), [])
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        diagnostics.append(Diagnostic("K107", f"seed '{shown}' {reason}", Span(shown)))
        return ()
    except (csv.Error, TypeError) as error:  # TypeError: a delimiter longer than one character
        message = f"the header of seed '{shown}' cannot be read: {error}"
        diagnostics.append(Diagnostic("K111", message, Span(shown)))
        return ()
    header = tuple(cell.strip() for cell in cells)
    problem, index = _header_problem(header)
    if problem:
        column = 1 + sum(len(cell) + len(delimiter) for cell in cells[:index])
        hint = "The first line names each column, once."
        message = f"seed '{shown}' {problem}"
        diagnostics.append(Diagnostic("K111", message, Span(shown, 1, column), hint))
    return header


def _header_problem(header: tuple[str, ...]) -> tuple[str, int]:
    """Returns what is wrong with a header, and with which of its columns."""
    if not any(header):
        return "has no header", 0
    for index, name in enumerate(header):
        if not name:
            return f"has no name for column {index + 1}", index
        if name in header[:index]:
            return f"names the column '{name}' twice", index
    return "", 0


def _with_types(columns: tuple[Column, ...], config: NodeConfig) -> tuple[Column, ...]:
    """Returns the columns with the types that dbt's ``column_types:`` adds."""
    types = config.extra.get("column_types")
    typed = {column.name: column for column in columns}
    for name, data_type in types.items() if isinstance(types, dict) else ():
        column = typed.get(name) or Column(name=name)
        typed[name] = replace(column, data_type=column.data_type or str(data_type).lower())
    return tuple(typed.values())


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
