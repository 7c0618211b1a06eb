"""Layer 2: the dependency graph and selectors, pure."""

from __future__ import annotations
