"""The verdict on a run: an answer per card; on several runs, a card for each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sim.report import format as say
from sim.report import lenders_section, sanctions_section
from sim.report.caveats import error_of_share
from sim.report.html.content import Card
from sim.report.html.content_run import Run
from sim.report.html.content_words import futures, strongest
from sim.report.html.sheets import known
from sim.report.names import POTS, capital, input_name, inside, party

MOST_DRIVERS = 3
MOST_LOSERS = 3
MOST_GAINERS = 2
"""Inputs and parties that the cards name at most."""
STOPPED = "a project that loses money loses less where it is not built or stopped early"


def cards(run: Run) -> tuple[Card, ...]:
    """Return the answers, as far as the folder has them."""
    makers = (_paid, _when, _value, _needed, _sanctions, _bearers, _sponsors, _lenders, _drivers)
    made = (make(run) for make in makers)
    return tuple(card for card in made if card is not None)


def side_by_side(runs: Sequence[Run]) -> tuple[Card, ...]:
    """Return a card for each run: how often it pays back, when, and what it is worth."""
    return tuple(Card(run.folder.label, say.share(run.paid), "; ".join(_in_short(run))) for run in runs)


def _in_short(run: Run) -> Iterator[str]:
    yield "of futures pay back" if not math.isnan(run.paid) else "whether it pays back is not known"
    if run.half is not None and run.start_year is not None:
        yield f"half of these by {run.start_year + run.half - 1}"
    npv, failed = run.number("project_npv_usd", "p50"), run.number("defaulted")
    if not math.isnan(npv):
        yield f"median NPV {say.usd(npv)}"
    if not math.isnan(failed) and run.lent > 0.0:
        yield f"loans default in {say.share(failed)}"


# --- does it pay, when, how much ----------------------------------------------------------------------------------


def _paid(run: Run) -> Card | None:
    if math.isnan(run.paid):
        return None
    if run.certain:
        within = f" within {run.horizon} years" if run.horizon is not None else ""
        remark = f"{'pays' if run.paid else 'never pays'} back{within}; nothing is uncertain, all futures are alike"
        return Card("Pays back", "yes" if run.paid else "no", remark)
    error = run.paid_error
    doubt = f" (standard error {error_of_share(error)})" if error > 0.0 else ""
    doubt = " (too few futures for a standard error)" if math.isnan(error) else doubt
    return Card("Pays back", say.share(run.paid), f"{futures(run)}{doubt}{_fate(run)}")


def _fate(run: Run) -> str:
    """Return what becomes of the futures that do not pay back; empty where it is not known."""
    rows, lost = run.rows("payback.csv", "p_paid_back", "unpaid", "not_invested"), run.number("abandoned")
    if not rows:
        return ""
    paid, unpaid, absent = (known(rows[-1][name]) for name in ("p_paid_back", "unpaid", "not_invested"))
    lost = 0.0 if math.isnan(lost) else lost
    _, built, given_up, never = say.shares([paid, unpaid - lost, lost, absent])
    told = [(built, "built and never pays back"), (given_up, "given up while building"), (never, "not begun")]
    parts = [f"in {share} it is {text}" for share, text in told if share != "0 %"]
    return f"; {', '.join(parts)}" if parts and built != say.MISSING else ""


def _when(run: Run) -> Card | None:
    median = run.number("project_payback_years", "p50")
    if run.paid == 0.0:
        return Card("When", say.NEVER, f"it pays back in none {futures(run)}")
    half = f"half of those that pay have done so by {_end(run)}" if run.half is not None else ""
    if math.isfinite(median):
        remark = f"from the start, in {run.year(median)}"
        more = f"; {half}" if half else ""
        return Card("When", say.years(median), remark if run.certain else f"median {remark}{more}")
    if math.isinf(median):
        return Card("When", say.NEVER, f"in the median future{f'; {half}' if half else ''}")
    return Card("When", _year(run), half) if half else None


def _end(run: Run) -> str:
    year = f" ({_year(run)})" if run.start_year is not None else ""
    return f"the end of year {run.half}{year}"


def _year(run: Run) -> str:
    assert run.half is not None
    return f"year {run.half}" if run.start_year is None else str(run.start_year + run.half - 1)


def _value(run: Run) -> Card | None:
    share, median = run.number("npv_positive"), run.number("project_npv_usd", "p50")
    if run.certain and not math.isnan(median):
        return Card("Adds value", "yes" if median > 0.0 else "no", f"the NPV is {say.usd(median)}")
    if math.isnan(share):
        return None
    ends = [run.number("project_npv_usd", name) for name in ("p10", "p50", "p90")]
    if not all(map(math.isfinite, ends)):
        return Card("Adds value", say.share(share), f"of futures have an NPV above 0; the median is {say.usd(median)}")
    more = [run.number("project_npv_usd", name) for name in ("mean", "deterministic")]
    write, unit = say.row_scale("USD", [*ends, *more])  # as in the table of figures
    low, middle, high = map(write, ends)
    remark = f"of futures have an NPV above 0; the median is {middle} {unit} (P10 {low}, P90 {high})"
    return Card("Adds value", say.share(share), remark)


def _needed(run: Run) -> Card | None:
    """Return the switching value: the price gap that breaks even, beside the one that is earned."""
    needed, earned = (run.number(f"{name}_usd_per_mwh", "p50") for name in ("transmission_lcoe", "realised_gap"))
    if not (math.isfinite(needed) and math.isfinite(earned)):
        return None
    median = "" if run.certain else " (medians, before tax)"
    remark = f"over the cost of the power would break even; {say.number(earned, 0)} are earned{median}"
    return Card("Price gap needed", say.number(needed, 0, "USD/MWh"), remark)


# --- sanctions ----------------------------------------------------------------------------------------------------


def _sanctions(run: Run) -> Card | None:
    cost, error = run.number("cost_of_sanctions_usd"), run.number("cost_of_sanctions_usd", "se")
    if math.isnan(cost):
        return None
    if run.calm:
        value, _, remark = sanctions_section.NONE.partition(". ")
        return Card("Sanctions", value, remark)
    write, unit = say.row_scale("USD", [cost])
    doubt = f" (standard error {say.number(error / say.divisor('USD', [cost]), 2)})" if error > 0.0 else ""
    both, without = run.number("pays_with_and_without"), run.number("pays_only_without_sanctions")
    mean = f"the mean NPV is {write(abs(cost))} {unit} {'lower' if cost >= 0.0 else 'higher'}{doubt} with them"
    npv, lost = run.number("project_npv_usd"), run.number("abandoned")
    why = f": {STOPPED}" if cost < 0.0 > npv + cost and not math.isnan(lost) else ""
    if math.isnan(both + without):
        return Card(f"Sanctions {'cost' if cost >= 0.0 else 'save'}", say.usd(abs(cost)), f"of NPV in the mean{why}")
    with_ = run.paid if not math.isnan(run.paid) else both
    value = f"{say.share(both + without)} → {say.share(with_)}"
    return Card("Sanctions", value, f"of futures pay back, without and with them; {mean}{why}")


def _bearers(run: Run) -> Card | None:
    """Return who has less because of sanctions: one party only where chance does not decide which."""
    rows = run.rows("bearers.csv", "party", "mean", "se")
    found = {row["party"]: (known(row["mean"]), known(row["se"])) for row in rows}
    whole, _ = found.pop("total", (math.nan, math.nan))
    size = max((abs(mean) for mean, _ in found.values()), default=0.0)
    if not size > 0.0:
        return None
    large = {name: one for name, one in found.items() if abs(one[0]) >= sanctions_section.SMALL * size}
    write, unit = say.row_scale("USD", [whole, *(mean for mean, _ in large.values())])
    order = sorted((name for name in large if name not in POTS), key=lambda name: large[name][0])
    less = [name for name in order if large[name][0] < 0.0]
    more = [name for name in reversed(order) if large[name][0] > 0.0]
    pots = [name for name in POTS if name in large]
    sides = [
        f"{what}: {', '.join(f'{party(name)} {say.signed(write(large[name][0]), large[name][0])}' for name in names)}"
        for what, names in (("less for", less[:MOST_LOSERS]), ("more for", more[:MOST_GAINERS]), ("with nobody", pots))
        if names
    ]
    total = f"; {sanctions_section.TOGETHER} {say.signed(write(whole), whole)}" if not math.isnan(whole) else ""
    gain = whole > 0.0
    first = sanctions_section.not_apart(more if gain else less, large)
    label = "Who gains by sanctions" if gain else "Who bears sanctions"
    remark = f"{'; '.join(sides)}{total} (mean present value, {unit})"
    return Card(label, capital(" and ".join(map(party, first))) or "Nobody", remark)


# --- for whom, and what matters -----------------------------------------------------------------------------------


def _sponsors(run: Run) -> Card | None:
    back, npv = run.number("equity_payback_years", "share_defined"), run.number("equity_npv_usd")
    if math.isnan(back):
        return None
    at = f" at {lenders_section.equity_rate(run.spec)}" if run.spec is not None else ""
    of = "their NPV" if run.certain else "the mean of their NPV"
    worth = f"; {of}{at} is {say.usd(npv)}" if not math.isnan(npv) else ""
    if run.certain:
        return Card(
            "For sponsors", "yes" if back else "no", f"they {'get' if back else 'never get'} their money back{worth}"
        )
    return Card("For sponsors", say.share(back), f"of futures give them their money back, in nominal terms{worth}")


def _lenders(run: Run) -> Card | None:
    if math.isnan(run.lent):
        return None
    if run.lent <= 0.0:
        return Card("Lenders", "no loans", "nothing is lent on the lenders' case")
    failed, lost, lent = (run.number(name) for name in ("defaulted", "lenders_loss_usd", "debt_usd"))
    if math.isnan(failed):
        return None
    write, unit = say.row_scale("USD", [run.lent, lent])
    loss = f"; lenders lose {write(lost)} {unit} of present value in the mean" if not math.isnan(lost) else ""
    if run.certain:
        return Card("Loans default", "yes" if failed else "no", f"{write(run.lent)} {unit} are lent")
    drawn = f"; they lend {write(lent)} in the mean, {write(run.lent)} on the lenders' case" if lent > 0.0 else ""
    return Card("Loans default", say.share(failed), f"of futures{loss}{drawn}")


def _drivers(run: Run) -> Card | None:
    found = strongest(run)[:MOST_DRIVERS]
    if not found:
        return None
    parts = [f"{inside(input_name(name))} ({say.number(value, 2)})" for name, value in found[1:]]
    more = f"; then {', '.join(parts)}" if parts else ""
    first, value = found[0]
    remark = f"rank correlation with the NPV {say.number(value, 2)}{more}; −: the more of it, the lower the NPV"
    return Card("What matters most", input_name(first), remark)
