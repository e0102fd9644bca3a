"""The part of the page that speaks to lenders and sponsors: how much is lent, what limits it, who loses what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.report import format as say

if TYPE_CHECKING:
    from sim.model.loans import Plan

Summary = Mapping[str, Mapping[str, Any]]
LENDER_ROWS = (
    ("Loans", "debt_usd"),
    ("Least debt service cover (DSCR)", "dscr_min"),
    ("Loan life cover (LLCR)", "llcr"),
)
SPONSOR_ROWS = (
    ("Sponsors pay in, nominal", "equity_invested_usd"),
    ("Sponsors' payback from the start", "equity_payback_years"),
    ("Sponsors' NPV", "equity_npv_usd"),
    ("Sponsors' rate of return, nominal", "equity_irr"),
)
"""Label and metric of the lines of figures."""


def rows(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield label and metric of each line of figures."""
    if plan.debt_usd > 0.0:
        yield from LENDER_ROWS
    yield from SPONSOR_ROWS


def size(plan: Plan) -> str:
    """Return how much is lent on the lenders' case, and what limits it."""
    if not plan.loans:
        granted = sum(grant.amount_usd for grant in plan.grants)
        public = f" and {say.usd(granted)} of public money" if granted else ""
        return f"No loans: sponsors pay {say.usd(plan.equity_usd)}{public} on the lenders' case."
    first = plan.limits[0]
    if plan.debt_usd <= 0.0:
        return f"Nothing is lent: the lenders' case carries no debt ({first.what})."
    others = [limit for limit in plan.limits[1:] if limit.what == "gearing" and math.isfinite(limit.debt_usd)]
    more = f"; a gearing cap alone would allow {say.usd(others[0].debt_usd)}" if others else ""
    return (
        f"Lenders give {say.usd(plan.debt_usd)}, {say.percent(plan.gearing)} of the {say.usd(plan.uses_usd)} needed: "
        f"on the lenders' case no more is carried (limit: {first.what}{more})."
    )


def outcome(plan: Plan, summary: Summary) -> str:
    """Return how often lenders are not paid and what they lose, in words; empty without loans."""
    if plan.debt_usd <= 0.0:
        return ""
    missed, failed = (summary[name]["mean"] for name in ("missed_payment", "defaulted"))
    lost, wiped = summary["lenders_loss_share"]["mean"], summary["equity_wiped_out"]["mean"]
    return (
        f"A payment is late in {say.share(missed)} of futures, the loans are in default in {say.share(failed)}; "
        f"lenders are never paid in full in {say.share(wiped)} and lose {say.percent(lost)} of their loans in the mean."
    )
