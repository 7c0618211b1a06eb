"""Mutates the files of a small project and counts what `kpi build` does not answer properly.

    python benchmarks/fuzz.py [--cases 2000] [--first 0] [--only N]

Two processes share the cases; a case that takes longer than ten seconds is ended. Prints each
case that is not answered with a code and a place, then how many there were. ``--only`` runs one
case and prints everything.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fuzz import Verdict, make_template, run_case, run_cases

PROCESSES = 2


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kpi-fuzz-") as name:
        folder = Path(name)
        template = make_template(folder / "template")
        if options.only is not None:
            verdict = run_case(options.only, template, folder / "case")
            print(verdict.output, verdict, sep="\n")
            return
        cases = range(options.first, options.first + options.cases)

        def work(number: int) -> list[Verdict]:
            found = []
            for verdict in run_cases(cases[number::PROCESSES], template, folder / f"case{number}"):
                found.append(verdict)
                if verdict.problem:
                    print(f"{verdict.case}: {verdict.problem}: {verdict.mutations}", flush=True)
            return found

        with ThreadPoolExecutor(PROCESSES) as threads:
            verdicts = [one for part in threads.map(work, range(PROCESSES)) for one in part]
    statuses = Counter(verdict.exit_code for verdict in verdicts)
    slowest = max(verdict.seconds for verdict in verdicts)
    print(f"{len(verdicts)} cases, exit statuses {dict(sorted(statuses.items()))}")
    print(
        f"{sum(bool(v.problem) for v in verdicts)} not answered properly, slowest {slowest:.1f} s"
    )


if __name__ == "__main__":
    main()
