"""The figures of a case: a few numbers of each metric, worked out on whichever process has the time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.collect import Limits, Result
from sim.engine import simulate
from sim.errors import Problem, ScenarioError
from sim.scenario import from_data
from sim.tables import SUMMARY_COLUMNS, summary

STATISTICS = ("mean", "se", "p10", "p50", "p90", "share_defined", "never")
"""Figures of a metric; ``share_defined`` is the share of draws that have it, ``never`` that in which it is infinite."""
Figures = dict[str, tuple[float, ...]]
"""Metric: its `STATISTICS`; for some ``metric.replicates``, the mean of each replicate; and `BY_YEAR`."""
BY_REPLICATE = (
    *("paid_back", "project_npv_usd", "npv_positive", "investment_usd", "equity_npv_usd", "debt_usd", "defaulted"),
    *("lenders_loss_usd", "invested", "abandoned", "seized", "cost_of_sanctions_usd", "sanctions_save_money"),
)
"""Metrics of which the means of replicates are kept, so that two sweeps can be compared future by future."""
REPLICATES = ".replicates"
BY_YEAR = "paid_back.by_year"
"""Share of draws that have paid back by the end of each year from 0."""
LIMITS = Limits(line_replicates=0, input_replicates=0)
"""No case of a sweep leaves cash flows or inputs behind."""


class Asked(NamedTuple):
    """A case as plain data, for another process."""

    name: str
    data: dict[str, Any]
    draws: int
    seed: int


@dataclass(frozen=True)
class Answer:
    """What became of a case: figures, or what is wrong with it; and the seconds that it took."""

    figures: Figures
    problems: tuple[Problem, ...]
    seconds: float


def answers(batch: tuple[Asked, ...]) -> tuple[Answer, ...]:
    """Return the answers of several cases, as a task of its own is too dear for a short one."""
    return tuple(answer(asked) for asked in batch)


def answer(asked: Asked) -> Answer:
    """Return the figures of a case, the same to the last bit as those of a run of its own."""
    began = time.perf_counter()
    try:
        found, problems = (
            figures(simulate(from_data(asked.name, asked.data), asked.draws, asked.seed, limits=LIMITS)),
            (),
        )
    except ScenarioError as error:
        return Answer({}, error.problems, time.perf_counter() - began)
    return Answer(found, problems, time.perf_counter() - began)


def figures(result: Result) -> Figures:
    """Return the figures of every metric of a run."""
    places = [SUMMARY_COLUMNS.index(name) for name in STATISTICS[:-1]]
    found = {}
    for row in summary(result).rows:
        name = row[0]
        found[name] = (*(float(row[place]) for place in places), _never(result, name))
        if name in BY_REPLICATE and result.sums[name].finite == result.draws:
            found[f"{name}{REPLICATES}"] = tuple(result.sums[name].means.tolist())
    by_row = result.payback_counts[0].sum(axis=0) / result.draws
    found[BY_YEAR] = tuple(by_row[:: result.grid.periods_per_year].tolist())
    return found


def is_metric(name: str) -> bool:
    """Say whether an entry of `Figures` holds the statistics of a metric."""
    return not name.endswith(REPLICATES) and name != BY_YEAR


def _never(result: Result, name: str) -> float:
    """Return the share of all draws in which a metric is infinite."""
    if name not in result.metrics:
        return math.nan
    sketch = result.sketches.get(name)
    if sketch is not None:
        return sketch.never / result.draws
    return float(np.count_nonzero(np.isposinf(result.metrics[name]))) / result.draws
