"""Snapshots, in both of dbt's spellings: ``snapshots:`` in YAML, and ``{% snapshot %}`` blocks.

A snapshot becomes a model of its own kind: what it reads is its SELECT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Model, Scan
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.defaults import ConfigLayer, folder_layers, merge_config
from kpi_runner.load.materializations import check_materialization
from kpi_runner.load.models import build_relation, folders_below, undescribed
from kpi_runner.load.project_files import ProjectFiles, TemplateScanner
from kpi_runner.load.properties import NodeProperties

_BLOCK = re.compile(
    r"\{%[-+]?\s*snapshot\s+(?P<name>\w+)\s*[-+]?%\}(?P<body>.*?)\{%[-+]?\s*endsnapshot\s*[-+]?%\}",
    re.DOTALL,
)
_CALL = re.compile(r"(?:\{\{\s*)?(?P<call>(?:ref|source)\s*\([^()]*\))(?:\s*\}\})?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A snapshot as it stands in a file; ``raw`` keeps the lines of the file."""

    name: str
    path: str
    raw: str
    scan: Scan
    span: Span


def load_snapshots(
    files: ProjectFiles,
    config: ProjectConfig,
    *,
    scanner: TemplateScanner,
    properties: Iterable[NodeProperties],
) -> tuple[Model, ...]:
    """Returns the snapshots of a project.

    Reports a name that stands twice (K204), YAML of no snapshot (K109), and settings that
    contradict each other.
    """
    said = [entry for entry in properties if entry.resource == "snapshot"]
    written = [
        *_blocks(files, config, scanner=scanner),
        *(_of_yaml(entry, files, scanner=scanner) for entry in said if entry.relation),
    ]
    first: dict[str, _Written] = {}
    for one in written:
        other = first.setdefault(one.name, one)
        if other is not one:
            notes = (f"first at {other.span}",)
            message = f"snapshot '{one.name}' stands twice"
            files.diagnostics.append(Diagnostic("K204", message, one.span, "Rename one.", notes))
    described = {entry.name: entry for entry in said}
    for name, entry in described.items():
        if name not in first:
            hint = did_you_mean(name, first) or "Name what it reads: relation: ref('customers')."
            message = f"snapshot '{name}' has no relation, and no block of that name"
            files.diagnostics.append(Diagnostic("K109", message, entry.span, hint))
    return tuple(
        _make(one, config, said=described.get(name), diagnostics=files.diagnostics)
        for name, one in first.items()
    )


def _blocks(
    files: ProjectFiles, config: ProjectConfig, *, scanner: TemplateScanner
) -> Iterator[_Written]:
    for file in files.find(config.snapshot_paths, ".sql"):
        text = files.text(file.path)
        lines = LineIndex(text)
        blocks = list(_BLOCK.finditer(text))
        if not blocks:
            message = f"'{file.path}' holds no snapshot"
            hint = "Write {% snapshot NAME %} … {% endsnapshot %} around the SELECT."
            files.diagnostics.append(Diagnostic("K301", message, Span(file.path), hint))
        for block in blocks:
            raw = re.sub(r"[^\n]", " ", text[: block.start("body")]) + block["body"]
            yield _Written(
                name=block["name"],
                path=file.path,
                raw=raw,
                scan=scanner.scan(raw, file.path),
                span=lines.span(file.path, start=block.start("name"), end=block.end("name")),
            )


def _of_yaml(entry: NodeProperties, files: ProjectFiles, *, scanner: TemplateScanner) -> _Written:
    place = entry.relation_span or entry.span
    call = _CALL.match(entry.relation)
    if call is None:
        message = f"relation of snapshot '{entry.name}' is '{entry.relation}'"
        hint = "Write ref('customers') or source('shopify', 'customers')."
        files.diagnostics.append(Diagnostic("K102", message, place, hint))
    text = f"select * from {{{{ {call['call']} }}}}" if call else "select 1 as id"
    raw = "\n" * (place.line - 1) + text
    scan = scanner.scan(raw, place.path)
    return _Written(
        name=entry.name,
        path=place.path,
        raw=raw,
        scan=replace(
            scan,
            refs=tuple(replace(ref, span=place) for ref in scan.refs),
            sources=tuple(replace(source, span=place) for source in scan.sources),
        ),
        span=entry.span,
    )


def _make(
    written: _Written,
    config: ProjectConfig,
    *,
    said: NodeProperties | None,
    diagnostics: list[Diagnostic],
) -> Model:
    name, scan = written.name, written.scan
    folders = folders_below(written.path, (*config.snapshot_paths, *config.model_paths))
    said = said or undescribed(name, "snapshot", path=written.path)
    node_config = merge_config(
        (
            *folder_layers(config.snapshot_defaults, (*folders, name)),
            said.config,
            ConfigLayer(scan.config, scan.config_span),
        ),
        materialized="snapshot",
        diagnostics=diagnostics,
    )
    place = scan.config_span or (said.config.span if said.config.values else written.span)
    diagnostics += check_materialization(name, node_config, span=place)
    return Model(
        id=f"snapshot.{config.name}.{name}",
        name=name,
        path=written.path,
        raw=written.raw,
        scan=scan,
        config=node_config,
        relation=fixed_relation(name, node_config.extra) or build_relation(name, node_config),
        fqn=(config.name, *folders, name),
        grain=said.grain,
        columns=said.columns,
        description=said.description,
        span=written.span,
    )


def fixed_relation(name: str, settings: Mapping[str, Any]) -> Relation | None:
    """Returns the relation that the older ``target_schema`` names, whatever the target."""
    schema = settings.get("target_schema")
    return Relation(str(schema), name) if schema else None
