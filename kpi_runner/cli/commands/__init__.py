"""One file per command, imported only when that command is run."""

from __future__ import annotations
