"""The cases of a sweep read back: what each case is (its place on the axes), and figures of metrics in it."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from sim.batch.read_back import Sheet, names, number
from sim.batch.read_back_manifest import Manifest, Place, changed_since
from sim.batch.replicates import FILE, Array, Means, read
from sim.errors import ScenarioError

CASE = "case"
STATS = ("mean", "se", "p10", "p50", "p90", "never")
_FIGURE = re.compile(rf"(?P<metric>[^.]+)\.(?P<stat>{'|'.join(STATS)})")
Axis = float | str
"""A value on an axis: a number, or the text that stands there."""


@dataclass(frozen=True)
class Case:
    """One row: its number of line, its values on the axes, and its figures by metric and statistic."""

    line: int
    name: str
    at: dict[str, Axis]
    figures: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Cases:
    """A sweep: what the user named, its axes, its cases, and its manifest if the CSV is the one it was written with."""

    given: Path
    csv: Path
    header: str
    """``file:line`` of the names of its columns."""
    name: str
    axes: tuple[str, ...]
    figures: dict[str, tuple[str, ...]]
    """Metric: the statistics that there are of it."""
    cases: tuple[Case, ...]
    manifest: Manifest | None
    notes: tuple[str, ...] = ()
    means: Means = field(default_factory=dict)
    """Means of replicates, where the sweep has kept them."""

    def means_of(self, case: Case, metric: str) -> Array | None:
        """Return the means of replicates of a metric in a case, (replicates,); None where they were not kept."""
        return self.means.get((int(case.name), metric)) if case.name.isdecimal() else None


def is_cases(sheet: Sheet) -> bool:
    """Say by its columns whether a CSV holds cases; a summary has a column ``metric``."""
    return "metric" not in sheet.columns and any(_FIGURE.fullmatch(name) for name in sheet.columns)


def cases_of(place: Place, sheet: Sheet) -> Cases:
    """Return the cases of a sweep; axes are those of its manifest, else the columns before the first figure."""
    where = sheet.header
    named = place.manifest.axes if place.manifest is not None else ()
    found = {name: _FIGURE.fullmatch(name) for name in sheet.columns}
    matches = {name: match for name, match in found.items() if match and name not in named}
    if not matches:
        message = f"there is no column METRIC.STATISTIC; it has {names(sheet.columns)}"
        cure = f"name the cases.csv of a sweep; statistics are {names(STATS)}"
        raise ScenarioError.single(message, where=where, cure=cure)
    if not sheet.records:
        raise ScenarioError.single("there is no case", where=where, cure="name the results of a finished sweep")
    first = min(sheet.columns.index(name) for name in matches)
    axes = tuple(name for name in sheet.columns if name in named)
    axes = axes or tuple(name for name in sheet.columns[:first] if name != CASE)
    figures: dict[str, tuple[str, ...]] = {}
    for match in matches.values():
        figures[match["metric"]] = (*figures.get(match["metric"], ()), match["stat"])
    values = sheet.numbers(matches)
    made = []
    for record, row in zip(sheet.records, values, strict=True):
        at = {name: _axis(record.cells[name], sheet.comma) for name in axes}
        each = {metric: {stat: row[f"{metric}.{stat}"] for stat in stats} for metric, stats in figures.items()}
        made.append(Case(record.line, record.cells.get(CASE, ""), at, each))
    manifest, notes = place.manifest, list(_unread(place, sheet, axes, set(matches)))
    if manifest is not None and changed_since(place, sheet):
        notes.append(f"{place.csv} was changed after the sweep: its bytes are not those of the manifest.")
        manifest = None
    means = read(sheet.path.with_name(FILE)) if manifest is not None and _is_as_written(place) else {}
    told = (place.given, sheet.path, sheet.header, place.name, axes, figures, tuple(made), manifest, tuple(notes))
    return Cases(*told, means)


def _is_as_written(place: Place) -> bool:
    """Say whether the means of replicates are those that the sweep has written."""
    assert place.manifest is not None
    try:
        written = hashlib.sha256(place.csv.with_name(FILE).read_bytes()).hexdigest()
    except OSError:
        return False
    return place.manifest.hashes.get(FILE) == written


def _axis(cell: str, comma: bool) -> Axis:
    """Return a value on an axis, so that 1000 and 1000.0 are the same place."""
    value = number(cell, comma)
    return cell.strip() if value is None or math.isnan(value) else value


def _unread(place: Place, sheet: Sheet, axes: tuple[str, ...], figures: set[str]) -> list[str]:
    """Return a word on columns that are neither axis nor figure."""
    told = {CASE, *axes, *figures}
    other = [name for name in sheet.columns if name not in told and not name.endswith(".share_defined")]
    return [f"Columns of {place.csv} that are not compared: {names(other)}."] if other else []
