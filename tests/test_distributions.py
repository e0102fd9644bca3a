"""Distributions, leaf parser and Latin hypercube against reference values, scipy and their own promises."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic_core import PydanticCustomError
from scipy.special import betaincinv, ndtr, ndtri
from scipy.stats import spearmanr

from sim.base import distributions as d
from sim.base.quantities import DISTRIBUTIONS, Fixed, Kind
from sim.base.sampling import REPLICATE, Draws, cholesky_rows, spearman_to_pearson

Array = NDArray[np.float64]
REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference/finance/distributions.json").read_text("utf-8")
)
ANY = Kind("1")
RENAMED = {"mu": "mean", "low": "min", "high": "max", "P10": "p10", "P90": "p90"}


# --- reference values ---------------------------------------------------------------------------------------------


def written(kind: str, params: dict[str, Any]) -> d.Distribution:
    """Return the distribution as a scenario file would give it."""
    known = {RENAMED.get(key, key): value for key, value in params.items() if value is not None}
    return ANY.parse({"dist": kind, **known}).dist


def reference_cases() -> list[Any]:
    """Return distribution and reference values for every case that has quantiles."""
    blocks = {
        "pert": "pert",
        "triangular": "triangular",
        "lognormal_by_mean_sd": "lognormal",
        "lognormal_by_P10_P90": "lognormal",
        "truncated_normal": "normal",
    }
    return [
        pytest.param(written(kind, case["params"]), case, id=f"{block}-{i}")
        for block, kind in blocks.items()
        for i, case in enumerate(REFERENCE[block]["cases"])
    ]


def scale(dist: d.Distribution, values: Array) -> Array:
    """Return what an error is measured against: the range where it is finite, else the value."""
    width = dist.upper - dist.lower
    return np.full_like(values, width) if math.isfinite(width) else np.abs(values)


@pytest.mark.parametrize(("dist", "case"), reference_cases())
def test_quantiles_are_the_reference_ones(dist: d.Distribution, case: dict[str, Any]) -> None:
    """Both ways to a quantile, by probability and by normal score, agree with 40-digit values to 1e-9."""
    p = np.array([float(key) for key in case["quantiles"]])
    wanted = np.array(list(case["quantiles"].values()))
    assert np.all(np.abs(dist.ppf(p) - wanted) <= 1e-9 * scale(dist, wanted))
    assert np.all(np.abs(dist.quantile_of_score(ndtri(p)) - wanted) <= 1e-9 * scale(dist, wanted))
    assert dist.quantile(0.5) == pytest.approx(case["quantiles"]["0.5"], rel=1e-9, abs=0)


def moments(dist: d.Distribution) -> tuple[float, float, float]:
    """Return mean, sd and skewness by the trapezoidal rule in the normal score."""
    z = np.linspace(-8.0, 8.0, 160_001)
    weight = np.exp(-0.5 * z * z)
    weight /= weight.sum()
    x = dist.quantile_of_score(z)
    mean = float(weight @ x)
    sd = math.sqrt(float(weight @ (x - mean) ** 2))
    return mean, sd, float(weight @ (x - mean) ** 3) / sd**3


@pytest.mark.parametrize(("dist", "case"), reference_cases())
def test_moments_are_the_reference_ones(dist: d.Distribution, case: dict[str, Any]) -> None:
    """Mean, sd and, where given, skewness follow from the quantile function to the accuracy of the quadrature."""
    mean, sd, skewness = moments(dist)
    assert mean == pytest.approx(case["mean"], rel=1e-7)
    assert sd == pytest.approx(case["sd"], rel=1e-7)
    if "skewness" in case:
        assert skewness == pytest.approx(case["skewness"], rel=1e-6)


@pytest.mark.parametrize("case", REFERENCE["pert"]["cases"])
def test_pert_has_the_reference_shapes(case: dict[str, Any]) -> None:
    """The PERT distribution is the beta distribution with the reference's alpha and beta."""
    dist = written("pert", case["params"])
    same = d.beta(case["alpha"], case["beta"], case["params"]["min"], case["params"]["max"])
    p = np.linspace(0.001, 0.999, 999)
    assert dist.ppf(p) == pytest.approx(same.ppf(p), rel=1e-12)


@pytest.mark.parametrize("case", REFERENCE["triangular"]["cases"])
def test_triangular_reaches_its_mode_at_the_reference_probability(case: dict[str, Any]) -> None:
    """F(mode) is (mode - min) / (max - min)."""
    if 0.0 < case["cdf_at_mode"] < 1.0:
        mode = written("triangular", case["params"]).quantile(case["cdf_at_mode"])
        assert mode == pytest.approx(case["params"]["mode"], rel=1e-12)


@pytest.mark.parametrize("case", REFERENCE["triangular_from_P10_mode_P90"]["cases"])
def test_triangular_from_percentiles_has_the_reference_ends(case: dict[str, Any]) -> None:
    """Min and max are the reference's, and P10, mode and P90 come back out."""
    dist = written("triangular", {key: case[key] for key in ("P10", "mode", "P90")})
    assert dist.lower == pytest.approx(case["min"], rel=1e-9)
    assert dist.upper == pytest.approx(case["max"], rel=1e-9)
    for p, wanted in ((0.1, case["P10"]), (0.9, case["P90"])):
        assert dist.quantile(p) == pytest.approx(wanted, rel=1e-9)
        assert dist.quantile_of_score(ndtri(np.array([p])))[0] == pytest.approx(wanted, rel=1e-9)
    at_mode = (case["mode"] - dist.lower) / (dist.upper - dist.lower)
    assert dist.quantile(at_mode) == pytest.approx(case["mode"], rel=1e-9)


@given(left=st.floats(1e-3, 1e3), right=st.floats(1e-3, 1e3), mode=st.floats(-1e3, 1e3))
def test_triangular_from_percentiles_keeps_its_percentiles(left: float, right: float, mode: float) -> None:
    """P10 and P90 come back out for any mode between them."""
    dist = d.triangular_from_percentiles(mode - left, mode, mode + right)
    width = dist.upper - dist.lower
    assert dist.quantile(0.1) == pytest.approx(mode - left, abs=1e-9 * width)
    assert dist.quantile(0.9) == pytest.approx(mode + right, abs=1e-9 * width)


# --- Gaussian copula ----------------------------------------------------------------------------------------------


def test_score_correlation_for_a_rank_correlation() -> None:
    """Spearman to Pearson of the scores agrees with the reference table in both directions."""
    for row in REFERENCE["gaussian_copula"]["inverse"]:
        assert spearman_to_pearson(row["spearman"]) == pytest.approx(row["rho_needed"], rel=1e-9)
    for row in REFERENCE["gaussian_copula"]["table"]:
        assert spearman_to_pearson(row["spearman"]) == pytest.approx(row["rho"], rel=1e-9, abs=1e-15)


def pearson(first: d.Distribution, second: d.Distribution, rho: float) -> float:
    """Return the Pearson correlation under a Gaussian copula by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    weights = weights / weights.sum()
    x = first.quantile_of_score(nodes)
    mixed = rho * nodes[:, None] + math.sqrt(1.0 - rho**2) * nodes
    y = (second.quantile_of_score(mixed.ravel()).reshape(mixed.shape) @ weights, second.quantile_of_score(nodes))
    covariance = weights @ (x * y[0]) - (weights @ x) * (weights @ y[1])
    spread = [math.sqrt(float(weights @ v**2 - (weights @ v) ** 2)) for v in (x, y[1])]
    return float(covariance) / (spread[0] * spread[1])


def test_correlation_of_values_under_the_copula() -> None:
    """Mixing scores by rho gives two lognormals and two PERTs the reference's Pearson correlations."""
    narrow, wide = d.lognormal(1.0, 0.2), d.lognormal(1.0, 0.5)
    for row in REFERENCE["gaussian_copula"]["table"]:
        wanted = row["lognormal_pearson_s02_s05"]
        assert pearson(narrow, wide, row["rho"]) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    first, second = d.pert(80.0, 100.0, 150.0), d.pert(0.0, 0.3, 1.0)
    for row in REFERENCE["gaussian_copula"]["quadrature"]:
        wanted = row["pearson_PERT80_100_150_with_PERT0_0p3_1"]
        assert pearson(first, second, row["rho"]) == pytest.approx(wanted, rel=1e-6)


# --- quantile table of the beta family ----------------------------------------------------------------------------

SHAPES = [1.0, 1.01, 1.5, 2.142857142857143, 3.0, 3.857142857142857, 5.0, 22.67, 300.0, 1e4]
PAIRS = [(a, b) for a in SHAPES for b in SHAPES] + [(0.5, 0.5), (0.3, 0.3), (0.5, 3.0), (4.0, 0.7), (0.01, 2.0)]
TOO_ROUGH = [(0.11, 23.6), (0.1, 0.1), (0.05, 0.05), (0.02, 0.02)]


def table_error(a: float, b: float, z: Array) -> float:
    """Return the largest error of quantiles at scores; the upper half is inverted from above, as precisely."""
    exact = np.where(z < 0.0, betaincinv(a, b, ndtr(z)), 1.0 - betaincinv(b, a, ndtr(-z)))
    return float(np.max(np.abs(d.beta(a, b).quantile_of_score(z) - exact)))


INSIDE = (np.linspace(-6.0, 6.0, 2049)[:-1, None] + 12.0 / 2048 * np.array([0.0, 0.2, 0.4, 0.6, 0.8])).ravel()
BEYOND = np.array([-8.5, -8.0, -7.0, -6.5, -6.001])


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_beta_table_is_exact_to_a_billionth(a: float, b: float) -> None:
    """Quantiles read from the table are those of scipy to 1e-9 of the range, at its points, between and below them."""
    assert table_error(a, b, np.append(INSIDE, 6.0)) < 1e-9
    assert table_error(a, b, BEYOND) < 1e-9


@pytest.mark.parametrize(("a", "b"), TOO_ROUGH)
def test_beta_table_is_exact_for_extreme_shapes(a: float, b: float) -> None:
    """The same promise for shapes below 1."""
    assert table_error(a, b, INSIDE) < 1e-9


def test_beta_upper_tail_is_as_exact_as_the_lower() -> None:
    """The same promise for scores above the table."""
    assert table_error(2.0, 5.0, -BEYOND) < 1e-9


# --- leaf parser --------------------------------------------------------------------------------------------------

UNIFORM = {"dist": "uniform", "min": 2.0, "max": 4.0}
GOOD: list[tuple[object, float, float, float]] = [
    # as written, lower end, median, upper end
    (7, 7.0, 7.0, 7.0),
    (0.05, 0.05, 0.05, 0.05),
    ({"value": 3}, 3.0, 3.0, 3.0),
    ({"value": 3.5, "source": "Survey, 2020"}, 3.5, 3.5, 3.5),
    (UNIFORM, 2.0, 3.0, 4.0),
    ({"dist": "triangular", "min": 0.0, "mode": 1.0, "max": 2.0}, 0.0, 1.0, 2.0),
    ({"dist": "triangular", "p10": 90.0, "mode": 100.0, "p90": 110.0}, 81.9098300562505, 100.0, 118.0901699437495),
    ({"dist": "pert", "min": 0.0, "mode": 1.0, "max": 2.0}, 0.0, 1.0, 2.0),
    ({"dist": "pert", "min": 0.0, "mode": 1.0, "max": 2.0, "lam": 9.0}, 0.0, 1.0, 2.0),
    ({"dist": "normal", "mean": 5.0, "sd": 2.0}, -math.inf, 5.0, math.inf),
    ({"dist": "normal", "mean": 5.0, "sd": 2.0, "min": 1.0, "max": 9.0}, 1.0, 5.0, 9.0),
    ({"dist": "lognormal", "median": 3.0, "sigma": 0.4}, 0.0, 3.0, math.inf),
    ({"dist": "lognormal", "median": 2.0, "sigma": 0.4, "min": 1.0, "max": 4.0}, 1.0, 2.0, 4.0),
    ({"dist": "lognormal", "mean": 60.0, "sd": 45.0}, 0.0, 48.0, math.inf),
    ({"dist": "lognormal", "mean": 60.0, "sd": 45.0, "min": 24.0, "max": 96.0}, 24.0, 48.0, 96.0),
    ({"dist": "lognormal", "p10": 40.0, "p90": 160.0, "source": "Bid, 2021"}, 0.0, 80.0, math.inf),
    ({"dist": "lognormal", "p10": 40.0, "p90": 160.0, "min": 20.0, "max": 320.0}, 20.0, 80.0, 320.0),
    ({"dist": "beta", "a": 2.0, "b": 2.0}, 0.0, 0.5, 1.0),
    ({"dist": "beta", "a": 2.0, "b": 2.0, "min": 0.25, "max": 0.75}, 0.25, 0.5, 0.75),
    ({"dist": "discrete", "weights": {1: 0.2, 2.5: 0.5, 4: 0.3}}, 1.0, 2.5, 4.0),
    ({"dist": "empirical", "quantiles": {0: 1.0, 0.5: 3.0, 1: 9.0}}, 1.0, 3.0, 9.0),
]
OUTSIDE = "must be"
BAD: list[tuple[object, str]] = [
    (float("nan"), "nan is not a finite number"),
    (float("inf"), "inf is not a finite number"),
    ({"value": -math.inf}, "-inf is not a finite number"),
    (True, "True is not a number"),
    ({"value": False}, "False is not a number"),
    ("7", "'7' is not a number"),
    (None, "None is not a number"),
    ([1.0], "[1.0] is not a number"),
    ({}, "keys none do not make a number"),
    ({"valeu": 3.0}, "keys valeu do not make a number"),
    ({"value": 3.0, "note": 1}, "do not make a number"),
    ({"value": 3.0, "source": 2020}, "source is 2020"),
    ({"dist": "gauss", "mean": 1.0, "sd": 1.0}, "dist 'gauss' is not known; choose one of beta, discrete"),
    ({"dist": "pert", "min": 1.0, "max": 2.0}, "pert has the parameters {max, min}; it takes {max, min, mode}"),
    ({"dist": "normal", "mean": 5.0, "sd": 1.0, "p10": 3.0}, "it takes {mean, sd}"),
    ({"dist": "lognormal", "mean": 5.0}, "it takes {median, sigma} or {mean, sd} or {p10, p90}"),
    ({**UNIFORM, "min": "2"}, "'2' is not a number"),
    ({**UNIFORM, "min": float("nan")}, "nan is not a finite number"),
    ({**UNIFORM, "max": True}, "True is not a number"),
    ({**UNIFORM, "max": 2.0}, "uniform: min must be below max"),
    ({"dist": "triangular", "min": 1.0, "mode": 3.0, "max": 2.0}, "triangular: needs min <= mode <= max"),
    ({"dist": "triangular", "p10": 1.0, "mode": 1.0, "p90": 2.0}, "triangular: needs p10 < mode < p90"),
    ({"dist": "pert", "min": 1.0, "mode": 1.5, "max": 2.0, "lam": 0.0}, "pert: lam must be positive"),
    ({"dist": "normal", "mean": 5.0, "sd": 0.0}, "normal: sd must be positive"),
    ({"dist": "normal", "mean": 5.0, "sd": 1.0, "min": 60.0, "max": 70.0}, "leave (almost) nothing"),
    ({"dist": "lognormal", "median": -1.0, "sigma": 0.2}, "lognormal: median must be positive"),
    ({"dist": "lognormal", "p10": 5.0, "p90": 4.0}, "lognormal: needs 0 < p10 < p90"),
    ({"dist": "beta", "a": 0.0, "b": 1.0}, "beta: shapes a and b must be positive"),
    ({"dist": "discrete", "weights": {1: 0.2, 2: 0.7}}, "discrete: weights sum to 0.9, not to 1"),
    ({"dist": "discrete", "weights": {1: 1.2, 2: -0.2}}, "discrete: weights must be positive"),
    ({"dist": "discrete", "weights": {}}, "discrete: needs at least one value"),
    ({"dist": "discrete", "weights": [0.5, 0.5]}, "write a mapping of numbers to numbers"),
    ({"dist": "discrete", "weights": {"low": 1.0}}, "'low' is not a number"),
    ({"dist": "empirical", "quantiles": {0.1: 1.0, 1: 2.0}}, "empirical: quantiles must run from 0 to 1"),
    ({"dist": "empirical", "quantiles": {0: 1.0, 1: 0.5}}, "empirical: quantiles must not fall"),
    (0.5, "0.5 is out of range, must be at least 1 and at most 200; the unit is MW"),
    (201, "201 is out of range"),
    ({"value": 0}, "0 is out of range"),
    ({**UNIFORM, "min": 0.5}, "reaches from 0.5 to 4 but the value must be at least 1 and at most 200"),
    ({"dist": "normal", "mean": 5.0, "sd": 0.1}, "reaches from -inf to inf but the value must be at least 1"),
    ({"dist": "lognormal", "median": 50.0, "sigma": 0.1, "min": 2.0}, "reaches from 2 to inf"),
]
CRASHING: list[tuple[object, str]] = [
    ({"dist": ["pert"]}, "is not known"),
    (10**400, "finite"),
    ({"dist": "lognormal", "mean": 5.0, "sd": 1e200}, "lognormal"),
]


@pytest.mark.parametrize(("raw", "lower", "median", "upper"), GOOD)
def test_a_written_number_becomes_its_distribution(raw: object, lower: float, median: float, upper: float) -> None:
    """Each form of a number has the ends and the median that it says; its source is kept."""
    leaf = Kind("MW").parse(raw)
    assert leaf.unit == "MW"
    assert leaf.source == (raw.get("source") if isinstance(raw, dict) else None)
    assert leaf.certain == (lower == upper)
    assert (leaf.dist.lower, leaf.dist.upper) == pytest.approx((lower, upper), rel=1e-12)
    assert leaf.dist.quantile(0.5) == pytest.approx(median, rel=1e-12)


def test_every_form_of_every_distribution_was_parsed() -> None:
    """The list above leaves out no form that the parser knows."""
    tried = [raw for raw, *_ in GOOD if isinstance(raw, dict) and "dist" in raw]
    for kind, forms in DISTRIBUTIONS.items():
        for required, optional, _ in forms:
            same = [set(raw) - {"dist", "source"} for raw in tried if raw["dist"] == kind and required <= set(raw)]
            assert required in same, f"{kind} {sorted(required)}"
            assert not optional or any(keys & optional for keys in same), f"{kind} {sorted(optional)}"


@pytest.mark.parametrize(("raw", "words"), BAD)
def test_a_bad_number_is_refused_with_a_reason_and_a_cure(raw: object, words: str) -> None:
    """What cannot be used is refused, and the message says what is wrong and how to mend it."""
    with pytest.raises(PydanticCustomError, match=re.escape(words)) as caught:
        Kind("MW", ge=1.0, le=200.0).parse(raw)
    assert caught.value.type == "quantity"
    context = caught.value.context
    assert context is not None and context["message"] and context["cure"]


@pytest.mark.parametrize(("raw", "words"), CRASHING)
def test_a_strange_number_is_refused_without_a_traceback(raw: object, words: str) -> None:
    """Odd input of any type is refused like the rest."""
    with pytest.raises(PydanticCustomError, match=re.escape(words)):
        Kind("MW").parse(raw)


def test_open_bounds_may_be_touched_but_not_taken() -> None:
    """A lognormal fits "above 0", the number 0 does not; a uniform up to 1 fits "below 1"."""
    positive = Kind("MW", gt=0.0, lt=1000.0)
    assert positive.parse({**UNIFORM, "min": 0.0}).dist.lower == 0.0
    assert Kind("MW", gt=0.0).parse({"dist": "lognormal", "median": 1.0, "sigma": 1.0}).dist.lower == 0.0
    for raw in (0, 1000, {**UNIFORM, "min": -0.1}, {**UNIFORM, "max": 1000.1}):
        with pytest.raises(PydanticCustomError, match="above 0 and below 1000"):
            positive.parse(raw)


@pytest.mark.parametrize(
    "raw",
    [{"dist": "discrete", "weights": {0: 0.5, 1: 0.5}}, {"dist": "empirical", "quantiles": {0: 0.0, 0.5: 0.0, 1: 1.0}}],
)
def test_mass_on_an_open_bound_is_refused(raw: object) -> None:
    """A distribution that takes the value 0 half of the time is not "above 0"."""
    with pytest.raises(PydanticCustomError, match="above 0"):
        Kind("MW", gt=0.0).parse(raw)


def test_a_fixed_number_is_certain_and_perhaps_whole() -> None:
    """Numbers that shape the run are plain, inside their bounds and, where asked, whole."""
    year = Fixed("calendar year", ge=1900.0, le=2200.0, whole=True)
    assert year.parse_fixed({"value": 2030.0, "source": "plan"}) == 2030
    assert isinstance(year.parse_fixed(2030.0), int)
    assert Fixed("years").parse_fixed(2.5) == 2.5
    for raw, words in ((2030.5, "not a whole number"), (UNIFORM, "out of range|but the value"), (1800, "out of range")):
        with pytest.raises(PydanticCustomError, match=words):
            year.parse_fixed(raw)
    with pytest.raises(PydanticCustomError, match="cannot be uncertain"):
        Fixed("years").parse_fixed(UNIFORM)


# --- any distribution ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [raw for raw, *_ in GOOD if isinstance(raw, dict) and "dist" in raw])
def test_quantiles_rise_stay_inside_and_agree(raw: object) -> None:
    """Quantiles never fall, keep to the support, and are the same by score and by probability."""
    dist = ANY.parse(raw).dist
    z = np.linspace(-5.0, 5.0, 4001) + 1e-7
    by_score, by_probability = dist.quantile_of_score(z), dist.ppf(ndtr(z))
    assert by_score.shape == z.shape
    assert np.all(np.diff(by_score) >= -1e-12 * np.abs(by_score[1:]))
    assert np.all((by_score >= dist.lower) & (by_score <= dist.upper))
    assert by_score == pytest.approx(by_probability, rel=1e-8)


def test_truncation_keeps_the_shape_inside() -> None:
    """P(X <= x) inside the cut is (F(x) - F(min)) / (F(max) - F(min)) of the whole distribution."""
    dist = ANY.parse({"dist": "lognormal", "median": 2.0, "sigma": 0.5, "min": 1.5, "max": 6.0}).dist
    cdf = d.lognormal_cdf(2.0, 0.5)
    for p in (0.0, 0.01, 0.3, 0.77, 0.99, 1.0):
        inside = (cdf(dist.quantile(p)) - cdf(1.5)) / (cdf(6.0) - cdf(1.5))
        assert inside == pytest.approx(p, abs=1e-12)


def test_choices_have_their_weights() -> None:
    """Each value of a discrete distribution comes up for exactly its share of the probabilities."""
    dist = ANY.parse({"dist": "discrete", "weights": {10: 0.25, -1: 0.5, 3: 0.25}}).dist
    drawn = dist.ppf((np.arange(1000) + 0.5) / 1000)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [-1.0, 3.0, 10.0]
    assert counts.tolist() == [500, 250, 250]


# --- Latin hypercube ----------------------------------------------------------------------------------------------

FLAT = d.uniform(0.0, 1.0)
SEVERAL = Draws(seed=7, replicates=tuple(range(40)))


def mixed(pairs: dict[tuple[str, str], float], *names: str) -> dict[str, dict[str, float]]:
    """Return mixing rows for Spearman correlations, as a scenario makes them."""
    return cholesky_rows(names, {pair: spearman_to_pearson(rank) for pair, rank in pairs.items()})


@pytest.mark.parametrize("mixing", [{}, mixed({("b", "a"): 0.6}, "a", "b")], ids=["alone", "correlated"])
@pytest.mark.parametrize("name", ["a", "b"])
def test_each_stratum_is_hit_once(name: str, mixing: dict[str, dict[str, float]]) -> None:
    """Each replicate of 256 draws has one value in each of 256 strata, correlated or not."""
    values = SEVERAL.leaf(name, FLAT, mixing).reshape(-1, REPLICATE)
    strata = np.sort(np.floor(values * REPLICATE).astype(int), axis=1)
    assert np.array_equal(strata, np.broadcast_to(np.arange(REPLICATE), strata.shape))


def test_strata_carry_over_to_other_distributions() -> None:
    """A replicate of a lognormal leaf has one value between neighbouring 1/256 quantiles."""
    dist = d.lognormal(100.0, 0.3)
    values = np.sort(SEVERAL.leaf("a", dist, {}).reshape(-1, REPLICATE), axis=1)
    edges = dist.ppf(np.arange(1, REPLICATE) / REPLICATE)
    assert np.all(values[:, :-1] <= edges) and np.all(values[:, 1:] >= edges)


def test_draws_repeat_and_differ_where_they_should() -> None:
    """Same seed: same bytes, however replicates are grouped; another replicate, name or seed: other draws."""
    first = SEVERAL.leaf("a", FLAT, {})
    assert Draws(7, SEVERAL.replicates).leaf("a", FLAT, {}).tobytes() == first.tobytes()
    one = first.reshape(-1, REPLICATE)
    assert Draws(7, (3, 1)).leaf("a", FLAT, {}).tobytes() == one[[3, 1]].tobytes()
    assert not np.isin(one[0], one[1]).any()
    for other in (Draws(8, (0,)).leaf("a", FLAT, {}), Draws(7, (0,)).leaf("b", FLAT, {})):
        assert not np.isin(other, one[0]).any()
        assert abs(spearmanr(other, one[0]).statistic) < 0.25


def test_a_later_correlated_leaf_does_not_move_the_first() -> None:
    """Making a later leaf uncertain and correlated leaves the earlier ones as they were, to the byte."""
    alone = SEVERAL.leaf("a", FLAT, {})
    two = mixed({("b", "a"): 0.6}, "a", "b")
    three = mixed({("b", "a"): 0.6, ("c", "a"): -0.3, ("c", "b"): 0.2}, "a", "b", "c")
    assert SEVERAL.leaf("a", FLAT, two).tobytes() == alone.tobytes()
    assert SEVERAL.leaf("a", FLAT, three).tobytes() == alone.tobytes()
    assert SEVERAL.leaf("b", FLAT, three).tobytes() == SEVERAL.leaf("b", FLAT, two).tobytes()


@pytest.mark.parametrize("asked", [-0.9, -0.5, 0.0, 0.3, 0.7, 0.95])
def test_rank_correlation_is_as_asked(asked: float) -> None:
    """The Spearman correlation of 10,240 draws is the asked one within 4 standard errors, whatever the margins."""
    mixing = mixed({("b", "a"): asked}, "a", "b")
    first = SEVERAL.leaf("a", d.pert(80.0, 100.0, 150.0), mixing)
    second = SEVERAL.leaf("b", d.lognormal(10.0, 0.8), mixing)
    assert spearmanr(first, second).statistic == pytest.approx(asked, abs=4.0 / math.sqrt(first.size) * 1.1)


def test_three_leaves_have_all_their_correlations() -> None:
    """A correlation matrix of three leaves comes out pair by pair."""
    wanted = {("b", "a"): 0.6, ("c", "a"): -0.3, ("c", "b"): 0.2}
    mixing = mixed(wanted, "a", "b", "c")
    drawn = {name: SEVERAL.leaf(name, FLAT, mixing) for name in "abc"}
    for (later, earlier), rank in wanted.items():
        assert spearmanr(drawn[later], drawn[earlier]).statistic == pytest.approx(rank, abs=0.04)


def test_an_impossible_correlation_matrix_is_refused() -> None:
    """Correlations that contradict each other raise an error that names the eigenvalue."""
    with pytest.raises(ValueError, match="not positive definite"):
        mixed({("b", "a"): 0.9, ("c", "a"): 0.9, ("c", "b"): -0.9}, "a", "b", "c")
