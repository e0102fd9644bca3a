"""The part of a comparison on paybacks: who pays in which futures, when, and how far apart."""

from __future__ import annotations

from collections.abc import Iterator

from sim.batch.compare_runs import Pair, Times
from sim.report import format as say
from sim.report.compare_layout import Block, Grid, Words, scale

PAYBACKS = {
    "project_payback_years": "Payback",
    "project_payback_discounted_years": "… of discounted flows",
    "equity_payback_years": "Sponsors' payback",
}


def blocks(pair: Pair) -> Iterator[Block]:
    """Yield the table of paybacks, without those that neither run ever sees."""
    found = {one.metric: one for one in pair.times}
    rows = [(label, found[metric]) for metric, label in PAYBACKS.items() if metric in found]
    rows = [(label, one) for label, one in rows if not one.reached_a == one.reached_b == 0.0]
    if not rows:
        return
    a, b = pair.a.letter, pair.b.letter
    who = ("both, %", f"only {a}, %", f"only {b}, %", "neither, %") if pair.paired else ()
    later = (f"{b} − {a} *, years",) if pair.paired else ()
    head = ("Pays back", f"in {a}, %", f"in {b}, %", f"P50 {a}, years", f"P50 {b}, years", *later, *who)
    body = tuple((label, *_cells(one, pair.paired)) for label, one in rows)
    yield Grid(head, body, 1, len(who), "paybacks.csv of --csv DIR")
    text = "Shares of all futures, medians (P50)."
    yield Words(f"{text} * Median difference, of the futures in which both pay." if pair.paired else text)


def _cells(one: Times, paired: bool) -> tuple[str, ...]:
    shares = map(say.bare_share, (one.reached_a, one.reached_b))
    medians = (say.number(one.median_a), say.number(one.median_b))
    if not paired:
        return (*shares, *medians)
    if one.meeting is None:
        return (*shares, *medians, *[""] * 5)
    met = one.meeting
    fates = map(say.bare_share, (met.both, met.only_a, met.only_b, met.neither))
    return (*shares, *medians, scale("years", []).signed(met.median_difference, 1), *fates)
