"""Layer 6, home of click: thin commands, printing, exit codes."""

from __future__ import annotations
