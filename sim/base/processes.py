"""Ornstein–Uhlenbeck processes sampled as exact period averages, one normal per period.

A period of a cash-flow model sees the average of a price, not its value at an instant. The averages of an
Ornstein–Uhlenbeck process Y (dY = -kappa Y dt + sigma dW, Y(0) = 0) over successive periods of length dt are Gaussian
and, though Y itself is Markov, follow an ARMA(1, 1) recursion

    A_k = a A_(k-1) + l_k e_k + d_k e_(k-1),   a = exp(-kappa dt),

whose coefficients `average_coefficients` gives. Source: own derivation from the joint law of the increment and the
integral of Y; checked against the closed forms of mean, variance and time average.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True)
class Recursion:
    """Coefficients of A_k = decay A_(k-1) + now_k e_k + before_k e_(k-1); arrays (rows, width), decay (width,)."""

    decay: Array
    now: Array
    before: Array
    variance: Array


def average_coefficients(kappa: Array, sigma: Array, dt: float, rows: int) -> Recursion:
    """Return the recursion of period averages for speeds and volatilities of shape (1,) or (draws,)."""
    if kappa.size == 1 and sigma.size == 1:
        return _cached(float(kappa[0]), float(sigma[0]), dt, rows)
    return _coefficients(kappa, sigma, dt, rows)


@lru_cache(maxsize=256)
def _cached(kappa: float, sigma: float, dt: float, rows: int) -> Recursion:
    return _coefficients(np.array([kappa]), np.array([sigma]), dt, rows)


def _coefficients(kappa: Array, sigma: Array, dt: float, rows: int) -> Recursion:
    x = kappa * dt
    decay = np.exp(-x)
    variance_rate = sigma * sigma
    carry = _safe(-np.expm1(-x), x, 1.0 - x / 2.0)
    joint = variance_rate * dt * _safe(np.expm1(-x) ** 2, 2.0 * x * x, 0.5 - x / 2.0)
    end = variance_rate * dt * _safe(-np.expm1(-2.0 * x), 2.0 * x, 1.0 - x)
    mean = variance_rate * dt * _average_share(x)
    own = carry**2 * end + mean * (1.0 + decay**2) - 2.0 * decay * carry * joint
    shared = carry * joint - decay * mean
    width = np.broadcast(kappa, sigma).size
    now, before, variance = (np.zeros((rows, width)) for _ in range(3))
    for k in range(rows):
        if k == 0:
            now[0] = np.sqrt(mean)
            variance[0] = mean
            continue
        before[k] = np.divide(shared, now[k - 1], out=np.zeros(width), where=now[k - 1] > 0.0)
        now[k] = np.sqrt(np.maximum(own - before[k] ** 2, 0.0))
        variance[k] = decay**2 * variance[k - 1] + now[k] ** 2 + before[k] ** 2 + 2.0 * decay * before[k] * now[k - 1]
    return Recursion(np.broadcast_to(decay, (width,)), now, before, variance)


def run(recursion: Recursion, shocks: Array) -> Array:
    """Return the path (rows, draws) of a recursion for standard normal shocks (rows, draws).

    One row of shocks for more rows of the recursion is a score: every period's average stands so many of its own
    standard deviations from its median.
    """
    rows, draws = recursion.now.shape[0], shocks.shape[1]
    if shocks.shape[0] == 1:
        return shocks * np.sqrt(recursion.variance)
    path = np.empty((rows, max(draws, recursion.decay.size)))
    for k in range(rows):
        np.multiply(recursion.now[k], shocks[k], out=path[k])
        if k:
            path[k] += recursion.decay * path[k - 1]
            path[k] += recursion.before[k] * shocks[k - 1]
    return path


@dataclass(frozen=True)
class LogMedian:
    """Median path of a logarithm: level + drift t + offset exp(-kappa t), each (1,) or (draws,)."""

    level: Array
    drift: Array
    offset: Array
    kappa: Array
    sigma: Array


def log_averages(median: LogMedian, shocks: Array, dt: float, rows: int) -> Array:
    """Return period averages of exp(X), X Gaussian around ``median``, shape (rows, draws).

    exp(ln E_k - v_k / 2 + A_k): E_k is the exact mean of the period average (5-point Gauss–Legendre), A_k the average
    of X about its median and v_k its variance. The mean is exact, the variance lognormal (error of order sigma^4 dt^2).
    """
    recursion = average_coefficients(median.kappa, median.sigma, dt, rows)
    path = run(recursion, shocks)
    path += log_mean(median, dt, rows) - 0.5 * recursion.variance
    return np.exp(path, out=path)


def log_mean(median: LogMedian, dt: float, rows: int) -> Array:
    """Return ln of the mean of each period's average of exp(X), shape (rows, width)."""
    start = (np.arange(rows) * dt)[:, None]
    total: Array = np.zeros(1)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        t = start + 0.5 * dt * (1.0 + node)
        x = 2.0 * median.kappa * t
        spread = median.sigma**2 * t * _safe(-np.expm1(-x), x, 1.0 - x / 2.0)
        center = median.level + median.drift * t + median.offset * np.exp(-median.kappa * t)
        total = total + 0.5 * weight * np.exp(center + 0.5 * spread)
    return np.log(total)


def level_averages(mean: Array, spot: Array, kappa: Array, sigma: Array, shocks: Array, dt: float, rows: int) -> Array:
    """Return period averages of an Ornstein–Uhlenbeck level from ``spot`` to ``mean``, shape (rows, draws)."""
    path = run(average_coefficients(kappa, sigma, dt, rows), shocks)
    start = (np.arange(rows) * dt)[:, None]
    x = kappa * dt
    path += mean + (spot - mean) * np.exp(-kappa * start) * _safe(-np.expm1(-x), x, 1.0 - x / 2.0)
    return path


def _safe(numerator: Array, denominator: Array, near_zero: Array) -> Array:
    """Return numerator / denominator, and the given expansion where the denominator all but vanishes."""
    tiny = np.abs(denominator) < 1e-9
    return np.where(tiny, near_zero, numerator / np.where(tiny, 1.0, denominator))


def _average_share(x: Array) -> Array:
    """Return [x - 2(1 - e^-x) + (1 - e^-2x)/2] / x^3: variance of a period average over sigma^2 dt; 1/3 at x = 0."""
    small = np.abs(x) < 0.03
    series = 1 / 3 - x / 4 + 7 * x**2 / 60 - x**3 / 24 + 31 * x**4 / 2520 - x**5 / 320
    safe = np.where(small, 1.0, x)
    exact = (safe + 2.0 * np.expm1(-safe) - np.expm1(-2.0 * safe) / 2.0) / safe**3
    return np.where(small, series, exact)
