"""`docs/kpis.md` tells every KPI of the shop; `--update-golden` writes it anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kpi_runner.load.project import load_project
from tests.kit import ROOT
from tests.kpis_page import UNSAID, kpis_page

PAGE = ROOT / "docs/kpis.md"


@pytest.fixture(scope="module")
def page() -> str:
    return kpis_page(load_project(ROOT))


def test_the_page_of_kpis_is_current(golden: Callable[[Path, str], None], page: str) -> None:
    golden(PAGE, page)


def test_no_cell_of_it_is_empty(page: str) -> None:
    heading, unsaid = "", []
    for line in page.split("\n"):
        heading = line if line.startswith("### ") else heading
        if UNSAID in line or re.search(r"\|\s*\|", line):
            unsaid.append(f"{heading.rpartition(' ')[2]} {line}"[:160])

    assert not unsaid


def test_every_published_variant_has_its_definition(page: str) -> None:
    kpis = [kpi for kpi in load_project(ROOT).kpis.values() if not kpi.is_hidden]

    missing = [v.id for kpi in kpis for v in kpi.variants if f"\n`{v.id}`: " not in page]

    assert not missing
