"""No single operation of a template makes a value without bounds."""

from __future__ import annotations

import pytest

from kpi_runner.template.bounds import BoundedSandbox


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10 ** 9 }}",
        "{{ 10 ** 9 * [1] }}",
        "{{ 10 ** (10 ** 8) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ 'x' | center(10 ** 9) }}",
        "{{ 'x\\ny' | indent(width=10 ** 9) }}",
        "{{ [1] | batch(10 ** 9, 0) | list }}",
    ],
)
def test_what_would_be_too_large_is_refused(text: str) -> None:
    with pytest.raises(OverflowError, match="would be too large"):
        BoundedSandbox().from_string(text).render()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 'ab' * 3 }}", "ababab"),
        ("{{ 2 ** 10 }}", "1024"),
        ("{{ 2.5 * 2 }}", "5.0"),
        ("{{ '%05d' % 7 }}", "00007"),
        ("{{ '%s' | format(1234567) }}", "1234567"),
        ("{{ 'x' | center(5) }}", "  x  "),
        ("{{ 7 % 4 }}", "3"),
    ],
)
def test_everything_else_is_as_in_jinja(text: str, expected: str) -> None:
    assert BoundedSandbox().from_string(text).render() == expected
