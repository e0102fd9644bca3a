"""From the results of a run to the tables that are written, printed and compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import REPLICATE
from sim.collect import Limits, Result, Sketch
from sim.model.counterfactual import CHANGE, CHANGE_IN_TOTAL, change_definition
from sim.model.finance_metrics import LOSS_SHARE, loss_definition
from sim.model.metrics import DEFINITIONS, LINE_UNITS, NOMINAL, Definition

if TYPE_CHECKING:
    from sim.scenario import Spec

Array = NDArray[np.float64]
PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
MIN_REPLICATES = 20
"""Replicates that a standard error needs."""
DRIVER_METRICS = (
    *("project_npv_usd", "project_irr", "project_payback_years", "lcoe_usd_per_mwh", "investment_usd"),
    *("equity_npv_usd", "dscr_min", "lenders_loss_usd"),
)
BINS = 50
LEAST_DEFINED = 0.95
"""Share of the draws in which a metric must be defined for its correlations to stand in drivers.csv."""


@dataclass(frozen=True)
class Table:
    """A table to write: its file name, columns and rows."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def tables(result: Result) -> list[Table]:
    """Return every table of a run."""
    found = [summary(result), payback_curve(result), cash_flow(result), drivers(result), distributions(result)]
    return [*found, regimes(result), bearers(result)] if result.spec.written.sanctions is not None else found


def definition(name: str, spec: Spec) -> Definition:
    """Return what a metric is; benchmarks are shares of a sum named in the scenario."""
    if name in DEFINITIONS:
        return DEFINITIONS[name]
    if name.startswith(LOSS_SHARE):
        return loss_definition(name.removeprefix(LOSS_SHARE))
    if name.startswith(CHANGE) or name == CHANGE_IN_TOTAL:
        return change_definition(name)
    key = name.removeprefix("share_of_")
    trade = spec.written.evaluation.benchmarks[key].compare == "yearly_trade"
    divided = "yearly_trade_usd" if trade else "investment_usd"
    amount = spec.leaves[f"evaluation.benchmarks.{key}.amount_usd"]
    size = f"{'' if amount.certain else 'median '}{amount.dist.quantile(0.5):,.0f} USD"
    return Definition("share", f"{divided} over evaluation.benchmarks.{key}.amount_usd ({size})")


def standard_error(means: Array, counts: Array | None = None) -> float:
    """Return the standard error of a mean from the spread between replicates; NaN below 20 of them.

    ``counts``: draws of each replicate that have a value, where these differ; replicates then weigh as many.
    """
    there = ~np.isnan(means)
    known = means[there]
    if known.size < MIN_REPLICATES:
        return math.nan
    if counts is None:
        return float(np.std(known - known[0], ddof=1) / math.sqrt(known.size))
    weight, away = counts[there], known - known[0]
    away = weight * (away - float((weight * away).sum() / weight.sum()))
    spread = math.sqrt(float((away * away).sum()) * known.size / (known.size - 1))
    return spread / float(weight.sum())


SUMMARY_COLUMNS = (
    *("metric", "unit", "mean", "sd", "se"),
    *(f"p{p}" for p in PERCENTILES),
    *("min", "max", "share_defined", "deterministic", "definition"),
)


BEARER_COLUMNS = ("party", "unit", "mean", "sd", "se", "p10", "p50", "p90", "deterministic", "part_of_total")


def summary(result: Result) -> Table:
    """Return mean, spread and percentiles of every metric; NaN (blank) where a figure does not exist."""
    rows = [_summary_row(result, name) for name in result.metrics if not _of_a_bearer(name)]
    rows.append(_tail_row(result))
    return Table("summary.csv", SUMMARY_COLUMNS, rows)


def _summary_row(result: Result, name: str) -> tuple[Any, ...]:
    about = definition(name, result.spec)
    sums, sketch = result.sums[name], result.sketches.get(name)
    mean = sd = se = math.nan
    if about.averaged and sums.finite:
        away = sums.total / sums.finite
        mean = sums.shift + away
        sd = math.sqrt(max(sums.squares / sums.finite - away * away, 0.0) * sums.finite / max(sums.finite - 1, 1))
        se = standard_error(sums.means, None if sums.finite == result.draws else sums.counts)
    if sketch is None:
        known = np.sort(result.metrics[name][~np.isnan(result.metrics[name])])
        points = [percentile(known, p / 100.0) for p in PERCENTILES]
    else:
        points = [sketch_percentile(sketch, p / 100.0) for p in PERCENTILES]
    low, high = (sums.low, sums.high) if math.isfinite(sums.low) or not about.averaged else (math.nan, math.nan)
    planned = float(result.planned.metrics[name][0])
    return (name, about.unit, mean, sd, se, *points, low, high, sums.finite / result.draws, planned, about.text)


def percentile(ordered: Array, share: float) -> float:
    """Return the order statistic at or above a share of sorted values, +inf ranking last (inverted_cdf).

    >>> percentile(np.array([1.0, 2.0, 3.0, np.inf]), 0.75)
    3.0
    """
    if ordered.size == 0:
        return math.nan
    return float(ordered[min(max(math.ceil(share * ordered.size - 1e-9) - 1, 0), ordered.size - 1)])


def _tail_row(result: Result) -> tuple[Any, ...]:
    """Return the mean of the worst 5 % of NPV (of the draws that are kept); value at risk is p5 of NPV."""
    values = np.sort(result.metrics["project_npv_usd"])
    worst = values[: max(1, values.size // 20)]
    blank = (math.nan,) * (len(PERCENTILES) + 2)
    text = "mean of the worst 5 % of project_npv_usd (CVaR); the value at risk is p5 of project_npv_usd"
    return ("project_npv_cvar5_usd", "USD", float(worst.mean()), math.nan, math.nan, *blank, 1.0, math.nan, text)


def sketch_percentile(sketch: Sketch, share: float) -> float:
    """Return a percentile from counts: the upper edge of its bin, +inf where it falls among the never."""
    counts = np.append(sketch.counts, sketch.never)
    reached = np.cumsum(counts)
    if reached[-1] == 0:
        return math.nan
    place = int(np.searchsorted(reached, share * reached[-1] - 1e-9))
    if place >= sketch.counts.size:
        return math.inf
    return float(sketch.edges[min(place, sketch.edges.size - 1)])


def payback_curve(result: Result) -> Table:
    """Return the probability of having paid back by the end of each calendar year, with standard errors.

    ``unpaid``: invested by then and not paid back; ``not_invested``: no investment decision by then.
    """
    columns = ("year", "p_paid_back", "se", "p_paid_back_discounted", "se_discounted", "unpaid", "not_invested")
    m = result.grid.periods_per_year
    share = result.payback_counts / REPLICATE
    rows: list[tuple[Any, ...]] = []
    for k in range(0, result.grid.periods + 1, m):
        simple, discounted = share[0, :, k], share[1, :, k]
        p = float(simple.mean())
        pair = (p, standard_error(simple), float(discounted.mean()), standard_error(discounted))
        waiting = 1.0 - float(share[2, :, k].mean())
        rows.append((k // m, *pair, 1.0 - waiting - p, waiting))
    return Table("payback.csv", columns, rows)


def cash_flow(result: Result) -> Table:
    """Return every line in every row: lenders' case, mean of all draws, percentiles of the draws that are kept."""
    columns = ("period", "year", "line", "unit", "deterministic", "mean", "p10", "p50", "p90")
    grid = result.grid
    year = grid.start_year + grid.year
    rows: list[tuple[Any, ...]] = []
    planned = {name: np.broadcast_to(line, (grid.periods + 1, 1))[:, 0] for name, line in result.planned.lines.items()}
    for name, kept in result.lines.items():
        points = _points(kept)
        table = np.column_stack([planned[name], result.line_mean[name], points]).tolist()
        unit = LINE_UNITS.get(name, NOMINAL)
        rows.extend((k, int(year[k]), name, unit, *values) for k, values in enumerate(table))
    return Table("cashflow.csv", columns, rows)


def _points(kept: Array) -> Array:
    """Return P10, P50 and P90 of each row over the draws in which it is defined, (rows, 3)."""
    shares = (0.1, 0.5, 0.9)
    if np.isnan(kept).any():
        known = (np.sort(row[~np.isnan(row)]) for row in kept)
        return np.array([[percentile(row, share) for share in shares] for row in known])
    places = [max(math.ceil(share * kept.shape[1] - 1e-9) - 1, 0) for share in shares]
    points: Array = np.partition(kept, places, axis=1)[:, places]
    return points


def drivers(result: Result) -> Table:
    """Return the rank correlation (Spearman) of each uncertain input with the main metrics, strongest first.

    Over the draws in which the metric is defined; blank (NaN) where these are too few to stand for all.
    """
    rows: list[tuple[Any, ...]] = []
    if result.inputs:
        # The first draws only, whatever else is kept: an option of output must not change the table.
        used = min(next(iter(result.inputs.values())).size, Limits().input_replicates * REPLICATE)
        ranks = {name: _ranks(values[:used]) for name, values in result.inputs.items()}
        for metric in (name for name in DRIVER_METRICS if name in result.metrics):
            values = result.metrics[metric][:used]
            known = ~np.isnan(values) & ((values > -1.0) | (metric != "project_irr"))  # -1 stands for: all is lost
            if known.all():
                target = _ranks(values)
                pairs = [(name, metric, _correlation(rank, target)) for name, rank in ranks.items()]
            elif np.count_nonzero(known) >= LEAST_DEFINED * used:
                target = _ranks(values[known])
                pairs = [
                    (name, metric, _correlation(_ranks(inputs[:used][known]), target))
                    for name, inputs in result.inputs.items()
                ]
            else:
                pairs = [(name, metric, math.nan) for name in ranks]
            rows.extend(sorted(pairs, key=lambda row: (math.isnan(row[2]), -abs(row[2]), row[0])))
    return Table("drivers.csv", ("input", "metric", "rank_correlation"), rows)


def _ranks(values: Array) -> Array:
    """Return average ranks, centred."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group = np.cumsum(new) - 1
    edges = np.append(np.flatnonzero(new), values.size)
    middle = 0.5 * (edges[:-1] + edges[1:] - 1)
    ranks = np.empty(values.size)
    ranks[order] = middle[group]
    return ranks - 0.5 * (values.size - 1)


def _correlation(a: Array, b: Array) -> float:
    size = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / size if size > 0.0 else math.nan


def distributions(result: Result) -> Table:
    """Return histograms of the metrics: equal bins from P1 to P99 with open ends, and the share that is never.

    What is only ever 0 or 1 has a row for each; the draws that have no value have a row without bounds.
    """
    rows: list[tuple[Any, ...]] = []
    for name, values in result.metrics.items():
        if _of_a_bearer(name):
            continue
        share = definition(name, result.spec).unit == "share"
        rows.extend((name, *row) for row in _histogram(values, share))
    return Table("distributions.csv", ("metric", "from", "to", "share"), rows)


def _histogram(values: Array, share: bool) -> Iterator[tuple[float, float, float]]:
    finite = np.sort(values[np.isfinite(values)])
    if share and finite.size and np.all((finite == 0.0) | (finite == 1.0)):
        for outcome in (0.0, 1.0):
            yield outcome, outcome, int(np.count_nonzero(finite == outcome)) / values.size
    elif finite.size and finite[0] == finite[-1]:
        yield float(finite[0]), float(finite[-1]), finite.size / values.size
    elif finite.size:
        edges = np.linspace(percentile(finite, 0.01), percentile(finite, 0.99), BINS - 1)
        edges = np.concatenate([[finite[0]], edges, [finite[-1]]])
        reached = np.searchsorted(finite, edges, side="right")
        reached[0] = 0
        for low, high, count in zip(edges, edges[1:], np.diff(reached), strict=False):
            yield float(low), float(high), int(count) / values.size
    for place in (math.inf, math.nan):
        count = int(np.count_nonzero(np.isposinf(values) if place == math.inf else np.isnan(values)))
        if count:
            yield place, place, count / values.size


# --- sanctions ----------------------------------------------------------------------------------------------------


def _of_a_bearer(name: str) -> bool:
    return name.startswith(CHANGE) or name == CHANGE_IN_TOTAL


def regimes(result: Result) -> Table:
    """Return the share of draws in each regime at time zero and over each year (the mean of its periods)."""
    section, m = result.spec.written.sanctions, result.grid.periods_per_year
    share = result.regime_counts / REPLICATE
    rows: list[tuple[Any, ...]] = []
    for k in range(0, result.grid.periods + 1, m):
        over = share[:, :, max(k - m + 1, 0) : k + 1].mean(axis=2)
        for i, name in enumerate(section.regimes if section is not None else ()):
            rows.append((k // m, name, float(over[:, i].mean()), standard_error(over[:, i])))
    return Table("regimes.csv", ("year", "regime", "share", "se"), rows)


def bearers(result: Result) -> Table:
    """Return who bears the change of the project's cash against a world without sanctions, at the project's rate."""
    rows: list[tuple[Any, ...]] = []
    if CHANGE_IN_TOTAL not in result.sums:
        return Table("bearers.csv", BEARER_COLUMNS, rows)
    whole = result.sums[CHANGE_IN_TOTAL]
    mean = whole.shift + whole.total / whole.finite
    for name in (name for name in result.metrics if _of_a_bearer(name)):
        row = dict(zip(SUMMARY_COLUMNS, _summary_row(result, name), strict=True))
        party = "total" if name == CHANGE_IN_TOTAL else name.removeprefix(CHANGE)
        part = row["mean"] / mean if mean != 0.0 else math.nan
        rows.append((party, *(row[key] for key in BEARER_COLUMNS[1:-1]), part))
    return Table("bearers.csv", BEARER_COLUMNS, rows)


def column(table: Table, name: str) -> Sequence[Any]:
    """Return one column of a table."""
    place = table.columns.index(name)
    return [row[place] for row in table.rows]
