"""Layer 4: reports to text, JSON and JUnit."""

from __future__ import annotations
