"""Layer 1, home of sqlglot: SQL text in, SQL text or core types out."""

from __future__ import annotations
