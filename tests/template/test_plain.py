"""What is rendered without Jinja is what Jinja renders, and most templates are."""

from __future__ import annotations

import random
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest
import yaml

from kpi_runner.core.names import Relation
from kpi_runner.load.macros import read_macros
from kpi_runner.template.context import Context, Names, build_context
from kpi_runner.template.render import render
from kpi_runner.template.templates import Rendering, SqlTemplates

ROOT = Path(__file__).parents[2]
CASES = yaml.safe_load((ROOT / "tests/cases/render/plain.yml").read_text("utf-8"))
MUTANTS = 3000

MACROS = "{% macro cents(column, digits=2) %}round({{ column }} / 100, {{ digits }}){% endmacro %}"


def context() -> Context:
    names = Names(
        ref=lambda name: f"core.{name}",
        source=lambda source, table: f"raw_{source}.{table}",
        kpis=lambda area: f"select '{area}'",
        this=Relation("core", "fct_orders"),
        target={"name": "dev", "type": "duckdb"},
        variables={"days": 28, "statuses": ["placed", "paid"], "none": None, "map": {"a": 1}}
        | SHOP_VARIABLES,
        as_of_date="date '2026-04-30'",
        as_of_end="timestamp '2026-04-30 22:00:00'",
        is_incremental=True,
    )
    found = build_context(names)
    return Context({**found.values, "text": "a", "number": 3, "list": [1, 2], "empty": []})


def templates(macros: str = MACROS) -> SqlTemplates:
    return SqlTemplates({macro.name: macro for macro in read_macros(macros, "macros/m.sql")})


SHOP_MACROS = "".join(path.read_text("utf-8") for path in (ROOT / "macros").rglob("*.sql"))
SHOP_VARIABLES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["kpi"]["vars"]
TEMPLATES = templates(MACROS + SHOP_MACROS)


def by_jinja(raw: str) -> str:
    return without_addresses(Rendering(TEMPLATES, context().values).text(raw, "m.sql"))


def plainly(raw: str) -> str | None:
    text = Rendering(TEMPLATES, context().values).plain_text(raw)
    return None if text is None else without_addresses(text)


def without_addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "", text)  # a template may print a function


@pytest.mark.parametrize("raw", CASES["plain"])
def test_plain_templates_give_the_text_of_jinja(raw: str) -> None:
    assert plainly(raw) == by_jinja(raw)


@pytest.mark.parametrize("raw", CASES["not_plain"])
def test_what_is_more_than_plain_is_left_to_jinja(raw: str) -> None:
    assert plainly(raw) is None


def test_the_models_of_the_shop_are_plain_and_give_the_text_of_jinja() -> None:
    models = [path.read_text("utf-8") for path in sorted((ROOT / "models").rglob("*.sql"))]

    rendered = {raw: text for raw in models if (text := plainly(raw)) is not None}

    assert len(rendered) > len(models) * 0.95
    assert rendered == {raw: by_jinja(raw) for raw in rendered}


def mutants() -> Iterator[str]:
    """Templates of which one or two pieces were lost, repeated or taken from another."""
    rng = random.Random(7)
    pieces = [re.findall(r"\w+|\s+|\W", raw) for raw in (*CASES["plain"], *CASES["not_plain"])]
    others = [piece for template in pieces for piece in template]
    for _ in range(MUTANTS):
        mutant = list(rng.choice(pieces))
        for _ in range(rng.choice((1, 1, 2))):
            place = rng.randrange(len(mutant) + 1)
            mutant[place : place + rng.randrange(3)] = rng.choices(others, k=rng.randrange(3))
        yield "".join(mutant)


def test_a_mutated_template_is_rendered_as_by_jinja_or_not_at_all() -> None:
    rendered = {raw: text for raw in mutants() if (text := plainly(raw)) is not None}

    assert len(rendered) > MUTANTS / 10
    assert rendered == {raw: by_jinja(raw) for raw in rendered}


def test_a_template_that_only_jinja_can_finish_begins_anew() -> None:
    raw = "{{ config.get('x', 'unset') }}{{ config(x='set') }}{{ number + 1 }}"
    failing = raw.replace("number + 1", "cents(1)").replace("config.get('x', 'unset')", "old()")
    macros = "{% macro old() %}{{ config.get('x', 'unset') }}{% endmacro %}"
    macros += "{% macro cents(n) %}{{ missing|default(n) }}{% endmacro %}"
    late = failing + "{% for x in ref %}{% else %}{% endfor %}"

    assert render(templates(), raw, path="m.sql", context=context()) == "unset4"
    assert render(templates(macros), failing, path="m.sql", context=context()) == "unset1"
    assert plainly(late) is None


def test_loops_without_end_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpi_runner.template.steps._MAX_STEPS", 3)

    assert plainly("{% for x in list %}{% for y in list %}{{ y }}{% endfor %}{% endfor %}") is None


WITHOUT_JINJA = """
import sys
from kpi_runner.template.context import Names, build_context
from kpi_runner.template.evaluate import evaluate
from kpi_runner.template.render import render
from kpi_runner.template.templates import SqlTemplates

about = {"path": "m.sql"}
about["context"] = build_context(Names(ref=str, source=max, kpis=str, variables={"v": [1, 2]}))
raw = "{{ config(a=1) }}{% for x in var('v') %}{{ x }}{% endfor %}{{ ref('a') }}"
assert render(SqlTemplates({}), raw, **about) == "12a"
assert evaluate(SqlTemplates({}), "{{ var('v') }}", **about) == [1, 2]
sys.exit("jinja2" in sys.modules)
"""


def test_plain_templates_are_rendered_without_jinja() -> None:
    assert run([sys.executable, "-c", WITHOUT_JINJA], cwd=ROOT, check=False).returncode == 0
