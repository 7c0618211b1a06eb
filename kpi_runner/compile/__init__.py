"""Layer 3: nodes to SQL text."""

from __future__ import annotations
