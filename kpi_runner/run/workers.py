"""Threads that each work in a database session of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

from kpi_runner.adapters.protocol import Adapter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Workers:
    """Open threads and sessions; ``count``: how much runs side by side."""

    count: int
    pool: ThreadPoolExecutor
    free: SimpleQueue[Adapter]

    def submit(self, work: Callable[[Adapter], T]) -> Future[T]:
        """Runs ``work`` with a session that is free, as soon as there is one."""
        return self.pool.submit(self._run, work)

    def _run(self, work: Callable[[Adapter], T]) -> T:
        session = self.free.get()
        try:
            return work(session)
        finally:
            self.free.put(session)


def open_sessions(adapter: Adapter, count: int) -> Sequence[Adapter]:
    """Opens ``count`` sessions, at least one, on the database of ``adapter``."""
    return [adapter.session() for _ in range(max(count, 1))]


@contextmanager
def open_workers(sessions: Sequence[Adapter]) -> Iterator[Workers]:
    """Gives a worker for each session, and closes the sessions at the end.

    When the block raises (Ctrl-C, say), what runs is interrupted and what waits is dropped.
    """
    free: SimpleQueue[Adapter] = SimpleQueue()
    for session in sessions:
        free.put(session)
    pool = ThreadPoolExecutor(len(sessions), thread_name_prefix="worker")
    try:
        yield Workers(len(sessions), pool, free)
    except BaseException:
        for session in sessions:
            session.interrupt()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for session in sessions:
            session.close()
