"""Runs the command line as ``python -m kpi_runner``."""

from __future__ import annotations

from kpi_runner.cli.main import main

if __name__ == "__main__":
    main()
