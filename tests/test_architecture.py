"""The shape of the runner, read from its source; nothing of the runner is imported.

The rules stand in ``tests/architecture.py``; ``tests/cases/architecture.yml`` proves that each
of them bites.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

from tests.architecture import LAYERS, MAX_ADAPTER_METHODS, PACKAGE, RULES, File, Function

ROOT = Path(__file__).parents[1]


def read_files() -> list[File]:
    home = ROOT / PACKAGE
    paths = sorted(path for path in home.rglob("*.py") if "shop" not in path.parts)
    return [File(path.relative_to(home).as_posix(), path.read_text("utf-8")) for path in paths]


FILES = read_files()
CASES = yaml.safe_load((ROOT / "tests/cases/architecture.yml").read_text("utf-8"))


@pytest.mark.parametrize("rule", RULES)
def test_every_file_keeps_the_rule(rule: str) -> None:
    broken = [
        f"{PACKAGE}/{file.path}:{line}: {message}"
        for file in FILES
        for line, message in RULES[rule](file)
    ]

    assert not broken, "\n" + "\n".join(broken)


def test_every_package_has_a_layer() -> None:
    packages = {Path(file.path).parts[0] for file in FILES if "/" in file.path}

    assert packages <= set(LAYERS)


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    known = {file.module for file in FILES}
    needs = {
        file.module: {
            module
            for _, name in file.imports
            for module in (name, name.rpartition(".")[0])
            if module in known and module not in (file.module, PACKAGE)
        }
        for file in FILES
    }

    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_adapter_protocol_is_small() -> None:
    protocol = next(file for file in FILES if file.path == "adapters/protocol.py")
    adapter = next(n for n in ast.walk(protocol.tree) if getattr(n, "name", "") == "Adapter")

    methods = [node.name for node in ast.iter_child_nodes(adapter) if isinstance(node, Function)]

    assert len(methods) <= MAX_ADAPTER_METHODS, methods


@pytest.mark.parametrize("case", CASES["bad"], ids=lambda c: f"{c['rule']}-{c['path']}")
def test_a_rule_finds_what_breaks_it(case: dict[str, str]) -> None:
    file = File(case["path"], case["code"] * int(case.get("times", 1)))

    assert [message for _, message in RULES[case["rule"]](file)] == case["says"]


@pytest.mark.parametrize("case", CASES["good"], ids=lambda c: c["path"])
def test_no_rule_minds_what_is_fine(case: dict[str, str]) -> None:
    file = File(case["path"], case["code"])

    assert [message for rule in RULES.values() for _, message in rule(file)] == []


def test_every_rule_is_shown_to_bite() -> None:
    assert {case["rule"] for case in CASES["bad"]} == set(RULES)
