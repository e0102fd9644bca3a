"""The engine under sanctions against the scalar reference model, which was written from docs/sanctions.md alone."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from random_financing import add_financing
from random_sanctions import add_sanctions
from random_scenarios import random_scenario
from scalar_bearers import Future, Given, with_and_without
from scalar_loans import Plan
from scalar_model import horizon, plain
from scalar_processes import Shocks, Values
from scalar_sanctions import CUT_OFFS, REGIMES, SEIZURE, World, lenders_world, world_of
from scalar_sizing import RefusedError, size
from scalar_whole import operation_of
from test_scalar_financing import COLUMN, SAME, of_plan, same_return, scores_of, years_of_least
from test_scalar_model import events_of, shocks_of

from sim import engine, stages
from sim.base.sampling import Chance, Draws, LendersCase
from sim.collect import Block
from sim.errors import ScenarioError
from sim.model import physical
from sim.model.books import LINES
from sim.prepare import Model, prepare
from sim.scenario import Spec, fill, from_data

SCENARIOS = 240
BY_DEFAULT = 60
GROUPS = 20
IRR = ("project_irr", "equity_irr")
OF_RETURN = ("equity_irr", "equity_payback_years", "equity_payback_discounted_years", "cost_of_sanctions_years")
SIGNS = {"sanctions_save_money": "cost_of_sanctions_usd", "npv_positive": "project_npv_usd"}
"""Metrics that are the sign of another, which may be nothing but rounding."""
OF_BALANCE = ("drawn", "interest", "principal", "arrears")


def random_spec(number: int) -> Spec:
    """Return a random scenario with random sanctions, two of three with loans."""
    rng = random.Random(number)
    data = random_scenario(rng)
    if number % 3:
        data = add_financing(rng, data)
    return from_data(f"random{number}", add_sanctions(rng, data))


def drawn_world(values: Values, chance: Draws, column: int, periods: int) -> World:
    """Return the politics of one draw by the uniform numbers of the engine's streams."""
    streams = (REGIMES, CUT_OFFS, SEIZURE)
    numbers = {name: chance.uniforms(name, periods)[:, column].tolist() for name in streams}
    return world_of(values, numbers, periods)


def lines_apart(future: Future, block: Block, columns: int, column: int, size_of: float) -> Iterator[str]:
    """Yield where a line of the project, of the company or of a loan differs."""
    rows = future.draw.periods + 1
    engines: dict[str, Any] = {**block.lines}
    if block.cash.carried is not None:
        for account in block.cash.carried.accounts:
            assert account.history is not None
            engines |= {f"{line}_of_{account.loan.name}": account.history[line] for line in OF_BALANCE}
    history = future.course.owners.history
    held = [sum(party["held"] for party in row.values()) for row in history]
    taken = [row["state"]["gets"] - row["state"]["pays"] for row in history]
    ours = {**future.lines, "dividends_held": held, "seizing_state": taken}
    ours |= {f"revenue_{name}": future.lines[name] for name in ("blocked", "released", "lost", "confiscated")}
    compared = [name for name in engines if name in ours]
    assert set(LINES) <= {*compared} or block.cash.carried is None, f"unknown: {set(LINES) - {*compared}}"
    for name in compared:
        wanted = np.array(ours[name])
        got = np.broadcast_to(engines[name], (rows, columns))[:, column]
        least = 1e-3 if name == "dscr" else 1e-3 * size_of
        scale = max(float(np.nanmax(np.abs(wanted), initial=0.0)), least)
        wrong = (np.abs(got - wanted) > SAME * scale) | (np.isnan(got) != np.isnan(wanted))
        for k in np.flatnonzero(wrong)[:1]:
            yield f"{name}, row {k} of {rows - 1}: {got[k]!r}, not {wanted[k]!r}"


def alike(name: str, got: float, wanted: float | None, scale: float) -> bool:
    """Say whether a metric is the same."""
    if wanted is None or math.isnan(wanted):
        return math.isnan(got) or name in IRR
    if name in IRR:  # the scalar model looks for roots up to exp(8)
        return got > math.exp(8.0) or same_return({"equity_irr": wanted}, got)
    return got == wanted or abs(got - wanted) <= SAME * scale


def metrics_apart(found: Mapping[str, Any], block: Block, column: int, size_of: float) -> Iterator[str]:
    """Yield where a metric differs; one that is not defined but for rounding is not compared."""
    skipped: set[str] = set()
    if found["equity_peak_funding_usd"] <= SAME * size_of:
        skipped |= {*OF_RETURN[:3]}
    if found["equity_invested_usd"] <= SAME * size_of:
        skipped.add("equity_moic")
    if "irr_several_roots" in block.metrics and block.metrics["irr_several_roots"][column] == 1.0:
        skipped.add("project_irr")
    skipped |= {sign for sign, other in SIGNS.items() if abs(found[other]) <= SAME * size_of}
    for name, values in block.metrics.items():
        if name not in found or name in skipped:
            continue
        got, wanted = float(values[column]), found[name]
        scale = size_of if name.endswith("_usd") or name.startswith("change_") else max(abs(wanted or 0.0), 1e-3)
        same = alike(name, got, wanted, scale)
        if name == "dscr_min_year" and not same:
            same = got in years_of_least(found, wanted)
        elif name == "funding_gap_usd":
            same = abs(got - wanted) <= 2.0 * SAME * size_of
        if not same:
            yield f"{name}: {got!r}, not {wanted!r}"


def unknown(found: Mapping[str, Any], block: Block, size_of: float) -> list[str]:
    """Return the metrics of docs/sanctions.md §7, §8 that one of the two models lacks; parties may be left out."""
    ours = {name for name in found if name.startswith("change_") and abs(found[name]) > SAME * size_of}
    ours |= {"invested", "fid_years", "abandoned", "seized", "years_stopped", "cod_delay_years"}
    ours |= {"cost_of_sanctions_usd", "sanctions_save_money", "cost_of_sanctions_years", "pays_in_neither"}
    theirs = {name for name in block.metrics if name.startswith("change_")}
    return [f"no {name}" for name in sorted(ours - set(block.metrics))] + sorted(theirs - {*found})


def agreed(spec: Spec, model: Model) -> Plan:
    """Return the plan on the lenders' case, held against that of the engine."""
    periods, values = model.grid.periods, plain(fill(spec, model.lenders), 0)
    case = operation_of(values, scores_of(spec, model), None, periods, lenders_world(values, periods))
    plan = size(case)
    if model.plan is not None and values["financing"]:
        wrong = of_plan(plan, model.plan)
        assert not wrong, wrong
    return plan


def differences(spec: Spec, model: Model, plan: Plan, chance: Chance, seen: list[physical.Faults]) -> list[str]:
    """Return all that differs in the lenders' case or in one draw."""
    seen.clear()
    block, periods = engine.run_block(model, chance, detail=True), model.grid.periods
    column = COLUMN if isinstance(chance, Draws) else 0
    values = plain(block.scenario, column)
    shocks: Shocks
    if isinstance(chance, Draws):
        world, shocks = drawn_world(values, chance, column, periods), shocks_of(spec, model, chance, column)
    else:
        world, shocks = lenders_world(values, periods), scores_of(spec, model)
    events = events_of(seen[0] if seen else None, values["link"]["outages"], periods, column)
    future, found = with_and_without(Given(values, shocks, events, periods, plan), world)
    year = [values["timeline"]["start_year"] + max(k - 1, 0) // future.draw.m for k in range(periods + 1)]
    size_of = max(sum(future.lines["capex"]), plan.uses, 1.0)
    states = np.broadcast_to(block.stage.states, (periods + 1, chance.columns))[:, column]
    assert [list(world.regimes)[state] for state in states] == list(world.names), "regimes"
    wrong = list(lines_apart(future, block, chance.columns, column, size_of))
    wrong += metrics_apart({**found, "dscr": future.lines["dscr"], "year": year}, block, column, size_of)
    return wrong + unknown(found, block, size_of)


def refused(spec: Spec, error: ScenarioError) -> None:
    """The scalar model refuses the loans that the engine refuses; told only where the lenders' case is the median."""
    case = spec.written.financing.case if spec.written.financing is not None else None
    assert case is not None, error
    if case.exceedance == 0.5:
        values = plain(fill(spec, LendersCase()), 0)
        periods = horizon(values, spec.leaves["timeline.operation_years"].dist.upper)
        with pytest.raises(RefusedError):
            size(operation_of(values, {}, None, periods, lenders_world(values, periods)))


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(range(start + group, end, GROUPS), id=f"{start}-{end}-{group}", marks=marks)
        for start, end, marks in ((0, BY_DEFAULT, ()), (BY_DEFAULT, SCENARIOS, (pytest.mark.slow,)))
        for group in range(GROUPS)
    ],
)
def test_engine_under_sanctions_equals_scalar_model(numbers: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agreement, and every line and metric of the lenders' case and of a draw of the second replicate."""
    seen: list[physical.Faults] = []
    original = stages.draw_faults

    def spy(*arguments: Any) -> physical.Faults:
        seen.append(original(*arguments))
        return seen[-1]

    monkeypatch.setattr(stages, "draw_faults", spy)
    for number in numbers:
        spec = random_spec(number)
        try:
            model = prepare(spec)
        except ScenarioError as error:
            refused(spec, error)
            continue
        plan = agreed(spec, model)
        for chance in (model.lenders, Draws(7, (0, 1))):
            wrong = differences(spec, model, plan, chance, seen)
            assert not wrong, f"scenario {number}, {type(chance).__name__}: {wrong}"
