"""Scalar reference model of one draw with its financing: what ``scalar_model`` computes, handed to the financing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scalar_construction import NOBODY, Promise
from scalar_draw import Draw, Faults
from scalar_loans import Operation, Plan
from scalar_model import draw_of, replacement, table_of
from scalar_processes import Series, Shocks, Values
from scalar_sanctions import CALM, World
from scalar_tax import depreciation, renewals_written_off


def operation_of(
    values: Values,
    shocks: Shocks,
    events: Mapping[str, Faults] | None,
    periods: int,
    world: World = CALM,
    promise: Promise = NOBODY,
) -> Operation:
    """Return what the financing needs of one draw; arguments as for ``scalar_model.evaluate``."""
    draw = draw_of(values, shocks, events, periods, world, promise)
    return handed_over(draw, table_of(draw))


def handed_over(draw: Draw, table: Mapping[str, Series]) -> Operation:
    """Return what the financing needs of a draw and its lines."""
    values, money, periods, m, built = draw.values, draw.money, draw.periods, draw.m, draw.built
    renewed = [item for item in values["costs"]["replacements"].values() if item["tax_life_years"] is not None]
    renewals = [(item["tax_life_years"], [replacement(draw, item, k) for k in range(periods + 1)]) for item in renewed]
    rows, capital = range(periods + 1), built.capital
    rules = {name: terms["depreciation"] for name, terms in values["tax"]["jurisdictions"].items()}
    written = {name: depreciation(rule, capital, draw.cod, periods, m) for name, rule in rules.items()}
    later = renewals_written_off(renewals, m) or [0.0 for _ in rows]
    return Operation(
        values=values,
        cod=draw.cod,
        ebitda=table["ebitda"],
        capex=table["capex"],
        operating_cost=table["operating_cost"],
        replacements_written=[math.fsum(paid[k] for _, paid in renewals) for k in rows],
        maintenance=table["maintenance_target"] if values["financing"] else [0.0 for _ in rows],
        depreciation={name: added(line, later) for name, line in written.items()},
        exchange={currency: [money.rate(currency, k) for k in rows] for currency in values["macro"]["fx"]},
        reference={name: draw.paths[f"macro.reference_rates.{name}"] for name in reference_rates(values)},
        deflator_end=[money.deflator(k / m, k) for k in rows],
        deflator_middle=[money.deflator(max(k - 0.5, 0.0) / m, k) for k in rows],
        world=draw.world,
        kappa=built.kappa,
        abandoned=built.abandoned,
        seized=draw.seized,
        blocked={name: table[name] for name in ("blocked", "released", "lost", "confiscated", "blocked_balance")},
    )


def promise_of(plan: Plan, terms: Values) -> Promise:
    """Return what the agreement says about who pays for building."""
    parts = {name: debt / plan.uses if plan.uses else 0.0 for name, debt in plan.debt.items()}
    own = 1.0 - sum(parts.values()) - sum(share for share, _ in plan.grants.values())
    nations = {name: terms["tranches"][name]["nation"] for name in parts}
    return Promise(parts, nations, own, plan.equity * terms["standby_equity_share"])


def added(first: Series, second: Series) -> Series:
    """Return the sums row by row."""
    return [a + b for a, b in zip(first, second, strict=True)]


def reference_rates(values: Values) -> Mapping[str, Any]:
    """Return the reference rates of interest."""
    found: Mapping[str, Any] = values["macro"].get("reference_rates") or {}
    return found
