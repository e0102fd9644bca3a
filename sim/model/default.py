"""When lenders are not paid: covenants, breach and cure, default, and claims that end unpaid (docs/financing.md, 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.books import Account, Books

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SMALL = 1e-9
"""Arrears below this share of the commitment are rounding."""
EXACTLY = 1.0 - 1e-9
"""A ratio that was sized to a level is not below it by rounding."""


@dataclass
class Due:
    """What a tranche is owed in one row, and what it gets; currency unless said otherwise."""

    account: Account
    fx: Array
    owed: Mask
    """Whether there was a balance before the payments of the row."""
    interest: Array
    """Interest due in cash, penalty included."""
    principal: Array
    """Principal due, arrears included."""
    service: Array
    """Scheduled service in USD: without penalty, with the tax on interest."""
    interest_usd: Array
    """Interest due with the tax on it."""
    paid_interest: Array
    paid_principal: Array
    withheld: Array
    """Tax on the interest that is paid, USD."""


@dataclass
class Covenants:
    """What the tests of a row say, by draw."""

    locked: Mask
    breach: Mask
    unpaid: Mask


def cover(books: Books, s: int, cfads: Array, service: Array) -> Array:
    """Return CFADS over the service of ranks up to s, both of the last twelve months in which there was service."""
    window = books.recent[s]
    window.append((np.where(service > 0.0, cfads, 0.0), service))
    del window[: -books.grid.periods_per_year]
    cash, due = np.zeros(service.shape), np.zeros(service.shape)
    for earned, owed in window:
        cash += earned
        due += owed
    ratio: Array = np.divide(cash, due, out=np.full(service.shape, np.nan), where=service > 0.0)
    return ratio


def claims_of(books: Books) -> Array:
    """Return balances and arrears of all loans added up whatever their currency: above 0 where anything is owed."""
    total: Array = np.zeros(books.alive.shape)
    for account in books.accounts:
        total = total + account.balance + account.arrears
    return total


def test_covenants(rank: list[Due], ratio: Array, tests: Covenants) -> None:
    """Note where a covenant of one rank is broken or a payment missed; ``ratio`` is the DSCR of the rank."""
    for due in rank:
        terms = due.account.terms
        tests.unpaid |= due.account.arrears > SMALL * due.account.commitment
        if terms.lock_up_dscr is not None:
            tests.locked |= due.owed & (ratio < terms.lock_up_dscr * EXACTLY)
        if terms.default_dscr is not None:
            tests.breach |= due.owed & (ratio < terms.default_dscr * EXACTLY)


def write_off(books: Books, k: int, ends: Mask) -> Mask:
    """End all claims where they end in the row; return where lenders lose by it."""
    lost = np.zeros(ends.shape, dtype=bool)
    if not ends.any():
        return lost
    for account in books.accounts:
        claim = ends * (account.balance + account.arrears)
        lost |= claim > SMALL * account.commitment
        books.lines["written_off"][k] += claim / account.rate_of_exchange(k)
        account.balance = np.where(ends, 0.0, account.balance)
        account.arrears = np.where(ends, 0.0, account.arrears)
        if account.history is not None:
            account.history["written_off"][k] += claim
    return lost


def judge(books: Books, tests: Covenants, lost: Mask) -> None:
    """Decide where a breach has become a default."""
    breach = tests.breach | tests.unpaid
    lasted = np.where(books.breached_for >= 0.0, books.breached_for + books.grid.dt, 0.0)
    books.breached_for = np.where(breach, lasted, -1.0)
    books.missed = books.missed | (tests.unpaid & ~books.defaulted)
    books.lost = books.lost | lost
    books.defaulted = books.defaulted | lost | (breach & (lasted >= books.terms.cure_years - 1e-9))
    books.alive = np.where(books.defaulted, 0.0, 1.0)


def give_up(books: Books, k: int) -> None:
    """End the claims on what is abandoned at the end of the row: nothing will ever come in."""
    now = np.broadcast_to(books.abandoned_row == k, books.alive.shape)
    if not now.any():
        return
    lost = write_off(books, k, now)
    books.lost = books.lost | lost
    books.defaulted = books.defaulted | lost
    books.alive = np.where(books.defaulted, 0.0, 1.0)
    if books.history is not None:
        books.history["shareholder_waived"][k] += now * (books.lent + books.lent_interest)
    books.lent, books.lent_interest = np.where(now, 0.0, books.lent), np.where(now, 0.0, books.lent_interest)
