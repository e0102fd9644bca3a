"""A small scenario of certain numbers, to be changed by tests."""

from __future__ import annotations

from typing import Any


def constant(value: float) -> dict[str, Any]:
    """Return a process that does not move."""
    return {"process": "constant", "value": value}


def small_scenario() -> dict[str, Any]:
    """Return a merchant link of 1,000 MW built in 3 years and run for 12, everything certain, in US dollars."""
    return {
        "title": "small",
        "as_of": "2026",
        "timeline": {"start_year": 2027, "construction": {"years": 3}, "operation_years": 12, "max_delay_years": 1},
        "macro": {"inflation": {"usd": constant(0.02)}},
        "costs": {
            "items": {"link": {"amount_million": 2000, "price_year": 2026, "tax_life_years": 10}},
            "operating": {"om": {"amount_million_per_year": 40, "price_year": 2026}},
            "decommissioning": {"amount_million": 30, "price_year": 2026},
        },
        "link": {"capacity_mw": 1000, "length_km": 40, "converter_loss": 0.02, "availability": 0.95},
        "supply": {
            "net_capacity_mw": 1000,
            "availability": 0.9,
            "cost_basis": "variable",
            "cost": {"kind": "price", "price_per_mwh": constant(20), "price_year": 2026},
        },
        "market": {
            "currency": "usd",
            "price_year": 2026,
            "price_per_kwh": constant(0.08),
            "duration_curve": {0: 0.0, 10: 0.6, 50: 1.0, 90: 1.4, 100: 3.0},
            "schemes": {"merchant": {"kind": "merchant", "share": 1}},
        },
        "tax": {"jurisdictions": {"all": {"rate": 0.25}}},
        "evaluation": {"discount_rate_real": 0.06},
    }


def plain_arithmetic(megawatts: float) -> dict[str, Any]:
    """Return the plain arithmetic of the cable: all at time zero, no tax, no escalation, 53 USD/MWh for nothing."""
    data = small_scenario()
    data["timeline"] = {"start_year": 2027, "construction": {"years": 0}, "operation_years": 100, "max_delay_years": 0}
    data["macro"] = {"inflation": {"usd": constant(0.0)}}
    data["costs"] = {
        "items": {"all": {"amount_million": 6000, "price_year": 2027}},
        "operating": {"om": {"amount_million_per_year": 120, "price_year": 2027}},
    }
    data["link"] = {"capacity_mw": megawatts, "length_km": 40, "converter_loss": 0.021, "availability": 0.96}
    data["supply"] |= {"net_capacity_mw": megawatts, "availability": 0.8}
    data["supply"]["cost"] = {"kind": "price", "price_per_mwh": constant(0), "price_year": 2027}
    data["market"] |= {"price_per_kwh": constant(0.053), "price_year": 2027}
    del data["market"]["duration_curve"]
    data["tax"] = {"jurisdictions": {"all": {"rate": 0}}}
    return data
