"""Identities of loans, reserves and equity on every draw and row of random scenarios with random term sheets."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray
from random_financing import add_financing
from random_scenarios import random_scenario

from sim.base.sampling import Chance, Draws
from sim.collect import Block
from sim.engine import run_block
from sim.errors import ScenarioError
from sim.model.financing import Carried
from sim.prepare import Model, prepare
from sim.scenario import Spec, from_data

Array = NDArray[np.float64]
GROUPS = 10
SCENARIOS = 200
BY_DEFAULT = 80
FIRST = 5000


def random_spec(number: int) -> Spec:
    """Return a random scenario with a random term sheet."""
    rng = random.Random(number)
    return from_data(f"random{number}", add_financing(rng, random_scenario(rng)))


def wide(block: Block, columns: int) -> dict[str, Array]:
    """Return every line with one column a draw."""
    rows = block.cash.capex.shape[0]
    return {name: np.broadcast_to(line, (rows, columns)) for name, line in block.lines.items()}


def carried_of(block: Block) -> Carried:
    """Return the financing of a block."""
    assert block.cash.carried is not None
    return block.cash.carried


def check_cash(lines: dict[str, Array], scale: Array) -> None:
    """Cash in = cash out in every row."""
    received = ("ebitda", "reserve_interest", "grants", "debt_drawn", "equity_paid_in", "unpaid_costs")
    spent = (
        "costs_caught_up",
        "capex",
        "fees",
        "interest_capitalised",
        "interest_paid",
        "principal_paid",
        "withholding",
        "tax_paid",
    )
    held = lines["cash_balance"] + lines["reserves"]
    change = np.diff(held, axis=0, prepend=0.0)
    gap = sum(lines[name] for name in received) - sum(lines[name] for name in spent) - lines["distributions"] - change
    assert np.all(np.abs(gap) <= 1e-9 * scale)


def check_signs(lines: dict[str, Array], scale: Array) -> None:
    """Magnitudes and balances are not below 0, and the sponsors' flow is what they get less what they pay."""
    signed = {"tax_paid", "cfads", "equity_flow", "dscr"}
    from sim.model.books import LINES

    for name in LINES:
        if name not in signed:
            assert np.all(lines[name] >= -1e-9 * scale), name
    got = lines["distributions"] - lines["sponsor_withholding"]
    assert np.allclose(lines["equity_flow"], got - lines["equity_paid_in"], rtol=0.0, atol=1e-9 * float(scale.max()))


def check_accounts(carried: Carried, lines: dict[str, Array], scale: Array) -> None:
    """Claims roll forward: beyond drawings less payments they grow by interest, from 0 to what is due."""
    total: Array = np.zeros(scale.shape)
    for account in carried.accounts:
        history = account.history
        assert history is not None
        balance = history["balance"] + history["arrears"]
        paid = history["interest"] + history["principal"] + history["written_off"]
        interest = np.diff(balance, axis=0, prepend=0.0) - history["drawn"] + paid
        size = 1e-9 * max(account.loan.commitment, 1.0)
        assert np.all(interest >= -size), account.loan.name
        opening = np.vstack([np.zeros((1, balance.shape[1])), balance[:-1]]) + history["drawn"]
        rates = np.broadcast_to(account.rates, balance.shape)
        penalty = 0.2  # more than any penalty margin of these term sheets
        assert np.all(interest <= (rates + penalty) * opening + size)
        total = total + balance / np.broadcast_to(account.fx, balance.shape)
    assert np.allclose(total, lines["debt_balance"], rtol=1e-9, atol=1e-9 * float(scale.max()))


def check_lenders_case(model: Model, block: Block) -> None:
    """On the lenders' case sources equal uses, every loan is repaid on time, and cover is not below its target."""
    plan, carried = model.plan, carried_of(block)
    assert plan is not None and plan.residual <= 1e-12
    lines = wide(block, 1)
    built = slice(0, plan.cod_row + 1)
    drawn, own = float(lines["debt_drawn"].sum()), float(lines["grants"].sum())
    assert abs(drawn - plan.debt_usd) <= 1e-9 * plan.uses_usd
    assert abs(float(carried.uses[0]) - plan.uses_usd) <= 1e-9 * plan.uses_usd
    granted = sum(grant.amount_usd for grant in plan.grants)
    assert abs(own - granted) <= 1e-9 * plan.uses_usd
    before = float(lines["equity_paid_in"][built].sum()) - plan.equity_usd
    assert before >= -1e-9 * plan.uses_usd
    assert float(block.metrics["missed_payment"][0]) == 0.0
    assert float(block.metrics["lenders_loss_usd"][0]) == 0.0
    assert float(block.metrics["funding_gap_usd"][0]) == 0.0
    if model.spec.written.financing is not None and not any(
        terms.cash_sweep for terms in model.spec.written.financing.tranches.values()
    ):
        check_targets(model, block)


def check_targets(model: Model, block: Block) -> None:
    """The least DSCR of the lenders' case is not below the target of loans that all others serve with."""
    terms = model.spec.written.financing
    assert terms is not None and model.plan is not None
    targets = [t.target_dscr for t in terms.tranches.values() if t.target_dscr is not None]
    ranks = {t.seniority for t in terms.tranches.values()}
    least = float(block.metrics["dscr_min"][0])
    if targets and len(ranks) == 1 and model.plan.debt_usd > 0.0:
        everywhere = max(targets) if len(targets) == len(terms.tranches) else 0.0
        longest = max(t.tenor_years for t in terms.tranches.values())
        same = all(t.tenor_years == longest for t in terms.tranches.values())
        if same and terms.shareholder_loan is None:
            assert least >= everywhere * (1.0 - 1e-9)
            # In shorter periods the least DSCR is one of twelve months, the size that of the tightest period.
            bound = model.plan.limits[0].what.startswith("DSCR") and model.grid.periods_per_year == 1
            if bound and len(set(targets)) == 1 and everywhere:
                assert least <= everywhere * (1.0 + 1e-6)


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(range(FIRST + start + group, FIRST + end, GROUPS), id=f"{start}-{end}-{group}", marks=marks)
        for start, end, marks in ((0, BY_DEFAULT, ()), (BY_DEFAULT, SCENARIOS, (pytest.mark.slow,)))
        for group in range(GROUPS)
    ],
)
def test_identities_of_financing(numbers: range) -> None:
    """Every draw and row of random scenarios; the debt is the same whatever the draws."""
    refused = 0
    for number in numbers:
        try:
            model = prepare(random_spec(number))
        except ScenarioError as error:
            refused += 1
            assert "sculpt" in str(error) or "matures" in str(error), str(error)
            continue
        cases: list[Chance] = [model.lenders, Draws(number, (0,))]
        for chance in cases:
            block = run_block(model, chance, detail=True)
            lines = wide(block, chance.columns)
            flows = np.sum([np.abs(lines[n]) for n in ("ebitda", "capex", "debt_balance", "principal_paid")], axis=0)
            scale = np.broadcast_to(np.maximum(np.max(flows, axis=0), 1.0), flows.shape)
            check_cash(lines, scale)
            check_signs(lines, scale)
            check_accounts(carried_of(block), lines, scale)
            if chance is model.lenders:
                check_lenders_case(model, block)
    assert refused < 5


def test_financing_moves_no_figure_of_the_project() -> None:
    """The project's own metrics are the same, bit for bit, whoever finances it."""
    for number in (5000, 5003, 5004, 5006):
        spec = random_spec(number)
        assert prepare(spec).lenders.percentiles == {}, "another horizon would cut other draws"
        alone = from_data("alone", {key: value for key, value in spec.data.items() if key != "financing"})
        blocks = [run_block(prepare(one), Draws(3, (0,))) for one in (spec, alone)]
        for name, values in blocks[1].metrics.items():
            assert np.array_equal(blocks[0].metrics[name], values, equal_nan=True), name
