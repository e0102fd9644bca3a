"""Scalar reference model of the financing: how one tranche is repaid on the lenders' case (docs/financing.md §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from scalar_loans import ahead
from scalar_processes import Series, Values
from scipy.optimize import brentq


def left_for(part: float, cfads: Series, others: Series, k: int, y: float) -> float:
    """Return the part of y times CFADS, less the service of others, that a sculpted loan takes in row k."""
    return part * max(y * cfads[k] - others[k], 0.0)


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function changes its sign, to the last digits."""
    return float(brentq(function, low, high, xtol=1e-18 * max(high, 1e-300), rtol=1e-15, maxiter=500))


@dataclass(frozen=True)
class Service:
    """What a tranche is to be paid by row, US dollars, from COD to the end of the longest loan."""

    repaid: Series
    """Repayments of the paying rows, currency."""
    interest: Series
    """With the tax withheld on it."""
    service: Series
    reserve: Series
    """Part of the target of its rank's reserve at the end of the row; 0 before COD."""


@dataclass(frozen=True)
class Offer:
    """A tranche as planned on the lenders' case."""

    name: str
    terms: Values
    rank: int
    exchange: Series
    rho: Series
    gross_up: float
    paying: list[int]
    """Rows in which principal is planned; the last is the maturity."""
    rows: int
    """n, tenor in rows."""
    m: int

    @property
    def dt(self) -> float:
        """Length of a row [years]."""
        return 1.0 / self.m

    def even(self, balance: float) -> Series:
        """Return repayments of any profile but a sculpted one."""
        if self.terms["profile"] == "annuity":
            return self.level(balance)
        if self.terms["profile"] == "bullet":
            return [0.0] * (len(self.paying) - 1) + [balance]
        return [balance / len(self.paying)] * len(self.paying)

    def level(self, balance: float) -> Series:
        """Return the repayments of an annuity: the service without withheld tax is level, but not below interest."""
        discount = list(accumulate((1.0 / (1.0 + self.rho[k] * self.dt) for k in self.paying), lambda v, w: v * w))
        service = balance / sum(discount)
        if all(balance >= 0.0 and service >= self.rho[k] * self.dt * balance for k in self.paying):
            return self.above_interest(balance, lambda _: service, 0.0)
        return self.repaying(balance, lambda _, y: y, 0.0, balance)

    def above_interest(self, balance: float, service: Callable[[int], float], gross_up: float) -> Series:
        """Return repayments that a service (currency) leaves, none below 0."""
        found = []
        for k in self.paying:
            found.append(max(service(k) - self.rho[k] * self.dt * (1.0 + gross_up) * balance, 0.0))
            balance -= found[-1]
        return found

    def repaying(self, balance: float, service: Callable[[int, float], float], gross_up: float, high: float) -> Series:
        """Return repayments under a service (currency) that grows with y, with the y that repays the loan."""

        def excess(y: float) -> float:
            return sum(self.above_interest(balance, lambda k: service(k, y), gross_up)) - balance

        least = high
        while balance > 0.0 and high < 1e12 * least and excess(high) < 0.0:
            high *= 2.0
        if balance == 0.0 or high >= 1e12 * least:
            return [0.0] * (len(self.paying) - 1) + [balance]
        y = root(excess, 0.0, high)
        return self.above_interest(balance, lambda k: service(k, y), gross_up)

    def sculpted(self, balance: float, free: Callable[[int, float], float]) -> Series:
        """Return repayments that make the service ``free(row, y)``, US dollars, with tax withheld on interest."""
        return self.repaying(balance, lambda k, y: free(k, y) * self.exchange[k], self.gross_up, 1.0)

    def course(self, balance: float, first_interest: float, repaid: Series, ready: int, rows: int) -> Service:
        """Return service and reserve; ``first_interest`` is that of the row of COD, currency with withholding."""
        interest, service, paid = [0.0] * rows, [0.0] * rows, [0.0] * rows
        interest[ready] = service[ready] = first_interest / self.exchange[ready]
        for k in range(ready + 1, self.paying[-1] + 1):
            principal = repaid[k - self.paying[0]] if k >= self.paying[0] else 0.0
            due = self.rho[k] * self.dt * (1.0 + self.gross_up) * max(balance, 0.0)
            paid[k], interest[k] = due + principal, due / self.exchange[k]
            service[k] = paid[k] / self.exchange[k]
            balance = 0.0 if k == self.paying[-1] else balance - principal
        months = self.terms["dsra_months"] * self.m / 12.0
        kept = [ahead(paid, k, months) / self.exchange[k] for k in range(ready, self.paying[-1])]
        reserve = [0.0] * ready + kept + [0.0] * (rows - ready - len(kept))
        return Service(repaid, interest, service, reserve)
