"""The works: what building costs, when it is spent along the construction clock, and the schedule that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.costs import CapitalItem, Contingency, Costs, usd_at_spot
from sim.model.effects import Effects
from sim.model.macro import Money
from sim.model.timeline import Clock, Construction, Grid, at_row, overlap, row_of, total

Array = NDArray[np.float64]
REMOBILISATION = "remobilisation"
"""Name of the spending when work begins again after a stop."""


@dataclass(frozen=True)
class Work:
    """A part of the investment as it is spent: its nominal cost in USD for each row, and when it is done."""

    name: str
    cost: Array
    """What all of it would cost at the prices of each row, overruns included, (periods + 1, 1 or draws)."""
    start: Array
    """Construction clock at which spending begins."""
    end: Array
    """Construction clock at which spending ends."""
    exposed: bool
    """Whether sanctions can make it dearer."""
    life: Array | None
    """Years of tax depreciation; None: not depreciated."""


@dataclass(frozen=True)
class Schedule:
    """When the link is built and runs, and what building it costs; flows in nominal USD, (periods + 1, draws)."""

    clock: Clock
    capex: Array
    capex_by_item: Mapping[str, Array]
    """Spending of each item over all rows, (draws,)."""
    basis: list[tuple[Array, Array]]
    """Depreciable spending (draws,) and its tax life."""
    operating: Array
    """Years of each row in operation."""
    age: Array
    """Years since COD at the start of each row, not below 0."""
    seized_row: Array
    """First row in which the seizing state owns a part of the company, (1,) or (draws,); inf: never."""
    cost_index: Array
    """What the budget costs at FID over what it costs at time zero, (1,) or (draws,)."""


def works(costs: Costs, money: Money) -> list[Work]:
    """Return every part of the investment with its cost by row.

    Items cost amount · (1 + overrun) · index / exchange rate. The contingency covers overruns first; the rest of it is
    spent along the whole clock.
    """
    found: list[Work] = []
    overruns: Array = np.zeros(1)
    for name, item in costs.items.items():
        rate = money.from_year(item.currency, item.price_year) / money.rate[item.currency]
        cost = (item.amount_million * (1.0 + item.overrun) * 1e6) * rate
        overruns = overruns + usd_at_spot(item.amount_million, item.currency, money) * item.overrun
        found.append(Work(name, cost, item.work_from, item.work_to, item.sanctioned_equipment, item.tax_life_years))
    if costs.contingency is not None:
        reserve = costs.contingency
        left = np.maximum(usd_at_spot(reserve.amount_million, reserve.currency, money) - overruns, 0.0)
        cost = left * money.from_year("usd", reserve.price_year)
        found.append(Work("contingency", cost, np.zeros(1), np.ones(1), False, reserve.tax_life_years))
    return found


def done(clock: Array, work: Work, curve: str) -> Array:
    """Return the share of a work that is done when the construction clock stands at some values."""
    lasting = work.end > work.start
    span = np.where(lasting, work.end - work.start, 1.0)
    x = np.clip((clock - work.start) / span, 0.0, 1.0)
    if not lasting.all():
        x = np.where(lasting, x, clock >= work.start - 1e-12)
    return x * x * (3.0 - 2.0 * x) if curve == "s_curve" else x


def begun(fid_row: Array, row: NDArray[np.intp] | int) -> NDArray[np.bool_]:
    """Return whether spending can have begun by the end of a row; with FID at time zero, in the opening row already."""
    begins: NDArray[np.bool_] = (row > fid_row) | (fid_row == 0.0)
    return begins


def build(
    bill: list[Work],
    construction: Construction,
    clock: Clock,
    index: Array,
    operation_years: Array,
    effects: Effects,
    money: Money,
    grid: Grid,
) -> Schedule:
    """Return the schedule: spending along the construction clock, COD and operating life of each draw.

    Row k of an item's spending is its cost in the row · [F(s_k) - F(s_(k-1))], F the S-curve between ``work_from`` and
    ``work_to``; on sanctioned equipment times the cost factor of the row's regime. ``bill`` are the `works`; ``index``:
    what the budget costs at FID over what it costs at time zero.
    """
    rows = clock.progress.shape[0]
    decided = begun(clock.fid_row, np.arange(rows)[:, None])
    by_item: dict[str, Array] = {}
    basis: list[tuple[Array, Array]] = []
    capex: Array = np.zeros((grid.periods + 1, clock.cod_years.size))
    for work in bill:
        spent = _increments(done(clock.progress, work, construction.progress) * decided) * work.cost[:rows]
        if work.exposed:
            spent = spent * effects.cost[:rows]
        capex[:rows] += spent
        by_item[work.name] = total(spent)
        if work.life is not None:
            basis.append((by_item[work.name], work.life))
    stop = effects.stoppage
    if stop is not None and clock.resumed is not None:
        rate = money.from_year(stop.currency, stop.price_year) / money.rate[stop.currency]
        spent = clock.resumed * (stop.amount_million * 1e6 * rate[:rows])
        capex[:rows] += spent
        by_item[REMOBILISATION] = total(spent)
        if stop.tax_life_years is not None:
            basis.append((by_item[REMOBILISATION], stop.tax_life_years))
    age = np.maximum(grid.end - grid.dt - clock.cod_years, 0.0)
    operating = overlap(clock.cod_years, operation_years, grid)
    seized = _seized_row(effects.seizure_row, clock, operation_years, grid)
    return Schedule(clock, capex, by_item, merge_lives(basis), operating, age, seized, index)


def _seized_row(row: Array, clock: Clock, life: Array, grid: Grid) -> Array:
    """Return the row of a seizure where there is still something to seize: in operation or before, not given up."""
    if np.all(np.isinf(row)):
        return row
    last = np.minimum(row_of(clock.cod_years + life, grid), float(grid.periods))
    return np.where((row <= last) & (row <= clock.abandoned_row), row, np.inf)


def _increments(reached: Array) -> Array:
    """Return what is done in each row of what has been reached by its end."""
    result: Array = reached.copy()
    result[1:] -= reached[:-1]
    np.maximum(result, 0.0, out=result)  # the curve can fall by a rounding step
    return result


def index_at_fid(costs: Costs, money: Money, fid_row: Array) -> Array:
    """Return what the budget costs at FID over what it costs at time zero, (1,) or (draws,); 1 without a FID.

    At the prices of the row after FID and the exchange rates of its own row. Commitments, first reserves, grants and
    promises of sponsors are multiplied by it.
    """
    if np.all((fid_row == 0.0) | np.isinf(fid_row)):
        return np.ones(1)
    parts: list[CapitalItem | Contingency] = [*costs.items.values()]
    if costs.contingency is not None:
        parts.append(costs.contingency)
    following = np.minimum(np.arange(money.grid.periods + 1) + 1, money.grid.periods)
    whole: Array = np.zeros((1, 1))
    for part in parts:
        index = money.from_year(part.currency, part.price_year)[following]
        whole = whole + part.amount_million * index / money.rate[part.currency]
    then, now = np.broadcast_arrays(at_row(whole, fid_row), whole[0])
    moved: Array = np.divide(then, now, out=np.ones(now.shape), where=now > 0.0)
    return moved


def merge_lives(basis: list[tuple[Array, Array]]) -> list[tuple[Array, Array]]:
    """Return the depreciable amounts with equal certain tax lives added up."""
    merged: dict[float, tuple[Array, Array]] = {}
    rest = []
    for amount, life in basis:
        if life.size == 1:
            known = merged.get(float(life[0]))
            merged[float(life[0])] = (amount if known is None else known[0] + amount, life)
        else:
            rest.append((amount, life))
    return [*merged.values(), *rest]
