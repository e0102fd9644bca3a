"""The link and the plant behind it: what could be sent in each hour, outages included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.base.distributions import Z90
from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback
from sim.model.effects import Effects
from sim.model.macro import Currency, Process
from sim.model.timeline import HOURS_PER_YEAR, Grid
from sim.model.works import Schedule

Array = NDArray[np.float64]

_SHARE = Kind("share", ge=0.0, le=1.0)
PriceYear = Annotated[int, Fixed("calendar year", ge=1900.0, le=2200.0, whole=True)]


class Outages(Section):
    """Faults of the cable as events, converter unavailability as a share of time."""

    failures_per_100km_year: Annotated[Quantity, Kind("1/(100 km year)", ge=0.0, le=10.0)]
    """Rate of cable faults (Poisson)."""
    repair_median_days: Annotated[Quantity, Kind("days", gt=0.0, le=1000.0)]
    """Median of the lognormal repair time of a fault."""
    repair_p90_days: Annotated[Quantity, Kind("days", gt=0.0, le=3000.0)]
    """90 % point of the repair time."""
    ice_factor: Annotated[Quantity, Kind("factor", ge=1.0, le=10.0)] = fallback(1.0)
    """Repair times are longer by this factor when the fault falls into the ice season."""
    ice_season_share: Annotated[Quantity, _SHARE] = fallback(0.0)
    """Share of the year that is ice season."""
    poles: Annotated[int, Fixed("poles", ge=1.0, le=8.0, whole=True)]
    """A fault takes away one pole of so many."""
    converter_unavailability: Annotated[Quantity, _SHARE] = fallback(0.0)
    """Share of time for which the converters are out, scheduled and forced."""


class Link(Section):
    """The interconnector between sending and receiving end."""

    capacity_mw: Annotated[Quantity, Kind("MW", gt=0.0, le=100000.0)]
    """Capacity at the sending end."""
    length_km: Annotated[Quantity, Kind("km", ge=0.0, le=5000.0)]
    """Length of the submarine crossing."""
    onshore_km: Annotated[Quantity, Kind("km", ge=0.0, le=10000.0)] = fallback(0.0)
    """Length of the overhead lines of the link."""
    converter_loss: Annotated[Quantity, Kind("share", ge=0.0, lt=1.0)]
    """Loss of both converter stations together, a constant share of the power sent."""
    line_loss_per_1000km: Annotated[Quantity, Kind("share per 1,000 km at full load", ge=0.0, lt=1.0)] = fallback(0.0)
    """Loss of the line at full load per 1,000 km; it grows with the square of the power."""
    availability: Annotated[Quantity, _SHARE] | None = None
    """Share of time for which the whole link is available; or give ``outages``, never both."""
    outages: Outages | None = None
    """Faults as events; or give ``availability``."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.availability is None) == (self.outages is None):
            raise ValueError("give exactly one of availability and outages")
        return self


class RampUp(Section):
    """Output that grows in the first years of operation."""

    starts_at: Annotated[Quantity, _SHARE]
    """Share of full output at COD."""
    years: Annotated[Quantity, Kind("years", gt=0.0, le=20.0)]
    """Years from COD to full output, in a straight line."""


class RatioCost(Section):
    """Supply cost as the market price divided by ``market.price_ratio``, before the link's own price effect."""

    kind: Literal["price_ratio"]
    basis: Literal["reference", "concurrent_mean"] = "reference"
    """``reference``: reference price / ratio in its price year, then indexed; ``concurrent_mean``: mean price of each
    period / ratio."""
    index_currency: Currency = "usd"
    """Currency whose price index the cost follows after the price year (basis ``reference``)."""


class PriceCost(Section):
    """Supply cost as a price of its own."""

    kind: Literal["price"]
    price_per_mwh: Process
    """Price in ``currency`` per MWh sent, money of ``price_year``."""
    currency: Currency = "usd"
    """Currency of the price."""
    price_year: PriceYear
    """Year of whose money the price is."""


class FuelCost(Section):
    """Supply cost as fuel, variable operation and maintenance, and carbon."""

    kind: Literal["fuel"]
    commodity: str
    """Name under ``macro.commodities``."""
    fuel_units_per_mwh: Annotated[Quantity, Kind("commodity units per MWh sent", gt=0.0)]
    """Fuel needed per MWh sent, in units of the commodity (heat rate)."""
    fuel_price_factor: Annotated[Quantity, Kind("factor", gt=0.0)] = fallback(1.0)
    """Local over world-market price of the fuel."""
    variable_om_per_mwh: Annotated[Quantity, Kind("currency per MWh sent", ge=0.0)] = fallback(0.0)
    """Variable operation and maintenance in ``currency``."""
    carbon_t_per_mwh: Annotated[Quantity, Kind("tCO2 per MWh sent", ge=0.0, le=3.0)] = fallback(0.0)
    """Emission factor."""
    carbon_price_per_t: Annotated[Quantity, Kind("currency per tCO2", ge=0.0)] = fallback(0.0)
    """Carbon price in ``currency``."""
    currency: Currency = "usd"
    """Currency of variable cost and carbon."""
    price_year: PriceYear
    """Year of whose money they are."""


class Supply(Section):
    """The plant, or the seller, at the sending end."""

    net_capacity_mw: Annotated[Quantity, Kind("MW", gt=0.0, le=100000.0)]
    """Net capacity of the plant at the sending end; nothing is exported that is not generated."""
    availability: Annotated[Quantity, _SHARE]
    """Average share of the net capacity that can run."""
    ramp_up: RampUp | None = None
    """Output in the first years."""
    degradation_per_year: Annotated[Quantity, Kind("fraction per year", ge=0.0, lt=1.0)] = fallback(0.0)
    """Yearly loss of output."""
    cost_basis: Literal["variable", "full"]
    """Whether the supply cost is the plant's variable cost or a full purchase price (then no plant in capex)."""
    cost: Annotated[RatioCost | PriceCost | FuelCost, Field(discriminator="kind")]
    """What a MWh costs at the sending end."""
    take_or_pay_share: Annotated[Quantity, _SHARE] = fallback(0.0)
    """Share of the energy on offer that is paid for whether taken or not; settled afterwards, not seen by dispatch."""


@dataclass(frozen=True)
class Losses:
    """To receive r [MW] one sends q = gain · r + square · r^2, gain = 1 / (1 - converter loss)."""

    gain: Array
    square: Array

    def sent(self, received: Array) -> Array:
        """Return the power sent for a power received."""
        return received * (self.gain + self.square * received)

    def received(self, sent: Array) -> Array:
        """Return the power received for a power sent: the positive root of the quadratic."""
        return 2.0 * sent / (self.gain + np.sqrt(self.gain * self.gain + 4.0 * self.square * sent))


@dataclass(frozen=True)
class Production:
    """What could be delivered: arrays (periods + 1, 1 or draws)."""

    sending_limit_mw: Array
    """Largest power that link and plant can send in an available hour."""
    hours: Array
    """Available hours of the row in operation."""
    losses: Losses


def losses(link: Link) -> Losses:
    """Return the loss function of the link; at full load the line loses its stated share of what it is sent.

    >>> import numpy as np
    >>> gain, square = np.array([1 / 0.98]), np.array([0.0])
    >>> float(Losses(gain, square).received(np.array([1000.0]))[0])
    980.0
    """
    gain = 1.0 / (1.0 - link.converter_loss)
    line = link.line_loss_per_1000km * (link.length_km + link.onshore_km) / 1000.0
    received = (1.0 - link.converter_loss) * (1.0 - line) * link.capacity_mw
    return Losses(gain, line * link.capacity_mw / received**2)


def produce(
    link: Link, supply: Supply, schedule: Schedule, effects: Effects, grid: Grid, available: Array
) -> Production:
    """Return what could be sent in each row; ``available`` is the share of time for which the link is up."""
    plant = supply.net_capacity_mw * supply.availability
    if supply.ramp_up is not None:
        ramp = supply.ramp_up
        grown = ramp.starts_at + (1.0 - ramp.starts_at) * (schedule.age + 0.5 * grid.dt) / ramp.years
        plant = plant * np.minimum(grown, 1.0)
    if np.any(supply.degradation_per_year > 0.0):
        plant = plant * np.exp(np.log1p(-supply.degradation_per_year) * schedule.age)
    limit = np.minimum(np.minimum(link.capacity_mw, plant) * effects.export_share, effects.export_limit_mw)
    hours = HOURS_PER_YEAR * schedule.operating * available
    return Production(np.atleast_2d(limit), hours, losses(link))


@dataclass(frozen=True)
class Faults:
    """Random numbers of cable faults, each (periods, draws): count, and for each slot start, repair score, ice."""

    count: Array
    slots: list[tuple[Array, Array, Array]]


def availability(link: Link, grid: Grid, faults: Faults | None, repair: Array) -> Array:
    """Return the share of time for which the link is up, (1, 1) or (periods + 1, 1 or draws).

    ``faults`` are the fault events of a link with ``outages``; None: expected effect (lenders' case). ``repair`` is the
    factor on repair times, (1, 1) or (periods + 1, draws); without events, on all the time for which the link is down.
    """
    if link.availability is not None:
        return np.maximum(link.availability - (1.0 - link.availability) * (repair - 1.0), 0.0)
    outages = link.outages
    assert outages is not None
    if faults is None:
        sigma = np.log(outages.repair_p90_days / outages.repair_median_days) / Z90
        mean_days = outages.repair_median_days * np.exp(0.5 * sigma**2)
        mean_days = mean_days * (1.0 + outages.ice_season_share * (outages.ice_factor - 1.0))
        down = faults_per_year(link) * mean_days / 365.0 / outages.poles * repair
        return np.clip(1.0 - outages.converter_unavailability - down, 0.0, 1.0)
    down = fault_years(outages, faults, grid, repair) / (grid.dt * outages.poles)
    return np.clip(1.0 - outages.converter_unavailability - down, 0.0, 1.0)


def faults_per_year(link: Link) -> Array:
    """Return the expected number of cable faults a year; 0 without ``outages``."""
    return link.outages.failures_per_100km_year * link.length_km / 100.0 if link.outages is not None else np.zeros(1)


def fault_years(outages: Outages, faults: Faults, grid: Grid, repair: Array) -> Array:
    """Return fault-years under repair in each row, (periods + 1, draws); a repair runs on into later rows.

    ``repair``: factor on the repairs of faults that begin in a row.
    """
    down = np.zeros((grid.periods + 1, faults.count.shape[1]))
    median = np.broadcast_to(outages.repair_median_days, down.shape)
    spread = np.broadcast_to(np.log(outages.repair_p90_days / outages.repair_median_days) / Z90, down.shape)
    ice = np.broadcast_to(outages.ice_factor, down.shape)
    season = np.broadcast_to(outages.ice_season_share, down.shape)
    slower = np.broadcast_to(repair, down.shape)
    for slot, (start, score, cold) in enumerate(faults.slots):
        row, draw = np.nonzero(faults.count > slot)
        length = median[row, draw] * np.exp(spread[row, draw] * score[row, draw]) / 365.0
        length = length * np.where(cold[row, draw] < season[row, draw], ice[row, draw], 1.0)
        length = length * slower[row + 1, draw]
        begin = (row + start[row, draw]) * grid.dt
        into = row
        while into.size:
            inside = np.minimum(begin + length, (into + 1) * grid.dt) - np.maximum(begin, into * grid.dt)
            np.add.at(down, (into + 1, draw), np.maximum(inside, 0.0))
            on = (begin + length > (into + 1) * grid.dt) & (into + 1 < grid.periods)
            begin, length, into, draw = begin[on], length[on], into[on] + 1, draw[on]
    return down
