"""Layer 3: questions about a project: what changed, and what breaks the rules of style. Pure."""

from __future__ import annotations
