"""The rules of lint, one function each; its docstring is what ``kpi explain`` prints."""

from __future__ import annotations
