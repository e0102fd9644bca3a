"""What a statement is made from: one case row by row, and the calendar in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import engine
from sim.base.sampling import Chance
from sim.collect import Block
from sim.model.books import Account
from sim.model.financing import Carried
from sim.model.loans import Plan
from sim.model.owners import shares_of
from sim.model.terms import Financing
from sim.model.timeline import Grid, overlap
from sim.prepare import Model
from sim.sheets import Line, Values

Array = NDArray[np.float64]
POLITICAL = (
    *("revenue_blocked", "revenue_released", "revenue_lost", "revenue_confiscated", "blocked_balance"),
    *("seizing_state", "dividends_held"),
)
"""Lines that are there only where some regime brings them."""
LETTERS = {2: "H", 4: "Q"}
ROUNDING = 1e-3
"""Money that is only the rounding of sums, USD."""


@dataclass(frozen=True)
class Calendar:
    """From rows to columns: a year adds up its flows and ends with its last balance."""

    grid: Grid
    by_period: bool

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """First row of each column; the opening belongs to the first year."""
        if self.by_period:
            return np.arange(self.grid.periods + 1)
        return np.unique(self.grid.year, return_index=True)[1]

    @property
    def ends(self) -> NDArray[np.intp]:
        """Last row of each column."""
        return np.append(self.starts[1:], self.grid.periods + 1) - 1

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar year of each column."""
        return tuple(int(self.grid.start_year + self.grid.year[k]) for k in self.starts)

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each column: 2033, 2033 Q1, 2033-01; the opening is 0."""
        m = self.grid.periods_per_year
        if not self.by_period or m == 1:
            names = [str(year) for year in self.years]
        elif m == 12:
            names = [f"{year}-{(k - 1) % m + 1:02d}" for k, year in enumerate(self.years)]
        else:
            names = [f"{year} {LETTERS[m]}{(k - 1) % m + 1}" for k, year in enumerate(self.years)]
        return ("start", *names[1:]) if self.by_period else tuple(names)

    def label(self, k: int) -> str:
        """Return the name of the column that contains a row."""
        return self.labels[int(np.searchsorted(self.starts, k, side="right")) - 1]

    def where(self, rows: NDArray[np.bool_]) -> tuple[str, ...]:
        """Return the names of the columns that contain one of some rows."""
        return tuple(dict.fromkeys(self.label(int(k)) for k in np.flatnonzero(rows)))

    def flow(self, line: Array) -> Values:
        """Return the sums of a flow."""
        return tuple(np.add.reduceat(line, self.starts).tolist())

    def end(self, line: Array) -> Values:
        """Return the balances at the end of each column."""
        return tuple(line[self.ends].tolist())

    def start(self, line: Array) -> Values:
        """Return the balances at the start of each column."""
        return tuple(np.append(0.0, line)[self.starts].tolist())

    def least(self, line: Array) -> Values:
        """Return the lowest figure of each column, NaN where there is none."""
        low = np.minimum.reduceat(np.where(np.isnan(line), np.inf, line), self.starts)
        return tuple(np.where(np.isinf(low), np.nan, low).tolist())

    def mean(self, line: Array) -> Values:
        """Return the mean of the rows of each column; the opening, which has no length, does not count in a year."""
        rows = np.ones(line.size)
        if not self.by_period:
            line, rows[0] = np.where(np.arange(line.size) > 0, line, 0.0), 0.0
        return tuple((np.add.reduceat(line, self.starts) / np.add.reduceat(rows, self.starts)).tolist())


@dataclass(frozen=True)
class Loan:
    """A tranche row by row, in its currency."""

    account: Account
    periods: int

    def __getitem__(self, line: str) -> Array:
        """Return a line of `books.TRANCHE_LINES`, (periods + 1,)."""
        assert self.account.history is not None
        return self.account.history[line][:, 0]

    @property
    def name(self) -> str:
        """Name of the tranche."""
        return self.account.loan.name

    @property
    def currency(self) -> str:
        """Its currency in capitals."""
        return self.account.terms.currency.upper()

    @cached_property
    def fx(self) -> Array:
        """Units of currency per USD, (periods + 1,)."""
        return np.broadcast_to(self.account.fx, (self.periods + 1, 1))[:, 0]

    @property
    def claim(self) -> Array:
        """Balance with arrears."""
        return self["balance"] + self["arrears"]

    @property
    def rate(self) -> Array:
        """Interest of a row as a fraction of the balance."""
        return np.broadcast_to(self.account.rates, (self.periods + 1, 1))[:, 0]

    @property
    def withheld_building(self) -> Array:
        """Tax on the interest during construction."""
        return float(self.account.gross[0]) * self["capitalised"]

    @property
    def exchange_gain(self) -> Array:
        """What the opening balance has become less worth by the exchange rate, USD."""
        gain = np.zeros(self.periods + 1)
        gain[1:] = self.claim[:-1] / self.fx[:-1] - self.claim[:-1] / self.fx[1:]
        return gain


@dataclass(frozen=True)
class Case:
    """One case row by row; arrays are (periods + 1,), USD unless said otherwise."""

    plan: Plan
    terms: Financing
    block: Block
    carried: Carried
    calendar: Calendar

    @classmethod
    def of(cls, model: Model, chance: Chance, by_period: bool) -> Case:
        """Return a case."""
        block = engine.run_block(model, chance, detail=True)
        carried, terms = block.cash.carried, block.scenario.financing
        assert carried is not None and terms is not None and model.plan is not None
        return cls(model.plan, terms, block, carried, Calendar(model.grid, by_period))

    @property
    def grid(self) -> Grid:
        """The grid."""
        return self.calendar.grid

    def wide(self, line: Array) -> Array:
        """Return the one column of a line, (periods + 1,)."""
        return np.broadcast_to(line, (self.grid.periods + 1, 1))[:, 0]

    def __getitem__(self, line: str) -> Array:
        """Return a line of the cash flow, or what only the detail keeps of the company; zeros for `POLITICAL`."""
        kept: Mapping[str, Array] = self.carried.history or {}
        if line in POLITICAL and line not in self.flows:
            return np.zeros(self.grid.periods + 1)
        return self.wide(kept[line] if line in kept else self.flows[line])

    @cached_property
    def flows(self) -> Mapping[str, Array]:
        """The lines of the cash flow."""
        return self.block.cash.lines()

    @property
    def cost_index(self) -> float:
        """What the budget costs at FID over what it costs at time zero."""
        return float(self.block.stage.schedule.cost_index[0])

    @cached_property
    def loans(self) -> tuple[Loan, ...]:
        """The tranches."""
        return tuple(Loan(account, self.grid.periods) for account in self.carried.accounts)

    @cached_property
    def operating(self) -> Mapping[str, Array]:
        """Operating cost by entry."""
        return {name: self.wide(cost) for name, cost in self.block.cash.operations.running.by_item.items()}

    @cached_property
    def regimes(self) -> NDArray[np.intp]:
        """Place of the regime of each row."""
        return np.broadcast_to(self.block.stage.states, (self.grid.periods + 1, 1))[:, 0].astype(np.intp)

    @cached_property
    def state_share(self) -> Array:
        """Part of the company that the seizing state owns in each row."""
        taken = self.block.stage.effects.taken
        parts = (share * float(taken[nation][0]) for nation, share in shares_of(self.terms).items() if nation in taken)
        return np.where(np.arange(self.grid.periods + 1) >= self.block.stage.schedule.seized_row[0], sum(parts), 0.0)

    @property
    def building_equity(self) -> Array:
        """What sponsors pay for building."""
        return self["equity_paid_in"] - self["support"]

    @property
    def lent(self) -> Array:
        """The part of it that they lend."""
        loan = self.terms.shareholder_loan
        return (loan.share if loan is not None else 0.0) * self.building_equity

    @cached_property
    def withheld_building(self) -> Array:
        """Tax withheld on interest during construction."""
        return sum((loan.withheld_building / loan.fx for loan in self.loans), np.zeros(self.grid.periods + 1))

    @property
    def withheld_operating(self) -> Array:
        """Tax withheld on interest paid in cash."""
        return self["withholding"] - self.withheld_building

    @property
    def owed_costs(self) -> Array:
        """Costs left unpaid that are still owed at the end of each row."""
        owed = np.cumsum(self["unpaid_costs"] - self["costs_caught_up"])
        return np.where(np.abs(owed) < ROUNDING, 0.0, owed)

    @property
    def building_cost(self) -> Array:
        """Construction cost of the books: capital cost, fees, interest and tax on it until COD."""
        return self["capex"] + self["fees"] + self["interest_capitalised"] + self.withheld_building

    @property
    def depreciation(self) -> Array:
        """Straight line over the operating life, of the books and not of any tax."""
        cod, life = self.block.stage.clock.cod_years, self.block.stage.life
        share = overlap(np.broadcast_to(cod, (1,)), life, self.grid)[:, 0] / float(life[0])
        return share * float(self.building_cost.sum())

    def line(self, key: str, label: str, flow: Array, item: str = "") -> Line:
        """Return a flow as a line."""
        return Line(key, label, self.calendar.flow(flow), item)

    def held(self, key: str, label: str, balance: Array, item: str = "") -> Line:
        """Return a balance as a line."""
        return Line(key, label, self.calendar.end(balance), item)
