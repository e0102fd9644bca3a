"""Sizing, repayment profiles, building and default on small projects that can be followed by hand."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_scenarios import constant, small_scenario

from sim.base.sampling import Draws, LendersCase
from sim.collect import Block
from sim.engine import run_block, simulate
from sim.errors import ScenarioError
from sim.model.loans import Plan, ahead
from sim.model.repayment import PROFILES, Instalments, falls_due
from sim.prepare import Model, prepare
from sim.scenario import from_data, read

BANK: dict[str, Any] = {"nation": "japan", "seniority": 1, "share": 1.0, "rate": 0.05, "tenor_years": 10.0}


def project(financing: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a link of 400 million USD, built in two years, that earns 60 million a year for 20 years."""
    data = small_scenario()
    data["timeline"] = {"start_year": 2030, "construction": {"years": 2.0}, "operation_years": 20.0}
    data["macro"] = {"inflation": {"usd": constant(0.0)}}
    data["costs"] = {"items": {"link": {"amount_million": 400.0, "price_year": 2030}}}
    fixed = {"kind": "capacity", "amount_million_per_year": 60.0, "price_year": 2030, "term_years": 30.0}
    data["market"] = {
        "currency": "usd",
        "price_year": 2030,
        "price_per_kwh": constant(0.0),
        "schemes": {"spot": {"kind": "merchant", "share": 1.0}, "fixed": fixed},
    }
    data["supply"]["cost"] = {"kind": "price", "price_per_mwh": constant(50.0), "price_year": 2030}
    data["tax"] = {"jurisdictions": {"all": {"rate": 0.0}}}
    data["evaluation"] = {"discount_rate_nominal": 0.08}
    data["financing"] = financing
    return data | changes


def bank(**changes: Any) -> dict[str, Any]:
    """Return terms with one bank."""
    return {"gearing_cap": 0.5, "tranches": {"bank": BANK | changes}}


def lenders_case(data: dict[str, Any]) -> tuple[Plan, Block]:
    """Return the agreement and the lenders' case."""
    model = prepare(from_data("small", data))
    assert model.plan is not None
    return model.plan, run_block(model, model.lenders, detail=True)


def line(block: Block, name: str) -> list[float]:
    """Return a line of the lenders' case in millions."""
    return [round(float(value) / 1e6, 6) for value in block.lines[name][:, 0]]


# --- profiles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROFILES)
@given(
    rows=st.integers(1, 30),
    grace=st.integers(0, 29),
    rate=st.floats(0.0, 0.2),
    cash=st.lists(st.floats(0.0, 3.0), min_size=30, max_size=30),
    others=st.floats(0.0, 0.5),
)
@settings(max_examples=150, deadline=None)
def test_contract_of_profiles(name: str, rows: int, grace: int, rate: float, cash: list[float], others: float) -> None:
    """Every profile repays exactly once, never negatively, and nothing in its grace."""
    grace = min(grace, rows - 1)
    loan = Instalments(np.full(rows, rate), 0.1, grace, np.array(cash[:rows]), np.full(rows, others))
    parts = PROFILES[name](loan)
    assert parts.shape == (rows,) and np.all(parts >= 0.0) and np.all(parts[:grace] == 0.0)
    if name != "sculpted" or max(cash[grace:rows]) > 1e-3:
        assert abs(parts.sum() - 1.0) < 1e-9
    due = falls_due(parts)
    left = 1.0
    for part in due:
        assert 0.0 <= part <= 1.0
        left -= part * left
    assert left == 0.0


def test_sums_of_rows_ahead() -> None:
    """Half a row ahead is half of the next row; beyond the end there is nothing."""
    flow = np.array([1.0, 2.0, 4.0])
    assert ahead(flow, 0.5).tolist() == [1.0, 2.0, 0.0]
    assert ahead(flow, 2.0).tolist() == [6.0, 4.0, 0.0]


# --- building ------------------------------------------------------------------------------------------------------


def test_interest_during_construction_by_hand() -> None:
    """Spending of 200 a year in mid-year at half loans and 5 %: interest on half the year's drawing, drawn pro rata."""
    plan, block = lenders_case(project(bank()))
    first = 0.05 * 0.5 * 100.0
    drawn = 100.0 + 0.5 * first
    second = 0.05 * (drawn + 0.5 * 100.0)
    assert line(block, "interest_capitalised")[1:3] == pytest.approx([first, second])
    assert line(block, "debt_drawn")[1:3] == pytest.approx([drawn, 100.0 + 0.5 * second])
    assert plan.uses_usd == pytest.approx((400.0 + first + second) * 1e6)
    assert plan.gearing == pytest.approx(0.5, abs=1e-12) and plan.limits[0].what == "gearing"


def test_fees_are_uses() -> None:
    """Arrangement fee and premium on the commitment at close, commitment fee on the mean undrawn amount."""
    plan, block = lenders_case(project(bank(arrangement_fee=0.02, guarantee_premium=0.03, commitment_fee=0.01)))
    commitment = plan.loans[0].commitment / 1e6
    fees = line(block, "fees")
    assert fees[0] == pytest.approx(0.05 * commitment)
    drawn_before = line(block, "debt_drawn")[0]
    assert fees[1] == pytest.approx(0.01 * (commitment - drawn_before - 50.0))
    assert commitment == pytest.approx(plan.debt_usd / 1e6)


def test_grant_and_shareholder_loan() -> None:
    """A grant of half the uses, loans of 30 % and sponsors' 20 %, half of it lent: sources are uses."""
    terms = bank() | {"gearing_cap": 0.3, "grants": {"state": {"share_of_uses": 0.5}}}
    terms["shareholder_loan"] = {"share": 0.5, "rate": 0.08}
    plan, block = lenders_case(project(terms))
    assert plan.debt_usd / plan.uses_usd == pytest.approx(0.3)
    assert plan.equity_usd / plan.uses_usd == pytest.approx(0.2)
    assert sum(line(block, "grants")) == pytest.approx(0.5 * plan.uses_usd / 1e6)
    assert sum(line(block, "equity_paid_in")) == pytest.approx(0.2 * plan.uses_usd / 1e6)


# --- size ----------------------------------------------------------------------------------------------------------


def test_sculpted_debt_is_the_present_value_of_its_service() -> None:
    """60 a year at DSCR 1.5 over ten years and 5 %: 40 · annuity factor, if gearing allows it."""
    terms = bank(profile="sculpted", target_dscr=1.5) | {"gearing_cap": 0.9}
    plan, block = lenders_case(project(terms))
    assert plan.debt_usd / 1e6 == pytest.approx(40.0 * (1.0 - 1.05**-10) / 0.05)
    assert plan.limits[0].what.startswith("DSCR 1.5 of bank")
    assert block.lines["dscr"][3:13, 0] == pytest.approx(np.full(10, 1.5))


def test_loan_life_cover_limits() -> None:
    """LLCR 2: half of the present value of ten years' CFADS."""
    terms = bank(profile="sculpted") | {"gearing_cap": 0.9, "target_llcr": 2.0}
    plan, block = lenders_case(project(terms))
    assert plan.debt_usd / 1e6 == pytest.approx(30.0 * (1.0 - 1.05**-10) / 0.05)
    assert plan.limits[0].what == "LLCR 2"
    assert float(block.metrics["llcr"][0]) == pytest.approx(2.0)


def test_ceilings_limit_and_fill_in_order() -> None:
    """Shares first, up to a ceiling; a lender without share takes the rest."""
    policy = BANK | {"share": 0.6, "ceiling_million": 90.0}
    other = BANK | {"share": 0.4}
    plan, _ = lenders_case(project({"gearing_cap": 0.5, "tranches": {"policy": policy, "other": other}}))
    assert plan.debt_usd / 1e6 == pytest.approx(150.0) and plan.limits[0].what == "ceilings of the lenders"
    rest = {key: value for key, value in BANK.items() if key != "share"} | {"ceiling_million": 500.0}
    plan, _ = lenders_case(project({"gearing_cap": 0.5, "tranches": {"policy": policy, "rest": rest}}))
    assert plan.limits[0].what == "gearing"
    assert plan.loans[0].commitment == pytest.approx(90e6)
    assert plan.loans[1].commitment == pytest.approx(plan.debt_usd - 90e6)


def test_no_more_is_lent_than_can_be_repaid() -> None:
    """Without any target a bullet of ten years is no more than the cash of its last year leaves."""
    plan, block = lenders_case(project(bank(profile="bullet") | {"gearing_cap": 0.9}))
    assert plan.debt_usd / 1e6 == pytest.approx(60.0 / 1.05)
    assert plan.limits[0].what == "repayment of bank in 2041"
    assert float(block.metrics["missed_payment"][0]) == 0.0
    data = project(bank())
    data["market"]["schemes"]["fixed"]["amount_million_per_year"] = 0.0
    plan, _ = lenders_case(data)
    assert plan.debt_usd == 0.0 and "repayment of bank" in plan.limits[0].what


def test_refused_terms() -> None:
    """A tenor beyond life, or a sculpted loan without cash, is an error at its key."""
    with pytest.raises(ScenarioError, match=r"financing\.tranches\.bank\.tenor_years.*operation"):
        prepare(from_data("small", project(bank(tenor_years=25.0))))
    data = project(bank(profile="sculpted"))
    data["market"]["schemes"]["fixed"]["amount_million_per_year"] = 0.0
    with pytest.raises(ScenarioError, match=r"financing\.tranches\.bank\.profile.*no cash"):
        prepare(from_data("small", data))


def test_tax_and_interest_agree() -> None:
    """With 30 % tax the sculpted service is CFADS after the tax that this very interest lowers."""
    data = project(bank(profile="sculpted", target_dscr=1.4) | {"gearing_cap": 0.95})
    data["tax"] = {"jurisdictions": {"all": {"rate": 0.3}}}
    plan, block = lenders_case(data)
    assert plan.residual < 1e-12
    interest, tax = (np.array(line(block, name)) for name in ("interest_paid", "tax_paid"))
    assert tax[3:13] == pytest.approx(0.3 * (60.0 - interest[3:13]))
    assert block.lines["dscr"][3:13, 0] == pytest.approx(np.full(10, 1.4))
    before = project(bank(profile="sculpted", target_dscr=1.4) | {"gearing_cap": 0.95, "cfads_basis": "pre_tax"})
    before["tax"] = data["tax"]
    assert lenders_case(before)[0].debt_usd > plan.debt_usd


# --- chance --------------------------------------------------------------------------------------------------------


def uncertain(terms: dict[str, Any]) -> Model:
    """Return a project with uncertain building time, cost and income."""
    data = project(terms)
    data["timeline"]["construction"]["years"] = {"dist": "uniform", "min": 1.0, "max": 3.5}
    data["costs"]["items"]["link"]["overrun"] = {"dist": "uniform", "min": -0.2, "max": 0.8}
    data["market"]["schemes"]["fixed"]["amount_million_per_year"] = {"dist": "uniform", "min": 20.0, "max": 90.0}
    return prepare(from_data("small", data))


def test_sized_without_foresight() -> None:
    """The agreement depends on the scenario alone, and every draw starts from its commitments."""
    model = uncertain(bank(target_dscr=1.2))
    assert model.plan is not None
    results = [simulate(model.spec, draws, seed).planned.cash.carried for draws, seed in ((256, 1), (1024, 7))]
    for carried in results:
        assert carried is not None and carried.plan.debt_usd == model.plan.debt_usd
        assert carried.plan.loans[0].commitment == model.plan.loans[0].commitment
    drawn = run_block(model, Draws(1, (0, 1, 2))).lines["debt_drawn"].sum(axis=0)
    limit = model.plan.loans[0].commitment
    late = run_block(model, Draws(1, (0, 1, 2))).clock.cod_years > 2.25
    assert np.all(drawn[~late] <= limit * 1.05) and np.any(drawn < 0.99 * limit)


def test_default_and_loss() -> None:
    """Poor income leads to arrears, default and loss; more cure time means fewer defaults, never other losses first."""
    model = uncertain(bank(target_dscr=1.2, default_dscr=1.0) | {"penalty_margin": 0.02, "cure_years": 1.0})
    block = run_block(model, Draws(1, (0, 1, 2)))
    missed, failed, lost = (block.metrics[name] for name in ("missed_payment", "defaulted", "equity_wiped_out"))
    assert 0.0 < missed.mean() < 1.0 and 0.0 < failed.mean() <= missed.mean()
    assert np.all(failed[lost == 1.0] == 1.0)
    loss = block.metrics["lenders_loss_share"]
    assert np.all(loss[missed == 0.0] == 0.0) and np.all((loss >= 0.0) & (loss <= 1.0))
    sooner = uncertain(bank(target_dscr=1.2, default_dscr=1.0) | {"penalty_margin": 0.02})
    assert run_block(sooner, Draws(1, (0, 1, 2))).metrics["defaulted"].mean() > failed.mean()


def test_arrears_by_hand() -> None:
    """Too little income: interest first, the rest into arrears with penalty, default after a year of cure."""
    terms = bank(profile="equal_principal", tenor_years=2.0) | {"gearing_cap": 0.2}
    terms |= {"penalty_margin": 0.03, "cure_years": 1.0}
    data = project(terms)
    data["market"]["schemes"]["fixed"]["amount_million_per_year"] = {
        "dist": "discrete",
        "weights": {100.0: 0.75, 30.0: 0.25},
    }
    model = prepare(from_data("small", data))
    assert model.plan is not None
    debt = model.plan.debt_usd / 1e6
    block = run_block(model, Draws(1, (0,)))
    poor = int(np.argmax(block.lines["revenue_capacity"][4] < 50e6))
    arrears = (block.lines["arrears"][:, poor] / 1e6).tolist()
    first = 0.05 * debt + debt / 2 - 30.0
    assert arrears[3] == pytest.approx(first)
    second = 0.05 * debt / 2 + 0.08 * first
    assert arrears[4] == pytest.approx(first + debt / 2 + second - 30.0)
    assert block.metrics["defaulted"][poor] == 1.0
    assert block.lines["distributions"][3:5, poor].tolist() == [0.0, 0.0]


def test_workers_and_chunks_do_not_matter() -> None:
    """The same tables with loans on one and two processes and in chunks of any size."""
    spec = read("scenarios/base.yaml")
    runs = [
        simulate(spec, 1024, 3, chunk_replicates=1),
        simulate(spec, 1024, 3, chunk_replicates=3),
        simulate(spec, 1024, 3, workers=2, chunk_replicates=2),
    ]
    for name in runs[0].metrics:
        for other in runs[1:]:
            assert np.array_equal(runs[0].metrics[name], other.metrics[name], equal_nan=True), name


# --- cases ---------------------------------------------------------------------------------------------------------


def test_bank_case_is_worse() -> None:
    """A P90 case puts each number on its bad side, and lends less."""
    terms = bank(target_dscr=1.2)
    median = uncertain(terms)
    poor = uncertain({**terms, "case": {"exceedance": 0.9}})
    income = "market.schemes.fixed.amount_million_per_year"
    expected = {"timeline.construction.years": 0.9, "costs.items.link.overrun": 0.9, income: 0.1}
    assert poor.lenders.percentiles == pytest.approx(expected)
    assert median.plan is not None and poor.plan is not None
    assert poor.plan.debt_usd < median.plan.debt_usd
    single = uncertain({**terms, "case": {"percentiles": {income: 0.25}}})
    assert single.lenders == LendersCase({income: 0.25})


def test_processes_at_a_percentile() -> None:
    """A process at its percentile: the share of draws below its path is that percentile in every period."""
    data = copy.deepcopy(project(bank()))
    process = {"process": "gbm", "spot": 1.0, "log_drift": 0.01, "volatility": 0.2}
    data["macro"]["inflation"]["eur"] = constant(0.0)
    data["macro"]["fx"] = {"eur": {"rate": process}}
    data["financing"]["tranches"]["bank"] |= {"currency": "eur"}
    data["financing"]["case"] = {"percentiles": {"macro.fx.eur.rate": 0.2}}
    model = prepare(from_data("small", data))
    path = run_block(model, model.lenders).money.rate["eur"]
    drawn = run_block(model, Draws(1, tuple(range(16)))).money.rate["eur"]
    below = (drawn[1:] <= path[1:]).mean(axis=1)
    assert np.all(np.abs(below - 0.2) < 4.5 * np.sqrt(0.2 * 0.8 / drawn.shape[1]))


def test_sponsors_alone_get_the_flow_of_the_project() -> None:
    """Without loans the sponsors' figures are the project's."""
    model = uncertain({"tranches": {}})
    block = run_block(model, Draws(1, (0,)))
    assert np.allclose(block.lines["equity_flow"], block.lines["net"], rtol=1e-12, atol=1e-6)
    assert np.allclose(block.metrics["equity_npv_usd"], block.metrics["project_npv_usd"], rtol=1e-12)
    assert np.allclose(block.metrics["equity_irr"], block.metrics["project_irr"], rtol=1e-9, equal_nan=True)
    plain = run_block(model, Draws(1, (0,)), detail=True)
    assert np.allclose(plain.lines["equity_flow"], block.lines["equity_flow"], rtol=1e-12, atol=1e-6)


def test_periods_of_any_length() -> None:
    """The same project in yearly, half-yearly, quarterly and monthly periods borrows about the same."""
    debts = []
    for m in (1, 2, 4, 12):
        data = project(bank(profile="sculpted", target_dscr=1.3, dsra_months=6.0) | {"gearing_cap": 0.9})
        data["timeline"]["periods_per_year"] = m
        plan, block = lenders_case(data)
        assert plan.residual < 1e-12 and float(block.metrics["missed_payment"][0]) == 0.0
        debts.append(plan.debt_usd)
    assert max(debts) / min(debts) < 1.06
    assert debts[3] / 1e6 == pytest.approx(60 / 12 / 1.3 * (1 - (1 + 0.05 / 12) ** -120) / (0.05 / 12))
