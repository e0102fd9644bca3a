"""The page of a comparison, for the screen and as Markdown: what differs between results, by how much, how surely."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim.base.sampling import REPLICATE
from sim.base.words import shown
from sim.batch.compare import Comparison
from sim.batch.compare_runs import Difference, Pair, Side
from sim.batch.read_back import names
from sim.report import compare_cases_section, compare_paybacks_section
from sim.report import format as say
from sim.report.compare_layout import (
    Block,
    Grid,
    Words,
    difference_and_interval,
    interval,
    markdown_of,
    scale,
    text_of,
)
from sim.tables import MIN_REPLICATES

WIDTH = 100
MAIN = {
    "paid_back": "Pays back, {}",
    "project_npv_usd": "Net present value (NPV), {}",
    "npv_positive": "NPV above zero, {}",
    "project_irr": "Rate of return (IRR), {}",
    "investment_usd": "Investment, nominal, {}",
    "cod_years": "Operation (COD) after, {}",
    "energy_delivered_mwh_per_year": "Delivered energy, {}",
    "lcoe_usd_per_mwh": "LCOE, {}",
    "transmission_lcoe_usd_per_mwh": "Price gap needed, {}",
    "realised_gap_usd_per_mwh": "Price gap earned, {}",
    "yearly_trade_usd": "Trade, {}",
    "debt_usd": "Loans, {}",
    "dscr_min": "Least DSCR, {}",
    "defaulted": "Loans in default, {}",
    "lenders_loss_share": "Lenders lose of loans, {}",
    "equity_npv_usd": "Sponsors' NPV, {}",
    "equity_irr": "Sponsors' IRR, {}",
    "equity_invested_usd": "Sponsors pay, nominal, {}",
    "invested": "Invested, {}",
    "abandoned": "Given up while building, {}",
    "seized": "Seized, {}",
    "cost_of_sanctions_usd": "Cost of sanctions, {}",
}
"""Metrics of the page, in the order of importance, with their labels."""
MOST_OTHERS = 20
"""Rows of figures where a file has none of the main metrics."""
MOST_INPUTS = 12


def page(comparison: Comparison, width: int = WIDTH, ascii_only: bool = False) -> str:
    """Return a comparison as text, no line wider than ``width``."""
    text = text_of(_blocks(comparison), width)
    return say.plain(text, "ascii") if ascii_only else text


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
    notes = [*pair.notes, *_alone(pair.a, pair.only_a), *_alone(pair.b, pair.only_b)]
    if notes:
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
    size = say.number(abs(mean.difference) / by.one, by.fine(mean))
    apart = f"{size} {by.unit} {'more' if mean.difference > 0.0 else 'less'}" if size.strip("0.") else "no difference"
    limits = f" (95 % interval {interval(mean, by)})" if mean.se > 0.0 else ""
    doubt = ": chance alone could do that" if mean.low <= 0.0 <= mean.high else ""
    yield (
        f"The mean NPV is {say.usd(one.a.mean)} in {pair.a.label} and {say.usd(one.b.mean)} in {pair.b.label}, "
        f"{apart}{limits}{doubt}."
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
        span = say.years(abs(met.median_difference))
        yield f"Where both pay back, {b} does so {span} {when} (median of {met.draws_both:,} futures)."


def _metric(pair: Pair, metric: str) -> Difference | None:
    return next((one for one in pair.differences if one.metric == metric), None)


# --- tables -------------------------------------------------------------------------------------------------------


def main_figures(pair: Pair) -> Iterator[Block]:
    """Yield the table of the main metrics; those that are the same in both are only named."""
    found = {one.metric: one for one in pair.differences}
    chosen = {metric: label for metric, label in MAIN.items() if metric in found}
    chosen = chosen or {metric: f"{metric}, {{}}" for metric in list(found)[:MOST_OTHERS]}
    rows, same, partial = [], [], []
    for metric, label in chosen.items():
        one = found[metric]
        point = _point(one)
        if point is None:
            continue
        if _same(one, point):
            same.append(label.split(", {}")[0])
            continue
        rows.append(_row(one, point, label))
        partial += [one] if rows[-1][0].endswith("*") else []
    letters = pair.a.letter, pair.b.letter
    if rows:
        head = ("Mean of futures", *letters, f"{letters[1]} − {letters[0]}", "95 % interval")
        contests = (f"{letters[1]} better", "equal") if pair.paired else ()
        yield Grid((*head, *contests), tuple(row[: len(head) + len(contests)] for row in rows))
    if partial:
        yield Words(_star(partial))
    if same:
        yield Words(f"{'The same in both' if rows else 'All is the same in both'}: {', '.join(same)}.")


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


def _row(one: Difference, point: str, label: str) -> tuple[str, ...]:
    a, b = one.a.point(point), one.b.point(point)
    if point == "mean" and _partial(one) and not math.isnan(one.mean.mean_a):
        a, b = one.mean.mean_a, one.mean.mean_b
    by = scale(one.unit, [a, b])
    head = label.format({"mean": "", "p50": "median, "}.get(point, f"{point}, ".upper()) + by.unit).rstrip(", ")
    if point == "mean":
        cells = difference_and_interval(one.mean, by)
        head += " *" if _partial(one) else ""
    else:
        cells = by.difference(one.point(point)), ""
    contests = (
        ("", "") if math.isnan(one.contest.better) else (say.share(one.contest.better), say.share(one.contest.equal))
    )
    return (head, by.value(a), by.value(b), *cells, *contests)


def _partial(one: Difference) -> bool:
    return any(share < 1.0 for share in (one.a.share_defined, one.b.share_defined, one.mean.compared))


def _star(partial: list[Difference]) -> str:
    shares = sorted(one.mean.compared for one in partial if one.paired)
    if not shares:
        return "* Each of its own futures that have a value."
    low, high = say.share(shares[0]), say.share(shares[-1])
    some = low if low == high else f"{low} to {high}"
    return f"* Of the futures that have a value in both: {some}."


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

    return say.MISSING if value is MISSING else shown(value)


def _alone(side: Side, metrics: tuple[str, ...]) -> Iterator[str]:
    if metrics:
        yield f"Only in {side.label}, and not compared: {names(metrics)}."
