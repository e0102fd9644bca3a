"""The verdict on a run: an answer per card, and the same in sentences, as the screen says it."""

from __future__ import annotations

import math

from sim.report import format as say
from sim.report import lenders_section, sanctions_section
from sim.report.html.content import Card
from sim.report.html.content_run import Run, known

MOST_BEARERS = 3
MOST_DRIVERS = 3
OF_SANCTIONS = (
    *("invested", "abandoned", "seized", "cost_of_sanctions_usd", "sanctions_save_money"),
    *("pays_with_and_without", "pays_only_without_sanctions", "pays_only_with_sanctions", "pays_in_neither"),
)
OF_LENDERS = ("missed_payment", "defaulted", "lenders_loss_share", "equity_wiped_out", "years_in_default")
"""Metrics without which the sentences of the screen cannot be said."""


def cards(run: Run) -> tuple[Card, ...]:
    """Return the answers, as far as the folder has them."""
    made = (_paid(run), _when(run), _value(run), _sanctions(run), _bearers(run), _drivers(run), _lenders(run))
    return tuple(card for card in made if card is not None)


def words(run: Run) -> tuple[str, ...]:
    """Return in sentences whether it pays back and adds value; what sanctions and lenders do is said beside them."""
    return tuple(text for text in (payback_words(run), value_words(run)) if text)


# --- cards --------------------------------------------------------------------------------------------------------


def futures(run: Run) -> str:
    """Return over which futures shares are: "of 10,240 futures within 54 years", as far as that is known."""
    count = f"of {run.draws:,} futures" if run.draws is not None else "of the futures"
    return f"{count} within {run.horizon} years" if run.horizon is not None else count


def _paid(run: Run) -> Card | None:
    if math.isnan(run.paid):
        return None
    if run.certain:
        within = f" within {run.horizon} years" if run.horizon is not None else ""
        remark = f"{'pays' if run.paid else 'never pays'} back{within}; nothing is uncertain, all futures are alike"
        return Card("Pays back", "yes" if run.paid else "no", remark)
    error = run.paid_error
    doubt = f"; standard error {points(error)}" if error > 0.0 else ""
    doubt = "; too few futures for a standard error" if math.isnan(error) else doubt
    return Card("Pays back", say.share(run.paid), f"{futures(run)}{doubt}")


def points(error: float) -> str:
    """Return the standard error of a share.

    >>> points(0.001786), points(0.0123)
    ('0.2 percentage points', '1 percentage points')
    """
    return f"{100.0 * error:.1g} percentage points"


def _when(run: Run) -> Card | None:
    median = run.number("project_payback_years", "p50")
    if run.paid == 0.0:
        return Card("When", say.NEVER, f"it pays back in none {futures(run)}")
    if math.isfinite(median):
        remark = f"from the start, in {run.year(median)}"
        half = "" if run.certain or run.half is None else f"; half of those that pay have done so by {_end(run)}"
        return Card("When", say.years(median), remark if run.certain else f"median {remark}{half}")
    if run.half is None:
        return None
    typical = "; the median future never pays back" if math.isinf(median) else ""
    value = f"year {run.half}" if run.start_year is None else str(run.start_year + run.half - 1)
    return Card("When", value, f"half of those that pay have done so by {_end(run)}{typical}")


def _end(run: Run) -> str:
    assert run.half is not None
    year = f" ({run.start_year + run.half - 1})" if run.start_year is not None else ""
    return f"the end of year {run.half}{year}"


def _value(run: Run) -> Card | None:
    share, median = run.number("npv_positive"), run.number("project_npv_usd", "p50")
    if run.certain and not math.isnan(median):
        return Card("Adds value", "yes" if median > 0.0 else "no", f"the NPV is {say.usd(median)}")
    if math.isnan(share):
        return None
    ends = [run.number("project_npv_usd", point) for point in ("p10", "p90")]
    spread = f"; P10 {say.usd(ends[0])}, P90 {say.usd(ends[1])}" if all(map(math.isfinite, ends)) else ""
    return Card(
        "Adds value", say.share(share), f"of futures have an NPV above 0; the median is {say.usd(median)}{spread}"
    )


def _sanctions(run: Run) -> Card | None:
    cost, error = run.number("cost_of_sanctions_usd"), run.number("cost_of_sanctions_usd", "se")
    if math.isnan(cost):
        return None
    if run.calm:
        value, _, remark = sanctions_section.NONE.partition(". ")
        return Card("Sanctions", value, remark)
    doubt = f" (standard error {say.usd(error)})" if error > 0.0 else ""
    saved = run.number("sanctions_save_money")
    often = f"; they save money in {say.share(saved)} of futures" if not math.isnan(saved) else ""
    remark = f"of NPV in the mean{doubt}, against the same futures without sanctions{often}"
    return Card(f"Sanctions {'cost' if cost >= 0.0 else 'save'}", say.usd(abs(cost)), remark)


def _bearers(run: Run) -> Card | None:
    means = {row["party"]: known(row["mean"]) for row in run.rows("bearers.csv", "party", "mean")}
    whole = means.pop("total", math.nan)
    found = {party: mean for party, mean in means.items() if abs(mean) > 0.0}
    if not found:
        return None
    order = sorted(found, key=lambda party: -abs(found[party]))[:MOST_BEARERS]
    first, *others = order
    told = "".join(f", {sanctions_section.named(party)} {signed_usd(found[party])}" for party in others)
    total = f"; in all {signed_usd(whole)} before tax and loans" if not math.isnan(whole) else ""
    remark = f"{signed_usd(found[first])}{told}{total} (mean present value; −: has less because of sanctions)"
    effect = "gains most by" if found[first] > 0.0 else "bears"
    return Card(f"Who {effect} sanctions", sanctions_section.named(first), remark)


def signed_usd(value: float) -> str:
    """Return an amount with its sign.

    >>> signed_usd(5.784e8), signed_usd(-1.2e9)
    ('+578.4 million USD', '−1.2 bn USD')
    """
    return f"{'+' if value > 0.0 else ''}{say.usd(value)}"


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


def _drivers(run: Run) -> Card | None:
    found = strongest(run)[:MOST_DRIVERS]
    if not found:
        return None
    first, *others = found
    told = ", ".join(
        f"{name}: {'lower' if value < 0.0 else 'higher'} ({say.number(value, 2)})" for name, value in others
    )
    more = f"; then {told}" if told else ""
    return Card("What matters most", first[0], f"{direction(first[1])}{more}. In brackets: rank correlations")


def _lenders(run: Run) -> Card | None:
    if math.isnan(run.lent):
        return None
    if run.lent <= 0.0:
        return Card("Lenders", "no loans", "nothing is lent on the lenders' case")
    failed, lost = run.number("defaulted"), run.number("lenders_loss_share")
    if math.isnan(failed):
        return None
    loss = f"; lenders lose {say.percent(lost)} of their loans in the mean" if not math.isnan(lost) else ""
    if run.certain:
        return Card("Loans default", "yes" if failed else "no", f"{say.usd(run.lent)} are lent{loss}")
    return Card("Loans default", say.share(failed), f"of futures{loss}; {say.usd(run.lent)} are lent")


# --- sentences ----------------------------------------------------------------------------------------------------


def payback_words(run: Run) -> str:
    """Return how often and when the project pays back."""
    if math.isnan(run.paid):
        return ""
    median = run.number("project_payback_years", "p50")
    if run.certain:
        paid = f"pays back after {say.years(median)}, in {run.year(median)}"
        never = f"never pays back within {run.horizon} years"
        return f"Nothing here is uncertain, all futures are alike: it {paid if math.isfinite(median) else never}."
    rows = run.rows("payback.csv", "p_paid_back", "unpaid", "not_invested")
    if rows and run.draws is not None and run.horizon is not None and run.start_year is not None:
        parts = [known(rows[-1][name]) for name in ("p_paid_back", "unpaid", "not_invested")]
        half, given_up = run.half or 0, run.number("abandoned")
        when, lost = (half, run.start_year + half - 1), 0.0 if math.isnan(given_up) else given_up
        return say.outcome(parts, run.draws, run.horizon, when, median, lost)
    return f"Pays back in {say.share(run.paid)} {futures(run)}."


def value_words(run: Run) -> str:
    """Return whether the project adds value, and what a MWh earns and needs."""
    names = ("realised_gap_usd_per_mwh", "transmission_lcoe_usd_per_mwh")
    share, median = run.number("npv_positive"), run.number("project_npv_usd", "p50")
    known_gap = all(name in run.summary for name in names)
    gap = (run.number(names[0], "p50"), run.number(names[1], "p50")) if known_gap else None
    return " ".join(say.value(run.certain, share, median, gap))


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
