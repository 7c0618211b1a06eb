"""No single operation of a template makes a value without bounds."""

from __future__ import annotations

import pytest

from kpi_runner.template.bounds import BoundedSandbox
from kpi_runner.template.steps import STEP


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
        "{{ ['x' * 1000] * 99999 }}",
        "{{ '%*d' % (10 ** 9, 1) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=10 ** 9) }}",
        "{{ '1'.zfill(10 ** 9) }}",
        "{% set pad = 'x'.ljust %}{{ pad(10 ** 9) }}",
        "{{ ['x'] | map('center', 10 ** 9) | list }}",
        "{{ '\t'.expandtabs(10 ** 9) }}",
        "{{ ('x' * 9999).replace('x', 'y' * 9999) }}",
        "{{ ('x' * 9999) | replace('x', 'y' * 9999) }}",
        "{{ ('y' * 9999).join(['x'] * 9999) }}",
        "{{ (['x'] * 9999) | join('y' * 9999) }}",
        "{{ 'x' * 9999999 ~ 'x' * 9999999 }}",
        "{{ 'x' * 9999999 + 'x' * 9999999 }}",
        "{{ range(10 ** 9) }}",
    ],
)
def test_what_would_be_too_large_is_refused(text: str) -> None:
    with pytest.raises(OverflowError, match=r"too (large|big)"):
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
        ("{{ 1 + 2 }}{{ [1] + [2] }}", "3[1, 2]"),
        ("{{ 'a' ~ 1 ~ none }}", "a1None"),
        ("{{ '{:>4}|{n}'.format(7, n='x') }}", "   7|x"),
        ("{{ ['a', 'b'] | map('upper') | join('-') }}", "A-B"),
        ("{{ ', '.join(['a', 'b'] | map('upper')) }}", "A, B"),
        ("{{ 'a-b'.replace('-', '+') }}", "a+b"),
        ("{{ ['a', 'b'] | join(d='-') }}{{ 'ab' | replace(old='a', new='c') }}", "a-bcb"),
        ("{{ [1, 2, 3] | batch(2, 'x') | list }}", "[[1, 2], [3, 'x']]"),
        ("{{ [1, 2] | slice(slices=2) | list }}", "[[1], [2]]"),
        ("{{ 2.345 | round(1, 'floor') }}", "2.3"),
    ],
)
def test_everything_else_is_as_in_jinja(text: str, expected: str) -> None:
    assert BoundedSandbox().from_string(text).render() == expected


def test_many_large_values_count_as_work() -> None:
    counted: list[int] = []
    text = "{% for i in range(3) %}{% set x = 'x' * 10 ** 6 %}{% endfor %}"

    BoundedSandbox().from_string(text).render({STEP: counted.append})

    assert counted == [100, 100, 100]
