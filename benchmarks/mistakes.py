"""Plants mistakes into a small project and counts how many are told with the right place.

    python benchmarks/mistakes.py

The mistakes are those of ``tests/cases/mistakes``. Prints each that is told elsewhere, then
how many have the right file and line, and how many the right column as well.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.mistakes import find_mistake, read_mistakes


def main() -> None:
    """Prints the figures."""
    mistakes = list(read_mistakes())
    lines = columns = 0
    with tempfile.TemporaryDirectory(prefix="kpi-mistakes-") as folder:
        for mistake in mistakes:
            finding = find_mistake(mistake, Path(folder) / "project")
            place, planted = finding.place, mistake.planted
            is_line = place is not None and (place.path, place.line) == (planted.path, planted.line)
            is_column = is_line and place is not None and place.column == planted.column
            lines += is_line
            columns += is_column
            if not is_column:
                print(f"{mistake.name}\n  planted at {planted}, told at {place}")
                if "-v" in sys.argv:
                    print(finding.output)
    print(f"{len(mistakes)} mistakes: {lines} with the right file and line, {columns} and column")


if __name__ == "__main__":
    main()
