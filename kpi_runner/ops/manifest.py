"""Describes the project of a command: ``target/manifest.json``, and the side of ``--state`` that
is here."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from os.path import relpath

from kpi_runner import __version__
from kpi_runner.core.artifacts import MANIFEST
from kpi_runner.core.manifest import Manifest, build_manifest, manifest_record
from kpi_runner.core.names import NodeId
from kpi_runner.core.project import Project
from kpi_runner.ops.places import Places
from kpi_runner.report.json import dump_json


def describe_project(
    project: Project,
    *,
    compiled: Mapping[NodeId, str] | None = None,
    places: Places | None = None,
    generated_at: str = "",
) -> Manifest:
    """Returns the manifest of a project.

    Args:
        project: as loaded.
        compiled: the SQL of nodes, where it is known.
        places: where its state lies; that is told relative to the manifest.
        generated_at: the time.
    """
    root = project.config.root
    seeds = {
        seed.id: sha256((root / seed.path).read_bytes()).hexdigest()
        for seed in project.seeds.values()
    }
    metadata = {
        "kpi_runner_version": __version__,
        "generated_at": generated_at,
        "project_name": project.config.name,
        "adapter_type": project.target.kind,
        "target": project.target.name,
        "published": relpath(places.published, places.artifacts) if places else None,
        "work": relpath(places.work, places.artifacts) if places else None,
    }
    return build_manifest(project, metadata=metadata, seeds=seeds, compiled=compiled or {})


def manifest_file(manifest: Manifest) -> dict[str, str]:
    """Returns file name below the artifacts folder → text."""
    return {MANIFEST: dump_json(manifest_record(manifest), indent=None)}
