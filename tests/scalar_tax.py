"""Scalar reference model, fourth part: tax by jurisdiction (docs/financing.md §1), plain loops over rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scalar_processes import Series, Values

Capital = Sequence[tuple[float | None, Series]]
"""Tax life and nominal spending by row, of each item."""


def share_by_year(rules: Values, life: float) -> list[float]:
    """Return the shares of a cost that a table, or the declining balance of a life, writes off in years 1, 2, …."""
    if rules["method"] == "custom":
        return [rules["shares"].get(year, 0.0) for year in range(1, max(rules["shares"]) + 1)]
    found, left, year = [], 1.0, 1
    while year <= math.ceil(life - 1e-9):
        declining, even = left * min(rules["factor"] / life, 1.0), left / max(life - year + 1.0, 1.0)
        taken = min(left, max(declining, even))
        found.append(taken)
        left, year = left - taken, year + 1
    return found


def written_off(rules: Values, life: float, since: float) -> float:
    """Return W(x), the share of a cost that has been written off x years after it began."""
    if since <= 0.0:
        return 0.0
    if rules["method"] == "straight_line":
        return min(since / life, 1.0)
    total = 0.0
    for year, share in enumerate(share_by_year(rules, life)):
        total += share * min(max(since - year, 0.0), 1.0)
    return total


def depreciation(rules: Values, capital: Capital, cod: float, periods: int, m: int) -> Series:
    """Return what is written off of the construction cost in each row; nothing where COD is beyond the horizon."""
    rows = [0.0] * (periods + 1)
    if cod > periods / m:
        return rows
    start = cod + (0.5 if rules["half_year"] else 0.0)
    for life, spent in capital:
        if life:
            for k in range(1, periods + 1):
                share = written_off(rules, life, k / m - start) - written_off(rules, life, (k - 1) / m - start)
                rows[k] += math.fsum(spent) * share
    return rows


def renewals_written_off(renewals: Capital, m: int) -> Series:
    """Return the straight-line write-off of renewals, each from the end of the row in which it is paid."""
    rows = [0.0] * len(renewals[0][1]) if renewals else []
    for life, paid in renewals:
        assert life is not None
        for k in range(len(rows)):
            for row in range(k):
                after, before = min((k - row) / m, life), min((k - 1 - row) / m, life)
                rows[k] += paid[row] * (after - before) / life
    return rows


def tax_of(terms: Values, taxable: Series, m: int) -> Series:
    """Return the tax of one jurisdiction in each row: losses are kept by the row in which they were made."""
    if terms["losses"] == "refunded":
        return [terms["rate"] * profit for profit in taxable]
    lasts = math.inf if terms["loss_expiry_years"] is None else round(terms["loss_expiry_years"] * m)
    paid: list[float] = []
    losses: dict[int, float] = {}
    for k, profit in enumerate(taxable):
        allowed = terms["loss_limit"] * max(profit, 0.0)
        used = 0.0
        for row in sorted(losses):
            if k - row > lasts:
                losses[row] = 0.0
            taken = min(losses[row], allowed - used)
            losses[row] -= taken
            used += taken
        paid.append(terms["rate"] * (max(profit, 0.0) - used))
        losses[k] = max(-profit, 0.0)
    return paid


def taxes(
    values: Values, rows: Sequence[Mapping[str, float]], capital: Capital, renewals: Capital, cod: float
) -> tuple[Series, Series]:
    """Return depreciation and tax of each row, all jurisdictions together."""
    m, periods = int(values["timeline"]["periods_per_year"]), len(rows) - 1
    income = [row["ebitda"] for row in rows]
    for _, paid in renewals:
        income = [a + b for a, b in zip(income, paid, strict=True)]
    later = renewals_written_off(renewals, m) or [0.0] * len(rows)
    written, paid_tax = [0.0] * len(rows), [0.0] * len(rows)
    for terms in values["tax"]["jurisdictions"].values():
        own = depreciation(terms["depreciation"], capital, cod, periods, m)
        own = [a + b for a, b in zip(own, later, strict=True)]
        taxable = [terms["share"] * (a - b) for a, b in zip(income, own, strict=True)]
        for k, tax in enumerate(tax_of(terms, taxable, m)):
            paid_tax[k] += tax
            written[k] += terms["share"] * own[k]
    return written, paid_tax
