"""Writes what a command leaves under ``target/``: compiled SQL and results. Cache, not state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from kpi_runner.load.config import read_environment
from kpi_runner.template.context import mask, secret_values


def write_artifacts(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes texts to paths below a folder; a file that holds its text already is left alone.

    Secrets are masked (``env_var`` of names ending in _SECRET, _TOKEN, _PASSWORD or _KEY).

    Raises MachineFailed (K703) where the folder cannot be written.
    """
    made: set[Path] = set()
    secrets = secret_values(read_environment())
    try:
        for name, text in texts.items():
            path = folder / name
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            shown = mask(text, secrets)
            content = shown.encode("utf-8", errors="backslashreplace")  # half a pair of a sign
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)
    except OSError as error:
        code = "K702" if error.errno == 28 else "K703"
        raise MachineFailed(
            Diagnostic(
                code,
                f"cannot write to '{folder}': {error.strerror}",
                hint="Make room or grant access, or name another folder with --target-path.",
            )
        ) from None
