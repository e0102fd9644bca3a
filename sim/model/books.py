"""The company's books while a draw is carried through: what changes from row to row, and the lines it leaves.

Vectors are (draws,), lines (periods + 1, draws), nominal USD; balances of loans are in their currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.model.costs import Schedule
from sim.model.loans import (
    Loan,
    Plan,
    ahead,
    gross_up,
    interest_rates,
    row_of,
    withheld_from_sponsors,
    written_off_by_row,
)
from sim.model.macro import Money
from sim.model.project import Project
from sim.model.tax import Assessment, Tax
from sim.model.terms import Financing, Tranche
from sim.model.timeline import Grid

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
LINES = (
    *("fees", "interest_capitalised", "debt_drawn", "grants", "equity_paid_in", "reserve_interest", "tax_paid"),
    *("cfads", "debt_service_due", "interest_paid", "principal_paid", "withholding", "distributions"),
    *("sponsor_withholding", "unpaid_costs", "costs_caught_up", "written_off", "debt_balance", "arrears"),
    *("reserves", "cash_balance", "equity_flow", "dscr"),
)
"""Lines of the financing, in the order in which money flows."""
TRANCHE_LINES = (
    *("drawn", "capitalised", "due", "interest", "principal", "swept", "written_off", "balance", "arrears"),
    "dscr",
)
"""What is kept of each tranche where the detail is asked for, in its currency; ``dscr`` is that of its rank."""
COMPANY_LINES = (
    *("support", "service_reserve", "operating_reserve", "maintenance_reserve", "first_reserves"),
    *("shareholder_accrued", "shareholder_interest", "shareholder_principal", "shareholder_waived"),
    *("shareholder_loan", "locked", "defaulted"),
)
"""What is kept of the company where the detail is asked for, in USD; the last two are 1 or 0."""
RESERVE_OF_RANK = "service_reserve_of_rank_"
"""Begins the line of each rank's debt service reserve, which is kept beside `COMPANY_LINES`; ranks count from 0."""


@dataclass
class Account:
    """A loan in the books."""

    loan: Loan
    terms: Tranche
    fx: Array
    """Units of currency per USD, (periods + 1 or 1, 1 or draws)."""
    rates: Array
    """Interest of each row, a fraction of the balance, (periods + 1, 1 or draws)."""
    gross: Array
    undrawn: Array
    balance: Array
    arrears: Array
    middle: Array
    """Drawn in the middle of the row."""
    fresh: Array
    """Drawn in the row, middle and end."""
    opening: Array
    """Performing balance at the beginning of the row."""
    idc: Array
    """Interest of the row that is capitalised."""
    discount: Array
    """Present value of a unit at the end of the row, at the loan's own rate."""
    worth_drawn: Array
    worth_paid: Array
    history: dict[str, Array] | None
    """Lines of `TRANCHE_LINES`, (periods + 1, draws), currency; None without detail."""

    def rate_of_exchange(self, k: int) -> Array:
        """Return units of currency per USD in a row."""
        row: Array = self.fx[k if self.fx.shape[0] > 1 else 0]
        return row

    def note(self, line: str, k: int, amount: Array) -> None:
        """Keep a line of the tranche where the detail is asked for."""
        if self.history is not None:
            self.history[line][k] = amount


@dataclass
class Books:
    """State of the company at the end of the row before, and everything that is known beforehand."""

    plan: Plan
    terms: Financing
    grid: Grid
    project: Project
    accounts: tuple[Account, ...]
    ranks: tuple[tuple[Account, ...], ...]
    cod_row: Array
    end_row: Array
    """Row that contains the end of operation, or the last row."""
    cod_periods: Array
    """COD in periods from the start."""
    cash_from: Array
    """When interest is due in cash at the latest, in periods: COD or long-stop."""
    shift: NDArray[np.intp] | int
    """Rows by which repayment moves."""
    last_build: int
    first_cash: int
    """First row in which anything but building can happen."""
    operating_target: Array
    writeoff_share: Array | None
    """Part of construction interest and fees that is written off for tax in each row."""
    assessments: dict[str, Assessment]
    sponsor_tax: tuple[Array, Array]
    lines: dict[str, Array]
    middle_equity: Array
    """Part of the equity paid in that falls in mid-period."""
    cash: Array = field(init=False)
    service_reserve: list[Array]
    operating_reserve: Array = field(init=False)
    maintenance: Array = field(init=False)
    grants_left: list[Array]
    construction_finance: Array = field(init=False)
    """Fees, interest and tax on it until COD."""
    own_building: Array = field(init=False)
    """What sponsors have paid for building."""
    first_reserves: Array = field(init=False)
    lent: Array = field(init=False)
    """Shareholder loan: principal."""
    lent_interest: Array = field(init=False)
    """Shareholder loan: interest not paid yet."""
    defaulted: Mask = field(init=False)
    missed: Mask = field(init=False)
    """Whether a payment was ever missed before a default."""
    years_in_default: Array = field(init=False)
    """Years in default with claims outstanding."""
    owed_costs: Array = field(init=False)
    """Costs that the company could not pay in default, and still owes."""
    recent: list[list[tuple[Array, Array]]] = field(init=False)
    """CFADS and service of the last twelve months, by rank."""
    lost: Mask = field(init=False)
    """Whether claims were written off."""
    breached_for: Array = field(init=False)
    """Years for which a breach has lasted at the end of the row, below 0 without one."""
    alive: Array = field(init=False)
    """1 where there is no default yet, else 0."""
    capitalising: Array = field(init=False)
    """Part of the row in which interest is capitalised."""
    filling: Array = field(init=False)
    """1 where the reserves are filled for the first time in the row, else 0."""
    accrued: Array = field(init=False)
    """Interest of the row on the shareholder loan."""
    support: Array = field(init=False)
    """What sponsors pay in the row to keep the company going."""
    history: dict[str, Array] | None
    """Lines of `COMPANY_LINES`, (periods + 1, draws); None without detail."""

    def __post_init__(self) -> None:
        """Begin with nothing."""
        draws = self.cod_row.size
        self.cash = self.operating_reserve = self.maintenance = np.zeros(draws)
        self.construction_finance = self.own_building = self.first_reserves = np.zeros(draws)
        self.lent = self.lent_interest = self.accrued = np.zeros(draws)
        self.capitalising = self.filling = self.support = np.zeros(draws)
        self.defaulted = self.missed = self.lost = np.zeros(draws, dtype=bool)
        self.years_in_default = self.owed_costs = np.zeros(draws)
        self.recent = [[] for _ in self.ranks]
        self.breached_for, self.alive = np.full(draws, -1.0), np.ones(draws)

    def note(self, line: str, k: int, amount: Array | Mask) -> None:
        """Keep a line of the company where the detail is asked for."""
        if self.history is not None:
            self.history[line][k] = amount

    def note_balances(self, k: int) -> None:
        """Keep the company's balances at the end of the row where the detail is asked for."""
        if self.history is None:
            return
        self.note("support", k, self.support)
        self.note("service_reserve", k, sum(self.service_reserve, np.zeros(self.alive.shape)))
        for rank, held in enumerate(self.service_reserve):
            self.note(f"{RESERVE_OF_RANK}{rank}", k, held)
        self.note("operating_reserve", k, self.operating_reserve)
        self.note("maintenance_reserve", k, self.maintenance)
        self.note("first_reserves", k, self.first_reserves)
        self.note("shareholder_loan", k, self.lent + self.lent_interest)
        self.note("defaulted", k, self.defaulted)


def company_lines(plan: Plan) -> tuple[str, ...]:
    """Return every line that is kept of the company where the detail is asked for."""
    return (*COMPANY_LINES, *(f"{RESERVE_OF_RANK}{rank}" for rank in range(len(plan.ranks))))


def open_books(
    plan: Plan,
    terms: Financing,
    tax: Tax,
    schedule: Schedule,
    project: Project,
    life: Array,
    money: Money,
    detail: bool = False,
) -> Books:
    """Return the books before the first row."""
    grid, draws = money.grid, project.ebitda.shape[1]
    cod = np.broadcast_to(schedule.clock.cod_years, (draws,))
    cod_row = row_of(cod, grid)
    end_row = np.minimum(row_of(cod + life, grid), float(grid.periods))
    until = np.minimum(cod, plan.long_stop)
    zeros = np.zeros(draws)
    accounts = tuple(_account(loan, terms, tax, cod_row, money, draws, detail) for loan in plan.loans)
    opex = np.broadcast_to(project.operations.running.operating, (grid.periods + 1, draws))
    months = terms.om_reserve_months * grid.periods_per_year / 12.0
    shareholder = terms.shareholder_loan is not None
    finite = cod_row[np.isfinite(cod_row)]
    earliest = min(float(until.min()) * grid.periods_per_year, float(grid.periods))
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
        shift=_shift(plan, terms, cod_row, grid),
        last_build=grid.periods if finite.size < draws else max(int(finite.max(initial=0)), _last_spending(project)),
        first_cash=0 if shareholder else int(earliest - 1e-9),
        operating_target=ahead(opex, months) if months > 0.0 else np.zeros((grid.periods + 1, 1)),
        writeoff_share=written_off_by_row(terms, cod, grid),
        assessments={name: Assessment(rules, draws, grid) for name, rules in tax.jurisdictions.items()},
        sponsor_tax=withheld_from_sponsors(terms, tax),
        lines={name: np.zeros((grid.periods + 1, draws)) for name in LINES},
        middle_equity=np.zeros((grid.periods + 1, draws)),
        service_reserve=[zeros for _ in plan.ranks],
        grants_left=[np.full(draws, grant.amount_usd) for grant in plan.grants],
        history={name: np.zeros((grid.periods + 1, draws)) for name in company_lines(plan)} if detail else None,
    )


def _blank(rows: int, draws: int) -> dict[str, Array]:
    """Return the lines of a tranche before the first row; a cover ratio exists only where there is service."""
    return {name: np.full((rows, draws), np.nan if name == "dscr" else 0.0) for name in TRANCHE_LINES}


def _account(loan: Loan, terms: Financing, tax: Tax, cod_row: Array, money: Money, draws: int, detail: bool) -> Account:
    tranche, zeros = terms.tranches[loan.name], np.zeros(draws)
    return Account(
        loan=loan,
        terms=tranche,
        fx=money.rate[tranche.currency],
        rates=interest_rates(tranche, money, cod_row),
        gross=gross_up(tranche, tax),
        undrawn=np.full(draws, loan.commitment * (1.0 + tranche.standby_share)),
        balance=zeros,
        arrears=zeros,
        middle=zeros,
        idc=zeros,
        fresh=zeros,
        opening=zeros,
        discount=np.ones(draws),
        worth_drawn=zeros,
        worth_paid=zeros,
        history=_blank(money.grid.periods + 1, draws) if detail else None,
    )


def _last_spending(project: Project) -> int:
    """Return the last row with construction cost; rounding can put a rest of it behind the row of COD."""
    return int(np.flatnonzero(np.any(project.capex > 0.0, axis=1)).max(initial=0))


def _shift(plan: Plan, terms: Financing, cod_row: Array, grid: Grid) -> NDArray[np.intp] | int:
    if not terms.repayment_follows_cod:
        return 0
    late = np.where(np.isfinite(cod_row), cod_row - plan.cod_row, grid.periods)
    return late.astype(np.intp)
