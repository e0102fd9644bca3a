"""What limits the debt on the lenders' case: uses, cash in each row, the loan life, the lenders' ceilings.

docs/financing.md, section 6. A step of `sizing` asks for the limits with the cash and the interest that it knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.model.borrowing import Borrowing, reserve_targets, service_of
from sim.model.loans import Limit
from sim.model.repayment import falling_root

Array = NDArray[np.float64]
SMALL = 1e-9
"""A rest of the debt below this share of it is rounding."""


@dataclass(frozen=True)
class Problem:
    """The cash of a step, and how a debt is spread over tranches."""

    case: Borrowing
    opening: Array
    per_usd: Array
    """Currency drawn per USD of debt, (tranches,)."""
    cash: Array
    after_tax: Array

    def ceilings(self) -> Array:
        """Return the most that each tranche lends, USD."""
        millions = [math.inf if t.ceiling_million is None else t.ceiling_million for t in self.case.tranches]
        return np.array(millions) * 1e6 / self.per_usd

    def mix(self, debt: float) -> Array:
        """Return the size of each tranche: shares first, up to ceilings; the others take the rest in their order."""
        ceilings = self.ceilings()
        sizes = np.array([0.0 if t.share is None else t.share for t in self.case.tranches]) * debt
        sizes = np.minimum(sizes, ceilings)
        left = debt - float(sizes.sum())
        left = left if left > SMALL * debt else 0.0
        for i, terms in enumerate(self.case.tranches):
            if terms.share is None:
                sizes[i] = min(max(left, 0.0), ceilings[i])
                left -= sizes[i]
        return sizes

    def ratios(self, debt: float) -> Iterator[tuple[float, str, int]]:
        """Yield service times target over cash at its highest, with what asks for it and in which row."""
        case, sizes = self.case, self.mix(debt)
        service = service_of(case, sizes, self.opening, sizes * self.per_usd, self.cash)
        due = (service.interest * (1.0 + case.gross) + service.principal) / case.fx
        targets = reserve_targets(case, service)
        total: Array = np.zeros(due.shape[0])
        filled: Array = np.zeros(due.shape[0])
        for rank in case.ranks:
            total = total + due[:, list(rank)].sum(axis=1)
            for i in rank:
                if sizes[i] <= 0.0:
                    continue
                # A target holds until maturity, however small the service of its own loan is in a row.
                until = case.start_row + int(case.rows[i]) + 1
                target = case.tranches[i].target_dscr
                if target is not None:
                    ratio, row = _highest(target * total[:until], self.cash[:until])
                    yield ratio, f"DSCR {target:g} of {case.names[i]}", row
                ratio, row = _highest((total + filled)[:until], self.after_tax[:until])
                yield ratio, f"repayment of {case.names[i]}", row
            held = targets[:, list(rank)].sum(axis=1)
            filled[case.cod_row + 1 :] += np.maximum(np.diff(held)[case.cod_row :], 0.0)


def _highest(asked: Array, cash: Array) -> tuple[float, int]:
    """Return the highest ratio of service to cash and the first row that has it, but for rounding."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(asked > 0.0, np.where(cash > 0.0, asked / cash, np.inf), 0.0)
    most = float(ratio.max())
    return most, int(np.argmax(ratio >= most * (1.0 - 1e-9)))


def limits_of(problem: Problem, uses: float, coverage: Array) -> Iterator[Limit]:
    """Yield every limit of the debt."""
    case, terms = problem.case, problem.case.terms
    if not case.tranches:
        return
    left = uses - sum(grants_of(case, uses))
    cap = left if terms.gearing_cap is None else min(terms.gearing_cap * uses, left)
    yield Limit("gearing" if terms.gearing_cap is not None else "uses", cap)
    yield from _cash_limit(problem, cap)
    if terms.target_llcr is not None:
        rows = slice(case.start_row + 1, case.start_row + 1 + int(case.rows.max()))
        worth = float((problem.cash[rows] * coverage[rows]).sum())
        yield Limit(f"LLCR {terms.target_llcr:g}", max(worth, 0.0) / terms.target_llcr)
    yield Limit("ceilings of the lenders", _most_lent(problem, uses))


def _cash_limit(problem: Problem, cap: float) -> Iterator[Limit]:
    """Yield the debt at which service times target just reaches the cash of the tightest row."""

    @cache
    def worst(debt: float) -> tuple[float, str, int]:
        found = list(problem.ratios(debt))
        most = max((ratio for ratio, _, _ in found), default=0.0)
        tightest = [(row, what) for ratio, what, row in found if ratio >= most * (1.0 - 1e-9)]
        row, what = min(tightest, key=lambda place: place[0], default=(0, ""))
        return most, what, row

    if cap <= 0.0:
        return
    ratio, what, row = worst(cap)
    if ratio <= 1.0:
        yield Limit(_dated(problem.case, what, row), cap / ratio if ratio > 0.0 else math.inf)
        return
    low, high = 0.0, cap
    if math.isfinite(ratio):
        guess = cap / ratio
        near = worst(guess)[0]
        low, high = (guess, cap) if near <= 1.0 else (0.0, guess)
        if abs(near - 1.0) < 1e-14:
            high = low = guess
    debt = low if low == high else falling_root(lambda d: 1.0 - worst(d)[0] if d > 0.0 else 1.0, low, high)
    if not math.isfinite(worst(debt)[0]):
        debt = 0.0
    _, what, row = worst(debt) if debt > 0.0 else (ratio, what, row)
    yield Limit(_dated(problem.case, what, row), debt)


def _dated(case: Borrowing, what: str, row: int) -> str:
    return f"{what} in {case.grid.start_year + int(case.grid.year[row])}"


def _most_lent(problem: Problem, uses: float) -> float:
    """Return the largest debt that the tranches can take together."""
    tranches, ceilings = problem.case.tranches, problem.ceilings()
    shares = np.array([0.0 if t.share is None else t.share for t in tranches])
    free = float(sum(ceilings[i] for i, t in enumerate(tranches) if t.share is None))
    bound = shares > 0.0
    if free == 0.0 and abs(shares.sum() - 1.0) < 1e-9:
        return float((ceilings[bound] / shares[bound]).min())
    if math.isinf(free):
        return math.inf

    def room(debt: float) -> float:
        return free - float(np.maximum(shares * debt - ceilings, 0.0).sum()) - (1.0 - float(shares.sum())) * debt

    return falling_root(room, 0.0, 2.0 * uses) if room(2.0 * uses) < 0.0 else math.inf


def coverage_discount(case: Borrowing, debts: Array) -> Array:
    """Return discount factors from the start of repayment, at the rates weighted with the sizes.

    One for each row and for as many rows behind them as COD can come early, for repayment that follows it.
    """
    if not case.tranches:
        return np.zeros(case.grid.periods + 1)
    whole = float(debts.sum())
    weights = debts / whole if whole > 0.0 else np.full(debts.size, 1.0 / debts.size)
    growth = 1.0 + (case.rates * weights).sum(axis=1)
    growth[: case.start_row + 1] = 1.0
    last = min(case.start_row + int(case.rows.max()), case.grid.periods)
    growth[last:] = growth[last]
    growth = np.concatenate([growth, np.full(case.cod_row, growth[last])])
    return 1.0 / np.cumprod(growth)


def grants_of(case: Borrowing, uses: float) -> list[float]:
    """Return the size of each grant in USD; together no more than the uses, in order of declaration."""
    sizes, left = [], uses
    for grant in case.terms.grants.values():
        wanted = grant.share_of_uses * uses if grant.share_of_uses is not None else (grant.amount_million or 0.0) * 1e6
        sizes.append(min(wanted, left))
        left -= sizes[-1]
    return sizes
