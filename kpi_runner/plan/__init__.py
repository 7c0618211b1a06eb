"""Layer 3: compiled nodes to steps."""

from __future__ import annotations
