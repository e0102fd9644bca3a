"""Identities that hold on every draw and period of any scenario, checked on random ones."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from random_scenarios import random_scenario
from small_scenarios import constant, small_scenario

from sim.base.sampling import Draws
from sim.collect import Block
from sim.engine import deterministic, run_block
from sim.model.effects import Effects
from sim.prepare import Model, prepare
from sim.scenario import from_data

Array = NDArray[np.float64]


SIGNED = {"tax", "net", "ebitda", "net_real", "net_present", "revenue_merchant"}
"""Lines that may be negative: net lines, refunds, and merchant sales below zero under strong contracts."""


def wide(line: Array, model: Model) -> Array:
    """Return a line with one column a draw."""
    return np.broadcast_to(line, (model.grid.periods + 1, 256))


def check_cash(model: Model, block: Block) -> None:
    """Sources equal uses in every row: revenue and salvage = costs + tax + capex + net."""
    lines = {name: wide(line, model) for name, line in block.lines.items()}
    received = lines["revenue_merchant"] + lines["revenue_ppa"] + lines["revenue_capacity"] + lines["salvage"]
    costs = ("supply_cost", "charges", "operating_cost", "replacements", "decommissioning", "tax", "capex", "net")
    paid = sum(lines[name] for name in costs)
    scale = np.maximum(np.abs(received), lines["capex"]) + np.abs(lines["net"]) + lines["supply_cost"] + 1.0
    assert np.all(np.abs(received - paid) <= 1e-9 * scale)
    for name, line in lines.items():
        if name not in SIGNED and "cumulative" not in name:
            assert np.all(line >= 0.0), name
    for name in ("net", "net_real", "net_present"):
        total = np.cumsum(lines[name], axis=0)
        assert np.allclose(lines[f"cumulative_{name}"], total, rtol=1e-9, atol=1e-3)


def check_energy(model: Model, block: Block) -> None:
    """Energy is never above link, plant, import limit and hours, and never more arrives than is sent."""
    link, supply, limit = block.scenario.link, block.scenario.supply, block.scenario.market.import_limit_mw
    sent, delivered = (wide(block.lines[name], model) for name in ("energy_sent_mwh", "energy_delivered_mwh"))
    hours = 8760.0 / model.grid.periods_per_year
    assert np.all(sent <= link.capacity_mw * hours * (1 + 1e-9))
    assert np.all(sent <= supply.net_capacity_mw * supply.availability * hours * (1 + 1e-9))
    assert np.all(delivered <= sent * (1.0 - link.converter_loss) * (1 + 1e-9) + 1e-9)
    if limit is not None:
        assert np.all(delivered <= limit * hours * (1 + 1e-9))


def check_depreciation(block: Block) -> None:
    """No draw depreciates more than it has spent, renewals included."""
    spent = block.lines["capex"].sum(axis=0) + block.lines["replacements"].sum(axis=0)
    assert np.all(block.lines["depreciation"].sum(axis=0) <= spent * (1 + 1e-9) + 1e-6)


@pytest.mark.parametrize("group", range(10))
def test_random_scenarios_balance(group: int) -> None:
    """Cash, energy and depreciation balance in every draw of 100 random scenarios."""
    for number in range(1000 + group, 1100, 10):
        model = prepare(from_data(f"random{number}", random_scenario(random.Random(number))))
        block = run_block(model, Draws(number, (0,)))
        check_cash(model, block)
        check_energy(model, block)
        check_depreciation(block)
        paid = np.isfinite(block.metrics["project_payback_years"])
        assert np.array_equal(paid, block.metrics["paid_back"] == 1.0)
        assert np.all(block.metrics["project_payback_years"][paid] <= model.grid.years)


def test_no_effects_is_the_identity() -> None:
    """Effects.none() multiplies by exactly one: nothing changes a bit."""
    none = Effects.none()
    for field in (none.pace, none.export_share, none.price):
        assert np.array_equal(field, np.ones((1, 1)))


def npv(data: dict[str, Any]) -> float:
    """Return the NPV of the lenders' case."""
    return float(deterministic(from_data("npv", data)).metrics["project_npv_usd"][0])


def amounts(low: float, high: float) -> st.SearchStrategy[float]:
    """Return numbers as people write them: to six decimals."""
    return st.floats(low, high).map(lambda x: round(x, 6))


@settings(max_examples=60, deadline=None)
@given(
    price=amounts(0.0, 0.3),
    more=amounts(0.0, 0.2),
    effect=amounts(0.0, 0.05),
    cost=amounts(0.0, 150.0),
    tax=st.sampled_from([0.0, 0.3]),
)
def test_a_higher_price_never_lowers_npv(price: float, more: float, effect: float, cost: float, tax: float) -> None:
    """A merchant link with fixed costs gains, or loses nothing, when the price level rises."""
    values = []
    for level in (price, price + more):
        data = small_scenario()
        data["market"]["price_per_kwh"] = constant(level)
        data["market"]["price_effect_per_gw"] = effect
        data["supply"]["cost"]["price_per_mwh"] = constant(cost)
        data["tax"]["jurisdictions"]["all"]["rate"] = tax
        values.append(npv(data))
    assert values[1] >= values[0] - 1e-6 * 2e9


@settings(max_examples=40, deadline=None)
@given(dear=amounts(0.0, 3.0), rate=amounts(0.0, 0.2))
def test_more_cost_is_worse(dear: float, rate: float) -> None:
    """An overrun never raises NPV; NPV at a rate of zero is the sum of the real flows."""
    data = small_scenario()
    data["evaluation"] = {"discount_rate_real": rate}
    cheap = npv(data)
    data["costs"]["items"]["link"]["overrun"] = dear
    assert npv(data) <= cheap + 1e-6
    data["evaluation"] = {"discount_rate_real": 0.0}
    block = deterministic(from_data("zero", data))
    assert block.metrics["project_npv_usd"][0] == pytest.approx(float(block.lines["net_real"].sum()), rel=1e-9, abs=1.0)
