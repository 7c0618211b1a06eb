"""Every published KPI value agrees with a second computation in plain Python, row for row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests import oracle
from tests.kit import ROOT
from tests.oracle.shops import SHOPS, write_shop
from tests.shop_build import Key, Value, build_shop, published_values

pytestmark = pytest.mark.slow

CANON = ROOT / "tests" / "fixtures" / "canon" / "raw"
EMBEDDED = ROOT / "seeds" / "raw"
SHOWN = 3
TOLERANCE = 1e-9
# Two searches for the parameters of a prediction end beside each other, not on one point.
FITTED = {"clv_predicted": 1e-3, "ltv_cac": 1e-3, "allowable_cac": 1e-3}

Both = tuple[dict[Key, oracle.Value], dict[Key, Value]]


@dataclass(frozen=True)
class Case:
    """Raw tables, the last day that counts, and what is set."""

    raw: Path
    as_of: date
    variables: Mapping[str, object]
    settings: oracle.Settings


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((CANON, date(2026, 4, 30), 1), id="canon"),
        pytest.param((CANON, date(2026, 3, 25), 1), id="canon-cut-before-the-last-return"),
        pytest.param((EMBEDDED, date(2026, 10, 30), 5), id="embedded-shop"),
        pytest.param((EMBEDDED, date(2026, 4, 15), 5), id="embedded-shop-cut-in-mid-month"),
        *(pytest.param(name, id=f"edge-shop-{name}") for name in SHOPS),
        *(
            pytest.param((name, shop.cut), id=f"edge-shop-{name}-cut-early")
            for name, shop in SHOPS.items()
            if shop.cut
        ),
    ],
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """All rows as the oracle works them out, and all rows as the build publishes them."""
    folder = tmp_path_factory.mktemp("shop")
    case = _case(request.param, folder)
    variables = json.dumps(dict(case.variables))
    arguments = ("--as-of", case.as_of.isoformat(), "--vars", variables)
    database = build_shop(folder, *arguments, raw=case.raw)
    return oracle.oracle(case.raw, case.as_of, case.settings), published_values(database)


def _case(param: str | tuple[str, date] | tuple[Path, date, int], folder: Path) -> Case:
    if isinstance(param, str):
        param = (param, SHOPS[param].as_of)
    if len(param) == 2:
        name, as_of = param
        shop = write_shop(name, folder / "raw")
        return Case(folder / "raw", as_of, shop.variables, shop.settings)
    raw, as_of, pairs = param
    settings = oracle.Settings(affinity_min_orders=pairs)
    return Case(raw, as_of, {"affinity_min_orders": pairs}, settings)


def test_both_know_the_same_kpis_and_dimensions(both: Both) -> None:
    expected, found = both

    assert _families(expected) == _families(found)


def test_both_have_the_same_rows(both: Both) -> None:
    expected, found = both

    missing = _summary(dict.fromkeys(expected.keys() - found.keys(), "only the oracle has it"))
    extra = _summary(dict.fromkeys(found.keys() - expected.keys(), "only the build has it"))

    assert not missing + extra, missing + extra


def test_both_have_the_same_values_and_reasons(both: Both) -> None:
    expected, found = both

    differences = _summary(
        {
            key: f"oracle {expected[key]}, build {found[key]}"
            for key in expected.keys() & found.keys()
            if not _agree(expected[key], found[key], FITTED.get(key[0], TOLERANCE))
        }
    )

    assert not differences, differences


def _agree(expected: oracle.Value, found: Value, tolerance: float) -> bool:
    if expected[0] is None or found[0] is None:
        return expected == found
    return found[1] is None and found[0] == pytest.approx(
        float(expected[0]), rel=tolerance, abs=TOLERANCE
    )


def _families(rows: Iterable[Key]) -> set[tuple[str, str, str]]:
    return {(kpi, variant, dimension) for kpi, variant, _, _, dimension, _ in rows}


def _summary(differences: Mapping[Key, str]) -> str:
    """How many rows of each KPI, grain and dimension differ, and the first few of them."""
    families: dict[tuple[str, ...], list[str]] = {}
    for key in sorted(differences):
        kpi, variant, grain, start, dimension, segment = key
        line = f"    {start} {segment}: {differences[key]}"
        families.setdefault((kpi, variant, grain, dimension), []).append(line)
    parts = [
        "\n".join([f"{len(lines)} of {family}", *lines[:SHOWN]])
        for family, lines in families.items()
    ]
    return "".join(f"{part}\n" for part in parts)
