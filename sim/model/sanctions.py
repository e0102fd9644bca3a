"""Sanctions as written: regimes with their effects, how they change, and what a stop of the works means.

Equations are in docs/sanctions.md; paths of regimes are in `regimes`, what reaches the other rooms in `effects`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback
from sim.model.macro import Currency
from sim.model.terms import Nation

_SHARE = Kind("share", ge=0.0, le=1.0)
_FACTOR = Kind("factor", ge=1.0, le=20.0)
_RATE = Kind("1/year", ge=0.0, le=100.0)
_PROBABILITY = Kind("probability in a year", ge=0.0, le=1.0)
_YEARS = Fixed("years", ge=0.0, le=100.0)
RegimeDate = Annotated[str | int, Field(description="Year, or year and month such as 2014-07.")]


class Regime(Section):
    """A state of politics and what it does; what is absent has no effect."""

    pace: Annotated[Quantity, _SHARE] | None = None
    """Pace of construction over the undisturbed one; 0 is a stop."""
    cost_factor: Annotated[Quantity, _FACTOR] | None = None
    """Factor on what is spent in this regime on items with ``sanctioned_equipment``."""
    lenders_stop: list[str] = Field(default_factory=list)
    """Nations, or names of tranches, whose lenders pay nothing out."""
    margin_addon: Annotated[Quantity, Kind("fraction per year", ge=0.0, le=1.0)] | None = None
    """Added to the interest of loans that have a margin."""
    export_share: Annotated[Quantity, _SHARE] | None = None
    """Share of the sending limit that may be exported."""
    export_limit_mw: Annotated[Quantity, Kind("MW", ge=0.0)] | None = None
    """Largest power that may be exported."""
    price_discount: Annotated[Quantity, _SHARE] | None = None
    """Part of the market and contract price that buyers do not pay."""
    revenue_blocked: Annotated[Quantity, _SHARE] | None = None
    """Part of the revenue that is paid into a blocked account."""
    insurance_factor: Annotated[Quantity, _FACTOR] | None = None
    """Factor on operating costs that are marked ``insurance``."""
    repair_factor: Annotated[Quantity, _FACTOR] | None = None
    """Factor on repair times; without ``link.outages``, on the share of time for which the link is down."""
    dividends_blocked: list[Nation] = Field(default_factory=list)
    """Nations whose owners are not paid until the regime ends."""
    seizure_per_year: Annotated[Quantity, _RATE] | None = None
    """Yearly hazard that the state seizes the company."""


class Stoppage(Section):
    """What a stop of the works costs when it ends, and when the project is given up."""

    amount_million: Annotated[Quantity, Kind("million of the currency", ge=0.0)] = fallback(0.0)
    """Remobilisation in millions of ``currency``, money of ``price_year``, each time that work begins again."""
    currency: Currency = "usd"
    """Currency of the amount."""
    price_year: Annotated[int, Fixed("calendar year", ge=1900.0, le=2200.0, whole=True)]
    """Year of whose money the amount is."""
    tax_life_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)] | None = None
    """Years of tax depreciation of the remobilisation; absent: not depreciated."""
    restart_years: Annotated[Quantity, Kind("years", ge=0.0, le=20.0)] = fallback(0.0)
    """Time from the end of the stop until work goes on."""
    abandonment_years: Annotated[float, _YEARS] | None = None
    """Length of a stop after which the project is given up; absent: never."""


class ExportCutOffs(Section):
    """Cut-offs by the exporting state: a risk of its own, in any regime, and in the world without sanctions too."""

    onset_per_year: Annotated[Quantity, _RATE]
    """Yearly rate at which trade is cut off."""
    end_per_year: Annotated[Quantity, _RATE]
    """Yearly rate at which a cut-off ends."""
    export_share: Annotated[Quantity, _SHARE] = fallback(0.0)
    """Share of the sending limit that goes on."""


class Sanctions(Section):
    """Regimes of sanctions over time and what they do. Absent: undisturbed politics."""

    regimes: dict[str, Regime] = Field(min_length=1)
    """Name: regime, from calm to grave; the first is the world without sanctions and has no effects."""
    initial: str
    """Regime at time zero, or before the first date of the script."""
    rates: dict[str, dict[str, Annotated[Quantity, _RATE]]] | None = None
    """From regime: {to regime: yearly rate}."""
    probabilities: dict[str, dict[str, Annotated[Quantity, _PROBABILITY]]] | None = None
    """From regime: {to regime: probability after one year}; instead of rates."""
    script: dict[RegimeDate, str] | None = None
    """Date, as ``2014-07`` or ``2014``: regime from then on."""
    chance_from: RegimeDate | None = None
    """Date from which chance takes over from the script."""
    blocked_recovery: Annotated[Quantity, _SHARE] = fallback(1.0)
    """Part of blocked revenue that is released when the regime ends."""
    seizure_loss: dict[Nation, Annotated[Quantity, _SHARE]] = Field(default_factory=dict)
    """Nation: part of its owners' shares that a seizure takes."""
    stoppage: Stoppage | None = None
    """What a stop of the works costs, and when it ends the project."""
    export_cut_offs: ExportCutOffs | None = None
    """Cut-offs by the exporting state."""
