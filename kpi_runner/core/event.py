"""What a command tells while it works; text, JSON lines and tests are three listeners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import NodeId
from kpi_runner.core.result import CheckResult, LandResult, Report, StepResult

if TYPE_CHECKING:
    from kpi_runner.core.plan import Action


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Work begins: how many raw tables, steps and checks are ahead."""

    tables: int
    steps: int
    checks: int
    target: str
    threads: int


@dataclass(frozen=True, slots=True)
class TableLanded:
    """A raw table was landed, or found missing."""

    result: LandResult


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins."""

    node: NodeId
    action: Action


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended, whether well or not."""

    result: StepResult


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """A data test or KPI assertion was evaluated."""

    result: CheckResult


@dataclass(frozen=True, slots=True)
class Warned:
    """A finding that does not stop the work."""

    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class Published:
    """The new state is public."""

    path: str
    relations: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    """Work ended."""

    report: Report


Event = (
    RunStarted
    | TableLanded
    | StepStarted
    | StepFinished
    | CheckFinished
    | Warned
    | Published
    | RunFinished
)
Emit = Callable[[Event], None]
