"""Who has what of the project's cash before tax and financing, at one rate (docs/sanctions.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.model.financing import Carried, CashFlows
from sim.model.owners import NOBODY, POLITICAL_LINES, Value
from sim.model.tax import Tax
from sim.model.timeline import total

Array = NDArray[np.float64]
TOTAL = "total"


def worths(cash: CashFlows, tax: Tax, value: Value) -> dict[str, Array]:
    """Return the present value of each party's flows by name, each (draws,), and under `TOTAL` that of the project.

    The total is EBITDA as buyers pay it (with blocked revenue) less capital cost; the parties add up to it.
    """
    project, blocked = cash.project, cash.project.blocked
    earned = project.ebitda if blocked is None else project.ebitda + blocked.withheld - blocked.released
    whole = total(earned * value.at_end - project.capex * value.at_middle)
    found: dict[str, Array] = {}
    for name, worth in _parties(cash, tax, value):
        found[name] = found[name] + worth if name in found else worth
    return {name: np.broadcast_to(worth, whole.shape) for name, worth in found.items()} | {TOTAL: whole}


def _parties(cash: CashFlows, tax: Tax, value: Value) -> Iterator[tuple[str, Array]]:
    """Yield party and present value; a party may come more than once."""
    project, blocked, carried = cash.project, cash.project.blocked, cash.carried
    if carried is None:
        yield f"sponsors_{NOBODY}", total(project.net * value.at_end - project.capex * (value.at_middle - value.at_end))
        for name, flow in project.tax_by_jurisdiction.items():
            yield f"state_{name}", total(flow * value.at_end)
    else:
        yield from _under_an_agreement(carried, tax, value)
    if blocked is not None:
        yield "seizing_state", total(blocked.confiscated * value.at_end)
        yield "blocked_accounts", total((_growth(blocked.balance) + blocked.lost) * value.at_end)


def _under_an_agreement(carried: Carried, tax: Tax, value: Value) -> Iterator[tuple[str, Array]]:
    lines, owners = carried.lines, carried.owners
    for owner in owners.owners:
        yield f"sponsors_{owner.nation}", owner.worth
    for account in carried.accounts:
        yield f"lender_{account.loan.name}", account.worth
    for name, worth in carried.worth_taxed.items():
        yield f"state_{name}", worth
    for owner in owners.owners:
        yield from _withheld(owner.nation, owner.worth_taxed, tax)
    for account in carried.accounts:
        yield from _withheld(account.terms.nation, account.worth_withheld, tax)
    if POLITICAL_LINES[0] in lines:
        yield "seizing_state", owners.worth_seized
        yield "held_dividends", owners.worth_held
    if carried.plan.grants:
        yield "grants", carried.worth_granted
    if carried.accounts:
        yield "suppliers", total((lines["costs_caught_up"] - lines["unpaid_costs"]) * value.at_end)
    if not carried.plan.bare:
        yield "banks", -total(lines["reserve_interest"] * value.at_end)
        yield "cash_in_company", total(_growth(lines["cash_balance"] + lines["reserves"]) * value.at_end)


def _withheld(nation: str, worth: Array, tax: Tax) -> Iterator[tuple[str, Array]]:
    """Yield what the states keep of payments to a nation: those of another name, by their shares of the profit."""
    if nation not in tax.withholding:
        return
    others = {name: terms.share for name, terms in tax.jurisdictions.items() if name != nation}
    shares = others or {name: terms.share for name, terms in tax.jurisdictions.items()}
    whole = sum(shares.values())
    for name, share in shares.items():
        yield f"state_{name}", worth * (share / whole if whole > 0.0 else 1.0 / len(shares))


def _growth(balance: Array) -> Array:
    """Return the change of a balance in each row, from nothing."""
    change: Array = balance.copy()
    change[1:] -= balance[:-1]
    return change
