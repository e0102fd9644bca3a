"""The stages before anybody lends: from chance to the project's own flow."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import Chance, Draws
from sim.model import dispatch, macro, operations, physical, regimes, works
from sim.model.construction import Backing, erect, funds_of
from sim.model.effects import Effects
from sim.model.macro import Money
from sim.model.operations import Prices
from sim.model.physical import Production
from sim.model.project import Project, before_loans
from sim.model.timeline import Clock, Grid
from sim.model.works import Schedule, Work
from sim.scenario import Scenario, Spec, fill

Array = NDArray[np.float64]
States = NDArray[np.int8]


def _hold_on_to_memory() -> None:
    """Free one large block: glibc keeps twice the largest that it has seen freed, and gives it to later arrays.

    Without this hint most arrays of a chunk would go back to the system and come again page by page, a tenth of the
    time of a block.
    """
    np.empty(30_000_000, dtype=np.int8)


_hold_on_to_memory()


@dataclass(frozen=True)
class World:
    """What no politics changes: the numbers of each draw, money, prices and the random numbers of cable faults."""

    chance: Chance
    scenario: Scenario
    money: Money
    prices: Prices
    """Before the link's own effect and before any discount."""
    faults: physical.Faults | None
    """None: expected effect, or no faults as events."""
    bill: list[Work]
    """Every part of the investment with its cost by row."""
    cut_off: Array
    """Share of the sending limit that export cut-offs leave, (1 or periods + 1, 1 or draws)."""

    @property
    def life(self) -> Array:
        """Operating life [years]."""
        return self.scenario.timeline.operation_years


@dataclass(frozen=True)
class Stage:
    """One chunk of draws, or the lenders' case, up to the project's flow without loans."""

    world: World
    effects: Effects
    states: States
    """Regime of each row, (periods + 1, 1 or draws); (1, 1) without sanctions."""
    clock: Clock
    schedule: Schedule
    available: Array
    """Availability of the link, (1 or periods + 1, 1 or draws)."""
    prices: Prices
    """Before the link's own effect, as buyers pay them."""
    production: Production
    project: Project

    @property
    def scenario(self) -> Scenario:
        """The scenario, its numbers filled in."""
        return self.world.scenario

    @property
    def money(self) -> Money:
        """Price indices and exchange rates."""
        return self.world.money

    @property
    def life(self) -> Array:
        """Operating life [years]."""
        return self.world.life


def see_world(spec: Spec, grid: Grid, chance: Chance) -> World:
    """Return everything that a chunk of draws has in common with and without sanctions."""
    scenario = fill(spec, chance)

    def normals(name: str, rows: int) -> Array:
        return chance.normals(name, rows, spec.mixing)

    money = macro.forecast(scenario.macro, grid, normals)
    quoted = operations.prices(scenario.market, scenario.supply, money, normals)
    faults = None
    if isinstance(chance, Draws) and scenario.link.outages is not None:
        faults = draw_faults(chance, grid, physical.faults_per_year(scenario.link) * grid.dt)
    section = scenario.sanctions
    cut_off = regimes.cut_offs(section.export_cut_offs if section is not None else None, grid, chance)
    return World(chance, scenario, money, quoted, faults, works.works(scenario.costs, money), cut_off)


def politics(world: World, grid: Grid, lenders_regime: int) -> tuple[States, Effects]:
    """Return the regime of each row and what it brings; the lenders' case stays in one regime."""
    scenario, section, chance = world.scenario, world.scenario.sanctions, world.chance
    if section is None:
        return np.zeros((1, 1), dtype=np.int8), Effects.none()
    if isinstance(chance, Draws):
        states = regimes.regime_path(section, grid, chance)
    else:
        states = np.full((grid.periods + 1, 1), lenders_regime, dtype=np.int8)
    made = regimes.effects_of(section, states, scenario.timeline, scenario.tranches, grid, chance)
    return states, replace(made, export_share=made.export_share * world.cut_off)


def calm(world: World) -> tuple[States, Effects]:
    """Return the first regime in every row: no sanctions, FID at time zero; export cut-offs stay."""
    return np.zeros((1, 1), dtype=np.int8), replace(Effects.none(), export_share=world.cut_off)


def run_project(
    world: World, grid: Grid, curve: dispatch.Curve, states: States, effects: Effects, backing: Backing | None
) -> Stage:
    """Return the stages of a chunk in the order in which money flows."""
    scenario, money, life, columns = world.scenario, world.money, world.life, world.chance.columns
    index = works.index_at_fid(scenario.costs, money, effects.fid_row)
    funds = funds_of(backing, effects, world.bill, index)
    clock = _widened(erect(scenario.timeline, effects, funds, grid), columns)
    schedule = works.build(world.bill, scenario.timeline.construction, clock, index, life, effects, money, grid)
    available = physical.availability(scenario.link, grid, world.faults, effects.repair)
    production = physical.produce(scenario.link, scenario.supply, schedule, effects, grid, available)
    paid = operations.discounted(world.prices, effects.price)
    sold = operations.sell(
        scenario.market,
        scenario.supply,
        scenario.costs,
        life,
        paid,
        production,
        schedule,
        curve,
        effects.insurance,
        money,
    )
    project = before_loans(scenario.tax, schedule, sold, effects, grid)
    return Stage(world, effects, states, clock, schedule, available, paid, production, project)


def _widened(clock: Clock, columns: int) -> Clock:
    """Give COD a value for each draw, so that every flow has one column a draw from here on."""
    return replace(clock, cod_years=np.broadcast_to(clock.cod_years, (columns,)))


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
