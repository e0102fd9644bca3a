"""Scalar reference model of one draw with its financing: what ``scalar_model`` computes, handed to the financing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scalar_construction import clock, spending
from scalar_loans import Operation
from scalar_model import Draw, Faults, evaluate, replacement
from scalar_processes import Series, Shocks, Values, all_paths, money_of
from scalar_tax import depreciation, renewals_written_off


def operation_of(values: Values, shocks: Shocks, events: Mapping[str, Faults] | None, periods: int) -> Operation:
    """Return what the financing needs of one draw; arguments as for ``scalar_model.evaluate``."""
    table = evaluate(values, shocks, events, periods)
    paths = all_paths(values, shocks, periods)
    money = money_of(values, paths)
    clocks, cod = clock(values["timeline"], periods)
    draw = Draw(values, paths, money, periods, cod, None)
    renewed = [item for item in values["costs"]["replacements"].values() if item["tax_life_years"] is not None]
    renewals = [(item["tax_life_years"], [replacement(draw, item, k) for k in range(periods + 1)]) for item in renewed]
    rows, m = range(periods + 1), draw.m
    rules = {name: terms["depreciation"] for name, terms in values["tax"]["jurisdictions"].items()}
    capital = spending(values, money, clocks)
    later = renewals_written_off(renewals, m) or [0.0 for _ in rows]
    return Operation(
        values=values,
        cod=cod,
        ebitda=table["ebitda"],
        capex=table["capex"],
        operating_cost=table["operating_cost"],
        replacements_written=[math.fsum(paid[k] for _, paid in renewals) for k in rows],
        maintenance=table["maintenance_target"],
        depreciation={name: added(depreciation(rule, capital, cod, periods, m), later) for name, rule in rules.items()},
        exchange={currency: [money.rate(currency, k) for k in rows] for currency in values["macro"]["fx"]},
        reference={name: paths[f"macro.reference_rates.{name}"] for name in reference_rates(values)},
        deflator_end=[money.deflator(k / m, k) for k in rows],
        deflator_middle=[money.deflator(max(k - 0.5, 0.0) / m, k) for k in rows],
    )


def added(first: Series, second: Series) -> Series:
    """Return the sums row by row."""
    return [a + b for a, b in zip(first, second, strict=True)]


def reference_rates(values: Values) -> Mapping[str, Any]:
    """Return the reference rates of interest."""
    found: Mapping[str, Any] = values["macro"].get("reference_rates") or {}
    return found
