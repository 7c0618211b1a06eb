"""Removal effects, worked out by hand and by removing each state in turn."""

from __future__ import annotations

from random import Random

import pytest

from kpi_runner.run.fit_markov import (
    CONVERSION,
    MOST_STATES,
    NULL,
    START,
    credit_shares,
    removal_effects,
)

Transition = tuple[str, str, float]

# Ads → conversion twice, Mail → conversion, Ads → Mail → conversion, Ads → null
CANON = [
    (START, "Ads", 4.0),
    (START, "Mail", 1.0),
    ("Ads", CONVERSION, 2.0),
    ("Ads", "Mail", 1.0),
    ("Ads", NULL, 1.0),
    ("Mail", CONVERSION, 2.0),
]


def test_the_worked_example_of_the_canon() -> None:
    effects = removal_effects(CANON)
    shares = credit_shares(effects)

    assert effects == pytest.approx({"Ads": 0.75, "Mail": 0.5})
    assert [4 * (shares[name] or 0) for name in ("Ads", "Mail")] == pytest.approx([2.4, 1.6])


def test_one_inverse_agrees_with_removing_each_state() -> None:
    chance = Random(3)
    states = [f"channel {number}" for number in range(12)]
    for _ in range(5):
        transitions = [
            (before, after, float(chance.randint(0, 9)))
            for before in (START, *states)
            for after in (*states, CONVERSION, NULL)
        ]

        effects = removal_effects(transitions)

        whole = conversion_rate(transitions)
        for state in states:
            without = [(b, NULL if a == state else a, n) for b, a, n in transitions if b != state]
            lost = 1 - conversion_rate(without) / whole
            assert effects[state] == pytest.approx(lost, abs=1e-9)


def test_repeats_of_a_state_change_nothing() -> None:
    assert removal_effects([*CANON, ("Ads", "Ads", 7.0)]) == pytest.approx(removal_effects(CANON))


def test_paths_that_end_nowhere_count_as_not_converting() -> None:
    circle = [(START, "Loop", 5.0), ("Loop", "Again", 5.0), ("Again", "Loop", 5.0)]

    effects = removal_effects([*CANON, *circle])

    assert effects == pytest.approx({"Ads": 0.75, "Mail": 0.5, "Loop": 0.0, "Again": 0.0})


@pytest.mark.parametrize(
    "transitions",
    [
        [(START, "Ads", 3.0), ("Ads", NULL, 3.0)],
        [("Ads", CONVERSION, 3.0)],
        [(START, "Ads", 3.0), ("Ads", "Ads", 3.0)],
    ],
)
def test_without_a_path_that_converts_there_are_no_effects(transitions: list[Transition]) -> None:
    effects = removal_effects(transitions)

    assert effects == {"Ads": None}
    assert credit_shares(effects) == {"Ads": None}


def test_more_states_than_are_bearable_are_refused() -> None:
    many = [(START, str(number), 1.0) for number in range(MOST_STATES)]

    with pytest.raises(ValueError, match="201 states are more than 200"):
        removal_effects(many)


def conversion_rate(transitions: list[Transition]) -> float:
    """The chance to convert, by walking until nothing is left on the way."""
    on_the_way, converted = {START: 1.0}, 0.0
    totals: dict[str, float] = {}
    for before, _, count in transitions:
        totals[before] = totals.get(before, 0.0) + count
    while sum(on_the_way.values()) > 1e-13:
        reached: dict[str, float] = {}
        for before, after, count in transitions:
            share = on_the_way.get(before, 0.0) * count / totals[before]
            if after == CONVERSION:
                converted += share
            elif after != NULL:
                reached[after] = reached.get(after, 0.0) + share
        on_the_way = reached
    return converted
