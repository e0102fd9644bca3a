"""Scalar reference model, second part: the construction clock and what is spent on it (docs/model.md §4)."""

from __future__ import annotations

import math
from itertools import pairwise

from scalar_processes import Money, Series, Values

TIE = 1e-9
"""Two instants [years] closer than this are the same."""
SNAP = 1e-12
"""A construction clock closer than this to a mark has reached it."""


def clock(timeline: Values, periods: int) -> tuple[Series, float]:
    """Return the construction clock at the end of each row and COD (infinite where the grid ends before it)."""
    years: float = timeline["construction"]["years"]
    m, sea = timeline["periods_per_year"], timeline["sea_work"]
    if years == 0.0:
        return [1.0] * (periods + 1), 0.0
    if sea is None:
        return [min(1.0, k / m / years) for k in range(periods + 1)], years
    clocks, cod = [0.0], math.inf
    for k in range(1, periods + 1):
        reached, time = advance(clocks[-1], 1.0 / years, sea, ((k - 1) % m) / m, 1.0 / m)
        if clocks[-1] < 1.0 <= reached:
            cod = (k - 1) / m + time
        clocks.append(reached)
    return clocks, cod


def advance(s: float, pace: float, sea: Values, fraction: float, length: float) -> tuple[float, float]:
    """Return the clock at the end of one period and the time in it at which it stopped; times count from its start."""
    begins, ends = sea["begins"], sea["ends"]
    opens, closes = (sea["window_opens_month"] - 1) / 12.0 - fraction, sea["window_closes_month"] / 12.0 - fraction
    now = 0.0
    if s < begins:
        now = min(length, (begins - s) / pace)
        s = snapped(s + now * pace, begins)
    if begins <= s < ends and now < length:
        fits = (ends - begins) / pace <= closes - max(now, opens) + TIE
        several_seasons = (ends - begins) / pace > closes - opens
        if not (s > begins or fits or several_seasons or now <= opens + TIE):
            return s, length
        first = max(now, opens)
        work = min((ends - s) / pace, max(0.0, min(length, closes) - first))
        s, now = snapped(s + work * pace, ends), first + work
    if s >= ends:
        work = min(length - now, (1.0 - s) / pace)
        s, now = snapped(s + work * pace, 1.0), now + work
    return s, now


def snapped(s: float, mark: float) -> float:
    """Return the clock, or the mark if it has come within rounding of it."""
    return mark if s > mark - SNAP else s


def spending_shares(clocks: Series, work_from: float, work_to: float, shape: str) -> Series:
    """Return the share of an item spent in each row; row 0 is the opening."""
    done = [0.0]
    for s in clocks:
        if work_from == work_to:
            done.append(1.0 if s >= work_from - SNAP else 0.0)
        else:
            x = min(max((s - work_from) / (work_to - work_from), 0.0), 1.0)
            done.append(x * x * (3.0 - 2.0 * x) if shape == "s_curve" else x)
    return [after - before for before, after in pairwise(done)]


def spending(values: Values, money: Money, clocks: Series) -> list[tuple[float | None, Series]]:
    """Return tax life and nominal spending by row of every item and of the contingency."""
    costs, shape = values["costs"], values["timeline"]["construction"]["progress"]
    found = []
    overruns = 0.0
    for item in costs["items"].values():
        amount = item["amount_million"] * 1e6
        overruns += amount * item["overrun"] / money.spot(item["currency"])
        shares = spending_shares(clocks, item["work_from"], item["work_to"], shape)
        rows = [amount * (1.0 + item["overrun"]) * share * in_usd(money, item, k) for k, share in enumerate(shares)]
        found.append((item["tax_life_years"], rows))
    reserve = costs["contingency"]
    if reserve:
        left = max(reserve["amount_million"] * 1e6 / money.spot(reserve["currency"]) - overruns, 0.0)
        shares = spending_shares(clocks, 0.0, 1.0, shape)
        rows = [left * share * money.index("usd", reserve["price_year"], k) for k, share in enumerate(shares)]
        found.append((reserve["tax_life_years"], rows))
    return found


def in_usd(money: Money, amount: Values, k: int) -> float:
    """Return nominal US dollars of row k for one unit of an amount's currency in money of its price year."""
    return money.index(amount["currency"], amount["price_year"], k) / money.rate(amount["currency"], k)


def budget_usd(values: Values, money: Money) -> float:
    """Return the capital budget in US dollars at spot rates: items and contingency, no overruns."""
    parts = list(values["costs"]["items"].values())
    if values["costs"]["contingency"]:
        parts.append(values["costs"]["contingency"])
    return math.fsum(part["amount_million"] * 1e6 / money.spot(part["currency"]) for part in parts)
