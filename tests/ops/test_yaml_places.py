"""Words and lines are found in the entry of a YAML file that an error is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.core.span import Span
from kpi_runner.ops.yaml_places import find_line, find_word

TEXT = """\
models:
  - name: fct_orders
    columns:
      - name: order_id
        data_tests:
          - relationships:
              arguments: {to: ref('customers'), field: idd}
      - name: amount
        data_tests: [not_null]
    data_tests:
      - expression:
          arguments:
            sql: |
              amount > 0
                and idd < 3
"""
RELATIONSHIPS, NOT_NULL = Span("m.yml", 6, 13), Span("m.yml", 9, 22)
EXPRESSION = Span("m.yml", 11, 9)


@pytest.mark.parametrize(
    ("entry", "words", "owner", "expected"),
    [
        (RELATIONSHIPS, ["idd"], "", "m.yml:7:56"),
        (RELATIONSHIPS, ["nothing", "customers"], "order_id", "m.yml:7:36"),
        (NOT_NULL, ["amount"], "amount", "m.yml:8:15"),
        (NOT_NULL, ["idd"], "amount", "m.yml:9:22"),
        (EXPRESSION, ["idd"], "", "m.yml:15:21"),
        (Span("m.yml", 2, 11), ["idd"], "", "m.yml:7:56"),
    ],
)
def test_a_word_is_found_below_its_entry_or_at_its_owner(
    tmp_path: Path, entry: Span, words: list[str], owner: str, expected: str
) -> None:
    (tmp_path / "m.yml").write_text(TEXT)

    found = find_word(tmp_path, entry, words=words, owner=owner)

    assert str(found) == expected


def test_a_line_of_sql_is_found_with_its_column(tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text(TEXT)

    found = find_line(tmp_path, EXPRESSION, line="  and idd < 3", column=7)

    assert str(found) == "m.yml:15:21"
    assert find_line(tmp_path, EXPRESSION, line="and nothing", column=1) is None
