"""Layer 2, home of yaml and tomllib: files to a Project, with every mistake collected."""

from __future__ import annotations
