"""Keeps the rows that break data tests with ``store_failures``: one table for all tests, private.

Holds what the latest run of each test found, each row as JSON, with what it belongs to.
"""

from __future__ import annotations

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import create_schema, literal
from kpi_runner.core.names import Relation, quote_text
from kpi_runner.run.checks import Check
from kpi_runner.run.clock import now
from kpi_runner.run.state import SCHEMA

FAILURES = Relation(SCHEMA, "test_failures")
_COLUMNS = (
    "test varchar, node varchar, invocation_id varchar, checked_at varchar, "
    "row_number bigint, failing_row json"
)


def prepare_failures(adapter: Adapter) -> None:
    """Makes the table where it is missing."""
    adapter.execute(create_schema(SCHEMA))
    adapter.execute(f"create table if not exists {FAILURES.sql} ({_COLUMNS})")


def store_failures(adapter: Adapter, check: Check, *, invocation_id: str) -> None:
    """Replaces what is stored of a test by the rows that break it now, in one transaction.

    Args:
        adapter: a session.
        check: the test; ``rows`` gives them.
        invocation_id: of the command, as in run_results.json.
    """
    values = ", ".join(map(literal, (check.name, check.subject or None, invocation_id, now())))
    with adapter.transaction():
        adapter.execute(f"delete from {FAILURES.sql} where test = {quote_text(check.name)}")
        adapter.execute(
            f"insert into {FAILURES.sql}\nselect {values}, row_number() over (), "
            f"to_json(failing)\nfrom (\n{check.rows}\n) as failing"
        )
