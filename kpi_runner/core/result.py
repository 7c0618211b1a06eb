"""What happened: steps, checks, landing, and the report with its exit status."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import exit_status
from kpi_runner.core.names import NodeId

if TYPE_CHECKING:
    from kpi_runner.core.placeholders import Facts
    from kpi_runner.core.plan import Action


class Status(StrEnum):
    """How a step or a check ended."""

    SUCCESS = "success"
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class LandResult:
    """One raw table after landing.

    ``is_missing``: declared, but without a file. ``is_changed``: its content is not what it
    was before; ``fingerprint``: a digest of it and of the declaration.
    """

    node: NodeId
    rows: int = 0
    is_missing: bool = False
    is_changed: bool = False
    path: str = ""
    fingerprint: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step. ``started_at`` is UTC, ``seconds`` wall time, ``thread`` where it ran.

    ``reason``: why it ran: ``new``, ``sql changed``, ``upstream fct_orders``, …
    ``batches_left``: how many of its batches had not run yet when it was told.
    """

    node: NodeId
    action: Action
    status: Status
    started_at: str = ""
    seconds: float = 0.0
    thread: str = ""
    rows: int | None = None
    reason: str = ""
    batches_left: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class FailingRow:
    """One value that breaks an assertion."""

    grain: str
    period_start: str
    dimension: str
    segment: str
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One data test or KPI assertion. ``observed`` and ``expected`` are text.

    ``started_at``, ``seconds`` and ``thread``: as of a step. ``is_carried``: it was not run,
    because it passed over the same rows before.
    """

    node: NodeId
    name: str
    severity: Severity
    status: Status
    kpi: str = ""
    variant: str = ""
    failing_rows: int = 0
    observed: str = ""
    expected: str = ""
    started_at: str = ""
    seconds: float = 0.0
    thread: str = ""
    examples: tuple[FailingRow, ...] = ()
    is_carried: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a command did and found. The exit status follows from it.

    ``facts``: what landing found out, once it is known. ``is_repeatable``: nothing in it depends
    on the day, on chance, or on a file that nobody names.
    """

    lands: tuple[LandResult, ...] = ()
    steps: tuple[StepResult, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    is_published: bool = False
    as_of: str = ""
    facts: Facts | None = None
    is_repeatable: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())
    invocation_id: str = ""

    @property
    def all_diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding, in the order in which it came up."""
        parts = [self.diagnostics]
        parts += [result.diagnostics for result in self.lands]
        parts += [result.diagnostics for result in self.steps]
        parts += [result.diagnostics for result in self.checks]
        return tuple(d for part in parts for d in part)

    @property
    def exit_code(self) -> int:
        """0 fine, else the highest status that a finding calls for."""
        return exit_status(self.all_diagnostics)
