"""The numpy engine against the scalar reference model, which was written from docs/model.md and not from the engine."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from random_scenarios import random_scenario
from scalar_model import Z90, evaluate, horizon, plain

from sim import engine, stages
from sim.base.sampling import Chance, Draws, LendersCase
from sim.collect import Block
from sim.model import physical
from sim.prepare import Model, prepare
from sim.scenario import Spec, fill, from_data, process_names

SCENARIOS = 240
GROUPS = 24


def shocks_of(spec: Spec, model: Model, chance: Chance, column: int) -> dict[str, list[float]]:
    """Return the standard normals of every process in one draw, yearly for inflation."""
    found = {}
    for name in process_names(spec.written):
        rows = model.grid.years if name.startswith("macro.inflation.") else model.grid.periods
        found[name] = chance.normals(name, rows, spec.mixing)[:, column].tolist()
    return found


def events_of(faults: physical.Faults | None, outages: Any, periods: int, column: int) -> Any:
    """Return the cable faults of one draw as the scalar model takes them: per period (start, days)."""
    if faults is None:
        return None
    sigma = math.log(outages["repair_p90_days"] / outages["repair_median_days"]) / Z90
    rows: list[list[tuple[float, float]]] = []
    for k in range(periods):
        rows.append([])
        for slot, (start, score, cold) in enumerate(faults.slots):
            if faults.count[k, column] > slot:
                days = outages["repair_median_days"] * math.exp(sigma * score[k, column])
                in_ice = cold[k, column] < outages["ice_season_share"]
                rows[-1].append((start[k, column], days * (outages["ice_factor"] if in_ice else 1.0)))
    return {"link.outages": rows}


def differences(reference: dict[str, Any], block: Block, column: int, columns: int) -> list[str]:
    """Return every line and metric that is not equal to 1e-9, NPV against the size of the investment.

    A line that vanishes may differ from 0 by a rounding step of the investment.
    """
    found = []
    investment = sum(reference["capex"])
    lines = {**block.lines, "maintenance_target": block.cash.operations.running.maintenance_target}
    for name, wanted in reference.items():
        if isinstance(wanted, list):
            if name not in lines:
                continue
            rows = len(wanted)
            got = np.broadcast_to(lines[name], (rows, columns))[:, column]
            scale = max(np.abs(wanted).max(), 1e-6 * investment, 1e-9)
            if not np.abs(got - np.array(wanted)).max() <= 1e-9 * scale:
                found.append(f"{name}: {got.tolist()} instead of {wanted}")
        elif name in block.metrics:
            value = float(block.metrics[name][column])
            several = block.metrics["irr_several_roots"][column] == 1.0
            scale = investment if name == "project_npv_usd" else max(abs(wanted or 0.0), 1e-3)
            if wanted is None or math.isnan(wanted):
                same = math.isnan(value) or name == "project_irr"
            elif name == "project_irr":
                same = several or abs(value - wanted) < 1e-8
            else:
                same = value == wanted or abs(value - wanted) <= 1e-9 * scale
            if not same:
                found.append(f"{name}: {value!r} instead of {wanted!r}")
    return found


@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_equals_scalar_model(group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line, date and metric of the lenders' case and of a draw in the second replicate, on random scenarios."""
    seen: list[physical.Faults] = []
    original = stages.draw_faults

    def spy(*arguments: Any) -> physical.Faults:
        seen.append(original(*arguments))
        return seen[-1]

    monkeypatch.setattr(stages, "draw_faults", spy)
    for number in range(group, SCENARIOS, GROUPS):
        spec = from_data(f"random{number}", random_scenario(random.Random(number)))
        model = prepare(spec)
        lenders = plain(fill(spec, LendersCase()), 0)
        assert horizon(lenders, spec.leaves["timeline.operation_years"].dist.upper) == model.grid.periods
        cases: list[tuple[Chance, int]] = [(LendersCase(), 0), (Draws(7, (0, 1)), 300)]
        for chance, column in cases:
            seen.clear()
            block = engine.run_block(model, chance)
            values = plain(block.scenario, column)
            faults = seen[0] if seen else None
            events = events_of(faults, values["link"]["outages"], model.grid.periods, column)
            reference = evaluate(values, shocks_of(spec, model, chance, column), events, model.grid.periods)
            assert not differences(reference, block, column, chance.columns), f"scenario {number}, {chance}"
