"""What tests share: small projects from texts, running ``kpi``, case files, readable differences.

Functions only; the fixtures made of them stand in ``conftest.py``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = (ROOT / os.environ.get("KPI_SHARED", "../shared")).resolve()
NO_SHARED = "needs data outside the repository: KPI_SHARED names no folder"

PYPROJECT = """\
[tool.kpi]
name = "shop"

[tool.kpi.models]
schema = "core"

[tool.kpi.seeds]
schema = "ref"
"""
PLACEHOLDER = "<...>"
VARYING = (  # what no two runs share, and how it is written down
    (re.compile(r"\b\d+\.\d+s\b"), "<...>s"),
    (re.compile(r"\b(process|PID|pid) \d+\b"), r"\1 <...>"),
)
MAX_ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. ``output`` is both streams, as a terminal shows them."""

    exit_code: int
    stdout: str
    stderr: str
    output: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case file: the files of a project, commands of which the last counts, what it prints."""

    path: Path
    files: Mapping[str, str]
    commands: tuple[str, ...]
    setup: tuple[str, ...]
    exit_code: int
    output: str


def write_project(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes a project of these texts, with a small pyproject.toml unless they hold one."""
    for name, text in {"pyproject.toml": PYPROJECT, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def run_kpi(
    arguments: Sequence[str], cwd: Path, *, env: Mapping[str, str] | None = None
) -> Outcome:
    """Runs ``kpi`` in this process, as a user who set no other KPI_ variable would."""
    from click.testing import CliRunner

    from kpi_runner.cli.main import cli

    unset = {name: None for name in os.environ if name.startswith("KPI_")}
    with chdir(cwd):
        result = CliRunner().invoke(cli, list(arguments), env={**unset, **(env or {})})
    return Outcome(result.exit_code, result.stdout, result.stderr, result.output)


def run_kpi_process(
    arguments: Sequence[str], cwd: Path, *, env: Mapping[str, str] | None = None
) -> Outcome:
    """Runs ``kpi`` in a process of its own: for start-up, signals and locks."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("KPI_")}
    result = subprocess.run(
        [sys.executable, "-m", "kpi_runner", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    output = result.stderr + result.stdout
    return Outcome(result.returncode, result.stdout, result.stderr, output)


def read_sections(path: Path) -> list[tuple[str, str]]:
    """Returns the sections of a case file: each title after ``==>``, and the text below it.

    Lines above the first section are a comment.
    """
    parts = re.split(r"^==> (.*)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def read_case(path: Path) -> Case:
    """Reads a case file: sections of files, then ``command``, ``setup`` (optional), ``expect``."""
    sections = dict(read_sections(path))
    expect = sections.pop("expect")
    commands = sections.pop("command").strip().splitlines()
    setup = sections.pop("setup", "").split()
    status, _, output = expect.partition("\n")
    return Case(
        path=path,
        files=sections,
        commands=tuple(commands),
        setup=tuple(setup),
        exit_code=int(status.removeprefix("exit ")),
        output=output.rstrip("\n"),
    )


def write_expectation(case: Case, outcome: Outcome) -> None:
    """Rewrites what a case file expects; lines that placeholders cover stay as they are."""
    text = case.path.read_text(encoding="utf-8")
    above = text[: text.rindex("==> expect\n")]
    output = "\n".join(_with_placeholders(case.output, outcome.output))
    for pattern, stands_for in VARYING:
        output = pattern.sub(stands_for, output)
    expect = f"==> expect\nexit {outcome.exit_code}\n{output}\n"
    case.path.write_text(above + expect, encoding="utf-8")


def diff_text(expected: str, actual: str) -> str:
    """Returns an empty text where both agree, else a patch from expected to actual.

    ``<...>`` in a line of ``expected`` stands for anything within that line.

    >>> diff_text("done in <...> s", "done in 0.25 s")
    ''
    """
    lines = unified_diff(
        expected.rstrip("\n").split("\n"),
        _with_placeholders(expected, actual),
        "expected",
        "actual",
        lineterm="",
        n=100,
    )
    return "\n".join(lines)


def diff_rows(expected: Iterable[Sequence[object]], actual: Iterable[Sequence[object]]) -> str:
    """Returns an empty text where both hold the same rows in any order, else what differs.

    >>> print(diff_rows([("a", 1), ("b", 2)], [("b", 2), ("a", 3)]))
    1 missing, 1 unexpected
    - ('a', 1)
    + ('a', 3)
    """
    wanted, found = Counter(map(tuple, expected)), Counter(map(tuple, actual))
    missing, extra = list((wanted - found).elements()), list((found - wanted).elements())
    if not (missing or extra):
        return ""
    lines = [(repr(row), f"- {row!r}") for row in missing]
    lines += [(repr(row), f"+ {row!r}") for row in extra]
    shown = [line for _, line in sorted(lines, key=lambda pair: pair[0])[:MAX_ROWS_SHOWN]]
    left = [f"… {len(lines) - MAX_ROWS_SHOWN} more"] if len(lines) > MAX_ROWS_SHOWN else []
    return "\n".join([f"{len(missing)} missing, {len(extra)} unexpected", *shown, *left])


def _with_placeholders(expected: str, actual: str) -> list[str]:
    """Returns the lines of ``actual``, each as the placeholder line that covers it, if any."""
    covers = {
        line: re.compile(".*".join(map(re.escape, line.split(PLACEHOLDER))))
        for line in expected.split("\n")
        if PLACEHOLDER in line
    }
    return [
        next((line for line, pattern in covers.items() if pattern.fullmatch(text)), text)
        for text in actual.rstrip("\n").split("\n")
    ]
