"""What to know before believing the figures of a run, and what its folder lacks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sim import __version__
from sim.base.words import told
from sim.checks import warnings
from sim.report import caveats as sentences
from sim.report import format as say
from sim.report.html.content_numbers import ASSUMED, SOURCED, UNSOURCED, numbers
from sim.report.html.content_run import Run
from sim.report.html.folder import Folder
from sim.report.html.sheets import known
from sim.report.names import spoken
from sim.report.terminal import PRICE_EFFECT

OLD_SCENARIO = "The scenario in the manifest is not one that this program reads"
_LOST = -1.0
"""The rate of return that stands for a loss of everything."""


def caveats(run: Run) -> tuple[str, ...]:
    """Return what to know before one relies on a run, the most important first, as far as its folder has it."""
    lines = [
        *_changed(run),
        *_begins(run),
        *_founded(run),
        *_price_effect(run),
        *_counts(run),
        *_rates(run),
        *_kept(run),
    ]
    if run.spec is not None:
        lines += [f"check warns: {text}." for text in warnings(run.spec.written)]
    return (*lines, *_scope(run))


def _changed(run: Run) -> Iterator[str]:
    """Yield what was changed on the command line: title and description do not know of it."""
    changed = run.said.get("overrides")
    if isinstance(changed, Mapping) and changed:
        told_ = "; ".join(f"{key} = {told(value)}" for key, value in changed.items())
        yield f"Changed on the command line: {told_}. Title and description are those of the unchanged scenario."


def _begins(run: Run) -> Iterator[str]:
    """Yield in which regime politics begin, which is the first thing that a scenario takes for granted."""
    sanctions = run.scenario.get("sanctions")
    initial = sanctions.get("initial") if isinstance(sanctions, dict) else None
    if isinstance(initial, str):
        yield f"Politics begin in the regime “{spoken(initial)}” in {run.start_year or 'the first year'}."


def _founded(run: Run) -> Iterator[str]:
    """Yield how many of the numbers are only assumed."""
    by = Counter(number.basis for number in numbers(run.scenario, run.spec))
    given = by[SOURCED] + by[ASSUMED] + by[UNSOURCED]
    if given:
        more = f"; {by[UNSOURCED]:,} more {'has' if by[UNSOURCED] == 1 else 'have'} no source" if by[UNSOURCED] else ""
        yield f"{by[ASSUMED]:,} of {given:,} inputs are assumptions, at least in part{more}."


def _price_effect(run: Run) -> Iterator[str]:
    """Yield how far the link's own power lowers the market price."""
    if run.spec is None or PRICE_EFFECT not in run.spec.leaves:
        return
    yield f"{sentences.price_effect(run.spec.leaves[PRICE_EFFECT].dist, run.spec.written.market.currency)}."


def _counts(run: Run) -> Iterator[str]:
    cut, lost = run.number("cut_by_horizon"), run.number("payback_reversed")
    if cut > 0.0:
        yield sentences.cut_off(_futures(run, cut))
    if lost > 0.0:
        yield sentences.reversed_later(_futures(run, lost), lost / run.paid if run.paid > 0.0 else math.nan)


def _futures(run: Run, share: float) -> str:
    """Return a share as a number of futures, or as a share where their number is not known."""
    if run.draws is None:
        return f"{say.share(share)} of futures"
    return sentences.futures(round(share * run.draws))


def _rates(run: Run) -> Iterator[str]:
    """Yield in which shares of futures there is no rate of return, none but −100 %, or several."""
    if "project_irr" not in run.summary:
        return
    defined, several = run.number("project_irr", "share_defined"), run.number("irr_several_roots")
    none = 0.0 if math.isnan(defined) else 1.0 - defined
    theirs = run.number("equity_irr", "share_defined")
    sponsors = (0.0, 0.0) if math.isnan(theirs) else (1.0 - theirs, _all_lost(run, "equity_irr"))
    told = say.rates_of_return(none, _all_lost(run, "project_irr"), 0.0 if math.isnan(several) else several, sponsors)
    if told:
        yield told


def _all_lost(run: Run, metric: str) -> float:
    """Return the share of futures with a rate of return of −100 %; 0 where it is less than one in a hundred."""
    rows = run.rows("distributions.csv", "metric", "from", "to", "share")
    shares = (known(row["share"]) for row in rows if row["metric"] == metric and row["to"] == _LOST)
    return sum((share for share in shares if not math.isnan(share)), 0.0)


def _kept(run: Run) -> Iterator[str]:
    lines, most = run.said.get("draws_in_cashflow_percentiles"), run.said.get("draws_kept")
    if run.draws is None:
        return
    if type(lines) is int and lines < run.draws and not run.certain:
        yield f"P10 to P90 over the years come from the first {lines:,} futures, means from all."
    if type(most) is int and most < run.draws:
        yield f"The charts of spreads show the first {most:,} futures."


def _scope(run: Run) -> Iterator[str]:
    financed = bool(run.scenario.get("financing")) if run.scenario else "debt_usd" in run.summary
    yield sentences.scope(financed, run.political)
    yield "P10 is the low value: one future in ten is at or below it."
    year = f" NPV, trade and USD/MWh: money of January {run.start_year}." if run.start_year is not None else ""
    yield f"Lenders' case: all numbers at their median, not the average of the futures.{year}"


# --- notes --------------------------------------------------------------------------------------------------------


def notes(folder: Folder, named: bool, more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what is missing in a folder, was changed, or is older than this program; ``named``: say of which."""
    head = f"{folder.label}: " if named else ""
    found = [*(f"{name} is missing; what it tells is not on this page." for name in folder.missing), *folder.notes]
    if folder.manifest is not None:
        made = folder.manifest.versions.get("linkfeasibility")
        if made is None:
            found.append("The manifest does not say with which version of the program the results were made.")
        elif str(made) != __version__:
            found.append(f"Made with version {made} of the program; this page with {__version__}.")
    return tuple(f"{head}{text}" for text in (*found, *more))


def notes_on_run(run: Run) -> Iterator[str]:
    """Yield what an older scenario or manifest leaves open."""
    if run.read[1]:
        yield f"{OLD_SCENARIO}: {run.read[1]}. Inputs are shown as they stand there."
    yield from _unknown(run)


def _unknown(run: Run) -> Iterator[str]:
    """Yield what an older manifest or summary does not say."""
    manifest = run.folder.manifest
    if manifest is not None:
        known = {"seed": manifest.seed, "number of draws": manifest.draws, "horizon": manifest.horizon}
        absent = [name for name, value in known.items() if value is None]
        absent += [] if manifest.scenario else ["scenario"]
        if absent:
            yield f"The manifest does not say: {', '.join(absent)}."
    sheet = run.folder.sheets.get("summary.csv")
    if sheet is not None:
        wanted = ("metric", "unit", "mean", "se", "p10", "p50", "p90", "share_defined", "deterministic", "definition")
        absent = [name for name in wanted if name not in sheet.columns]
        if absent:
            yield f"summary.csv has no column {', '.join(absent)}: figures that need it are left out."
