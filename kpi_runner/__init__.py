"""The kpi-runner package: KPIs from raw tables to a published, verified state."""

from __future__ import annotations

__version__ = "0.1.0"
