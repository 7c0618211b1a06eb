"""Makes a new project: a copy of the embedded shop under its own name.

The wheel carries the shop inside the package; in a clone it stands at the repository's root.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.result import Report
from kpi_runner.run.files import copy_file, write_text

_PACKAGE = Path(__file__).parents[1]
_OWN_FILES = {"README.md": "README.md", "gitignore": ".gitignore"}
_SHOP = ("kpis.yml", "macros", "models", "seeds", "tests/data")


def init(folder: Path) -> Report:
    """Writes a project that builds at once.

    Raises:
        UsageError: K007, the folder is a file or holds something.
        MachineFailed: K702 or K703, it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = "Name a new folder; nothing is ever overwritten."
        raise UsageError(Diagnostic("K007", f"'{folder}' exists and is not empty", hint=hint))
    template = find_template(_PACKAGE)
    for source in _files(template):
        copy_file(source, folder / source.relative_to(template))
    for source_name, name in _OWN_FILES.items():
        copy_file(_PACKAGE / "shop" / source_name, folder / name)
    settings = (template / "pyproject.toml").read_text(encoding="utf-8")
    name = project_name(folder.resolve().name)
    write_text(folder / "pyproject.toml", shop_settings(settings, name))
    enter = f"cd {quote(str(folder))}"
    return Report(notes=(f"made project '{name}' in {folder}; next: {enter} && kpi build",))


def find_template(package: Path) -> Path:
    """Returns the folder that holds the shop: in an installed package, else the clone's root."""
    inside = package / "shop"
    return inside if (inside / "models").is_dir() else package.parent


def shop_settings(pyproject: str, name: str) -> str:
    """Returns the [tool.kpi] tables, which stand last in the file, under another project name.

    >>> shop_settings('[project]\\nname = "x"\\n\\n[tool.kpi]\\nname = "shop"\\n', "mine")
    '[tool.kpi]\\nname = "mine"\\n'
    """
    settings = pyproject[pyproject.index("[tool.kpi]") :]
    return settings.replace('name = "shop"', f'name = "{name}"', 1)


def project_name(folder_name: str) -> str:
    """Returns a folder's name as an identifier.

    >>> project_name("My Shop-2"), project_name("2nd")
    ('my_shop_2', 'shop_2nd')
    """
    plain = re.sub(r"[^a-z0-9]+", "_", folder_name.lower()).strip("_") or "shop"
    return plain if plain[0].isalpha() else f"shop_{plain}"


def _files(template: Path) -> Iterator[Path]:
    """Yields the files of the shop in order."""
    for entry in _SHOP:
        path = template / entry
        if path.is_file():
            yield path
        else:
            yield from sorted(file for file in path.rglob("*") if file.is_file())
