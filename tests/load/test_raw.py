from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.core.names import Relation
from kpi_runner.core.node import Source
from kpi_runner.load.raw import find_raw_files

ORDERS = Source(
    id="source.shop.shopify.orders",
    source="shopify",
    name="orders",
    relation=Relation("raw_shopify", "orders"),
)


def find(root: Path, *paths: str) -> tuple[dict[str, str], list[str]]:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    files, found = find_raw_files(str(root / "raw"), {ORDERS.id: ORDERS}, root=root)
    return {node: file.display for node, file in files.items()}, [d.code for d in found]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "jsonl", "jsonl.gz", "sql"])
def test_each_format_is_found(tmp_path: Path, ending: str) -> None:
    path = f"raw/shopify/orders.{ending}"

    assert find(tmp_path, path) == ({ORDERS.id: path}, [])


def test_two_files_of_one_table_are_an_error(tmp_path: Path) -> None:
    assert find(tmp_path, "raw/shopify/orders.csv", "raw/shopify/orders.sql")[1] == ["K906"]


def test_file_of_no_declared_table_is_a_warning(tmp_path: Path) -> None:
    assert find(tmp_path, "raw/shopify/ordres.csv", "raw/shopify/README.md") == ({}, ["K911"])


def test_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    assert find(tmp_path) == ({}, ["K909"])


def test_place_that_is_no_folder_is_an_error() -> None:
    _, (found,) = find_raw_files("s3://bucket/raw", {}, root=Path())

    assert (found.code, found.message) == ("K909", "'s3://bucket/raw' is not a folder")
