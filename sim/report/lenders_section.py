"""The part of the page that speaks to lenders and sponsors: what they pay and get, who loses what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.report import format as say
from sim.report.titles import title

if TYPE_CHECKING:
    from sim.model.loans import Plan
    from sim.scenario import Spec

Summary = Mapping[str, Mapping[str, Any]]
LENDER_ROWS = tuple((title(name), name) for name in ("debt_usd", "dscr_min", "llcr"))
SPONSOR_ROWS = (
    *((title(name), name) for name in ("equity_invested_usd", "equity_payback_years")),
    (f"{title('equity_npv_usd')} at {{rate}}", "equity_npv_usd"),
    (title("equity_irr"), "equity_irr"),
)
"""Label and metric of the lines of figures."""
_WORTH_TELLING = 0.5e6
"""Unpaid costs [USD] below which nothing is said of them."""


def rows(plan: Plan, spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield label and metric of each line of figures."""
    if plan.debt_usd > 0.0:
        yield from LENDER_ROWS
    for label, metric in SPONSOR_ROWS:
        yield label.format(rate=equity_rate(spec)), metric


def equity_rate(spec: Spec) -> str:
    """Return the rate at which sponsors discount: their own, else the project's."""
    keys = [f"{whose}discount_rate_{kind}" for whose in ("equity_", "") for kind in ("real", "nominal")]
    key = next(key for key in keys if getattr(spec.written.evaluation, key) is not None)
    rate = 100.0 * spec.leaves[f"evaluation.{key}"].dist.quantile(0.5)
    return f"{say.number(rate, 0 if abs(rate - round(rate)) < 0.05 else 1)} % {key.rsplit('_', 1)[1]}"


def outcome(debt_usd: float, summary: Summary) -> str:
    """Return how often lenders are not paid, how long they wait and what they lose, in words; empty without loans."""
    if debt_usd <= 0.0:
        return ""
    missed, failed = (summary[name]["mean"] for name in ("missed_payment", "defaulted"))
    lost, wiped = summary["lenders_loss_share"]["mean"], summary["equity_wiped_out"]["mean"]
    words = [
        f"A payment is late before any default in {say.share(missed)} of futures, loans default in "
        f"{say.share(failed)}; lenders are never paid in full in {say.share(wiped)} and lose "
        f"{say.usd(summary['lenders_loss_usd']['mean'])} of present value in the mean, {say.percent(lost)} of their "
        "loans where each future counts alike, whatever was lent in it."
    ]
    if failed > 0.0:
        waited = say.years(summary["years_in_default"]["mean"] / failed)
        words.append(f"They are taken to wait: a default lasts {waited} in the mean.")
    unpaid = summary["unpaid_costs_usd"]["mean"]
    if unpaid > _WORTH_TELLING:
        words.append(f"Mean of what suppliers and states are never paid: {say.usd(unpaid)}.")
    return " ".join(words)


def without_rate(summary: Summary, kept: NDArray[np.float64]) -> tuple[float, float]:
    """Return the shares of futures that leave sponsors no rate of return, or none but −100 %."""
    return 1.0 - summary["equity_irr"]["share_defined"], float(np.mean(kept <= -1.0))
