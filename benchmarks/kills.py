"""Kills builds (-9) at random moments and counts what is not as it should be afterwards.

    python benchmarks/kills.py [--kills 500] [--days 25] [--seed 0]

After each kill the published file must hold exactly the state of the day before or of the day
itself, and the next build must leave exactly the tables, public and private, of builds that
nobody killed. Prints each kill after which something differs, then the figures.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.killed_builds import Kill, build_undisturbed, kill_builds


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--days", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    kills: list[Kill] = []
    with tempfile.TemporaryDirectory(prefix="kpi-kills-") as name:
        folder = Path(name)
        undisturbed = build_undisturbed(folder / "undisturbed", options.days)
        while len(kills) < options.kills:
            for kill in kill_builds(folder / "killed", undisturbed, chance=chance):
                kills.append(kill)
                if kill.problem:
                    print(f"day {kill.day}, after {kill.seconds:.3f} s: {kill.problem}", flush=True)
                if len(kills) == options.kills:
                    break
    finished = sum(kill.is_finished for kill in kills)
    changed = sum(kill.is_changed for kill in kills)
    print(f"{len(kills)} kills within {undisturbed.seconds:.2f} s, {finished} of them too late")
    print(f"the new state was public after {changed}, the old one after {len(kills) - changed}")
    print(f"{sum(bool(kill.problem) for kill in kills)} left something else than they should")


if __name__ == "__main__":
    main()
