"""Opens the work database of a project; that of a dbt project with its sources at hand,
that of a target beside the default one with what that has published."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import drop
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed, UsageError
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.attached import attach_file
from kpi_runner.run.files import remove_database, remove_spills
from kpi_runner.run.linked import attach_link, is_state, refresh_link
from kpi_runner.run.lock import open_when_free
from kpi_runner.run.state import check_version


def open_work_database(
    workspace: Workspace,
    *,
    read_only: bool = False,
    relinks: bool = False,
    patience: float = 0,
    is_fresh: bool = False,
) -> Adapter:
    """Returns a session on the work database, with what else the project reads at hand.

    Args:
        read_only: nothing is changed.
        relinks: another target's state is read as it is published now, not as it was when this
            one was last built.
        is_fresh: nothing stays in it that an earlier command has left.
        patience: for how many seconds to wait for another process to let go of it.

    Raises MachineFailed: K701 where it still does not, K706 where another version made it; and
    UsageError (K010) where what is to be read of another target is no state of a project.
    """
    places, project = workspace.places, workspace.project
    open_it = partial(open_when_free, project.target, places.work, patience=patience)
    adapter = _open_fresh(open_it, places.work) if is_fresh else open_it(read_only=read_only)
    try:
        if not read_only:
            remove_spills(places.work)
        check_version(adapter)
        if project.config.is_dbt and places.published.is_file():
            attach_file(adapter, places.published.resolve())
        if places.base and relinks:
            refresh_link(places.base, places.link)
        if places.base and places.link.is_file():
            attach_link(adapter, places.link)
            if not (project.config.is_dbt or is_state(adapter)):
                raise _foreign(places.base)
    except BaseException:
        adapter.close()
        raise
    return adapter


def _foreign(base: Path) -> UsageError:
    hint = "Name the file that `kpi build` published, or publish it again."
    return UsageError(Diagnostic("K010", f"'{base}' is no published state of a project", hint=hint))


def _open_fresh(open_it: Callable[[], Adapter], path: Path) -> Adapter:
    """Opens a database without what is in it. It is emptied only when it is ours alone; one that
    cannot be opened, and that nobody holds, is made anew."""
    try:
        adapter = open_it()
    except MachineFailed as error:
        if any(diagnostic.code == "K701" for diagnostic in error.diagnostics):
            raise
        remove_database(path)
        adapter = open_it()
    for relation, kind in adapter.relations().items():
        adapter.execute(drop(relation, kind))
    return adapter
