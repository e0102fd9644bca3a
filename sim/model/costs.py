"""Costs: what is built and what it takes to run it, by item, each in its currency and money of its price year.

Here are the sections and the budget; ``works`` has the spending on construction, ``running`` the flows of operation.
"""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback
from sim.model.macro import Currency, Money

Array = NDArray[np.float64]

PriceYear = Annotated[int, Fixed("calendar year", ge=1900.0, le=2200.0, whole=True)]
_SHARE = Kind("share", ge=0.0, le=1.0)
_CLOCK = Kind("share of the construction clock", ge=0.0, le=1.0)
_MILLION = Kind("million of the currency", ge=0.0)


class CapitalItem(Section):
    """A part of the investment."""

    amount_million: Annotated[Quantity, _MILLION]
    """Budget in millions of ``currency``, money of ``price_year``, without contingency."""
    currency: Currency = "usd"
    """Currency of the amount."""
    price_year: PriceYear
    """Year of whose money the amount is."""
    overrun: Annotated[Quantity, Kind("fraction of the amount", gt=-1.0, le=20.0)] = fallback(0.0)
    """Outturn over budget less one, before the contingency absorbs its part."""
    work_from: Annotated[Quantity, _CLOCK] = fallback(0.0)
    """Construction clock at which spending begins."""
    work_to: Annotated[Quantity, _CLOCK] = fallback(1.0)
    """Construction clock at which spending ends."""
    tax_life_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)] | None = None
    """Years of tax depreciation; absent: not depreciated."""
    sanctioned_equipment: bool = False
    """Whether it needs equipment or vessels that sanctions can make dearer."""


class Contingency(Section):
    """A reserve in the budget: absorbs overruns first; what is not needed is still spent."""

    amount_million: Annotated[Quantity, _MILLION]
    """Budget in millions of ``currency``, money of ``price_year``."""
    currency: Currency = "usd"
    """Currency of the amount."""
    price_year: PriceYear
    """Year of whose money the amount is."""
    tax_life_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)] | None = None
    """Years of tax depreciation of the part that is spent beyond overruns; absent: not depreciated."""


class OperatingCost(Section):
    """A yearly cost of operation; exactly one of the three amounts."""

    share_of_capex_per_year: Annotated[Quantity, _SHARE] | None = None
    """Yearly cost as a share of the capital budget (all items and contingency, in US dollars at spot rates); needs
    ``currency: usd``."""
    amount_million_per_year: Annotated[Quantity, _MILLION] | None = None
    """Yearly cost in millions of ``currency``."""
    amount_per_mwh: Annotated[Quantity, Kind("currency per MWh sent", ge=0.0)] | None = None
    """Cost per MWh sent; not seen by dispatch (put a marginal cost into ``supply.cost`` or ``market.charges``)."""
    currency: Currency = "usd"
    """Currency of the amount and of its index."""
    price_year: PriceYear
    """Year of whose money the amount is."""
    indexed: bool = True
    """Whether the cost follows the price index of its currency."""
    escalation_per_year: Annotated[Quantity, Kind("fraction per year", gt=-1.0, le=1.0)] = fallback(0.0)
    """Yearly growth on top of the index, from the price year."""
    decline_per_year: Annotated[Quantity, _SHARE] = fallback(0.0)
    """Part of the cost that falls away with each full year of operation, such as of a tax on a declining value."""

    insurance: bool = False
    """Whether it is an insurance premium, which sanctions can make dearer."""

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        given = [self.share_of_capex_per_year, self.amount_million_per_year, self.amount_per_mwh]
        if sum(amount is not None for amount in given) != 1:
            raise ValueError("give exactly one of share_of_capex_per_year, amount_million_per_year, amount_per_mwh")
        return self


class Replacement(Section):
    """Capital that has to be renewed in operation; expensed for tax in the year in which it is paid, or written off."""

    amount_million: Annotated[Quantity, _MILLION]
    """Cost of one renewal in millions of ``currency``, money of ``price_year``."""
    currency: Currency = "usd"
    """Currency of the amount."""
    price_year: PriceYear
    """Year of whose money the amount is."""
    every_years: Annotated[Quantity, Kind("years", ge=1.0, le=100.0)]
    """Operating years between renewals; none in the last year of operation."""
    tax_life_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)] | None = None
    """Years of straight-line tax depreciation from the payment; absent: deducted when paid."""
    reserve_funded: bool = False
    """Whether money for it is set aside evenly in the years before (major maintenance reserve)."""


class Decommissioning(Section):
    """Removal after the end of operation."""

    amount_million: Annotated[Quantity, _MILLION]
    """Cost in millions of ``currency``, money of ``price_year``."""
    currency: Currency = "usd"
    """Currency of the amount."""
    price_year: PriceYear
    """Year of whose money the amount is."""
    years: Annotated[float, Fixed("years", gt=0.0, le=20.0)] = fallback(1.0)
    """Years over which the cost is spread evenly, from the end of operation."""


class Salvage(Section):
    """What the assets fetch at the end of operation, taxed as income of that period."""

    share_of_capex: Annotated[Quantity, _SHARE]
    """Proceeds as a share of the capital budget."""
    price_year: PriceYear
    """Year of whose money the proceeds are, if indexed."""
    indexed: bool = True
    """Whether the proceeds follow the US dollar price index."""


class Costs(Section):
    """Everything that has to be paid for but the energy itself."""

    items: dict[str, CapitalItem] = Field(min_length=1)
    """Name: part of the investment. An item called ``plant`` is the power plant."""
    contingency: Contingency | None = None
    """Reserve in the budget."""
    operating: dict[str, OperatingCost] = Field(default_factory=dict)
    """Name: yearly cost of operation."""
    replacements: dict[str, Replacement] = Field(default_factory=dict)
    """Name: renewal in operation."""
    decommissioning: Decommissioning | None = None
    """Removal after the end of operation."""
    salvage: Salvage | None = None
    """Proceeds at the end of operation."""

    @property
    def removal_years(self) -> float:
        """Return the years that the removal takes; 0 without one."""
        return self.decommissioning.years if self.decommissioning else 0.0


def usd_at_spot(amount_million: Array, currency: str, money: Money) -> Array:
    """Return an amount in millions of a currency as USD at the rate of time zero (for budgets, not for flows)."""
    spot: Array = money.real_rate[currency][0]
    return amount_million * 1e6 / spot


def budget_usd(costs: Costs, money: Money) -> Array:
    """Return the capital budget, items and contingency without overruns, in USD at spot rates."""
    total: Array = np.zeros(1)
    for item in costs.items.values():
        total = total + usd_at_spot(item.amount_million, item.currency, money)
    if costs.contingency is not None:
        total = total + usd_at_spot(costs.contingency.amount_million, costs.contingency.currency, money)
    return total
