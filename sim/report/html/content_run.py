"""A run as its page takes it from the folder: figures by metric, tables, the scenario, and what is not known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sim.batch.compare_directions import unit_of
from sim.errors import ScenarioError
from sim.report import format as say
from sim.report.html.content import View
from sim.report.html.folder import Folder
from sim.report.html.sheets import finite, known
from sim.scenario import Spec, from_data
from sim.tables import SUMMARY_COLUMNS, Table

TEXT_COLUMNS = ("metric", "unit", "definition")
AVERAGES = ("mean", "sd", "se", "share_defined")
SHAPE = ("project_npv_usd", "investment_usd", "lcoe_usd_per_mwh")
"""Metrics that are the same in every future only where nothing is uncertain."""
SPREADS = (("min", "max"), ("p5", "p95"), ("p10", "p90"))
POINTS = {"p10": "P10", "p50": "P50", "p90": "P90", "mean": "Mean", "deterministic": "Lenders' case"}
"""Columns of the summary in tables of figures, with their heads."""


@dataclass(frozen=True)
class Run:
    """The folder of a run, as far as it goes: whatever is not there is NaN, None or empty."""

    folder: Folder

    @cached_property
    def summary(self) -> dict[str, dict[str, Any]]:
        """Return the summary by metric and column; columns that are not there are NaN."""
        sheet = self.folder.sheets.get("summary.csv")
        found: dict[str, dict[str, Any]] = {}
        for row in sheet.rows if sheet is not None and "metric" in sheet.columns else ():
            numbers = {name: finite(row.get(name)) for name in SUMMARY_COLUMNS if name not in TEXT_COLUMNS}
            numbers |= {name: known(row.get(name)) for name in AVERAGES}
            found[row["metric"]] = {**numbers, **{name: row.get(name, "") for name in TEXT_COLUMNS}}
        return found

    def number(self, metric: str, column: str = "mean") -> float:
        """Return a figure of the summary; NaN where it does not exist."""
        value: float = self.summary[metric][column] if metric in self.summary else math.nan
        return value

    def has(self, *metrics: str) -> bool:
        """Say whether the summary has a mean of all of some metrics."""
        return not any(math.isnan(self.number(metric)) for metric in metrics)

    def unit(self, metric: str) -> str:
        """Return the unit of a metric."""
        said = self.summary[metric]["unit"] if metric in self.summary else ""
        return str(said or unit_of(metric))

    def rows(self, name: str, *columns: str) -> tuple[dict[str, Any], ...]:
        """Return the rows of a table; none where it is not there or lacks one of some columns."""
        sheet = self.folder.sheets.get(name)
        return sheet.rows if sheet is not None and set(columns) <= set(sheet.columns) else ()

    def table(self, name: str) -> Table | None:
        """Return a table as the sections of the screen take it."""
        sheet = self.folder.sheets.get(name)
        if sheet is None:
            return None
        return Table(name, sheet.columns, [tuple(row[column] for column in sheet.columns) for row in sheet.rows])

    @property
    def said(self) -> Mapping[Any, Any]:
        """Return all that the manifest says."""
        return self.folder.manifest.said if self.folder.manifest is not None else {}

    @property
    def scenario(self) -> Mapping[str, Any]:
        """Return the scenario as it was run, empty where it is not known."""
        return self.folder.scenario

    @cached_property
    def read(self) -> tuple[Spec | None, str]:
        """Return the scenario as this program reads it, or what it has against it."""
        if not self.scenario:
            return None, ""
        try:
            return from_data(self.folder.label, self.scenario), ""
        except ScenarioError as error:
            first, more = error.problems[0], len(error.problems) - 1
            told = ": ".join(part for part in (first.path, first.message) if part)
            return None, f"{told}{f' (and {more} more)' if more else ''}"

    @property
    def spec(self) -> Spec | None:
        """Return the scenario as this program reads it; None where it cannot."""
        return self.read[0]

    @property
    def title(self) -> str:
        """Return what was run, and as of when."""
        title, as_of = self.scenario.get("title"), self.scenario.get("as_of")
        name = str(title) if title else self.folder.label
        return f"{name}, as of {as_of}" if as_of else name

    @property
    def draws(self) -> int | None:
        """Return the number of futures."""
        return self.folder.manifest.draws if self.folder.manifest is not None else None

    @cached_property
    def curve(self) -> list[float]:
        """Return the share paid back by the end of each year from 0; empty where it is not known."""
        return [known(row["p_paid_back"]) for row in self.rows("payback.csv", "year", "p_paid_back")]

    @cached_property
    def horizon(self) -> int | None:
        """Return the years of the run."""
        manifest = self.folder.manifest
        if manifest is not None and manifest.horizon is not None:
            return manifest.horizon
        return len(self.curve) - 1 if self.curve else None

    @property
    def start_year(self) -> int | None:
        """Return the calendar year in which the run begins."""
        return self.folder.start_year

    def year(self, time: float) -> str:
        """Return the calendar year in which a time after the start falls; "never" for inf."""
        if self.start_year is None or not math.isfinite(time):
            return say.number(time)
        return str(self.start_year + math.floor(time + 1e-9))

    @cached_property
    def certain(self) -> bool:
        """Say whether all futures are the same."""
        for low, high in SPREADS:
            ends = [(self.number(name, low), self.number(name, high)) for name in SHAPE]
            known = [(a, b) for a, b in ends if math.isfinite(a) and math.isfinite(b)]
            if known:
                return not self.rows("drivers.csv") and all(not b - a > 1e-9 * abs(b) for a, b in known)
        return False

    @cached_property
    def paid(self) -> float:
        """Return the share of futures that pay back."""
        share = self.number("paid_back")
        return self.curve[-1] if math.isnan(share) and self.curve else share

    @cached_property
    def paid_error(self) -> float:
        """Return the standard error of the share that pays back; NaN where there is none."""
        rows = self.rows("payback.csv", "se")
        return known(rows[-1]["se"]) if rows else self.number("paid_back", "se")

    @cached_property
    def half(self) -> int | None:
        """Return the year by whose end half of those that ever pay back have; None where none does."""
        if not self.curve or not self.curve[-1] > 0.0:
            return None
        return next(i for i, share in enumerate(self.curve) if share >= 0.5 * self.curve[-1] - 1e-12)

    @cached_property
    def calm(self) -> bool:
        """Say whether no regime but the first ever holds in any future."""
        rows = self.rows("regimes.csv", "regime", "share")
        return bool(rows) and all(row["share"] == (1.0 if row["regime"] == rows[0]["regime"] else 0.0) for row in rows)

    @property
    def political(self) -> bool:
        """Say whether the scenario has sanctions."""
        if self.scenario:
            return bool(self.scenario.get("sanctions"))
        return "cost_of_sanctions_usd" in self.summary

    @property
    def lent(self) -> float:
        """Return what lenders give on the lenders' case (USD); NaN where the scenario has no financing."""
        planned = self.number("debt_usd", "deterministic")
        return self.number("debt_usd") if math.isnan(planned) else planned


def figures(run: Run, rows: Iterable[tuple[str, str]]) -> View:
    """Return labelled metrics with P10, P50, P90, mean and the lenders' case."""
    body = []
    for name, metric in rows:
        if metric in run.summary:
            values = [run.number(metric, column) for column in POINTS]
            if metric == "cod_years" and run.start_year is not None:
                cells, unit = [run.year(value) for value in values], "year"
            else:
                write, unit = say.row_scale(run.unit(metric), values)
                cells = [write(value) for value in values]
            body.append((name, unit.replace("USD/year", "USD a year"), *cells))
    return View(("Figure", "Unit", *POINTS.values()), tuple(body), (False, False, *[True] * len(POINTS)))


def date(text: Any) -> str:
    """Return a date as one writes it; what is none as it is.

    >>> date("2026-11-22T13:04:25+00:00"), date("yesterday"), date(None)
    ('22 November 2026', 'yesterday', '')
    """
    try:
        day = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text) if text is not None else ""
    return f"{day.day} {day:%B} {day.year}"
