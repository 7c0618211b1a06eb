"""Writing files: line ends, folders, and what the machine refuses."""

from __future__ import annotations

import errno
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from kpi_runner.core.errors import MachineFailed
from kpi_runner.run.files import (
    copy_file,
    machine_diagnostic,
    remove_tree,
    write_rows_as_parquet,
    write_text,
)


def test_text_is_written_as_utf8_with_plain_line_ends_in_new_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "é\n")

    assert (tmp_path / "a" / "b.txt").read_bytes() == b"\xc3\xa9\n"


def test_a_copy_has_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x00\r\n")

    copy_file(tmp_path / "a", tmp_path / "new" / "b")

    assert (tmp_path / "new" / "b").read_bytes() == b"\x00\r\n"


def test_a_folder_is_removed_with_its_content(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "c", "")

    remove_tree(tmp_path / "a")

    assert not (tmp_path / "a").exists()


CODES = [
    (OSError(errno.ENOSPC, "No space left on device"), "K702"),
    (OSError(errno.EROFS, "Read-only file system"), "K703"),
    (PermissionError(errno.EACCES, "Permission denied"), "K703"),
    (MemoryError(), "K704"),
    (FileNotFoundError(errno.ENOENT, "No such file"), "K703"),
    (ValueError(), None),
]


@pytest.mark.parametrize(("error", "code"), CODES)
def test_only_refusals_of_the_machine_have_a_code(error: Exception, code: str | None) -> None:
    diagnostic = machine_diagnostic(error)

    assert (diagnostic.code if diagnostic else None) == code


def test_a_refusal_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "a.txt")

    monkeypatch.setattr(Path, "write_text", refuse)

    with pytest.raises(MachineFailed, match=r"K703: 'a\.txt': permission denied"):
        write_text(tmp_path / "a.txt", "")


def test_values_become_a_typed_parquet_file_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    rows = [
        {"kpi": "aov", "period_start": "2026-03-01", "channel": "it's", "value": 80.5},
        {"kpi": "aov", "period_start": "2026-04-01T09:00:00", "channel": None, "value": None},
    ]

    write_rows_as_parquet(rows, tmp_path / "a.parquet")

    found = duckdb.sql(f"describe from '{tmp_path}/a.parquet'").fetchall()
    assert [row[:2] for row in found] == [
        ("kpi", "VARCHAR"),
        ("period_start", "TIMESTAMP"),
        ("channel", "VARCHAR"),
        ("value", "DOUBLE"),
    ]
    assert duckdb.sql(f"from '{tmp_path}/a.parquet'").fetchall() == [
        ("aov", datetime(2026, 3, 1), "it's", 80.5),
        ("aov", datetime(2026, 4, 1, 9), None, None),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_no_value_is_an_empty_parquet_file(tmp_path: Path) -> None:
    write_rows_as_parquet((), tmp_path / "a.parquet")

    found = duckdb.sql(f"select count(*), sum(value) from '{tmp_path}/a.parquet'").fetchall()
    assert found == [(0, None)]
