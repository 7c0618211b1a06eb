"""Files of a project: which are found, in which order, and how they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.load.discover import discover_files, read_text


def test_files_are_found_below_folders_in_order(tmp_path: Path) -> None:
    for name in ("m/b.sql", "m/a/c.sql", "m/a.yml", "m/.hidden/d.sql", "m/target/e.sql", "k.yml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")

    sql = discover_files(tmp_path, ("m", "missing"), endings=(".sql",))
    yaml = discover_files(tmp_path, ("m", "k.yml"), endings=(".yml", ".yaml"))

    assert [(file.path, file.stem, file.size) for file in sql] == [
        ("m/a/c.sql", "c", 1),
        ("m/b.sql", "b", 1),
    ]
    assert [file.path for file in yaml] == ["k.yml", "m/a.yml"]


def test_text_is_read_without_mark_and_carriage_returns(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"\xef\xbb\xbfselect 1\r\nfrom t")

    assert read_text(tmp_path, "a.sql") == "select 1\nfrom t"


def test_bytes_that_are_not_utf8_have_a_place(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes("select 1,\n  'é', 'Stra".encode() + b"\xdfe'")

    with pytest.raises(ProjectInvalid) as caught:
        read_text(tmp_path, "a.sql")

    (found,) = caught.value.diagnostics
    assert (found.code, str(found.span)) == ("K107", "a.sql:2:13")


def test_file_that_is_gone_is_a_mistake_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ProjectInvalid, match="K107"):
        read_text(tmp_path, "gone.sql")
