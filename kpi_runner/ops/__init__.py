"""Layer 5: one use case per file; the public Python API."""

from __future__ import annotations
