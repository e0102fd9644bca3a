"""Scalar reference model, first part: stochastic processes and money (docs/model.md §2 and §3).

Plain Python, one draw, one row at a time, written from the documents alone and sharing no code with ``sim``.
Every series is a list with one entry per row k = 0 … N.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]
Series = list[float]
Shocks = Mapping[str, Sequence[float] | float]
"""Dotted path of a process: its standard normals, or by how many of its standard deviations every average is off."""

_NEAR = math.sqrt(5.0 - 2.0 * math.sqrt(10.0 / 7.0)) / 3.0
_FAR = math.sqrt(5.0 + 2.0 * math.sqrt(10.0 / 7.0)) / 3.0
_NEAR_WEIGHT = (322.0 + 13.0 * math.sqrt(70.0)) / 900.0
_FAR_WEIGHT = (322.0 - 13.0 * math.sqrt(70.0)) / 900.0
GAUSS_LEGENDRE = (
    (-_FAR, _FAR_WEIGHT),
    (-_NEAR, _NEAR_WEIGHT),
    (0.0, 128.0 / 225.0),
    (_NEAR, _NEAR_WEIGHT),
    (_FAR, _FAR_WEIGHT),
)
"""Nodes and weights of the 5-point rule on [-1, 1]."""


def year_of_row(k: int, m: int) -> int:
    """Return y(k), the calendar-year index of a row."""
    return (k - 1) // m if k >= 1 else 0


# --- processes ----------------------------------------------------------------------------------------------------


def mean_decay(kappa: float, start: float, length: float) -> float:
    """Return the average of exp(-kappa t) over [start, start + length]."""
    x = kappa * length
    return math.exp(-kappa * start) * (-math.expm1(-x) / x if x > 0.0 else 1.0)


def variance_factor(x: float) -> float:
    """Return (x - 2(1 - a) + (1 - a²)/2)/x³ with a = exp(-x); 1/3 at x = 0. By its power series where x < 1."""
    if x < 1.0:
        terms = [(-1.0) ** (n + 1) * (2.0 ** (n - 1) - 2.0) * x ** (n - 3) / math.factorial(n) for n in range(3, 40)]
        return math.fsum(terms)
    return (x + 2.0 * math.expm1(-x) - 0.5 * math.expm1(-2.0 * x)) / x**3


def ou_variance(kappa: float, sigma: float, t: float) -> float:
    """Return the variance at time t of the Ornstein–Uhlenbeck process Y that starts from 0."""
    return sigma**2 * (-math.expm1(-2.0 * kappa * t) / (2.0 * kappa) if kappa > 0.0 else t)


def ou_averages(kappa: float, sigma: float, dt: float, shocks: Sequence[float]) -> tuple[Series, Series]:
    """Return the period averages of Y and their variances by row; the recursion of docs §3."""
    averages, variances = [0.0], [0.0]
    if sigma == 0.0:
        return [0.0] * (len(shocks) + 1), [0.0] * (len(shocks) + 1)
    a, alpha = math.exp(-kappa * dt), mean_decay(kappa, 0.0, dt)
    v_eta = sigma**2 * dt * variance_factor(kappa * dt)
    covariance = sigma**2 * alpha**2 * dt / 2.0
    v_epsilon = ou_variance(kappa, sigma, dt)
    load = 0.0
    for k, shock in enumerate(shocks, start=1):
        before = load
        if k == 1:
            lag, load = 0.0, math.sqrt(v_eta)
        else:
            lag = (alpha * covariance - a * v_eta) / before
            square = alpha**2 * v_epsilon + v_eta * (1.0 + a**2) - 2.0 * a * alpha * covariance - lag**2
            load = math.sqrt(square)
        earlier = shocks[k - 2] if k >= 2 else 0.0
        averages.append(a * averages[-1] + load * shock + lag * earlier)
        variances.append(a**2 * variances[-1] + load**2 + lag**2 + 2.0 * a * lag * before)
    return averages, variances


def median_log(process: Values, t: float) -> float:
    """Return g(t), the log of the median path of a gbm or log_ou process."""
    trend: float = process["log_drift"] * t
    if process["process"] == "gbm":
        return math.log(process["spot"]) + trend
    target = math.log(process["median_level"])
    gap = math.log(process["spot"]) - target
    return target + trend + gap * math.exp(-process["reversion_per_year"] * t)


def mean_level_of_log(process: Values, kappa: float, sigma: float, start: float, dt: float) -> float:
    """Return E_k, the average over a period of exp(g(t) + ½ Var Y(t)), by Gauss–Legendre."""
    total = 0.0
    for node, weight in GAUSS_LEGENDRE:
        t = start + 0.5 * dt * (1.0 + node)
        total += 0.5 * weight * math.exp(median_log(process, t) + 0.5 * ou_variance(kappa, sigma, t))
    return total


def scripted(values: Mapping[int, float], year: int) -> float:
    """Return the value of the latest table year not after ``year``; before the first year the first value."""
    past = [known for known in values if known <= year]
    return values[max(past)] if past else values[min(values)]


def path_of(process: Values, shocks: Sequence[float], m: int, start_year: int, score: float = 0.0) -> Series:
    """Return S_k of one process, k = 0 … len(shocks); exp(ḡ + w + Ȳ) of a log process is E_k · exp(Ȳ - ½ Var Ȳ).

    The score moves every Ȳ by so many of its own standard deviations.
    """
    rows, dt, kind = len(shocks), 1.0 / m, process["process"]
    if kind == "constant":
        return [process["value"]] * (rows + 1)
    if kind == "scripted":
        return [scripted(process["values"], start_year + year_of_row(k, m)) for k in range(rows + 1)]
    kappa: float = 0.0 if kind == "gbm" else process["reversion_per_year"]
    sigma: float = process["volatility"]
    averages, variances = ou_averages(kappa, sigma, dt, shocks)
    averages = [average + score * math.sqrt(variance) for average, variance in zip(averages, variances, strict=True)]
    levels: Series = [process["spot"]]
    for k in range(1, rows + 1):
        start = (k - 1) / m
        if kind == "ou":
            mean = process["mean_level"]
            levels.append(mean + (process["spot"] - mean) * mean_decay(kappa, start, dt) + averages[k])
        else:
            expected = mean_level_of_log(process, kappa, sigma, start, dt)
            levels.append(expected * math.exp(averages[k] - 0.5 * variances[k]))
    return levels


def find_processes(item: Any, path: str = "") -> Iterator[tuple[str, Values]]:
    """Yield dotted path and parameters of every process in plain values."""
    if isinstance(item, Mapping):
        if "process" in item:
            yield path, item
        for key, inner in item.items():
            yield from find_processes(inner, f"{path}.{key}" if path else str(key))


def all_paths(values: Values, shocks: Shocks, periods: int) -> dict[str, Series]:
    """Return the level of every process by dotted path; inflation on the yearly grid, no shocks = lenders' case."""
    m, start = values["timeline"]["periods_per_year"], values["timeline"]["start_year"]
    paths = {}
    for path, process in find_processes(values):
        yearly = path.startswith("macro.inflation.")
        rows = -(-periods // m) if yearly else periods
        given = shocks.get(path, 0.0)
        score, normals = (given, [0.0] * rows) if isinstance(given, float) else (0.0, list(given)[:rows])
        linked = process["process"] == "fuel_linked"
        residual = {**process, "process": "log_ou", "spot": 1.0, "median_level": 1.0, "log_drift": 0.0}
        paths[path] = path_of(residual if linked else process, normals, 1 if yearly else m, start, score)
        if linked:
            paths[path] = linked_price(values, process, paths, paths[path])
    return paths


def linked_price(values: Values, process: Values, paths: Mapping[str, Series], residual: Series) -> Series:
    """Return the market price by the fitted equation; macro comes before market, so its paths are known."""
    fuel = paths[f"macro.commodities.{process['commodity']}.price"]
    bought = bare_rate(paths, values["macro"]["commodities"][process["commodity"]]["currency"], len(fuel))
    sold = bare_rate(paths, values["market"]["currency"], len(fuel))
    scale = math.exp(process["intercept"]) * process["season_factor"]
    return [scale * (fuel[k] * sold[k] / bought[k]) ** process["elasticity"] * residual[k] for k in range(len(fuel))]


def bare_rate(paths: Mapping[str, Series], currency: str, rows: int) -> Series:
    """Return the exchange rate as its process gives it, without price indices."""
    return [1.0] * rows if currency == "usd" else paths[f"macro.fx.{currency}.rate"]


# --- money --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Money:
    """Price indices, exchange rates and the deflator of one draw."""

    start: int
    m: int
    inflation: Mapping[str, Series]
    """Currency: r_c(y), y = 0, 1, …."""
    rates: Mapping[str, Series]
    """Currency: level of the exchange-rate process by row."""
    follows: Mapping[str, bool]
    """Currency: whether its rate also moves with the price indices."""

    def level(self, currency: str, y: int) -> float:
        """Return L_c(y), the price level at the start of year y; before the start (y < 0) by the first year's rate."""
        yearly = self.inflation[currency]
        if y < 0:
            return (1.0 + yearly[0]) ** y
        return math.prod(1.0 + yearly[i] for i in range(y))

    def index(self, currency: str, price_year: int, k: int) -> float:
        """Return I_c(k)/I_c(p)."""
        return self.level(currency, year_of_row(k, self.m)) / self.level(currency, price_year - self.start)

    def growth(self, cost: Values, k: int) -> float:
        """Return the index of a cost or price with ``indexed`` and ``escalation_per_year``."""
        steps = self.start + year_of_row(k, self.m) - cost["price_year"]
        escalation: float = (1.0 + cost["escalation_per_year"]) ** steps
        return escalation * (self.index(cost["currency"], cost["price_year"], k) if cost["indexed"] else 1.0)

    def rate(self, currency: str, k: int) -> float:
        """Return X_c(k), units of the currency per US dollar."""
        if currency == "usd":
            return 1.0
        y = year_of_row(k, self.m)
        drift = self.level(currency, y) / self.level("usd", y) if self.follows[currency] else 1.0
        return self.rates[currency][k] * drift

    def spot(self, currency: str) -> float:
        """Return the exchange rate at time zero."""
        return 1.0 if currency == "usd" else self.rates[currency][0]

    def deflator(self, t: float, k: int) -> float:
        """Return D(t) for a time t in row k."""
        y = year_of_row(k, self.m)
        return self.level("usd", y) * math.pow(1.0 + self.inflation["usd"][y], t - y)


def money_of(values: Values, paths: Mapping[str, Series]) -> Money:
    """Return the money of one draw."""
    macro = values["macro"]
    return Money(
        start=values["timeline"]["start_year"],
        m=values["timeline"]["periods_per_year"],
        inflation={currency: paths[f"macro.inflation.{currency}"][1:] for currency in macro["inflation"]},
        rates={currency: paths[f"macro.fx.{currency}.rate"] for currency in macro["fx"]},
        follows={currency: fx["follows_inflation"] for currency, fx in macro["fx"].items()},
    )
