"""All files of KPIs of a project: its KPIs by name, and its calendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.governance import Governance, Mention, read_governance
from kpi_runner.load.kpis import read_kpis
from kpi_runner.load.link_kpis import collect_kpis
from kpi_runner.load.project_files import ProjectFiles

YAML = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class KpiFile:
    """What one file says."""

    kpis: tuple[Kpi, ...]
    governance: Governance


def load_kpis(
    files: ProjectFiles, config: ProjectConfig
) -> tuple[Mapping[str, Kpi], Mapping[str, Any]]:
    """Returns the KPIs by name, and the settings of ``calendar:``.

    Reports goals and actions about KPIs that do not exist (K506), and a second calendar (K204).
    """
    found = []
    for file in files.find(config.kpi_paths, *YAML):
        read = partial(_read, files, file.path, project=config.name)
        found.append(files.recall(file, KpiFile, make=read))
    kpis = collect_kpis((kpi for one in found for kpi in one.kpis), files.diagnostics)
    governances = [one.governance for one in found]
    mentions = (mention for one in governances for mention in one.mentions)
    files.diagnostics += _unknown_kpis(mentions, kpis)
    calendars = [one for one in governances if one.calendar_span]
    for second in calendars[1:]:
        notes = (f"first at {calendars[0].calendar_span}",)
        message, place = "'calendar' stands twice", second.calendar_span
        files.diagnostics.append(Diagnostic("K204", message, place, "Remove one.", notes))
    return kpis, calendars[0].calendar if calendars else {}


def _read(files: ProjectFiles, path: str, *, project: str) -> KpiFile:
    tree = files.yaml(path)
    return KpiFile(
        read_kpis(tree, path, project=project, diagnostics=files.diagnostics),
        read_governance(tree, path, diagnostics=files.diagnostics),
    )


def _unknown_kpis(mentions: Iterable[Mention], kpis: Mapping[str, Kpi]) -> list[Diagnostic]:
    known = {variant.id for kpi in kpis.values() for variant in kpi.variants} | kpis.keys()
    return [
        Diagnostic(
            "K506",
            f"{mention.reader} names unknown KPI '{mention.kpi}'",
            mention.span,
            did_you_mean(mention.kpi, known),
        )
        for mention in mentions
        if mention.kpi not in known
    ]
