"""The Python face: a run with its tables as data frames, for notebooks and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sim.collect import Result
from sim.engine import simulate
from sim.scenario import read
from sim.tables import Table, bearers, cash_flow, distributions, drivers, payback_curve, regimes, summary


@dataclass(frozen=True)
class Run:
    """A finished run: ``result`` holds the arrays of every draw, the properties the tables that a run writes."""

    result: Result

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Return mean, spread and percentiles of every metric, indexed by metric."""
        return _frame(summary(self.result)).set_index("metric")

    @cached_property
    def payback(self) -> pd.DataFrame:
        """Return the probability of having paid back, indexed by year from the start."""
        return _frame(payback_curve(self.result)).set_index("year")

    @cached_property
    def cash_flow(self) -> pd.DataFrame:
        """Return every line of every period."""
        return _frame(cash_flow(self.result))

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """Return the rank correlation of each input with the main metrics."""
        return _frame(drivers(self.result))

    @cached_property
    def distributions(self) -> pd.DataFrame:
        """Return the histogram of every metric."""
        return _frame(distributions(self.result))

    @cached_property
    def regimes(self) -> pd.DataFrame:
        """Return the share of draws in each regime of sanctions by year; empty without sanctions."""
        return _frame(regimes(self.result))

    @cached_property
    def bearers(self) -> pd.DataFrame:
        """Return who bears what of sanctions, indexed by party; empty without sanctions."""
        return _frame(bearers(self.result)).set_index("party")

    @property
    def draws(self) -> pd.DataFrame:
        """Return the metrics of every draw that is kept."""
        return pd.DataFrame(self.result.metrics)

    def _repr_html_(self) -> str:
        """Return title and summary for a notebook."""
        from html import escape

        title = f"{self.result.spec.written.title}: {self.result.draws:,} draws, seed {self.result.seed}"
        columns = ["unit", "mean", "p10", "p50", "p90", "deterministic"]
        return f"<h4>{escape(title)}</h4>{self.summary[columns].to_html()}"


def _frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame(table.rows, columns=list(table.columns))


def run(path: str | Path, changes: Mapping[str, Any], draws: int, seed: int, workers: int) -> Run:
    """Return a run of a scenario file with changed keys."""
    return Run(simulate(read(path, list(changes.items())), draws, seed, workers))
