"""The model against closed forms and a plain sum over hours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_scenarios import constant, plain_arithmetic, small_scenario

from sim.base.sampling import Draws, LendersCase
from sim.engine import deterministic, run_block
from sim.model.construction import erect
from sim.model.dispatch import Curve, Terms, curve, dispatch
from sim.model.effects import Effects
from sim.model.physical import Losses, losses
from sim.model.timeline import Grid, Timeline
from sim.prepare import prepare
from sim.scenario import fill, from_data

Array = NDArray[np.float64]


@pytest.mark.parametrize(("megawatts", "years"), [(600, 67.078), (1000, 26.192), (2000, 10.378), (4000, 4.701)])
def test_plain_arithmetic(megawatts: float, years: float) -> None:
    """6 bn USD over (MW x 0.80 x 0.96 x 0.979 x 8,760 h x 53 USD - 120 m USD), to 1e-9; and the published digits."""
    energy = megawatts * 0.80 * 0.96 * 0.979 * 8760.0
    formula = 6e9 / (energy * 53.0 - 120e6)
    outcome = deterministic(from_data("plain", plain_arithmetic(megawatts)))
    found = float(outcome.metrics["project_payback_from_cod_years"][0])
    assert found == pytest.approx(formula, rel=1e-9)
    assert found == pytest.approx(years, abs=5e-4)


@pytest.mark.parametrize(("effect", "years"), [(0.0, 26.0), (1.8, 39.0), (3.4, 66.0), (5.0, 241.0)])
def test_plain_arithmetic_with_price_effect(effect: float, years: float) -> None:
    """The effect of 979 MW received on the price, at 157.9 JPY/USD and full flow: 26, 39, 66, 241 years."""
    data = plain_arithmetic(1000)
    # Utilisation 0.80 as a share of hours at full flow, so that the effect is that of the whole link.
    data["supply"]["availability"] = 1.0
    data["link"]["availability"] = 0.96 * 0.80
    data["macro"]["inflation"]["jpy"] = constant(0.0)
    data["macro"]["fx"] = {"jpy": {"rate": constant(157.9)}}
    data["timeline"]["operation_years"] = 100
    data["market"] |= {"currency": "jpy", "price_per_kwh": constant(0.053 * 157.9), "price_effect_per_gw": effect}
    # The most profitable flow would be lower at a strong effect; the plain arithmetic fills the cable.
    data["market"]["schemes"] = {
        "all": {
            "kind": "ppa",
            "share": 1,
            "price_year": 2027,
            "currency": "jpy",
            "price_per_kwh": constant(0.053 * 157.9 - effect * 0.979),
            "term_years": 100,
        }
    }
    energy = 1000 * 0.80 * 0.96 * 0.979 * 8760.0
    formula = 6e9 / (energy * (53.0 - effect * 0.979 / 157.9 * 1000.0) - 120e6)
    found = float(deterministic(from_data("effect", data)).metrics["project_payback_from_cod_years"][0])
    assert formula == pytest.approx(years, abs=0.6)
    assert found == pytest.approx(formula, rel=1e-9) or (formula > 100.0 and math.isinf(found))


# --- dispatch -----------------------------------------------------------------------------------------------------


def slices(hours: Curve) -> Iterator[tuple[float, float]]:
    """Yield weight and level of each slice of a curve."""
    weights = np.diff(hours.weight)
    yield from zip(weights.tolist(), hours.level[:-1].tolist(), strict=True)


def plain_dispatch(terms: Terms, losses: Losses, hours: Curve, competitive: bool) -> tuple[float, float, float]:
    """Return received, sent and merchant revenue, one slice at a time, straight from the definition."""
    level, floor, cost, charge, effect, limit = (
        float(x.ravel()[0]) for x in (terms.level, terms.floor, terms.cost, terms.charge, terms.effect, terms.limit_mw)
    )
    firm = float(terms.firm_mw.ravel()[0]) if terms.firm_mw is not None else 0.0
    gain, square = float(losses.gain[0]), float(losses.square[0])
    received = sent = revenue = 0.0
    for weight, y in slices(hours):
        price = max(level * y, floor)
        margin = price - effect * firm - charge - cost * (gain + 2.0 * square * firm)
        slope = effect + 2.0 * cost * square if competitive else 2.0 * (effect + cost * square)
        flow = min(max(margin / slope, 0.0), limit - firm) if slope > 0.0 else (limit - firm) * (margin > 0.0)
        total = firm + flow
        received += weight * total
        sent += weight * (gain * total + square * total**2)
        revenue += weight * flow * (price - effect * total)
    return received, sent, revenue


CURVES: list[dict[float, float] | None] = [
    None,
    {0: 0.0, 100: 2.0},
    {0: 0.0008, 1: 0.0008, 5: 0.32, 10: 0.58, 25: 0.80, 50: 0.97, 75: 1.21, 90: 1.47, 95: 1.62, 99: 2.02, 100: 5.04},
]


def amounts(low: float, high: float) -> st.SearchStrategy[float]:
    """Return numbers as people write them: to six decimals."""
    return st.floats(low, high).map(lambda x: round(x, 6))


@settings(max_examples=400, deadline=None)
@given(
    level=amounts(-1.0, 60.0),
    floor=st.sampled_from([0.0, 0.01, 2.0]),
    cost=amounts(0.0, 30.0),
    charge=amounts(0.0, 5.0),
    effect=st.sampled_from([0.0, 1e-6, 0.0018, 0.005, 0.05]),
    limit=amounts(1.0, 4000.0),
    firm=st.sampled_from([None, 0.0, 0.3, 1.0]),
    square=st.sampled_from([0.0, 1e-6, 1e-5]),
    points=st.sampled_from(CURVES),
    competitive=st.booleans(),
)
def test_short_form_equals_sum_over_slices(
    level: float,
    floor: float,
    cost: float,
    charge: float,
    effect: float,
    limit: float,
    firm: float | None,
    square: float,
    points: dict[float, float] | None,
    competitive: bool,
) -> None:
    """Partial sums over the curve give what a loop over its slices gives, to 1e-9."""

    def row(value: float) -> Array:
        return np.array([[value]])

    power = None if firm is None else row(firm * limit)
    terms = Terms(row(level), row(floor), row(cost), row(charge), row(effect), row(limit), power)
    loss, hours = Losses(np.array([1.0 / 0.98]), np.array([square])), curve(points)
    flow = dispatch(terms, loss, hours, competitive)
    received, sent, revenue = plain_dispatch(terms, loss, hours, competitive)
    assert float(flow.received[0, 0]) == pytest.approx(received, rel=1e-9, abs=1e-9 * limit)
    assert float(flow.sent[0, 0]) == pytest.approx(sent, rel=1e-9, abs=1e-9 * limit)
    assert float(flow.revenue[0, 0]) == pytest.approx(revenue, rel=1e-9, abs=1e-9 * limit * max(abs(level), 1.0))


def test_no_flow_earns_more() -> None:
    """In a market of one price, no flow between 0 and the limit earns more than the one chosen (grid search)."""
    loss, hours = Losses(np.array([1.0 / 0.98]), np.array([2e-5])), curve(None)
    one = np.ones((1, 1))
    terms = Terms(12.0 * one, 0.01 * one, 4.0 * one, 0.3 * one, 0.006 * one, 950.0 * one, None)
    flow = dispatch(terms, loss, hours, False)
    trial = np.linspace(0.0, 950.0, 20001)
    profit = trial * (12.0 - 0.006 * trial - 0.3) - 4.0 * loss.sent(trial)
    best = float(flow.revenue[0, 0]) - 0.3 * float(flow.received[0, 0]) - 4.0 * float(flow.sent[0, 0])
    assert 0.0 < float(flow.received[0, 0]) < 950.0
    assert best >= profit.max() - 1e-9


def test_curve_keeps_mean_and_probability() -> None:
    """Slices sum to probability 1 and mean 1."""
    for points in CURVES:
        hours = curve(points)
        assert hours.weight[-1] == pytest.approx(1.0, abs=1e-12)
        assert hours.first[-1] == pytest.approx(1.0, abs=1e-12)


# --- the construction clock ---------------------------------------------------------------------------------------


def cod_of(years: float, begins: float, ends: float, periods_per_year: int = 1) -> float:
    """Return COD with a laying window June to October."""
    data = small_scenario()
    data["timeline"]["construction"]["years"] = years
    data["timeline"]["periods_per_year"] = periods_per_year
    data["timeline"]["sea_work"] = {
        "begins": begins,
        "ends": ends,
        "window_opens_month": 6,
        "window_closes_month": 10,
    }
    timeline: Timeline = fill(from_data("sea", data), LendersCase()).timeline
    grid = Grid(2027, periods_per_year, 30 * periods_per_year)
    return float(erect(timeline, Effects.none(), None, grid).cod_years[0])


@pytest.mark.parametrize("m", [1, 2, 4, 12])
def test_laying_window(m: int) -> None:
    """Arriving in January waits for June; in time does not wait; too late in the season waits for the next June."""
    # 4 years: sea work of 0.2 years from year 2.0 (1 January): waits 5/12 years.
    assert cod_of(4.0, 0.5, 0.55, m) == pytest.approx(4.0 + 5 / 12, abs=1e-9)
    # From year 2.5 (1 July) until mid-September: no wait.
    assert cod_of(4.0, 0.625, 0.675, m) == pytest.approx(4.0, abs=1e-9)
    # From year 2.75 (1 October), 0.2 years do not fit before November: next June, 8/12 years later.
    assert cod_of(4.0, 0.6875, 0.7375, m) == pytest.approx(4.0 + 8 / 12, abs=1e-9)
    # 0.6 years of laying from 1 July: 4 months this season, the rest from June on.
    assert cod_of(4.0, 0.625, 0.775, m) == pytest.approx(4.0 + 7 / 12, abs=1e-9)


def test_contingency_absorbs_overruns_first() -> None:
    """Outturn = items + max(contingency, overruns): 5 % over is inside a contingency of 10 %, 25 % is not."""
    for overrun, outturn in ((0.0, 2200.0), (0.05, 2200.0), (0.25, 2500.0), (-0.1, 2200.0)):
        data = small_scenario()
        data["macro"]["inflation"]["usd"] = constant(0.0)
        data["costs"]["items"]["link"]["overrun"] = overrun
        data["costs"]["contingency"] = {"amount_million": 200, "price_year": 2026}
        found = deterministic(from_data("c", data)).metrics["investment_usd"][0]
        wanted = outturn if overrun >= 0.0 else 2000.0 * (1.0 + overrun) + 200.0 + 200.0
        assert found == pytest.approx(wanted * 1e6, rel=1e-12)


def test_a_removal_beyond_the_horizon_is_cut() -> None:
    """A draw is cut where its removal does not end by the horizon, also where its operation does."""
    data = small_scenario()
    data["timeline"] |= {"construction": {"years": {"dist": "uniform", "min": 2, "max": 5}}, "max_delay_years": 0}
    data["costs"]["decommissioning"] |= {"amount_million": 30, "price_year": 2026, "years": 2}
    data["macro"]["inflation"]["usd"] = constant(0.0)
    model = prepare(from_data("cut", data))
    assert model.grid.periods == 18  # 3.5 + 12 + 2
    block = run_block(model, Draws(1, (0,)))
    late = block.clock.cod_years + 12 + 2 > 18
    removed = block.cash.operations.running.decommissioning.sum(axis=0)
    assert late.any() and not late.all()
    assert np.array_equal(block.metrics["cut_by_horizon"], late)
    assert np.array_equal(removed < 30e6 * (1.0 - 1e-9), late)


def test_money_of_the_last_price_year_that_is_taken() -> None:
    """The index of money of the end of the horizon is that of the prices there, without a clamp."""
    data = small_scenario()
    data["costs"]["operating"]["om"] = {"amount_million_per_year": 40, "price_year": 2027 + 17}
    block = deterministic(from_data("late", data))
    assert block.money.grid.years == 17
    cost = block.cash.operations.running.operating[5, 0]
    assert cost == pytest.approx(40e6 * 1.02 ** (4 - 17), rel=1e-12)


def test_losses_at_full_load() -> None:
    """Sent and received are inverse; at full load converters take 2 % and the line 3 % of what is left."""
    link: Any = small_scenario()["link"] | {"line_loss_per_1000km": 0.3, "length_km": 100}
    data = small_scenario() | {"link": link}
    found = losses(fill(from_data("l", data), LendersCase()).link)
    received = float(found.received(np.array([1000.0]))[0])
    assert received == pytest.approx(1000.0 * 0.98 * 0.97, rel=1e-12)
    assert found.sent(np.array([received])) == pytest.approx(1000.0, rel=1e-12)
