"""Layer 0: data types, places in files, diagnostics, errors, events. Standard library only."""

from __future__ import annotations
