"""The kpi-runner package: KPIs from raw tables to a published, verified state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpi_runner.cli.invoke import Invocation as Invocation
    from kpi_runner.cli.invoke import invoke as invoke

__version__ = "0.1.0"
__all__ = ["Invocation", "__version__", "invoke"]


def __getattr__(name: str) -> Any:
    """Loads the command line when it is first asked for, so that ``--version`` stays quick."""
    if name not in ("Invocation", "invoke"):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from kpi_runner.cli import invoke

    return getattr(invoke, name)
