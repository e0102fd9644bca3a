"""The page of a comparison of sweeps: the same cases side by side, one table for each of the main figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.batch.compare_cases import CaseDifference, CasePair, Sweep, text_of_axis
from sim.report.compare_layout import (
    Block,
    Grid,
    Scale,
    Words,
    difference_and_interval,
    filled,
    scale,
    without_interval,
)
from sim.report.names import input_name
from sim.report.titles import title

MAIN = {
    ("project_npv_usd", "mean"): "Mean NPV",
    ("paid_back", "mean"): "Pays back",
    ("equity_npv_usd", "mean"): "Sponsors' mean NPV",
    ("project_payback_years", "never"): "Never pays back",
    ("project_npv_usd", "p50"): "Median NPV",
    ("project_payback_years", "p50"): "Median payback",
}
"""Metric and statistic of the tables, in the order of importance."""
MOST_TABLES = 2
MOST_CASES = 12


def blocks(pair: CasePair) -> Iterator[Block]:
    """Yield what two sweeps differ in."""
    yield Words(f"{pair.b.label} compared with {pair.a.label}", "title")
    yield Grid(("", "", "", ""), tuple(_side(sweep) for sweep in (pair.a, pair.b)), 4)
    yield Words(_aligned(pair))
    for metric, stat in _chosen(pair):
        yield _table(pair, metric, stat)
    if len(pair.places) > MOST_CASES:
        yield Words(f"The first {MOST_CASES} of {len(pair.places):,} cases; --csv DIR writes all of them.")
    if notes := pair.caveats:
        yield Words("Before you rely on this", "heading")
        yield from (Words(note, "item") for note in notes)


def _side(sweep: Sweep) -> tuple[str, ...]:
    manifest, count = sweep.cases.manifest, len(sweep.cases.cases)
    facts = [f"{count:,} case{'s' * (count != 1)}"]
    if manifest is not None and manifest.draws is not None and manifest.seed is not None:
        facts += [f"{manifest.draws:,} futures each", f"seed {manifest.seed}"]
    return sweep.letter, sweep.label, str(sweep.cases.given), ", ".join(facts)


def _aligned(pair: CasePair) -> str:
    count = len(pair.places)
    text = f"{count:,} case{'s are' if count != 1 else ' is'} in both, by {', '.join(pair.axes)}."
    if not pair.unpaired:
        text = f"{text} Paired: both have drawn the same futures, and each is compared with itself"
        there = any(one.paired and one.mean.se == one.mean.se for one in pair.differences)
        return f"{text}; {'95 % intervals of the mean difference' if there else 'too few futures for intervals'}."
    text = f"{text} Not paired: {pair.unpaired}"
    if not any(one.mean.se == one.mean.se for one in pair.differences):
        return f"{text}; there are no standard errors, hence no intervals."
    return f"{text}; 95 % intervals add up the standard errors of both as if they had nothing in common."


def _chosen(pair: CasePair) -> Sequence[tuple[str, str]]:
    """Return metric and statistic of each table: the main ones, else the first that there are."""
    first = [one for one in pair.differences if one.at == pair.differences[0].at]
    there = [(one.metric, stat) for one in first for stat in one.a if stat != "se"]
    main = [one for one in MAIN if one in there]
    return (main or there)[:MOST_TABLES]


def _table(pair: CasePair, metric: str, stat: str) -> Grid:
    rows = [one for one in pair.differences if one.metric == metric][:MOST_CASES]
    by = scale("share" if stat == "never" else rows[0].unit, [value[stat] for one in rows for value in (one.a, one.b)])
    label = MAIN.get((metric, stat)) or f"{title(metric)}, {'median' if stat == 'p50' else stat}"
    a, b, unit = pair.a.letter, pair.b.letter, f", {by.unit}" if by.unit else ""
    heads = (f"{label} {a}{unit}", f"{b}{unit}", f"{b} − {a}{unit}", "95 % interval")
    axes = tuple(map(input_name, pair.axes))
    return filled(Grid((*axes, *heads), tuple(_row(one, stat, by) for one in rows), len(axes)))


def _row(one: CaseDifference, stat: str, by: Scale) -> tuple[str, ...]:
    apart = one.mean if stat == "mean" else without_interval(one.point(stat))
    ends = (by.value(end[stat], by.fine(apart)) for end in (one.a, one.b))
    return (*map(text_of_axis, one.at), *ends, *difference_and_interval(apart, by))
