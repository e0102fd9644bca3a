"""The stages before anybody lends: from chance to the project's own flow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import Chance, Draws
from sim.model import costs, dispatch, macro, operations, physical
from sim.model.costs import Schedule
from sim.model.macro import Money
from sim.model.operations import Prices
from sim.model.physical import Production
from sim.model.project import Project, before_loans
from sim.model.sanctions import Effects
from sim.model.timeline import Clock, Grid, run_clock
from sim.scenario import Scenario, Spec, fill

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """One chunk of draws, or the lenders' case, up to the project's flow without loans."""

    scenario: Scenario
    clock: Clock
    schedule: Schedule
    available: Array
    """Availability of the link, (periods + 1, 1 or draws)."""
    prices: Prices
    money: Money
    production: Production
    project: Project

    @property
    def life(self) -> Array:
        """Operating life [years]."""
        return self.scenario.timeline.operation_years


def run_project(spec: Spec, grid: Grid, curve: dispatch.Curve, chance: Chance, effects: Effects) -> Stage:
    """Return the stages of a chunk in the order in which money flows."""
    scenario = fill(spec, chance)

    def normals(name: str, rows: int) -> Array:
        return chance.normals(name, rows, spec.mixing)

    money = macro.forecast(scenario.macro, grid, normals)
    clock = _widened(run_clock(scenario.timeline, grid, effects.pace), chance.columns)
    life = scenario.timeline.operation_years
    schedule = costs.build(scenario.costs, scenario.timeline.construction, clock, life, money, grid)
    faults = (lambda outages, mean: draw_faults(chance, grid, mean)) if isinstance(chance, Draws) else None
    available = physical.availability(scenario.link, grid, faults)
    production = physical.produce(scenario.link, scenario.supply, schedule, effects, grid, available)
    quoted = operations.prices(scenario.market, scenario.supply, money, normals, effects)
    sold = operations.sell(
        scenario.market, scenario.supply, scenario.costs, life, quoted, production, schedule, curve, money
    )
    project = before_loans(scenario.tax, schedule, sold, grid)
    return Stage(scenario, clock, schedule, available, quoted, money, production, project)


def _widened(clock: Clock, columns: int) -> Clock:
    """Give COD a value for each draw, so that every flow has one column a draw from here on."""
    return Clock(clock.progress, np.broadcast_to(clock.cod_years, (columns,)))


def draw_faults(chance: Draws, grid: Grid, mean: Array) -> physical.Faults:
    """Return the random numbers of cable faults; the number of slots covers all but 1e-12 of the Poisson law."""
    rows, name = grid.periods, "link.outages"
    draw = chance.uniforms(f"{name}.count", rows)
    largest = float(np.max(mean))
    count = np.zeros_like(draw)
    slots = []
    term, reached = np.exp(-mean), np.exp(-mean)
    peak_term = peak = math.exp(-largest)
    slot = 0
    while peak < 1.0 - 1e-12 and slot < 200:
        count += draw > reached
        slot += 1
        term = term * mean / slot
        reached = reached + term
        peak_term = peak_term * largest / slot
        peak += peak_term
        slots.append(
            (
                chance.uniforms(f"{name}.start.{slot}", rows),
                chance.normals(f"{name}.repair.{slot}", rows, {}),
                chance.uniforms(f"{name}.ice.{slot}", rows),
            )
        )
    return physical.Faults(count, slots)
