"""Running costs of each draw: operation, renewals with their write-off and reserve, removal and salvage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.costs import Costs, OperatingCost, Replacement, budget_usd
from sim.model.macro import Money
from sim.model.timeline import Grid, contains, overlap, total
from sim.model.works import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RunningCosts:
    """Yearly costs and those at the end of life, nominal USD, (periods + 1, draws)."""

    operating: Array
    by_item: Mapping[str, Array]
    """The same by entry of ``costs.operating``."""
    replacements: Array
    replacements_capitalised: Array
    """The part of them that is not deducted when it is paid but written off."""
    replacement_writeoff: Array
    """What is written off of them in each row."""
    maintenance_target: Array
    """What has to be set aside at the end of each row for renewals to come."""
    decommissioning: Array
    salvage: Array


@dataclass(frozen=True)
class _Renewals:
    """All renewals, or those of one entry."""

    paid: Array
    capitalised: Array
    writeoff: Array
    target: Array


def running_costs(
    costs: Costs,
    schedule: Schedule,
    operation_years: Array,
    energy_sent_mwh: Array,
    insurance: Array,
    money: Money,
    grid: Grid,
) -> RunningCosts:
    """Return operating cost, replacements, decommissioning and salvage of each row; ``insurance``: on premiums."""
    budget = budget_usd(costs, money)
    cod = schedule.clock.cod_years
    shape = schedule.operating.shape
    by_item = {
        name: np.broadcast_to(
            _yearly(entry, budget, schedule, energy_sent_mwh, money) * (insurance if entry.insurance else 1.0), shape
        )
        for name, entry in costs.operating.items()
    }
    operating: Array = np.zeros(shape)
    for flow in by_item.values():
        operating = operating + flow
    renewals = _Renewals(*(np.zeros(shape) for _ in range(4)))
    for part in costs.replacements.values():
        for one in _renewals(part, cod, operation_years, money, grid):
            renewals = _added(renewals, one)
    decommissioning: Array = np.zeros(shape)
    if costs.decommissioning is not None:
        end = costs.decommissioning
        rate = money.from_year(end.currency, end.price_year) / money.rate[end.currency]
        spread = overlap(cod + operation_years, np.array([end.years]), grid)
        decommissioning = end.amount_million * 1e6 * rate * spread / end.years
    salvage: Array = np.zeros(shape)
    if costs.salvage is not None:
        rate = indexed("usd", costs.salvage.price_year, costs.salvage.indexed, np.zeros(1), money)
        salvage = contains(cod + operation_years, grid) * (costs.salvage.share_of_capex * budget * rate)
    return RunningCosts(
        operating=operating,
        by_item=by_item,
        replacements=renewals.paid,
        replacements_capitalised=renewals.capitalised,
        replacement_writeoff=renewals.writeoff,
        maintenance_target=renewals.target,
        decommissioning=decommissioning,
        salvage=salvage,
    )


def _yearly(entry: OperatingCost, budget: Array, schedule: Schedule, energy_sent_mwh: Array, money: Money) -> Array:
    """Return one operating cost of each row; a part of it falls away with each full year of operation."""
    rate = indexed(entry.currency, entry.price_year, entry.indexed, entry.escalation_per_year, money)
    if entry.share_of_capex_per_year is not None:
        flow = entry.share_of_capex_per_year * budget * rate * schedule.operating
    elif entry.amount_million_per_year is not None:
        rate = rate / money.rate[entry.currency]
        flow = entry.amount_million_per_year * 1e6 * rate * schedule.operating
    else:
        assert entry.amount_per_mwh is not None
        flow = entry.amount_per_mwh * (rate / money.rate[entry.currency]) * energy_sent_mwh
    if np.any(entry.decline_per_year > 0.0):
        flow = flow * np.maximum(1.0 - entry.decline_per_year * np.floor(schedule.age + 1e-9), 0.0)
    return flow


def _renewals(part: Replacement, cod: Array, life: Array, money: Money, grid: Grid) -> Iterator[_Renewals]:
    """Yield each renewal of an entry: the first one ``every_years`` after COD, none in the last year of operation."""
    rate = money.from_year(part.currency, part.price_year) / money.rate[part.currency]
    for j in range(1, int(np.max(life) / np.min(part.every_years)) + 1):
        due = np.where(j * part.every_years <= life - 1.0 + 1e-9, cod + j * part.every_years, np.inf)
        falls = contains(due, grid)
        paid = falls * (part.amount_million * 1e6 * rate)
        capitalised, writeoff, target = np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1))
        if part.tax_life_years is not None:
            row_end = np.max(np.where(falls, grid.end, 0.0), axis=0)
            capitalised = paid
            writeoff = overlap(row_end, part.tax_life_years, grid) / part.tax_life_years * total(paid)
        if part.reserve_funded:
            passed = np.clip((grid.end - (due - part.every_years)) / part.every_years, 0.0, 1.0)
            target = np.where(np.cumsum(falls, axis=0) > 0, 0.0, passed) * total(paid)
        yield _Renewals(paid, capitalised, writeoff, target)


def _added(all_so_far: _Renewals, one: _Renewals) -> _Renewals:
    return _Renewals(
        all_so_far.paid + one.paid,
        all_so_far.capitalised + one.capitalised,
        all_so_far.writeoff + one.writeoff,
        all_so_far.target + one.target,
    )


def indexed(currency: str, price_year: int, follows: bool, escalation: Array, money: Money) -> Array:
    """Return what turns an amount of a price year into one of each row: the index, if any, and the escalation."""
    return escalate(price_year, escalation, money) * (money.from_year(currency, price_year) if follows else 1.0)


def escalate(price_year: int, escalation: Array, money: Money) -> Array:
    """Return (1 + escalation)^(calendar year - price year) for each row, (periods + 1, 1 or draws)."""
    years = (money.grid.start_year + money.grid.year - price_year)[:, None]
    return np.power(1.0 + escalation, years)
