"""SAM cases (NREL System Advisor Model, Single Owner and Merchant Plant): from plain inputs to the data of a scenario.

Whatever a scenario cannot say *exactly* is refused with `Unsupported`, also an input that is not known here, so that a
comparison never passes or fails for want of a translation. The loan is in `sam_loans`, the
plant and its sales are in `sam_sales`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.study import sam_loans
from sim.study.sam_inputs import (
    START_YEAR,
    Inputs,
    Unsupported,
    dated,
    finite,
    inputs_of,
    level,
    levered,
    number,
    percent,
    refuse,
    whole,
)
from sim.study.sam_sales import HOURS_PER_YEAR, market, plant

_MACRS = {"macrs5": [20.0, 32.0, 19.2, 11.52, 11.52, 5.76]}


def to_scenario(case: Mapping[str, Any], loan: bool = True) -> dict[str, Any]:
    """Return scenario data for `sim.scenario.from_data`; without ``loan``, SAM's run of the same case without it."""
    inputs = inputs_of(case)
    refuse(inputs)
    years = whole(inputs, "analysis_period_years")
    capacity, availability = plant(inputs)
    renewals, dated_cost = _recapitalization(inputs, years, capacity * availability * HOURS_PER_YEAR)
    terms = sam_loans.financing(inputs, loan and levered(case))
    return {
        "title": str(case.get("title") or "SAM case"),
        "as_of": str(START_YEAR),
        "timeline": {
            "start_year": START_YEAR,
            "construction": {"years": 0.0},
            "operation_years": float(years),
            "max_delay_years": 0.0,
        },
        "macro": {"inflation": {"usd": level(percent(inputs, "inflation_pct"))}},
        "costs": _costs(inputs, loan) | {"replacements": renewals | sam_loans.equipment(inputs, years)},
        "link": {"capacity_mw": capacity, "length_km": 0.0, "converter_loss": 0.0, "availability": 1.0},
        "supply": {
            "net_capacity_mw": capacity,
            "availability": availability,
            "degradation_per_year": percent(inputs, "degradation_pct"),
            "cost_basis": "variable",
            "cost": {"kind": "price", "price_per_mwh": dated_cost, "price_year": START_YEAR},
        },
        "market": market(inputs, years),
        "tax": {"jurisdictions": {"all": _tax(inputs)}},
        "evaluation": {"discount_rate_real": percent(inputs, "real_discount_rate_pct")},
    } | ({} if terms is None else {"financing": terms})


def _costs(inputs: Inputs, loan: bool) -> dict[str, Any]:
    capex = number(inputs, "capex_usd")
    basis = capex + number(inputs, "construction_financing_usd") + number(inputs, "other_financing_usd")
    # SAM charges the closing cost without a loan, too; its run of a case with a loan without it leaves it out.
    closing = number(inputs, "debt_closing_usd") if loan or not levered({"inputs": inputs}) else 0.0
    written = _depreciation(inputs.get("depreciation"))
    share = percent(inputs, "depreciable_share_pct") * written.share
    if share > 1.0 + 1e-12:
        raise Unsupported("more depreciation than cost")
    depreciated = 0.0 if written.life is None else basis * share if share < 1.0 - 1e-12 else basis
    parts = {"depreciated": (depreciated, written.life), "not_depreciated": (basis - depreciated + closing, None)}
    items = {
        name: dated(amount_million=amount / 1e6) | ({} if tax_life is None else {"tax_life_years": tax_life})
        for name, (amount, tax_life) in parts.items()
        if amount != 0.0
    }
    if not items:
        raise Unsupported("no investment")
    salvage = percent(inputs, "salvage_pct") * capex / (basis + closing)
    return {
        "items": items,
        "operating": _operating(inputs, capex, percent(inputs, "inflation_pct")),
        "salvage": dated(share_of_capex=salvage, indexed=False),
    }


def _operating(inputs: Inputs, capex: float, inflation: float) -> dict[str, Any]:
    """Return the running costs; SAM *adds* escalation to inflation."""
    fuel = number(inputs, "fuel_usage_kWh_thermal_per_yr") * number(inputs, "fuel_heat_rate_MMBtu_per_MWh") / 1000.0
    assessed = percent(inputs, "property_tax_assessed_pct") * capex
    yearly = {
        "fixed": (number(inputs, "om_fixed_usd_per_yr"), "om_fixed_escal_pct"),
        "capacity": (
            number(inputs, "om_capacity_usd_per_kW_yr") * number(inputs, "system_capacity_kW"),
            "om_capacity_escal_pct",
        ),
        "fuel": (fuel * number(inputs, "fuel_cost_usd_per_MMBtu"), "fuel_escal_pct"),
        "land": (number(inputs, "land_area_acres") * number(inputs, "land_lease_usd_per_acre"), None),
        "insurance": (percent(inputs, "insurance_rate_pct") * capex, None),
    }
    costs = {
        name: dated(
            amount_million_per_year=usd / 1e6,
            escalation_per_year=inflation + (percent(inputs, escalator) if escalator else 0.0),
            indexed=False,
        )
        for name, (usd, escalator) in yearly.items()
        if usd
    }
    if rate := percent(inputs, "property_tax_rate_pct"):
        costs["property_tax"] = dated(
            amount_million_per_year=rate * assessed / 1e6,
            indexed=False,
            decline_per_year=percent(inputs, "property_tax_decline_pct_points"),
        )
    if per_mwh := number(inputs, "om_production_usd_per_MWh"):
        growth = inflation + percent(inputs, "om_production_escal_pct")
        costs["production"] = dated(amount_per_mwh=per_mwh, escalation_per_year=growth, indexed=False)
    return costs


def _recapitalization(inputs: Inputs, years: int, first_mwh: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return recapitalization as a renewal at equal intervals, or at other dates as a price of the energy of its year.

    Both are deducted when they are paid and follow inflation; SAM has no other cost of energy that would be in the way.
    """
    plan = inputs.get("recapitalization")
    if not plan:
        return {}, level(0.0)
    if not isinstance(plan, Mapping) or not isinstance(plan.get("years"), list):
        raise Unsupported("recapitalization in an unknown form")
    dates = sorted({finite(year, "recapitalization.years") for year in plan["years"]})
    if not dates:
        return {}, level(0.0)
    if not all(date in range(1, years + 1) for date in dates):
        raise Unsupported("recapitalization outside of the years of operation")
    cost, extra, every = number(plan, "cost_usd"), percent(plan, "escal_pct"), int(dates[0])
    if not extra and dates == [float(year) for year in range(every, years, every)]:
        return {"recapitalization": dated(amount_million=cost / 1e6, every_years=float(every))}, level(0.0)
    inflation, wear = percent(inputs, "inflation_pct"), percent(inputs, "degradation_pct")
    values = dict.fromkeys(range(START_YEAR, START_YEAR + years), 0.0)
    for date in dates:
        passed = int(date) - 1
        growth = ((1.0 + inflation + extra) / (1.0 + inflation)) ** passed
        values[START_YEAR + passed] = cost * growth / (first_mwh * (1.0 - wear) ** passed)
    return {}, {"process": "scripted", "values": values}


@dataclass(frozen=True)
class _Writeoff:
    """How the investment is written off: by which life, which part of it, and the rules of the jurisdiction."""

    life: float | None
    share: float
    rules: dict[str, Any]


def _depreciation(table: object) -> _Writeoff:
    """Return the write-off for a table (percent per year) or SAM's name for one."""
    if table is None:
        raise Unsupported("depreciation is missing")
    if isinstance(table, str) and (named := re.fullmatch(r"sl(\d{1,2})_half_year", table)):
        return _Writeoff(float(named[1]), 1.0, {"half_year": True})
    table = _MACRS.get(table, table) if isinstance(table, str) else table
    if table != "none" and not isinstance(table, list):
        raise Unsupported(f"depreciation {table!r} is not a known table")
    rates = [finite(value, "depreciation") for value in table] if isinstance(table, list) else []
    while rates and rates[-1] == 0.0:
        rates.pop()
    if not rates:
        return _Writeoff(None, 0.0, {"half_year": False})
    total = sum(rates) / 100.0
    if _all_near(rates, rates[0]):
        return _Writeoff(float(len(rates)), total, {"half_year": False})
    if len(rates) > 2 and _all_near(rates[1:-1], rates[1]) and _all_near([rates[0], rates[-1]], rates[1] / 2.0):
        return _Writeoff(float(len(rates) - 1), total, {"half_year": True})
    if min(rates) < 0.0 or total > 1.0 + 1e-9:
        raise Unsupported("a depreciation table with shares below 0 or of more than the cost")
    shares = {year: rate / 100.0 for year, rate in enumerate(rates, start=1)}
    return _Writeoff(float(len(rates)), 1.0, {"method": "custom", "shares": shares})


def _all_near(values: Sequence[float], target: float) -> bool:
    return all(math.isclose(value, target, rel_tol=1e-12) for value in values)


def _tax(inputs: Inputs) -> dict[str, Any]:
    rules = _depreciation(inputs.get("depreciation")).rules
    return {"rate": _tax_rate(inputs), "losses": "refunded", "depreciation": rules}


def _tax_rate(inputs: Inputs) -> float:
    rates = inputs.get("tax_rate_pct")
    if isinstance(rates, list) and rates and all(rate == rates[0] for rate in rates):
        return finite(rates[0], "tax_rate_pct") / 100.0
    return percent(inputs, "tax_rate_pct")
