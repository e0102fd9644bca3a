"""Loans as agreed: what sizing leaves behind and every draw is carried through with (docs/financing.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.macro import Money
from sim.model.tax import Depreciation, Tax, depreciation
from sim.model.terms import Financing, Tranche
from sim.model.timeline import Grid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Loan:
    """A tranche after sizing; amounts in its currency, arrays by row (periods + 1,)."""

    name: str
    commitment: float
    part: float
    """Part of each use of funds that it pays."""
    falls_due: Array
    """Part of the opening performing balance that falls due in the row."""
    reserve: Array
    """Debt service reserve over the performing balance at the end of the row."""


@dataclass(frozen=True)
class Source:
    """A grant after sizing."""

    name: str
    amount_usd: float
    part: float


@dataclass(frozen=True)
class Limit:
    """Something that limits the loans: what, and the debt that it allows [USD]."""

    what: str
    debt_usd: float


@dataclass(frozen=True)
class Plan:
    """The agreement, made once on the lenders' case."""

    loans: tuple[Loan, ...]
    ranks: tuple[tuple[int, ...], ...]
    """Places of the loans, by rank, best first."""
    grants: tuple[Source, ...]
    uses: Mapping[str, float]
    """Uses of funds until COD, USD."""
    debt_usd: float
    equity_usd: float
    cod_row: int
    start_row: int
    """Last row before repayment begins."""
    last_row: int
    """Row of the last maturity."""
    long_stop: float
    """Time from which interest is due in cash, years from the start."""
    service_reserve: tuple[float, ...]
    """First filling of the debt service reserve of each rank, USD."""
    operating_reserve: float
    """First filling of the operating reserve, USD."""
    coverage_discount: Array
    """Discount factors of LLCR and PLCR from the start of repayment at the loans' rates, (periods + 1 + cod_row,)."""
    limits: tuple[Limit, ...]
    """What limits the debt, tightest first."""
    reserves: bool
    """Whether there are reserve accounts or a shareholder loan."""
    residual: float
    """Largest move of the last step of sizing, over the uses."""
    steps: int

    @property
    def first_reserves(self) -> float:
        """First filling of all reserves, USD."""
        return sum(self.service_reserve) + self.operating_reserve

    @property
    def uses_usd(self) -> float:
        """Sum of the uses."""
        return sum(self.uses.values())

    @property
    def gearing(self) -> float:
        """Debt over uses."""
        return self.debt_usd / self.uses_usd if self.uses_usd > 0.0 else 0.0

    @property
    def bare(self) -> bool:
        """Whether there is nothing between the project and its sponsors."""
        return not self.loans and not self.grants and not self.reserves


def part_before(periods: Array, k: int) -> Array:
    """Return the part of row k that lies before an instant [periods from the start]; within 1e-9 it is none or all."""
    if k == 0:
        return np.zeros(periods.shape)
    part = np.clip(periods - (k - 1), 0.0, 1.0)
    return np.where(part < 1e-9, 0.0, np.where(part > 1.0 - 1e-9, 1.0, part))


def interest_rates(terms: Tranche, money: Money, cod_row: Array, addon: Array) -> Array:
    """Return the interest of each row, a fraction of the balance, (periods + 1, 1 or draws).

    ``addon`` is what politics adds to margins in each row, a fraction per year.
    """
    dt = money.grid.dt
    if terms.rate is not None:
        return np.broadcast_to(terms.rate * dt, (money.grid.periods + 1, terms.rate.size))
    assert terms.reference is not None and terms.margin is not None
    margin = terms.margin
    if terms.margin_construction is not None:
        rows = np.arange(money.grid.periods + 1.0)[:, None]
        margin = np.where(rows <= cod_row, terms.margin_construction, terms.margin)
    return np.maximum(money.reference_rate[terms.reference] + margin + addon, 0.0) * dt


def gross_up(terms: Tranche, tax: Tax) -> Array:
    """Return the tax that the company bears on interest, over the interest: w / (1 - w)."""
    rules = tax.withholding.get(terms.nation)
    if rules is None:
        return np.zeros(1)
    return rules.interest / (1.0 - rules.interest)


def written_off_by_row(terms: Financing, cod_years: Array, grid: Grid) -> Array | None:
    """Return the part of construction interest and fees written off for tax in each row; None: never."""
    if terms.tax_life_years is None:
        return None
    reached = np.where(cod_years <= grid.end[-1, 0], cod_years, np.inf)
    return depreciation(Depreciation(), [(np.ones(1), terms.tax_life_years)], reached, grid)


def ahead(flow: Array, rows: float) -> Array:
    """Return the sum of the next ``rows`` rows (a fraction counts as such) after each row, along the first axis.

    >>> ahead(np.array([1.0, 2.0, 4.0, 8.0]), 1.5).tolist()
    [4.0, 8.0, 8.0, 0.0]
    """
    whole = int(rows)
    padded = np.concatenate([flow, np.zeros((whole + 1, *flow.shape[1:]))])
    total: Array = np.zeros(flow.shape)
    for j in range(1, whole + 1):
        total = total + padded[j : j + flow.shape[0]]
    return total + (rows - whole) * padded[whole + 1 : whole + 1 + flow.shape[0]] if rows > whole else total
