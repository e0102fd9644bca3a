"""What sanctions cost: each draw against itself in a world without them (docs/sanctions.md, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.bearers import TOTAL, worths
from sim.model.finance_metrics import equity_npv
from sim.model.financing import CashFlows
from sim.model.macro import Money
from sim.model.metrics import DEFINITIONS, Definition, Evaluation, npv_and_payback
from sim.model.owners import Value
from sim.model.tax import Tax
from sim.model.works import Schedule

Array = NDArray[np.float64]
CHANGE = "change_for_"
"""Begins the metric of each party's change; the total has a name of its own."""
CHANGE_IN_TOTAL = "change_in_total"
POLITICAL_DEFINITIONS: dict[str, Definition] = {
    "invested": Definition("share", "1 where the investment decision (FID) is taken"),
    "fid_years": Definition("years from start", "time of the investment decision (FID); inf: not invested", False),
    "abandoned": Definition("share", "1 where the works are given up after a stop; the cost is sunk"),
    "seized": Definition("share", "1 where the company is seized before the end of its operation"),
    "years_stopped": Definition("years", "time for which the works stand still"),
    "cod_delay_years": Definition("years", "COD less that of the same draw without sanctions; inf: never", False),
    "cost_of_sanctions_usd": Definition(
        "USD", "project NPV without sanctions less project NPV, same draw and contracts; below 0: sanctions save money"
    ),
    "cost_of_sanctions_to_sponsors_usd": Definition("USD", "the same of the sponsors' NPV"),
    "sanctions_save_money": Definition("share", "1 where cost_of_sanctions_usd is below zero"),
    "cost_of_sanctions_years": Definition(
        "years", "project_payback_years less that without sanctions, where both pay back"
    ),
    "pays_with_and_without": Definition("share", "1 where the project pays back with and without sanctions"),
    "pays_only_without_sanctions": Definition("share", "1 where it pays back only without sanctions"),
    "pays_only_with_sanctions": Definition("share", "1 where it pays back only with sanctions"),
    "pays_in_neither": Definition("share", "1 where it pays back neither with nor without sanctions"),
}
"""Definitions of the metrics of `compare`; those of parties are in `change_definition`."""
DEFINITIONS.update(POLITICAL_DEFINITIONS)


@dataclass(frozen=True)
class Outcome:
    """One course of a project: what was built, and the cash that followed."""

    schedule: Schedule
    cash: CashFlows


def compare(
    evaluation: Evaluation,
    tax: Tax,
    metrics: Mapping[str, Array],
    real: Outcome,
    calm: Outcome,
    money: Money,
    value: Value,
) -> dict[str, Array]:
    """Return what sanctions do to each draw, each (draws,); ``calm`` is its course without them.

    ``metrics`` are those of the draw as it is. `POLITICAL_DEFINITIONS` says what the results are.
    """
    clock, dt = real.schedule.clock, money.grid.dt
    npv, payback = npv_and_payback(evaluation, calm.cash, money)
    cost = npv - metrics["project_npv_usd"]
    pays, paid = np.isfinite(metrics["project_payback_years"]), np.isfinite(payback)
    found = {
        "invested": np.isfinite(clock.fid_row).astype(np.float64),
        "fid_years": clock.fid_row * dt,
        "abandoned": np.isfinite(clock.abandoned_row).astype(np.float64),
        "seized": np.isfinite(real.schedule.seized_row).astype(np.float64),
        "years_stopped": clock.stopped_years,
        "cod_delay_years": _later(clock.cod_years, calm.schedule.clock.cod_years),
        "cost_of_sanctions_usd": cost,
        "sanctions_save_money": (cost < 0.0).astype(np.float64),
        "cost_of_sanctions_years": _later(
            np.where(pays, metrics["project_payback_years"], np.nan), np.where(paid, payback, np.nan)
        ),
        "pays_with_and_without": (pays & paid).astype(np.float64),
        "pays_only_without_sanctions": (~pays & paid).astype(np.float64),
        "pays_only_with_sanctions": (pays & ~paid).astype(np.float64),
        "pays_in_neither": (~pays & ~paid).astype(np.float64),
    }
    if real.cash.carried is not None and calm.cash.carried is not None:
        sponsors = equity_npv(evaluation, calm.cash.carried, money) - metrics["equity_npv_usd"]
        found["cost_of_sanctions_to_sponsors_usd"] = sponsors
    found |= _changes(worths(real.cash, tax, value), worths(calm.cash, tax, value))
    return {name: np.broadcast_to(values, cost.shape) for name, values in found.items()}


def _later(time: Array, without: Array) -> Array:
    """Return how much later something happens; inf where it does not happen any more."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(time), np.where(np.isinf(without), np.nan, np.inf), time - without)


def _changes(real: Mapping[str, Array], calm: Mapping[str, Array]) -> dict[str, Array]:
    """Return what each party has more than without sanctions."""
    names = [name for name in (*real, *(name for name in calm if name not in real)) if name != TOTAL]
    none = np.zeros(1)
    changes = {f"{CHANGE}{name}": real.get(name, none) - calm.get(name, none) for name in names}
    return changes | {CHANGE_IN_TOTAL: real[TOTAL] - calm[TOTAL]}


def change_definition(name: str) -> Definition:
    """Return the definition of what a party has more than without sanctions."""
    if name == CHANGE_IN_TOTAL:
        text = "present value of the project's cash before tax and financing less that without sanctions"
    else:
        text = f"the part of it that is borne by {name.removeprefix(CHANGE)}; below 0: a loss"
    return Definition("USD", text)
