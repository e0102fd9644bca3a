"""The one path from a scenario to its results: the same functions for every draw and for the lenders' case.

prepare(spec)            grid, duration curve: what no draw changes
run_block(model, chance) one chunk of replicates, or the lenders' case, through all stages
simulate(spec, …)        every replicate, in chunks that fit in cache, on one or more processes
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import REPLICATE, Chance, Draws, LendersCase
from sim.collect import Block, BlockResult, Collector, Limits, Result
from sim.errors import ScenarioError
from sim.model import costs, dispatch, financing, macro, metrics, operations, physical
from sim.model.sanctions import Effects
from sim.model.timeline import Clock, Grid, run_clock, total
from sim.scenario import Scenario, Spec, fill, from_data, process_names

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

Array = NDArray[np.float64]
CHUNK_BYTES = 900_000
"""Size of one array of a chunk; some dozens of them should fit in the second-level cache."""


@dataclass(frozen=True)
class Model:
    """A scenario made ready: what does not depend on chance."""

    spec: Spec
    grid: Grid
    curve: dispatch.Curve


def prepare(spec: Spec) -> Model:
    """Return the model of a scenario: its horizon (docs/model.md, section 1) and the slices of its duration curve."""
    lenders = fill(spec, LendersCase())
    timeline = lenders.timeline
    long = Grid(timeline.start_year, timeline.periods_per_year, 200 * timeline.periods_per_year)
    planned = float(run_clock(timeline, long, np.ones((1, 1))).cod_years[0])
    if not math.isfinite(planned):
        message, cure = "the laying window never lets the link be finished", "widen the window or shorten the laying"
        raise ScenarioError.single(message, path="timeline.sea_work", cure=cure)
    life = spec.leaves["timeline.operation_years"]
    years = math.ceil(planned + timeline.max_delay_years + life.dist.upper + lenders.costs.removal_years - 1e-9)
    grid = Grid(timeline.start_year, timeline.periods_per_year, years * timeline.periods_per_year)
    return Model(spec, grid, dispatch.curve(lenders.market.duration_curve))


def run_block(model: Model, chance: Chance) -> Block:
    """Return one chunk of draws, or the lenders' case, taken through all stages."""
    spec, grid = model.spec, model.grid
    effects = Effects.none()
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
        scenario.market, scenario.supply, scenario.costs, life, quoted, production, schedule, model.curve, money
    )
    cash = financing.finance(scenario.tax, schedule, sold, grid)
    lasting = life + scenario.costs.removal_years
    values, flows = metrics.evaluate(scenario.evaluation, cash, schedule, scenario.link.capacity_mw, lasting, money)
    return Block(scenario, clock, available, quoted, money, cash, values, flows)


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


def deterministic(spec: Spec) -> Block:
    """Return the lenders' case of a scenario: one column through the same functions."""
    return run_block(prepare(spec), LendersCase())


# --- many replicates ----------------------------------------------------------------------------------------------


def simulate(
    spec: Spec,
    draws: int,
    seed: int,
    workers: int = 1,
    limits: Limits | None = None,
    progress: Callable[[int], None] | None = None,
    chunk_replicates: int | None = None,
) -> Result:
    """Return the results of a scenario over at least ``draws`` draws (rounded up to whole replicates of 256)."""
    limits = limits or Limits()
    model = prepare(spec)
    replicates = -(-max(draws, 1) // REPLICATE)
    size = chunk_replicates or max(1, int(CHUNK_BYTES / (8 * REPLICATE * (model.grid.periods + 1))))
    chunks = [tuple(range(i, min(i + size, replicates))) for i in range(0, replicates, size)]
    collector = Collector(spec, model.grid, run_block(model, LendersCase()), seed, replicates, limits)
    for result in _results(model, seed, chunks, workers, collector.limits):
        collector.add(result)
        if progress is not None:
            progress(result.draws)
    return collector.result()


def _results(
    model: Model, seed: int, chunks: list[tuple[int, ...]], workers: int, limits: Limits
) -> Iterator[BlockResult]:
    if workers <= 1 or len(chunks) == 1:
        for replicates in chunks:
            yield reduce_block(model, Draws(seed, replicates), limits)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    start = (model.spec.name, model.spec.data, seed, limits)
    with ProcessPoolExecutor(min(workers, len(chunks)), context, _start_worker, start) as pool:
        yield from _in_order(pool, chunks, 4 * workers)


def _in_order(pool: Executor, chunks: list[tuple[int, ...]], ahead: int) -> Iterator[BlockResult]:
    """Yield results in the order of the chunks, with a bounded number of them under way."""
    waiting: list[Future[BlockResult]] = []
    try:
        for replicates in chunks:
            waiting.append(pool.submit(_work, replicates))
            if len(waiting) >= ahead:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for future in waiting:
            future.cancel()


_worker: tuple[Model, int, Limits] | None = None


def _start_worker(name: str, data: dict[str, object], seed: int, limits: Limits) -> None:
    global _worker
    _worker = (prepare(from_data(name, data)), seed, limits)


def _work(replicates: tuple[int, ...]) -> BlockResult:
    assert _worker is not None
    model, seed, limits = _worker
    return reduce_block(model, Draws(seed, replicates), limits)


def reduce_block(model: Model, chance: Draws, limits: Limits) -> BlockResult:
    """Return what the collector needs of one chunk."""
    block = run_block(model, chance)
    first = chance.replicates[0]
    inputs = None
    if first < limits.input_replicates:
        inputs = dict(_inputs(model.spec, block))
    return BlockResult.of(chance.replicates, block.metrics, block.lines, inputs, limits)


def _inputs(spec: Spec, block: Block) -> Iterator[tuple[str, Array]]:
    """Yield the uncertain inputs of a chunk by dotted path; what moves counts with its mean over the calendar."""
    for path in spec.uncertain:
        yield path, leaf_values(block.scenario, path)
    levels = _levels(spec, block)
    moving = [levels[name] for name in process_names(spec.written)]
    if spec.written.link.outages is not None:
        moving.append(("link.outages (mean availability)", block.available))
    for label, level in moving:
        if level.shape[1] > 1:
            yield label, total(level) / level.shape[0]


def _levels(spec: Spec, block: Block) -> dict[str, tuple[str, Array]]:
    """Return label and level of every process by dotted path, prices in USD without inflation."""
    money = block.money
    market = block.prices.market_real / money.real_rate[spec.written.market.currency]
    prices = {"market.price_per_kwh": market, **block.prices.others_usd}
    found = {path: (f"{path} (mean, in USD)", level) for path, level in prices.items()}
    for name, level in money.level.items():
        found[f"macro.inflation.{name}"] = f"macro.inflation.{name} (mean)", level[1:] / level[:-1] - 1.0
    for name, level in money.real_rate.items():
        found[f"macro.fx.{name}.rate"] = f"macro.fx.{name} (mean)", level
    for name, level in money.commodity_usd.items():
        found[f"macro.commodities.{name}.price"] = f"macro.commodities.{name} (mean, in USD)", level
    return found


def leaf_values(scenario: Scenario, path: str) -> Array:
    """Return the values of one leaf of a filled scenario by dotted path."""
    item: object = scenario
    for part in path.split("."):
        if isinstance(item, dict):
            item = item[part] if part in item else item[int(part)]
        else:
            item = getattr(item, part)
    assert isinstance(item, np.ndarray)
    return item
