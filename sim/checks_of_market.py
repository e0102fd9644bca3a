"""Checks of the market block: the price ratio and what uses it, shares of schemes, the duration curve."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from sim.base.reach import Finding
from sim.model.market import CapacityPayment, Market
from sim.model.physical import RatioCost
from sim.sections import Scenario

_PEAK = 200.0


def ratio(written: Scenario) -> Iterator[Finding]:
    """Yield a price ratio without use, and a supply cost that lacks what it rests on."""
    market, cost = written.market, written.supply.cost
    kind = cost.kind
    if isinstance(cost, RatioCost) and market.price_ratio is None:
        yield "supply.cost", "kind price_ratio needs market.price_ratio", "add market.price_ratio"
    if not isinstance(cost, RatioCost) and market.price_ratio is not None:
        yield "market.price_ratio", f"does nothing with supply.cost.kind {kind}", "delete it or use kind: price_ratio"
    basis = cost.basis if isinstance(cost, RatioCost) else None
    if basis == "reference" and market.reference_price_per_kwh is None:
        yield "supply.cost", "basis reference needs market.reference_price_per_kwh", "add it"
    if basis in (None, "concurrent_mean") and market.reference_price_per_kwh is not None:
        yield "market.reference_price_per_kwh", "does nothing here", "delete it or use supply.cost.basis: reference"


def shares(market: Market) -> Iterator[Finding]:
    """Yield shares of schemes that do not sum to 1."""
    total = sum(scheme.share for scheme in market.schemes.values() if not isinstance(scheme, CapacityPayment))
    if abs(total - 1.0) > 1e-9:
        yield "market.schemes", f"the shares sum to {total:g}, not to 1", "change the shares"


def curve(market: Market) -> Iterator[Finding]:
    """Yield what is wrong with the duration curve."""
    prices = market.duration_curve
    if prices is None:
        return
    path, points = "market.duration_curve", sorted(prices)
    if not all(math.isfinite(value) for pair in prices.items() for value in pair):
        yield path, "holds a number that is not finite", "write plain numbers"
    elif len(points) < 2 or points[0] != 0.0 or points[-1] != 100.0:
        yield path, "does not run from percentile 0 to 100", "add the missing end"
    elif any(prices[a] > prices[b] for a, b in pairwise(points)):
        yield path, "falls somewhere", "sort the prices in rising order"
    elif prices[0.0] < 0.0 or prices[100.0] <= 0.0:
        yield path, "has prices below 0", "use prices over the mean price, not below 0"
    else:
        mean = sum(0.005 * (b - a) * (prices[a] + prices[b]) for a, b in pairwise(points))
        if not mean * _PEAK > prices[100.0]:
            yield path, f"its highest price is more than {_PEAK:g} times its mean", "make the top of the curve flatter"
