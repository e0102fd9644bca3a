"""The chart of who pays in and who gets: what each party has of the project's money, net, in the mean."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sim.report import format as say
from sim.report.html.charts_bars import BLOCKED, bar_axis, bars, ends, kind_of, sums
from sim.report.html.charts_parts import Row, absent, identifier, lacks, table
from sim.report.html.content import Figure
from sim.report.html.folder import Folder

REVENUE = ("revenue_merchant", "revenue_ppa", "revenue_capacity", "salvage")
POWER = ("supply_cost", "charges")
WORKS = ("operating_cost", "replacements", "decommissioning")
LENT = ("interest_capitalised", "interest_paid", "principal_paid", "fees")
STATES = ("tax_paid", "withholding", "sponsor_withholding")
SPONSORS, LENDERS = "Sponsors", "Lenders"
TITLE = "Who pays in, and who gets"


def parties(folder: Folder) -> Figure:
    """Draw what each party gets less what it pays: mean nominal sums over the horizon, which add up to nothing."""
    why = lacks(folder, "cashflow.csv", ("period", "line", "mean"))
    lines, last = ({}, {}) if why else sums(folder)
    if not why and not {"ebitda", "capex", "net"} <= set(lines):
        why = "Not drawn: cashflow.csv has no EBITDA, capital cost and net flow."
    if why:
        return absent("parties", folder, TITLE, why)
    found = {name: amount for name, amount in _parties(lines, last).items() if amount}
    size = max(map(abs, found.values()), default=0.0)
    if abs(sum(found.values())) > 1e-6 * size:
        return absent("parties", folder, TITLE, "Not drawn: the lines of cashflow.csv do not add up over the parties.")
    kept = sorted((name for name in found if abs(found[name]) > 1e-4 * size), key=lambda name: found[name])
    if not kept:
        return absent("parties", folder, TITLE, "Not drawn: no money moves in any future.")
    write, unit = say.row_scale("USD", list(found.values()))
    by = say.divisor("USD", list(found.values()))
    rows: list[Row] = [
        {"name": name, "text": say.signed(write(found[name]), found[name]), "kind": kind_of(found[name]), "low": 0.0}
        | {"high": found[name] / by}
        for name in kept
    ]
    spec = bars(rows, [("name", "Who"), ("text", unit)], bar_axis(unit, "← pays in", "gets →"), ends(rows))
    view = table(("Who", unit), [(row["name"], row["text"]) for row in rows])
    caption = (
        f"What each party gets less what it pays, in {unit}: mean over all futures of the nominal sums over the whole "
        "horizon, not discounted, after tax and loans. They add up to nothing: what one gets another has paid."
    )
    return Figure(identifier("parties", folder), _title(found), caption, spec, view)


def _parties(lines: Mapping[str, float], last: Mapping[str, float]) -> dict[str, float]:
    """Return what each party gets, net; exact by the cash identity of every row (docs/financing.md, section 8)."""

    def of(*names: str) -> float:
        return math.fsum(lines.get(name, 0.0) for name in names)

    blocked = of(*REVENUE) - of(*POWER, *WORKS) - of("ebitda")
    shared = {
        "Buyers of power": -of(*REVENUE),
        "Suppliers of the power": of(*POWER),
        "Operators and insurers": of(*WORKS),
        "Builders": of("capex"),
        BLOCKED: blocked,
    }
    if "equity_flow" not in lines:
        return shared | {"States (tax)": of("tax"), SPONSORS: of("net")}
    return shared | {
        "Suppliers and states never paid": of("costs_caught_up") - of("unpaid_costs"),
        "States (tax)": of(*STATES),
        LENDERS: of(*LENT) - of("debt_drawn"),
        SPONSORS: of("equity_flow"),
        "The seizing state": of("seizing_state"),
        "Dividends held back": last.get("dividends_held", 0.0),
        "Givers of grants": -of("grants"),
        "Banks (interest on reserves)": -of("reserve_interest"),
        "Cash left in the company": last.get("cash_balance", 0.0) + last.get("reserves", 0.0),
    }


def _title(found: Mapping[str, float]) -> str:
    names = (SPONSORS, LENDERS)
    write, unit = say.row_scale("USD", [found.get(name, 0.0) for name in names])
    sponsors, lenders = (found.get(name, 0.0) for name in names)
    more, less = "more", "less"
    told = f"In the mean sponsors get {write(abs(sponsors))} {unit} {more if sponsors >= 0.0 else less} than they pay"
    theirs = f", lenders {write(abs(lenders))} {more if lenders >= 0.0 else less}, with interest"
    return f"{told}{theirs}" if lenders else told
