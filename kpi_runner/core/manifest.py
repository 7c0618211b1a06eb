"""A project as ``target/manifest.json`` tells it, in dbt's keys: an artifact, and what ``--state``
compares with.

Pure: texts and digests come in, plain data goes out. What says whether a node changed is among
dbt's own keys (checksum, config, contract, depends_on), so a manifest can be read back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

from kpi_runner.core.kpi import Kpi
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import (
    Column,
    DataTest,
    Exposure,
    Macro,
    Model,
    Node,
    Seed,
    Source,
    UnitTest,
)
from kpi_runner.core.project import Project
from kpi_runner.core.settings import settings_of

SCHEMA_VERSION = 1
DBT_MANIFEST = "https://schemas.getdbt.com/dbt/manifest/v12.json"

Record = Mapping[str, Any]

_SECTIONS = {
    "source": "sources",
    "kpi": "metrics",
    "exposure": "exposures",
    "unit_test": "unit_tests",
}
"""Where the nodes of a kind stand; all others are ``nodes``."""

_WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*+(?=\s*\()")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_END_OF_MACRO = re.compile(r"\{%-?\s*end(?:macro|test|data_test)\b.*?%\}", re.DOTALL)
_as_text = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str).encode
_PLACES = frozenset({"id", "path", "span", "config_span", "places"})
_SINGLE = frozenset({str, int, float, bool, type(None)})
_TEXTS = frozenset({"label", "description", "assertions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is to be known of a project to tell whether a node of it changed."""

    metadata: Record = field(default_factory=dict)
    nodes: Mapping[NodeId, Record] = field(default_factory=dict)
    macros: Mapping[str, Record] = field(default_factory=dict)
    parents: Mapping[NodeId, tuple[NodeId, ...]] = field(default_factory=dict)


def build_manifest(
    project: Project,
    *,
    metadata: Record,
    seeds: Mapping[NodeId, str],
    compiled: Mapping[NodeId, str],
) -> Manifest:
    """Describes a project.

    Args:
        project: as loaded.
        metadata: of the run: version, time, target.
        seeds: digests of the contents of seeds.
        compiled: the SQL of nodes, as far as it was compiled.
    """
    package = project.config.name
    uses = _MacroUses(project.macros)
    nodes: dict[NodeId, Record] = {}
    for name, node in project.nodes.items():
        used = [f"macro.{package}.{macro}" for macro in uses.of(getattr(node, "raw", ""))]
        depends_on = {"macros": used, "nodes": list(project.parents.get(name, ()))}
        record = _describe(node, seeds.get(name, "")) | {"depends_on": depends_on}
        if name in compiled:
            record |= {"compiled": True, "compiled_code": compiled[name]}
        nodes[name] = record
    macros = {
        f"macro.{package}.{macro.name}": _describe_macro(macro, package, uses=uses)
        for macro in project.macros.values()
    }
    return Manifest(metadata=metadata, nodes=nodes, macros=macros, parents=project.parents)


def manifest_record(manifest: Manifest) -> dict[str, Any]:
    """Returns the content of ``manifest.json``."""
    sections: dict[str, dict[NodeId, Record]] = {
        name: {} for name in ("nodes", *_SECTIONS.values())
    }
    for name, record in manifest.nodes.items():
        sections[_SECTIONS.get(name.partition(".")[0], "nodes")][name] = record
    parents = {name: list(manifest.parents.get(name, ())) for name in manifest.nodes}
    children: dict[NodeId, list[NodeId]] = {name: [] for name in manifest.nodes}
    for name, above in parents.items():
        for parent in above:
            children[parent].append(name)
    versions = {"dbt_schema_version": DBT_MANIFEST, "schema_version": SCHEMA_VERSION}
    return {
        "metadata": {**versions, **manifest.metadata},
        **sections,
        "macros": dict(manifest.macros),
        "docs": {},
        "groups": {},
        "selectors": {},
        "disabled": {},
        "parent_map": parents,
        "child_map": children,
        "group_map": {},
        "saved_queries": {},
        "semantic_models": {},
    }


def read_manifest(record: Record) -> Manifest:
    """Returns the manifest of a ``manifest.json`` of this version.

    Raises ``AttributeError``, ``KeyError`` or ``TypeError`` for anything else.
    """
    nodes = {
        name: _checked(node)
        for key in ("nodes", *_SECTIONS.values())
        for name, node in record[key].items()
    }
    return Manifest(
        metadata=record["metadata"],
        nodes=nodes,
        macros={
            name: {"macro_sql": macro["macro_sql"]} for name, macro in record["macros"].items()
        },
        parents={name: tuple(above) for name, above in record["parent_map"].items()},
    )


def _checked(node: Record) -> Record:
    """Returns what a comparison reads of a node, each of the type that it must have."""
    columns = {name: {"description": one["description"]} for name, one in node["columns"].items()}
    return {
        "checksum": node["checksum"],
        "config": dict(node["config"]),
        "contract": node.get("contract"),
        "depends_on": {"macros": list(node["depends_on"]["macros"])},
        "description": node["description"],
        "columns": columns,
    }


def _describe(node: Node | Kpi, content: str) -> dict[str, Any]:
    kind, package = node.id.split(".")[:2]
    settings = dict(settings_of(node))
    columns: tuple[Column, ...] = getattr(node, "columns", ())
    record = {
        "unique_id": node.id,
        "resource_type": "metric" if isinstance(node, Kpi) else kind,
        "name": node.name,
        "package_name": package,
        "original_file_path": node.path,
        "path": node.path.partition("/")[2] or node.path,
        "fqn": list(getattr(node, "fqn", ()) or (package, node.name)),
        "checksum": {"name": "sha256", "checksum": content or _digest_body(node)},
        "config": settings,
        "unrendered_config": settings,
        "tags": settings.get("tags", []),
        "meta": settings.get("meta") or {},
        "description": getattr(node, "description", ""),
        "columns": {column.name: _describe_column(column) for column in columns},
    }
    match node:
        case Model():
            record |= _describe_relation(node) | _describe_template(node)
        case Seed():
            record |= _describe_relation(node) | {"language": "sql"}
        case DataTest():
            record |= _describe_test(node)
        case Source():
            record |= _describe_source(node)
        case UnitTest():
            rows = {"given": node.given, "expect": node.expect, "overrides": node.overrides}
            record |= {"model": node.model, "tested_node_unique_id": node.node}
            record |= {key: _plain(value) for key, value in rows.items()}
        case Exposure():
            record |= _describe_exposure(node)
        case Kpi():
            record |= _describe_kpi(node)
    return record


def _describe_column(column: Column) -> Record:
    return {
        "name": column.name,
        "description": column.description,
        "data_type": column.data_type or None,
        "constraints": [] if column.is_nullable else [{"type": "not_null"}],
        "meta": {"unit": column.unit} if column.unit else {},
        "tags": [],
    }


def _describe_relation(node: Model | Seed) -> dict[str, Any]:
    extra = node.config.extra
    contract = extra.get("contract")
    is_enforced = isinstance(contract, Mapping) and bool(contract.get("enforced"))
    return {
        "database": None,
        "schema": node.relation.schema,
        "alias": node.relation.name,
        "relation_name": node.relation.sql,
        "group": extra.get("group"),
        "access": extra.get("access", "protected"),
        "docs": {"show": True, "node_color": None},
        "primary_key": list(node.grain),
        "contract": {
            "enforced": is_enforced,
            "alias_types": True,
            "checksum": _digest(_plain(node.columns)) if is_enforced else None,
        },
    }


def _describe_template(node: Model) -> dict[str, Any]:
    return {
        "language": "sql",
        "raw_code": node.raw,
        "refs": [
            {"name": ref.name, "package": ref.package or None, "version": None}
            for ref in node.scan.refs
        ],
        "sources": [[source.source, source.table] for source in node.scan.sources],
        "metrics": [],
        "compiled": False,
    }


def _describe_test(node: DataTest) -> dict[str, Any]:
    return {
        "language": "sql",
        "raw_code": node.raw,
        "column_name": node.column or None,
        "attached_node": node.node or None,
        "test_metadata": None
        if node.kind == "singular"
        else {"name": node.kind, "kwargs": dict(node.arguments), "namespace": None},
        "compiled": False,
    }


def _describe_source(node: Source) -> dict[str, Any]:
    return {
        "database": None,
        "schema": node.relation.schema,
        "identifier": node.relation.name,
        "relation_name": node.relation.sql,
        "source_name": node.source,
        "source_description": "",
        "loader": "",
        "loaded_at_field": node.moment or None,
        "primary_key": list(node.key),
    }


def _describe_exposure(node: Exposure) -> dict[str, Any]:
    return {
        "label": node.label,
        "type": node.kind,
        "url": node.url or None,
        "maturity": node.maturity or None,
        "owner": dict(node.owner),
    }


def _describe_kpi(node: Kpi) -> dict[str, Any]:
    return {
        "label": node.label,
        "type": "derived" if any(variant.formula for variant in node.variants) else "simple",
        "type_params": {"variants": [_plain(variant) for variant in node.variants]},
        "group": node.owner or None,
    }


def _describe_macro(macro: Macro, package: str, *, uses: _MacroUses) -> Record:
    return {
        "unique_id": f"macro.{package}.{macro.name}",
        "resource_type": "macro",
        "name": macro.name,
        "package_name": package,
        "original_file_path": macro.path,
        "path": macro.path,
        "macro_sql": _text_of(macro),
        "depends_on": {"macros": [f"macro.{package}.{name}" for name in uses.called[macro.name]]},
        "description": macro.description,
        "arguments": [{"name": name, "type": None} for name in macro.parameters],
    }


class _MacroUses:
    """Which macros a template calls, by their names: one too many where a name is also a word."""

    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self._names = frozenset(macros)
        self.called = {
            name: sorted(self._named_in(_text_of(macro)) - {name}) for name, macro in macros.items()
        }

    def of(self, raw: str) -> Iterable[str]:
        """Returns the macros that a text calls, itself or by way of others, in order."""
        if not (raw and self._names):
            return ()
        found: set[str] = set()
        edge = self._named_in(raw)
        while edge:
            found |= edge
            edge = frozenset(name for one in edge for name in self.called[one]) - found
        return sorted(found)

    def _named_in(self, text: str) -> frozenset[str]:
        return self._names.intersection(_WORD.findall(_COMMENT.sub("", text)))


def _text_of(macro: Macro) -> str:
    text = "\n".join(macro.raw.split("\n")[macro.line - 1 :])
    end = _END_OF_MACRO.search(text)
    return text[: end.end()] if end else text


def _digest_body(node: Node | Kpi) -> str:
    """Digests what a node computes: its text, or its definition without names and places."""
    match node:
        case Model():
            return sha256(node.raw.strip().encode("utf-8")).hexdigest()
        case DataTest():
            return _digest([node.kind, node.column, _plain(node.arguments), node.raw.strip()])
        case Source():
            return _digest([_plain(node.key), _plain(node.columns)])
        case Kpi():
            checks = [_plain(variant.assertions) for variant in node.variants]
            return _digest([_plain(node.variants), checks])
    return _digest(_plain(node))


def _digest(value: Any) -> str:
    return sha256(_as_text(value).encode("utf-8")).hexdigest()


def _plain(value: Any) -> Any:
    """Returns a definition as plain values, without places in files and texts for people."""
    if type(value) in _SINGLE:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        kept = [name for name in names if name not in _PLACES and name not in _TEXTS]
        return {name: _plain(getattr(value, name)) for name in kept}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value
