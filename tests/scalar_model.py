"""Scalar reference model, one draw of the whole model as loops over rows (docs/model.md §1, §5 … §8; sanctions.md §4).

It reads as the definition of the model. It is written from docs/model.md and docs/conventions.md alone and shares no
code with ``sim``; the numpy engine must agree with it. `evaluate` takes the plain values of one draw (see `plain`),
the standard normal shocks of each process and the faults of the cable, and the politics of the draw. Processes and
money are in ``scalar_processes``, what a draw is in ``scalar_draw``, construction in ``scalar_construction``, dispatch
in ``scalar_dispatch``, tax in ``scalar_tax``, valuation in ``scalar_metrics``, politics in ``scalar_sanctions``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scalar_construction import NOBODY, TIE, Promise, Site, build, clock, in_usd
from scalar_dispatch import Offer, dispatch, line_of
from scalar_draw import Z90 as Z90
from scalar_draw import Draw, Faults, availability, sending_limit
from scalar_metrics import metrics
from scalar_processes import Money, Series, Shocks, Values, all_paths, money_of
from scalar_sanctions import CALM, World, case_regime, lenders_world, waiting
from scalar_tax import taxes

from sim.base.quantities import Section


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
    cod = planned_cod(lenders, 200 * m)
    years = cod + float(timeline["max_delay_years"]) + largest_life + removal + waiting(lenders)
    return m * math.ceil(years - TIE)


def planned_cod(lenders: Values, rows: int) -> float:
    """Return COD of the lenders' case; lenders take a regime in which nobody stops."""
    if not lenders.get("sanctions") or lenders["sanctions"]["regimes"][case_regime(lenders)]["pace"] is None:
        return clock(lenders["timeline"], rows)[1]
    free = {**lenders, "costs": {**lenders["costs"], "items": {}, "contingency": None}}
    money = Money(0, int(lenders["timeline"]["periods_per_year"]), {}, {}, {})
    return Site(free, money, rows, lenders_world(lenders, rows), NOBODY).work().cod


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
        price *= 1.0 - draw.world.effect(k, "price_discount", 0.0)
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
        price=price * (1.0 - draw.world.effect(k, "price_discount", 0.0)),
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
        if cost.get("insurance"):
            index *= draw.world.effect(k, "insurance_factor", 1.0)
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


def blocked_revenue(draw: Draw, revenue: Series) -> dict[str, Series]:
    """Return what enters and leaves the blocked account by row, and its balance (docs/sanctions.md §4)."""
    found: dict[str, Series] = {"blocked": [], "released": [], "lost": [], "confiscated": [], "blocked_balance": []}
    balance = 0.0
    for k, earned in enumerate(revenue):
        part, blocked, leaving = draw.world.effect(k, "revenue_blocked", 0.0), 0.0, 0.0
        confiscated = balance if k == draw.seized else 0.0
        balance -= confiscated
        if part == 0.0:
            leaving, balance = balance, 0.0
        else:
            blocked = part * earned
            balance += blocked
        released = leaving * draw.values["sanctions"]["blocked_recovery"] if leaving else 0.0
        row = (blocked, released, leaving - released, confiscated, balance)
        for name, amount in zip(found, row, strict=True):
            found[name].append(amount)
    return found


def ebitda(row: Mapping[str, float]) -> float:
    """Return the operating result of a row."""
    income = row["revenue_merchant"] + row["revenue_ppa"] + row["revenue_capacity"] + row["salvage"]
    running = row["supply_cost"] + row["charges"] + row["operating_cost"]
    held_back = row["blocked"] - row["released"]
    return income - held_back - running - row["replacements"] - row["decommissioning"]


def draw_of(
    values: Values,
    shocks: Shocks,
    events: Mapping[str, Faults] | None,
    periods: int,
    world: World = CALM,
    promise: Promise = NOBODY,
) -> Draw:
    """Return one draw, built; arguments as for `evaluate`."""
    paths = all_paths(values, shocks, periods)
    money = money_of(values, paths)
    faults = events.get("link.outages") if events is not None else None
    return Draw(values, paths, money, periods, build(values, money, periods, world, promise), faults, world)


def table_of(draw: Draw) -> dict[str, Series]:
    """Return the lines of one draw, a number for each row k = 0 … N."""
    values, built, periods = draw.values, draw.built, draw.periods
    renewed, rows = list(values["costs"]["replacements"].values()), []
    for k in range(periods + 1):
        row = {"progress": built.clocks[k], "capex": math.fsum(spent[k] for _, spent in built.capital)}
        row |= {"operating_share": draw.operating_share(k), **trade(draw, k)}
        row["revenue_capacity"] = capacity_payments(draw, k)
        row["operating_cost"] = operating_cost(draw, k, row["energy_sent_mwh"])
        row |= {"replacements": math.fsum(replacement(draw, item, k) for item in renewed)}
        row |= {"maintenance_target": set_aside(draw, k)}
        row |= {"decommissioning": decommissioning(draw, k), "salvage": salvage(draw, k)}
        rows.append(row)
    revenue = [row["revenue_merchant"] + row["revenue_ppa"] + row["revenue_capacity"] for row in rows]
    accounts = blocked_revenue(draw, revenue)
    for k, row in enumerate(rows):
        row |= {name: line[k] for name, line in accounts.items()}
        row["ebitda"] = ebitda(row)
    lives = [(item["tax_life_years"], item) for item in renewed if item["tax_life_years"] is not None]
    renewals = [(life, [replacement(draw, item, k) for k in range(periods + 1)]) for life, item in lives]
    for row, written, paid in zip(rows, *taxes(values, rows, built.capital, renewals, draw.cod), strict=True):
        row |= {"depreciation": written, "tax": paid, "net": row["ebitda"] - paid - row["capex"]}
    return {name: [row[name] for row in rows] for name in rows[0]}


def evaluate(
    values: Values,
    shocks: Shocks,
    events: Mapping[str, Faults] | None,
    periods: int,
    world: World = CALM,
    promise: Promise = NOBODY,
) -> dict[str, Any]:
    """Return the rows (lists, k = 0 … N) and metrics of one draw.

    ``shocks``: path of a process: e_1 … e_N (inflation: per calendar year), correlated; an absent path has no shocks,
    a single number is the score at which each of its averages stands.
    ``events``: {"link.outages": faults of each period}, or None for the expected effect. ``periods``: N.
    ``world``: politics; ``promise``: who pays for building.
    """
    draw = draw_of(values, shocks, events, periods, world, promise)
    table = table_of(draw)
    return {**table, **metrics(values, draw.money, draw.cod, table, draw.built, world)}
