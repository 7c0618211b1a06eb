"""Writing files: line ends, folders, and what the machine refuses."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from kpi_runner.core.errors import MachineFailed
from kpi_runner.run.files import copy_file, machine_diagnostic, remove_tree, write_text


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
    (FileNotFoundError(errno.ENOENT, "No such file"), None),
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
