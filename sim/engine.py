"""The one path from a scenario to its results: the same functions for every draw and for the lenders' case.

run_block(model, chance) one chunk of replicates, or the lenders' case, through all stages
simulate(spec, …)        every replicate, in chunks that fit in cache, on one or more processes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import REPLICATE, Chance, Draws
from sim.collect import Block, BlockResult, Collector, Limits, Result
from sim.model import finance_metrics, financing, metrics
from sim.model.counterfactual import Outcome, compare
from sim.model.financing import CashFlows
from sim.model.owners import Value
from sim.model.timeline import total
from sim.prepare import Model, prepare
from sim.scenario import Scenario, Spec, from_data, process_names
from sim.stages import Stage, calm, politics, run_project, see_world

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

Array = NDArray[np.float64]
CHUNK_BYTES = 1_800_000
"""Size of one array of a chunk; some dozens of them should fit in the second-level cache."""


def run_block(model: Model, chance: Chance, detail: bool = False) -> Block:
    """Return one chunk of draws, or the lenders' case, taken through all stages; ``detail`` keeps each loan's lines."""
    world = see_world(model.spec, model.grid, chance)
    scenario, money = world.scenario, world.money
    states, effects = politics(world, model.grid, model.regime)
    factor = metrics.discounting_of(scenario.evaluation, money)
    value = Value(factor.at_end, factor.at_middle) if scenario.sanctions is not None else None
    stage = run_project(world, model.grid, model.curve, states, effects, model.backing)
    cash = _financed(model, stage, value, detail)
    lasting = world.life + scenario.costs.removal_years
    capacity = scenario.link.capacity_mw
    values, flows = metrics.evaluate(scenario.evaluation, cash, stage.schedule, capacity, lasting, money)
    if cash.carried is not None:
        values |= finance_metrics.evaluate(scenario.evaluation, cash.carried, stage.schedule, money)
    if value is not None:
        other = run_project(world, model.grid, model.curve, *calm(world), model.backing)
        outcomes = Outcome(stage.schedule, cash), Outcome(other.schedule, _financed(model, other, value, False))
        values |= compare(scenario.evaluation, scenario.tax, values, *outcomes, money, value)
    return Block(stage, cash, values, flows)


def _financed(model: Model, stage: Stage, value: Value | None, detail: bool) -> CashFlows:
    """Return the cash flows of a stage under the agreement."""
    terms, tax = stage.scenario.financing, stage.scenario.tax
    schedule, project, money = stage.schedule, stage.project, stage.money
    return financing.finance(model.plan, terms, tax, schedule, project, stage.life, money, stage.effects, value, detail)


def deterministic(spec: Spec) -> Block:
    """Return the lenders' case of a scenario: one column through the same functions."""
    model = prepare(spec)
    return run_block(model, model.lenders)


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
    size = chunk_replicates or max(2, int(CHUNK_BYTES / (8 * REPLICATE * (model.grid.periods + 1))))
    chunks = [tuple(range(i, min(i + size, replicates))) for i in range(0, replicates, size)]
    collector = Collector(spec, model.grid, run_block(model, model.lenders), seed, replicates, limits)
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
    regimes = _regime_counts(model, block)
    return BlockResult.of(chance.replicates, block.metrics, block.lines, inputs, regimes, limits)


def _regime_counts(model: Model, block: Block) -> Array:
    """Return the draws of each replicate in each regime at the end of each row, (replicates, regimes, periods + 1)."""
    section, rows = model.spec.written.sanctions, model.grid.periods + 1
    draws = block.metrics["project_npv_usd"].size
    states = np.broadcast_to(block.stage.states, (rows, draws)).reshape(rows, -1, REPLICATE)
    kinds = range(len(section.regimes) if section is not None else 0)
    counts = [(states == kind).sum(axis=2).T for kind in kinds]
    return np.stack(counts, axis=1).astype(np.float64) if counts else np.zeros((draws // REPLICATE, 0, rows))


def _inputs(spec: Spec, block: Block) -> Iterator[tuple[str, Array]]:
    """Yield the uncertain inputs of a chunk by dotted path; what moves counts with its mean over the calendar."""
    for path in spec.uncertain:
        yield path, leaf_values(block.scenario, path)
    yield from _regime_shares(spec, block)
    levels = _levels(spec, block)
    moving = [levels[name] for name in process_names(spec.written)]
    if spec.written.link.outages is not None:
        moving.append(("link.outages (mean availability)", block.stage.available))
    for label, level in moving:
        if level.shape[1] > 1:
            yield label, total(level) / level.shape[0]


def _regime_shares(spec: Spec, block: Block) -> Iterator[tuple[str, Array]]:
    """Yield the share of the calendar that each draw spends in each regime but the first, where chance decides."""
    section, states = spec.written.sanctions, block.stage.states
    if section is not None and states.shape[1] > 1:
        for i, name in enumerate(section.regimes):
            if i:
                yield f"sanctions.regimes.{name} (share of years)", np.count_nonzero(states == i, axis=0) / len(states)


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
    for name, level in money.reference_rate.items():
        found[f"macro.reference_rates.{name}"] = f"macro.reference_rates.{name} (mean)", level
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
