"""Layer 1, home of jinja2: text with tags in, text out. Knows no database and no KPI."""

from __future__ import annotations
