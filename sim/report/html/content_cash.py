"""The cash flow of a run by calendar year, as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sim.report import format as say
from sim.report.html.content import Section, View
from sim.report.html.content_run import Run
from sim.report.html.sheets import finite, known

FLOWS = {
    "energy_delivered_mwh": "Energy delivered",
    "revenue_merchant": "Sales on the market",
    "revenue_ppa": "Sales by contract",
    "revenue_capacity": "Capacity payments",
    "supply_cost": "Cost of power",
    "charges": "Charges",
    "operating_cost": "Operating cost",
    "capex": "Investment",
    "replacements": "Replacements",
    "decommissioning": "Removal",
    "salvage": "Salvage",
    "tax": "Tax",
    "net": "Net flow of the project",
    "debt_drawn": "Loans drawn",
    "interest_paid": "Interest paid",
    "principal_paid": "Principal paid",
    "equity_paid_in": "Owners pay in",
    "distributions": "Paid to owners",
}
"""Lines that are added up over the periods of a year, with their heads."""
BALANCES = {"cumulative_net_real": "Cumulative net flow, real", "debt_balance": "Debt at the end"}
"""Lines of which the last period of a year counts."""
ENERGY = "energy_delivered_mwh"
ALL = "All years"


def cash_tables(run: Run) -> tuple[Section, ...]:
    """Return the mean cash flow by calendar year and, folded, that of the lenders' case."""
    return tuple(
        section
        for section in (
            _section(run, "cash_flow", "Cash flow by year, mean of all futures", "mean", folded=False),
            _section(run, "cash_flow_planned", "Cash flow by year, lenders' case", "deterministic", folded=True),
        )
        if section is not None
    )


def _section(run: Run, name: str, title: str, column: str, folded: bool) -> Section | None:
    lines, last = _by_year(run, column)
    if not lines:
        return None
    money = [abs(value) for line, years in lines.items() if line != ENERGY for value in years.values()]
    million = max(money, default=0.0) >= 1e6
    unit = "million USD" if million else "USD"
    basis = "Mean of all futures" if column == "mean" else "All numbers at their median, which is not the mean"
    words = (
        f"{basis}: {unit}, nominal unless it says real; energy in TWh. Flows are added up over the calendar year and "
        "are amounts without sign, but tax, where a refund is negative, and net lines; balances are those at its end.",
    )
    return Section(name, title, words, (), ((unit, _view(lines, last, million)),), folded)


def _by_year(run: Run, column: str) -> tuple[dict[str, dict[int, float]], list[int]]:
    """Return the main lines that are ever different from zero, by calendar year, and all years."""
    rows = [row for row in run.rows("cashflow.csv", "period", "year", "line", column) if 0.0 < known(row["year"]) < 1e4]
    found: dict[str, dict[int, float]] = {}
    for row in sorted(rows, key=lambda row: finite(row["period"])):
        line, year, value = row["line"], int(row["year"]), known(row[column])
        if line in FLOWS and not math.isnan(value):
            found.setdefault(line, {})[year] = found.get(line, {}).get(year, 0.0) + value
        elif line in BALANCES and not math.isnan(value):
            found.setdefault(line, {})[year] = value
    kept = {line: found[line] for line in (*FLOWS, *BALANCES) if any(found.get(line, {}).values())}
    return kept, sorted({int(row["year"]) for row in rows})


def _view(lines: Mapping[str, Mapping[int, float]], years: list[int], million: bool) -> View:
    def write(line: str, value: float) -> str:
        if math.isnan(value):
            return say.MISSING
        return say.number(value / 1e6, 3 if line == ENERGY else 1) if line == ENERGY or million else say.number(value)

    body = [(str(year), *(write(line, lines[line].get(year, math.nan)) for line in lines)) for year in years]
    sums = (say.MISSING if line in BALANCES else write(line, sum(lines[line].values())) for line in lines)
    heads = ("Year", *(f"{FLOWS.get(line) or BALANCES[line]}{', TWh' if line == ENERGY else ''}" for line in lines))
    return View(heads, (*body, (ALL, *sums)), (False, *[True] * len(lines)))
