"""Layer 4: executes plans, lands raw tables, publishes, writes artifacts."""

from __future__ import annotations
