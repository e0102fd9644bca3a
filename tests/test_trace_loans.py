"""Every traced line of the financing follows from the parts shown under it, in every way that loans can be."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
from random_financing import add_financing
from random_sanctions import add_sanctions
from random_scenarios import random_scenario
from small_scenarios import constant, small_scenario
from test_trace import CALM, DRAW, SCENARIOS, check_all, check_lines, draw_with, lines, spec, telling_years

from sim.model.books import LINES as FINANCED
from sim.scenario import Spec, from_data, parse_override, read
from sim.study.trace import trace
from sim.study.trace_tree import render


def structured() -> Spec:
    """Return a scenario with two ranks of loans and everything that a term sheet may hold, in half-years."""
    data = small_scenario()
    data["timeline"] |= {"periods_per_year": 2, "construction": {"years": 2.7}}
    data["macro"]["inflation"]["jpy"] = constant(0.01)
    data["macro"]["fx"] = {"jpy": {"rate": {"process": "gbm", "spot": 150, "volatility": 0.1}}}
    rate = {"process": "ou", "spot": 0.01, "mean_level": 0.02, "reversion_per_year": 0.3, "volatility": 0.005}
    data["macro"]["reference_rates"] = {"yen": rate}
    data["costs"]["replacements"] = {"control": {"amount_million": 30, "price_year": 2026, "every_years": 5}}
    data["costs"]["replacements"]["control"] |= {"reserve_funded": True, "tax_life_years": 3}
    data["tax"]["withholding"] = {"japan": {"interest": 0.1, "dividends": 0.05}}
    bank = {"nation": "japan", "currency": "jpy", "seniority": 1, "share": 0.6, "reference": "yen", "margin": 0.02}
    bank |= {"margin_construction": 0.03, "arrangement_fee": 0.02, "commitment_fee": 0.01, "tenor_years": 8}
    bank |= {"dsra_months": 6, "profile": "annuity", "standby_share": 0.1, "lock_up_dscr": 1.1, "default_dscr": 1.01}
    fund = {"nation": "japan", "seniority": 2, "share": 0.4, "rate": 0.07, "tenor_years": 9, "grace_years": 1}
    fund |= {"profile": "equal_principal", "cash_sweep": 0.3, "dsra_months": 3, "guarantee_premium": 0.02}
    data["financing"] = {
        "sponsors": {"own": {"nation": "japan", "share": 0.5}, "other": {"nation": "russia", "share": 0.5}},
        "tranches": {"bank": bank, "fund": fund},
        "grants": {"state": {"share_of_uses": 0.1}, "region": {"amount_million": 20}},
        "shareholder_loan": {"share": 0.5, "rate": 0.08},
        "gearing_cap": 0.5,
        "tax_life_years": 6,
        "om_reserve_months": 7,
        "reserve_rate": 0.01,
        "penalty_margin": 0.02,
        "cure_years": 0.5,
        "long_stop_years": 1,
    }
    return from_data("structured", data)


@cache
def sanctioned() -> Spec:
    """Return the same with sanctions on lenders and owners, a wait, a stop, a seizure, and late repayment."""
    data = dict(structured().data)
    data["timeline"] |= {"max_delay_years": 6, "decision": {"no_worse_than": "mild", "max_wait_years": 2}}
    data["financing"]["sponsors"]["own"]["share"], data["financing"]["sponsors"]["other"]["share"] = 0.6, 0.4
    data["financing"]["tranches"]["fund"]["nation"] = "korea"
    data["financing"] |= {"standby_equity_share": 0.02, "gearing_cap": 0.8}
    data["costs"]["items"]["link"]["sanctioned_equipment"] = True
    mild = {"pace": 0.8, "cost_factor": 1.2, "margin_addon": 0.01, "lenders_stop": ["bank"]}
    data["timeline"]["decision"]["lenders_willing"] = False
    full = {"pace": 0, "lenders_stop": ["japan"], "margin_addon": 0.02, "revenue_blocked": 0.2}
    full |= {"dividends_blocked": ["japan"], "seizure_per_year": 0.2}
    chance = {
        "calm": {"mild": 0.15, "full": 0.1},
        "mild": {"calm": 0.5, "full": 0.2},
        "full": {"mild": 0.9, "calm": 0.3},
    }
    data["sanctions"] = {"initial": "full", "regimes": {"calm": {}, "mild": mild, "full": full}, "rates": chance}
    data["sanctions"] |= {"blocked_recovery": 0.7, "seizure_loss": {"japan": 0.5, "russia": 0.1}}
    stop = {"amount_million": 30, "price_year": 2026, "restart_years": 0.3, "abandonment_years": 2}
    data["sanctions"]["stoppage"] = stop
    return from_data("sanctioned", data)


LENT = ("base", "financing/rouble_loans", "financing/state_50_30_20")


@pytest.mark.parametrize("draw", [None, DRAW])
@pytest.mark.parametrize("name", LENT)
def test_loans(name: str, draw: int | None) -> None:
    """All lines of the financing add up while building, at COD, in operation, in the last year of service and later."""
    of = lines(spec(name, *(CALM if draw is not None else ())), draw)
    last = of.model.grid.start_year + of.plan.last_row - 1
    check_lines(of, FINANCED, (2027, 2031, 2033, last, last + 1, last + 12))


@pytest.mark.parametrize("draw", [None, 3])
def test_ranks_grants_reserves_sweep_and_shareholder_loan(draw: int | None) -> None:
    """The same with two ranks, a sweep, reserves, a grant, a shareholder loan, floating rates and half-years."""
    of = lines(structured(), draw)
    start, years = of.model.grid.start_year, of.model.grid.years
    check_lines(of, FINANCED, range(start, start + years))
    names = {node.name for line in FINANCED for node in of.of_year(line, 2031).walk()}
    assert {"prepaid to fund in 2031 (1/2)", "debt service reserve of rank 2 before 2031 (1/2)"} <= names
    assert {"withheld of interest to fund", "financing.shareholder_loan.rate", "set aside for control"} <= {
        name.split(" at the end")[0] for name in names
    }


OUTCOMES = ("a stop and remobilisation", "abandoned", "seized", "held", "confiscated", "not invested", "a wait")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_lenders_and_owners_under_sanctions(outcome: str) -> None:
    """The same with lenders who stop, owners who are barred or seized, a decision that waits: all lines and years."""
    of = lines(sanctioned(), draw_with(sanctioned(), outcome))
    start, years = of.model.grid.start_year, of.model.grid.years
    check_lines(of, of.block.lines, range(start, start + years))


def test_lenders_and_owners_are_told() -> None:
    """Commitments at FID, lenders who stop, margins, shifts, abandonment and what owners are entitled to are named."""
    of = lines(sanctioned(), draw_with(sanctioned(), "a wait"))
    start, years = of.model.grid.start_year, of.model.grid.years
    nodes = [n for line in of.block.lines for y in range(start, start + years) for n in of.of_year(line, y).walk()]
    names, texts = {node.name for node in nodes}, {node.formula for node in nodes}
    assert {"commitment of bank at FID", "cost index at FID", "budget at prices at FID", "long-stop date"} <= names
    assert any("its lender pays nothing out in regime mild" in text for text in texts)
    assert any(text.endswith("rows later, as FID") for text in texts)
    assert any(name.startswith("margin_addon in ") for name in names)
    assert any(name.startswith("entitlement of japan ") for name in names)
    late = lines(sanctioned(), draw_with(sanctioned(), "a wait without default"))
    text = "\n".join(render(late.on(int(late.cod_row)).reserves()))
    assert "first debt service reserve of rank 1, at prices of FID" in text
    assert {"financing.standby_equity_share", "part of each use that bank pays"} <= {n.name for n in of.cod().walk()}
    gone = lines(sanctioned(), draw_with(sanctioned(), "abandoned"))
    row = int(gone.abandoned_row)
    assert "the works were given up" in "\n".join(render(gone.on(row + 1).default()))
    taken = lines(sanctioned(), draw_with(sanctioned(), "seized"))
    after = np.abs(taken.block.lines["equity_flow"][int(taken.seized_row) :, 0])
    text = "\n".join(render(taken.on(int(taken.seized_row) + int(np.argmax(after))).equity_flow()))
    assert (
        "kept by japan" in text and "sanctions.seizure_loss.japan = 50 %" in text and "stream sanctions.seizure" in text
    )


@pytest.mark.parametrize("seed", range(12))
def test_random_loans_under_sanctions(seed: int) -> None:
    """Term sheets and sanctions that between them use every option: all lines of telling years add up in a draw."""
    rng = random.Random(100 + seed)
    data = add_sanctions(rng, add_financing(rng, random_scenario(rng)))
    of = lines(from_data("random", data), 5 + seed)
    check_all(of, telling_years(of))


def test_a_default_can_be_followed() -> None:
    """Where the loans fail, arrears, lock-up, support, unpaid costs and what is written off add up in every year."""
    of = lines(spec("financing/high_gearing", *CALM), 1)
    assert of.block.metrics["defaulted"][0] == of.block.metrics["equity_wiped_out"][0] == 1.0
    start, years = of.model.grid.start_year, of.model.grid.years
    check_lines(of, FINANCED, range(start, start + years, 2))
    book = of.block.lines
    assert all(book[name].max() > 0.0 for name in ("arrears", "written_off", "unpaid_costs"))
    year = start + int(np.argmax(book["written_off"][:, 0])) - 1
    names = {node.name for node in of.of_year("distributions", year).walk()}
    assert {f"default before {year}", f"jbic is owed arrears in {year}", "financing.cure_years"} <= names
    assert of.of_year("written_off", year).value > 0.0


@pytest.mark.parametrize("seed", range(6))
def test_random_loans(seed: int) -> None:
    """Term sheets that between them use every option: the lines of all years add up in a draw."""
    rng = random.Random(seed)
    of = lines(from_data("random", add_financing(rng, random_scenario(rng))), 5 + seed)
    start, years = of.model.grid.start_year, of.model.grid.years
    check_lines(of, FINANCED, range(start, start + years, 2))


FAILING = 7
"""A draw of the base case with a default, costs left unpaid and costs caught up."""


@pytest.mark.parametrize("sets", [(), ("timeline.periods_per_year=4", "financing.om_reserve_months=6")])
def test_costs_left_unpaid_and_caught_up(sets: tuple[str, ...]) -> None:
    """After a default costs are left unpaid and paid later; every line of these years follows from its parts."""
    scenario = read(SCENARIOS / "base.yaml", [parse_override(text) for text in (*sets, *CALM)])
    of = lines(scenario, FAILING)
    book, starts = of.block.lines, of.model.grid.start_year + of.model.grid.year
    late = [int(starts[np.flatnonzero(book[name][:, 0] > 1.0)[0]]) for name in ("unpaid_costs", "costs_caught_up")]
    check_lines(of, FINANCED, (*late, late[-1] + 1))
    assert "min(costs owed, max(cash, 0))" in trace(scenario, "costs_caught_up", late[1], FAILING)
    assert "none after the default of " in trace(scenario, "dscr", late[1], FAILING)


def test_two_loans_of_a_rank_are_swept_pro_rata() -> None:
    """What a sweep prepays is shared out among the loans of a rank that have one."""
    sets = [f"financing.tranches.{name}.cash_sweep={part}" for name, part in (("jbic", 0.5), ("commercial_banks", 0.9))]
    sets += ["financing.om_reserve_months=6"]
    of = lines(read(SCENARIOS / "base.yaml", [parse_override(text) for text in sets]), None)
    check_lines(of, FINANCED, (2034, 2036))
    swept = [node for node in of.of_year("principal_paid", 2034).walk() if node.name.startswith("prepaid to ")]
    assert len(swept) == 2 and all("its part of the balances of its rank" in node.formula for node in swept)


def test_a_ratio_that_does_not_exist_says_why() -> None:
    """Where nothing is scheduled the tree of the cover ratio ends at the reason."""
    text = trace(spec("base"), "dscr", 2070).splitlines()
    assert len(text) == 3 and "none: no debt service is scheduled in 2070" in text[2]


def test_terms_and_plan_are_the_leaves_of_loans() -> None:
    """What was agreed is shown with its source, the size of the debt with what limits it."""
    service = trace(spec("base"), "debt_service_due", 2040)
    assert "financing.tranches.jbic.margin = 1.55 % a year · source: NeuConnect (TXF, 2022)" in service
    assert "financing.tranches.jbic.tenor_years = 15 years · source: assumption: general knowledge, OECD" in service
    assert "← see --line debt_balance --year 2039" in service
    repaid = trace(spec("base"), "principal_paid", 2040)
    assert "what profile sculpted repays" in repaid and "financing.tranches.jbic.target_dscr = 1.80 times" in repaid
    assert "DSCR 1.80 of JBIC in " in repaid
    drawn = trace(spec("base"), "debt_drawn", 2030)
    assert "all loans = " in drawn and "sized on the lenders' case: the least that one of these allows" in drawn
    assert "DSCR 1.80 of JBIC in " in drawn and "financing.tranches.jbic.target_dscr = 1.80 times · source" in drawn
    assert "1.80 times ← cfads / debt_service_due" in trace(spec("base"), "dscr", 2040).splitlines()[2]
