"""The shop is clean under its own rules, and laid out as `kpi fmt` writes it."""

from __future__ import annotations

import re

from kpi_runner.core.codes import CODES
from kpi_runner.ops.fmt import FormatRequest, fmt
from kpi_runner.ops.lint import lint
from kpi_runner.ops.options import Options
from tests.kit import ROOT

SHOP = Options(project_dir=ROOT)


def test_the_shop_breaks_none_of_its_rules() -> None:
    assert [f"{one.span} {one.code} {one.message}" for one in lint(SHOP).diagnostics] == []


def test_the_shop_is_laid_out() -> None:
    assert fmt(SHOP, FormatRequest(diff=True)).patch == ""


def test_the_style_guide_names_the_code_of_every_rule() -> None:
    guide = (ROOT / "models/README.md").read_text(encoding="utf-8")

    assert sorted(set(re.findall(r"K8\d\d", guide))) == [c for c in CODES if c.startswith("K8")]
