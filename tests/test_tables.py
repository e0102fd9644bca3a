"""Percentiles, standard errors and the sketch that stands in for draws beyond the limit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.base.sampling import REPLICATE
from sim.collect import Limits
from sim.engine import simulate
from sim.scenario import read
from sim.tables import column, drivers, percentile, standard_error, summary, tables


def test_percentile_is_an_order_statistic_and_never_ranks_last() -> None:
    """No average of two values, no interpolation to infinity."""
    values = np.sort(np.array([3.0, 1.0, np.inf, 2.0, np.inf]))
    assert [percentile(values, p) for p in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)] == [1.0, 1.0, 2.0, 3.0, math.inf, math.inf]


def test_standard_error_needs_twenty_replicates() -> None:
    """Below 20 replicates the standard error is blank; above it is sd / sqrt(n) of the replicate means."""
    means = np.random.default_rng(0).normal(size=40)
    assert math.isnan(standard_error(means[:19]))
    assert standard_error(means) == pytest.approx(float(np.std(means, ddof=1)) / math.sqrt(40))


def test_standard_error_covers() -> None:
    """Means of independent seeds scatter as the standard errors say (12 runs)."""
    runs = [summary(simulate(read("scenarios/evidence.yaml"), 20 * REPLICATE, seed)) for seed in range(12)]
    place = column(runs[0], "metric").index("project_npv_usd")
    means = np.array([column(run, "mean")[place] for run in runs])
    errors = np.array([column(run, "se")[place] for run in runs])
    ratio = float(np.var(means, ddof=1) / np.mean(errors**2))
    assert 0.167 < ratio < 2.84  # 0.1 % and 99.9 % points of chi-square with 11 degrees of freedom, over 11


def test_sketch_beyond_the_limit_stays_within_its_error() -> None:
    """Percentiles from counts differ in rank by less than the stated error; means and shares do not change."""
    spec = read("scenarios/base.yaml")
    exact = simulate(spec, 16 * REPLICATE, 2)
    rough = simulate(spec, 16 * REPLICATE, 2, limits=Limits(metric_replicates=4))
    assert next(iter(rough.metrics.values())).size == 4 * REPLICATE and rough.sketches
    for whole, part in zip(summary(exact).rows, summary(rough).rows, strict=True):
        named, other = (dict(zip(summary(exact).columns, row, strict=True)) for row in (whole, part))
        if named["metric"] == "project_npv_cvar5_usd":
            continue
        for figure in ("mean", "sd", "se", "min", "max", "share_defined"):
            assert other[figure] == pytest.approx(named[figure], rel=1e-12, nan_ok=True)
        values = np.sort(exact.metrics[named["metric"]][~np.isnan(exact.metrics[named["metric"]])])
        for share in (5, 10, 25, 50, 75, 90, 95):
            found = other[f"p{share}"]
            low, high = (np.searchsorted(values, found, side) / values.size for side in ("left", "right"))
            assert low - 0.02 <= share / 100 <= high + 0.02, (named["metric"], share)


def test_tables_have_as_many_cells_as_columns() -> None:
    """Every row of every table fits its columns, and every metric has a definition and a unit."""
    result = simulate(read("scenarios/press_claim.yaml"), REPLICATE, 1)
    for table in tables(result):
        assert all(len(row) == len(table.columns) for row in table.rows), table.name
    rows = [dict(zip(summary(result).columns, row, strict=True)) for row in summary(result).rows]
    assert all(row["definition"] and row["unit"] for row in rows)


def test_the_spread_of_equal_numbers_is_zero() -> None:
    """A scenario without chance has a standard deviation and error of exactly 0, not of rounding noise."""
    result = simulate(read("scenarios/press_claim.yaml"), 20 * REPLICATE, 1)
    assert not result.spec.uncertain
    table = summary(result)
    for row in table.rows:
        named = dict(zip(table.columns, row, strict=True))
        if named["p5"] == named["p95"] and not math.isnan(named["sd"]):
            assert named["sd"] == 0.0 and named["se"] == 0.0 and named["mean"] == named["deterministic"]


def test_drivers_do_not_depend_on_what_is_kept() -> None:
    """Keeping the inputs of every draw leaves drivers.csv as it is, beyond the draws that it is made from too."""
    spec = read("scenarios/base.yaml")
    usual = simulate(spec, 41 * REPLICATE, 1)
    kept = simulate(spec, 41 * REPLICATE, 1, limits=Limits(input_replicates=4096))
    assert next(iter(kept.inputs.values())).size > next(iter(usual.inputs.values())).size
    assert drivers(kept).rows == drivers(usual).rows
