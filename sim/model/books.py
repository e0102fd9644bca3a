"""The company's books while a draw is carried through: what changes from row to row, and the lines it leaves.

Vectors are (draws,), lines (periods + 1, draws), nominal USD; balances of loans are in their currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.model.loans import (
    Loan,
    Plan,
)
from sim.model.owners import Owners, Value
from sim.model.project import Project
from sim.model.tax import Assessment
from sim.model.terms import Financing, Tranche
from sim.model.timeline import Grid, at

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
    stopped: Array | None
    """1 in rows in which the lender pays nothing out; None: never."""
    commitment: Array
    """Commitment at FID, without the standby."""
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
    paid: Array
    """Interest and principal received in the row."""
    fees: Array
    """Fees received in the row, USD."""
    discount: Array
    """Present value of a unit at the end of the row, at the loan's own rate."""
    worth_drawn: Array
    worth_paid: Array
    worth: Array
    """Present value, at the project's rate, of what the lender gets less what it lends, USD."""
    worth_withheld: Array
    """The same of the tax on its interest."""
    history: dict[str, Array] | None
    """Lines of `TRANCHE_LINES`, (periods + 1, draws), currency; None without detail."""

    def rate_of_exchange(self, k: int) -> Array:
        """Return units of currency per USD in a row."""
        return at(self.fx, k)

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
    plan_row: NDArray[np.intp] = field(init=False)
    """Row of the plan that holds in each row, (periods + 1, 1 or draws): earlier by the shift."""
    last_build: int
    first_cash: int
    """First row in which anything but building can happen."""
    operating_target: Array
    reserving: bool = field(init=False)
    """Whether there is ever a reserve for operating cost or renewals."""
    writeoff_share: Array | None
    """Part of construction interest and fees that is written off for tax in each row."""
    assessments: dict[str, Assessment]
    owners: Owners
    value: Value | None
    """Present values at the project's rate, where somebody asks who bears what."""
    fid_row: Array
    abandoned_row: Array
    scale: Array
    """Cost index at FID: commitments, first reserves, grants and promises are multiplied by it."""
    worth_granted: Array
    worth_taxed: dict[str, Array]
    """Jurisdiction: present value of its tax on profit."""
    lines: dict[str, Array]
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
    middle_equity: Array = field(init=False)
    """Part of the equity paid in in the row that falls in mid-period."""
    support: Array = field(init=False)
    """What sponsors pay in the row to keep the company going."""
    history: dict[str, Array] | None
    """Lines of `COMPANY_LINES`, (periods + 1, draws); None without detail."""

    def __post_init__(self) -> None:
        """Begin with nothing."""
        draws, last = self.cod_row.size, self.grid.periods
        self.plan_row = np.clip(np.arange(last + 1)[:, None] - self.shift, 0, last)
        renewals = self.project.operations.running.maintenance_target
        self.reserving = bool(self.plan.operating_reserve > 0.0 or self.operating_target.any() or renewals.any())
        self.cash = self.operating_reserve = self.maintenance = np.zeros(draws)
        self.construction_finance = self.own_building = self.first_reserves = np.zeros(draws)
        self.lent = self.lent_interest = self.accrued = np.zeros(draws)
        self.capitalising = self.filling = self.support = self.middle_equity = np.zeros(draws)
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
