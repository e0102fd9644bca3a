"""SAM cases (NREL System Advisor Model, Single Owner): from the plain inputs of a case to the data of a scenario.

The scenario is unlevered: no loan, no reserve. Whatever a scenario cannot say *exactly* is refused with `Unsupported`,
also an input that is not known here, so that a comparison never passes or fails for want of a translation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

Inputs = Mapping[str, Any]
START_YEAR = 2000
HOURS_PER_YEAR = 8760.0

_REFUSED = {
    "market": "hourly merchant prices",
    "tod_multipliers": "prices by time of delivery",
    "capacity_payment": "capacity payment",
    "working_capital_months": "working-capital reserve",
    "receivables_months": "receivables reserve",
    "equip_reserves": "equipment reserves",
}
_LOAN = """debt_mode debt_percent dscr dscr_cap_debt_percent debt_rate_pct debt_tenor_years debt_payment
    moratorium_years debt_fee_pct debt_closing_usd dsra_months reserve_interest_pct equip_depr_class"""
_DERIVED = """annual_energy_year1_kWh nominal_discount_rate price_by_year_usd_per_kWh tax_rate_by_year
    depreciation_fraction_by_year target_irr_pct target_irr_year"""
_USED = """module analysis_period_years system_capacity_kW gen_kW degradation_pct price_usd_per_kWh price_escalation_pct
    ppa_mode capex_usd om_fixed_usd_per_yr om_fixed_escal_pct om_capacity_usd_per_kW_yr om_capacity_escal_pct
    om_production_usd_per_MWh om_production_escal_pct fuel_usage_kWh_thermal_per_yr fuel_heat_rate_MMBtu_per_MWh
    fuel_cost_usd_per_MMBtu fuel_escal_pct insurance_rate_pct property_tax_rate_pct property_tax_assessed_pct
    property_tax_decline_pct_points land_area_acres land_lease_usd_per_acre inflation_pct real_discount_rate_pct
    tax_rate_pct depreciation depreciable_share_pct other_financing_usd construction_financing_usd recapitalization
    salvage_pct"""
_KNOWN = frozenset(f"{_LOAN} {_DERIVED} {_USED}".split()) | set(_REFUSED)


class Unsupported(Exception):
    """The case holds something that a scenario cannot say exactly."""


def to_scenario(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return scenario data for `sim.scenario.from_data`: the case without its loan."""
    inputs = inputs_of(case)
    _refuse(inputs)
    years = _whole(inputs, "analysis_period_years")
    inflation = _percent(inputs, "inflation_pct")
    life, half_year, share = _depreciation(inputs.get("depreciation"))
    capacity, availability = _plant(inputs)
    return {
        "title": str(case.get("title") or "SAM case"),
        "as_of": str(START_YEAR),
        "timeline": {
            "start_year": START_YEAR,
            "construction": {"years": 0.0},
            "operation_years": float(years),
            "max_delay_years": 0.0,
        },
        "macro": {"inflation": {"usd": _level(inflation)}},
        "costs": _costs(inputs, years, inflation, life, share),
        "link": {"capacity_mw": capacity, "length_km": 0.0, "converter_loss": 0.0, "availability": 1.0},
        "supply": {
            "net_capacity_mw": capacity,
            "availability": availability,
            "degradation_per_year": _percent(inputs, "degradation_pct"),
            "cost_basis": "variable",
            "cost": {"kind": "price", "price_per_mwh": _level(0.0), "price_year": START_YEAR},
        },
        "market": _market(inputs, years),
        "tax": {"rate": _tax_rate(inputs), "losses": "refunded", "half_year": half_year},
        "evaluation": {"discount_rate_real": _percent(inputs, "real_discount_rate_pct")},
    }


def inputs_of(case: Mapping[str, Any]) -> Inputs:
    """Return the plain inputs of a case."""
    inputs = case.get("inputs")
    if not isinstance(inputs, Mapping):
        raise Unsupported("not a known case format")
    return inputs


def levered(case: Mapping[str, Any]) -> bool:
    """Say whether the case has a loan, so that only its unlevered twin can be compared."""
    inputs = inputs_of(case)
    if inputs.get("debt_mode") == "dscr":
        return True
    if inputs.get("debt_mode") != "fraction":
        raise Unsupported(f"debt_mode {inputs.get('debt_mode')!r}")
    return _number(inputs, "debt_percent") != 0.0


def _refuse(inputs: Inputs) -> None:
    if inputs.get("module") not in ("singleowner", "merchantplant"):
        raise Unsupported(f"module {inputs.get('module')!r}")
    if inputs.get("ppa_mode") != "price":
        raise Unsupported(f"ppa_mode {inputs.get('ppa_mode')!r}: the price is solved for, not given")
    for key, feature in _REFUSED.items():
        if inputs.get(key):
            raise Unsupported(feature)
    if inputs["module"] != "singleowner":
        raise Unsupported("a merchant plant without prices")
    unknown = [str(key) for key, value in inputs.items() if key not in _KNOWN and value]
    if unknown:
        raise Unsupported(f"unknown input {', '.join(sorted(unknown))}")


def _plant(inputs: Inputs) -> tuple[float, float]:
    """Return capacity [MW] and the availability that makes the energy of year 1 exact."""
    if isinstance(inputs.get("gen_kW"), (Mapping, list)):
        # A profile over the hours; at one price for all hours only its sum counts.
        output = _number(inputs, "annual_energy_year1_kWh") / HOURS_PER_YEAR
    else:
        output = _number(inputs, "gen_kW")
    capacity = max(_number(inputs, "system_capacity_kW"), output)
    if capacity <= 0.0:
        raise Unsupported("no capacity")
    return capacity / 1000.0, output / capacity


def _market(inputs: Inputs, years: int) -> dict[str, Any]:
    price, escalation = inputs.get("price_usd_per_kWh"), 0.0
    process: dict[str, Any]
    if isinstance(price, list) and len(price) != 1:
        if len(price) < years:
            raise Unsupported(f"{len(price)} prices for {years} years")
        values = {START_YEAR + i: _finite(value, "price_usd_per_kWh") for i, value in enumerate(price[:years])}
        process = {"process": "scripted", "values": values}
    else:
        process, escalation = _level(_number(inputs, "price_usd_per_kWh")), _percent(inputs, "price_escalation_pct")
    ppa = {
        "kind": "ppa",
        "share": 1.0,
        "price_per_kwh": process,
        "price_year": START_YEAR,
        "indexed": False,
        "escalation_per_year": escalation,
        "term_years": float(years),
    }
    # Everything is sold under the PPA. The market price is not 0, so that a spot sale by mistake would show.
    return {"currency": "usd", "price_year": START_YEAR, "price_per_kwh": _level(0.1), "schemes": {"ppa": ppa}}


def _costs(inputs: Inputs, years: int, inflation: float, life: float | None, table_share: float) -> dict[str, Any]:
    capex = _number(inputs, "capex_usd")
    basis = capex + _number(inputs, "construction_financing_usd") + _number(inputs, "other_financing_usd")
    # SAM charges the closing cost without a loan, too; the unlevered twin of a case with a loan is without it.
    closing = 0.0 if levered({"inputs": inputs}) else _number(inputs, "debt_closing_usd")
    share = _percent(inputs, "depreciable_share_pct") * table_share
    if share > 1.0 + 1e-12:
        raise Unsupported("more depreciation than cost")
    depreciated = 0.0 if life is None else basis * share if share < 1.0 - 1e-12 else basis
    parts = {"depreciated": (depreciated, life), "not_depreciated": (basis - depreciated + closing, None)}
    items = {
        name: _dated(amount_million=amount / 1e6) | ({} if tax_life is None else {"tax_life_years": tax_life})
        for name, (amount, tax_life) in parts.items()
        if amount != 0.0
    }
    if not items:
        raise Unsupported("no investment")
    salvage = _percent(inputs, "salvage_pct") * capex / (basis + closing)
    return {
        "items": items,
        "operating": _operating(inputs, capex, inflation),
        "replacements": _renewals(inputs, years),
        "salvage": _dated(share_of_capex=salvage, indexed=False),
    }


def _operating(inputs: Inputs, capex: float, inflation: float) -> dict[str, Any]:
    """Return the running costs; SAM *adds* escalation to inflation."""
    if _percent(inputs, "property_tax_rate_pct") and _number(inputs, "property_tax_decline_pct_points"):
        raise Unsupported("property tax on a declining value")
    fuel = _number(inputs, "fuel_usage_kWh_thermal_per_yr") * _number(inputs, "fuel_heat_rate_MMBtu_per_MWh") / 1000.0
    assessed = _percent(inputs, "property_tax_assessed_pct") * capex
    yearly = {
        "fixed": (_number(inputs, "om_fixed_usd_per_yr"), "om_fixed_escal_pct"),
        "capacity": (
            _number(inputs, "om_capacity_usd_per_kW_yr") * _number(inputs, "system_capacity_kW"),
            "om_capacity_escal_pct",
        ),
        "fuel": (fuel * _number(inputs, "fuel_cost_usd_per_MMBtu"), "fuel_escal_pct"),
        "land": (_number(inputs, "land_area_acres") * _number(inputs, "land_lease_usd_per_acre"), None),
        "insurance": (_percent(inputs, "insurance_rate_pct") * capex, None),
    }
    costs = {
        name: _dated(
            amount_million_per_year=usd / 1e6,
            escalation_per_year=inflation + (_percent(inputs, escalator) if escalator else 0.0),
            indexed=False,
        )
        for name, (usd, escalator) in yearly.items()
        if usd
    }
    if rate := _percent(inputs, "property_tax_rate_pct"):
        costs["property_tax"] = _dated(amount_million_per_year=rate * assessed / 1e6, indexed=False)
    if per_mwh := _number(inputs, "om_production_usd_per_MWh"):
        growth = inflation + _percent(inputs, "om_production_escal_pct")
        costs["production"] = _dated(amount_per_mwh=per_mwh, escalation_per_year=growth, indexed=False)
    return costs


def _renewals(inputs: Inputs, years: int) -> dict[str, Any]:
    """Return recapitalization as a replacement, which comes at equal intervals in inflated money."""
    plan = inputs.get("recapitalization")
    if not plan:
        return {}
    if not isinstance(plan, Mapping) or not isinstance(plan.get("years"), list):
        raise Unsupported("recapitalization in an unknown form")
    dates = sorted(_finite(year, "recapitalization.years") for year in plan["years"])
    if not dates:
        return {}
    every = int(dates[0])
    if _number(plan, "escal_pct") or every < 1 or dates != [float(year) for year in range(every, years, every)]:
        raise Unsupported("recapitalization other than at equal intervals with inflation")
    return {"recapitalization": _dated(amount_million=_number(plan, "cost_usd") / 1e6, every_years=float(every))}


def _depreciation(table: object) -> tuple[float | None, bool, float]:
    """Return life, half-year convention and depreciated share for a table (percent per year) or SAM's name for one."""
    if table == "none":
        return None, False, 0.0
    if table is None:
        raise Unsupported("depreciation is missing")
    if isinstance(table, str) and (named := re.fullmatch(r"sl(\d{1,2})_half_year", table)):
        return float(named[1]), True, 1.0
    if not isinstance(table, list):
        raise Unsupported(f"depreciation {table!r} is not a straight line")
    rates = [_finite(value, "depreciation") for value in table]
    while rates and rates[-1] == 0.0:
        rates.pop()
    if not rates:
        return None, False, 0.0
    if _all_near(rates, rates[0]):
        return float(len(rates)), False, sum(rates) / 100.0
    if len(rates) > 2 and _all_near(rates[1:-1], rates[1]) and _all_near([rates[0], rates[-1]], rates[1] / 2.0):
        return float(len(rates) - 1), True, sum(rates) / 100.0
    raise Unsupported("a depreciation table that is not a straight line")


def _all_near(values: Sequence[float], level: float) -> bool:
    return all(math.isclose(value, level, rel_tol=1e-12) for value in values)


def _tax_rate(inputs: Inputs) -> float:
    rates = inputs.get("tax_rate_pct")
    if isinstance(rates, list) and rates and all(rate == rates[0] for rate in rates):
        return _finite(rates[0], "tax_rate_pct") / 100.0
    return _percent(inputs, "tax_rate_pct")


def _level(value: float) -> dict[str, Any]:
    return {"process": "constant", "value": value}


def _dated(**block: Any) -> dict[str, Any]:
    return {**block, "price_year": START_YEAR}


def _percent(inputs: Inputs, key: str) -> float:
    return _number(inputs, key) / 100.0


def _whole(inputs: Inputs, key: str) -> int:
    value = _number(inputs, key)
    if value != int(value) or value < 1.0:
        raise Unsupported(f"{key} {value:g} is not a whole number of years")
    return int(value)


def _number(inputs: Inputs, key: str) -> float:
    """Return a number; a list of one counts as a number, as in SAM."""
    value = inputs.get(key)
    if isinstance(value, list):
        if len(value) != 1:
            raise Unsupported(f"{key} as a list")
        value = value[0]
    return _finite(value, key)


def _finite(value: object, key: str) -> float:
    if value is None:
        raise Unsupported(f"{key} is missing")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e300:
        raise Unsupported(f"{key} is not a number")
    return float(value)
