"""The plant of a SAM case and what it sells, at a price for all hours or at prices by the hour."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.study.sam_inputs import START_YEAR, Inputs, Unsupported, dated, finite, level, number, percent, solved_price

HOURS_PER_YEAR = 8760.0
_GENERATION = {"G": 1e6, "b": 0.5, "peak": 13.0}
_PRICES = {"n": math.nan, "p0": 60.0, "g": -0.01, "a": 0.35, "peak": 18.0}
"""Parameters of the closed formulas in the block ``generators`` of a case."""


def plant(inputs: Inputs) -> tuple[float, float]:
    """Return capacity [MW] and the availability that makes the energy of year 1 exact."""
    if isinstance(inputs.get("gen_kW"), (Mapping, list)):
        # A profile over the hours: its sum counts, and what it earns is in the mean price of the year.
        output = number(inputs, "annual_energy_year1_kWh") / HOURS_PER_YEAR
    else:
        output = number(inputs, "gen_kW")
    capacity = max(number(inputs, "system_capacity_kW"), output)
    if output <= 0.0:
        raise Unsupported("no capacity")
    return capacity / 1000.0, output / capacity


def market(inputs: Inputs, years: int) -> dict[str, Any]:
    """Return the market: all energy goes to one buyer at the price of the year."""
    price, escalation = _prices(inputs), 0.0
    process: dict[str, Any]
    if isinstance(price, list) and len(price) != 1:
        if len(price) < years:
            raise Unsupported(f"{len(price)} prices for {years} years")
        values = {START_YEAR + i: finite(value, "price_usd_per_kWh") for i, value in enumerate(price[:years])}
        process = {"process": "scripted", "values": values}
    else:
        process, escalation = level(number(inputs, "price_usd_per_kWh")), percent(inputs, "price_escalation_pct")
    schemes = {
        "ppa": dated(
            kind="ppa",
            share=1.0,
            price_per_kwh=process,
            indexed=False,
            escalation_per_year=escalation,
            term_years=float(years),
        )
    } | _capacity_payment(inputs, years)
    # Everything is sold under the PPA. The market price is not 0, so that a spot sale by mistake would show.
    return dated(currency="usd", price_per_kwh=level(0.1), schemes=schemes)


def _capacity_payment(inputs: Inputs, years: int) -> dict[str, Any]:
    payment = inputs.get("capacity_payment")
    if not payment:
        return {}
    if not isinstance(payment, Mapping) or set(payment) - {"usd_per_yr", "escal_pct"}:
        raise Unsupported("capacity payment in an unknown form")
    scheme = dated(
        kind="capacity",
        amount_million_per_year=number(payment, "usd_per_yr") / 1e6,
        indexed=False,
        escalation_per_year=percent(payment, "escal_pct"),
        term_years=float(years),
    )
    return {"capacity": scheme}


def _prices(inputs: Inputs) -> object:
    """Return the price, or one for each year [USD per kWh]; where SAM has solved for it, its answer."""
    if inputs.get("module") == "merchantplant":
        return _merchant_prices(inputs)
    if not solved_price(inputs):
        return inputs.get("price_usd_per_kWh")
    solved = inputs.get("price_by_year_usd_per_kWh")
    if not isinstance(solved, list) or len(solved) < 3:
        raise Unsupported("the price is solved for, and the answer is missing")
    return solved[1:]


def _merchant_prices(inputs: Inputs) -> list[float]:
    """Return the mean price of each year, weighted with the energy of each hour; every day is the same in shape."""
    block = inputs.get("market")
    if not block:
        raise Unsupported("a merchant plant without prices")
    terms = _generator(block, "merchant_prices", _PRICES)
    hours = [math.tau * hour / 24.0 for hour in range(24)]
    shape = [1.0 + terms["a"] * math.cos(hour - math.tau * terms["peak"] / 24.0) for hour in hours]
    energy = [1.0] * 24
    if isinstance(inputs.get("gen_kW"), (Mapping, list)):
        plant_terms = _generator(inputs["gen_kW"], "merchant_gen", _GENERATION)
        swing, peak = plant_terms["b"], math.tau * plant_terms["peak"] / 24.0
        energy = [1.0 + swing * math.cos(hour - peak) for hour in hours]
    mean = sum(e * s for e, s in zip(energy, shape, strict=True)) / sum(energy)
    first, growth = terms["p0"] / 1000.0, 1.0 + terms["g"]
    return [first * growth**y * (1.0 + 0.08 * math.sin(math.tau * y / 7.0)) * mean for y in range(int(terms["n"]))]


def _generator(block: object, name: str, parameters: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters of a series that the case gives by its formula."""
    formula = block.get("generated_by") if isinstance(block, Mapping) else None
    if not isinstance(formula, Mapping) or formula.get("function") != name:
        raise Unsupported("hourly merchant prices that are not given by a known formula")
    given = formula.get("kwargs") or {}
    if not isinstance(given, Mapping) or set(given) - set(parameters):
        raise Unsupported(f"{name} with unknown parameters")
    return {key: finite(given.get(key, usual), key) for key, usual in parameters.items()}
