"""The tools, each in a virtual environment of its own below one folder outside the repository.

What has been installed stays; this tree is installed anew each time, as a wheel and not
editable, so that it starts as it does for users.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DBT, DBT_DUCKDB, DUCKDB = "1.12.6", "1.11.1", "2.0.0"
FUSION, FUSION_LIBRARY = "2.0.0rc196", "1.5.6-r.1"
SQLMESH = "0.236.4"

# dbt-core requires it, building it downloads a wheel from outside the registry, and only
# `--use-v2-parser` uses it.
LEFT_OUT_OF_DBT = "dbt-core-experimental-parser"

# (package of the registry of npm, platform in the manifest of ADBC drivers, name of the library)
LIBRARIES = {
    ("Linux", "x86_64"): ("node-bindings-linux-x64", "linux_amd64", "libduckdb.so"),
    ("Linux", "aarch64"): ("node-bindings-linux-arm64", "linux_arm64", "libduckdb.so"),
    ("Darwin", "arm64"): ("node-bindings-darwin-arm64", "macos_arm64", "libduckdb.dylib"),
    ("Darwin", "x86_64"): ("node-bindings-darwin-x64", "macos_amd64", "libduckdb.dylib"),
}

DRIVER = """manifest_version = 1
name = "duckdb"
version = "{version}"
publisher = "DuckDB"

[ADBC]
version = "v1.1.0"

[Driver]
entrypoint = "duckdb_adbc_init"

[Driver.shared]
{platform} = "{library}"
"""


class NotInstalled(Exception):
    """A tool cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its place in the table, what it is, and where its commands lie.

    Attributes:
        version: What its figures belong to; figures of another version are not reused.
    """

    name: str
    title: str
    version: str
    folder: Path

    @property
    def bin(self) -> Path:
        """The folder of its commands."""
        return self.folder / "bin"

    @property
    def python(self) -> str:
        """Its Python."""
        return str(self.bin / "python")


def describe_tools(peers: Path) -> dict[str, Tool]:
    """Returns all tools in the order of the table; nothing is installed yet."""
    return {
        name: Tool(name, title, version, peers / name)
        for name, title, version in (
            ("dbt", "dbt-core", f"{DBT}, dbt-duckdb {DBT_DUCKDB}, DuckDB {DUCKDB}"),
            ("fusion", "Fusion", f"{FUSION}, DuckDB {FUSION_LIBRARY.split('-')[0]}"),
            ("sqlmesh", "SQLMesh", SQLMESH),
            ("floor", "floor", f"DuckDB {DUCKDB}"),
            ("kpi", "kpi-runner", f"tree {hash_tree()}"),
        )
    }


def hash_tree() -> str:
    """Returns a name for the state of the runner's sources and its shop."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "kpis.yml", "kpi_runner", "models", "macros", "seeds"):
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:10]


def install(tool: Tool) -> None:
    """Installs a tool where this version of it is not yet; raises `NotInstalled`."""
    done = tool.folder / "installed"
    if done.exists() and done.read_text() == tool.version:
        return
    done.unlink(missing_ok=True)
    try:
        if not Path(tool.python).exists():
            venv.create(tool.folder, with_pip=True)
        INSTALLERS[tool.name](tool)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        output = getattr(error, "stdout", None) or ""
        raise NotInstalled(f"{error} {output[-600:]}".strip()) from error
    done.write_text(tool.version)


def install_kpi(tool: Tool) -> None:
    """Installs this tree, also over the same version of it."""
    pip(tool, "install", str(ROOT))
    pip(tool, "install", "--force-reinstall", "--no-deps", str(ROOT))


def install_floor(tool: Tool) -> None:
    """Installs what a bare script needs."""
    pip(tool, "install", f"duckdb=={DUCKDB}", "jinja2", "pyyaml", "click")


def install_dbt(tool: Tool) -> None:
    """Installs dbt-core and its requirements but for the experimental parser."""
    wheels = tool.folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    pip(tool, "download", "--no-deps", "--dest", str(wheels), f"dbt-core=={DBT}")
    (wheel,) = wheels.glob("*.whl")
    needs = [need for need in read_requirements(wheel) if not need.startswith(LEFT_OUT_OF_DBT)]
    pip(tool, "install", *needs)
    pip(tool, "install", "--no-deps", f"dbt-core=={DBT}", f"dbt-duckdb=={DBT_DUCKDB}")
    pip(tool, "install", f"duckdb=={DUCKDB}")


def read_requirements(wheel: Path) -> list[str]:
    """Returns what the package of a wheel requires, extras left out."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()
    prefix = "Requires-Dist: "
    needs = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    return [need for need in needs if "extra ==" not in need]


def install_fusion(tool: Tool) -> None:
    """Installs Fusion and lays its DuckDB driver where it looks, so that it fetches none."""
    pip(tool, "install", "--only-binary=:all:", "--pre", f"dbt=={FUSION}")
    machine = (platform.system(), platform.machine())
    if machine not in LIBRARIES:
        raise NotInstalled(f"no DuckDB driver is known for {' '.join(machine)}")
    package, name, library = LIBRARIES[machine]
    source = f"@duckdb/{package}@{FUSION_LIBRARY}"
    packed = run("npm", "pack", "--silent", source, folder=tool.folder).strip().splitlines()[-1]
    with tarfile.open(tool.folder / packed) as archive:
        member = next(one for one in archive.getmembers() if one.name.endswith(f"/{library}"))
        member.name = library
        archive.extract(member, tool.folder, filter="data")
    (tool.folder / packed).unlink()
    manifest = config_home(tool.folder.parent) / "adbc/drivers/duckdb.toml"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    version = FUSION_LIBRARY.split("-")[0]
    values = {"version": version, "platform": name, "library": tool.folder / library}
    manifest.write_text(DRIVER.format(**values))


def install_sqlmesh(tool: Tool) -> None:
    """Installs SQLMesh; it brings a DuckDB before 2."""
    pip(tool, "install", f"sqlmesh[duckdb]=={SQLMESH}")


INSTALLERS: dict[str, Callable[[Tool], None]] = {
    "kpi": install_kpi,
    "floor": install_floor,
    "dbt": install_dbt,
    "fusion": install_fusion,
    "sqlmesh": install_sqlmesh,
}


def pip(tool: Tool, command: str, *arguments: str) -> None:
    """Runs pip of a tool's environment."""
    run(tool.python, "-m", "pip", command, "--quiet", *arguments, folder=tool.folder)


def run(*command: str, folder: Path) -> str:
    """Runs a command and returns what it prints; raises where it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        check=True,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout


def config_home(peers: Path) -> Path:
    """Returns the folder that stands for the configuration of the user's account."""
    return peers / "config"


def environment(peers: Path) -> dict[str, str]:
    """Returns the environment of all measured commands: no settings of ours, nobody is told."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KPI_", "DBT_", "SQLMESH_", "PYTHON", "VIRTUAL_ENV"))
    }
    quiet = {
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "1",
        "NO_COLOR": "1",
        "COLUMNS": "200",
        "XDG_CONFIG_HOME": str(config_home(peers)),
    }
    return {**kept, **quiet}
