"""What a caller asks of an operation, and the plain answers that come back.

One ``Options`` serves every operation; each reads the fields that concern it. Texts are as the
user typed them: parsing ``variables`` or checking ``target`` is the operation's work. Paths are
relative to the working directory, but ``project_dir`` may also be a folder inside a project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The shared flags of the command line; an empty text or 0 leaves it to the project.

    Args:
        command: the name of the command, for the record.
        project_dir: the project, or a folder inside it.
        target: the name of a target.
        profiles_dir: where profiles.yml of a dbt project lies.
        variables: the YAML mapping of ``--vars``, as text.
        threads: models that run side by side.
        select: selectors; several are unioned.
        exclude: selectors of what is left out.
        selector: the name of a selector of selectors.yml.
        indirect_selection: which tests come along: eager, cautious, buildable or empty.
        resource_types: only nodes of these kinds.
        excluded_resource_types: no nodes of these kinds.
        state: the folder of an earlier run's artifacts, to compare with.
        defer: parents that are not selected and not built are read from the earlier run's state.
        favor_state: they are read from there even if they are built.
        only: ids of the nodes that ``kpi retry`` does again.
        empty: inputs hold no rows, and nothing is published.
        sample: a length such as ``3 days``, or ``{start: …, end: …}``: inputs hold only the rows
            of that time, and nothing is published.
        allow_empty: a selection that matches nothing is fine.
        raw: where raw tables are read from.
        database: the published file.
        as_of: the last day of the build, ``YYYY-MM-DD``.
        full_refresh: builds everything again.
        event_time_start: microbatch models run the batches from this moment on, ISO.
        event_time_end: up to this moment; both or none.
        fail_fast: stops at the first failure.
        store_failures: every data test keeps the rows that break it.
        lock_timeout: how many seconds to wait for a work database that another process holds.
        target_path: the folder of artifacts.
        warn_error: warnings count as errors.
        log_format: ``text`` or ``json``.
        quiet: only problems and the summary.
        no_color: no colours, also on a terminal.
    """

    command: str = field(default="", compare=False)
    project_dir: Path = Path()
    target: str = ""
    profiles_dir: str = ""
    variables: str = ""
    threads: int = 0
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    selector: str = ""
    indirect_selection: str = "eager"
    resource_types: tuple[str, ...] = ()
    excluded_resource_types: tuple[str, ...] = ()
    state: str = ""
    defer: bool = False
    favor_state: bool = False
    only: tuple[str, ...] = ()
    empty: bool = False
    sample: str = ""
    allow_empty: bool = False
    raw: str = ""
    database: str = ""
    as_of: str = ""
    full_refresh: bool = False
    event_time_start: str = ""
    event_time_end: str = ""
    fail_fast: bool = False
    store_failures: bool = False
    lock_timeout: float = 0.0
    target_path: str = ""
    warn_error: bool = False
    log_format: str = "text"
    quiet: bool = False
    no_color: bool = False

    @property
    def is_trial(self) -> bool:
        """Whether the command only tries things out."""
        return self.empty or bool(self.sample)


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """Which KPI values are wanted.

    Args:
        kpis: names, with a variant as ``orders.valid``.
        grain: a period length; empty for one row over the whole range.
        by: dimensions.
        start: first day, ``YYYY-MM-DD``; empty for the first one there is.
        end: last day; empty for the as-of day.
        where: a SQL condition over the columns of the KPIs' models.
    """

    kpis: tuple[str, ...]
    grain: str = ""
    by: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """KPI values: ``metadata`` and ``rows`` as ``kpi query --format json`` prints them.

    ``warnings``: definitions that are not published, KPIs without any row.
    """

    metadata: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, such as ``kpi show`` prints."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
