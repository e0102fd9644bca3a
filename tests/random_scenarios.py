"""Random small scenarios that between them use every option of the model; plain data for ``sim.scenario.from_data``.

Sections are written in the order in which they are declared, because correlations go by that order.
"""

from __future__ import annotations

import random
from typing import Any

Data = dict[str, Any]

START = 2030
UNIT = {"usd": 1.0, "jpy": 150.0, "eur": 0.9}
"""Rough exchange rates, so that amounts in every currency are of the same size."""


# --- numbers ------------------------------------------------------------------------------------------------------


def chance(rng: random.Random, probability: float) -> bool:
    """Return True with a probability."""
    return rng.random() < probability


def uncertain(rng: random.Random, low: float, high: float) -> Data:
    """Return an uncertain leaf of a random distribution whose support lies inside [low, high], 0 <= low < high."""
    width, mid = high - low, 0.5 * (low + high)
    mode, ends = rng.uniform(low, high), {"min": low, "max": high}
    forms: list[Data] = [
        {"dist": "uniform", **ends},
        {"dist": "triangular", "min": low, "mode": mode, "max": high},
        {"dist": "triangular", "p10": mid - width / 4.0, "mode": mid, "p90": mid + width / 4.0},
        {"dist": "pert", "min": low, "mode": mode, "max": high},
        {"dist": "pert", "min": low, "mode": mode, "max": high, "lam": 2.5},
        {"dist": "normal", "mean": mid, "sd": width / 3.0, **ends},
        {"dist": "discrete", "weights": {low: 0.25, mid: 0.45, high: 0.3}},
        {"dist": "empirical", "quantiles": {0.0: low, 0.4: mode, 1.0: high}},
    ]
    if mid > 0.0:
        forms += [
            {"dist": "lognormal", "median": mid, "sigma": 0.4, **ends},
            {"dist": "lognormal", "mean": mid, "sd": 0.3 * mid, **ends},
            {"dist": "lognormal", "p10": 0.7 * mid, "p90": 1.3 * mid, **ends},
        ]
    if high <= 1.0 and width > 0.02:
        forms.append({"dist": "beta", "a": rng.uniform(1.0, 4.0), "b": rng.uniform(1.0, 4.0), **ends})
    leaf = rng.choice(forms)
    return {**leaf, "source": "assumption"} if chance(rng, 0.2) else leaf


def number(rng: random.Random, low: float, high: float, doubt: float = 0.25) -> Any:
    """Return a leaf inside [low, high]: a number, a number with its source or an uncertain leaf."""
    if chance(rng, doubt):
        return uncertain(rng, low, high)
    value = rng.uniform(low, high)
    return {"value": value, "source": "assumption"} if chance(rng, 0.1) else value


def maybe(rng: random.Random, data: Data, key: str, value: Any, probability: float = 0.5) -> None:
    """Put a value under a key with a probability, otherwise leave the default."""
    if chance(rng, probability):
        data[key] = value


def price_year(rng: random.Random) -> int:
    """Return a price year before, at or after the start year."""
    return START + rng.choice([-3, -1, 0, 0, 1, 2])


def currency(rng: random.Random) -> str:
    """Return a currency."""
    return rng.choice(list(UNIT))


def priced(rng: random.Random, key: str, low: float, high: float) -> Data:
    """Return an amount of money, given in USD, with its currency and price year."""
    unit = currency(rng)
    data: Data = {key: number(rng, low * UNIT[unit], high * UNIT[unit]), "currency": unit}
    data["price_year"] = price_year(rng)
    if unit == "usd" and chance(rng, 0.3):
        del data["currency"]
    return data


def process(rng: random.Random, level: float, kinds: tuple[str, ...]) -> Data:
    """Return a random process of a size; volatilities are small enough for the level of an ou to stay positive."""
    kind = rng.choice(kinds)
    low, high = 0.8 * level, 1.25 * level
    if kind == "constant":
        return {"process": kind, "value": number(rng, low, high)}
    if kind == "scripted":
        years = sorted(rng.sample(range(START - 2, START + 9), rng.randint(1, 4)))
        return {"process": kind, "values": {year: number(rng, low, high) for year in years}}
    data: Data = {"process": kind, "spot": number(rng, low, high)}
    still = chance(rng, 0.1)
    if kind == "ou":
        data["mean_level"] = number(rng, low, high)
        data["reversion_per_year"] = 0.0 if chance(rng, 0.1) else number(rng, 0.05, 2.0)
        data["volatility"] = 0.0 if still else number(rng, 0.005 * level, 0.04 * level)
        return data
    if kind == "log_ou":
        data["median_level"] = number(rng, low, high)
    maybe(rng, data, "log_drift", number(rng, 0.0, 0.03) if chance(rng, 0.7) else -0.02)
    if kind == "log_ou":
        data["reversion_per_year"] = 0.0 if chance(rng, 0.1) else number(rng, 0.02, 4.0)
    data["volatility"] = 0.0 if still else number(rng, 0.02, 0.3)
    return data


ANY = ("constant", "scripted", "log_ou", "ou", "gbm")
RATE = ("constant", "scripted", "ou")


# --- sections -----------------------------------------------------------------------------------------------------


def timeline(rng: random.Random) -> Data:
    """Return the calendar; round building times only where no laying window could tie with them."""
    sea = chance(rng, 0.5)
    years: Any = number(rng, 1.0, 4.0, 0.5)
    if chance(rng, 0.2):
        years = 0.0
    elif not sea and chance(rng, 0.3):
        years = float(rng.randint(1, 4))
    data: Data = {"start_year": START, "periods_per_year": rng.choice([1, 1, 1, 2, 2, 2, 4, 12])}
    data["construction"] = {"years": years}
    maybe(rng, data["construction"], "progress", rng.choice(["linear", "s_curve"]), 0.7)
    if sea:
        opens = rng.randint(1, 10)
        begins = 0.0 if chance(rng, 0.1) else number(rng, 0.1, 0.4)
        ends = 1.0 if chance(rng, 0.1) else number(rng, 0.41, 0.95)
        closes = rng.randint(opens, 12)
        data["sea_work"] = {"begins": begins, "ends": ends}
        data["sea_work"] |= {"window_opens_month": opens, "window_closes_month": closes}
    data["operation_years"] = rng.choice([float(rng.randint(3, 8)), number(rng, 3.0, 8.0, 0.5)])
    maybe(rng, data, "max_delay_years", rng.choice([0.0, 1.0, 2.5]), 0.9)
    return data


def macro(rng: random.Random) -> Data:
    """Return inflation, exchange rates and two commodities."""
    data: Data = {"inflation": {}, "fx": {}, "commodities": {}}
    for name in UNIT:
        data["inflation"][name] = process(rng, rng.choice([0.005, 0.02, 0.04]), RATE)
    for name in ("jpy", "eur"):
        data["fx"][name] = {"rate": process(rng, UNIT[name], ANY)}
        maybe(rng, data["fx"][name], "follows_inflation", chance(rng, 0.4))
    for name, level in (("coal", 90.0), ("gas", 25.0)):
        unit = currency(rng)
        data["commodities"][name] = {"price": process(rng, level * UNIT[unit], ANY), "currency": unit}
        data["commodities"][name] |= {"price_year": price_year(rng), "unit": "t"}
    return data


def capital_item(rng: random.Random) -> Data:
    """Return a part of the investment; work may begin and end at one clock."""
    data = priced(rng, "amount_million", 100.0, 2500.0)
    if chance(rng, 0.6):
        data["overrun"] = rng.choice([number(rng, 0.0, 0.6, 0.6), -rng.uniform(0.0, 0.2)])
    together = rng.choice([0.0, 1.0, rng.uniform(0.0, 1.0)])
    spans: list[Data] = [{}, {"work_from": number(rng, 0.0, 0.45), "work_to": number(rng, 0.46, 1.0)}]
    data |= rng.choice([*spans, {"work_from": together, "work_to": together}])
    maybe(rng, data, "tax_life_years", number(rng, 2.0, 12.0), 0.7)
    return data


def operating_cost(rng: random.Random) -> Data:
    """Return a yearly cost of one of the three kinds."""
    kind = rng.randrange(3)
    data = priced(rng, ("share_of_capex_per_year", "amount_million_per_year", "amount_per_mwh")[kind], 2.0, 60.0)
    if kind == 0:
        data["share_of_capex_per_year"] = number(rng, 0.005, 0.03)
        data.pop("currency", None)  # a share of the investment is in US dollars
    elif kind == 2:
        data["amount_per_mwh"] = number(rng, 0.2, 6.0)
    maybe(rng, data, "indexed", chance(rng, 0.5))
    maybe(rng, data, "escalation_per_year", number(rng, 0.0, 0.03) if chance(rng, 0.7) else -0.01)
    maybe(rng, data, "decline_per_year", rng.choice([0.2, number(rng, 0.0, 0.3)]), 0.3)
    return data


def costs(rng: random.Random) -> Data:
    """Return everything to be paid but the energy."""
    names = rng.sample(["plant", "cable", "converters"], rng.randint(1, 3))
    data: Data = {"items": {name: capital_item(rng) for name in names}}
    if chance(rng, 0.6):
        data["contingency"] = priced(rng, "amount_million", 10.0, 600.0)
        maybe(rng, data["contingency"], "tax_life_years", number(rng, 2.0, 12.0))
    data["operating"] = {f"cost_{i}": operating_cost(rng) for i in range(rng.randint(0, 3))}
    if chance(rng, 0.4):
        renewal = priced(rng, "amount_million", 5.0, 200.0)
        renewal["every_years"] = rng.choice([1.0, 2.0, number(rng, 1.0, 4.0, 0.5)])
        maybe(rng, renewal, "tax_life_years", rng.choice([0.7, number(rng, 1.0, 5.0)]))
        maybe(rng, renewal, "reserve_funded", True)
        data["replacements"] = {"control": renewal}
    if chance(rng, 0.5):
        data["decommissioning"] = priced(rng, "amount_million", 5.0, 200.0)
        maybe(rng, data["decommissioning"], "years", rng.choice([0.5, 1.0, 2.3]))
    if chance(rng, 0.4):
        data["salvage"] = {"share_of_capex": number(rng, 0.0, 0.3), "price_year": price_year(rng)}
        maybe(rng, data["salvage"], "indexed", chance(rng, 0.3))
    return data


def link(rng: random.Random) -> Data:
    """Return the interconnector, with a share of availability or with faults."""
    data: Data = {"capacity_mw": number(rng, 500.0, 3000.0), "length_km": number(rng, 0.0, 900.0)}
    maybe(rng, data, "onshore_km", number(rng, 0.0, 1500.0))
    data["converter_loss"] = 0.0 if chance(rng, 0.1) else number(rng, 0.005, 0.03)
    maybe(rng, data, "line_loss_per_1000km", number(rng, 0.005, 0.06), 0.6)
    if chance(rng, 0.5):
        data["availability"] = number(rng, 0.7, 1.0)
        return data
    data["outages"] = {"failures_per_100km_year": number(rng, 0.01, 0.3)}
    data["outages"] |= {"repair_median_days": number(rng, 20.0, 60.0), "repair_p90_days": number(rng, 61.0, 200.0)}
    maybe(rng, data["outages"], "ice_factor", number(rng, 1.0, 3.0))
    maybe(rng, data["outages"], "ice_season_share", number(rng, 0.0, 0.5))
    data["outages"]["poles"] = rng.randint(1, 3)
    maybe(rng, data["outages"], "converter_unavailability", number(rng, 0.0, 0.05))
    return data


def supply_cost(rng: random.Random) -> Data:
    """Return the cost of a MWh at the sending end, of any kind."""
    kind = rng.choice(["price_ratio", "price", "fuel"])
    data: Data = {"kind": kind}
    if kind == "price_ratio":
        maybe(rng, data, "basis", rng.choice(["reference", "concurrent_mean"]), 0.8)
        maybe(rng, data, "index_currency", currency(rng))
        return data
    unit = currency(rng)
    if kind == "price":
        data["price_per_mwh"] = process(rng, rng.uniform(5.0, 60.0) * UNIT[unit], ANY)
    else:
        data |= {"commodity": rng.choice(["coal", "gas"]), "fuel_units_per_mwh": number(rng, 0.1, 0.5)}
        maybe(rng, data, "fuel_price_factor", number(rng, 0.3, 1.2))
        maybe(rng, data, "variable_om_per_mwh", number(rng, 0.0, 4.0 * UNIT[unit]))
        maybe(rng, data, "carbon_t_per_mwh", number(rng, 0.2, 0.9))
        maybe(rng, data, "carbon_price_per_t", number(rng, 0.0, 30.0 * UNIT[unit]))
    return data | {"currency": unit, "price_year": price_year(rng)}


def supply(rng: random.Random) -> Data:
    """Return the plant at the sending end."""
    data: Data = {"net_capacity_mw": number(rng, 500.0, 3000.0), "availability": number(rng, 0.5, 1.0)}
    if chance(rng, 0.4):
        data["ramp_up"] = {"starts_at": number(rng, 0.2, 0.8), "years": number(rng, 0.5, 4.0)}
    maybe(rng, data, "degradation_per_year", number(rng, 0.0, 0.03))
    data["cost_basis"] = rng.choice(["variable", "full"])
    data["cost"] = supply_cost(rng)
    maybe(rng, data, "take_or_pay_share", number(rng, 0.3, 1.0), 0.4)
    return data


def charge(rng: random.Random) -> Data:
    """Return a payment per MWh of either kind, at either end."""
    if chance(rng, 0.4):
        data: Data = {"share_of_supply_cost": number(rng, 0.0, 0.2), "measured_at": "sending_end"}
        return data | {"price_year": price_year(rng)}
    end = rng.choice(["sending_end", "receiving_end"])
    return {**priced(rng, "amount_per_mwh", 0.5, 8.0), "measured_at": end}


def curve(rng: random.Random) -> dict[float, float]:
    """Return a rising price duration curve, with flat pieces sometimes; any mean."""
    inner = sorted(rng.sample(range(1, 100), rng.randint(0, 6)))
    points = [0.0, *(float(point) for point in inner), 100.0]
    levels = sorted(rng.uniform(0.0, 1.3) for _ in points)
    levels[-1] += rng.uniform(0.0, 1.5)
    if len(levels) > 3 and chance(rng, 0.4):
        levels[1] = levels[2]
    if chance(rng, 0.2):
        levels[0] = 0.0
    return dict(zip(points, levels, strict=True))


def ppa(rng: random.Random, share: float) -> Data:
    """Return a power purchase agreement with a term shorter or longer than the life."""
    unit = currency(rng)
    data: Data = {"kind": "ppa", "share": share}
    data |= {"price_per_kwh": process(rng, rng.uniform(0.04, 0.14) * UNIT[unit], ANY), "currency": unit}
    data["price_year"] = price_year(rng)
    maybe(rng, data, "indexed", chance(rng, 0.5))
    maybe(rng, data, "escalation_per_year", number(rng, 0.0, 0.03))
    return data | {"term_years": rng.choice([float(rng.randint(1, 10)), number(rng, 1.0, 12.0)])}


def capacity(rng: random.Random) -> Data:
    """Return a payment for keeping the link ready."""
    data = {"kind": "capacity", **priced(rng, "amount_million_per_year", 5.0, 200.0)}
    maybe(rng, data, "indexed", chance(rng, 0.5))
    maybe(rng, data, "escalation_per_year", number(rng, 0.0, 0.03))
    return data | {"term_years": rng.choice([float(rng.randint(1, 10)), number(rng, 1.0, 12.0)])}


def schemes(rng: random.Random) -> Data:
    """Return merchant and contracted shares that sum to 1, sometimes with a payment for keeping the link ready."""
    return sold(rng) | ({"ready": capacity(rng)} if chance(rng, 0.25) else {})


def sold(rng: random.Random) -> Data:
    """Return merchant and contracted shares that sum to 1."""
    mix = rng.choice(["merchant", "merchant", "ppa", "both", "both", "two"])
    share = rng.choice([0.25, 0.5, rng.uniform(0.1, 0.9)])
    if mix == "merchant":
        return {"spot": {"kind": "merchant", "share": 1.0}}
    if mix == "ppa":
        return {"utility": ppa(rng, 1.0)}
    if mix == "both":
        return {"utility": ppa(rng, share), "spot": {"kind": "merchant", "share": 1.0 - share}}
    return {
        "utility": ppa(rng, share / 2.0),
        "spot": {"kind": "merchant", "share": 1.0 - share},
        "works": ppa(rng, share / 2.0),
    }


def fuel_linked(rng: random.Random, level: float) -> Data:
    """Return a market price linked to a commodity; the intercept undoes the size of the commodity's price."""
    data: Data = {"process": "fuel_linked", "commodity": rng.choice(["coal", "gas"])}
    data |= {"intercept": rng.uniform(0.0, 0.6) - 2.0 + (0.0 if level < 1.0 else 3.2)}
    data["elasticity"] = number(rng, 0.05, 0.3)
    maybe(rng, data, "season_factor", number(rng, 0.9, 1.1))
    data["reversion_per_year"] = 0.0 if chance(rng, 0.1) else number(rng, 0.2, 4.0)
    data["volatility"] = 0.0 if chance(rng, 0.1) else number(rng, 0.05, 0.3)
    return data


def market(rng: random.Random, cost: Data) -> Data:
    """Return the receiving end; ratio and reference price only where the supply cost needs them."""
    unit = currency(rng)
    level = rng.uniform(0.04, 0.16) * UNIT[unit]
    price = fuel_linked(rng, level) if chance(rng, 0.25) else process(rng, level, ANY)
    data: Data = {"currency": unit, "price_year": price_year(rng), "price_per_kwh": price}
    if chance(rng, 0.6):
        data["duration_curve"] = curve(rng)
    maybe(rng, data, "price_floor_per_kwh", number(rng, 0.0, 0.6 * level), 0.4)
    maybe(rng, data, "price_effect_per_gw", number(rng, 0.02 * level, 0.3 * level), 0.6)
    if cost["kind"] == "price_ratio":
        data["price_ratio"] = number(rng, 1.2, 6.0)
        if cost.get("basis", "reference") == "reference":
            data["reference_price_per_kwh"] = number(rng, 0.8 * level, 1.2 * level)
    maybe(rng, data, "dispatch", rng.choice(["profit", "competitive"]), 0.7)
    maybe(rng, data, "import_limit_mw", number(rng, 400.0, 2500.0), 0.4)
    data["charges"] = {f"charge_{i}": charge(rng) for i in range(rng.randint(0, 3))}
    data["schemes"] = schemes(rng)
    return data


def evaluation(rng: random.Random) -> Data:
    """Return the discount rate and sometimes a benchmark."""
    data: Data = {rng.choice(["discount_rate_real", "discount_rate_nominal"]): number(rng, 0.02, 0.12)}
    compare = rng.choice(["yearly_trade", "investment"])
    maybe(rng, data, "benchmarks", {"gdp": {"amount_usd": number(rng, 1e9, 1e10), "compare": compare}}, 0.3)
    return data


def depreciation(rng: random.Random) -> Data:
    """Return one of the ways to write costs off."""
    data: Data = {"method": rng.choice(["straight_line", "declining_balance", "custom"])}
    if data["method"] == "declining_balance":
        data["factor"] = number(rng, 0.5, 4.0)
    elif data["method"] == "custom":
        parts = [rng.uniform(0.0, 1.0) for _ in range(rng.randint(1, 6))]
        whole = sum(parts) * rng.choice([1.0, 1.0, 1.3])
        data["shares"] = {year: part / whole for year, part in enumerate(parts, start=1)}
    elif chance(rng, 0.3):
        del data["method"]
    maybe(rng, data, "half_year", chance(rng, 0.7))
    return data


def jurisdiction(rng: random.Random, m: int) -> Data:
    """Return a state that taxes the profit, without its share."""
    data: Data = {"rate": 0.0 if chance(rng, 0.15) else number(rng, 0.1, 0.35)}
    maybe(rng, data, "losses", rng.choice(["refunded", "carried_forward"]), 0.5)
    maybe(rng, data, "loss_limit", rng.choice([0.5, number(rng, 0.0, 1.0)]), 0.4)
    maybe(rng, data, "loss_expiry_years", rng.choice([1.0, 2.0, rng.randint(1, 9 * m) / m]), 0.4)
    maybe(rng, data, "depreciation", depreciation(rng), 0.7)
    return data


def tax(rng: random.Random, m: int) -> Data:
    """Return one or two jurisdictions."""
    if chance(rng, 0.5):
        return {"jurisdictions": {"home": jurisdiction(rng, m)}}
    share = rng.choice([0.5, 1.0, rng.uniform(0.0, 1.0)])
    home, abroad = {"share": share, **jurisdiction(rng, m)}, {"share": 1.0 - share, **jurisdiction(rng, m)}
    return {"jurisdictions": {"home": home, "abroad": abroad}}


# --- correlations and the whole -----------------------------------------------------------------------------------


def paths(item: Any, mark: str, path: str = "") -> list[str]:
    """Return the dotted paths of all blocks that carry a mark: "dist" or a "process" with shocks."""
    if not isinstance(item, dict):
        return []
    found = []
    if mark in item and item[mark] not in ("constant", "scripted"):
        found.append(path)
    for key, inner in item.items():
        found += paths(inner, mark, f"{path}.{key}" if path else str(key))
    return found


def correlations(rng: random.Random, data: Data) -> Data:
    """Return correlations between processes and between two uncertain leaves, each under the one declared later."""
    found: Data = {}
    moving = paths(data, "process")
    if data["timeline"].get("periods_per_year", 1) > 1:  # inflation moves by year, the others by period
        moving = [path for path in moving if not path.startswith("macro.inflation.")]
    if len(moving) >= 3 and chance(rng, 0.5):
        first, second, third = (moving[i] for i in sorted(rng.sample(range(len(moving)), 3)))
        found[third] = {first: rng.uniform(-0.6, 0.6), second: rng.uniform(-0.6, 0.6)}
    building = "timeline.construction.years"
    doubtful = set(paths(data, "dist"))
    overruns = [f"costs.items.{name}.overrun" for name in data["costs"]["items"]]
    overruns = [path for path in overruns if path in doubtful]
    if building in doubtful and overruns and chance(rng, 0.7):
        found[overruns[0]] = {building: rng.uniform(0.1, 0.7)}
    return found


def random_scenario(rng: random.Random) -> Data:
    """Return the plain data of a random small scenario that is valid for ``sim.scenario.from_data``."""
    data: Data = {"title": "Random link", "as_of": "2030-01-01", "about": "Made by a program."}
    data |= {"timeline": timeline(rng), "macro": macro(rng), "costs": costs(rng), "link": link(rng)}
    data["supply"] = supply(rng)
    data["market"] = market(rng, data["supply"]["cost"])
    data["tax"] = tax(rng, int(data["timeline"].get("periods_per_year", 1)))
    data["evaluation"] = evaluation(rng)
    related = correlations(rng, data)
    if related:
        data["correlations"] = related
    return data
