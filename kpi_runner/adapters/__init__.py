"""Layer 1, home of duckdb: the only modules that talk to a database."""

from __future__ import annotations
