"""Opening the books of a draw before its first row: commitments at FID, rates and dates (docs/sanctions.md, 6)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.model.books import LINES, TRANCHE_LINES, Account, Books, company_lines
from sim.model.effects import Effects
from sim.model.loans import Loan, Plan, ahead, gross_up, interest_rates, written_off_by_row
from sim.model.macro import Money
from sim.model.owners import OWNERS_LINES, Owners, Value
from sim.model.project import Project
from sim.model.tax import Assessment, Tax
from sim.model.terms import Financing
from sim.model.timeline import Grid, at_row, row_of
from sim.model.works import Schedule

Array = NDArray[np.float64]


def open_books(
    plan: Plan,
    terms: Financing,
    tax: Tax,
    schedule: Schedule,
    project: Project,
    life: Array,
    money: Money,
    effects: Effects,
    value: Value | None = None,
    detail: bool = False,
) -> Books:
    """Return the books before the first row."""
    grid, draws = money.grid, project.ebitda.shape[1]
    fid_row = schedule.clock.fid_row
    cod = np.broadcast_to(schedule.clock.cod_years, (draws,))
    cod_row = row_of(cod, grid)
    end_row = np.minimum(row_of(cod + life, grid), float(grid.periods))
    until, zeros = np.minimum(cod, plan.long_stop + fid_row * grid.dt), np.zeros(draws)
    accounts = tuple(_account(loan, terms, tax, cod_row, schedule, money, effects, draws) for loan in plan.loans)
    if detail:
        for account in accounts:
            account.history = _blank(grid.periods + 1, draws)
    shift = _shift(plan, terms, fid_row, cod_row, grid)
    return Books(
        plan=plan,
        terms=terms,
        grid=grid,
        project=project,
        accounts=accounts,
        ranks=tuple(tuple(accounts[i] for i in rank) for rank in plan.ranks),
        cod_row=cod_row,
        end_row=end_row,
        cod_periods=cod * grid.periods_per_year,
        cash_from=until * grid.periods_per_year,
        shift=shift,
        last_build=max(int(np.max(last_row(schedule, cod_row, grid))), _last_spending(project)),
        first_cash=_first_cash(plan, terms, until, shift, schedule, grid),
        operating_target=_operating_target(terms, project, grid),
        writeoff_share=written_off_by_row(terms, cod, grid),
        assessments={name: Assessment(rules, draws, grid) for name, rules in tax.jurisdictions.items()},
        owners=Owners(terms, tax, effects, schedule.seized_row, (grid.periods + 1, draws), value),
        value=value,
        fid_row=fid_row,
        abandoned_row=schedule.clock.abandoned_row,
        scale=schedule.cost_index,
        worth_granted=zeros,
        worth_taxed=dict.fromkeys(tax.jurisdictions, zeros),
        lines={name: np.zeros((grid.periods + 1, draws)) for name in LINES if name not in OWNERS_LINES},
        service_reserve=[zeros for _ in plan.ranks],
        grants_left=[grant.amount_usd * schedule.cost_index + zeros for grant in plan.grants],
        history={name: np.zeros((grid.periods + 1, draws)) for name in company_lines(plan)} if detail else None,
    )


def _first_cash(
    plan: Plan, terms: Financing, until: Array, shift: NDArray[np.intp] | int, schedule: Schedule, grid: Grid
) -> int:
    """Return the first row in which anything but building can happen in any draw.

    Before COD and the long-stop date there can be principal that is due, and projects that are given up.
    """
    if terms.shareholder_loan is not None:
        return 0
    repaying = float(np.min(shift)) + plan.start_row + 1.0 if plan.loans else math.inf
    earliest = min(float(until.min()) * grid.periods_per_year, float(schedule.clock.abandoned_row.min()), repaying)
    return int(min(earliest, float(grid.periods)) - 1e-9)


def _operating_target(terms: Financing, project: Project, grid: Grid) -> Array:
    """Return what the operating reserve should hold after each row."""
    months = terms.om_reserve_months * grid.periods_per_year / 12.0
    opex = project.operations.running.operating
    if months <= 0.0:
        return np.zeros((grid.periods + 1, 1))
    return ahead(np.broadcast_to(opex, (grid.periods + 1, project.ebitda.shape[1])), months)


def _blank(rows: int, draws: int) -> dict[str, Array]:
    """Return the lines of a tranche before the first row; a cover ratio exists only where there is service."""
    return {name: np.full((rows, draws), np.nan if name == "dscr" else 0.0) for name in TRANCHE_LINES}


def _account(
    loan: Loan,
    terms: Financing,
    tax: Tax,
    cod_row: Array,
    schedule: Schedule,
    money: Money,
    effects: Effects,
    draws: int,
) -> Account:
    tranche, zeros = terms.tranches[loan.name], np.zeros(draws)
    fx = money.rate[tranche.currency]
    moved = schedule.cost_index * (at_row(fx, schedule.clock.fid_row) / fx[0])
    commitment = loan.commitment * moved + zeros
    return Account(
        loan=loan,
        terms=tranche,
        fx=fx,
        rates=interest_rates(tranche, money, cod_row, effects.margin),
        gross=gross_up(tranche, tax),
        stopped=effects.stopped.get(loan.name),
        commitment=commitment,
        undrawn=commitment * (1.0 + tranche.standby_share),
        balance=zeros,
        arrears=zeros,
        middle=zeros,
        idc=zeros,
        fresh=zeros,
        opening=zeros,
        paid=zeros,
        fees=zeros,
        discount=np.ones(draws),
        worth_drawn=zeros,
        worth_paid=zeros,
        worth=zeros,
        worth_withheld=zeros,
        history=None,
    )


def last_row(schedule: Schedule, cod_row: Array, grid: Grid) -> Array:
    """Return the last row of building: that of COD or of giving up, 0 where there is no decision, else the last."""
    ended = np.minimum(np.minimum(cod_row, schedule.clock.abandoned_row), float(grid.periods))
    return np.where(np.isfinite(schedule.clock.fid_row), ended, 0.0)


def _last_spending(project: Project) -> int:
    """Return the last row with construction cost; rounding can put a rest of it behind the row of COD."""
    return int(np.flatnonzero(np.any(project.capex > 0.0, axis=1)).max(initial=0))


def _shift(plan: Plan, terms: Financing, fid_row: Array, cod_row: Array, grid: Grid) -> NDArray[np.intp] | int:
    if terms.repayment_follows_cod:
        late = np.where(np.isfinite(cod_row), cod_row - plan.cod_row, grid.periods)
        return late.astype(np.intp)
    moved = np.where(np.isfinite(fid_row), fid_row, float(grid.periods)).astype(np.intp)
    return int(moved[0]) if moved.size == 1 else moved
