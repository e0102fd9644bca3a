"""Percentiles, standard errors and the sketch that stands in for draws beyond the limit."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_scenarios import small_scenario

from sim.base.sampling import REPLICATE
from sim.collect import Limits
from sim.engine import simulate
from sim.scenario import from_data, process_names, read
from sim.tables import column, distributions, drivers, percentile, standard_error, summary, tables


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
        edges = np.count_nonzero(~np.isnan(exact.metrics[named["metric"]][: 4 * REPLICATE]))
        error = max(0.02, 2.0 / edges)
        for share in (5, 10, 25, 50, 75, 90, 95):
            found = other[f"p{share}"]
            low, high = (np.searchsorted(values, found, side) / values.size for side in ("left", "right"))
            assert low - error <= share / 100 <= high + error, (named["metric"], share)


def test_the_error_of_a_mean_over_some_draws() -> None:
    """Where replicates have different numbers of values each weighs as many; equal numbers give the plain error."""
    rng = np.random.default_rng(1)
    draws = rng.normal(3.0, 2.0, (200, 256))
    plain = standard_error(draws.mean(axis=1))
    assert standard_error(draws.mean(axis=1), np.full(200, 256.0)) == pytest.approx(plain, rel=1e-12)
    counts = rng.integers(1, 30, 200).astype(float)
    means = np.array([row[: int(n)].mean() for row, n in zip(draws, counts, strict=True)])
    assert standard_error(means, counts) == pytest.approx(2.0 / math.sqrt(counts.sum()), rel=0.2)
    assert standard_error(np.full(200, 0.1), counts) == 0.0


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


def moving() -> dict[str, Any]:
    """Return a scenario in which everything that can be a process is one, with a PPA and outages as events."""
    data = small_scenario()
    ou = {"process": "ou", "spot": 0.02, "mean_level": 0.02, "reversion_per_year": 0.5, "volatility": 0.005}
    price = {"process": "log_ou", "reversion_per_year": 0.3, "volatility": 0.1}
    price = {**price, "spot": 0.08, "median_level": 0.08}
    data["macro"] = {"inflation": {"usd": ou, "jpy": ou}}
    data["macro"]["fx"] = {"jpy": {"rate": {"process": "gbm", "spot": 150, "volatility": 0.1}}}
    data["macro"]["commodities"] = {"coal": {"price": {**price, "spot": 90.0}, "price_year": 2026, "unit": "t"}}
    data["supply"]["cost"]["price_per_mwh"] = {**price, "spot": 20.0, "median_level": 20.0}
    data["market"]["price_per_kwh"] = price
    contract = {"kind": "ppa", "share": 0.5, "price_per_kwh": price, "price_year": 2026, "term_years": 6}
    data["market"]["schemes"] = {"merchant": {"kind": "merchant", "share": 0.5}, "utility": contract}
    del data["link"]["availability"]
    data["link"]["outages"] = {
        "failures_per_100km_year": 1,
        "repair_median_days": 60,
        "repair_p90_days": 120,
        "poles": 1,
    }
    return data


def test_every_process_is_a_driver() -> None:
    """No process and no outage is left out of drivers.csv; a dearer supply and fewer hours lower the NPV."""
    spec = from_data("moving", moving())
    table = drivers(simulate(spec, 4 * REPLICATE, 1))
    found = {row[0]: row[2] for row in table.rows if row[1] == "project_npv_usd"}
    names = [name for path in process_names(spec.written) for name in found if path.startswith(name.split(" (")[0])]
    assert len(names) == len(list(process_names(spec.written))) == len(found) - 1 == 7
    assert found["supply.cost.price_per_mwh (mean, in USD)"] < -0.1
    assert found["market.schemes.utility.price_per_kwh (mean, in USD)"] > 0.1
    assert found["link.outages (mean availability)"] > 0.1
    assert abs(found["macro.inflation.usd (mean)"]) > 0.02


def test_drivers_of_a_rate_that_few_draws_have() -> None:
    """Correlations run over the draws with a rate of return; a loss of everything is none; below 95 % blank."""
    result = simulate(read("scenarios/evidence.yaml"), 4 * REPLICATE, 1)
    name, rates = next(iter(result.inputs.items()))
    for gone, blank in ((0.04, False), (0.06, True)):
        for value in (math.nan, -1.0):
            lost = np.arange(rates.size) < gone * rates.size
            other = replace(result, metrics={**result.metrics, "project_irr": np.where(lost, value, -rates / 1e9)})
            row = next(row for row in drivers(other).rows if row[:2] == (name, "project_irr"))
            assert math.isnan(row[2]) if blank else row[2] == pytest.approx(-1.0)


def test_what_a_benchmark_divides_is_said() -> None:
    """The definition of ``share_of_NAME`` names the metric and the amount."""
    data = small_scenario()
    amounts = {"gdp": {"amount_usd": 2e9, "compare": "yearly_trade"}}
    amounts["plan"] = {"amount_usd": {"dist": "uniform", "min": 1e9, "max": 3e9}, "compare": "investment"}
    data["evaluation"]["benchmarks"] = amounts
    table = summary(simulate(from_data("benchmarks", data), REPLICATE, 1))
    said = dict(zip(column(table, "metric"), column(table, "definition"), strict=True))
    assert said["share_of_gdp"] == "yearly_trade_usd over evaluation.benchmarks.gdp.amount_usd (2,000,000,000 USD)"
    assert said["share_of_plan"].endswith("evaluation.benchmarks.plan.amount_usd (median 2,000,000,000 USD)")
    assert said["share_of_plan"].startswith("investment_usd over ")


def test_undefined_draws_have_a_row_of_their_own() -> None:
    """distributions.csv gives their share without bounds; a metric of 0 and 1 has two rows, also where it is one."""
    result = simulate(from_data("small", small_scenario()), REPLICATE, 1)
    half = np.where(np.arange(REPLICATE) % 2 == 0, math.nan, 0.05)
    table = distributions(replace(result, metrics={**result.metrics, "project_irr": half}))
    rows = {name: [row[1:] for row in table.rows if row[0] == name] for name in ("project_irr", "cut_by_horizon")}
    assert rows["project_irr"][0] == (0.05, 0.05, 0.5)
    assert all(math.isnan(bound) for bound in rows["project_irr"][1][:2]) and rows["project_irr"][1][2] == 0.5
    assert rows["cut_by_horizon"] == [(0.0, 0.0, 1.0), (1.0, 1.0, 0.0)]
