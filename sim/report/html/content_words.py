"""The answers of a run in sentences, as the screen says them."""

from __future__ import annotations

import math

from sim.report import format as say
from sim.report import lenders_section, sanctions_section
from sim.report.html.content_run import Run
from sim.report.html.sheets import known

OF_SANCTIONS = (
    *("invested", "abandoned", "seized", "cost_of_sanctions_usd", "sanctions_save_money"),
    *("pays_with_and_without", "pays_only_without_sanctions", "pays_only_with_sanctions", "pays_in_neither"),
)
OF_LENDERS = (
    "missed_payment",
    "defaulted",
    "lenders_loss_share",
    "lenders_loss_usd",
    "equity_wiped_out",
    "years_in_default",
)
"""Metrics without which the sentences of the screen cannot be said."""


def futures(run: Run) -> str:
    """Return over which futures shares are: "of 10,240 futures within 54 years", as far as that is known."""
    count = f"of {run.draws:,} futures" if run.draws is not None else "of the futures"
    return f"{count} within {run.horizon} years" if run.horizon is not None else count


def strongest(run: Run, metric: str = "project_npv_usd") -> list[tuple[str, float]]:
    """Return inputs and their rank correlation with a metric, the strongest first."""
    rows = run.rows("drivers.csv", "input", "metric", "rank_correlation")
    found = [(row["input"], known(row["rank_correlation"])) for row in rows if row["metric"] == metric]
    return sorted((pair for pair in found if not math.isnan(pair[1])), key=lambda pair: -abs(pair[1]))


def direction(value: float) -> str:
    """Return in words which way a rank correlation with the NPV goes.

    >>> direction(-0.339), direction(0.31)
    ('the more of it, the lower the NPV (−0.34)', 'the more of it, the higher the NPV (0.31)')
    """
    return f"the more of it, the {'lower' if value < 0.0 else 'higher'} the NPV ({say.number(value, 2)})"


def sanctions_words(run: Run) -> str:
    """Return what became of decision and works, and what sanctions cost."""
    if not run.political:
        return ""
    if run.calm:
        return f"Sanctions: {sanctions_section.NONE}"
    curve, waiting = (
        run.table("payback.csv"),
        [known(row["not_invested"]) for row in run.rows("payback.csv", "not_invested")],
    )
    if curve is None or not waiting or any(map(math.isnan, waiting)) or not run.has(*OF_SANCTIONS):
        return ""
    return " ".join(sanctions_section.words({"cost_of_sanctions_years": {"mean": math.nan}, **run.summary}, curve))


def bearers_words(run: Run) -> str:
    """Return who bears the change of the project's cash by sanctions."""
    table, rows = run.table("bearers.csv"), run.rows("bearers.csv", "party", "mean")
    if table is None or not {"total"} < {row["party"] for row in rows}:
        return ""
    if any(math.isnan(known(row["mean"])) for row in rows):
        return ""
    return " ".join(text.plain for text in sanctions_section.bearers(table))


def lenders_words(run: Run) -> str:
    """Return what lenders give, how often they are not paid, and what they lose."""
    if math.isnan(run.lent):
        return ""
    gearing = run.number("gearing", "deterministic")
    of = f", {say.percent(gearing)} of all uses of funds" if not math.isnan(gearing) else ""
    if run.lent <= 0.0:
        return "Nothing is lent on the lenders' case."
    told = f"Lenders give {say.usd(run.lent)} on the lenders' case{of}."
    if not run.has(*OF_LENDERS):
        return told
    summary = {"unpaid_costs_usd": {"mean": 0.0}, **run.summary}
    return f"{told} {lenders_section.outcome(run.lent, summary)}"
