"""What a text of YAML stands for: a lone expression keeps its type, all else is text."""

from __future__ import annotations

from typing import Any

import pytest

from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.template.context import build_settings_context
from kpi_runner.template.evaluate import evaluate
from kpi_runner.template.templates import SqlTemplates

CONTEXT = build_settings_context(
    {"days": 30, "is_on": True, "names": ["a", "b"], "text": "7"}, {"PORT": "5432", "ON": "true"}
)
VALUES: dict[str, Any] = {
    "{{ var('days') }}": 30,
    " {{- var('is_on') -}} ": True,
    "{{ var('names') }}": ["a", "b"],
    "{{ {'a': var('days')} }}": {"a": 30},
    "{{ var('none', none) }}": None,
    "{{ env_var('PORT') }}": "5432",
    "{{ env_var('PORT') | as_number }}": 5432,
    "{{ env_var('ON') | as_bool }}": True,
    "{{ var('text') | as_native }}": 7,
    "{{ var('text') | as_text }}": "7",
    "{{ var('days') }} days": "30 days",
    "{{ var('days') }}{{ var('text') }}": "307",
    "{% if var('is_on') %}on{% endif %}": "on",
}


@pytest.mark.parametrize("text", VALUES)
def test_a_text_stands_for_its_value(text: str) -> None:
    value = evaluate(SqlTemplates({}), text, path="a.yml", context=CONTEXT)

    assert value == VALUES[text]
    assert type(value) is type(VALUES[text])


@pytest.mark.parametrize(
    ("text", "code"),
    [("{{ nothing }}", "K302"), ("{{ var('nothing') }}", "K304"), ("{{ 1 + }}", "K301")],
)
def test_a_mistake_has_its_code(text: str, code: str) -> None:
    with pytest.raises(ProjectInvalid) as caught:
        evaluate(SqlTemplates({}), text, path="a.yml", context=CONTEXT)

    assert [found.code for found in caught.value.diagnostics] == [code]
