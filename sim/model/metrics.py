"""Metrics: payback, NPV, IRR, levelised costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.base.quantities import Kind, Quantity, Section, fallback
from sim.model.financing import CashFlows
from sim.model.irr import irr
from sim.model.macro import Money
from sim.model.roots import accumulate, ever
from sim.model.timeline import HOURS_PER_YEAR, Clock, Grid, quotient, total
from sim.model.works import Schedule

Array = NDArray[np.float64]


class Benchmark(Section):
    """A sum of money to hold a result against."""

    amount_usd: Annotated[Quantity, Kind("USD", gt=0.0)]
    """The amount."""
    compare: str = Field(pattern="^(yearly_trade|investment)$")
    """What is divided by it: the yearly value of the electricity traded, or the investment."""


class Evaluation(Section):
    """How results are valued; exactly one discount rate."""

    discount_rate_real: Annotated[Quantity, Kind("fraction per year", gt=-1.0, le=1.0)] | None = None
    """Yearly discount rate on real cash flows."""
    discount_rate_nominal: Annotated[Quantity, Kind("fraction per year", gt=-1.0, le=1.0)] | None = None
    """Yearly discount rate on nominal cash flows."""
    equity_discount_rate_real: Annotated[Quantity, Kind("fraction per year", gt=-1.0, le=1.0)] | None = None
    """Yearly discount rate on the sponsors' real cash flows; with neither of the two it is the project's rate."""
    equity_discount_rate_nominal: Annotated[Quantity, Kind("fraction per year", gt=-1.0, le=1.0)] | None = None
    """Yearly discount rate on the sponsors' nominal cash flows."""
    country_premium: Annotated[Quantity, Kind("fraction per year", ge=0.0, le=1.0)] = fallback(0.0)
    """Added to the discount rates of project and sponsors; only where politics is not in ``sanctions``."""
    benchmarks: dict[str, Benchmark] = Field(default_factory=dict)
    """Name: sum to hold the trade or the investment against; each gives a metric ``share_of_NAME``."""

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.discount_rate_real is None) == (self.discount_rate_nominal is None):
            raise ValueError("give exactly one of discount_rate_real and discount_rate_nominal")
        return self


HIGHEST_IRR = 1e9
"""Rates above this, which only flows without a real outlay give, are reported as this."""


@dataclass(frozen=True)
class Definition:
    """What a metric is: unit, definition, and whether a mean makes sense (not for something that can be never)."""

    unit: str
    text: str
    averaged: bool = True


DEFINITIONS: dict[str, Definition] = {
    "paid_back": Definition("share", "1 where the project pays back within the horizon (project_payback_years)"),
    "project_payback_years": Definition(
        "years from start", "first return of the cumulative real net flow to zero, from time zero; inf: never", False
    ),
    "project_payback_from_fid_years": Definition("years from FID", "project_payback_years less the time of FID", False),
    "project_payback_from_cod_years": Definition("years from COD", "project_payback_years less the time of COD", False),
    "project_payback_nominal_years": Definition("years from start", "payback of the undeflated net flow", False),
    "project_payback_discounted_years": Definition("years from start", "payback of the discounted net flow", False),
    "payback_reversed": Definition("share", "1 where the cumulative real flow falls below zero again after payback"),
    "npv_positive": Definition("share", "1 where project_npv_usd is above zero"),
    "project_npv_usd": Definition("USD", "net present value at time zero of net flows after tax, before financing"),
    "project_irr": Definition(
        "per year",
        "nominal internal rate of return after tax, before financing; largest root; mean and percentiles run over the "
        "draws that have one (share_defined), -1 where all is lost",
    ),
    "irr_several_roots": Definition("share", "1 where the cash flow has more than one internal rate of return"),
    "project_mirr": Definition(
        "per year", "modified IRR, financed and reinvested at the discount rate, spending in mid-period"
    ),
    "project_moic": Definition("ratio", "sum of positive over sum of negative nominal yearly net flows"),
    "peak_funding_usd": Definition("USD", "largest fall of the cumulative nominal net flow below zero"),
    "investment_usd": Definition("USD", "nominal spending until COD, overruns included"),
    "cod_years": Definition("years from start", "commercial operation date"),
    "cut_by_horizon": Definition("share", "1 where the horizon ends before operation and removal do"),
    "energy_delivered_mwh_per_year": Definition("MWh/year", "mean delivered energy per year in operation"),
    "utilisation": Definition("share", "energy sent over link capacity times hours in operation"),
    "lcoe_usd_per_mwh": Definition(
        "USD/MWh",
        "levelised cost of delivered energy before tax: all costs over energy, both at the discount rate, real",
    ),
    "transmission_lcoe_usd_per_mwh": Definition(
        "USD/MWh", "the same without supply cost and charges: the price gap that breaks even before tax"
    ),
    "realised_gap_usd_per_mwh": Definition(
        "USD/MWh", "revenue less supply cost and charges over energy, in the units of transmission_lcoe: the gap earned"
    ),
    "sam_lcoe_usd_per_mwh": Definition("USD/MWh", "SAM's convention: nominal, after tax"),
    "yearly_trade_usd": Definition("USD/year", "mean real revenue per year in operation"),
}


NOMINAL, REAL, PRESENT = "USD, nominal", "USD of time zero", "USD, present value"
LINE_UNITS = {
    **dict.fromkeys(("energy_sent_mwh", "energy_delivered_mwh"), "MWh"),
    "dscr": "ratio",
    **dict.fromkeys(("net_real", "cumulative_net_real"), REAL),
    **dict.fromkeys(("net_present", "cumulative_net_present"), PRESENT),
}
"""Units of the lines of the cash flow that are not in nominal US dollars."""


@dataclass(frozen=True)
class Discounting:
    """Factors that turn nominal flows into present values, (periods + 1, 1 or draws)."""

    at_end: Array
    at_middle: Array
    energy: Array
    """Factor of energy for real levelised costs: present value times price level."""


def discounting(real: Array | None, nominal: Array | None, money: Money) -> Discounting:
    """Return discount factors: 1 / ((1 + real)^t D(t)) or (1 + nominal)^-t, at the end and middle of each row."""
    end = money.grid.end
    middle = np.maximum(end - 0.5 * money.grid.dt, 0.0)
    if real is not None:
        at_end, at_middle = (1.0 + real) ** -end / money.deflator, (1.0 + real) ** -middle / money.mid_deflator
    else:
        assert nominal is not None
        at_end, at_middle = (1.0 + nominal) ** -end, (1.0 + nominal) ** -middle
    return Discounting(at_end, at_middle, at_end * money.deflator)


def discounting_of(evaluation: Evaluation, money: Money) -> Discounting:
    """Return the discount factors of the project, the country premium added to its rate."""
    real, nominal = evaluation.discount_rate_real, evaluation.discount_rate_nominal
    return discounting(_dearer(real, evaluation), _dearer(nominal, evaluation), money)


def equity_discounting_of(evaluation: Evaluation, money: Money) -> Discounting:
    """Return the discount factors of the sponsors; without rates of their own, those of the project."""
    real, nominal = evaluation.equity_discount_rate_real, evaluation.equity_discount_rate_nominal
    if real is None and nominal is None:
        return discounting_of(evaluation, money)
    return discounting(_dearer(real, evaluation), _dearer(nominal, evaluation), money)


def _dearer(rate: Array | None, evaluation: Evaluation) -> Array | None:
    return None if rate is None else rate + evaluation.country_premium


def evaluate(
    evaluation: Evaluation, cash: CashFlows, schedule: Schedule, capacity_mw: Array, lasting: Array, money: Money
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return every metric of every draw, each (draws,), and the real and present net flows, (periods + 1, draws).

    `DEFINITIONS` says what the metrics are; ``lasting``: years from COD to the end of the removal.
    """
    factor = discounting_of(evaluation, money)
    present, real = _present_and_real(cash, factor, money)
    flows = {
        "net_real": real,
        "net_present": present,
        "cumulative_net": accumulate(cash.net),
        "cumulative_net_real": accumulate(real),
        "cumulative_net_present": accumulate(present),
    }
    metrics = _paybacks(flows, schedule.clock, money.grid.dt)
    metrics |= _returns(cash, factor, total(present), flows["cumulative_net"], money.grid)
    metrics |= _physical(cash, schedule, capacity_mw, lasting, money.grid)
    metrics |= levelised(cash, factor)
    revenue = total(cash.operations.revenue / money.deflator)
    metrics["yearly_trade_usd"] = quotient(revenue, total(schedule.operating))
    for name, benchmark in evaluation.benchmarks.items():
        of = metrics["yearly_trade_usd" if benchmark.compare == "yearly_trade" else "investment_usd"]
        metrics[f"share_of_{name}"] = of / benchmark.amount_usd
    draws = metrics["project_payback_years"].shape
    return {name: np.broadcast_to(values, draws) for name, values in metrics.items()}, flows


def npv_and_payback(evaluation: Evaluation, cash: CashFlows, money: Money) -> tuple[Array, Array]:
    """Return the project's NPV and its real payback alone, as `evaluate` does."""
    present, real = _present_and_real(cash, discounting_of(evaluation, money), money)
    return total(present), payback_of_sum(accumulate(real), money.grid.dt)[0]


def _present_and_real(cash: CashFlows, factor: Discounting, money: Money) -> tuple[Array, Array]:
    """Return the net flow in present value and in money of time zero, spending in mid-period."""
    after_tax = cash.ebitda - cash.tax
    present = after_tax * factor.at_end - cash.capex * factor.at_middle
    return present, after_tax / money.deflator - cash.capex / money.mid_deflator


def _paybacks(flows: dict[str, Array], clock: Clock, dt: float) -> dict[str, Array]:
    fid, cod = clock.fid_row * dt, clock.cod_years
    paid, lost = payback_of_sum(flows["cumulative_net_real"], dt)
    return {
        "paid_back": np.isfinite(paid).astype(np.float64),
        "project_payback_years": paid,
        "project_payback_from_fid_years": paid - np.where(np.isfinite(fid), fid, 0.0),
        "project_payback_from_cod_years": paid - np.where(np.isfinite(cod), cod, 0.0),
        "project_payback_nominal_years": payback_of_sum(flows["cumulative_net"], dt)[0],
        "project_payback_discounted_years": payback_of_sum(flows["cumulative_net_present"], dt)[0],
        "payback_reversed": lost.astype(np.float64),
    }


def _returns(cash: CashFlows, factor: Discounting, npv: Array, nominal: Array, grid: Grid) -> dict[str, Array]:
    rate, several = yearly_irr(cash.ebitda - cash.tax, cash.capex, grid)
    invested = total(cash.capex)
    return {
        "npv_positive": (npv > 0.0).astype(np.float64),
        "project_npv_usd": npv,
        "project_irr": rate,
        "irr_several_roots": several,
        "project_mirr": mirr(cash.ebitda - cash.tax, cash.capex, factor, grid),
        "project_moic": quotient(total(np.maximum(cash.net, 0.0)), total(np.maximum(-cash.net, 0.0))),
        "peak_funding_usd": np.maximum(-np.min(nominal, axis=0), 0.0),
        "investment_usd": invested,
    }


def yearly_irr(flows: Array, early: Array, grid: Grid) -> tuple[Array, Array]:
    """Return the yearly rate of return of flows at the end and outlays ``early`` in the middle of rows.

    -1 where something is paid and nothing comes back; with it 1 where there are several rates, else 0.
    """
    roots = irr(flows, -early)
    with np.errstate(divide="ignore", over="ignore"):
        yearly = np.minimum(np.expm1(np.log1p(roots.rate) * grid.periods_per_year), HIGHEST_IRR)
    net = flows - early
    lost_all = np.isnan(roots.rate) & ~np.any(net > 0.0, axis=0) & np.any(net < 0.0, axis=0)
    return np.where(lost_all, -1.0, yearly), roots.several.astype(np.float64)


def _physical(cash: CashFlows, schedule: Schedule, capacity_mw: Array, lasting: Array, grid: Grid) -> dict[str, Array]:
    clock, in_operation = schedule.clock, total(schedule.operating)
    cod = clock.cod_years
    going_on = np.isfinite(clock.fid_row) & np.isinf(clock.abandoned_row)
    sent, delivered = total(cash.operations.energy_sent_mwh), total(cash.operations.energy_delivered_mwh)
    return {
        "cod_years": cod,
        "cut_by_horizon": (going_on & (cod + lasting > grid.end[-1, 0] + 1e-9)).astype(np.float64),
        "energy_delivered_mwh_per_year": quotient(delivered, in_operation),
        "utilisation": quotient(sent, capacity_mw * HOURS_PER_YEAR * in_operation),
    }


def payback_of_sum(cumulative: Array, dt: float) -> tuple[Array, NDArray[np.bool_]]:
    """Return years to payback of cumulative net flows (rows, draws), row 0 at time zero, and whether it is lost later.

    First return of the cumulative flow to >= 0 after having been negative, linear inside the row; inf: never.

    >>> import numpy as np
    >>> payback_of_sum(np.array([[-100.0], [-70.0], [-40.0], [40.0]]), 1.0)[0].tolist()
    [2.5]
    """
    negative = cumulative < 0.0
    paid = ever(ever(negative) & ~negative)
    draws = np.flatnonzero(paid[-1])
    row = np.count_nonzero(~paid, axis=0)[draws]
    before = cumulative[row - 1, draws]
    years = np.full(cumulative.shape[1], np.inf)
    years[draws] = (row - 1 - before / (cumulative[row, draws] - before)) * dt
    return years, np.any(paid & negative, axis=0)


def mirr(after_tax: Array, capex: Array, factor: Discounting, grid: Grid) -> Array:
    """Return (future value of inflows / present value of outflows)^(1/T) - 1, T the end of the last row with a flow.

    Spending is discounted from the middle of its row, as in the NPV; it is not set off against the inflow of its row.
    """
    not_over = ever(((after_tax != 0.0) | (capex != 0.0))[::-1])
    last = np.maximum(np.count_nonzero(not_over, axis=0) - 1, 0)
    at_last = np.broadcast_to(factor.at_end, capex.shape)[last, np.arange(last.size)]
    inflow = total(np.maximum(after_tax, 0.0) * factor.at_end) / at_last
    outflow = total(np.maximum(-after_tax, 0.0) * factor.at_end + capex * factor.at_middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(outflow > 0.0, (inflow / outflow) ** (1.0 / (last * grid.dt)) - 1.0, np.nan)


def levelised(cash: CashFlows, factor: Discounting) -> dict[str, Array]:
    """Return the levelised costs and the realised price gap, USD per MWh delivered."""
    op, running = cash.operations, cash.operations.running
    own = running.operating + running.replacements + running.decommissioning - running.salvage
    bought = op.supply_cost + op.charges
    capex = total(cash.capex * factor.at_middle)
    link = total(own * factor.at_end) + capex
    energy_bought = total(bought * factor.at_end)
    earned = total(op.revenue * factor.at_end)
    energy = total(op.energy_delivered_mwh * factor.energy)
    taxed = link + energy_bought + total(cash.tax * factor.at_end)
    return {
        "lcoe_usd_per_mwh": quotient(link + energy_bought, energy),
        "transmission_lcoe_usd_per_mwh": quotient(link, energy),
        "realised_gap_usd_per_mwh": quotient(earned - energy_bought, energy),
        "sam_lcoe_usd_per_mwh": quotient(taxed, total(op.energy_delivered_mwh * factor.at_end)),
    }
