"""The engine's answers under SAM's names, and SAM's own: what `validate` holds against each other.

Lines run over the years from 0, in dollars, MWh and ratios. What a case does not have is absent, or zero in all years.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.collect import Block
from sim.study.sam_inputs import Inputs, Unsupported, inputs_of, levered, number, percent, solved_price, whole
from sim.study.sam_loans import equipment_table

Array = NDArray[np.float64]
Answers = dict[str, Array]
Wanted = dict[str, Array | None]
_SALES = ("revenue_energy", "revenue_capacity", "salvage", "revenue_total")
_OPERATING = {
    "om_fixed": "fixed",
    "om_capacity": "capacity",
    "om_production": "production",
    "om_fuel": "fuel",
    "insurance": "insurance",
    "property_tax": "property_tax",
}
_COSTS = (*_OPERATING, "recapitalization", "opex_total", "ebitda")
_LOAN = ("cfads", "debt_interest", "debt_principal", "debt_service", "debt_balance", "dscr")
_RESERVES = ("dsra_balance", "om_reserve_balance", "reserve_total", "reserve_interest")
_SIZES = ("size_of_debt", "size_of_equity", "cost_installed", "cost_debt_upfront")
_TWIN = ("tax", "cash_flow_pretax", "cash_flow_aftertax", "npv", "irr", "lcoe_nom")
GROUPS: dict[str, tuple[str, ...]] = {
    "sales": ("energy", *_SALES),
    "costs": _COSTS,
    "loan": ("size_of_debt", "cost_debt_upfront", *_LOAN, "min_dscr", "llcr"),
    "reserves": _RESERVES,
    "tax": ("tax_depreciation", "tax"),
    "sponsors": (
        *("cost_installed", "size_of_equity", "equity_cash_flow_pretax", "equity_cash_flow_aftertax"),
        *("npv", "irr", "target_irr", "equity_payback", "equity_payback_discounted", "lcoe_nom", "lcoe_real"),
    ),
    "without loan": tuple(f"twin_{name}" for name in _TWIN),
}
"""Outputs by what they are about, in the order in which they are printed."""


# --- the engine ---------------------------------------------------------------------------------------------------


def answers(case: Mapping[str, Any], own: Block, twin: Block) -> Answers:
    """Return the engine's answers to a case with its loan and, with ``twin_`` before the name, without it."""
    inputs = inputs_of(case)
    found = _sales(own) | _costs(own, _equipment(own, inputs)) | _sponsors(own, inputs)
    found["tax_depreciation"] = _column(own, "depreciation") + _deducted(own, inputs)
    if own.cash.carried is not None:
        found |= _reserves(own, number(inputs, "working_capital_months"))
        found |= _loan(own, whole(inputs, "debt_tenor_years")) if own.cash.carried.plan.loans else {}
    without = _sponsors(twin, inputs)
    names = ("tax", "equity_cash_flow_pretax", "equity_cash_flow_aftertax", "npv", "irr", "lcoe_nom")
    found |= {f"twin_{name}": without[source] for name, source in zip(_TWIN, names, strict=True)}
    if twin.cash.carried is None:
        found["twin_lcoe_nom"] = twin.metrics["sam_lcoe_usd_per_mwh"]
    return found


def _column(block: Block, name: str) -> Array:
    line: Array = np.broadcast_to(block.lines[name], (block.money.grid.periods + 1, 1))[:, 0]
    return line


def _equipment(block: Block, inputs: Inputs) -> Array:
    """Return what is spent on equipment out of its reserve; SAM counts it neither as cost nor in EBITDA."""
    return _deducted(block, inputs) + block.cash.operations.running.replacements_capitalised[:, 0]


def _deducted(block: Block, inputs: Inputs) -> Array:
    """Return the part of it that is deducted when it is paid: the first entry of SAM's table."""
    written_off = block.cash.operations.running.replacements_capitalised[:, 0]
    if not inputs.get("equip_reserves"):
        return np.zeros(written_off.shape)
    first, _ = equipment_table(inputs)
    return written_off * (first / (1.0 - first))


def _sales(block: Block) -> Answers:
    energy = _column(block, "revenue_ppa") + _column(block, "revenue_merchant")
    capacity, salvage = _column(block, "revenue_capacity"), _column(block, "salvage")
    lines = (energy, capacity, salvage, energy + capacity + salvage)
    return {"energy": _column(block, "energy_delivered_mwh")} | dict(zip(_SALES, lines, strict=True))


def _costs(block: Block, equipment: Array) -> Answers:
    running = block.cash.operations.running
    found = {sam: running.by_item[name][:, 0] for sam, name in _OPERATING.items() if name in running.by_item}
    renewed = _column(block, "replacements") - equipment + _column(block, "supply_cost")
    return found | {
        "recapitalization": renewed,
        "opex_total": _column(block, "operating_cost")
        + _column(block, "charges")
        + _column(block, "decommissioning")
        + renewed,
        "ebitda": _column(block, "ebitda") + equipment,
    }


def _loan(block: Block, tenor: int) -> Answers:
    """Return the loan; SAM counts cash for its service in the years of the loan only, and no ratio as 0."""
    interest, principal = _column(block, "interest_paid"), _column(block, "principal_paid")
    cash = _column(block, "cfads")
    lines = (
        np.where(np.arange(cash.size) <= tenor, cash, 0.0),
        interest,
        principal,
        interest + principal,
        _column(block, "debt_balance"),
        np.nan_to_num(_column(block, "dscr"), nan=0.0),
    )
    found = dict(zip(_LOAN, lines, strict=True))
    return found | {"min_dscr": block.metrics["dscr_min"], "llcr": block.metrics["llcr"]}


def _reserves(block: Block, operating_months: float) -> Answers:
    """Return the reserves; the engine keeps their sum: the parts follow from the targets of all but one of them."""
    assert block.cash.carried is not None
    plan, total = block.cash.carried.plan, _column(block, "reserves")
    service = total - block.cash.operations.running.maintenance_target[:, 0]
    operating = np.zeros(total.size)
    if operating_months > 0.0:
        kept = sum((loan.reserve for loan in plan.loans), np.zeros(total.size)) * _column(block, "debt_balance")
        service, operating = kept, service - kept
    return dict(zip(_RESERVES, (service, operating, total, _column(block, "reserve_interest")), strict=True))


def _sponsors(block: Block, inputs: Inputs) -> Answers:
    """Return what sponsors pay and get, and SAM's cost of energy: what is earned less what is left, by energy."""
    metrics, carried = block.metrics, block.cash.carried
    if carried is None:
        tax, flow, uses = _column(block, "tax"), _column(block, "net"), float(_column(block, "capex").sum())
        names = ("project_npv_usd", "project_irr", "project_payback_nominal_years", "project_payback_discounted_years")
        sizes = (0.0, uses, uses, 0.0)
    else:
        tax, flow, uses = _column(block, "tax_paid"), _column(block, "equity_flow"), float(carried.uses[0])
        names = ("equity_npv_usd", "equity_irr", "equity_payback_years", "equity_payback_discounted_years")
        paid_in = float(_column(block, "equity_paid_in")[0])
        sizes = (float(metrics["debt_usd"][0]), paid_in, uses, float(_column(block, "fees").sum()))
    npv, irr, payback, discounted = (metrics[name] for name in names)
    years = np.arange(flow.size)
    real = (1.0 + percent(inputs, "real_discount_rate_pct")) ** -years
    nominal = real * (1.0 + percent(inputs, "inflation_pct")) ** -years
    sales = _sales(block)
    spent = ((sales["revenue_energy"] + sales["revenue_capacity"]) * nominal).sum() - npv
    return {
        "tax": tax,
        "equity_cash_flow_pretax": flow + tax,
        "equity_cash_flow_aftertax": flow,
        "npv": npv,
        "irr": irr,
        "target_irr": irr,
        "equity_payback": payback,
        "equity_payback_discounted": discounted,
        "lcoe_nom": spent / (sales["energy"] * nominal).sum(),
        "lcoe_real": spent / (sales["energy"] * real).sum(),
        **{name: np.array([size]) for name, size in zip(_SIZES, sizes, strict=True)},
    }


# --- SAM ----------------------------------------------------------------------------------------------------------


def references(case: Mapping[str, Any]) -> Wanted:
    """Return SAM's answers; None where one is missing or unusable."""
    inputs, years, scalar = inputs_of(case), case["outputs_by_year"], case["outputs_scalar"]
    derived, twin = case.get("derived"), case.get("unlevered_twin")
    wanted: Wanted = {"energy": line(years, "energy_kWh", 1e-3)}
    wanted |= {name: line(years, name) for name in (*_SALES, *_COSTS, *_LOAN[1:], *_RESERVES, "tax_depreciation")}
    wanted |= {
        "cfads": line(years, "cfads_sam") if levered(case) else np.zeros(1),
        "tax": line(years, "tax", -1.0),
        "equity_cash_flow_pretax": line(years, "equity_cash_flow_pretax"),
        "equity_cash_flow_aftertax": line(years, "equity_cash_flow_aftertax"),
        **{name: line(scalar, name) for name in _SIZES},
        "npv": line(scalar, "project_return_aftertax_npv"),
        "irr": _largest_root(case.get("irr"), "exact_roots_from_sam_cash_flow"),
        "equity_payback": line(derived, "equity_payback_years_linear"),
        "equity_payback_discounted": line(derived, "equity_discounted_payback_years_linear"),
        "lcoe_nom": line(scalar, "lcoe_nom", 10.0),
        "lcoe_real": line(scalar, "lcoe_real", 10.0),
    }
    if levered(case):
        cover = line(derived, "llcr_at_end_of_year_0_to_T-1")
        wanted |= {"min_dscr": line(scalar, "min_dscr"), "llcr": None if cover is None else cover[:1]}
    if solved_price(inputs) and number(inputs, "target_irr_year") == whole(inputs, "analysis_period_years"):
        wanted["target_irr"] = np.array([percent(inputs, "target_irr_pct")])
    return wanted | _without_loan(twin)


def remarks(case: Mapping[str, Any]) -> dict[str, str]:
    """Return what has to be said beside an output."""
    said = {}
    irr = case.get("irr")
    if isinstance(irr, Mapping) and "sam_reported" in irr and irr["sam_reported"] is None:
        said["irr"] = "SAM prints none; held against the root of its cash flow"
    if solved_price(inputs_of(case)):
        said["target_irr"] = "the price that SAM has solved for is an input"
    return said


def beyond(case: Mapping[str, Any], own: Block) -> str:
    """Return why SAM lends what nobody lends here, or nothing: SAM has no guard against a loan that cannot be repaid.

    Both have to say so, SAM by its lines and the engine by the limit that binds, so that neither alone hides a mistake.
    """
    plan = own.cash.carried.plan if own.cash.carried is not None else None
    if plan is None or not plan.limits:
        return ""
    years, scalar = case["outputs_by_year"], case["outputs_scalar"]
    binding = plan.limits[0].what
    lines = [line(years, name) for name in ("debt_service", "cfads_sam", "tax")]
    known = [amounts for amounts in lines if amounts is not None]
    short = False
    if len(known) == len(lines) and len({amounts.size for amounts in known}) == 1:
        service, cash, tax = known
        short = bool(np.any((service > 0.0) & (service > cash + tax)))
    if binding.startswith("repayment of ") and short:
        return "a loan that the cash after tax cannot repay on time; SAM's sponsors would have to pay"
    debt, cost = line(scalar, "size_of_debt"), line(scalar, "cost_installed")
    if binding == "uses" and debt is not None and cost is not None and debt[0] > cost[0]:
        return "a loan larger than all that is paid for"
    return ""


def _without_loan(twin: object) -> Wanted:
    if not isinstance(twin, Mapping):
        raise Unsupported("no unlevered_twin")
    return {
        "twin_tax": line(twin, "tax", -1.0),
        "twin_cash_flow_pretax": line(twin, "project_cash_flow_pretax"),
        "twin_cash_flow_aftertax": line(twin, "project_cash_flow_aftertax"),
        "twin_npv": line(twin, "project_npv_aftertax"),
        "twin_irr": _largest_root(twin, "project_irr_aftertax_exact"),
        "twin_lcoe_nom": line(twin, "lcoe_nom_cents", 10.0),
    }


def line(block: object, key: str, factor: float = 1.0) -> Array | None:
    """Return a reference line or number times ``factor``, None where it is missing or not all numbers."""
    value = block.get(key) if isinstance(block, Mapping) else None
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, (int, float)) and abs(item) < 1e300 for item in items):
        return None
    return np.array(items, dtype=np.float64) * factor


def _largest_root(block: object, key: str) -> Array | None:
    """Return the largest of the exact roots: the IRR of conventions.md; NaN where the list is empty (no root)."""
    if isinstance(block, Mapping) and block.get(key) == []:
        return np.array([math.nan])
    roots = line(block, key)
    return None if roots is None else np.max(roots, keepdims=True)
