"""The scalar reference model of the financing against cases that can be checked by hand, and one of SAM."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from random_financing import add_financing
from random_scenarios import random_scenario
from scalar_finance_metrics import financed
from scalar_loans import NO_FINANCING, Operation
from scalar_model import horizon, plain
from scalar_processes import Series
from scalar_sizing import size
from scalar_whole import operation_of

from sim.base.sampling import Draws, LendersCase
from sim.scenario import fill, from_data

TOY = {
    "interest_paid": [0.0, 33095.32109305508, 22699.755980272363, 11680.456960722686, 0.0, 0.0],
    "principal_paid": [0.0, 173259.41854637864, 183654.98365916128, 194674.28267871097, 0.0, 0.0],
    "debt_balance": [551588.6848842513, 378329.2663378727, 194674.28267871143, 0.0, 0.0, 0.0],
    "reserves": [103177.36981971686, 103177.36981971683, 103177.36981971683, 0.0, 0.0, 0.0],
    "tax_paid": [0.0, 14980.935781388987, 17060.048803945527, 19263.908607855465, 21600.0, 21600.0],
    "equity_flow": [-551588.6849354659, 86664.32457917731, 84585.21155662082, 185558.72157242772, 286400.0, 286400.0],
}
"""SAM's lines of case sam20_toy_5yr: 1,000,000 USD built at once, 308,000 a year for five years (PySAM 7.1.1)."""
LOAN = {
    **dict.fromkeys(("ceiling_million", "reference", "margin", "margin_construction", "target_dscr")),
    **dict.fromkeys(("lock_up_dscr", "default_dscr")),
    **dict.fromkeys(("arrangement_fee", "guarantee_premium", "commitment_fee", "grace_years", "dsra_months"), 0.0),
    **dict.fromkeys(("cash_sweep", "standby_share"), 0.0),
    "nation": "japan",
    "currency": "usd",
    "seniority": 1,
    "share": 1.0,
    "rate": 0.1,
    "profile": "annuity",
}
STATE = {"share": 1.0, "rate": 0.0, "losses": "carried_forward", "loss_limit": 1.0, "loss_expiry_years": None}


def operation(ebitda: Series, capex: Series, cod: float, life: float, tax: Any = STATE, **terms: Any) -> Operation:
    """Return a yearly case in US dollars; ``terms`` are those of the financing."""
    nothing, ones = [0.0] * len(ebitda), [1.0] * len(ebitda)
    rates = ("discount_rate_real", "equity_discount_rate_real", "equity_discount_rate_nominal")
    values = {
        "timeline": {"periods_per_year": 1, "start_year": 2030, "operation_years": life},
        "tax": {"jurisdictions": {"home": tax}, "withholding": {}},
        "evaluation": {**dict.fromkeys(rates), "discount_rate_nominal": 0.05},
        "financing": {**NO_FINANCING, **terms},
    }
    written = {"home": [0.0] + [sum(capex) / life] * int(life) + [0.0] * (len(ebitda) - 1 - int(life))}
    return Operation(values, cod, ebitda, capex, nothing, nothing, nothing, written, {}, {}, ones, ones)


def rounded(found: Any, *names: str) -> Any:
    """Return lines rounded for comparison by eye."""
    return [[round(x, 6) for x in found[name]] for name in names]


def test_annuity_with_reserve_is_that_of_sam() -> None:
    """Half the uses borrowed, paid on time, six months of service in reserve, tax on profit after interest."""
    loan = {**LOAN, "rate": 0.06, "tenor_years": 3.0, "dsra_months": 6.0}
    state = {**STATE, "rate": 0.2}
    terms: dict[str, Any] = {"tranches": {"bank": loan}, "gearing_cap": 0.5, "cfads_basis": "pre_tax"}
    op = operation([0.0] + [308000.0] * 5, [1e6, 0.0, 0.0, 0.0, 0.0, 0.0], 0.0, 5.0, state, **terms)
    found: Any = financed(size(op), op)
    for name, line in TOY.items():
        assert found[name] == pytest.approx(line, rel=1e-9, abs=1e-4), name
    wanted = {"dscr_min": 1.4925753609448096, "llcr": 1.492575360944809, "equity_irr": 0.15962661042839804}
    wanted |= {"equity_npv_usd": 227986.53065482678, "equity_payback_years": 3.680099257078352}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-9)
    assert found["lenders_loss_usd"] == pytest.approx(0.0, abs=1e-6)


def test_interest_during_construction_on_two_rows() -> None:
    """Half of 100 is drawn in mid-year 1: 2.5 interest; then 10 % on 51.25 and on half of the next 50: 7.625."""
    terms: dict[str, Any] = {"tranches": {"bank": {**LOAN, "tenor_years": 1.0}}, "gearing_cap": 0.5}
    op = operation([0.0, 0.0, 0.0, 200.0, 0.0], [0.0, 100.0, 100.0, 0.0, 0.0], 2.0, 2.0, **terms)
    found: Any = financed(size(op), op)
    assert rounded(found, "interest_capitalised")[0] == [0.0, 2.5, 7.625, 0.0, 0.0]
    assert rounded(found, "debt_balance")[0] == [0.0, 51.25, 105.0625, 0.0, 0.0]
    assert rounded(found, "equity_flow")[0] == [0.0, -51.25, -53.8125, round(200.0 - 1.1 * 105.0625, 6), 0.0]
    assert found["gearing"] == pytest.approx(0.5)


def test_a_sculpted_loan_takes_the_same_part_of_the_cash_of_every_year() -> None:
    """Cash of 60, 45 and 30 at a DSCR of 1.5: service 40, 30 and 20, the debt is their present value at 10 %."""
    loan = {**LOAN, "tenor_years": 3.0, "profile": "sculpted", "target_dscr": 1.5}
    op = operation([0.0, 60.0, 45.0, 30.0, 30.0], [200.0, 0.0, 0.0, 0.0, 0.0], 0.0, 4.0, tranches={"bank": loan})
    plan = size(op)
    found: Any = financed(plan, op)
    assert plan.debt["bank"] == pytest.approx(40.0 / 1.1 + 30.0 / 1.21 + 20.0 / 1.331)
    assert plan.binding == "target_dscr of bank"
    assert rounded(found, "debt_service_due")[0] == [0.0, 40.0, 30.0, 20.0, 0.0]
    assert rounded(found, "dscr")[0][1:4] == [1.5, 1.5, 1.5]


def stressed(ebitda: Series) -> Any:
    """Return a draw with another EBITDA: 100 lent for two years at 10 %, arrears at 15 %, a year to cure."""
    loan = {**LOAN, "tenor_years": 2.0, "profile": "equal_principal"}
    terms: dict[str, Any] = {"tranches": {"bank": loan}, "gearing_cap": 0.5, "penalty_margin": 0.05, "cure_years": 1.0}
    capex = [200.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    planned = operation([0.0, 90.0, 90.0, 90.0, 90.0, 90.0], capex, 0.0, 5.0, **terms)
    return financed(size(planned), operation(ebitda, capex, 0.0, 5.0, **terms))


def test_a_default_that_is_paid_up() -> None:
    """60 stay unpaid, then 14 interest and 46 are paid: default after a year; the rest and 9.6 interest follow."""
    found = stressed([0.0, 0.0, 60.0, 200.0, 60.0, 50.0])
    assert rounded(found, "arrears", "interest_paid", "principal_paid") == [
        [0.0, 60.0, 64.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 14.0, 9.6, 0.0, 0.0],
        [0.0, 0.0, 46.0, 64.0, 0.0, 0.0],
    ]
    assert rounded(found, "equity_flow")[0] == [-100.0, 0.0, 0.0, 126.4, 60.0, 50.0]
    assert [found[name] for name in ("defaulted", "missed_payment", "equity_wiped_out")] == [1.0, 1.0, 0.0]
    assert found["lenders_loss_usd"] == 0.0


def test_a_loan_that_is_never_paid_is_written_off() -> None:
    """Arrears 60, then 60 · 1.15 + 5 + 50, then 15 % a year to the end of operation; costs stay with suppliers."""
    found = stressed([0.0, 0.0, 0.0, -10.0, 0.0, 0.0])
    assert rounded(found, "arrears")[0] == [0.0, 60.0, 124.0, 142.6, 163.99, 0.0]
    assert rounded(found, "written_off")[0] == [0.0, 0.0, 0.0, 0.0, 0.0, 188.5885]
    assert rounded(found, "unpaid_costs")[0] == [0.0, 0.0, 0.0, 10.0, 0.0, 0.0]
    assert [found[name] for name in ("defaulted", "equity_wiped_out")] == [1.0, 1.0]
    assert [found[name] for name in ("years_in_default", "unpaid_costs_usd")] == [3.0, pytest.approx(10.0)]
    assert [found[name] for name in ("lenders_loss_usd", "lenders_loss_share")] == pytest.approx([100.0, 1.0])


def test_costs_that_stayed_unpaid_are_paid_before_lenders() -> None:
    """Of 200 the suppliers of row 3 get 10, lenders 142.6 · 1.15 = 163.99, sponsors the rest."""
    found = stressed([0.0, 0.0, 0.0, -10.0, 200.0, 0.0])
    assert rounded(found, "unpaid_costs", "costs_caught_up", "costs_owed") == [
        [0.0, 0.0, 0.0, 10.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 10.0, 0.0],
        [0.0, 0.0, 0.0, 10.0, 0.0, 0.0],
    ]
    assert rounded(found, "equity_flow")[0] == [-100.0, 0.0, 0.0, 0.0, 26.01, 0.0]
    assert rounded(found, "missed")[0] == [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    assert [found[name] for name in ("years_in_default", "unpaid_costs_usd")] == [2.0, 0.0]


def test_the_operating_reserve_pays_gaps_of_operation_but_no_lenders() -> None:
    """110 lent, 20 of it and of equity in reserve: 16 stay unpaid beside it; gaps of 15 take 15, then the last 5."""
    loan = {**LOAN, "tenor_years": 2.0, "profile": "equal_principal"}
    terms: dict[str, Any] = {"tranches": {"bank": loan}, "gearing_cap": 0.5, "cure_years": 9.0}
    capex, cost = [200.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 20.0, 20.0, 20.0, 20.0, 20.0]
    planned = operation([0.0, 90.0, 90.0, 90.0, 90.0, 90.0], capex, 0.0, 5.0, om_reserve_months=12.0, **terms)
    planned = replace(planned, operating_cost=cost)
    found: Any = financed(size(planned), replace(planned, ebitda=[0.0, 50.0, -15.0, -15.0, 120.0, 0.0]))
    assert rounded(found, "reserves", "arrears", "equity_flow") == [
        [20.0, 20.0, 5.0, 0.0, 20.0, 0.0],
        [0.0, 16.0, 78.1, 85.91, 0.0, 0.0],
        [-110.0, 0.0, 0.0, -10.0, 5.499, 20.0],
    ]


def test_a_sweep_is_shared_by_balances_within_a_rank() -> None:
    """Of the 40 left in year 1 half is swept: 15 to the loan of 75, 5 to that of 25; of the 42 of year 2 21."""
    loan = {**LOAN, "tenor_years": 3.0, "profile": "bullet", "cash_sweep": 0.5}
    pair = {"bank": {**loan, "share": 0.75}, "fund": {**loan, "share": 0.25}}
    op = operation([0.0, 50.0, 50.0, 150.0], [200.0, 0.0, 0.0, 0.0], 0.0, 3.0, tranches=pair, gearing_cap=0.5)
    found: Any = financed(size(op), op)
    assert rounded(found, "balance_of_bank", "balance_of_fund", "distributions") == [
        [75.0, 60.0, 44.25, 0.0],
        [25.0, 20.0, 14.75, 0.0],
        [0.0, 20.0, 21.0, 85.1],
    ]


def test_cover_is_that_of_the_last_twelve_months() -> None:
    """Half-years with 90 and 30 for services of 55 and 52.5; a DSCR of 90/55 below 1.7 is a breach and locks."""
    loan = {**LOAN, "tenor_years": 1.0, "profile": "equal_principal", "default_dscr": 1.7}
    terms: dict[str, Any] = {"tranches": {"bank": loan}, "gearing_cap": 0.5, "cure_years": 9.0}
    capex = [200.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    planned = operation([0.0, 90.0, 90.0, 90.0, 90.0, 90.0], capex, 0.0, 5.0, **terms)
    planned.values["timeline"]["periods_per_year"] = 2
    found: Any = financed(size(planned), replace(planned, ebitda=[0.0, 90.0, 30.0, 0.0, 0.0, 0.0]))
    assert rounded(found, "dscr")[0][1:3] == [round(90.0 / 55.0, 6), round(120.0 / 107.5, 6)]
    assert rounded(found, "locked", "distributions") == [
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 12.5, 0.0, 0.0, 0.0],
    ]


@pytest.mark.parametrize("group", range(6))
def test_random_term_sheets(group: int) -> None:
    """The plan is a fixed point that draws what it says; the identities hold in its case and in draws."""
    for number in range(group, 60, 6):
        rng = random.Random(number)
        spec = from_data(f"random{number}", add_financing(rng, random_scenario(rng)))
        case = plain(fill(spec, LendersCase()), 0)
        periods = horizon(case, spec.leaves["timeline.operation_years"].dist.upper)
        lenders = operation_of(case, {}, None, periods)
        plan = size(lenders)
        assert plan.residual <= 1e-13
        found: Any = financed(plan, lenders)
        assert found["debt_usd"] == pytest.approx(sum(plan.debt.values()), rel=1e-9)
        for column in (3, 7):
            draw = operation_of(plain(fill(spec, Draws(7, (0,))), column), {}, None, periods)
            assert financed(plan, draw)["equity_invested_usd"]
