"""What a channel is worth to a chain of visits: the conversions that are lost without it.

The chain is solved again without each state, by sweeps until nothing changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise

START, BOUGHT, LOST = object(), object(), object()
STILL = 1e-15

State = Hashable
Chain = Mapping[State, Mapping[State, float]]


def credit_shares(
    bought: Iterable[tuple[str, ...]], failed: Iterable[tuple[str, ...]]
) -> dict[str, float]:
    """The share of each label in the conversions of the paths: its removal effect among all."""
    steps: Counter[tuple[State, State]] = Counter()
    for end, paths in ((BOUGHT, bought), (LOST, failed)):
        for path in paths:
            steps.update(pairwise((START, *path, end)))
    chain = _chain(steps)
    labels = [state for state in chain if isinstance(state, str)]
    whole = _bought(chain, None)[START]
    if not whole:
        return {}
    effects = {label: 1 - _bought(chain, label)[START] / whole for label in labels}
    total = sum(effects.values())
    return {label: effect / total for label, effect in effects.items() if effect > STILL}


def _chain(steps: Mapping[tuple[State, State], int]) -> Chain:
    leaving: Counter[State] = Counter()
    for (state, _), count in steps.items():
        leaving[state] += count
    chain: dict[State, dict[State, float]] = {}
    for (state, following), count in steps.items():
        chain.setdefault(state, {})[following] = count / leaving[state]
    return chain


def _bought(chain: Chain, removed: State) -> dict[State, float]:
    """The chance of a purchase from each state, where the removed one leads to none."""
    chances: dict[State, float] = dict.fromkeys(chain, 0.0) | {BOUGHT: 1.0, LOST: 0.0}
    states = [state for state in chain if state != removed]
    while True:
        change = 0.0
        for state in states:
            odds = chain[state]
            stays = odds.get(state, 0.0)
            leaves = sum(
                share * chances[following]
                for following, share in odds.items()
                if following != state
            )
            chance = leaves / (1 - stays) if stays < 1 else 0.0
            change = max(change, abs(chance - chances[state]))
            chances[state] = chance
        if change <= STILL:
            return chances
