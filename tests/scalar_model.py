"""Scalar reference model, one draw of the whole model as loops over rows (docs/model.md §1, §5 … §8).

It reads as the definition of the model. It is written from docs/model.md and docs/conventions.md alone and shares no
code with ``sim``; the numpy engine must agree with it. `evaluate` takes the plain values of one draw (see `plain`),
the standard normal shocks of each process and the faults of the cable. Processes and money are in
``scalar_processes``, construction in ``scalar_construction``, tax in ``scalar_tax``, valuation in ``scalar_metrics``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from scalar_construction import TIE, budget_usd, clock, in_usd, spending
from scalar_metrics import metrics
from scalar_processes import Money, Series, Shocks, Values, all_paths, money_of
from scalar_tax import taxes

from sim.base.quantities import Section

Z90 = 1.2815515655446004
Faults = Sequence[Sequence[tuple[float, float]]]
"""Per period: (start as a fraction of the period, repair days) of each fault."""


def plain(filled: Any, column: int) -> Any:
    """Return a filled scenario as plain nested dicts with the numbers of one draw."""
    if isinstance(filled, Section):
        return {name: plain(getattr(filled, name), column) for name in type(filled).model_fields if name != "source"}
    if isinstance(filled, dict):
        return {key: plain(inner, column) for key, inner in filled.items()}
    if hasattr(filled, "shape"):
        return float(filled[column] if len(filled) > 1 else filled[0])
    return filled


def horizon(lenders: Values, largest_life: float) -> int:
    """Return N from the values of the lenders' case and the largest ``operation_years`` (docs §1)."""
    timeline, decommissioning = lenders["timeline"], lenders["costs"]["decommissioning"]
    m = int(timeline["periods_per_year"])
    removal = float(decommissioning["years"]) if decommissioning else 0.0
    _, cod = clock(timeline, 200 * m)
    return m * math.ceil(cod + float(timeline["max_delay_years"]) + largest_life + removal - TIE)


# --- the draw -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draw:
    """One draw: plain values, the paths of its processes, its money, its COD, its faults."""

    values: Values
    paths: Mapping[str, Series]
    money: Money
    periods: int
    cod: float
    faults: Faults | None

    @cached_property
    def m(self) -> int:
        """Periods per year."""
        return int(self.values["timeline"]["periods_per_year"])

    @cached_property
    def dt(self) -> float:
        """Length of a period [years]."""
        return 1.0 / self.m

    @cached_property
    def life(self) -> float:
        """Operating life [years]."""
        return float(self.values["timeline"]["operation_years"])

    def time(self, k: int) -> float:
        """Return t_k."""
        return k / self.m

    def age(self, k: int) -> float:
        """Return the age at the start of a row [years]."""
        return max(self.time(k - 1) - self.cod, 0.0)

    def overlap(self, k: int, start: float, end: float) -> float:
        """Return the time [years] that [start, end] shares with row k; none with the opening row."""
        return max(0.0, min(self.time(k), end) - max(self.time(k - 1), start)) if k > 0 else 0.0

    def operating_share(self, k: int) -> float:
        """Return o_k."""
        return self.overlap(k, self.cod, self.cod + self.life) / self.dt

    def contains(self, k: int, instant: float) -> bool:
        """Say whether t_(k-1) < instant <= t_k."""
        return self.time(k - 1) + TIE < instant <= self.time(k) + TIE

    @cached_property
    def slices(self) -> list[tuple[float, float]]:
        """Weights and levels of the price duration curve."""
        return curve_slices(self.values["market"]["duration_curve"])

    @cached_property
    def budget(self) -> float:
        """Capital budget in US dollars."""
        return budget_usd(self.values, self.money)


# --- operation and losses (§5, §6) --------------------------------------------------------------------------------


def sending_limit(draw: Draw, k: int) -> float:
    """Return Q, the most that can be sent in row k [MW]."""
    supply = draw.values["supply"]
    age, ramp = draw.age(k), supply["ramp_up"]
    built_up = 1.0
    if ramp:
        built_up = min(1.0, ramp["starts_at"] + (1.0 - ramp["starts_at"]) * (age + draw.dt / 2.0) / ramp["years"])
    worn = (1.0 - supply["degradation_per_year"]) ** age
    offered: float = supply["net_capacity_mw"] * supply["availability"] * built_up * worn
    return min(float(draw.values["link"]["capacity_mw"]), offered)


def availability(draw: Draw, k: int) -> float:
    """Return A_k, the share of time for which the link is available."""
    link, outages = draw.values["link"], draw.values["link"]["outages"]
    if outages is None:
        return float(link["availability"])
    if draw.faults is None:
        sigma = math.log(outages["repair_p90_days"] / outages["repair_median_days"]) / Z90
        repair = outages["repair_median_days"] * math.exp(sigma**2 / 2.0)
        repair *= 1.0 + outages["ice_season_share"] * (outages["ice_factor"] - 1.0)
        down = outages["failures_per_100km_year"] * link["length_km"] / 100.0 * repair / 365.0 / outages["poles"]
    else:
        lost = 0.0
        for j, period in enumerate(draw.faults[:k], start=1):
            for fraction, days in period:
                start = draw.time(j - 1) + fraction * draw.dt
                lost += draw.overlap(k, start, start + days / 365.0)
        down = lost / (draw.dt * outages["poles"])
    return max(0.0, 1.0 - float(outages["converter_unavailability"]) - float(down))


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


# --- dispatch (§7) ------------------------------------------------------------------------------------------------


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


# --- trade of one row (§7, §8) ------------------------------------------------------------------------------------


def supply_cost_per_mwh(draw: Draw, k: int, price: float) -> float:
    """Return the supply cost in USD per MWh sent; ``price`` is the nominal mean market price of the row."""
    cost, market, money = draw.values["supply"]["cost"], draw.values["market"], draw.money
    if cost["kind"] == "price_ratio":
        if cost["basis"] == "concurrent_mean":
            return price * 1000.0 / float(market["price_ratio"]) / money.rate(market["currency"], k)
        spot = market["reference_price_per_kwh"] * 1000.0 / market["price_ratio"] / money.spot(market["currency"])
        return float(spot) * money.index(cost["index_currency"], market["price_year"], k)
    if cost["kind"] == "price":
        return draw.paths["supply.cost.price_per_mwh"][k] * in_usd(money, cost, k)
    commodity = draw.values["macro"]["commodities"][cost["commodity"]]
    fuel = draw.paths[f"macro.commodities.{cost['commodity']}.price"][k] * in_usd(money, commodity, k)
    other = cost["variable_om_per_mwh"] + cost["carbon_t_per_mwh"] * cost["carbon_price_per_t"]
    return float(fuel * cost["fuel_units_per_mwh"] * cost["fuel_price_factor"] + other * in_usd(money, cost, k))


def charges_per_mwh(draw: Draw, k: int, supply_cost: float) -> tuple[float, float]:
    """Return the charges in USD per MWh at the sending and at the receiving end."""
    total = {"sending_end": 0.0, "receiving_end": 0.0}
    for charge in draw.values["market"]["charges"].values():
        if charge["share_of_supply_cost"] is not None:
            amount = charge["share_of_supply_cost"] * supply_cost
        else:
            amount = charge["amount_per_mwh"] * in_usd(draw.money, charge, k)
        total[charge["measured_at"]] += amount
    return total["sending_end"], total["receiving_end"]


def agreements(draw: Draw, k: int) -> list[tuple[float, float]]:
    """Return share and nominal price in USD per kWh of each PPA in force in row k."""
    found = []
    for name, scheme in draw.values["market"]["schemes"].items():
        if scheme["kind"] != "ppa" or draw.cod > draw.time(k) or draw.age(k) >= scheme["term_years"] - TIE:
            continue
        price = draw.paths[f"market.schemes.{name}.price_per_kwh"][k] * draw.money.growth(scheme, k)
        found.append((scheme["share"], price / draw.money.rate(scheme["currency"], k)))
    return found


def trade(draw: Draw, k: int) -> dict[str, float]:
    """Return energy, revenue, supply cost and charges of row k."""
    market, line = draw.values["market"], line_of(draw.values["link"])
    index = draw.money.index(market["currency"], market["price_year"], k)
    rate = draw.money.rate(market["currency"], k)
    price = draw.paths["market.price_per_kwh"][k] * index
    unit = supply_cost_per_mwh(draw, k, price)
    at_sending, at_receiving = charges_per_mwh(draw, k, unit)
    limit = line.largest_receipt(sending_limit(draw, k))
    if market["import_limit_mw"] is not None:
        limit = min(limit, market["import_limit_mw"])
    ppas = agreements(draw, k)
    offer = Offer(
        price=price,
        floor=market["price_floor_per_kwh"] * index,
        effect=market["price_effect_per_gw"] / 1000.0 * index,
        sending_cost=(unit + at_sending) * rate / 1000.0,
        receiving_charge=at_receiving * rate / 1000.0,
        limit=limit,
        firm=sum(share for share, _ in ppas) * limit,
        line=line,
        competitive=market["dispatch"] == "competitive",
    )
    earned, received, sent = dispatch(offer, draw.slices)
    hours = 8760.0 * draw.dt * draw.operating_share(k) * availability(draw, k)
    contracted = draw.values["supply"]["take_or_pay_share"] * line.sent(limit) * hours
    return {
        "energy_sent_mwh": sent * hours,
        "energy_delivered_mwh": received * hours,
        "revenue_merchant": earned * hours * 1000.0 / rate,
        "revenue_ppa": sum(share * limit * hours * 1000.0 * agreed for share, agreed in ppas),
        "supply_cost": unit * sent * hours + unit * max(0.0, contracted - sent * hours),
        "charges": at_sending * sent * hours + at_receiving * received * hours,
    }


def capacity_payments(draw: Draw, k: int) -> float:
    """Return what is paid for keeping the link ready in row k."""
    total = 0.0
    for scheme in draw.values["market"]["schemes"].values():
        if scheme["kind"] == "capacity" and draw.age(k) < scheme["term_years"] - TIE:
            yearly = scheme["amount_million_per_year"] * 1e6 * draw.money.growth(scheme, k)
            total += yearly / draw.money.rate(scheme["currency"], k) * draw.dt * draw.operating_share(k)
    return total


# --- other flows (§8) -------------------------------------------------------------------------------------------


def operating_cost(draw: Draw, k: int, energy_sent: float) -> float:
    """Return the operating cost of row k."""
    total, years, full_years = 0.0, draw.dt * draw.operating_share(k), math.floor(draw.age(k) + TIE)
    for cost in draw.values["costs"]["operating"].values():
        index, rate = draw.money.growth(cost, k), draw.money.rate(cost["currency"], k)
        index *= max(0.0, 1.0 - cost["decline_per_year"] * full_years)
        if cost["share_of_capex_per_year"] is not None:
            total += cost["share_of_capex_per_year"] * draw.budget * index * years
        elif cost["amount_million_per_year"] is not None:
            total += cost["amount_million_per_year"] * 1e6 * index / rate * years
        else:
            total += cost["amount_per_mwh"] * index / rate * energy_sent
    return total


def replacement(draw: Draw, item: Values, k: int) -> float:
    """Return what the renewals of one entry cost in row k."""
    total, j = 0.0, 1
    while j * item["every_years"] <= draw.life - 1.0 + TIE:
        if draw.contains(k, draw.cod + j * item["every_years"]):
            total += item["amount_million"] * 1e6 * in_usd(draw.money, item, k)
        j += 1
    return total


def set_aside(draw: Draw, k: int) -> float:
    """Return what has been set aside at the end of row k for renewals with a reserve (docs/financing.md §5, step 4)."""
    total = 0.0
    for item in draw.values["costs"]["replacements"].values():
        every, j = item["every_years"], 1
        while item["reserve_funded"] and j * every <= draw.life - 1.0 + TIE:
            due = draw.cod + j * every
            for later in range(k + 1, draw.periods + 1):
                if draw.contains(later, due):
                    passed = min(max((draw.time(k) - (due - every)) / every, 0.0), 1.0)
                    total += passed * item["amount_million"] * 1e6 * in_usd(draw.money, item, later)
            j += 1
    return total


def decommissioning(draw: Draw, k: int) -> float:
    """Return what removal costs in row k."""
    item, end = draw.values["costs"]["decommissioning"], draw.cod + draw.life
    if not item:
        return 0.0
    share = draw.overlap(k, end, end + item["years"]) / item["years"]
    return float(item["amount_million"] * 1e6 * in_usd(draw.money, item, k) * share)


def salvage(draw: Draw, k: int) -> float:
    """Return the proceeds at the end of operation in row k."""
    item = draw.values["costs"]["salvage"]
    if not item or not draw.contains(k, draw.cod + draw.life):
        return 0.0
    index = draw.money.index("usd", item["price_year"], k) if item["indexed"] else 1.0
    return float(item["share_of_capex"] * draw.budget * index)


def ebitda(row: Mapping[str, float]) -> float:
    """Return the operating result of a row."""
    income = row["revenue_merchant"] + row["revenue_ppa"] + row["revenue_capacity"] + row["salvage"]
    running = row["supply_cost"] + row["charges"] + row["operating_cost"]
    return income - running - row["replacements"] - row["decommissioning"]


def evaluate(values: Values, shocks: Shocks, events: Mapping[str, Faults] | None, periods: int) -> dict[str, Any]:
    """Return the rows (lists, k = 0 … N) and metrics of one draw.

    ``shocks``: path of a process: e_1 … e_N (inflation: per calendar year), correlated; an absent path has no shocks,
    a single number is the score at which each of its averages stands.
    ``events``: {"link.outages": faults of each period}, or None for the expected effect. ``periods``: N.
    """
    paths = all_paths(values, shocks, periods)
    clocks, cod = clock(values["timeline"], periods)
    faults = events.get("link.outages") if events is not None else None
    draw = Draw(values, paths, money_of(values, paths), periods, cod, faults)
    capital, renewed = spending(values, draw.money, clocks), list(values["costs"]["replacements"].values())
    rows = []
    for k in range(periods + 1):
        row = {"progress": clocks[k], "capex": math.fsum(spent[k] for _, spent in capital)}
        row |= {"operating_share": draw.operating_share(k), **trade(draw, k)}
        row["revenue_capacity"] = capacity_payments(draw, k)
        row["operating_cost"] = operating_cost(draw, k, row["energy_sent_mwh"])
        row |= {"replacements": math.fsum(replacement(draw, item, k) for item in renewed)}
        row |= {"maintenance_target": set_aside(draw, k)}
        row |= {"decommissioning": decommissioning(draw, k), "salvage": salvage(draw, k)}
        rows.append({**row, "ebitda": ebitda(row)})
    lives = [(item["tax_life_years"], item) for item in renewed if item["tax_life_years"] is not None]
    renewals = [(life, [replacement(draw, item, k) for k in range(periods + 1)]) for life, item in lives]
    for row, written, paid in zip(rows, *taxes(values, rows, capital, renewals, cod), strict=True):
        row |= {"depreciation": written, "tax": paid, "net": row["ebitda"] - paid - row["capex"]}
    table = {name: [row[name] for row in rows] for name in rows[0]}
    return {**table, **metrics(values, draw.money, cod, table)}
