"""Markov chains against closed forms and outside references: transitions, occupancy, first passage, paths."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.base.chains import generator, path, product, rates_of, transition
from sim.base.sampling import Draws

Array = NDArray[np.float64]
CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "reference" / "finance" / "processes.json").read_text("utf-8")
)["ctmc"]["cases"]
DRAWS = 391 * 256


def matrix(rows: list[list[float]]) -> Array:
    """Return a certain matrix as the chains take it."""
    return np.array(rows)[:, :, None]


def over(rates: Array, years: float) -> Array:
    """Return the transition over a time, whole years one after the other."""
    whole, rest = divmod(years, 1.0)
    found = transition(rates, rest)
    for _ in range(int(whole)):
        found = product(found, transition(rates, 1.0))
    return found


def annuity(step: Array, factors: list[float], periods_per_year: int) -> float:
    """Return the expected present value at 8 % of 100 a year for 25 years, times a factor by state after the step."""
    state, total = np.eye(step.shape[0])[0], 0.0
    for k in range(1, 25 * periods_per_year + 1):
        state = state @ step[:, :, 0]
        total += 100.0 / periods_per_year * float(state @ np.array(factors)) / 1.08 ** (k / periods_per_year)
    return total


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"])[:5])
def test_transitions_are_the_matrix_exponential(case: dict[str, Any]) -> None:
    """P(t) from a day to 25 years and longer, against scipy's matrix exponential kept as reference."""
    for row in case["rows"]:
        found = over(matrix(case["Q_per_year"]), row["t"])[:, :, 0]
        assert np.abs(found - np.array(row["P"])).max() < 1e-11, row["t"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"])[:5])
def test_first_passage_and_occupancy(case: dict[str, Any]) -> None:
    """With the last state made absorbing, what has arrived is the first passage; small steps add up to occupancy."""
    rates = matrix(case["Q_per_year"])
    caught = rates.copy()
    caught[2] = 0.0
    for row in case["first_passage_to_state2"]["cdf"]:
        found = over(caught, row["t"])
        assert found[0, 2, 0] == pytest.approx(row["cdf_from_0"], abs=1e-12)
        assert found[1, 2, 0] == pytest.approx(row["cdf_from_1"], abs=1e-12)
    year = next(row for row in case["rows"] if row["t"] == 1)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    parts = [0.5 * w * transition(rates, 0.5 * (x + 1.0)) for x, w in zip(nodes, weights, strict=True)]
    within = np.sum(parts, axis=0)
    assert np.abs(within[:, :, 0] - np.array(year["expected_time_in_state"])).max() < 1e-9


def test_termination_hazard() -> None:
    """A flow that ends with a hazard of 3 % a year: 824.713111, in months 866.561195."""
    rates = matrix([[0.0, 0.03], [0.0, 0.0]])
    assert annuity(transition(rates, 1.0), [1.0, 0.0], 1) == pytest.approx(824.713111, abs=5e-7)
    assert annuity(transition(rates, 1.0 / 12.0), [1.0, 0.0], 12) == pytest.approx(866.561195, abs=5e-7)


def test_two_regimes() -> None:
    """Probabilities .05 and .20 a year, or the same read as rates; yearly and monthly."""
    yearly = matrix([[0.95, 0.05], [0.20, 0.80]])
    rates = matrix([[0.0, 0.05], [0.20, 0.0]])
    found = rates_of(yearly)
    assert annuity(transition(found, 1.0), [1.0, 0.3], 1) == pytest.approx(949.845438, abs=5e-7)
    assert annuity(transition(found, 1.0 / 12.0), [1.0, 0.3], 12) == pytest.approx(989.033350, abs=5e-7)
    assert annuity(transition(rates, 1.0), [1.0, 0.3], 1) == pytest.approx(954.219882, abs=5e-7)
    assert annuity(transition(rates, 1.0 / 12.0), [1.0, 0.3], 12) == pytest.approx(993.450147, abs=5e-7)


def test_what_is_not_embeddable_has_no_rates() -> None:
    """A matrix that no chain in continuous time can have gives NaN, as does one that is left in most years."""
    assert np.isnan(rates_of(matrix([[0.8, 0.2, 0.0], [0.0, 0.8, 0.2], [0.2, 0.0, 0.8]]))).all()
    assert np.isnan(rates_of(matrix([[0.1, 0.9], [0.9, 0.1]]))).all()


@given(st.lists(st.floats(0.0, 3.0), min_size=6, max_size=6), st.sampled_from([1.0, 0.5, 0.25, 1.0 / 12.0]))
@settings(max_examples=200, deadline=None)
def test_any_rates(rates: list[float], years: float) -> None:
    """Rows are probabilities, two halves make a whole, and the logarithm gives the rates back where it exists."""
    full = np.zeros((3, 3, 1))
    full[~np.eye(3, dtype=bool), 0] = rates
    step = transition(full, years)
    assert np.all(step >= 0.0) and np.allclose(step.sum(axis=1), 1.0, atol=1e-12)
    half = transition(full, years / 2.0)
    assert np.allclose(product(half, half), step, atol=1e-12)
    back = rates_of(transition(full, 1.0))
    if not np.isnan(back).any():
        assert np.allclose(back, generator(full), atol=1e-8)


def test_paths_follow_the_transition() -> None:
    """Shares of states after 1, 5 and 25 periods, and the reached states, are those of the powers of the matrix."""
    rates = matrix([[0.0, 0.06, 0.005], [0.049, 0.0, 0.12], [0.005, 0.044, 0.0]])
    step = transition(rates, 1.0)
    uniforms = Draws(5, tuple(range(DRAWS // 256))).uniforms("chain", 25)
    states = path(step, 1, uniforms)
    power = np.eye(3)
    for k in range(1, 26):
        power = power @ step[:, :, 0]
        for state in range(3):
            share = float((states[k] == state).mean())
            wanted = float(power[1, state])
            assert abs(share - wanted) < 4.5 * math.sqrt(wanted * (1.0 - wanted) / DRAWS)


def test_uncertain_rates_are_each_their_own() -> None:
    """A draw's path does not depend on the others: each column alone is the column among many."""
    rng_free = np.linspace(0.01, 0.5, 256)
    rates = np.zeros((2, 2, 256))
    rates[0, 1], rates[1, 0] = rng_free, rng_free[::-1]
    uniforms = Draws(1, (0,)).uniforms("chain", 12)
    step = transition(rates, 0.25)
    whole = path(step, 0, uniforms)
    for column in (0, 100, 255):
        alone = slice(column, column + 1)
        assert np.array_equal(path(transition(rates[:, :, alone], 0.25), 0, uniforms[:, alone]), whole[:, alone])
