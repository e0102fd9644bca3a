"""The page of a comparison, for the screen and as Markdown: what differs between results, by how much, how surely."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim.base.sampling import REPLICATE
from sim.base.words import told
from sim.batch.compare import Comparison
from sim.batch.compare_runs import Difference, Pair, Side
from sim.report import compare_cases_section, compare_paybacks_section
from sim.report import format as say
from sim.report.compare_layout import (
    Block,
    Grid,
    Words,
    difference_and_interval,
    filled,
    interval,
    markdown_of,
    scale,
    text_of,
    without_interval,
)
from sim.report.titles import title
from sim.tables import MIN_REPLICATES

WIDTH = 100
MAIN = (
    *("paid_back", "project_npv_usd", "npv_positive", "project_irr", "investment_usd", "cod_years"),
    *("energy_delivered_mwh_per_year", "lcoe_usd_per_mwh", "transmission_lcoe_usd_per_mwh"),
    *("realised_gap_usd_per_mwh", "yearly_trade_usd", "debt_usd", "dscr_min", "defaulted", "lenders_loss_share"),
    *("equity_npv_usd", "equity_irr", "equity_invested_usd", "invested", "abandoned", "seized"),
    "cost_of_sanctions_usd",
)
"""Metrics of the page, in the order of importance."""
MOST_OTHERS = 20
"""Rows of figures where a file has none of the main metrics."""
MOST_INPUTS = 12


def page(comparison: Comparison, width: int = WIDTH) -> str:
    """Return a comparison as text, no line wider than ``width``."""
    return text_of(_blocks(comparison), width)


def markdown(comparison: Comparison) -> str:
    """Return a comparison as Markdown, with tables as GitHub shows them."""
    return markdown_of(_blocks(comparison))


def _blocks(comparison: Comparison) -> Iterator[Block]:
    for pair in comparison.pairs:
        yield from _run_blocks(pair)
    for cases in comparison.cases:
        yield from compare_cases_section.blocks(cases)


def _run_blocks(pair: Pair) -> Iterator[Block]:
    yield Words(f"{pair.b.label} compared with {pair.a.label}", "title")
    yield Grid(("", "", "", ""), tuple(_side(side) for side in (pair.a, pair.b)), 4)
    yield Words(_pairing(pair))
    verdict = " ".join([*npv_words(pair), *paid_words(pair)])
    if verdict:
        yield Words(verdict)
    yield from main_figures(pair)
    yield from compare_paybacks_section.blocks(pair)
    yield from _inputs(pair)
    if notes := pair.caveats:
        yield Words("Before you rely on this", "heading")
        yield from (Words(note, "item") for note in notes)


# --- what is compared, and the answer -----------------------------------------------------------------------------


def _side(side: Side) -> tuple[str, ...]:
    manifest = side.run.manifest
    if manifest is None:
        return side.letter, side.label, str(side.run.given), "figures only"
    facts = [f"{manifest.draws:,} futures"] if manifest.draws is not None else []
    facts += [f"seed {manifest.seed}"] if manifest.seed is not None else []
    facts += [f"{manifest.horizon} years"] if manifest.horizon is not None else []
    return side.letter, side.label, str(side.run.given), ", ".join(facts)


def _pairing(pair: Pair) -> str:
    """Return whether the runs are paired, and what the intervals then are."""
    manifest = pair.a.run.manifest
    if pair.paired and manifest is not None and manifest.draws is not None:
        replicates = manifest.draws // REPLICATE
        text = f"Paired: both have drawn the same {manifest.draws:,} futures, and each is compared with itself."
        if replicates < MIN_REPLICATES:
            return f"{text} Too few for intervals, which take {MIN_REPLICATES * REPLICATE:,}."
        return f"{text} Intervals hold the mean difference with 95 % confidence."
    text = f"Not paired: {pair.unpaired}."
    if all(math.isnan(one.mean.se) for one in pair.differences):
        return f"{text} There are no standard errors, hence no intervals."
    text = f"{text} 95 % intervals add up the standard errors of both as if they had nothing in common"
    theirs = pair.b.run.manifest
    same = manifest is not None and theirs is not None and manifest.seed == theirs.seed
    return f"{text}; as the seed is the same, they are wider than need be." if same else f"{text}."


def npv_words(pair: Pair) -> Iterator[str]:
    """Yield the difference of the NPV in words."""
    one = _metric(pair, "project_npv_usd")
    if one is None or math.isnan(one.mean.difference):
        return
    if one.contest.equal == 1.0:
        yield "The NPV is the same in every future."
        return
    by, mean = scale("USD", [one.a.mean, one.b.mean]), one.mean
    a, b, size = (by.value(value, by.fine(mean)) for value in (one.a.mean, one.b.mean, abs(mean.difference)))
    apart = f"{size} {by.unit} {'more' if mean.difference > 0.0 else 'less'}" if size.strip("0.") else "no difference"
    limits = f" (95 % interval {interval(mean, by)})" if mean.se > 0.0 else ""
    doubt = ": chance alone could do that" if mean.low <= 0.0 <= mean.high else ""
    yield (
        f"The mean NPV is {a} {by.unit} in {pair.a.label} and {b} {by.unit} in {pair.b.label}, {apart}{limits}{doubt}."
    )
    if not math.isnan(one.contest.better):
        better, equal, worse = one.contest.better, one.contest.equal, 1.0 - one.contest.better - one.contest.equal
        ours, theirs, same = say.shares([better, worse, equal])
        tie = f"; in {same} it is equal" if equal > 0.0 else ""
        yield f"It is higher in {pair.b.label} in {ours} of futures, in {pair.a.label} in {theirs}{tie}."


def paid_words(pair: Pair) -> Iterator[str]:
    """Yield in words who pays back."""
    one = next((time for time in pair.times if time.metric == "project_payback_years"), None)
    if one is None or math.isnan(one.reached_a) or math.isnan(one.reached_b):
        return
    a, b = pair.a.label, pair.b.label
    if one.reached_a == one.reached_b == 0.0:
        yield "Neither pays back in any future."
        return
    text = f"Pays back in {say.share(one.reached_a)} of futures in {a}, in {say.share(one.reached_b)} in {b}"
    if one.meeting is None:
        yield f"{text}."
        return
    met = one.meeting
    if met.only_a == met.only_b == 0.0:
        text = f"The same {say.share(met.both)} of futures pay back in both"
    else:
        both, mine, theirs, neither = say.shares([met.both, met.only_a, met.only_b, met.neither])
        text = f"{text}: in both in {both}, only in {a} in {mine}, only in {b} in {theirs}, in neither in {neither}"
    yield f"{text}."
    if met.draws_both and met.median_difference:
        when = "later" if met.median_difference > 0.0 else "sooner"
        span, of = say.years(abs(met.median_difference)), f"{met.draws_both:,} future{'s' * (met.draws_both != 1)}"
        yield f"Where both pay back, {b} does so {span} {when} (median of {of})."


def _metric(pair: Pair, metric: str) -> Difference | None:
    return next((one for one in pair.differences if one.metric == metric), None)


# --- tables -------------------------------------------------------------------------------------------------------


def main_figures(pair: Pair) -> Iterator[Block]:
    """Yield the table of the main metrics; those that are the same in both are only named."""
    found = {one.metric: one for one in pair.differences}
    chosen = [metric for metric in MAIN if metric in found] or list(found)[:MOST_OTHERS]
    rows, same, some = [], [], []
    for metric in chosen:
        one = found[metric]
        point = _point(one)
        if point is None:
            continue
        if _same(one, point):
            same.append(title(metric))
            continue
        rows.append(_row(one, point))
        some += [one] if rows[-1][0].endswith("*") else []
    if rows:
        yield _figures(pair, rows)
    if some:
        yield Words(star(some))
    if same:
        yield Words(f"{'The same in both' if rows else 'All is the same in both'}: {'; '.join(same)}.")


def _figures(pair: Pair, rows: list[tuple[str, ...]]) -> Grid:
    a, b = pair.a.letter, pair.b.letter
    head = ("Mean of futures", "unit", a, b, f"{b} − {a}", "95 % interval", f"{b} better, %", "equal, %")
    return filled(Grid(head, tuple(rows), 2, 3, "comparison.csv of --csv DIR"))


def _point(one: Difference) -> str | None:
    """Return which figure of a metric to show: its mean, else its median, else what there is."""
    for name in ("mean", "p50", "p10", "p90"):
        if not (math.isnan(one.a.point(name)) or math.isnan(one.b.point(name))):
            return name
    return None


def _same(one: Difference, point: str) -> bool:
    """Say whether a metric is the same in both: in every draw where that is known, else in what is shown of it."""
    if one.a.share_defined != one.b.share_defined and not math.isnan(one.a.share_defined + one.b.share_defined):
        return False
    if not math.isnan(one.contest.equal):
        return one.contest.equal == 1.0
    return one.a.point(point) == one.b.point(point) and not one.mean.se > 0.0


def _row(one: Difference, point: str) -> tuple[str, ...]:
    a, b = means(one) if point == "mean" else (one.a.point(point), one.b.point(point))
    by = scale(one.unit, [a, b])
    apart = one.mean if point == "mean" else without_interval(one.point(point))
    label = title(one.metric) + {"mean": "", "p50": ", median"}.get(point, f", {point.upper()}")
    label += " *" if point == "mean" and partial(one) else ""
    ends = (by.value(end, by.fine(apart)) for end in (a, b))
    contests = ("" if math.isnan(share) else say.bare_share(share) for share in (one.contest.better, one.contest.equal))
    return (label, by.unit, *ends, *difference_and_interval(apart, by), *contests)


def means(one: Difference) -> tuple[float, float]:
    """Return the means of a metric; where not all futures have a value in both and it is known, of those that have."""
    if partial(one) and not math.isnan(one.mean.mean_a):
        return one.mean.mean_a, one.mean.mean_b
    return one.a.mean, one.b.mean


def partial(one: Difference) -> bool:
    """Say whether some futures have no value of a metric in both."""
    return any(share < 1.0 for share in (one.a.share_defined, one.b.share_defined, one.mean.compared))


def star(some: list[Difference]) -> str:
    """Return what the figures are of that some futures do not have in both."""
    shares = sorted(one.mean.compared for one in some if one.paired)
    if not shares:
        return "* Each of its own futures that have a value."
    low, high = say.share(shares[0]), say.share(shares[-1])
    return f"* Of the futures that have a value in both: {low if low == high else f'{low} to {high}'}."


# --- inputs, and what only one has --------------------------------------------------------------------------------


def _inputs(pair: Pair) -> Iterator[Block]:
    if pair.inputs is None:
        return
    if not pair.inputs:
        yield Words("No input differs.")
        return
    rows = tuple((one.path, _input(one.before), _input(one.after)) for one in pair.inputs[:MOST_INPUTS])
    yield Grid(("Inputs that differ", pair.a.letter, pair.b.letter), rows, 3)
    if more := len(pair.inputs) - len(rows):
        yield Words(f"{more:,} more inputs differ: inputs.csv has all of them.")


def _input(value: object) -> str:
    from sim.batch.changes import MISSING

    return say.MISSING if value is MISSING else told(value)
