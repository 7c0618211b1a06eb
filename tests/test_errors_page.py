"""`docs/errors.md` lists every code with its page; `--update-golden` writes it anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from kpi_runner.core.codes import CODES
from kpi_runner.ops.explain import explain, read_pages
from tests.kit import ROOT

PAGE = ROOT / "docs/errors.md"
INTRODUCTION = """\
# Errors

Every mistake has a code, the file with line and column, the line itself, and a hint. All that is
found is shown at once. `kpi explain K201` prints the page of a code; this is all of them.

```
error[K201]: model 'fct_orders' refers to unknown model 'stg_order'
  --> models/fct_orders.sql:1:23
   |
 1 | select * from {{ ref('stg_order') }}
   |                       ^^^^^^^^^
   = help: Did you mean 'stg_orders'?
```

The place is where a person has to look. What the database says of compiled SQL is told in the
template: through loops, macros of other files, `{% set %}` blocks and ephemeral parents, in the
view that holds a failing cast, in the expression of `kpis.yml` behind a mart, in the YAML of a
test. With `--log-format json` the same fields come as data.

The exit status is the highest that its errors call for: 1 a check failed, or raw data or SQL
failed while running; 2 wrong usage; 3 the project is invalid, told before anything runs; 4 the
database or the machine failed. A code of status 0 is a warning.

What a traceback shows is a mistake of ours: please report it.
"""
FAMILIES = {
    "K0": "The command line",
    "K1": "Files, YAML, configuration",
    "K2": "Names and references",
    "K3": "Templates",
    "K4": "SQL",
    "K5": "KPIs",
    "K6": "Plan and state",
    "K7": "Database and machine",
    "K8": "Lint",
    "K9": "Raw data and checks",
}


def test_the_page_of_errors_is_current(golden: Callable[[Path, str], None]) -> None:
    golden(PAGE, errors_page())


def test_every_code_but_those_of_lint_has_a_page_of_two_sentences() -> None:
    pages = read_pages()

    short = [code for code, page in pages.items() if len(re.findall(r"[.:] |[.]\n", page)) < 2]

    assert sorted(pages) == sorted(code for code in CODES if not code.startswith("K8"))
    assert short == []


def errors_page() -> str:
    parts = [INTRODUCTION]
    for family, title in FAMILIES.items():
        parts.append(f"## {title}\n")
        for code in sorted(code for code in CODES if code.startswith(family)):
            _, *paragraphs, _ = explain(code).split("\n\n")
            parts.append(f"### {code} {CODES[code].title}\n")
            parts += [f"{_fenced(paragraph)}\n" for paragraph in paragraphs]
            parts.append(f"Exit status {CODES[code].exit_status}.\n")
    return "\n".join(parts)


def _fenced(paragraph: str) -> str:
    if not paragraph.startswith(" "):
        return paragraph
    return "```\n" + "\n".join(line[4:] for line in paragraph.split("\n")) + "\n```"
