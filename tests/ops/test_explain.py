"""`kpi explain`: the page of each code."""

from __future__ import annotations

import pytest

from kpi_runner.core.codes import CODES
from kpi_runner.core.errors import UsageError
from kpi_runner.ops.explain import explain


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_page_that_fits_a_terminal(code: str) -> None:
    lines = explain(code.lower()).split("\n")

    assert lines[0] == f"{code}: {CODES[code].title}"
    assert max(map(len, lines)) <= 88
    assert f"{CODES[code].exit_status}" in lines[-1]


def test_without_a_code_all_are_listed() -> None:
    assert [line[:4] for line in explain().split("\n")] == sorted(CODES)


def test_an_unknown_code_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        explain("K2O1")

    assert "'K201'" in caught.value.diagnostics[0].hint
