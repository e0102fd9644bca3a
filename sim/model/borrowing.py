"""The lenders' case in plain numbers: uses of funds for a given debt, and the service that a given balance needs.

One column only: vectors run over rows (periods + 1,) or tranches (tranches,), matrices over both. `sizing` asks these
functions again and again until size, fees, interest and tax agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.model.loans import ahead, gross_up, interest_rates, part_before, written_off_by_row
from sim.model.macro import Money
from sim.model.project import Project
from sim.model.repayment import PROFILES, Instalments
from sim.model.tax import Tax, corporate_tax
from sim.model.terms import Financing, Tranche
from sim.model.timeline import Grid, row_of
from sim.model.works import Schedule

Array = NDArray[np.float64]


class Refused(Exception):
    """The terms cannot be met on the lenders' case: dotted path, what is wrong, how to mend it."""

    def __init__(self, path: str, message: str, cure: str) -> None:
        super().__init__(message)
        self.path, self.cure = path, cure


@dataclass(frozen=True)
class Borrowing:
    """Everything that sizing needs to know of the lenders' case."""

    terms: Financing
    tax: Tax
    grid: Grid
    names: tuple[str, ...]
    tranches: tuple[Tranche, ...]
    ranks: tuple[tuple[int, ...], ...]
    rates: Array
    """Interest of each row, (periods + 1, tranches)."""
    fx: Array
    """Units of currency per USD, (periods + 1, tranches)."""
    gross: Array
    cod_years: float
    cod_row: int
    start_row: int
    rows: NDArray[np.intp]
    """Rows of the tenor, (tranches,)."""
    grace: NDArray[np.intp]
    capex: Array
    project: Project
    maintenance: Array
    """Target of the renewal reserve."""
    operating: Array
    """Target of the operating reserve."""

    @classmethod
    def of(
        cls, terms: Financing, tax: Tax, schedule: Schedule, project: Project, money: Money, addon: Array
    ) -> Borrowing:
        """Return the lenders' case; the records have one column. ``addon``: what its regime adds to margins."""
        grid, tranches = money.grid, tuple(terms.tranches.values())
        count, m = grid.periods + 1, grid.periods_per_year
        cod = float(schedule.clock.cod_years[0])
        row = int(row_of(schedule.clock.cod_years, grid)[0])
        at = row_of(np.array([cod + terms.first_repayment_slack_years]), grid)
        rates = [interest_rates(item, money, np.array([float(row)]), addon)[:, 0] for item in tranches]
        fx = [np.broadcast_to(money.rate[item.currency], (count, 1))[:, 0] for item in tranches]
        order = sorted({item.seniority for item in tranches})
        opex = np.broadcast_to(project.operations.running.operating, (count, 1))[:, 0]
        reserve = np.where(np.arange(count) >= row, ahead(opex, terms.om_reserve_months * m / 12.0), 0.0)
        return cls(
            terms=terms,
            tax=tax,
            grid=grid,
            names=tuple(terms.tranches),
            tranches=tranches,
            ranks=tuple(tuple(i for i, t in enumerate(tranches) if t.seniority == rank) for rank in order),
            rates=np.array(rates).reshape(len(tranches), count).T,
            fx=np.array(fx).reshape(len(tranches), count).T,
            gross=np.array([gross_up(item, tax)[0] for item in tranches]),
            cod_years=cod,
            cod_row=row,
            start_row=int(at[0]),
            rows=np.array([round(item.tenor_years * m) for item in tranches], dtype=np.intp),
            grace=np.array([round(item.grace_years * m) for item in tranches], dtype=np.intp),
            capex=np.where(np.arange(count) <= row, schedule.capex[:, 0], 0.0),
            project=project,
            maintenance=np.broadcast_to(project.operations.running.maintenance_target, (count, 1))[:, 0],
            operating=reserve,
        )

    @cached_property
    def before_cod(self) -> list[float]:
        """The part of each row that lies before COD; row 0 has none."""
        cod = np.array([self.cod_years * self.grid.periods_per_year])
        return [float(part_before(cod, k)[0]) for k in range(self.grid.periods + 1)]


@dataclass(frozen=True)
class Building:
    """Sources and uses until COD; USD by row unless said otherwise."""

    fees: float
    interest: float
    withheld: float
    reserves: float
    drawn: Array
    """Drawings of each tranche in its currency, (tranches,)."""
    drawn_usd: Array
    opening: Array
    """What bears interest in the row of COD, over the balance after it, (tranches,)."""
    balance: Array
    """Balance after the row of COD, currency, (tranches,)."""


def build(case: Borrowing, parts: Array, commitments: Array, reserves: float) -> Building:
    """Return the drawings when each tranche pays its part of every use; fees are charged on ``commitments``."""
    terms, dt = case.tranches, case.grid.dt
    upfront = np.array([(t.arrangement_fee + t.guarantee_premium)[0] for t in terms])
    waiting = np.array([t.commitment_fee[0] for t in terms])
    limit = commitments * (1.0 + np.array([t.standby_share for t in terms]))
    drawn, usd = np.zeros(len(terms)), np.zeros(len(terms))
    bearing = drawn
    fees = interest = withheld = 0.0
    for k in range(case.cod_row + 1):
        fx, early = case.fx[k], case.before_cod[k]
        middle = parts * case.capex[k] * fx
        bearing = drawn + 0.5 * middle
        idc = early * case.rates[k] * bearing / fx if k else np.zeros(len(terms))
        fee = float((upfront * commitments / fx).sum()) if k == 0 else 0.0
        if k:
            fee = float((waiting * dt * early * np.maximum(limit - bearing, 0.0) / fx).sum())
        fees, interest = fees + fee, interest + float(idc.sum())
        withheld += float((case.gross * idc).sum())
        end = fee + float(((1.0 + case.gross) * idc).sum()) + (reserves if k == case.cod_row else 0.0)
        usd = usd + parts * (case.capex[k] + end)
        drawn = drawn + middle + parts * end * fx
    opening = np.divide(bearing, drawn, out=np.zeros(len(terms)), where=drawn > 0.0)
    return Building(fees, interest, withheld, reserves, drawn, usd, opening, drawn)


@dataclass(frozen=True)
class Service:
    """Planned service after COD in currency, (periods + 1, tranches)."""

    interest: Array
    principal: Array
    balance: Array
    """At the end of the row, from COD on."""
    parts: tuple[Array, ...]
    """Principal of each row of the tenor over the balance at its start."""


def service_of(case: Borrowing, sizes: Array, opening: Array, balance: Array, cash: Array) -> Service:
    """Return the service of loans of some sizes [USD] and balances [currency]; ``cash`` is CFADS in USD by row."""
    shape = (case.grid.periods + 1, len(case.tranches))
    interest, principal, owed = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    parts: list[Array] = [np.zeros(0)] * len(case.tranches)
    before: Array = np.zeros(shape[0])
    for rank in case.ranks:
        sculpted = [i for i in rank if case.tranches[i].profile == "sculpted"]
        whole = float(sizes[sculpted].sum())
        for group in ([i for i in rank if i not in sculpted], sculpted):
            ahead_of_it = before.copy()
            for i in group:
                weight = float(sizes[i]) / whole if whole > 0.0 and i in sculpted else 0.0
                parts[i] = _parts(case, i, weight, balance[i], cash, ahead_of_it)
                _lay_out(case, i, opening[i], balance[i], parts[i], interest, principal, owed)
                before = before + (interest[:, i] * (1.0 + case.gross[i]) + principal[:, i]) / case.fx[:, i]
    return Service(interest, principal, owed, tuple(parts))


def _parts(case: Borrowing, i: int, weight: float, balance: float, cash: Array, others: Array) -> Array:
    """Return the repayment profile of one tranche over the rows of its tenor."""
    rows = slice(case.start_row + 1, case.start_row + 1 + int(case.rows[i]))
    scale = weight * case.fx[rows, i] / balance if balance > 0.0 else np.zeros(int(case.rows[i]))
    rates, gross, grace = case.rates[rows, i], float(case.gross[i]), int(case.grace[i])
    loan = Instalments(rates, gross, grace, scale * cash[rows], scale * others[rows])
    return PROFILES[case.tranches[i].profile](loan)


def _lay_out(
    case: Borrowing,
    i: int,
    opening: float,
    balance: float,
    parts: Array,
    interest: Array,
    principal: Array,
    owed: Array,
) -> None:
    """Fill in the columns of one tranche."""
    first, start = case.cod_row, case.start_row
    last = start + parts.size
    principal[start + 1 : last + 1, i] = balance * parts
    owed[first:, i] = balance
    owed[start + 1 :, i] -= np.cumsum(principal[start + 1 :, i])
    owed[last:, i] = 0.0
    interest[first + 1 :, i] = case.rates[first + 1 :, i] * owed[first:-1, i]
    interest[first, i] = (1.0 - case.before_cod[first]) * case.rates[first, i] * opening * balance if first else 0.0


def reserve_targets(case: Borrowing, service: Service) -> Array:
    """Return the debt service reserve of each tranche after each row, USD, (periods + 1, tranches)."""
    targets = np.zeros(service.interest.shape)
    for i, terms in enumerate(case.tranches):
        months = terms.dsra_months * case.grid.periods_per_year / 12.0
        due = service.interest[:, i] * (1.0 + case.gross[i]) + service.principal[:, i]
        targets[:, i] = ahead(due, months) / case.fx[:, i]
    return targets


def held_over_balance(case: Borrowing, i: int, service: Service, balance: float) -> Array:
    """Return the debt service reserve of a tranche over its performing balance after each row, (periods + 1,).

    Before COD it is that of the loan as if it were drawn: an early COD finds a target, too.
    """
    owed = service.balance[:, i].copy()
    owed[: case.cod_row] = balance
    due = service.principal[:, i].copy()
    due[1:] += case.rates[1:, i] * (1.0 + case.gross[i]) * owed[:-1]
    held = ahead(due, case.tranches[i].dsra_months * case.grid.periods_per_year / 12.0)
    return np.divide(held, owed, out=np.zeros(owed.size), where=owed > 1e-9 * balance)


def tax_paid(case: Borrowing, built: Building, service: Service, reserves: Array) -> Array:
    """Return the tax of each row with these loans; ``reserves`` are all reserve accounts, USD by row."""
    dt = case.grid.dt
    due = ((service.interest * (1.0 + case.gross)) / case.fx).sum(axis=1)
    income = case.project.income[:, 0] - due
    income[1:] += case.terms.reserve_rate[0] * dt * reserves[:-1]
    written = written_off_by_row(case.terms, np.array([case.cod_years]), case.grid)
    if written is not None:
        income -= (built.fees + built.interest + built.withheld) * written[:, 0]
    return corporate_tax(case.tax, income[:, None], case.project.written, case.grid).tax[:, 0]
