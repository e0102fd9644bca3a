"""The page of one or several sweeps: what was varied, which case does best, all cases, those that failed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.base import strict_yaml
from sim.batch.compare_directions import unit_of
from sim.model.metrics import DEFINITIONS
from sim.report import format as say
from sim.report.html import charts
from sim.report.html.content import Card, Page, Section, View
from sim.report.html.content_caveats import notes
from sim.report.html.content_run import date, finite, known, label
from sim.report.html.definitions import cell, failed, meanings, origin
from sim.report.html.folder import Folder
from sim.report.html.verdict import points

PERCENTILES = ("p10", "p50", "p90")
STATISTICS = ("mean", "se", *PERCENTILES, "never", "share_defined")
PAID, VALUE = "paid_back.mean", "project_npv_usd.p50"
MAIN = (
    *(PAID, "project_payback_years.p50", VALUE, "project_npv_usd.mean", "investment_usd.mean"),
    *("transmission_lcoe_usd_per_mwh.p50", "realised_gap_usd_per_mwh.p50"),
    *("cost_of_sanctions_usd.mean", "defaulted.mean", "equity_npv_usd.mean"),
)
"""Columns of the table of all cases; where none of them is there, the first ones that are."""
MOST_COLUMNS = 10
HEADS = {
    "mean": "mean",
    "se": "standard error",
    "p10": "P10",
    "p50": "median",
    "p90": "P90",
    "never": "never",
    "share_defined": "share that have one",
}
"""What stands behind the name of a metric for each statistic."""


@dataclass(frozen=True)
class Cases:
    """The cases of a sweep as its folder has them."""

    folder: Folder

    @cached_property
    def said(self) -> dict[Any, Any]:
        """Return all that the manifest says."""
        manifest = self.folder.manifest
        return strict_yaml.load(manifest.path, str(manifest.path)).data if manifest is not None else {}

    @cached_property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """Return the rows of the table."""
        sheet = self.folder.sheets.get("cases.csv")
        return sheet.rows if sheet is not None else ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of figures."""
        sheet = self.folder.sheets.get("cases.csv")
        there = sheet.columns if sheet is not None else ()
        return tuple(name for name in there if name not in self.axes and name.rpartition(".")[2] in STATISTICS)

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """Return what was varied: as the manifest says, else the columns before the first figure."""
        sheet = self.folder.sheets.get("cases.csv")
        there = sheet.columns if sheet is not None else ()
        if self.folder.manifest is not None and self.folder.manifest.axes:
            return tuple(name for name in self.folder.manifest.axes if name in there)
        first = next((i for i, name in enumerate(there) if name.rpartition(".")[2] in STATISTICS), len(there))
        return tuple(name for name in there[:first] if name != "case")

    def figure(self, row: Mapping[str, Any], column: str) -> float:
        """Return a figure of a case; NaN where it does not exist. Only a percentile can be infinite."""
        of_times = column.rpartition(".")[2] in PERCENTILES
        return finite(row.get(column)) if of_times else known(row.get(column))

    def place(self, row: Mapping[str, Any]) -> str:
        """Return the point of a case on the axes."""
        return ", ".join(f"{axis} {cell(row[axis])}" for axis in self.axes)

    def ends(self, column: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the cases with the lowest and the highest figure; None where there is none."""
        there = [row for row in self.rows if not math.isnan(self.figure(row, column))]
        if not there:
            return None
        order = sorted(there, key=lambda row: self.figure(row, column))
        return order[0], next(row for row in order if row[column] == order[-1][column])

    @property
    def title(self) -> str:
        """Return the title of the study, else its name."""
        title = self.said.get("title")
        return title if isinstance(title, str) and title.strip() else self.folder.label

    @property
    def crossed(self) -> bool:
        """Say whether two axes are crossed, so that there is a case at every point of a grid."""
        return len(self.axes) == 2 and self.said.get("design", "product") == "product"


def page_of(folders: Sequence[Folder]) -> Page:
    """Return the page of some sweeps, one after the other."""
    found = [Cases(folder) for folder in folders]
    several = len(found) > 1
    return Page(
        title=", ".join(dict.fromkeys(cases.title for cases in found)),
        subtitle="; ".join(_subtitle(cases, several) for cases in found),
        verdict=tuple(card for cases in found for card in _cards(cases, several)),
        words=tuple(text for cases in found for text in _words(cases, several)),
        caveats=tuple(_caveats(found)),
        sections=tuple(
            section for i, cases in enumerate(found) for section in _sections(cases, i if several else None)
        ),
        notes=tuple(note for folder in folders for note in notes(folder, several)),
    )


def _subtitle(cases: Cases, named: bool) -> str:
    manifest, facts = cases.folder.manifest, cases.said.get("run")
    count = len(cases.rows)
    parts = [f"{count:,} case{'s' * (count != 1)} with figures"]
    if manifest is not None:
        parts[0] += f", {manifest.draws:,} futures each" if manifest.draws is not None else ""
        parts += [f"seed {manifest.seed}"] if manifest.seed is not None else []
    day = date(facts.get("date")) if isinstance(facts, dict) else ""
    parts += [f"run on {day}"] if day else []
    return f"{cases.folder.label}: {', '.join(parts)}" if named else ", ".join(parts)


def _cards(cases: Cases, named: bool) -> Iterator[Card]:
    head = f"{cases.folder.label}: " if named else ""
    sheet = cases.folder.sheets.get("errors.csv")
    lost = len({row.get("case") for row in sheet.rows}) if sheet is not None else 0
    yield Card(f"{head}Cases", f"{len(cases.rows):,}", f"{_varied(cases)}{f'; {lost:,} more failed' if lost else ''}")
    if paid := cases.ends(PAID):
        yield Card(f"{head}Pays back most often", say.share(paid[1][PAID]), f"with {cases.place(paid[1])}")
    if value := cases.ends(VALUE):
        yield Card(f"{head}Highest median NPV", say.usd(value[1][VALUE]), f"with {cases.place(value[1])}")
        yield Card(f"{head}Lowest median NPV", say.usd(value[0][VALUE]), f"with {cases.place(value[0])}")


def _varied(cases: Cases) -> str:
    sizes = [len({repr(row[axis]) for row in cases.rows}) for axis in cases.axes]
    told = [f"{axis} ({size} value{'s' * (size != 1)})" for axis, size in zip(cases.axes, sizes, strict=True)]
    return f"varied: {', '.join(told)}" if told else "nothing is varied"


def _words(cases: Cases, named: bool) -> Iterator[str]:
    """Yield how far the cases lie apart, and which is the best and the worst."""
    told = []
    if paid := cases.ends(PAID):
        low, high = paid
        if low[PAID] == high[PAID]:
            told.append(f"All cases pay back in {say.share(low[PAID])} of futures.")
        else:
            told.append(
                f"The project pays back most often, in {say.share(high[PAID])} of futures, with {cases.place(high)}, "
                f"and least often, in {say.share(low[PAID])}, with {cases.place(low)}."
            )
    if value := cases.ends(VALUE):
        low, high = value
        above = sum(cases.figure(row, VALUE) > 0.0 for row in cases.rows)
        told.append(
            f"The median NPV reaches from {say.usd(low[VALUE])}, with {cases.place(low)}, to {say.usd(high[VALUE])}, "
            f"with {cases.place(high)}; it is above zero in {above:,} of {len(cases.rows):,} cases."
        )
    if told:
        yield f"{f'{cases.folder.label}: ' if named else ''}{' '.join(told)}"


def _caveats(found: Sequence[Cases]) -> Iterator[str]:
    yield "What is on an axis is chosen, and takes the place of its distribution; all other uncertainties are drawn."
    yield "All cases of a sweep see the same futures: they differ by what was varied and not by chance."
    for cases in found:
        if "paid_back.se" not in cases.columns or not cases.rows:
            continue
        errors = [cases.figure(row, "paid_back.se") for row in cases.rows]
        there = [error for error in errors if not math.isnan(error)]
        if not there:
            yield f"{cases.folder.label}: too few futures for standard errors."
        elif max(there) > 0.0:
            yield f"{cases.folder.label}: the standard error of a share that pays back is at most {points(max(there))}."


def _sections(cases: Cases, number: int | None) -> Iterator[Section]:
    """Yield the sections of a sweep; ``number``: its place among several, else None."""
    folder = cases.folder
    tail, head = ("", "") if number is None else (f"_{number + 1}", f"{folder.label}: ")
    if cases.crossed:
        maps = tuple(charts.heat_map(folder, name) for name in (PAID, VALUE) if name in cases.columns)
        if maps:
            yield Section(f"maps{tail}", f"{head}Over both axes", (), maps)
    if cases.rows:
        words = (f"Every case, {_varied(cases)}. cases.csv has more figures of each.",)
        yield Section(f"cases{tail}", f"{head}All cases", words, (), (("Cases", table(cases)),))
    yield Section(f"payback{tail}", f"{head}Payback over the years", (), (charts.small_multiples(folder),))
    if (errors := failed(folder)) is not None:
        words = ("These cases could not be computed; the others do not depend on them.",)
        yield Section(f"failed{tail}", f"{head}Cases that failed", words, (), (("Failures", errors),))
    shown = list(dict.fromkeys(name.rpartition(".")[0] for name in cases.columns))
    if shown:
        yield Section(f"definitions{tail}", f"{head}Definitions", (), (), (("Metrics", meanings(shown)),), folded=True)
    run = origin(folder, cases.said)
    yield Section(f"manifest{tail}", f"{head}{run.title}", run.words, (), run.tables, run.folded)


def table(cases: Cases) -> View:
    """Return the main figures of all cases."""
    names = [name for name in MAIN if name in cases.columns] or list(cases.columns[:MOST_COLUMNS])
    writers, heads = [], []
    for name in names:
        metric, _, statistic = name.rpartition(".")
        unit = "share" if statistic in ("never", "share_defined") else unit_of(metric)
        write, shown = say.row_scale(unit, [cases.figure(row, name) for row in cases.rows])
        writers.append((name, say.share if unit == "share" and _counts(metric, statistic) else write))
        shown = "" if writers[-1][1] is say.share else f", {shown}"
        heads.append(f"{label(metric)}{'' if _counts(metric, statistic) else f', {HEADS[statistic]}'}{shown}")
    body = tuple(
        (
            cell(row.get("case", "")),
            *(cell(row[axis]) for axis in cases.axes),
            *(write(cases.figure(row, name)) for name, write in writers),
        )
        for row in cases.rows
    )
    of_numbers = [all(isinstance(row[axis], float) for row in cases.rows) for axis in cases.axes]
    return View(("Case", *cases.axes, *heads), body, (True, *of_numbers, *[True] * len(names)))


def _counts(metric: str, statistic: str) -> bool:
    """Say whether the mean of a metric is the share of futures in which something happens."""
    return statistic == "mean" and metric in DEFINITIONS and DEFINITIONS[metric].text.startswith("1 where")
