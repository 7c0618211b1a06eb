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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The shared flags of the command line; an empty text or 0 leaves it to the project.

    Args:
        project_dir: the project, or a folder inside it.
        target: the name of a target.
        variables: the YAML mapping of ``--vars``, as text.
        threads: models that run side by side.
        select: selectors; several are unioned.
        exclude: selectors of what is left out.
        allow_empty: a selection that matches nothing is fine.
        raw: where raw tables are read from.
        database: the published file.
        as_of: the last day of the build, ``YYYY-MM-DD``.
        full_refresh: builds everything again.
        fail_fast: stops at the first failure.
        target_path: the folder of artifacts.
        warn_error: warnings count as errors.
        log_format: ``text`` or ``json``.
        quiet: only problems and the summary.
        no_color: no colours, also on a terminal.
    """

    project_dir: Path = Path()
    target: str = ""
    variables: str = ""
    threads: int = 0
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow_empty: bool = False
    raw: str = ""
    database: str = ""
    as_of: str = ""
    full_refresh: bool = False
    fail_fast: bool = False
    target_path: str = ""
    warn_error: bool = False
    log_format: str = "text"
    quiet: bool = False
    no_color: bool = False


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
    """KPI values: ``metadata`` and ``rows`` as ``kpi query --format json`` prints them."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, such as ``kpi show`` prints."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
