"""Processes against closed forms computed elsewhere (mpmath): at dates, and as averages over periods."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.base import processes
from sim.base.sampling import Draws

Array = NDArray[np.float64]
REFERENCE = json.loads((Path(__file__).parent / "reference" / "finance" / "processes.json").read_text())
REPLICATES = tuple(range(391))
DRAWS = 256 * len(REPLICATES)
"""100,096 draws, as the reference asks for."""
BOUND = 4.5
"""Standard errors: 3 for one comparison, widened for about 300 of them (Bonferroni at 1 %: 4.2), fixed seed."""


def shocks(name: str, rows: int) -> Array:
    """Return standard normals for a test."""
    return Draws(20261, REPLICATES).normals(name, rows, {})


def one(value: float) -> Array:
    """Return a certain parameter."""
    return np.array([value])


def errors(sample: Array, mean: float, variance: float) -> Iterator[float]:
    """Yield the deviations of mean and variance in standard errors; the variance's from the sample's fourth moment."""
    yield (float(sample.mean()) - mean) / math.sqrt(variance / sample.size)
    centred = (sample - mean) ** 2
    yield (float(centred.mean()) - variance) / (float(centred.std()) / math.sqrt(sample.size))


def point_coefficients(kappa: float, sigma: float, dt: float, rows: int) -> processes.Recursion:
    """Return the recursion of the values at the period ends (no averaging)."""
    variance = sigma**2 * (dt if kappa == 0.0 else -math.expm1(-2.0 * kappa * dt) / (2.0 * kappa))
    zero = np.zeros((rows, 1))
    return processes.Recursion(one(math.exp(-kappa * dt)), zero + math.sqrt(variance), zero, zero)


def point(kappa: float, sigma: float, t: float, name: str) -> Array:
    """Return Y(t), reached in two steps so that the recursion is used."""
    recursion = point_coefficients(kappa, sigma, t / 2.0, 2)
    values: Array = processes.run(recursion, shocks(name, 2))[1]
    return values


@pytest.mark.parametrize("case", REFERENCE["ou"]["cases"], ids=lambda case: str(case["params"]["kappa"]))
def test_ou_at_dates(case: dict[str, Any]) -> None:
    """Mean and variance of the level at each date."""
    p = case["params"]
    for i, row in enumerate(case["rows"]):
        t = row["t"]
        level = (
            p["theta"] + (p["x0"] - p["theta"]) * math.exp(-p["kappa"] * t) + point(p["kappa"], p["sigma"], t, f"ou{i}")
        )
        assert max(abs(z) for z in errors(level, row["mean"], row["var"])) < BOUND


@pytest.mark.parametrize("case", REFERENCE["ou"]["cases"], ids=lambda case: str(case["params"]["kappa"]))
def test_ou_time_averages(case: dict[str, Any]) -> None:
    """The mean of the yearly averages over T years has the mean and variance of the time average over [0, T]."""
    p = case["params"]
    for row in case["time_average_0_T"]:
        years = int(row["T"])
        level = processes.level_averages(
            one(p["theta"]),
            one(p["x0"]),
            one(p["kappa"]),
            one(p["sigma"]),
            shocks(f"average{years}", years),
            1.0,
            years,
        )
        assert max(abs(z) for z in errors(level.mean(axis=0), row["mean"], row["var"])) < BOUND


@pytest.mark.parametrize("case", REFERENCE["ou"]["cases"], ids=lambda case: str(case["params"]["kappa"]))
@pytest.mark.parametrize("steps", [1, 4, 12])
def test_ou_time_average_variance_is_exact(case: dict[str, Any], steps: int) -> None:
    """The variance implied by the recursion equals the closed form for any step, to 1e-9: no sampling involved."""
    p = case["params"]
    for row in case["time_average_0_T"]:
        rows = int(row["T"]) * steps
        recursion = processes.average_coefficients(one(p["kappa"]), one(p["sigma"]), 1.0 / steps, rows)
        weights = processes.run(recursion, np.eye(rows)).mean(axis=0)
        assert float((weights**2).sum()) == pytest.approx(row["var"], rel=1e-9)


@pytest.mark.parametrize("case", REFERENCE["ou"]["cases"], ids=lambda case: str(case["params"]["kappa"]))
def test_ou_covariance_at_dates(case: dict[str, Any]) -> None:
    """Covariance between two dates, from the recursion's own weights."""
    p = case["params"]
    for row in case["cov_t1_t2"]:
        steps = 10
        rows = round(row["t"] * steps)
        recursion = point_coefficients(p["kappa"], p["sigma"], 1.0 / steps, rows)
        weights = processes.run(recursion, np.eye(rows))
        covariance = float((weights[round(row["s"] * steps) - 1] * weights[rows - 1]).sum())
        assert covariance == pytest.approx(row["cov"], rel=1e-9)


@pytest.mark.parametrize("case", REFERENCE["schwartz1"]["cases"], ids=lambda case: str(case["params"]["kappa"]))
def test_log_ou_at_dates(case: dict[str, Any]) -> None:
    """Schwartz process: moments and percentiles, median_level = exp(mu - sigma^2 / (2 kappa))."""
    p = case["params"]
    log_median = p["mu"] - p["sigma"] ** 2 / (2.0 * p["kappa"])
    assert log_median == pytest.approx(case["alpha"], rel=1e-12)
    for i, row in enumerate(case["rows"]):
        t = row["t"]
        centre = log_median + (math.log(p["S0"]) - log_median) * math.exp(-p["kappa"] * t)
        logs = centre + point(p["kappa"], p["sigma"], t, f"log{i}")
        assert max(abs(z) for z in errors(logs, row["mean_ln"], row["var_ln"])) < BOUND
        assert max(abs(z) for z in errors(np.exp(logs), row["mean"], row["var"])) < BOUND
        for share, key in ((0.1, "P10"), (0.5, "median"), (0.9, "P90")):
            below = float(np.mean(np.exp(logs) <= row[key]))
            assert abs(below - share) < BOUND * math.sqrt(share * (1.0 - share) / DRAWS)


@pytest.mark.parametrize("case", REFERENCE["gbm"]["cases"], ids=lambda case: str(case["params"]["sigma"]))
def test_gbm_at_dates(case: dict[str, Any]) -> None:
    """Geometric Brownian motion with log_drift = mu - sigma^2 / 2: level moments and percentiles."""
    p = case["params"]
    for i, row in enumerate(case["rows"]):
        t = row["t"]
        drift = p["mu"] - 0.5 * p["sigma"] ** 2
        level = p["S0"] * np.exp(drift * t + point(0.0, p["sigma"], t, f"gbm{i}"))
        z_mean, z_variance = errors(level, row["mean"], row["var"])
        assert abs(z_mean) < BOUND
        # A lognormal with sigma sqrt(t) above 1 has a sample variance that says nothing at this size.
        assert abs(z_variance) < BOUND or p["sigma"] * math.sqrt(t) > 1.0
        for share, key in ((0.1, "P10"), (0.5, "median"), (0.9, "P90")):
            below = float(np.mean(level <= row[key]))
            assert abs(below - share) < BOUND * math.sqrt(share * (1.0 - share) / DRAWS)


def test_mean_of_log_averages_is_exact() -> None:
    """E of the average of a GBM over year k is S0 (e^(mu k) - e^(mu (k-1))) / mu."""
    sigma, drift = 0.3, 0.01
    median = processes.LogMedian(one(math.log(50.0)), one(drift), one(0.0), one(0.0), one(sigma))
    logs = processes.log_mean(median, 1.0, 5)[:, 0]
    mu = drift + 0.5 * sigma**2
    wanted = [50.0 * (math.exp(mu * k) - math.exp(mu * (k - 1))) / mu for k in range(1, 6)]
    assert np.exp(logs) == pytest.approx(wanted, rel=1e-12)
    sample = processes.log_averages(median, shocks("mean", 5), 1.0, 5)
    standard = sample.std(axis=1) / math.sqrt(DRAWS)
    assert np.all(np.abs(sample.mean(axis=1) - wanted) < BOUND * standard)


def test_longer_horizon_moves_no_earlier_period() -> None:
    """The first rows of a longer path are those of a shorter one, bit for bit."""
    draws = Draws(3, (0, 4))
    short, long = draws.normals("macro.fx.jpy.rate", 7, {}), draws.normals("macro.fx.jpy.rate", 50, {})
    assert np.array_equal(short, long[:7])


def test_small_reversion_joins_the_limit() -> None:
    """Coefficients for kappa near zero join those for kappa = 0 without a jump (series against formula)."""
    sigma = one(0.2)
    limit = processes.average_coefficients(one(0.0), sigma, 1.0, 4)
    near = processes.average_coefficients(one(1e-7), sigma, 1.0, 4)
    assert near.now == pytest.approx(limit.now, rel=1e-6)
    below, above = (processes._average_share(one(x))[0] for x in (0.03 - 1e-12, 0.03))
    assert below == pytest.approx(above, rel=1e-11)
