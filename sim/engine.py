"""The one path from a scenario to its results: the same functions for every draw and for the lenders' case.

run_block(model, chance) one chunk of replicates, or the lenders' case, through all stages
simulate(spec, …)        every replicate, in chunks that fit in cache, on one or more processes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import REPLICATE, Chance, Draws
from sim.collect import Block, BlockResult, Collector, Limits, Result
from sim.errors import ScenarioError
from sim.model import finance_metrics, financing, metrics
from sim.model.counterfactual import Outcome, compare
from sim.model.financing import CashFlows
from sim.model.owners import Value
from sim.model.timeline import total
from sim.prepare import Model, prepare
from sim.scenario import Scenario, Spec, from_data, process_names
from sim.seam import Crew, Lost, in_order, processes
from sim.stages import Stage, calm, politics, run_project, see_world

Array = NDArray[np.float64]
CHUNK_BYTES = 1_800_000
"""Size of one array of a chunk; some dozens of them should fit in the second-level cache."""


def run_block(model: Model, chance: Chance, detail: bool = False) -> Block:
    """Return one chunk of draws, or the lenders' case, taken through all stages; ``detail`` keeps each loan's lines."""
    world = model.world if chance is model.lenders else see_world(model.spec, model.grid, chance)
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
        outcomes = Outcome(stage.schedule, cash), _without_sanctions(model, stage, cash, value)
        values |= compare(scenario.evaluation, scenario.tax, values, *outcomes, money, value)
    return Block(stage, cash, values, flows)


def _without_sanctions(model: Model, stage: Stage, cash: CashFlows, value: Value) -> Outcome:
    """Return the same draws without sanctions: as they are where no regime but the first is ever reached."""
    if not stage.states.any():
        return Outcome(stage.schedule, cash)
    other = run_project(stage.world, model.grid, model.curve, *calm(stage.world), model.backing)
    return Outcome(other.schedule, _financed(model, other, value, False))


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
    crew: Crew | None = None,
) -> Result:
    """Return the results of a scenario over at least ``draws`` draws (rounded up to whole replicates of 256).

    Chunks go to ``workers`` processes of this machine, or to a ``crew`` of another kind; who computes does not show.
    """
    limits = limits or Limits()
    model = prepare(spec)
    replicates = -(-max(draws, 1) // REPLICATE)
    size = chunk_replicates or max(2, int(CHUNK_BYTES / (8 * REPLICATE * (model.grid.periods + 1))))
    chunks = [tuple(range(i, min(i + size, replicates))) for i in range(0, replicates, size)]
    collector = Collector(spec, model.grid, run_block(model, model.lenders), seed, replicates, limits)
    limits = collector.limits
    results: Iterator[BlockResult]
    crew = crew or processes(min(workers, len(chunks)))
    if crew.start is None or len(chunks) == 1:
        results = (reduce_block(model, Draws(seed, chunk), limits) for chunk in chunks)
    else:
        results = _from_crew(spec, seed, chunks, limits, crew)
    for result in results:
        collector.add(result)
        if progress is not None:
            progress(result.draws)
    return collector.result()


class _Chunk(NamedTuple):
    """A chunk as plain data, for another process."""

    name: str
    data: dict[str, Any]
    digest: str
    seed: int
    replicates: tuple[int, ...]
    limits: Limits


def _from_crew(
    spec: Spec, seed: int, chunks: list[tuple[int, ...]], limits: Limits, crew: Crew
) -> Iterator[BlockResult]:
    """Yield the results of the chunks in their order, with a bounded number of them under way."""
    tasks = (_Chunk(spec.name, spec.data, spec.digest, seed, chunk, limits) for chunk in chunks)
    for result in in_order(crew, _work, tasks, 4 * crew.size):
        if isinstance(result, Lost):
            cure = "take fewer --workers: a process that dies has often run out of memory"
            raise ScenarioError.single("the process of a worker has died again and again", where=spec.name, cure=cure)
        yield result


def _work(chunk: _Chunk) -> BlockResult:
    model = _model(chunk.digest, lambda: prepare(from_data(chunk.name, chunk.data)))
    return reduce_block(model, Draws(chunk.seed, chunk.replicates), chunk.limits)


_models: dict[str, Model] = {}


def _model(digest: str, make: Callable[[], Model]) -> Model:
    """Return the model of a scenario, the one before if it is the same: a worker gets many chunks of one run."""
    if digest not in _models:
        _models.clear()
        _models[digest] = make()
    return _models[digest]


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
