"""The engine's financing against the scalar reference model, which was written from docs/financing.md alone."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from random_financing import add_financing
from random_scenarios import random_scenario
from scalar_finance_metrics import financed
from scalar_loans import Operation, Plan
from scalar_model import horizon, plain
from scalar_processes import Shocks
from scalar_sizing import RefusedError, size
from scalar_whole import operation_of
from test_scalar_model import events_of, shocks_of

from sim import engine, stages
from sim.base.sampling import Chance, Draws, LendersCase
from sim.collect import Block
from sim.errors import ScenarioError
from sim.model import physical
from sim.model.books import LINES
from sim.model.finance_metrics import FINANCE_DEFINITIONS, LOSS_SHARE
from sim.model.loans import Plan as Agreed
from sim.prepare import Model, prepare
from sim.scenario import Spec, fill, from_data, process_names

SCENARIOS = 240
BY_DEFAULT = 96
GROUPS = 24
SAME = 1e-9
COLUMN = 300
"""A draw of the second replicate."""
Reference = Mapping[str, Any]
OF_RETURN = ("equity_irr", "equity_payback_years", "equity_payback_discounted_years")


def random_spec(number: int) -> Spec:
    """Return a random scenario with a random term sheet."""
    rng = random.Random(number)
    return from_data(f"random{number}", add_financing(rng, random_scenario(rng)))


def scores_of(spec: Spec, model: Model) -> Shocks:
    """Return the scores of the percentiles at which processes stand in the lenders' case."""
    stands = model.lenders.percentiles
    return {name: NormalDist().inv_cdf(stands[name]) for name in process_names(spec.written) if name in stands}


def of_plan(wanted: Plan, got: Agreed) -> list[str]:
    """Return every figure of the agreement that differs by more than 1e-9 of all uses."""
    pairs = {
        "uses": (wanted.uses, got.uses_usd),
        "equity": (wanted.equity, got.equity_usd),
        "debt": (sum(wanted.debt.values()), got.debt_usd),
        "operating reserve": (wanted.first_operating, got.operating_reserve),
    }
    for rank, filled in zip(sorted(wanted.first_reserves), got.service_reserve, strict=True):
        pairs[f"reserve of rank {rank}"] = (wanted.first_reserves[rank], filled)
    for loan in got.loans:
        debt, commitment = wanted.debt[loan.name], wanted.commitment[loan.name]
        dollars = debt / commitment if commitment > 0.0 else 1.0
        pairs[f"size of {loan.name}"] = (debt, loan.part * got.uses_usd)
        pairs[f"commitment of {loan.name}"] = (debt, loan.commitment * dollars)
    return [f"{name}: {b!r}, not {a!r}" for name, (a, b) in pairs.items() if not abs(a - b) <= SAME * wanted.uses]


def apart(name: str, wanted: list[float], got: Any, least: float) -> list[str]:
    """Return where a line differs by more than 1e-9 of its largest value, or of ``least`` where it is smaller."""
    line = np.array(wanted)
    gap = np.abs(got - line)
    wrong = np.where(np.isnan(line) | np.isnan(got), np.isnan(line) != np.isnan(got), False)
    if not np.isnan(line).all():
        wrong |= gap > SAME * max(float(np.nanmax(np.abs(line))), least)
    rows = np.flatnonzero(wrong)
    return [f"{name}, row {k}: {got[k]!r}, not {line[k]!r}" for k in rows[:1]]


def of_lines(reference: Reference, block: Block, columns: int, column: int, investment: float) -> list[str]:
    """Return every line of the company and of its loans that differs."""
    found, rows = [], len(reference["dscr"])
    for name in LINES:
        got = np.broadcast_to(block.lines[name], (rows, columns))[:, column]
        found += apart(name, reference[name], got, 1e-3 if name == "dscr" else 1e-3 * investment)
    assert block.cash.carried is not None
    for account in block.cash.carried.accounts:
        for line in ("drawn", "interest", "principal", "arrears"):
            name = f"{line}_of_{account.loan.name}"
            assert account.history is not None
            got = np.broadcast_to(account.history[line], (rows, columns))[:, column]
            found += apart(name, reference[name], got, account.loan.commitment)
    return found


def same_return(reference: Reference, got: float) -> bool:
    """Say whether two internal rates of return agree: equal, or both without a root within the reach of the model."""
    wanted = reference["equity_irr"]
    if math.isnan(wanted):
        return math.isnan(got) or got < -0.999 or got > 1e3
    return bool(abs(got - wanted) < 1e-8)


def of_metrics(reference: Reference, block: Block, column: int, investment: float) -> list[str]:
    """Return every metric that differs.

    Returns on equity are compared where there is something to return; of the years that tie for the least DSCR each
    will do; a funding gap below a billionth of the uses is none.
    """
    found: list[str] = []
    undefined: tuple[str, ...] = OF_RETURN if reference["equity_peak_funding_usd"] <= SAME * investment else ()
    undefined += ("equity_moic",) if reference["equity_invested_usd"] <= SAME * investment else ()
    for name, values in block.metrics.items():
        if not (name in FINANCE_DEFINITIONS or name.startswith(LOSS_SHARE)) or name in undefined:
            continue
        got, wanted = float(values[column]), reference[name]
        scale = investment if name.endswith("_usd") else max(abs(wanted), 1e-3)
        same = got == wanted or abs(got - wanted) <= SAME * scale or (math.isnan(got) and math.isnan(wanted))
        if name == "equity_irr":
            same = same_return(reference, got)
        elif name == "dscr_min_year" and not same:
            same = got in years_of_least(reference, wanted)
        elif name == "funding_gap_usd":
            same = abs(got - wanted) <= 2.0 * SAME * max(investment, sum(reference["uses"]))
        if not same:
            found.append(f"{name}: {got!r}, not {wanted!r}")
    return found


def years_of_least(reference: Reference, first: float) -> set[float]:
    """Return the years whose DSCR is the least but for rounding; ``first`` is that of the least."""
    least, year = reference["dscr_min"], reference["year"]
    found = {year[k] for k, ratio in enumerate(reference["dscr"]) if ratio <= least + SAME * max(abs(least), 1.0)}
    assert first in found or math.isnan(first)
    return found


def differences(reference: Reference, block: Block, columns: int, column: int, operation: Operation) -> list[str]:
    """Return every line and metric that differs."""
    m, start = operation.m, operation.values["timeline"]["start_year"]
    years = [start + (k - 1) // m if k else start for k in range(operation.last + 1)]
    investment = sum(operation.capex)
    found = of_lines(reference, block, columns, column, investment)
    return found + of_metrics({**reference, "year": years}, block, column, investment)


def refused(spec: Spec) -> None:
    """The scalar model refuses what the engine refuses; told only where the lenders' case is the median case."""
    case = spec.written.financing.case if spec.written.financing is not None else None
    if case is not None and case.exceedance != 0.5:
        return
    lenders = plain(fill(spec, LendersCase()), 0)
    periods = horizon(lenders, spec.leaves["timeline.operation_years"].dist.upper)
    with pytest.raises(RefusedError):
        size(operation_of(lenders, {}, None, periods))


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(range(start + group, end, GROUPS), id=f"{start}-{end}-{group}", marks=marks)
        for start, end, marks in ((0, BY_DEFAULT, ()), (BY_DEFAULT, SCENARIOS, (pytest.mark.slow,)))
        for group in range(GROUPS)
    ],
)
def test_financing_of_engine_equals_scalar_model(numbers: range, monkeypatch: pytest.MonkeyPatch) -> None:
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
        except ScenarioError:
            refused(spec)
            continue
        scores, periods = scores_of(spec, model), model.grid.periods
        plan = size(operation_of(plain(fill(spec, model.lenders), 0), scores, None, periods))
        assert model.plan is not None
        assert not of_plan(plan, model.plan), f"scenario {number}"
        cases: list[tuple[str, Chance, int]] = [("lenders", model.lenders, 0), ("draw", Draws(7, (0, 1)), COLUMN)]
        for case, chance, column in cases:
            seen.clear()
            block = engine.run_block(model, chance, detail=True)
            values = plain(block.scenario, column)
            events = events_of(seen[0] if seen else None, values["link"]["outages"], periods, column)
            shocks = scores if case == "lenders" else shocks_of(spec, model, chance, column)
            operation = operation_of(values, shocks, events, periods)
            wrong = differences(financed(plan, operation), block, chance.columns, column, operation)
            assert not wrong, f"scenario {number}, {case}: {wrong}"
