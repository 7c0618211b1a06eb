from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from kpi_runner.adapters.failures import disk_failure, opening_failure, translate_failure
from kpi_runner.core.errors import MachineFailed, SqlFailed

DATABASE = Path(".kpi/work.duckdb")
LOCKED = (
    'IO Error: Could not set lock on file "/x/.kpi/work.duckdb": Conflicting lock is held in '
    "/usr/bin/python3 (PID 999999999). See also https://duckdb.org"
)


def as_json(kind: str, message: str, **fields: str) -> str:
    return f"{kind} Error: " + json.dumps(
        {"exception_type": kind, "exception_message": message, **fields}
    )


def test_mistake_in_sql_keeps_words_kind_place_and_candidates() -> None:
    text = as_json("Binder", 'no "aa"!\nCandidate bindings: "ab"', position="7", candidates="ab")

    failure = translate_failure("BinderException", text, database=DATABASE)

    assert isinstance(failure, SqlFailed)
    assert (failure.message, failure.kind) == ('no "aa"!', "binder")
    assert (failure.position, failure.candidates) == (7, ("ab",))


def test_missing_file_in_a_query_is_a_mistake_in_the_sql() -> None:
    text = as_json("IO", "No files found that match the pattern", position="14")

    assert isinstance(translate_failure("IOException", text, database=DATABASE), SqlFailed)


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("OutOfMemoryException", "could not allocate block", "K704"),
        ("FatalException", "database has been invalidated", "K705"),
        ("IOException", 'Could not write file "/x/a.duckdb": No space left on device', "K702"),
        ("IOException", 'Cannot open file "/x/a.duckdb": Permission denied', "K703"),
        ("IOException", 'Cannot open file "/x/a.duckdb": Read-only file system', "K703"),
    ],
)
def test_failure_of_the_machine_while_a_statement_runs(name: str, message: str, code: str) -> None:
    failure = translate_failure(name, as_json("IO", message), database=DATABASE)

    assert isinstance(failure, MachineFailed)
    assert failure.diagnostics[0].code == code
    assert message in failure.diagnostics[0].notes


def test_full_disk_names_the_file_that_could_not_be_written() -> None:
    text = as_json("IO", 'Could not write file "/x/.warehouse.tmp": No space left on device')

    failure = translate_failure("IOException", text, database=DATABASE)

    assert isinstance(failure, MachineFailed)
    assert failure.diagnostics[0].message == "no space is left to write '.warehouse.tmp'"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LOCKED, "K701"),
        ('IO Error: The file "a" exists, but it is not a valid DuckDB database file!', "K705"),
        ("IO Error: Trying to read a database file with version number 999", "K706"),
        ('IO Error: Cannot open file "a": Permission denied', "K703"),
        ("IO Error: something else", "K705"),
    ],
)
def test_failure_to_open(text: str, code: str) -> None:
    assert opening_failure("IOException", text, database=DATABASE).diagnostics[0].code == code


def test_lock_says_who_holds_it_and_what_to_do() -> None:
    (found,) = opening_failure("IOException", LOCKED, database=DATABASE).diagnostics

    assert found.message == "process 999999999 holds 'work.duckdb'"
    assert "kill 999999999" in found.hint
    assert found.notes == ("it runs /usr/bin/python3",)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "K702"),
        (errno.EDQUOT, "K702"),
        (errno.EROFS, "K703"),
        (errno.EACCES, "K703"),
        (errno.EIO, "K705"),
    ],
)
def test_failure_of_a_file_operation(number: int, code: str) -> None:
    assert disk_failure(OSError(number, "x"), Path("a")).diagnostics[0].code == code


def test_a_file_to_read_that_somebody_may_write_is_no_matter_of_waiting() -> None:
    (found,) = opening_failure(
        "IOException", LOCKED, database=Path("warehouse.duckdb"), is_reading=True
    ).diagnostics

    assert found.code == "K701"
    assert "has opened 'warehouse.duckdb' for writing" in found.message
    assert "read_only=True" in found.hint
    assert "can be read at any time" not in found.hint
