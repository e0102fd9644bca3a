"""Scalar reference model, second part: the construction clock and what is spent on it.

docs/model.md §4, with sanctions docs/sanctions.md §3: FID, pace, stops, lenders who stop, dearer equipment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from scalar_processes import Money, Series, Values
from scalar_sanctions import CALM, World

TIE = 1e-9
"""Two instants [years] closer than this are the same."""
SNAP = 1e-12
"""A construction clock closer than this to a mark has reached it."""


def clock(timeline: Values, periods: int) -> tuple[Series, float]:
    """Return the undisturbed clock at the end of each row and COD (infinite where the grid ends before it)."""
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


def advance(s: float, pace: float, sea: Values | None, fraction: float, length: float) -> tuple[float, float]:
    """Return the clock at the end of one period and the time in it at which it stopped; times count from its start."""
    if sea is None:
        work = min(length, (1.0 - s) / pace)
        return snapped(s + work * pace, 1.0), work
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


# --- spending -----------------------------------------------------------------------------------------------------


def done(s: float | None, work_from: float, work_to: float, shape: str) -> float:
    """Return the share of an item that is spent when the clock stands at s; None: before FID."""
    if s is None:
        return 0.0
    if work_from == work_to:
        return 1.0 if s >= work_from - SNAP else 0.0
    x = min(max((s - work_from) / (work_to - work_from), 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x) if shape == "s_curve" else x


def spent_in_row(values: Values, money: Money, world: World, k: int, before: float | None, after: float) -> Series:
    """Return what a move of the clock in row k costs: every item, then the contingency."""
    costs, shape = values["costs"], values["timeline"]["construction"]["progress"]
    found, overruns = [], 0.0
    for item in costs["items"].values():
        amount = item["amount_million"] * 1e6
        overruns += amount * item["overrun"] / money.spot(item["currency"])
        ends = (item["work_from"], item["work_to"], shape)
        share = done(after, *ends) - done(before, *ends)
        dearer = world.effect(k, "cost_factor", 1.0) if item.get("sanctioned_equipment") else 1.0
        found.append(amount * (1.0 + item["overrun"]) * share * in_usd(money, item, k) * dearer)
    reserve = costs["contingency"]
    if reserve:
        left = max(reserve["amount_million"] * 1e6 / money.spot(reserve["currency"]) - overruns, 0.0)
        share = done(after, 0.0, 1.0, shape) - done(before, 0.0, 1.0, shape)
        found.append(left * share * money.index("usd", reserve["price_year"], k))
    return found


def lives(values: Values) -> list[float | None]:
    """Return the tax lives of what `spent_in_row` lists."""
    parts = list(values["costs"]["items"].values())
    parts += [values["costs"]["contingency"]] if values["costs"]["contingency"] else []
    return [part["tax_life_years"] for part in parts]


def in_usd(money: Money, amount: Values, k: int) -> float:
    """Return nominal US dollars of row k for one unit of an amount's currency in money of its price year."""
    return money.index(amount["currency"], amount["price_year"], k) / money.rate(amount["currency"], k)


def budget_usd(values: Values, money: Money) -> float:
    """Return the capital budget in US dollars at spot rates: items and contingency, no overruns."""
    parts = list(values["costs"]["items"].values())
    if values["costs"]["contingency"]:
        parts.append(values["costs"]["contingency"])
    return math.fsum(part["amount_million"] * 1e6 / money.spot(part["currency"]) for part in parts)


def cost_index(values: Values, money: Money, k: int) -> float:
    """Return c(k): what the budget costs if it is decided at the end of row k (docs/sanctions.md §6)."""
    parts = list(values["costs"]["items"].values())
    parts += [values["costs"]["contingency"]] if values["costs"]["contingency"] else []
    total = 0.0
    for part in parts:
        index = money.index(part["currency"], part["price_year"], k + 1)
        total += part["amount_million"] * index / money.rate(part["currency"], k)
    return total


def cost_move(values: Values, money: Money, world: World) -> float:
    """Return kappa: by what factor costs have moved from time zero to FID; 0 where the project is not invested."""
    if world.fid is None:
        return 0.0
    return cost_index(values, money, world.fid) / cost_index(values, money, 0) if world.fid > 0 else 1.0


# --- building -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Promise:
    """What the agreement says about who pays for building."""

    parts: Mapping[str, float]
    """Planned part of each use by tranche."""
    nations: Mapping[str, str]
    own: float
    """The sponsors' part."""
    standby: float
    """What sponsors have promised beyond it, of the lenders' case, US dollars."""


NOBODY = Promise({}, {}, 1.0, 0.0)


@dataclass
class Site:
    """The building site of one draw; `work` goes through its rows."""

    values: Values
    money: Money
    periods: int
    world: World
    promise: Promise
    clocks: Series = field(default_factory=list)
    cod: float = math.inf
    spent: list[Series] = field(default_factory=list)
    """By row, as `spent_in_row`."""
    remobilisation: Series = field(default_factory=list)
    abandoned: int | None = None
    rows_stopped: int = 0
    lasted: int = 0
    """Rows of the stop that goes on."""
    restart: float = 0.0
    """Time [years] for which the clock still stands after a stop."""
    standby: float = 0.0

    def work(self) -> Site:
        """Go through all rows."""
        self.standby = self.promise.standby * cost_move(self.values, self.money, self.world)
        at_once, fid = self.values["timeline"]["construction"]["years"] == 0.0, self.world.fid
        s: float | None = None
        for k in range(self.periods + 1):
            before, self.remobilisation = s, [*self.remobilisation, 0.0]
            if fid == k == 0:
                s = 1.0 if at_once else 0.0
                self.cod = 0.0 if at_once else math.inf
            elif self.world.begun(k) and self.abandoned is None and (s is None or s < 1.0):
                s = self.row(k, s)
            self.clocks.append(0.0 if s is None else s)
            after = self.clocks[-1]
            nothing = spent_in_row(self.values, self.money, self.world, k, 0.0, 0.0)
            self.spent.append(nothing if s is None else self.costs(k, before, after))
        return self

    def costs(self, k: int, before: float | None, after: float) -> Series:
        """Return what a move of the clock in a row costs."""
        return spent_in_row(self.values, self.money, self.world, k, before, after)

    def stopped_part(self, k: int) -> float:
        """Return mu, the planned parts of the lenders who stop in a row."""
        promise = self.promise
        return sum(a for name, a in promise.parts.items() if self.world.stops(k, name, promise.nations[name]))

    def row(self, k: int, before: float | None) -> float:
        """Return the clock at the end of a row after FID and before COD."""
        m, terms = self.values["timeline"]["periods_per_year"], self.values["sanctions"]["stoppage"]
        pace, mu, own = float(self.world.effect(k, "pace", 1.0)), self.stopped_part(k), self.promise.own
        if mu > 0.0 and own <= 1e-12 and self.standby <= 0.0:
            pace = 0.0
        if pace == 0.0:
            self.rows_stopped, self.lasted = self.rows_stopped + 1, self.lasted + 1
            limit = terms["abandonment_years"] if terms else None
            if limit is not None and self.lasted / m >= limit - TIE:
                self.abandoned = k
            return before or 0.0
        if self.lasted > 0:
            self.lasted = 0
            if terms:
                self.remobilisation[k] = terms["amount_million"] * 1e6 * in_usd(self.money, terms, k)
                self.restart = terms["restart_years"]
        used = min(self.restart, 1.0 / m)
        self.restart -= used
        after, time = self.move(k, before, pace, used)
        cost = math.fsum(self.costs(k, before, after))
        if mu > 0.0 and cost > 0.0:
            slowed = min(1.0, (own * cost + self.standby) / ((own + mu) * cost))
            self.standby -= min(self.standby, max(0.0, (own + mu) * slowed * cost - own * cost))
            if slowed < 1.0:
                self.standby = 0.0
                after, time = self.move(k, before, pace * slowed, used)
        if after >= 1.0:
            self.cod = (k - 1) / m + time
        return after

    def move(self, k: int, before: float | None, pace: float, used: float) -> tuple[float, float]:
        """Return the clock after a row of which a part is used up, and the time in the row at which it stopped."""
        timeline, s = self.values["timeline"], before or 0.0
        m = timeline["periods_per_year"]
        if used >= 1.0 / m or pace <= 0.0:
            return s, 1.0 / m
        speed, fraction = pace / timeline["construction"]["years"], ((k - 1) % m) / m
        after, time = advance(s, speed, timeline["sea_work"], fraction + used, 1.0 / m - used)
        return after, used + time


@dataclass(frozen=True)
class Built:
    """How the building of one draw went."""

    clocks: Series
    cod: float
    capital: list[tuple[float | None, Series]]
    """Tax life and nominal spending by row of every item, of the contingency and of the remobilisation."""
    abandoned: int | None = None
    """Row at whose end it was given up."""
    years_stopped: float = 0.0
    kappa: float = 1.0


def build(values: Values, money: Money, periods: int, world: World = CALM, promise: Promise = NOBODY) -> Built:
    """Build one draw."""
    if not values.get("sanctions"):
        clocks, cod = clock(values["timeline"], periods)
        starts = [None, *clocks[:-1]]
        spent = [spent_in_row(values, money, world, k, starts[k], clocks[k]) for k in range(periods + 1)]
        return Built(clocks, cod, by_item(values, spent))
    site = Site(values, money, periods, world, promise).work()
    capital, terms = by_item(values, site.spent), values["sanctions"]["stoppage"]
    if terms:
        capital.append((terms["tax_life_years"], site.remobilisation))
    stopped = site.rows_stopped / values["timeline"]["periods_per_year"]
    return Built(site.clocks, site.cod, capital, site.abandoned, stopped, cost_move(values, money, world))


def by_item(values: Values, spent: list[Series]) -> list[tuple[float | None, Series]]:
    """Return tax life and spending by row of each item from what each row costs."""
    return [(life, [row[place] for row in spent]) for place, life in enumerate(lives(values))]
