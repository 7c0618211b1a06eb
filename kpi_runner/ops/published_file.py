"""Says of the published file whether a command has replaced it, judging by the file itself.

A command may be stopped at any moment, also between the rename and what it notes afterwards, so
how far it has come is no witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kpi_runner.core.errors import MachineFailed, RunFailed
from kpi_runner.ops.places import displayed
from kpi_runner.run.current import Identity, identify


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """The file as it was when a command began; ``before`` is None where there was none."""

    path: Path
    before: Identity

    @property
    def is_replaced(self) -> bool:
        """Whether it is another file now."""
        return identify(self.path) != self.before

    @property
    def fate(self) -> str:
        """What has become of it, as a note of a command that did not end well."""
        name = displayed(self.path)
        if self.is_replaced:
            return f"The new state is published: '{name}' was replaced before this happened."
        if self.before is None:
            return "Nothing is published."
        return f"What is published is unchanged: '{name}'."


@contextmanager
def watch_published(path: Path, *, is_watched: bool) -> Iterator[PublishedFile]:
    """Adds the fate of the file to what stops a command: a note of the findings, or of Ctrl-C.

    ``is_watched``: the command may publish.
    """
    file = PublishedFile(path, identify(path))
    try:
        yield file
    except (MachineFailed, RunFailed) as error:
        if is_watched and (file.before or file.is_replaced):
            error.diagnostics = tuple(
                replace(finding, notes=(*finding.notes, file.fate)) for finding in error.diagnostics
            )
        raise
    except KeyboardInterrupt as error:
        error.add_note(file.fate)
        raise
