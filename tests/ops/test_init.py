"""`kpi init`: a whole project in a new folder, and nothing overwritten."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from kpi_runner.core.errors import UsageError
from kpi_runner.ops.init import find_template, init
from tests.kit import ROOT


def test_a_new_project_holds_the_shop_under_its_own_name(tmp_path: Path) -> None:
    report = init(tmp_path / "My Shop")

    made = tmp_path / "My Shop"
    settings = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
    assert report.exit_code == 0
    assert settings["tool"]["kpi"]["name"] == "my_shop"
    assert settings.keys() == {"tool"} and settings["tool"].keys() == {"kpi"}
    assert (made / "models/marts/core/fct_orders.sql").read_bytes() == (
        ROOT / "models/marts/core/fct_orders.sql"
    ).read_bytes()
    assert "warehouse" in (made / ".gitignore").read_text(encoding="utf-8")
    assert "kpi build" in (made / "README.md").read_text(encoding="utf-8")


def test_every_file_of_the_shop_is_copied(tmp_path: Path) -> None:
    init(tmp_path / "shop")

    for folder in ("macros", "models", "seeds", "tests/data"):
        wanted = {p.relative_to(ROOT) for p in (ROOT / folder).rglob("*") if p.is_file()}
        copied = {
            p.relative_to(tmp_path / "shop")
            for p in (tmp_path / "shop" / folder).rglob("*")
            if p.is_file()
        }
        assert copied == wanted


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    init(tmp_path)

    assert (tmp_path / "pyproject.toml").is_file()


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(UsageError, match="K007"):
        init(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_installed_package_brings_its_own_template(tmp_path: Path) -> None:
    package = tmp_path / "kpi_runner"
    (package / "shop").mkdir(parents=True)
    assert find_template(package) == tmp_path

    (package / "shop" / "models").mkdir()
    assert find_template(package) == package / "shop"
