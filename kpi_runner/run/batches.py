"""Runs one batch of a step inside an open transaction.

Looks up what only the database knows (the columns, what a guard finds) and leaves to ``plan``
what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.batch import Guard, Increment, Snapshot
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, SqlFailed
from kpi_runner.core.fit import Fit
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column
from kpi_runner.core.plan import Batch, Statement
from kpi_runner.plan.incremental import increment_statements, refuse_unknown
from kpi_runner.plan.snapshot import snapshot_statements
from kpi_runner.run.fit import run_fit


class Work:
    """The batches of a step in one session: what runs right now, and how many rows it was about.

    ``statement`` is the one to blame when the database raises; ``rows`` is None where no
    statement has counted any; ``warnings`` tell what is odd in what was made.
    """

    def __init__(self, session: Adapter) -> None:
        self._session = session
        self.statement = Statement("")
        self.rows: int | None = None
        self.warnings: tuple[Diagnostic, ...] = ()

    def do(self, batch: Batch) -> None:
        """Runs a batch; raises SqlFailed, and RunFailed for what its rows do wrong."""
        counted = self._execute(batch.statements)
        if batch.named:
            refuse_unknown(batch.named, self._columns(batch.named.relation))
        for guard in batch.guards:
            self._refuse(guard)
        if batch.apply:
            applied = self._execute(map(Statement, self._applied(batch.apply)))
            is_counted = isinstance(batch.apply, Increment)  # by its new rows, not those replaced
            counted = counted if is_counted else max(counted, applied)
        self._execute(batch.after)
        for guard in batch.holds:
            self._hold(guard)
        if counted >= 0:
            self.rows = (self.rows or 0) + counted

    def _execute(self, statements: Iterable[Statement]) -> int:
        counted = -1
        for self.statement in statements:
            counted = max(counted, self._session.execute(self.statement.sql))
        return counted

    def _refuse(self, guard: Guard) -> None:
        self.statement = Statement(guard.sql)
        rows = self._session.query(guard.sql).dicts
        if not rows:
            return
        more = rows[0]["total"] - len(rows)
        found = "; ".join(str(row["found"]) for row in rows) + f" and {more} more" * (more > 0)
        message = f"{guard.message}: {found}"
        raise RunFailed(Diagnostic(guard.code, message, guard.span, guard.hint))

    def _hold(self, guard: Guard) -> None:
        """Refuses what breaks a constraint, of which the SQL may be wrong itself."""
        try:
            self._refuse(guard)
        except SqlFailed as error:
            said = error.message.partition("\n")[0]
            message = f"the constraint cannot be checked: {said}"
            raise RunFailed(Diagnostic("K710", message, guard.span)) from error

    def _applied(self, change: Increment | Snapshot | Fit) -> tuple[str, ...]:
        if isinstance(change, Fit):
            self.statement = Statement(change.sql, prefix_bytes=0)
            outcome = run_fit(self._session, change)
            self.warnings += outcome.warnings
            return outcome.statements
        batch = self._columns(change.batch)
        if isinstance(change, Increment):
            return increment_statements(change, target=self._columns(change.target), batch=batch)
        target = () if change.is_new else self._columns(change.target)
        return snapshot_statements(change, target=target, batch=batch)

    def _columns(self, relation: Relation) -> tuple[Column, ...]:
        return self._session.describe(f"select * from {relation.sql}")
