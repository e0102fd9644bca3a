"""Repayment profiles: which part of a loan falls due in each row of its tenor.

A profile is a function of `Instalments` in `PROFILES`; it returns shares of the balance at the start of repayment,
none below 0, nothing in the rows of grace, 1 in all. A new profile is an entry, tested by the contract of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Instalments:
    """What a profile may look at; arrays have one value for each row of the tenor."""

    rates: Array
    """Interest of the row on the opening balance, a fraction."""
    gross: float
    """Tax that the company bears on interest, over the interest; it is a part of sculpted service."""
    grace: int
    """Rows at the beginning in which only interest is due."""
    cash: Array
    """Cash available for debt service that the loan has a claim on, over the balance at the start."""
    others: Array
    """Service that goes before it, on the same scale."""


def equal_principal(loan: Instalments) -> Array:
    """Return equal instalments.

    >>> equal_principal(Instalments(np.full(3, 0.05), 0.0, 1, np.ones(3), np.zeros(3))).tolist()
    [0.0, 0.5, 0.5]
    """
    parts = np.zeros(loan.rates.size)
    parts[loan.grace :] = 1.0 / (loan.rates.size - loan.grace)
    return parts


def bullet(loan: Instalments) -> Array:
    """Return everything in the last row."""
    parts = np.zeros(loan.rates.size)
    parts[-1] = 1.0
    return parts


def annuity(loan: Instalments) -> Array:
    """Return the principal of a level service: service · Σ v = 1, v the product of 1 / (1 + rate) over paying rows.

    >>> annuity(Instalments(np.full(2, 0.10), 0.0, 0, np.ones(2), np.zeros(2))).round(6).tolist()
    [0.47619, 0.52381]
    """
    level = np.zeros(loan.rates.size)
    paying = loan.rates[loan.grace :]
    level[loan.grace :] = 1.0 / np.cumprod(1.0 / (1.0 + paying)).sum()
    return _principal(loan, level, loan.rates)


def sculpted(loan: Instalments) -> Array:
    """Return the principal of a service max(y · cash - others, 0), y such that the loan is repaid.

    A service below the interest is raised to it. Without any cash the shares sum to 0: such a loan cannot be repaid.

    >>> sculpted(Instalments(np.full(2, 0.10), 0.0, 0, np.array([1.0, 2.0]), np.zeros(2))).round(6).tolist()
    [0.290323, 0.709677]
    """
    paying = np.arange(loan.rates.size) >= loan.grace
    rates = loan.rates * (1.0 + loan.gross)
    discount = np.cumprod(1.0 / (1.0 + rates[loan.grace :]))
    cash = np.where(paying, np.maximum(loan.cash, 0.0), 0.0)
    worth = float((discount * cash[loan.grace :]).sum())
    if worth < NOTHING:
        return np.zeros(loan.rates.size)

    def parts(level: float) -> Array:
        return _principal(loan, np.maximum(level * loan.cash - loan.others, 0.0), rates)

    level = (1.0 + float((discount * loan.others[loan.grace :]).sum())) / worth
    found = parts(level)
    if np.all(level * loan.cash[paying] >= loan.others[paying]) and abs(found.sum() - 1.0) < 1e-13:
        return found
    high = level
    while parts(high).sum() < 1.0:
        high *= 2.0
    level = falling_root(lambda y: 1.0 - float(parts(y).sum()), 0.0, high)
    return parts(level)


NOTHING = 1e-9
"""Cash worth less than this part of a loan cannot repay it, however it is spread."""
PROFILES: dict[str, Callable[[Instalments], Array]] = {
    "annuity": annuity,
    "equal_principal": equal_principal,
    "bullet": bullet,
    "sculpted": sculpted,
}


def _principal(loan: Instalments, service: Array, rates: Array) -> Array:
    """Return the principal in a service of the paying rows, not below 0: the balance falls by service less interest."""
    parts = np.zeros(service.size)
    balance = 1.0
    for j, (paid, rate) in enumerate(zip(service.tolist(), rates.tolist(), strict=True)):
        if j >= loan.grace:
            parts[j] = max(paid - rate * balance, 0.0)
            balance -= parts[j]
    return parts


def falls_due(parts: Array) -> Array:
    """Return the part of what is still owed that falls due in each row, 1 in the last.

    >>> falls_due(np.array([0.0, 0.25, 0.75])).tolist()
    [0.0, 0.25, 1.0]
    """
    tail = np.cumsum(parts[::-1])[::-1]
    due = np.divide(parts, tail, out=np.zeros(parts.size), where=tail > 0.0)
    due[-1] = 1.0
    return np.minimum(due, 1.0)


def falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling continuous function crosses 0 in [low, high] (regula falsi, Illinois variant).

    >>> round(falling_root(lambda x: 2.0 - x * x, 0.0, 2.0), 9)
    1.414213562
    """
    above, below = function(low), function(high)
    if above <= 0.0:
        return low
    if below >= 0.0:
        return high
    side = 0
    for _ in range(200):
        if above == below:
            break
        middle = (high * above - low * below) / (above - below) if np.isfinite(below) else 0.5 * (low + high)
        value = function(middle)
        if value == 0.0 or high - low <= 4e-16 * abs(high):
            return middle
        if value > 0.0:
            low, above = middle, value
            below = 0.5 * below if side == 1 else below
            side = 1
        else:
            high, below = middle, value
            above = 0.5 * above if side == -1 else above
            side = -1
        if abs(value) < 1e-15:
            return middle
    return 0.5 * (low + high)
