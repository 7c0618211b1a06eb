"""Goes back to a published state that was kept, in one rename, or lists what was kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options, Table
from kpi_runner.ops.places import Places, displayed, locate
from kpi_runner.run.kept import KeptState, list_states, restore_state
from kpi_runner.run.lock import open_when_free, owner_note
from kpi_runner.run.state import check_version

COLUMNS = ("build_id", "published_at", "as_of", "state", "restored_at")


@dataclass(frozen=True, slots=True)
class _History:
    """The work database of a project, and what was published from it, newest first."""

    adapter: Adapter
    places: Places
    states: tuple[KeptState, ...]


def rollback(options: Options, build_id: str) -> Report:
    """Makes a kept state public again: the one before the present one, or that of a build, of
    whose id the beginning is enough.

    Raises:
        UsageError: nothing is published (K601), or there is no such state (K605).
        MachineFailed: another process holds the work database (K701), the disk is full (K702)
            or read-only (K703); nothing public has changed.
    """
    with _open_history(options) as history:
        chosen = _choose(history.states, build_id).state
        restore_state(history.adapter, chosen, folder=history.places.kept)
        path = displayed(history.places.published)
    moment = chosen.published_at.partition(".")[0].replace("T", " ")
    note = f"{path} is the state of build {chosen.build_id} again, published {moment} UTC."
    return Report(notes=(note, "The next build publishes what the project says then."))


def list_published(options: Options) -> Table:
    """Returns the published states, newest first; raises as ``rollback`` does."""
    with _open_history(options, read_only=True) as history:
        return Table(COLUMNS, tuple(map(_row, history.states)))


@contextmanager
def _open_history(options: Options, *, read_only: bool = False) -> Iterator[_History]:
    config, target, places = locate(options)
    if config.is_dbt:
        hint = "The file of a profile holds more than the project made; a build replaces its own."
        raise UsageError(Diagnostic("K605", "a dbt project keeps no published states", hint=hint))
    if not places.work.is_file():
        hint = "`kpi build` publishes one."
        raise UsageError(Diagnostic("K601", "nothing was published from here", hint=hint))
    adapter = open_when_free(
        target, places.work, read_only=read_only, patience=options.lock_timeout
    )
    try:
        with nullcontext() if read_only else owner_note(places.work):
            check_version(adapter)
            published = places.published.resolve()
            states = list_states(adapter, published, folder=places.kept)
            yield _History(adapter, places, states)
    finally:
        adapter.close()


def _choose(states: Sequence[KeptState], build_id: str) -> KeptState:
    kept = [one for one in states if one.is_kept and not one.is_shown]
    shown = next((one for one in states if one.is_shown), None)
    if build_id:
        found = [one for one in kept if one.state.build_id.startswith(build_id)]
        message = f"no kept state has the build id '{build_id}'"
    else:
        before = shown.state.published_at if shown else "9"
        found = [one for one in kept if one.state.published_at < before][:1]
        message = "no earlier published state is kept"
    if len(found) > 1:
        message = f"several kept states have a build id that begins with '{build_id}'"
    if len(found) != 1:
        known = ", ".join(one.state.build_id for one in kept)
        hint = f"Kept beside the public one: {known}." if known else "Only the public one is there."
        raise UsageError(Diagnostic("K605", message, hint=hint))
    return found[0]


def _row(one: KeptState) -> tuple[str, str, str, str, str]:
    word = "public" if one.is_shown else "kept" if one.is_kept else "gone"
    state = one.state
    return state.build_id, state.published_at, state.as_of, word, state.restored_at
