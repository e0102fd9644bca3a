"""Debt schedule of each tranche, profit and loss, and a balance sheet whose two sides are added up independently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.sheets import Line, Part, Sheet
from sim.study.statement_rows import Case, Loan

Array = NDArray[np.float64]


def debt(case: Case) -> tuple[Sheet, ...]:
    """Return the schedule of each tranche in its currency."""
    return tuple(_schedule(case, loan) for loan in case.loans)


def _schedule(case: Case, loan: Loan) -> Sheet:
    """Return opening balance, what it grows and falls by, and closing balance of a tranche; arrears included."""
    calendar, unit, claim = case.calendar, loan.currency, loan.claim

    def flow(key: str, label: str, amount: Array) -> Line:
        return Line(key, label, calendar.flow(amount), unit=unit)

    moves = (
        Line("opening", "Opening balance", calendar.start(claim), unit=unit),
        flow("drawn", "Drawn", loan["drawn"]),
        flow("principal", "Principal paid", -loan["principal"]),
        flow("unpaid_interest", "Interest left unpaid", loan["due"] - loan["interest"]),
        flow("written_off", "Written off", -loan["written_off"]),
    )
    closing = Line("closing", "Closing balance", calendar.end(claim), unit=unit, shown="always")
    open_row = (claim > 0.0) | (loan["due"] > 0.0) | (loan["drawn"] > 0.0)
    dscr = np.where(np.isnan(case["dscr"]) | ~open_row, np.nan, loan["dscr"])
    known = (
        flow("swept", "of the principal: swept", loan["swept"]),
        Line("arrears", "of the balance: arrears", calendar.end(loan["arrears"]), unit=unit),
        flow("interest_capitalised", "Interest while building", loan["capitalised"]),
        flow("interest_due", "Interest due in cash", loan["due"]),
        flow("interest_paid", "Interest paid", loan["interest"]),
        Line("rate", "Rate, % a year", calendar.mean(_rate(case, loan, open_row)), unit="per year"),
        Line("dscr", "DSCR, with better ranks", calendar.least(dscr), unit="ratio"),
        case.held("closing_usd", "Closing, million USD", claim / loan.fx),
    )
    return Sheet(f"Debt: {loan.name}", unit, (Part(moves, closing), Part(known)), loan.name)


def _rate(case: Case, loan: Loan, open_row: NDArray[np.bool_]) -> Array:
    """Return the yearly interest of the rows in which anything is lent; 0 in years without."""
    yearly = loan.rate * case.grid.periods_per_year
    columns = np.searchsorted(case.calendar.starts, np.arange(yearly.size), side="right") - 1
    any_open = np.zeros(case.calendar.starts.size, dtype=bool)
    np.logical_or.at(any_open, columns, open_row)
    return np.where(any_open[columns], yearly, 0.0)


# --- profit and loss ----------------------------------------------------------------------------------------------


def _exchange_gain(case: Case) -> Array:
    return sum((loan.exchange_gain for loan in case.loans), np.zeros(case.grid.periods + 1))


def _interest_due(case: Case) -> Array:
    return sum((loan["due"] / loan.fx for loan in case.loans), np.zeros(case.grid.periods + 1))


def _dividends(case: Case) -> Array:
    return case["distributions"] - case["shareholder_interest"] - case["shareholder_principal"]


def _profit_lines(case: Case) -> tuple[tuple[str, str, Array], ...]:
    """Return what makes the profit; the tax on interest arises when interest is paid, not when it is due."""
    return (
        ("ebitda", "Operating result (EBITDA)", case["ebitda"]),
        ("revenue_blocked", "Revenue earned, not free yet", case["revenue_blocked"] - case["revenue_released"]),
        ("revenue_lost", "Blocked revenue lost", -case["revenue_lost"]),
        ("revenue_confiscated", "Blocked revenue confiscated", -case["revenue_confiscated"]),
        ("depreciation", "Depreciation, straight line", -case.depreciation),
        ("reserve_interest", "Interest on reserves", case["reserve_interest"]),
        ("interest_due", "Interest on loans", -_interest_due(case)),
        ("withholding", "Tax withheld on interest", -case.withheld_operating),
        ("shareholder_interest", "Interest to shareholders", -case["shareholder_accrued"]),
        ("exchange_gain", "Exchange gain on loans", _exchange_gain(case)),
        ("written_off", "Written off by lenders", case["written_off"]),
        ("shareholder_waived", "Given up by shareholders", case["shareholder_waived"]),
        ("tax_paid", "Tax on profit", -case["tax_paid"]),
    )


def _profit(case: Case) -> Array:
    return sum((amount for _, _, amount in _profit_lines(case)), np.zeros(case.grid.periods + 1))


def income(case: Case) -> Sheet:
    """Return profit and loss, and what is kept of it."""
    lines = tuple(case.line(*one) for one in _profit_lines(case))
    kept = (case.line("dividends", "Dividends", -_dividends(case)),)
    retained = case.line("retained", "Kept in the company", _profit(case) - _dividends(case))
    parts = Part(lines, case.line("profit", "Profit", _profit(case))), Part(kept, retained, carried=True)
    return Sheet("Profit and loss", "USD", parts)


# --- balance sheet ------------------------------------------------------------------------------------------------


def balance(case: Case) -> Sheet:
    """Return the balance sheet: balances as the books hold them against flows added up since the start.

    Cash, blocked accounts, reserves, loans and the shareholder loan are the books' own balances; construction cost,
    costs owed, paid-in capital, grants and retained earnings are sums of flows. Nothing is the difference of the rest.
    """
    held = case.held
    paid_in = np.cumsum(case["equity_paid_in"] - case.lent)
    assets = (
        held("construction_cost", "Construction cost", np.cumsum(case.building_cost)),
        held("depreciation_so_far", "less depreciation", -np.cumsum(case.depreciation)),
        held("cash_balance", "Cash", case["cash_balance"]),
        held("blocked_balance", "Blocked accounts", case["blocked_balance"]),
        held("service_reserve", "Debt service reserve", case["service_reserve"]),
        held("operating_reserve", "Operating reserve", case["operating_reserve"]),
        held("maintenance_reserve", "Reserve for renewals", case["maintenance_reserve"]),
    )
    loans = [held("loan", f"Loan: {loan.name}", loan["balance"] / loan.fx, loan.name) for loan in case.loans]
    loans += [held("arrears", f"Arrears: {loan.name}", loan["arrears"] / loan.fx, loan.name) for loan in case.loans]
    owed = (
        *loans,
        held("costs_owed", "Costs owed", case.owed_costs),
        held("shareholder_loan", "Shareholder loan", case["shareholder_loan"]),
    )
    own = (
        held("paid_in", "Paid-in capital", paid_in),
        held("grants", "Grants", np.cumsum(case["grants"])),
        held("retained_earnings", "Retained earnings", np.cumsum(_profit(case) - _dividends(case))),
    )
    has, owes, owns = (_summed(key, lines) for key, lines in (("assets", assets), ("debts", owed), ("equity", own)))
    both = _added("debts_and_equity", "Debts and equity", (owes, owns))
    gap = tuple(a - b for a, b in zip(has.values, both.values, strict=True))
    end = both, Line("check", "Assets less both", gap, shown="always")
    return Sheet("Balance sheet", "USD", (Part(assets, has), Part(owed, owes), Part(own, owns), Part(end)))


def _summed(key: str, lines: tuple[Line, ...]) -> Line:
    return _added(key, {"assets": "All assets", "debts": "All debts", "equity": "All equity"}[key], lines)


def _added(key: str, label: str, lines: tuple[Line, ...]) -> Line:
    return Line(key, label, tuple(sum(column) for column in zip(*(line.values for line in lines), strict=True)))
