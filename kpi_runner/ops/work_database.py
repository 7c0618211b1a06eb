"""Opens the work database of a project; that of a dbt project with its sources at hand,
that of a target beside the default one with what that has published."""

from __future__ import annotations

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.attached import attach_file
from kpi_runner.run.files import remove_spills
from kpi_runner.run.linked import attach_link, refresh_link
from kpi_runner.run.lock import open_when_free
from kpi_runner.run.state import check_version


def open_work_database(
    workspace: Workspace, *, read_only: bool = False, relinks: bool = False, patience: float = 0
) -> Adapter:
    """Returns a session on the work database, with what else the project reads at hand.

    Args:
        read_only: nothing is changed.
        relinks: another target's state is read as it is published now, not as it was when this
            one was last built.
        patience: for how many seconds to wait for another process to let go of it.

    Raises MachineFailed: K701 where it still does not, K706 where another version made it.
    """
    places, project = workspace.places, workspace.project
    adapter = open_when_free(project.target, places.work, read_only=read_only, patience=patience)
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
    except BaseException:
        adapter.close()
        raise
    return adapter
