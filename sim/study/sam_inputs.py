"""The plain inputs of a SAM case: reading numbers, and refusing what is not known or cannot be said in a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Inputs = Mapping[str, Any]
START_YEAR = 2000

_REFUSED = {
    "tod_multipliers": "prices by time of delivery",
    "receivables_months": "receivables reserve: no such account, and SAM leaves its release out of the cost of energy",
}
_MAY_BE_NULL = ("dscr_cap_debt_percent", "equip_reserves", "recapitalization", "capacity_payment", *_REFUSED)
_LOAN = """debt_mode debt_percent dscr dscr_cap_debt_percent debt_rate_pct debt_tenor_years debt_payment
    moratorium_years debt_fee_pct debt_closing_usd dsra_months working_capital_months reserve_interest_pct"""
_DERIVED = """annual_energy_year1_kWh nominal_discount_rate price_by_year_usd_per_kWh tax_rate_by_year
    depreciation_fraction_by_year target_irr_pct target_irr_year"""
_USED = """module analysis_period_years system_capacity_kW gen_kW market degradation_pct price_usd_per_kWh
    price_escalation_pct capacity_payment ppa_mode capex_usd om_fixed_usd_per_yr om_fixed_escal_pct
    om_capacity_usd_per_kW_yr om_capacity_escal_pct om_production_usd_per_MWh om_production_escal_pct
    fuel_usage_kWh_thermal_per_yr fuel_heat_rate_MMBtu_per_MWh fuel_cost_usd_per_MMBtu fuel_escal_pct
    insurance_rate_pct property_tax_rate_pct property_tax_assessed_pct property_tax_decline_pct_points
    land_area_acres land_lease_usd_per_acre inflation_pct real_discount_rate_pct tax_rate_pct depreciation
    depreciable_share_pct other_financing_usd construction_financing_usd equip_reserves equip_depr_class
    recapitalization salvage_pct"""
_KNOWN = frozenset(f"{_LOAN} {_DERIVED} {_USED}".split()) | set(_REFUSED)


class Unsupported(Exception):
    """The case holds something that a scenario cannot say exactly."""


def inputs_of(case: Mapping[str, Any]) -> Inputs:
    """Return the plain inputs of a case."""
    inputs = case.get("inputs")
    if not isinstance(inputs, Mapping):
        raise Unsupported("not a known case format")
    return inputs


def levered(case: Mapping[str, Any]) -> bool:
    """Say whether the case has a loan."""
    inputs = inputs_of(case)
    if inputs.get("debt_mode") == "dscr":
        return True
    if inputs.get("debt_mode") != "fraction":
        raise Unsupported(f"debt_mode {inputs.get('debt_mode')!r}")
    return number(inputs, "debt_percent") != 0.0


def solved_price(inputs: Inputs) -> bool:
    """Say whether SAM has solved the price for a target IRR, so that its answer is an input here."""
    return inputs.get("ppa_mode") == "target_irr"


def refuse(inputs: Inputs) -> None:
    """Raise `Unsupported` where the case holds something that has no exact counterpart, or that is not known here."""
    if inputs.get("module") not in ("singleowner", "merchantplant"):
        raise Unsupported(f"module {inputs.get('module')!r}")
    if inputs.get("ppa_mode") not in ("price", "target_irr"):
        raise Unsupported(f"ppa_mode {inputs.get('ppa_mode')!r}")
    for key in _MAY_BE_NULL:
        if key not in inputs:
            raise Unsupported(f"{key} is missing")
    for key, feature in _REFUSED.items():
        if inputs.get(key):
            raise Unsupported(feature)
    unknown = [str(key) for key, value in inputs.items() if key not in _KNOWN and value]
    if unknown:
        raise Unsupported(f"unknown input {', '.join(sorted(unknown))}")


def level(value: float) -> dict[str, Any]:
    """Return a process that does not move."""
    return {"process": "constant", "value": value}


def dated(**block: Any) -> dict[str, Any]:
    """Return a block in money of the start year."""
    return {**block, "price_year": START_YEAR}


def percent(inputs: Inputs, key: str) -> float:
    """Return a percentage as a fraction."""
    return number(inputs, key) / 100.0


def whole(inputs: Inputs, key: str) -> int:
    """Return a number of years, from 1 on."""
    value = number(inputs, key)
    if value != int(value) or value < 1.0:
        raise Unsupported(f"{key} {value:g} is not a whole number of years")
    return int(value)


def number(inputs: Inputs, key: str) -> float:
    """Return a number; a list of one counts as a number, as in SAM."""
    value = inputs.get(key)
    if isinstance(value, list):
        if len(value) != 1:
            raise Unsupported(f"{key} as a list")
        value = value[0]
    return finite(value, key)


def finite(value: object, key: str) -> float:
    """Return a value as a number."""
    if value is None:
        raise Unsupported(f"{key} is missing")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e300:
        raise Unsupported(f"{key} is not a number")
    return float(value)
