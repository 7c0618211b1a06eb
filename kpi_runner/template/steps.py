"""How much work a rendering may do: rounds of loops, and calls of macros."""

from __future__ import annotations

STEP = "_count_step"
"""The name under which a rendering counts its work; large values count as rounds of a loop."""

_MAX_STEPS = 200_000


class TemplateEndless(Exception):
    """A rendering has used up its budget of loop rounds and macro calls."""


class Steps:
    """The work that one rendering has done."""

    def __init__(self) -> None:
        self._done = 0

    def count(self, steps: int = 1) -> None:
        """Adds to the work; raises TemplateEndless where that is too much."""
        self._done += steps
        if self._done > _MAX_STEPS:
            raise TemplateEndless
