"""Probability distributions, each of them its quantile function (ppf).

A `Distribution` is frozen and cheap; `quantile_of_score` evaluates it at a standard normal score, because correlation
(Gaussian copula) works on scores and because every ppf is smooth in the score. Quantiles of the beta family, which
scipy inverts iteratively (about 1 µs each), are read from a cubic table in the score; its error is below 1e-9 of the
range and is tested.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.base.special import betainc, betaincinv, betaln, ndtr, ndtri

Array = NDArray[np.float64]
Z90 = 1.2815515655446004
"""90 % point of the standard normal distribution."""


@dataclass(frozen=True)
class Distribution:
    """A distribution: its name, parameters as written, quantile function and support.

    ``ppf`` maps probabilities in (0, 1) to values; ``score`` maps standard normal scores to values where that is
    quicker or more exact in the tails than ``ppf(ndtr(score))``.
    """

    kind: str
    params: Mapping[str, float]
    ppf: Callable[[Array], Array]
    lower: float
    upper: float
    score: Callable[[Array], Array] | None = field(default=None, compare=False)

    def quantile(self, probability: float) -> float:
        """Return the value with P(X <= value) = probability (P10 = low)."""
        return float(self.ppf(np.array([probability]))[0])

    def quantile_of_score(self, score: Array) -> Array:
        """Return the quantiles at standard normal scores; shape as given."""
        return self.score(score) if self.score is not None else self.ppf(ndtr(score))

    @property
    def certain(self) -> bool:
        """Whether all mass sits on one value."""
        return self.lower == self.upper


def constant(value: float) -> Distribution:
    """Return all mass at ``value``."""
    return Distribution("constant", {"value": value}, lambda p: np.full_like(p, value), value, value)


def uniform(low: float, high: float) -> Distribution:
    """Return the uniform distribution on [low, high].

    >>> uniform(2.0, 4.0).quantile(0.25)
    2.5
    """
    _require(low < high, "min must be below max")
    return Distribution("uniform", {"min": low, "max": high}, lambda p: low + (high - low) * p, low, high)


def triangular(low: float, mode: float, high: float) -> Distribution:
    """Return the triangular distribution; F(mode) = (mode - low) / (high - low).

    >>> triangular(0.0, 0.0, 1.0).quantile(0.75)
    0.5
    """
    _require(low <= mode <= high and low < high, "needs min <= mode <= max and min < max")
    at_mode = (mode - low) / (high - low)

    def ppf(p: Array) -> Array:
        left = low + np.sqrt(p * (high - low) * (mode - low))
        right = high - np.sqrt((1.0 - p) * (high - low) * (high - mode))
        return np.where(p < at_mode, left, right)

    return Distribution("triangular", {"min": low, "mode": mode, "max": high}, ppf, low, high)


def triangular_from_percentiles(p10: float, mode: float, p90: float) -> Distribution:
    """Return the triangular distribution with the given mode, P10 and P90 (P10 = low value).

    With a = mode - min, b = max - mode, r = a + b: (p10 - min)^2 = 0.1 r a and (max - p90)^2 = 0.1 r b, solved by a
    safeguarded fixed point in the share a / r.
    """
    _require(p10 < mode < p90, "needs p10 < mode < p90")
    left, right = mode - p10, p90 - mode

    def width(share: float) -> float:
        # From (a - left)^2 = 0.1 r a with a = share * r: r (share - sqrt(0.1 share)) = left.
        return left / (share - math.sqrt(0.1 * share))

    def excess(share: float) -> float:
        other = 1.0 - share
        return width(share) * (other - math.sqrt(0.1 * other)) - right

    # Both sides need a share in (0.1, 0.9); excess falls from +inf to below zero on that interval.
    low, high = 0.1 + 1e-15, 0.9 - 1e-15
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    share = 0.5 * (low + high)
    span = width(share)
    fitted = triangular(mode - share * span, mode, mode + (1.0 - share) * span)
    return Distribution("triangular", {"p10": p10, "mode": mode, "p90": p90}, fitted.ppf, fitted.lower, fitted.upper)


def beta(a: float, b: float, low: float = 0.0, high: float = 1.0) -> Distribution:
    """Return the beta distribution with shapes ``a``, ``b`` on [low, high]."""
    _require(a > 0.0 and b > 0.0, "shapes a and b must be positive")
    _require(low < high, "min must be below max")

    def ppf(p: Array) -> Array:
        return low + (high - low) * betaincinv(a, b, p)

    def score(z: Array) -> Array:
        return low + (high - low) * _beta_of_score(a, b, z)

    return Distribution("beta", {"a": a, "b": b, "min": low, "max": high}, ppf, low, high, score)


def pert(low: float, mode: float, high: float, lam: float = 4.0) -> Distribution:
    """Return the PERT distribution: beta with shapes 1 + lam (mode - low) / range and 1 + lam (high - mode) / range.

    >>> round(pert(80.0, 100.0, 150.0).quantile(0.5), 6)
    103.825886
    """
    _require(low <= mode <= high and low < high, "needs min <= mode <= max and min < max")
    _require(lam > 0.0, "lam must be positive")
    shape = beta(1.0 + lam * (mode - low) / (high - low), 1.0 + lam * (high - mode) / (high - low), low, high)
    params = {"min": low, "mode": mode, "max": high, "lam": lam}
    return Distribution("pert", params, shape.ppf, low, high, shape.score)


def normal(mean: float, sd: float) -> Distribution:
    """Return the normal distribution."""
    _require(sd > 0.0, "sd must be positive")
    return Distribution(
        "normal", {"mean": mean, "sd": sd}, lambda p: mean + sd * ndtri(p), -math.inf, math.inf, lambda z: mean + sd * z
    )


def lognormal(median: float, sigma: float) -> Distribution:
    """Return the lognormal distribution: median · exp(sigma · score)."""
    _require(median > 0.0, "median must be positive")
    _require(sigma > 0.0, "sigma must be positive")
    return Distribution(
        "lognormal",
        {"median": median, "sigma": sigma},
        lambda p: median * np.exp(sigma * ndtri(p)),
        0.0,
        math.inf,
        lambda z: median * np.exp(sigma * z),
    )


def lognormal_from_moments(mean: float, sd: float) -> Distribution:
    """Return the lognormal distribution with the given mean and sd: sigma^2 = ln(1 + (sd / mean)^2).

    >>> round(lognormal_from_moments(100.0, 20.0).quantile(0.5), 8)
    98.05806757
    """
    _require(mean > 0.0 and sd > 0.0, "mean and sd must be positive")
    sigma = math.sqrt(math.log1p((sd / mean) ** 2))
    return lognormal(mean * math.exp(-0.5 * sigma**2), sigma)


def lognormal_from_percentiles(p10: float, p90: float) -> Distribution:
    """Return the lognormal distribution with the given P10 (low) and P90."""
    _require(0.0 < p10 < p90, "needs 0 < p10 < p90")
    return lognormal(math.sqrt(p10 * p90), math.log(p90 / p10) / (2.0 * Z90))


def discrete(weights: Mapping[float, float]) -> Distribution:
    """Return a choice among values with weights that sum to 1.

    >>> discrete({1.0: 0.3, 2.0: 0.7}).quantile(0.3)
    1.0
    """
    values = np.array(sorted(weights), dtype=np.float64)
    shares = np.array([weights[value] for value in sorted(weights)], dtype=np.float64)
    _require(values.size > 0, "needs at least one value")
    _require(bool(np.all(shares > 0.0)), "weights must be positive")
    _require(abs(float(shares.sum()) - 1.0) < 1e-9, f"weights sum to {float(shares.sum()):g}, not to 1")
    edges = np.cumsum(shares)
    last = values.size - 1

    def ppf(p: Array) -> Array:
        return values[np.minimum(np.searchsorted(edges, p - 1e-12, side="left"), last)]

    return Distribution("discrete", {str(v): float(w) for v, w in weights.items()}, ppf, values[0], values[-1])


def empirical(quantiles: Mapping[float, float]) -> Distribution:
    """Return the distribution that interpolates linearly between given quantiles; keys are probabilities 0 … 1."""
    points = np.array(sorted(quantiles), dtype=np.float64)
    values = np.array([quantiles[point] for point in sorted(quantiles)], dtype=np.float64)
    _require(points.size >= 2 and points[0] == 0.0 and points[-1] == 1.0, "quantiles must run from 0 to 1")
    _require(bool(np.all(np.diff(values) >= 0.0)), "quantiles must not fall")
    params = {str(point): float(value) for point, value in quantiles.items()}
    return Distribution("empirical", params, lambda p: np.interp(p, points, values), values[0], values[-1])


def truncated(whole: Distribution, cdf: Callable[[float], float], low: float, high: float) -> Distribution:
    """Return ``whole`` conditioned on [low, high]: ppf(F(low) + p (F(high) - F(low))).

    ``cdf`` is F. A range that holds less than 1e-6 of the distribution is refused: its quantiles would lose precision.
    """
    _require(low < high, "min must be below max")
    bottom, top = cdf(low), cdf(high)
    _require(top - bottom > 1e-6, "min and max leave (almost) nothing of the distribution")

    def ppf(p: Array) -> Array:
        return np.clip(whole.ppf(bottom + p * (top - bottom)), low, high)

    lower, upper = max(low, whole.lower), min(high, whole.upper)
    return Distribution(whole.kind, {**whole.params, "min": low, "max": high}, ppf, lower, upper)


def normal_cdf(mean: float, sd: float) -> Callable[[float], float]:
    """Return F of the normal distribution."""
    return lambda x: float(ndtr(np.array((x - mean) / sd)))


def lognormal_cdf(median: float, sigma: float) -> Callable[[float], float]:
    """Return F of the lognormal distribution."""
    return lambda x: float(ndtr(np.array(math.log(x / median) / sigma))) if x > 0.0 else 0.0


def beta_cdf(a: float, b: float) -> Callable[[float], float]:
    """Return F of the beta distribution on [0, 1]."""
    return lambda x: betainc(a, b, min(max(x, 0.0), 1.0))


# --- table of the beta quantile in the normal score ---------------------------------------------------------------

_TABLE_END = 6.0
_TABLE_CELLS = 2048
_TABLE_SHAPE = 0.2
"""Below this shape the quantile bends too sharply for the table."""


@lru_cache(maxsize=256)
def _beta_table(a: float, b: float) -> Array:
    """Return cubic Hermite coefficients (4, cells) of x(z) = F^-1(Phi(z)) on |z| <= 6, exact slopes phi(z) / f(x)."""
    z = np.linspace(-_TABLE_END, _TABLE_END, _TABLE_CELLS + 1)
    step = z[1] - z[0]
    rest = betaincinv(b, a, ndtr(-z))
    x = _beta_exact(a, b, z)
    with np.errstate(divide="ignore"):
        log_density = (a - 1.0) * np.log(x) + (b - 1.0) * np.log(rest) - betaln(a, b)
    slope = np.exp(-0.5 * z * z - 0.5 * math.log(2.0 * math.pi) - log_density) * step
    slope = np.where(np.isfinite(slope), slope, 0.0)
    rise = x[1:] - x[:-1]
    start, end = slope[:-1], slope[1:]
    return np.ascontiguousarray(np.stack([x[:-1], start, 3.0 * rise - 2.0 * start - end, start + end - 2.0 * rise]))


def _beta_of_score(a: float, b: float, z: Array) -> Array:
    """Return beta quantiles at normal scores from the table; beyond |z| = 6 and for sharp U shapes from scipy."""
    if min(a, b) < _TABLE_SHAPE:
        return _beta_exact(a, b, z)
    table = _beta_table(a, b)
    position = (np.clip(z, -_TABLE_END, _TABLE_END) + _TABLE_END) * (_TABLE_CELLS / (2.0 * _TABLE_END))
    cell = np.minimum(position.astype(np.intp), _TABLE_CELLS - 1)
    t = position - cell
    x: Array = table[0][cell] + t * (table[1][cell] + t * (table[2][cell] + t * table[3][cell]))
    far = np.abs(z) > _TABLE_END
    if far.any():
        x[far] = _beta_exact(a, b, z[far])
    return np.clip(x, 0.0, 1.0)


def _beta_exact(a: float, b: float, z: Array) -> Array:
    """Return beta quantiles at normal scores from scipy, from the nearer end; scores beyond 12 count as 12."""
    lower = betaincinv(a, b, ndtr(np.clip(z, -12.0, 0.0)))
    upper = betaincinv(b, a, ndtr(-np.clip(z, 0.0, 12.0)))
    return np.where(z < 0.0, lower, 1.0 - upper)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
