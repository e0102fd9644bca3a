"""The market at the receiving end: price level, duration curve, own price effect, charges and revenue schemes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback
from sim.model.macro import GBM, OU, Constant, Currency, LogOU, Process, Scripted

_SHARE = Kind("share", ge=0.0, le=1.0)
PriceYear = Annotated[int, Fixed("calendar year", ge=1900.0, le=2200.0, whole=True)]


class FuelLinked(Section):
    """Price level by a fitted equation: ln P = intercept + elasticity · ln(fuel in market currency) + season + u."""

    process: Literal["fuel_linked"]
    commodity: str
    """Name under ``macro.commodities``."""
    intercept: Annotated[Quantity, Kind("log of market currency per kWh")]
    """Constant of the equation."""
    elasticity: Annotated[Quantity, Kind("1", ge=0.0, le=3.0)]
    """Elasticity of the price to the fuel price in market currency."""
    season_factor: Annotated[Quantity, Kind("factor", gt=0.0, le=3.0)] = fallback(1.0)
    """Mean over the year of exp(season)."""
    reversion_per_year: Annotated[Quantity, Kind("1/year", ge=0.0, le=100.0)]
    """Speed of reversion of the residual u (Ornstein–Uhlenbeck around zero, from zero)."""
    volatility: Annotated[Quantity, Kind("1/sqrt(year)", ge=0.0, le=100.0)]
    """Volatility of the residual u."""


class Charge(Section):
    """A payment to a state or network for each MWh that crosses; seen by dispatch. Exactly one amount."""

    amount_per_mwh: Annotated[Quantity, Kind("currency per MWh", ge=0.0)] | None = None
    """Charge in ``currency`` per MWh, money of ``price_year``."""
    share_of_supply_cost: Annotated[Quantity, _SHARE] | None = None
    """Charge as a share of the supply cost (an export duty)."""
    measured_at: Literal["sending_end", "receiving_end"]
    """Where the MWh are counted; a share of the supply cost is counted at the sending end."""
    currency: Currency = "usd"
    """Currency of the amount and of its index."""
    price_year: PriceYear
    """Year of whose money the amount is."""

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.amount_per_mwh is None) == (self.share_of_supply_cost is None):
            raise ValueError("give exactly one of amount_per_mwh and share_of_supply_cost")
        if self.share_of_supply_cost is not None and self.measured_at != "sending_end":
            raise ValueError("a share of the supply cost is measured at sending_end")
        return self


class Merchant(Section):
    """Sold on the spot market in the hours in which that pays."""

    kind: Literal["merchant"]
    share: Annotated[float, Fixed("share", ge=0.0, le=1.0)]
    """Share of the deliverable power."""


class PPA(Section):
    """A power purchase agreement: all power of its share is delivered at all hours at the agreed price, for a term."""

    kind: Literal["ppa"]
    share: Annotated[float, Fixed("share", ge=0.0, le=1.0)]
    """Share of the deliverable power; sold as merchant after the term."""
    price_per_kwh: Process
    """Price in ``currency`` per kWh delivered, money of ``price_year``."""
    currency: Currency = "usd"
    """Currency of the price."""
    price_year: PriceYear
    """Year of whose money the price is."""
    indexed: bool = True
    """Whether the price follows the price index of its currency."""
    escalation_per_year: Annotated[Quantity, Kind("fraction per year", gt=-1.0, le=1.0)] = fallback(0.0)
    """Yearly growth on top of the index, from the price year."""
    term_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)]
    """Term from COD; the contract holds in every period that begins inside the term."""


class CapacityPayment(Section):
    """A yearly payment for keeping the link ready, whatever flows."""

    kind: Literal["capacity"]
    amount_million_per_year: Annotated[Quantity, Kind("million of the currency", ge=0.0)]
    """Yearly payment in millions of ``currency``, money of ``price_year``."""
    currency: Currency = "usd"
    """Currency of the payment."""
    price_year: PriceYear
    """Year of whose money the payment is."""
    indexed: bool = True
    """Whether the payment follows the price index of its currency."""
    escalation_per_year: Annotated[Quantity, Kind("fraction per year", gt=-1.0, le=1.0)] = fallback(0.0)
    """Yearly growth on top of the index, from the price year."""
    term_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)]
    """Term from COD."""


Scheme = Annotated[Merchant | PPA | CapacityPayment, Field(discriminator="kind")]


class Market(Section):
    """Where the power is sold."""

    currency: Currency
    """Currency of the market price."""
    price_year: PriceYear
    """Year of whose money the price level, price effect and reference price are."""
    price_per_kwh: Annotated[Constant | Scripted | LogOU | OU | GBM | FuelLinked, Field(discriminator="process")]
    """Mean price of a period in ``currency`` per kWh before the link's own effect."""
    duration_curve: dict[float, float] | None = None
    """Percentile of the hours (0 … 100): price over mean price, rising. Absent: the same price in every hour."""
    price_floor_per_kwh: Annotated[Quantity, Kind("currency per kWh", ge=0.0)] = fallback(0.0)
    """Lowest price of the market, before the link's own effect."""
    price_effect_per_gw: Annotated[Quantity, Kind("currency per kWh and GW received", ge=0.0, le=1000.0)] = fallback(
        0.0
    )
    """Fall of the price for each GW received."""
    price_ratio: Annotated[Quantity, Kind("market price over supply cost", gt=0.0, le=100.0)] | None = None
    """How many times cheaper power is at the sending end; used by ``supply.cost.kind: price_ratio``."""
    reference_price_per_kwh: Annotated[Quantity, Kind("currency per kWh", gt=0.0)] | None = None
    """Market price of the price year to which the ratio applies (basis ``reference``)."""
    dispatch: Literal["profit", "competitive"] = "profit"
    """``profit``: flow that earns most, own price effect included; ``competitive``: flow until the margin is gone."""
    import_limit_mw: Annotated[Quantity, Kind("MW received", gt=0.0)] | None = None
    """Largest import that the receiving grid takes."""
    charges: dict[str, Charge] = Field(default_factory=dict)
    """Name: transit, wheeling, duty or carbon payment."""
    schemes: dict[str, Scheme]
    """Name: revenue scheme; shares sum to 1."""
