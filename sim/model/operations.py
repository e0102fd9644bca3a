"""Selling the power: market price, supply cost, charges, schemes and the operating flows that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.base import processes
from sim.base.quantities import Section
from sim.model.costs import Costs
from sim.model.dispatch import Curve, Terms, dispatch
from sim.model.macro import Money, Normals, path
from sim.model.market import PPA, CapacityPayment, FuelLinked, Market
from sim.model.physical import FuelCost, PriceCost, Production, RatioCost, Supply
from sim.model.running import RunningCosts, escalate, indexed, running_costs
from sim.model.works import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prices:
    """Market and supply prices before the link's own effect; arrays (periods + 1, 1 or draws)."""

    market: Array
    """Mean market price, nominal, market currency per kWh."""
    market_real: Array
    """The same in money of the market's price year (the process itself)."""
    supply_usd_per_mwh: Array
    """Supply cost, nominal USD per MWh sent."""
    contract_usd_per_kwh: list[tuple[PPA, Array]]
    """PPAs and their prices, nominal USD per kWh."""
    others_usd: Mapping[str, Array]
    """Prices of the PPAs and of the supply by dotted path, as their processes give them: USD without inflation."""


def prices(market: Market, supply: Supply, money: Money, normals: Normals) -> Prices:
    """Return the price paths of every draw."""
    real = _market_level(market, money, normals)
    nominal = real * money.from_year(market.currency, market.price_year)
    contracts, others = [], {}
    for name, scheme in market.schemes.items():
        if isinstance(scheme, PPA):
            place = f"market.schemes.{name}.price_per_kwh"
            level = _process(scheme.price_per_kwh, place, money, normals)
            others[place] = level / money.real_rate[scheme.currency]
            index = money.from_year(scheme.currency, scheme.price_year) if scheme.indexed else np.ones((1, 1))
            rate = escalate(scheme.price_year, scheme.escalation_per_year, money) / money.rate[scheme.currency]
            contracts.append((scheme, level * index * rate))
    cost, bought = supply.cost, None
    if isinstance(cost, PriceCost):
        bought = _process(cost.price_per_mwh, "supply.cost.price_per_mwh", money, normals)
        others["supply.cost.price_per_mwh"] = bought / money.real_rate[cost.currency]
    return Prices(nominal, real, _supply_cost(market, supply, nominal, money, bought), contracts, others)


def discounted(quoted: Prices, factor: Array) -> Prices:
    """Return what buyers pay when they pay only a part of market and contract prices; power costs what it did."""
    contracts = [(scheme, price * factor) for scheme, price in quoted.contract_usd_per_kwh]
    return replace(quoted, market=quoted.market * factor, contract_usd_per_kwh=contracts)


def _process(section: Section, name: str, money: Money, normals: Normals) -> Array:
    grid = money.grid
    return path(section, name, grid.start_year, grid.dt, grid.periods, normals)


def _market_level(market: Market, money: Money, normals: Normals) -> Array:
    """Return the mean market price in money of the price year.

    Fuel-linked: exp(intercept) · (fuel price in market currency, both real)^elasticity · season · residual.
    """
    section = market.price_per_kwh
    if not isinstance(section, FuelLinked):
        return _process(section, "market.price_per_kwh", money, normals)
    grid = money.grid
    zero = np.zeros(1)
    median = processes.LogMedian(zero, zero, zero, section.reversion_per_year, section.volatility)
    residual = processes.log_averages(median, normals("market.price_per_kwh", grid.periods), grid.dt, grid.periods)
    fuel = money.commodity_usd[section.commodity] * money.real_rate[market.currency]
    scale = np.exp(section.intercept) * section.season_factor
    level = scale * fuel**section.elasticity
    level = np.broadcast_to(level, (grid.periods + 1, max(level.shape[1], residual.shape[1]))).copy()
    level[1:] *= residual
    return level


def _supply_cost(market: Market, supply: Supply, nominal: Array, money: Money, bought: Array | None) -> Array:
    """Return the supply cost in nominal USD per MWh sent; ``bought``: level of its price process, if it has one."""
    cost = supply.cost
    if isinstance(cost, RatioCost):
        assert market.price_ratio is not None
        if cost.basis == "concurrent_mean":
            return nominal * 1000.0 / market.price_ratio / money.rate[market.currency]
        assert market.reference_price_per_kwh is not None
        spot: Array = money.real_rate[market.currency][0]
        base = market.reference_price_per_kwh * 1000.0 / market.price_ratio / spot
        return base * money.from_year(cost.index_currency, market.price_year)
    rate = money.from_year(cost.currency, cost.price_year) / money.rate[cost.currency]
    if bought is not None:
        return bought * rate
    assert isinstance(cost, FuelCost)
    other = cost.variable_om_per_mwh + cost.carbon_t_per_mwh * cost.carbon_price_per_t
    factor = cost.fuel_units_per_mwh * cost.fuel_price_factor
    return money.commodity_nominal[cost.commodity] * factor + other * rate


@dataclass(frozen=True)
class Operations:
    """What the link carries and earns, nominal USD and MWh, (periods + 1, draws)."""

    energy_sent_mwh: Array
    energy_delivered_mwh: Array
    revenue_merchant: Array
    revenue_ppa: Array
    revenue_capacity: Array
    supply_cost: Array
    charges: Array
    running: RunningCosts

    @property
    def revenue(self) -> Array:
        """Return all revenue."""
        return self.revenue_merchant + self.revenue_ppa + self.revenue_capacity


def sell(
    market: Market,
    supply: Supply,
    costs: Costs,
    operation_years: Array,
    quoted: Prices,
    production: Production,
    schedule: Schedule,
    hours: Curve,
    insurance: Array,
    money: Money,
) -> Operations:
    """Return dispatch, revenue and operating cost of each row; ``insurance``: factor on premiums."""
    index = money.from_year(market.currency, market.price_year)
    rate = money.rate[market.currency]
    limit = production.losses.received(production.sending_limit_mw)
    if market.import_limit_mw is not None:
        limit = np.minimum(limit, market.import_limit_mw)
    sent_charge, received_charge = _charges(market, quoted.supply_usd_per_mwh, money)
    firm, contract_revenue = _contracts(quoted, limit, schedule)
    terms = Terms(
        level=quoted.market,
        floor=market.price_floor_per_kwh * index,
        cost=(quoted.supply_usd_per_mwh + sent_charge) * (rate / 1000.0),
        charge=received_charge * (rate / 1000.0),
        effect=market.price_effect_per_gw / 1000.0 * index,
        limit_mw=limit,
        firm_mw=firm,
    )
    flow = dispatch(terms, production.losses, hours, market.dispatch == "competitive")
    sent = flow.sent * production.hours
    delivered = flow.received * production.hours
    offered = production.losses.sent(limit) * production.hours
    paid_for = sent
    if np.any(supply.take_or_pay_share > 0.0):
        paid_for = np.maximum(sent, supply.take_or_pay_share * offered)
    return Operations(
        energy_sent_mwh=sent,
        energy_delivered_mwh=delivered,
        revenue_merchant=flow.revenue * production.hours * (1000.0 / rate),
        revenue_ppa=contract_revenue * production.hours * 1000.0,
        revenue_capacity=_capacity_payments(market, schedule, money),
        supply_cost=quoted.supply_usd_per_mwh * paid_for,
        charges=sent_charge * sent + received_charge * delivered,
        running=running_costs(costs, schedule, operation_years, sent, insurance, money, money.grid),
    )


def _charges(market: Market, supply_cost: Array, money: Money) -> tuple[Array, Array]:
    """Return the charges on a MWh sent and on a MWh received, nominal USD."""
    sent: Array = np.zeros((1, 1))
    received: Array = np.zeros((1, 1))
    for charge in market.charges.values():
        if charge.share_of_supply_cost is not None:
            sent = sent + charge.share_of_supply_cost * supply_cost
            continue
        assert charge.amount_per_mwh is not None
        rate = money.from_year(charge.currency, charge.price_year) / money.rate[charge.currency]
        if charge.measured_at == "sending_end":
            sent = sent + charge.amount_per_mwh * rate
        else:
            received = received + charge.amount_per_mwh * rate
    return sent, received


def _contracts(quoted: Prices, limit: Array, schedule: Schedule) -> tuple[Array | None, Array]:
    """Return the contracted power [MW received] and its revenue [MW · USD per kWh] while contracts are in force."""
    if not quoted.contract_usd_per_kwh:
        return None, np.zeros((1, 1))
    firm: Array = np.zeros((1, 1))
    revenue: Array = np.zeros((1, 1))
    for scheme, price in quoted.contract_usd_per_kwh:
        power = np.where(schedule.age < scheme.term_years - 1e-9, scheme.share * limit, 0.0)
        firm = firm + power
        revenue = revenue + power * price
    return firm, revenue


def _capacity_payments(market: Market, schedule: Schedule, money: Money) -> Array:
    """Return the payments for keeping the link ready while their contracts are in force, nominal USD."""
    revenue: Array = np.zeros(schedule.operating.shape)
    for scheme in market.schemes.values():
        if isinstance(scheme, CapacityPayment):
            rate = indexed(scheme.currency, scheme.price_year, scheme.indexed, scheme.escalation_per_year, money)
            yearly = scheme.amount_million_per_year * 1e6 * rate / money.rate[scheme.currency]
            in_force = schedule.age < scheme.term_years - 1e-9
            revenue = revenue + np.where(in_force, yearly * schedule.operating, 0.0)
    return revenue
