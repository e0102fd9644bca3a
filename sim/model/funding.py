"""Building: every source pays its part of each use of funds (docs/financing.md, section 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.model.books import Account, Books
from sim.model.loans import part_before
from sim.model.timeline import at

Array = NDArray[np.float64]


def build(books: Books, k: int) -> None:
    """Take the books through the building part of row k: drawings, fees, capitalised interest, sponsors' part."""
    lines, capex = books.lines, books.project.capex[k]
    decided = ((k > books.fid_row) & (k <= books.abandoned_row)) * books.alive
    drawing = ((k >= books.fid_row) & (k <= books.cod_row) & (k <= books.abandoned_row)) * books.alive
    before = part_before(books.cod_periods, k) * decided
    books.capitalising = part_before(books.cash_from, k) * decided
    closing = books.fid_row == k
    middle, fees, interest, withheld = (np.zeros(drawing.shape) for _ in range(4))
    for account in books.accounts:
        fx = account.rate_of_exchange(k)
        paying = 1.0 if account.stopped is None else 1.0 - at(account.stopped, k)
        waiting = _draw_middle(account, paying * drawing * capex * fx)
        account.fees = _fees(account, closing, paying * before * waiting, books.grid.dt) / fx
        fees += account.fees
        middle += account.middle / fx
        account.idc = books.capitalising * account.rates[k] * (account.balance + 0.5 * account.middle)
        interest += account.idc / fx
        held_back = account.gross * account.idc / fx
        withheld += held_back
        if books.value is not None:
            account.worth_withheld = account.worth_withheld + at(books.value.at_end, k) * held_back
    filling = (books.cod_row == k) * books.alive * books.scale
    end = fees + interest + withheld + filling * books.plan.first_reserves
    drawn = middle + _draw_at_end(books, k, drawing * end)
    granted_middle, granted_end = _grants(books, k, drawing * capex, drawing * end)
    books.middle_equity = _rest(capex, middle + granted_middle)
    own_end = _rest(end, (drawn - middle) + granted_end)
    lines["fees"][k], lines["interest_capitalised"][k], lines["debt_drawn"][k] = fees, interest, drawn
    lines["withholding"][k], lines["grants"][k] = withheld, granted_middle + granted_end
    lines["equity_paid_in"][k] = books.middle_equity + own_end
    books.construction_finance = books.construction_finance + fees + interest + withheld
    _enter(books, k, filling)


def _rest(use: Array, paid: Array) -> Array:
    """Return what others leave of a use to the sponsors; a rest of rounding is nothing."""
    left = use - paid
    return np.where(left > 1e-12 * use, left, 0.0)


def _enter(books: Books, k: int, filling: Array) -> None:
    """Put drawings, the sponsors' part and the first reserves of row k into the books."""
    for account in books.accounts:
        account.opening = account.balance
        account.balance = account.balance + account.fresh
        account.worth_drawn = account.worth_drawn + account.discount * (
            account.fresh + (0.5 * account.rates[k] * account.middle if k else 0.0)
        )
        account.worth_paid = account.worth_paid + account.discount * account.idc
        account.paid = account.idc
    own = books.lines["equity_paid_in"][k]
    books.own_building = books.own_building + own
    if books.terms.shareholder_loan is not None:
        books.lent = books.lent + books.terms.shareholder_loan.share * own
    books.first_reserves = books.first_reserves + filling * books.plan.first_reserves
    books.filling = filling


def fill_reserves(books: Books) -> None:
    """Put the first filling of the reserves in at the end of the row of COD."""
    plan, filling = books.plan, books.filling
    books.service_reserve = [
        held + filling * first for held, first in zip(books.service_reserve, plan.service_reserve, strict=True)
    ]
    books.operating_reserve = books.operating_reserve + filling * plan.operating_reserve


def _draw_middle(account: Account, use: Array) -> Array:
    """Draw for a use [currency] in the middle of the row and return what waits undrawn in its mean."""
    account.middle = np.minimum(account.loan.part * use, account.undrawn)
    waiting = account.undrawn - 0.5 * account.middle
    account.undrawn = account.undrawn - account.middle
    return waiting


def _fees(account: Account, closing: NDArray[np.bool_], waiting: Array, dt: float) -> Array:
    """Return the fees of the row in currency: at close, or on what waits undrawn between FID and COD."""
    terms = account.terms
    at_close = (terms.arrangement_fee + terms.guarantee_premium) * account.commitment
    fee: Array = np.where(closing, at_close, terms.commitment_fee * dt * waiting)
    return fee


def _draw_at_end(books: Books, k: int, use: Array) -> Array:
    """Draw for the end of the row, beyond the commitment for a loan's own interest; return the drawings in USD."""
    total: Array = np.zeros(use.shape)
    for account in books.accounts:
        fx = account.rate_of_exchange(k)
        paying = 1.0 if account.stopped is None else 1.0 - at(account.stopped, k)
        wanted = account.loan.part * use * fx * paying
        drawn = np.minimum(wanted, account.undrawn)
        account.undrawn = account.undrawn - drawn
        drawn = drawn + np.minimum(wanted - drawn, account.idc)
        account.fresh = account.middle + drawn
        total += drawn / fx
    return total


def _grants(books: Books, k: int, middle: Array, end: Array) -> tuple[Array, Array]:
    """Return what grants pay in the middle and at the end of the row."""
    paid_middle, paid_end = np.zeros(middle.shape), np.zeros(middle.shape)
    for i, grant in enumerate(books.plan.grants):
        first = np.minimum(grant.part * middle, books.grants_left[i])
        last = np.minimum(grant.part * end, books.grants_left[i] - first)
        books.grants_left[i] = books.grants_left[i] - first - last
        paid_middle += first
        paid_end += last
    if books.value is not None and books.plan.grants:
        worth = at(books.value.at_middle, k) * paid_middle + at(books.value.at_end, k) * paid_end
        books.worth_granted = books.worth_granted - worth
    return paid_middle, paid_end
