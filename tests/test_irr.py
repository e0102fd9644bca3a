"""Internal rates of return and payback against a table of edge cases computed elsewhere, and by their definition."""

from __future__ import annotations

import ast
import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.model.irr import irr
from sim.model.metrics import Discounting, mirr, payback_of_sum
from sim.model.roots import accumulate
from sim.model.timeline import Grid

Array = NDArray[np.float64]
TABLE = Path(__file__).parent / "reference" / "finance" / "irr_edge_cases.csv"
with TABLE.open(newline="") as handle:
    ROWS = list(csv.DictReader(handle))
OTHER_CONVENTION = {"26", "27", "30", "37", "47"}
"""Rows whose payback starts before any cash has been paid: not ours (payback needs a negative balance first)."""

OTHER_MIRR = {"31"}
"""A row that ends in zeros: there the other program counts time beyond the last flow."""


def flows_of(expression: str) -> Array:
    """Return the flows of a row; expressions are lists, their products and sums, and polynomial coefficients."""
    names = {"nan": math.nan, "inf": math.inf, "range": range, "__import__": __import__}
    return np.array(eval(expression, {"__builtins__": {}}, names), dtype=np.float64)


def roots_of(row: dict[str, str]) -> list[float]:
    """Return the true roots of a row."""
    text = row["true_roots_r_gt_minus1"]
    return [] if text in ("null", "") else [float(x) for x in ast.literal_eval(text)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["id"]))
def test_irr_of_edge_case(row: dict[str, str]) -> None:
    """The rate is one of the true roots, NaN only where there is none, and flagged exactly where there are several."""
    flows = flows_of(row["expr"])
    if not flows.size:
        assert irr(np.zeros((0, 1))).rate.tolist() != [0.0]
        return
    found, true = irr(flows[:, None]), roots_of(row)
    if not true:
        assert math.isnan(found.rate[0])
    else:
        # The case "five_roots" is conditioned like 1e-11, a touching root like 1e-8: both listed with such digits.
        assert any(abs(found.rate[0] - root) <= 1e-9 * max(1.0, abs(root)) for root in true)
    assert bool(found.several[0]) == (len(true) > 1)


@pytest.mark.parametrize("row", [r for r in ROWS if r["n"] not in OTHER_CONVENTION], ids=lambda row: str(row["id"]))
def test_payback_of_edge_case(row: dict[str, str]) -> None:
    """Payback is the first return to zero after having been negative, linear within the period; never is inf."""
    flows = flows_of(row["expr"])
    if not flows.size or not np.all(np.isfinite(flows)):
        return
    years = float(payback_of_sum(accumulate(flows[:, None]), 1.0)[0][0])
    wanted = row["payback_linear"]
    assert math.isinf(years) if not wanted else years == pytest.approx(float(wanted), rel=1e-9)


@pytest.mark.parametrize("row", [r for r in ROWS if r["n"] not in OTHER_MIRR], ids=lambda row: str(row["id"]))
def test_mirr_of_edge_case(row: dict[str, str]) -> None:
    """The column npf_mirr_fin5_reinv8: spending discounted at 5 % as capex, what comes in reinvested at 8 %."""
    flows = flows_of(row["expr"])
    if not flows.size or not np.all(np.isfinite(flows)):
        return
    time: Array = np.arange(flows.size, dtype=np.float64)[:, None]
    factor = Discounting(np.power(1.08, -time), np.power(1.05, -time), energy=np.ones((1, 1)))
    earned, spent = np.maximum(flows, 0.0)[:, None], np.maximum(-flows, 0.0)[:, None]
    rate = float(mirr(earned, spent, factor, Grid(2027, 1, flows.size - 1))[0])
    wanted = float(row["npf_mirr_fin5_reinv8"])
    if math.isnan(wanted):  # nothing paid in, or nothing earned: there all is lost
        assert math.isnan(rate) or (rate == -1.0 and not earned.any())
    else:
        assert rate == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_mirr_discounts_spending_from_the_middle_of_its_row() -> None:
    """100 in the middle of year 1 and 110 at its end, at 10 %: what 100·1.1^-0.5 at time zero becomes in a year."""
    time = np.array([[0.0], [1.0]])
    factor = Discounting(1.1**-time, 1.1 ** -np.array([[0.0], [0.5]]), np.ones((1, 1)))
    rate = mirr(np.array([[0.0], [110.0]]), np.array([[0.0], [100.0]]), factor, Grid(2027, 1, 1))
    assert rate[0] == pytest.approx(1.1**1.5 - 1.0, rel=1e-12)


def test_early_flows_fall_half_a_period_before() -> None:
    """Spending 100 in the middle of period 1 and getting 110 at its end earns 1.1^2 - 1 a period."""
    found = irr(np.array([[0.0], [110.0]]), np.array([[0.0], [-100.0]]))
    assert found.rate[0] == pytest.approx(0.21, rel=1e-12)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=2, max_size=14))
def test_value_at_the_rate_is_zero(flows: list[float]) -> None:
    """npv(irr) = 0 on the scale of the flows; where the rate is NaN, numpy finds no simple root either."""
    column = np.array(flows)
    rate = float(irr(column[:, None]).rate[0])
    if not math.isnan(rate):
        assert rate > -1.0
        powers = np.exp(-np.log1p(rate) * (np.arange(column.size) - (column.size - 1) * (rate < 0.0)))
        scale = float(np.sum(np.abs(column) * powers))
        assert abs(float(np.sum(column * powers))) <= 1e-7 * scale
        return
    changed = np.sign(column[column != 0.0])
    if changed.size:
        discount = np.exp(np.linspace(-6.0, 6.0, 400))[:, None] ** np.arange(column.size)
        value = discount @ column
        assert np.all(value >= -1e-9 * (discount @ np.abs(column))) or np.all(
            value <= 1e-9 * (discount @ np.abs(column))
        )


def test_rates_do_not_depend_on_neighbours() -> None:
    """One column alone gives the same bits as the same column among many."""
    rng = np.random.default_rng(5)
    flows = np.concatenate([-rng.uniform(50, 150, (3, 40)), rng.normal(12, 20, (30, 40)), -rng.uniform(0, 9, (1, 40))])
    together = irr(flows).rate
    alone = np.array([irr(flows[:, j : j + 1]).rate[0] for j in range(flows.shape[1])])
    assert np.array_equal(together, alone, equal_nan=True)
