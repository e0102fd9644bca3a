"""Operation: who is paid first, what happens when cash runs short, and what reaches the sponsors.

docs/financing.md, sections 5 and 7. The loop runs over rows; every step is a vector over draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.model.books import Account, Books
from sim.model.default import Covenants, Due, claims_of, cover, give_up, judge, test_covenants, write_off
from sim.model.funding import build, fill_reserves
from sim.model.owners import Value
from sim.model.timeline import at

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
RESIDUE = 1e-12
"""Part of the commitment below which what a sweep leaves is rounding."""


def carry(books: Books) -> None:
    """Take the books through every row."""
    nothing = np.zeros(1)
    for k in range(books.grid.periods + 1):
        books.capitalising = books.support = books.middle_equity = nothing
        for account in books.accounts:
            account.middle = account.fresh = account.idc = account.paid = account.fees = nothing
            account.opening = account.balance
            if k:
                account.discount = account.discount / (1.0 + account.rates[k])
        if k:
            _accrue(books, k)
        if k <= books.last_build:
            build(books, k)
        if k >= max(books.first_cash, 1):
            _operate(books, k)
        else:
            books.lines["dscr"][k] = np.nan
            _settle(books, nothing, nothing, nothing, k)
        if k <= books.last_build:
            fill_reserves(books)
            give_up(books, k)
        _record(books, k)


def _operate(books: Books, k: int) -> None:
    """Take the books through the operating part of row k."""
    lines, draws = books.lines, books.alive.shape
    claims, ends = claims_of(books), books.end_row == k
    called = books.defaulted | ends
    owing = k <= books.last_build or bool((claims > 0.0).any()) or any(bool(r.any()) for r in books.service_reserve)
    ranks = [[_fall_due(books, account, called, k) for account in rank] for rank in books.ranks] if owing else []
    pot = _operating_cash(books, ranks, claims, called, k)
    tests = Covenants(*(np.zeros(draws, dtype=bool) for _ in range(3)))
    service: Array = np.zeros(draws)
    ratio: Array = np.full(draws, np.nan)
    for s, rank in enumerate(ranks):
        pot = _pay_rank(books, s, rank, pot, tests, k)
        for due in rank:
            service = service + due.service
        ratio = cover(books, s, lines["cfads"][k], service)
        for due in rank:
            due.account.note("dscr", k, ratio)
        test_covenants(rank, ratio, tests)
    if books.reserving:
        held = books.operating_reserve
        books.operating_reserve = np.minimum((k > books.cod_row) * books.operating_target[k], pot + held)
        pot = pot + held - books.operating_reserve
    lines["debt_service_due"][k] = service
    lines["dscr"][k] = ratio
    if ranks:
        pot = _sweep(books, ranks, pot, k)
        books.years_in_default = books.years_in_default + books.grid.dt * (books.defaulted & (claims > 0.0))
        tests.locked |= tests.unpaid | tests.breach | books.defaulted
        lost = write_off(books, k, ends)
        judge(books, tests, lost)
        tests.locked &= claims_of(books) > 0.0
    _distribute(books, pot, tests.locked, ends, k)


def _fall_due(books: Books, account: Account, called: Mask, k: int) -> Due:
    """Return what is due on a tranche in row k, all of it where it is called; it leaves the performing balance."""
    rate, fx, gross = account.rates[k], account.rate_of_exchange(k), 1.0 + account.gross
    running = (1.0 - books.capitalising) * rate * (account.opening + 0.5 * account.middle)
    interest = running + (rate + books.terms.penalty_margin * books.grid.dt) * account.arrears
    scheduled = account.loan.falls_due[books.plan_row[k]] * account.opening
    principal = np.where(called, account.balance, scheduled)
    service = books.alive * (running * gross + scheduled) / fx
    due = Due(
        account=account,
        fx=fx,
        owed=account.balance + account.arrears > 0.0,
        interest=interest,
        principal=principal + account.arrears,
        service=service,
        interest_usd=interest * gross / fx,
        paid_interest=interest,
        paid_principal=principal,
        withheld=interest,
    )
    account.balance = account.balance - principal
    return due


def _operating_cash(books: Books, ranks: list[list[Due]], claims: Array, called: Mask, k: int) -> Array:
    """Return the cash of the row after tax, sponsors' support and the reserve for renewals."""
    lines, ebitda, before = books.lines, books.project.ebitda[k], books.maintenance
    earned = books.terms.reserve_rate * books.grid.dt * _reserves(books)
    tax = _tax(books, ranks, earned, k)
    pot: Array = books.cash + before + ebitda + earned - tax
    if books.reserving:
        from_reserve = np.minimum(books.operating_reserve, np.maximum(-pot, 0.0))
        books.operating_reserve = books.operating_reserve - from_reserve
        pot = pot + from_reserve
    gap = np.maximum(-pot, 0.0)
    books.support = np.where(books.defaulted & (claims > 0.0), 0.0, gap)
    unpaid, pot = gap - books.support, pot + gap
    caught_up = np.minimum(books.owed_costs, pot)
    books.owed_costs = books.owed_costs + unpaid - caught_up
    pot = pot - caught_up
    if books.reserving:
        books.maintenance = np.minimum(books.project.operations.running.maintenance_target[k], pot)
        released = np.where(called, books.operating_reserve, 0.0)
        books.operating_reserve = books.operating_reserve - released
        pot = pot - books.maintenance + released
    after_tax = books.terms.cfads_basis == "after_tax"
    lines["cfads"][k] = ebitda - (books.maintenance - before) - (tax if after_tax else 0.0)
    lines["reserve_interest"][k], lines["tax_paid"][k] = earned, tax
    lines["equity_paid_in"][k] += books.support
    lines["unpaid_costs"][k], lines["costs_caught_up"][k] = unpaid, caught_up
    return pot


def _reserves(books: Books) -> Array:
    """Return what is in all reserve accounts."""
    held = books.operating_reserve + books.maintenance
    for reserve in books.service_reserve:
        held = held + reserve
    return held


def _tax(books: Books, ranks: list[list[Due]], earned: Array, k: int) -> Array:
    """Return the tax of the row with its loans."""
    income = books.project.income[k] + earned
    for rank in ranks:
        for due in rank:
            income = income - due.interest_usd
    if books.terms.shareholder_loan is not None:
        income = income - books.accrued
    if books.writeoff_share is not None:
        income = income - books.construction_finance * books.writeoff_share[k]
    paid: Array = np.zeros(income.shape)
    for name, assessment in books.assessments.items():
        part = assessment.tax(income, books.project.written[name][k])
        paid = paid + part
        if books.value is not None:
            books.worth_taxed[name] = books.worth_taxed[name] + at(books.value.at_end, k) * part
    return paid


def _accrue(books: Books, k: int) -> None:
    """Add the interest of the row to the shareholder loan."""
    loan = books.terms.shareholder_loan
    if loan is not None:
        books.accrued = loan.rate * books.grid.dt * (books.lent + books.lent_interest)
        books.lent_interest = books.lent_interest + books.accrued
        books.note("shareholder_accrued", k, books.accrued)


def _pay_rank(books: Books, s: int, rank: list[Due], pot: Array, tests: Covenants, k: int) -> Array:
    """Pay interest, then principal of one rank, fill its reserve, and return what is left."""
    interest, principal, target = (np.zeros(pot.shape) for _ in range(3))
    for due in rank:
        interest += due.interest_usd
        principal += due.principal / due.fx
    funds = pot + books.service_reserve[s]
    paid_interest = np.minimum(interest, funds)
    paid_principal = np.minimum(principal, funds - paid_interest)
    share_interest, share_principal = _share(paid_interest, interest), _share(paid_principal, principal)
    for due in rank:
        account = due.account
        due.paid_interest, due.paid_principal = due.interest * share_interest, due.principal * share_principal
        due.withheld = due.paid_interest * account.gross / due.fx
        account.arrears = (due.interest - due.paid_interest) + (due.principal - due.paid_principal)
        books.lines["interest_paid"][k] += due.paid_interest / due.fx
        books.lines["withholding"][k] += due.withheld
        books.lines["principal_paid"][k] += due.paid_principal / due.fx
        target += account.loan.reserve[books.plan_row[k]] * account.balance / due.fx
    target *= k > books.cod_row
    left = funds - paid_interest - paid_principal
    reserve = np.minimum(target, left)
    books.service_reserve[s] = reserve
    tests.locked |= reserve < target * (1.0 - 1e-6)
    return left - reserve


def _share(paid: Array, owed: Array) -> Array:
    """Return the share of what is owed that is paid, 1 where nothing is missing."""
    short = paid < owed
    share: Array = np.where(short, paid, 1.0) / np.where(short, owed, 1.0) if short.any() else np.ones(1)
    return share


def _sweep(books: Books, ranks: list[list[Due]], pot: Array, k: int) -> Array:
    """Prepay loans that have a cash sweep, note what each lender has received, and return what is left."""
    for rank in ranks:
        swept_by = [due for due in rank if due.account.terms.cash_sweep > 0.0]
        if swept_by:
            pot = _prepay(books, swept_by, pot, k)
        for due in rank:
            account = due.account
            account.worth_paid = account.worth_paid + account.discount * (due.paid_interest + due.paid_principal)
            account.paid = account.paid + due.paid_interest + due.paid_principal
            if books.value is not None:
                account.worth_withheld = account.worth_withheld + at(books.value.at_end, k) * due.withheld
            account.note("due", k, due.interest)
            account.note("interest", k, due.paid_interest)
            account.note("principal", k, due.paid_principal)
    return pot


def _prepay(books: Books, swept_by: list[Due], pot: Array, k: int) -> Array:
    """Prepay the loans of one rank that have a cash sweep, and return what is left."""
    offered = pot * (k > books.plan.start_row + books.shift)
    whole = sum((due.account.balance / due.fx for due in swept_by), np.zeros(pot.shape))
    for due in swept_by:
        account = due.account
        owed = account.balance / due.fx
        part = np.divide(owed, whole, out=np.zeros(pot.shape), where=whole > 0.0)
        swept = np.minimum(owed, account.terms.cash_sweep * offered * part)
        pot = pot - swept
        left = account.balance - swept * due.fx
        account.balance = np.where(left > RESIDUE * account.commitment, left, 0.0)
        due.paid_principal = due.paid_principal + swept * due.fx
        books.lines["principal_paid"][k] += swept
        account.note("swept", k, swept * due.fx)
    return pot


def _distribute(books: Books, pot: Array, locked: Mask, ends: Mask, k: int) -> None:
    """Pay shareholder interest, shareholder loan and dividends from what is not locked up."""
    paid = np.where(locked, 0.0, pot)
    books.cash = pot - paid
    books.lines["distributions"][k] = paid
    books.note("locked", k, locked)
    if books.terms.shareholder_loan is None:
        nothing = np.zeros(1)
        _settle(books, nothing, nothing, paid, k)
        return
    interest = np.minimum(paid, books.lent_interest)
    principal = np.minimum(paid - interest, books.lent)
    if books.history is not None:
        books.note("shareholder_interest", k, interest)
        books.note("shareholder_principal", k, principal)
        books.note("shareholder_waived", k, ends * (books.lent_interest - interest + books.lent - principal))
    books.lent_interest = np.where(ends, 0.0, books.lent_interest - interest)
    books.lent = np.where(ends, 0.0, books.lent - principal)
    _settle(books, interest, principal, paid - interest - principal, k)


def _settle(books: Books, interest: Array, principal: Array, dividends: Array, k: int) -> None:
    """Share out among the owners what they get and pay in the row."""
    books.owners.settle(k, interest, principal, dividends, books.lines["equity_paid_in"][k], books.middle_equity)


def _record(books: Books, k: int) -> None:
    """Write the balances at the end of the row, and what reached the sponsors."""
    lines = books.lines
    for account in books.accounts:
        fx = account.rate_of_exchange(k)
        lines["debt_balance"][k] += (account.balance + account.arrears) / fx
        lines["arrears"][k] += account.arrears / fx
        account.note("drawn", k, account.fresh)
        account.note("capitalised", k, account.idc)
        account.note("balance", k, account.balance)
        account.note("arrears", k, account.arrears)
    lines["reserves"][k], lines["cash_balance"][k] = _reserves(books), books.cash
    if books.value is not None:
        for account in books.accounts:
            account.worth = account.worth + _worth_of_row(account, books.value, k <= books.last_build, k)
    books.note_balances(k)


def _worth_of_row(account: Account, value: Value, building: bool, k: int) -> Array:
    """Return the present value of what a lender gets in a row less what it lends while there is building, USD."""
    fx = account.rate_of_exchange(k)
    if not building:
        return at(value.at_end, k) * (account.paid / fx)
    late = account.fees + (account.paid - (account.fresh - account.middle)) / fx
    return at(value.at_end, k) * late - at(value.at_middle, k) * (account.middle / fx)
