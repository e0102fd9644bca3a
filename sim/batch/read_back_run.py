"""A run read back: its summary by metric, and the draws beside it where they are known to be of the same run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from sim.base.words import shown
from sim.batch.compare_directions import unit_of
from sim.batch.read_back import AS_WRITTEN, Sheet, names
from sim.batch.read_back_manifest import Manifest, Place, changed_since
from sim.errors import Problem, ScenarioError
from sim.tables import SUMMARY_COLUMNS

POINTS = ("mean", "p10", "p50", "p90")
"""Figures of a metric that are compared; a summary needs one of them."""
USED = (*POINTS, "se", "share_defined")
"""Columns that hold numbers which a comparison reads."""
WANTED = ("unit", *USED, "definition")
"""Columns whose absence is worth a word."""


@dataclass(frozen=True)
class Figures:
    """What a summary says of one metric; NaN where a figure does not exist."""

    unit: str
    definition: str
    where: str
    """``file:line``."""
    mean: float = math.nan
    p10: float = math.nan
    p50: float = math.nan
    p90: float = math.nan
    se: float = math.nan
    share_defined: float = math.nan

    def point(self, name: str) -> float:
        """Return one of `POINTS`."""
        value: float = getattr(self, name)
        return value


@dataclass(frozen=True)
class Run:
    """A run: what the user named, its metrics, and its manifest if the summary is the one that it was written with."""

    given: Path
    name: str
    figures: dict[str, Figures]
    points: tuple[str, ...]
    """Those of `POINTS` that the summary has a column for."""
    manifest: Manifest | None
    without_draws: str
    """Why no draws are known; empty where the manifest and its folder serve."""
    notes: tuple[str, ...] = ()


def run_of(place: Place, sheet: Sheet) -> Run:
    """Return the run whose summary a CSV is; `ScenarioError` where it is none."""
    if "metric" not in sheet.columns or not sheet.records:
        missing = "there is no column metric" if "metric" not in sheet.columns else "there is no row of figures"
        cure = "name the summary.csv of a run or the cases.csv of a sweep"
        raise ScenarioError.single(f"{missing}; it has {names(sheet.columns)}", where=sheet.header, cure=cure)
    if not any(name in sheet.columns for name in POINTS):
        message = f"there is no column {', '.join(POINTS[:-1])} or {POINTS[-1]}; it has {names(sheet.columns)}"
        raise ScenarioError.single(message, where=sheet.header, cure="keep at least one of them")
    manifest, why, notes = place.manifest, "", list(_columns(place, sheet))
    if manifest is None:
        why = "stands without the manifest of its run"
    elif changed_since(place, sheet):
        notes.append(f"{place.csv} was changed after the run: its bytes are not those of the manifest.")
        manifest, why = None, f"has a {place.csv.name} that was changed after the run"
    points = tuple(name for name in POINTS if name in sheet.columns)
    return Run(place.given, place.name, _figures(sheet), points, manifest, why, tuple(notes))


def _figures(sheet: Sheet) -> dict[str, Figures]:
    """Return what a summary says, by metric."""
    problems: list[Problem] = []
    found: dict[str, Figures] = {}
    for record, values in zip(sheet.records, sheet.numbers(USED), strict=True):
        where, metric = f"{sheet.path}:{record.line}", record.cells["metric"].strip()
        if not metric:
            problems.append(Problem(where, "metric", "the row names no metric", AS_WRITTEN))
        elif metric in found:
            first = found[metric].where.rpartition(":")[2]
            message = f"{shown(metric)} is there twice, first on line {first}"
            problems.append(Problem(where, "metric", message, "keep one of the two rows"))
        else:
            unit = record.cells.get("unit", "").strip() or unit_of(metric)
            found[metric] = Figures(unit, record.cells.get("definition", "").strip(), where, **values)
    if problems:
        raise ScenarioError(problems)
    return found


def _columns(place: Place, sheet: Sheet) -> list[str]:
    """Return what is missing in a summary, and what it has that is not compared."""
    missing = [name for name in WANTED if name not in sheet.columns]
    extra = [name for name in sheet.columns if name not in SUMMARY_COLUMNS]
    told = [f"{place.csv} has no column {names(missing)}."] if missing else []
    return told + ([f"Columns of {place.csv} that are not compared: {names(extra)}."] if extra else [])
