"""Money and processes: inflation, exchange rates, commodity prices, and the stochastic processes they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.base import processes
from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback
from sim.model.timeline import Grid

Array = NDArray[np.float64]
Normals = Callable[[str, int], Array]
"""Standard normal shocks by dotted path and number of rows, shape (rows, draws); or one score for all rows, (1, 1)."""

Currency = Annotated[str, Field(pattern="^[a-z]{3}$", description="Currency code in lower case, such as usd or jpy.")]
_LEVEL = Kind("unit of the process", gt=0.0)
_RATE = Kind("1/year", ge=0.0, le=100.0)
_VOLATILITY = Kind("1/sqrt(year)", ge=0.0, le=100.0)


class Constant(Section):
    """A level that does not move."""

    process: Literal["constant"]
    value: Annotated[Quantity, Kind("unit of the process")]
    """The level."""


class Scripted(Section):
    """A level read from a table of calendar years; each value holds until the next year of the table."""

    process: Literal["scripted"]
    values: dict[int, Annotated[Quantity, Kind("unit of the process")]] = Field(min_length=1)
    """Calendar year: level. Before the first year its value holds."""


class LogOU(Section):
    """Mean-reverting logarithm: the log of the level is an Ornstein–Uhlenbeck process around a trending median."""

    process: Literal["log_ou"]
    spot: Annotated[Quantity, _LEVEL]
    """Level at time zero."""
    median_level: Annotated[Quantity, _LEVEL]
    """Long-run median at time zero (not the Schwartz mu, which is the log mean plus sigma^2 / (2 kappa))."""
    log_drift: Annotated[Quantity, Kind("1/year")] = fallback(0.0)
    """Yearly drift of the log of the median."""
    reversion_per_year: Annotated[Quantity, _RATE]
    """Speed of reversion kappa."""
    volatility: Annotated[Quantity, _VOLATILITY]
    """Volatility sigma of the log."""


class OU(Section):
    """Mean-reverting level (Ornstein–Uhlenbeck, Vasicek); it can turn negative."""

    process: Literal["ou"]
    spot: Annotated[Quantity, Kind("unit of the process")]
    """Level at time zero."""
    mean_level: Annotated[Quantity, Kind("unit of the process")]
    """Long-run mean."""
    reversion_per_year: Annotated[Quantity, _RATE]
    """Speed of reversion kappa."""
    volatility: Annotated[Quantity, Kind("unit of the process per sqrt(year)", ge=0.0)]
    """Volatility sigma."""


class GBM(Section):
    """Geometric Brownian motion, given by the drift of its median."""

    process: Literal["gbm"]
    spot: Annotated[Quantity, _LEVEL]
    """Level at time zero."""
    log_drift: Annotated[Quantity, Kind("1/year")] = fallback(0.0)
    """Yearly drift of the log of the median (mu - sigma^2 / 2)."""
    volatility: Annotated[Quantity, _VOLATILITY]
    """Volatility sigma of the log."""


Process = Annotated[Constant | Scripted | LogOU | OU | GBM, Field(discriminator="process")]
RateProcess = Annotated[Constant | Scripted | OU, Field(discriminator="process")]


class ExchangeRate(Section):
    """Units of a currency that one US dollar buys."""

    rate: Process
    """The exchange rate; real (in money of time zero on both sides) where it follows inflation."""
    follows_inflation: bool = True
    """Whether the nominal rate also moves with the two price indices (relative purchasing-power parity)."""


class Commodity(Section):
    """A fuel or other world-market price in money of its price year."""

    price: Process
    """Price in ``currency`` per ``unit``."""
    currency: Currency = "usd"
    """Currency of the price."""
    price_year: Annotated[int, Fixed("calendar year", ge=1900.0, le=2200.0, whole=True)]
    """Year of whose money the price is."""
    unit: str
    """What the price is for, such as t or MWh."""


class Macro(Section):
    """Inflation by currency, exchange rates and commodity prices."""

    inflation: dict[Currency, RateProcess]
    """Currency: yearly inflation as a fraction. ``usd`` is always needed: results are in US dollars."""
    fx: dict[Currency, ExchangeRate] = Field(default_factory=dict)
    """Currency: exchange rate against the US dollar."""
    commodities: dict[str, Commodity] = Field(default_factory=dict)
    """Name: commodity price."""
    reference_rates: dict[str, RateProcess] = Field(default_factory=dict)
    """Name: yearly interest rate over which floating loans have a margin."""


@dataclass(frozen=True)
class Money:
    """Price indices and exchange rates on the grid; arrays (periods + 1, 1 or draws)."""

    grid: Grid
    level: Mapping[str, Array]
    """Price level of each currency at the start of each calendar year, (years + 1, ·); 1 at time zero."""
    deflator: Array
    """US price level at the end of each row: nominal over real dollars."""
    mid_deflator: Array
    """The same in the middle of each row (row 0: at time zero)."""
    real_rate: Mapping[str, Array]
    """Units of each currency per USD without price indices where the rate follows them."""
    rate: Mapping[str, Array]
    """Nominal units of each currency per USD."""
    commodity_usd: Mapping[str, Array]
    """Each commodity in USD at the real exchange rate, money of its price year (not inflated)."""
    commodity_nominal: Mapping[str, Array]
    """Each commodity in nominal USD."""
    reference_rate: Mapping[str, Array]
    """Each reference rate of interest, a fraction per year."""

    def index(self, currency: str) -> Array:
        """Return the price index of each row, 1 in the start year."""
        return self.level[currency][self.grid.year]

    def from_year(self, currency: str, price_year: int) -> Array:
        """Return what turns money of a price year, which is not beyond the horizon, into money of each row."""
        ago = price_year - self.grid.start_year
        level = self.level[currency]
        base: Array = level[1] ** ago if ago <= 0 else level[ago]
        return self.index(currency) / base


def forecast(macro: Macro, grid: Grid, normals: Normals) -> Money:
    """Return price indices, exchange rates and commodity prices of every draw."""
    level = {}
    for currency, section in macro.inflation.items():
        rates = path(section, f"macro.inflation.{currency}", grid.start_year, 1.0, grid.years, normals)[1:]
        level[currency] = np.concatenate([np.ones((1, rates.shape[1])), np.cumprod(1.0 + rates, axis=0)])
    real, rate = {"usd": np.ones((1, 1))}, {"usd": np.ones((1, 1))}
    for currency, fx in macro.fx.items():
        real[currency] = path(fx.rate, f"macro.fx.{currency}.rate", grid.start_year, grid.dt, grid.periods, normals)
        moves = level[currency][grid.year] / level["usd"][grid.year] if fx.follows_inflation else 1.0
        rate[currency] = real[currency] * moves
    ends = grid.end[:, 0]
    middles = np.maximum(ends - 0.5 * grid.dt, 0.0)
    deflators = (_deflator(level["usd"], grid.year, time) for time in (ends, middles))
    at_end, at_middle = deflators
    interest = {
        name: path(section, f"macro.reference_rates.{name}", grid.start_year, grid.dt, grid.periods, normals)
        for name, section in macro.reference_rates.items()
    }
    money = Money(grid, level, at_end, at_middle, real, rate, {}, {}, interest)
    usd, nominal = {}, {}
    for name, c in macro.commodities.items():
        quoted = path(c.price, f"macro.commodities.{name}.price", grid.start_year, grid.dt, grid.periods, normals)
        usd[name] = quoted / real[c.currency]
        nominal[name] = quoted * money.from_year(c.currency, c.price_year) / rate[c.currency]
    return replace(money, commodity_usd=usd, commodity_nominal=nominal)


def _deflator(level: Array, year: NDArray[np.intp], time: Array) -> Array:
    start = level[year]
    return start * (level[year + 1] / start) ** (time - year)[:, None]


def path(section: Section, name: str, start_year: int, dt: float, rows: int, normals: Normals) -> Array:
    """Return a process as period averages, shape (rows + 1, 1 or draws); row 0 is its value at time zero."""
    if isinstance(section, Constant):
        return np.broadcast_to(section.value, (rows + 1, section.value.size))
    if isinstance(section, Scripted):
        return _scripted(section, start_year, dt, rows)
    shocks = normals(name, rows)
    if isinstance(section, OU):
        levels = processes.level_averages(
            section.mean_level, section.spot, section.reversion_per_year, section.volatility, shocks, dt, rows
        )
        return _with_opening(section.spot, levels)
    if isinstance(section, LogOU):
        level = np.log(section.median_level)
        offset, kappa = np.log(section.spot) - level, section.reversion_per_year
    else:
        assert isinstance(section, GBM)
        level, offset, kappa = np.log(section.spot), np.zeros(1), np.zeros(1)
    median = processes.LogMedian(level, section.log_drift, offset, kappa, section.volatility)
    return _with_opening(section.spot, processes.log_averages(median, shocks, dt, rows))


def _with_opening(spot: Array, levels: Array) -> Array:
    opening = np.broadcast_to(spot, (1, levels.shape[1]))
    return np.concatenate([opening, levels])


def _scripted(section: Scripted, start_year: int, dt: float, rows: int) -> Array:
    years = sorted(section.values)
    calendar = start_year + np.floor(np.maximum(np.arange(rows + 1) - 1, 0) * dt + 1e-9)
    place = np.maximum(np.searchsorted(np.array(years), calendar, side="right") - 1, 0)
    width = max(value.size for value in section.values.values())
    table = np.stack([np.broadcast_to(section.values[year], (width,)) for year in years])
    return table[place]
