"""Scalar reference model, third part: what one draw is worth (docs/model.md §10)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scalar_construction import TIE, Built
from scalar_processes import Money, Series, Values
from scalar_sanctions import World

REVENUE = ("revenue_merchant", "revenue_ppa", "revenue_capacity")


@dataclass(frozen=True)
class Valued:
    """One draw's rows with the time, deflator and discount factor of operating flows and of spending in each row."""

    m: int
    table: Mapping[str, Series]
    end: Series
    """Time of operating flows: the end of the row."""
    middle: Series
    """Time of spending: the middle of the row; 0 in the opening row."""
    deflator_end: Series
    deflator_middle: Series
    factor_end: Series
    factor_middle: Series

    def row(self, k: int, *names: str) -> float:
        """Return the sum of the named flows in row k."""
        return sum(self.table[name][k] for name in names)

    def present(self, *names: str) -> float:
        """Return the present value of operating flows."""
        return math.fsum(factor * self.row(k, *names) for k, factor in enumerate(self.factor_end))

    @property
    def operating(self) -> Series:
        """Nominal flow before spending, after tax: EBITDA - tax."""
        return [ebitda - tax for ebitda, tax in zip(self.table["ebitda"], self.table["tax"], strict=True)]


def valued(values: Values, money: Money, table: Mapping[str, Series]) -> Valued:
    """Return the rows with their times and factors."""
    m, rows, rate = values["timeline"]["periods_per_year"], range(len(table["net"])), values["evaluation"]
    end = [k / m for k in rows]
    middle = [max(t - 0.5 / m, 0.0) for t in end]
    deflator_end = [money.deflator(end[k], k) for k in rows]
    deflator_middle = [money.deflator(middle[k], k) for k in rows]
    if rate["discount_rate_real"] is not None:
        base = 1.0 + rate["discount_rate_real"]
        factor_end = [base ** -end[k] / deflator_end[k] for k in rows]
        factor_middle = [base ** -middle[k] / deflator_middle[k] for k in rows]
    else:
        base = 1.0 + rate["discount_rate_nominal"]
        factor_end, factor_middle = [base**-t for t in end], [base**-t for t in middle]
    return Valued(m, table, end, middle, deflator_end, deflator_middle, factor_end, factor_middle)


def metrics(
    values: Values, money: Money, cod: float, table: Mapping[str, Series], built: Built, world: World
) -> dict[str, float | None]:
    """Return all metrics of one draw."""
    v = valued(values, money, table)
    inverse_end, inverse_middle = [1.0 / d for d in v.deflator_end], [1.0 / d for d in v.deflator_middle]
    ones = [1.0] * len(v.end)
    real = payback(v, inverse_end, inverse_middle)
    fid = math.inf if world.fid is None else world.fid / v.m
    going_on = world.fid is not None and built.abandoned is None
    return {
        "cod_years": cod,
        "project_npv_usd": math.fsum(f * x for f, x in zip(v.factor_end, v.operating, strict=True)) - capex_value(v),
        "project_irr": irr(v),
        "project_payback_years": real,
        "project_payback_nominal_years": payback(v, ones, ones),
        "project_payback_discounted_years": payback(v, v.factor_end, v.factor_middle),
        "project_payback_from_cod_years": real - cod if math.isfinite(real) else math.inf,
        "project_payback_from_fid_years": real - fid if math.isfinite(real) else math.inf,
        "invested": float(world.fid is not None),
        "fid_years": fid,
        "abandoned": float(built.abandoned is not None),
        "years_stopped": built.years_stopped,
        **levelised(v),
        "project_moic": moic(table["net"]),
        "project_mirr": mirr(v),
        "peak_funding_usd": peak_funding(table["net"]),
        "cut_by_horizon": float(going_on and cod + lasting(values) > v.end[-1] + TIE),
    }


def lasting(values: Values) -> float:
    """Return the years from COD to the end of the removal."""
    removal = values["costs"]["decommissioning"]
    return float(values["timeline"]["operation_years"] + (removal["years"] if removal else 0.0))


def capex_value(v: Valued) -> float:
    """Return the present value of spending."""
    return math.fsum(f * x for f, x in zip(v.factor_middle, v.table["capex"], strict=True))


def payback(v: Valued, weight_end: Series, weight_middle: Series) -> float:
    """Return when the cumulative weighted flow first comes back to >= 0 after it has been negative; inf if never."""
    before = 0.0
    for k, flow in enumerate(v.operating):
        after = before + flow * weight_end[k] - v.table["capex"][k] * weight_middle[k]
        if before < 0.0 <= after:
            return (k - 1) / v.m + before / (before - after) / v.m
        before = after
    return math.inf


def irr(v: Valued) -> float | None:
    """Return the largest rate above -100 % at which the nominal flows are worth nothing; None where there is none."""
    flows = [*zip(v.end, v.operating, strict=True), *((t, -x) for t, x in zip(v.middle, v.table["capex"], strict=True))]
    flows = [(t, x) for t, x in flows if x != 0.0]

    def worth(force: float) -> float:
        return math.fsum(x * math.exp(-force * t) for t, x in flows)

    widest = min(8.0, 600.0 / max(v.end[-1], 1.0))
    high, positive = widest, worth(widest) > 0.0
    while flows and high > -widest:
        low = high - 0.02
        if (worth(low) > 0.0) != positive:
            for _ in range(80):
                middle = 0.5 * (low + high)
                low, high = (low, middle) if (worth(middle) > 0.0) == positive else (middle, high)
            return math.expm1(0.5 * (low + high))
        high = low
    return None


def levelised(v: Valued) -> dict[str, float]:
    """Return the levelised costs and the realised gap in USD per MWh; NaN where no energy is delivered."""
    energy = v.table["energy_delivered_mwh"]
    real_energy = math.fsum(f * d * e for f, d, e in zip(v.factor_end, v.deflator_end, energy, strict=True))
    if real_energy == 0.0:
        names = ("lcoe", "transmission_lcoe", "sam_lcoe", "realised_gap")
        return {f"{name}_usd_per_mwh": math.nan for name in names}
    link = capex_value(v) + v.present("operating_cost", "replacements", "decommissioning") - v.present("salvage")
    power = v.present("supply_cost", "charges")
    return {
        "lcoe_usd_per_mwh": (link + power) / real_energy,
        "transmission_lcoe_usd_per_mwh": link / real_energy,
        "sam_lcoe_usd_per_mwh": (link + power + v.present("tax")) / v.present("energy_delivered_mwh"),
        "realised_gap_usd_per_mwh": (v.present(*REVENUE) - power) / real_energy,
    }


def moic(net: Series) -> float:
    """Return money out over money in, both nominal by row; NaN where nothing is paid in."""
    paid_in = math.fsum(max(-flow, 0.0) for flow in net)
    return math.fsum(max(flow, 0.0) for flow in net) / paid_in if paid_in > 0.0 else math.nan


def mirr(v: Valued) -> float:
    """Return the rate that leads from the value of all that is paid in to that of all that is paid out, at the end."""
    spent = v.table["capex"]
    flows = [k for k, flow in enumerate(v.operating) if flow != 0.0 or spent[k] != 0.0]
    last = flows[-1] if flows else 0
    paid_in = capex_value(v) + math.fsum(f * max(-x, 0.0) for f, x in zip(v.factor_end, v.operating, strict=True))
    paid_out = math.fsum(f * max(x, 0.0) for f, x in zip(v.factor_end, v.operating, strict=True)) / v.factor_end[last]
    if paid_in > 0.0 and paid_out == 0.0:
        return -1.0
    return float((paid_out / paid_in) ** (v.m / last) - 1.0) if paid_in > 0.0 and last else math.nan


def peak_funding(net: Series) -> float:
    """Return the largest depth of the cumulative nominal flow below zero."""
    total = deepest = 0.0
    for flow in net:
        total += flow
        deepest = min(deepest, total)
    return -deepest
