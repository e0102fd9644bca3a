"""Same seed, same bytes: chunks, workers, neighbours and new uncertainties move nothing that they should not."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_scenarios import small_scenario

from sim.base.sampling import REPLICATE, Draws
from sim.collect import Result
from sim.engine import deterministic, leaf_values, run_block, simulate
from sim.prepare import prepare
from sim.scenario import Spec, fill, from_data, read
from sim.tables import tables

Array = NDArray[np.float64]
BASE = "scenarios/base.yaml"


def rows_of(result: Result) -> list[Any]:
    """Return every table of a result as text."""
    return [(table.name, repr(table.rows)) for table in tables(result)]


@pytest.fixture(scope="module")
def whole() -> Result:
    """Return six replicates of base in chunks of the usual size."""
    return simulate(read(BASE), 6 * REPLICATE, 11)


@pytest.mark.parametrize("size", [1, 4, 6])
def test_chunks_do_not_show(whole: Result, size: int) -> None:
    """Any chunking gives the same tables and metrics, bit for bit."""
    other = simulate(read(BASE), 6 * REPLICATE, 11, chunk_replicates=size)
    assert rows_of(other) == rows_of(whole)
    for name, values in whole.metrics.items():
        assert np.array_equal(values, other.metrics[name], equal_nan=True)


def test_workers_do_not_show(whole: Result) -> None:
    """Two processes give the same tables as one."""
    assert rows_of(simulate(read(BASE), 6 * REPLICATE, 11, workers=2, chunk_replicates=2)) == rows_of(whole)


def test_every_shipped_scenario_is_free_of_chunks() -> None:
    """Options that base does not use (events, other processes) keep the rule too."""
    for name in ("outage_events", "evidence", "cable_only", "two_gw"):
        spec = read(f"scenarios/{name}.yaml")
        one, two = (simulate(spec, 3 * REPLICATE, 5, chunk_replicates=size) for size in (1, 3))
        for metric, values in one.metrics.items():
            assert np.array_equal(values, two.metrics[metric], equal_nan=True), (name, metric)


def test_more_draws_keep_the_first() -> None:
    """Replicates can be added: the first draws of a longer run are those of a shorter one."""
    short, long = (simulate(read(BASE), n * REPLICATE, 3) for n in (2, 5))
    for name, values in short.metrics.items():
        assert np.array_equal(values, long.metrics[name][: values.size], equal_nan=True)


def test_another_seed_is_another_run(whole: Result) -> None:
    """The seed matters."""
    other = simulate(read(BASE), 6 * REPLICATE, 12)
    assert not np.array_equal(other.metrics["project_npv_usd"], whole.metrics["project_npv_usd"])


def leaves_of(spec: Spec) -> dict[str, Array]:
    """Return the values of every uncertain leaf."""
    scenario = fill(spec, Draws(1, (0, 1, 2)))
    return {path: leaf_values(scenario, path) for path in spec.uncertain}


def test_a_new_uncertainty_moves_no_other_draw() -> None:
    """Making another number uncertain, even one declared first, leaves every other leaf and process as it was."""
    uncertain = {"dist": "uniform", "min": 20, "max": 60}
    before, after = read(BASE), read(BASE, [("timeline.operation_years", uncertain), ("link.length_km", uncertain)])
    old, new = leaves_of(before), leaves_of(after)
    assert set(new) - set(old) == {"timeline.operation_years", "link.length_km"}
    for path, values in old.items():
        assert np.array_equal(values, new[path]), path
    first, second = (run_block(prepare(spec), Draws(1, (0,))) for spec in (before, after))
    rows = min(first.prices.market.shape[0], second.prices.market.shape[0])
    assert np.array_equal(first.prices.market[:rows], second.prices.market[:rows])


def test_a_correlated_input_moves_only_itself() -> None:
    """A correlation changes the later of two inputs, keeps its margin, and nothing else."""
    later, earlier = "costs.items.plant.overrun", "timeline.construction.years"
    free = leaves_of(read(BASE))
    bound = leaves_of(read(BASE, [("correlations", {later: {earlier: 0.7}})]))
    for path, values in free.items():
        assert np.array_equal(values, bound[path]) == (path != later), path
    for replicate in range(3):
        part = slice(replicate * REPLICATE, (replicate + 1) * REPLICATE)
        assert np.array_equal(np.sort(free[later][part]), np.sort(bound[later][part]))


def test_shocks_of_correlated_processes() -> None:
    """Pearson correlation of the shocks is the one asked for (fixed seed, 3 standard errors)."""
    fx, coal = "macro.fx.jpy.rate", "macro.commodities.coal_newcastle.price"
    spec = read(BASE, [("correlations", {coal: {fx: 0.6}})])
    draws = Draws(4, tuple(range(40)))
    a, b = (draws.normals(name, 3, spec.mixing) for name in (fx, coal))
    found = float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    assert abs(found - 0.6) < 3.0 * (1.0 - 0.6**2) / np.sqrt(a.size)


def test_certain_inputs_give_a_zero_width_distribution() -> None:
    """A scenario without uncertainty gives the lenders' case in every draw, bit for bit."""
    spec = from_data("certain", small_scenario())
    assert not spec.uncertain
    result = simulate(spec, REPLICATE, 1)
    for name, values in result.metrics.items():
        assert np.array_equal(values, np.broadcast_to(result.planned.metrics[name], values.shape), equal_nan=True), name


def test_one_column_fed_again_is_the_same_column() -> None:
    """The lenders' case of a scenario whose uncertain leaves are set to one draw's values is that draw."""
    data = small_scenario()
    data["market"]["price_effect_per_gw"] = {"dist": "pert", "min": 0.001, "mode": 0.004, "max": 0.02}
    data["costs"]["items"]["link"]["overrun"] = {"dist": "lognormal", "median": 0.1, "sigma": 0.8, "max": 3.0}
    data["supply"]["availability"] = {"dist": "beta", "a": 5, "b": 2}
    spec = from_data("uncertain", data)
    block = run_block(prepare(spec), Draws(9, (2,)))
    for column in (0, 100, 255):
        fixed = copy.deepcopy(data)
        fixed["market"]["price_effect_per_gw"] = float(block.scenario.market.price_effect_per_gw[column])
        fixed["costs"]["items"]["link"]["overrun"] = float(block.scenario.costs.items["link"].overrun[column])
        fixed["supply"]["availability"] = float(block.scenario.supply.availability[column])
        again = deterministic(from_data("fixed", fixed))
        for name, values in block.metrics.items():
            assert again.metrics[name][0] == pytest.approx(values[column], rel=1e-12, nan_ok=True), name
