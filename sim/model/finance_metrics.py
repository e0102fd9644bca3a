"""Metrics of lenders and sponsors: cover ratios, default, losses, and the return on equity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.model.books import Account
from sim.model.financing import Carried
from sim.model.macro import Money
from sim.model.metrics import DEFINITIONS, Definition, Evaluation, equity_discounting_of, payback_of_sum, yearly_irr
from sim.model.roots import accumulate
from sim.model.timeline import Grid, quotient, total
from sim.model.works import Schedule

Array = NDArray[np.float64]
FINANCE_DEFINITIONS: dict[str, Definition] = {
    "equity_npv_usd": Definition("USD", "net present value of what sponsors pay and get, at the equity discount rate"),
    "equity_irr": Definition(
        "per year", "nominal internal rate of return of the sponsors; -1 where nothing comes back; largest root", False
    ),
    "equity_payback_years": Definition(
        "years from start", "first return of the sponsors' cumulative nominal flow to zero; inf: never", False
    ),
    "equity_payback_discounted_years": Definition(
        "years from start", "the same of the flow discounted at the equity rate", False
    ),
    "equity_moic": Definition("ratio", "all cash that sponsors get over all that they pay, nominal"),
    "equity_invested_usd": Definition("USD", "what sponsors pay for building and to keep the company going, nominal"),
    "equity_peak_funding_usd": Definition("USD", "largest fall of the sponsors' cumulative flow below zero"),
    "funding_gap_usd": Definition("USD", "what sponsors pay for building beyond what they have promised"),
    "debt_usd": Definition("USD", "all drawings on loans"),
    "gearing": Definition("share", "debt over all uses of funds until COD"),
    "dscr_min": Definition("ratio", "least debt service cover ratio, CFADS over scheduled service, until a default"),
    "dscr_mean": Definition("ratio", "mean debt service cover ratio over the rows that have one"),
    "dscr_min_year": Definition("calendar year", "year of the least debt service cover ratio"),
    "llcr": Definition("ratio", "present value of CFADS over the loan life at the loans' rate, over debt at its start"),
    "plcr": Definition("ratio", "the same over the life of the project"),
    "missed_payment": Definition("share", "1 where a payment to a lender was late before any default"),
    "defaulted": Definition("share", "1 where arrears or a broken covenant outlast the cure time, or claims are lost"),
    "years_in_default": Definition("years", "years in default with claims outstanding; 0 where there is no default"),
    "unpaid_costs_usd": Definition("USD", "costs and taxes that the company in default never pays, nominal"),
    "equity_wiped_out": Definition("share", "1 where lenders are never paid in full: claims were written off"),
    "lenders_loss_usd": Definition(
        "USD", "present value of what lenders lose, each loan at its own rate; mean: expected loss"
    ),
    "lenders_loss_share": Definition("share", "lenders_loss_usd over the present value of what was drawn"),
}
"""Definitions of the metrics of `evaluate`; `loss_share_of_NAME` is in `loss_definition`."""
LOSS_SHARE = "loss_share_of_"
"""Begins the metric of each tranche's loss."""
DEFINITIONS.update(FINANCE_DEFINITIONS)


def evaluate(evaluation: Evaluation, carried: Carried, schedule: Schedule, money: Money) -> dict[str, Array]:
    """Return every metric of lenders and sponsors, each (draws,); `FINANCE_DEFINITIONS` says what they are."""
    draws = schedule.clock.cod_years.shape
    metrics = _equity(evaluation, carried, money) | _debt(carried) | _cover(carried, money.grid)
    metrics |= {
        "missed_payment": carried.missed.astype(np.float64),
        "defaulted": carried.defaulted.astype(np.float64),
        "years_in_default": carried.years_in_default,
        "equity_wiped_out": carried.lost.astype(np.float64),
        "unpaid_costs_usd": carried.owed_costs,
    }
    metrics |= _losses(carried.accounts, draws)
    return {name: np.broadcast_to(values, draws) for name, values in metrics.items()}


def equity_npv(evaluation: Evaluation, carried: Carried, money: Money) -> Array:
    """Return the sponsors' NPV; their part of capital cost falls in mid-period, everything else at the end."""
    return total(_present(evaluation, carried, money))


def _present(evaluation: Evaluation, carried: Carried, money: Money) -> Array:
    factor, early = equity_discounting_of(evaluation, money), carried.owners.middle
    present: Array = (carried.lines["equity_flow"] + early) * factor.at_end - early * factor.at_middle
    return present


def _equity(evaluation: Evaluation, carried: Carried, money: Money) -> dict[str, Array]:
    """Return the sponsors' figures; their part of capital cost falls in mid-period, everything else at the end."""
    flow, early = carried.lines["equity_flow"], carried.owners.middle
    late = flow + early
    present = _present(evaluation, carried, money)
    cumulative = accumulate(flow)
    paid = carried.owners.paid
    rate, _ = yearly_irr(late, early, money.grid)
    return {
        "equity_npv_usd": total(present),
        "equity_irr": rate,
        "equity_payback_years": payback_of_sum(cumulative, money.grid.dt)[0],
        "equity_payback_discounted_years": payback_of_sum(accumulate(present), money.grid.dt)[0],
        "equity_moic": quotient(carried.owners.got, paid),
        "equity_invested_usd": paid,
        "equity_peak_funding_usd": np.maximum(-np.min(cumulative, axis=0), 0.0),
    }


def _debt(carried: Carried) -> dict[str, Array]:
    debt = total(carried.lines["debt_drawn"])
    return {"funding_gap_usd": carried.gap, "debt_usd": debt, "gearing": quotient(debt, carried.uses)}


def _cover(carried: Carried, grid: Grid) -> dict[str, Array]:
    """Return DSCR and the cover ratios of present values."""
    ratio = carried.lines["dscr"]
    known = ~np.isnan(ratio)
    count = known.sum(axis=0)
    value = np.fmin(ratio, np.inf)  # inf for NaN
    low, least = value.min(axis=0), value.argmin(axis=0)
    loan, project = _present_cash(carried, grid)
    return {
        "dscr_min": np.where(count > 0.0, low, np.nan),
        "dscr_mean": quotient(total(np.where(known, ratio, 0.0)), count),
        "dscr_min_year": np.where(np.isfinite(low), grid.start_year + grid.year[least], np.nan),
        "llcr": loan,
        "plcr": project,
    }


def _present_cash(carried: Carried, grid: Grid) -> tuple[Array, Array]:
    """Return LLCR and PLCR: CFADS after the start of repayment at the loans' rates over the debt at that time."""
    plan, lines = carried.plan, carried.lines
    if not plan.loans:
        none = np.full(lines["cfads"].shape[1], np.nan)
        return none, none
    row = np.arange(grid.periods + 1)[:, None] - carried.shift
    weight = plan.coverage_discount[np.clip(row, 0, plan.coverage_discount.size - 1)]
    flow = lines["cfads"] * weight * (row > plan.start_row)
    debt = total(lines["debt_balance"] * (row == plan.start_row))
    return quotient(total(flow * (row <= plan.last_row)), debt), quotient(total(flow), debt)


def _losses(accounts: tuple[Account, ...], draws: tuple[int, ...]) -> dict[str, Array]:
    """Return the lenders' losses in present value at their own rates."""
    loss_usd, drawn_usd = np.zeros(draws), np.zeros(draws)
    shares = {}
    for account in accounts:
        loss = np.maximum(account.worth_drawn - account.worth_paid, 0.0)
        loss = np.where(loss > 1e-9 * account.worth_drawn, loss, 0.0)
        spot = account.rate_of_exchange(0)
        loss_usd = loss_usd + loss / spot
        drawn_usd = drawn_usd + account.worth_drawn / spot
        shares[f"{LOSS_SHARE}{account.loan.name}"] = quotient(loss, account.worth_drawn)
    return {"lenders_loss_usd": loss_usd, "lenders_loss_share": quotient(loss_usd, drawn_usd)} | shares


def loss_definition(name: str) -> Definition:
    """Return the definition of a tranche's loss."""
    return Definition("share", f"present value of what {name} loses, at its own rate, over that of what it has lent")
