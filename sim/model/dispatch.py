"""Dispatch of a link that moves the price: the most profitable flow in every hour, without looping over hours.

The hours of a period are slices of a normalised duration curve, price_i = max(level · y_i, floor). In a slice the link
receives r_i = clip((price_i - h) / d, 0, room): nothing below the threshold h, growing with slope 1/d, full above
h + d · room. Energy, revenue and power sent are polynomials in the price between the two thresholds, so that partial
sums of w, w y and w y^2 over the curve give them at once (docs/model.md, section 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.model.physical import Losses

Array = NDArray[np.float64]
Index = NDArray[np.intp]
BIN = 0.02
"""Width of a slice of the duration curve, in multiples of the mean price."""


_STEEP = 1e-30
"""Slopes below this are none: the flow is all or nothing."""


@dataclass(frozen=True)
class Curve:
    """A normalised duration curve as slices of equal width in price, with cumulative sums (slices + 1,)."""

    level: Array
    """Price of each slice over the mean price, rising; a last entry of +inf ends it."""
    weight: Array
    """Cumulative share of the hours."""
    first: Array
    """Cumulative sum of share · level."""
    second: Array
    """Cumulative sum of share · level^2."""

    def below(self, x: Array) -> Index:
        """Return the number of slices with level <= x, shape of x."""
        last = self.level.size - 1
        cell = np.minimum(x * (1.0 / BIN), float(last)).astype(np.intp)
        return cell + (self.level[cell] <= x)


def curve(quantiles: Mapping[float, float] | None) -> Curve:
    """Return the slices of a duration curve given as percentile (0 … 100): price over mean, linear in between.

    Absent: one price. The curve is scaled to mean 1; each slice carries its probability and its conditional mean.
    """
    if quantiles is None:
        quantiles = {0.0: 1.0, 100.0: 1.0}
    share = np.array(sorted(quantiles)) / 100.0
    price = np.array([quantiles[point] for point in sorted(quantiles)])
    price = price / float(np.sum(np.diff(share) * 0.5 * (price[1:] + price[:-1])))
    slices = int(np.floor(price[-1] / BIN)) + 1
    weight, total = np.zeros(slices), np.zeros(slices)
    for (low, high), part in zip(pairwise(price), np.diff(share), strict=True):
        _spread(float(low), float(high), float(part), weight, total)
    filled = weight > 0.0
    level = np.where(filled, total / np.where(filled, weight, 1.0), (np.arange(slices) + 0.5) * BIN)
    sums = (np.concatenate([[0.0], np.cumsum(x)]) for x in (weight, weight * level, weight * level**2))
    return Curve(np.append(level, np.inf), *sums)


def _spread(low: float, high: float, part: float, weight: Array, total: Array) -> None:
    """Add a straight piece of the curve, ``part`` of the hours from ``low`` to ``high``, to the slices it crosses."""
    if high <= low:
        cell = int(low / BIN)
        weight[cell] += part
        total[cell] += part * low
        return
    for cell in range(int(low / BIN), min(int(high / BIN), weight.size - 1) + 1):
        start, end = max(low, cell * BIN), min(high, (cell + 1) * BIN)
        if end > start:
            share = part * (end - start) / (high - low)
            weight[cell] += share
            total[cell] += share * 0.5 * (start + end)


@dataclass(frozen=True)
class Terms:
    """What dispatch sees in each row, market currency per kWh unless said; arrays (periods + 1, 1 or draws)."""

    level: Array
    """Mean price before the link's own effect."""
    floor: Array
    """Lowest price."""
    cost: Array
    """Cost of a kWh sent."""
    charge: Array
    """Charge on a kWh received."""
    effect: Array
    """Fall of the price per MW received."""
    limit_mw: Array
    """Largest power received."""
    firm_mw: Array | None
    """Power received under contracts at all hours; None: nothing is contracted."""


@dataclass(frozen=True)
class Flow:
    """Averages over the hours of a row: power received and sent [MW], market revenue [MW · currency per kWh]."""

    received: Array
    sent: Array
    revenue: Array


def dispatch(terms: Terms, losses: Losses, hours: Curve, competitive: bool) -> Flow:
    """Return the flow that earns most (``profit``) or that leaves no margin (``competitive``), averaged over the hours.

    Profit: d = 2 (effect + cost · square); competitive: d = effect + 2 cost · square. The threshold h holds marginal
    cost, charges, and the price effect of contracted power.
    """
    extra = terms.cost * losses.square
    slope = terms.effect + 2.0 * extra if competitive else 2.0 * (terms.effect + extra)
    threshold = terms.cost * losses.gain + terms.charge
    room, lowered = terms.limit_mw, None
    if terms.firm_mw is not None:
        room = room - terms.firm_mw
        lowered = terms.effect * terms.firm_mw
        threshold = threshold + lowered + 2.0 * extra * terms.firm_mw
    level = np.maximum(terms.level, 1e-100)
    start = hours.below(threshold / level)
    full = np.maximum(hours.below((threshold + slope * room) / level), start)
    if np.any(terms.level <= 0.0):  # a process that turned negative: no hour has a price
        none = np.broadcast_to(hours.level.size - 1, start.shape)
        start, full = np.where(terms.level > 0.0, start, none), np.where(terms.level > 0.0, full, none)
    low_hours = None
    if np.any(threshold < terms.floor):
        low_hours = np.where(threshold < terms.floor, hours.below(np.nextafter(terms.floor / level, 0.0)), 0)
        start, full = np.maximum(start, low_hours), np.maximum(full, low_hours)
    received, squared, revenue = _moments(hours, start, full, level, threshold, slope, room, terms.effect, lowered)
    if low_hours is not None:
        share = hours.weight[low_hours]
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.where(slope > _STEEP, (terms.floor - threshold) / slope, np.inf)
        flow = np.clip(wanted, 0.0, room)
        received = received + share * flow
        squared = squared + share * flow * flow
        revenue = revenue + share * flow * (terms.floor - (0.0 if lowered is None else lowered) - terms.effect * flow)
    sent = losses.gain * received + losses.square * squared
    if terms.firm_mw is not None:
        sent = sent + losses.sent(terms.firm_mw) + 2.0 * losses.square * terms.firm_mw * received
        received = received + terms.firm_mw
    return Flow(received, sent, revenue)


def _moments(
    hours: Curve,
    start: Index,
    full: Index,
    level: Array,
    threshold: Array,
    slope: Array,
    room: Array,
    effect: Array,
    lowered: Array | None,
) -> tuple[Array, Array, Array]:
    """Return mean merchant flow, mean squared flow and mean revenue over the slices from ``start`` on."""
    at_full = hours.weight[full]
    m0 = at_full - hours.weight[start]
    first = hours.first[full]
    m1 = level * (first - hours.first[start])
    m2 = level * level * (hours.second[full] - hours.second[start])
    steep = slope > _STEEP
    inverse = 1.0 / (slope if steep.all() else np.where(steep, slope, 1.0))
    own = effect * inverse
    always = hours.weight[-1] - at_full
    margin = m1 - threshold * m0
    received = margin * inverse + room * always
    squared = (m2 - threshold * (m1 + margin)) * (inverse * inverse) + room * room * always
    base = m2 - threshold * m1 - own * (m2 - threshold * (m1 + margin))
    price = level * (hours.first[-1] - first) - effect * room * always
    if lowered is not None:
        base = base - lowered * margin
        price = price - lowered * always
    return received, squared, base * inverse + room * price
