"""[tool.kpi]: what it says, what is wrong with it and where; --vars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import KpiError, ProjectInvalid, UsageError
from kpi_runner.load.config import find_project, load_config, parse_vars, select_target
from kpi_runner.load.defaults import config_of_folder

Make = Callable[[Mapping[str, str]], Path]
WHOLE = """\
[project]
name = "elsewhere"

[tool.kpi]
name = "shop"
model-paths = ["models", "more/"]
published-schemas = ["extra"]
vars = {data_dir = "../data", since = 2024-01-01}

[tool.kpi.targets.dev]
threads = 2
settings = {preserve_insertion_order = false}

[tool.kpi.models]
"+tags" = ["all"]
marts.core = {materialized = "table", schema = "core"}

[tool.kpi.models.shop.staging]
materialized = "view"

[tool.kpi.seeds]
schema = "ref"
"""


def test_whole_configuration_is_read(project: Make) -> None:
    config = load_config(project({"pyproject.toml": WHOLE}))

    assert config.name == "shop"
    assert config.model_paths == ("models", "more")
    assert config.seed_paths == ("seeds/ref",)
    assert config.published_schemas == ("ref", "core", "kpi", "extra")
    assert config.vars == {"data_dir": "../data", "since": "2024-01-01"}
    assert config.targets["dev"] == TargetConfig(
        name="dev", threads=2, settings={"preserve_insertion_order": "false"}
    )
    assert {default.path: default.config for default in config.model_defaults} == {
        (): {"tags": ["all"]},
        ("marts", "core"): {"materialized": "table", "schema": "core"},
        ("staging",): {"materialized": "view"},
    }
    assert config.seed_defaults[0].config == {"schema": "ref"}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            '[tool.kpi]\nmodle-paths = ["m"]\nname = "s"',
            "2:1 [tool.kpi] has the unknown key 'modle-paths'",
        ),
        ("[tool.kpi]\nvars = {}", "1:1 [tool.kpi] needs a 'name' of one word"),
        ('[tool.kpi]\nname = "my shop"', "2:1 [tool.kpi] needs a 'name' of one word"),
        ('[tool.kpi]\nname = "s"\nmodel-paths = "m"', "3:1 'model-paths' is not a list of texts"),
        (
            '[tool.kpi]\nname = "s"\n[tool.kpi.targets.dev]\nthreads = "4"',
            "4:1 'threads' is not a whole number",
        ),
        (
            '[tool.kpi]\nname = "s"\n[tool.kpi.targets]\ndev = {threads = 0}',
            "4:8 'threads' is 0, not 1 to 256",
        ),
        (
            '[tool.kpi]\nname = "s"\n[tool.kpi.targets.x]\ntype = "duckbd"',
            "4:1 target 'x' has the unknown type 'duckbd'",
        ),
        (
            '[tool.kpi]\nname = "s"\n[tool.kpi.models.staging]\nmaterialised = "view"',
            "4:1 [tool.kpi.models.staging] has the unknown config 'materialised'",
        ),
        ("[tool.kpi]\nname = ", "2:7 pyproject.toml is not valid TOML: invalid value"),
    ],
)
def test_mistake_has_its_line(project: Make, text: str, finding: str) -> None:
    with pytest.raises(ProjectInvalid) as caught:
        load_config(project({"pyproject.toml": text}))

    (found,) = caught.value.diagnostics
    assert found.span
    assert f"{found.span.line}:{found.span.column} {found.message}" == finding
    assert found.code == "K108"


def test_project_is_found_from_a_folder_below(project: Make) -> None:
    root = project({"models/staging/a.sql": "select 1", "models/pyproject.toml": "[project]\n"})

    assert find_project(root / "models" / "staging") == root.resolve()


def test_folder_without_a_project_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="K001"):
        find_project(tmp_path)


@pytest.mark.parametrize("files", [{}, {"pyproject.toml": "[project]\n"}])
def test_folder_that_is_no_project_is_not_loaded(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    with pytest.raises(UsageError, match="K001"):
        load_config(tmp_path)


def test_unknown_target_names_the_nearest(project: Make) -> None:
    config = load_config(project({"pyproject.toml": WHOLE}))

    with pytest.raises(UsageError, match="K006") as caught:
        select_target(config, "dv")

    assert caught.value.diagnostics[0].hint == "Did you mean 'dev'?"


def test_project_without_targets_runs_on_the_default(project: Make) -> None:
    config = load_config(project({}))

    assert select_target(config, "") == TargetConfig(name="dev")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{data_dir: ../data, days: 3}", {"data_dir": "../data", "days": 3}),
        ("since: 2024-01-01", {"since": "2024-01-01"}),
        ("", {}),
    ],
)
def test_vars_are_a_yaml_mapping(text: str, values: object) -> None:
    assert parse_vars(text) == values


@pytest.mark.parametrize("text", ["[1, 2]", "data_dir", "{a: 1", "{a: 1, a: 2}"])
def test_vars_that_are_none_are_wrong_usage(text: str) -> None:
    with pytest.raises(KpiError, match="K005"):
        parse_vars(text)


def test_settings_below_the_name_of_the_project_win_over_those_of_all(tmp_path: Path) -> None:
    text = """\
[tool.kpi]
name = "shop"
models.shop = {schema = "own", marts = {schema = "own_marts"}}
models.schema = "all"
models.marts = {schema = "all_marts"}
"""
    (tmp_path / "pyproject.toml").write_text(text)

    defaults = load_config(tmp_path).model_defaults

    assert config_of_folder(defaults, ("staging",)) == {"schema": "own"}
    assert config_of_folder(defaults, ("marts",)) == {"schema": "own_marts"}
