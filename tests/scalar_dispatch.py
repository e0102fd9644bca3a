"""Scalar reference model: losses between the ends and the dispatch of one row (docs/model.md §6, §7)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scalar_processes import Values


@dataclass(frozen=True)
class Line:
    """What is lost between the ends: to receive r one sends r · per_mw + rho · r²."""

    per_mw: float
    rho: float

    def sent(self, received: float) -> float:
        """Return q(r) [MW]."""
        return received * self.per_mw + self.rho * received**2

    def largest_receipt(self, limit: float) -> float:
        """Return the r with q(r) = limit: the root of the quadratic in a form that also holds for rho = 0."""
        return 2.0 * limit / (self.per_mw + math.sqrt(self.per_mw**2 + 4.0 * self.rho * limit))


def line_of(link: Values) -> Line:
    """Return the losses of the link."""
    kept = 1.0 - link["converter_loss"]
    loss = link["line_loss_per_1000km"] * (link["length_km"] + link["onshore_km"]) / 1000.0
    full = kept * (1.0 - loss) * link["capacity_mw"]
    return Line(1.0 / kept, loss * link["capacity_mw"] / full**2)


def curve_slices(curve: Mapping[float, float] | None) -> list[tuple[float, float]]:
    """Return (weight, mean level) of the bins [j · 0.02, (j + 1) · 0.02) of the curve scaled to mean 1."""
    if curve is None:
        return [(1.0, 1.0)]
    points = [(percentile / 100.0, curve[percentile]) for percentile in sorted(curve)]
    pieces = list(pairwise(points))
    mean = math.fsum((p1 - p0) * (y0 + y1) / 2.0 for (p0, y0), (p1, y1) in pieces)
    weight: dict[int, float] = {}
    integral: dict[int, float] = {}
    for (p0, low), (p1, high) in pieces:
        y0, y1 = low / mean, high / mean
        for j in range(math.floor(y0 / 0.02), math.floor(y1 / 0.02) + 1):
            if y0 == y1:
                share, level = p1 - p0, y0
            else:
                bottom, top = max(y0, j * 0.02), min(y1, (j + 1) * 0.02)
                share, level = (p1 - p0) * (top - bottom) / (y1 - y0), (bottom + top) / 2.0
            weight[j] = weight.get(j, 0.0) + share
            integral[j] = integral.get(j, 0.0) + share * level
    return [(weight[j], integral[j] / weight[j]) for j in sorted(weight) if weight[j] > 0.0]


@dataclass(frozen=True)
class Offer:
    """The terms of one row: market currency per kWh, MW received."""

    price: float
    floor: float
    effect: float
    sending_cost: float
    receiving_charge: float
    limit: float
    firm: float
    line: Line
    competitive: bool


def dispatch(offer: Offer, slices: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return merchant revenue rate, MW received and MW sent (PPA power included), each a mean over the slices."""
    a, b, c, rho = offer.firm, offer.effect, offer.sending_cost, offer.line.rho
    room = max(offer.limit - a, 0.0)
    hurdle = c * offer.line.per_mw + offer.receiving_charge + b * a + 2.0 * c * rho * a
    slope = (b if offer.competitive else 2.0 * b) + 2.0 * c * rho
    rate = received = sent = 0.0
    for weight, level in slices:
        price = max(offer.price * level, offer.floor)
        if slope == 0.0:
            r = room if price > hurdle else 0.0
        else:
            r = min(max((price - hurdle) / slope, 0.0), room)
        rate += weight * r * (price - b * a - b * r)
        received += weight * (a + r)
        sent += weight * offer.line.sent(a + r)
    return rate, received, sent
