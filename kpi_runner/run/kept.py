"""The published states that are kept to go back to, each a hard link, and which one is public.

A state is known again by size and time of its file, which links share: a file that somebody has
written into, or put there by hand, is none of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.files import link_file, refusals_named
from kpi_runner.run.publish import remove_file, replace_file, temporary_name
from kpi_runner.run.state import (
    PublishedState,
    forget_published,
    read_published,
    write_published,
)


@dataclass(frozen=True, slots=True)
class KeptState:
    """A published state, whether it is public now, and whether one can go back to it."""

    state: PublishedState
    is_shown: bool
    is_kept: bool


def kept_path(folder: Path, build_id: str) -> Path:
    """Returns where the file of a state is kept."""
    return folder / f"{build_id}.duckdb"


def shown_state(adapter: Adapter, path: Path) -> PublishedState | None:
    """Returns the state that lies at a path now, or None where that is none of ours."""
    states = (state for state in read_published(adapter) if state.path == str(path))
    return next((state for state in states if _is_file_of(state, path)), None)


def list_states(adapter: Adapter, path: Path, *, folder: Path) -> tuple[KeptState, ...]:
    """Returns the states published to a path, newest first."""
    shown = shown_state(adapter, path)
    return tuple(
        KeptState(
            state,
            is_shown=shown is not None and state.build_id == shown.build_id,
            is_kept=_is_file_of(state, kept_path(folder, state.build_id)),
        )
        for state in read_published(adapter)
        if state.path == str(path)
    )


def restore_state(adapter: Adapter, state: PublishedState, *, folder: Path) -> None:
    """Makes a kept state public again, in one rename, and records it.

    Raises MachineFailed (K702, K703); then nothing public has changed.
    """
    path = Path(state.path)
    fresh = temporary_name(path)
    try:
        link_file(kept_path(folder, state.build_id), fresh)
        with refusals_named():
            replace_file(fresh, path)
    finally:
        remove_file(fresh)
    write_published(adapter, replace(state, restored_at=now_exactly()))


def prune_states(adapter: Adapter, path: Path, *, folder: Path, keep: int) -> None:
    """Forgets the states of a path beyond the newest ``keep``, but never the one that is public."""
    states = list_states(adapter, path, folder=folder)
    for one in states[keep:]:
        if not one.is_shown:
            remove_file(kept_path(folder, one.state.build_id))
            forget_published(adapter, one.state)


def _is_file_of(state: PublishedState, path: Path) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (state.size, state.mtime_ns)
