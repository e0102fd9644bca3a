"""The tables in results/reference are those that the code makes today, to 1e-9; where they differ, it says so."""

from __future__ import annotations

import csv
import math
from functools import cache
from pathlib import Path

import pytest

from sim.engine import simulate
from sim.scenario import read
from sim.tables import Table, tables

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "results" / "reference"
NAMES = sorted(file.stem for file in (ROOT / "scenarios").glob("*.yaml"))
FOLDERS = {"financing": ("summary.csv",), "sanctions": ("summary.csv", "bearers.csv")}
VARIANTS = {
    f"{folder}/{file.stem}": kept
    for folder, kept in FOLDERS.items()
    for file in sorted((ROOT / "scenarios" / folder).glob("*.yaml"))
}
"""Scenarios in folders: the tables kept of each."""
STUDIES = sorted(
    file.stem for file in (ROOT / "scenarios" / "sweeps").glob("*.yaml") if file.stem != "levers_latin_hypercube"
)
"""Studies of which the table of cases is kept; test_studies.py looks into them."""
KEPT = ("summary.csv", "payback.csv", "drivers.csv")
TOLERANCE = 1e-9
CURE = "If the new numbers are right, run `make results`, mend the table in README.md and say so in CHANGELOG.md."


@cache
def made(name: str) -> dict[str, Table]:
    """Return the tables of a scenario with the default draws and seed."""
    spec = read(ROOT / "scenarios" / f"{name}.yaml")
    workers = 2 if spec.written.timeline.periods_per_year > 1 else 1
    return {table.name: table for table in tables(simulate(spec, draws=10_240, seed=1, workers=workers))}


def differs(cell: str, value: object) -> bool:
    """Say whether a cell of the reference is another value, beyond the tolerance."""
    if not isinstance(value, float):
        return cell != str(value)
    if cell == "" or math.isnan(value):
        return cell != "" or not math.isnan(value)
    return not math.isclose(float(cell), value, rel_tol=TOLERANCE)


def changes(name: str, table: str) -> list[str]:
    """Return where a reference table differs from the one made now."""
    with (REFERENCE / name / table).open(encoding="utf-8", newline="") as file:
        columns, *rows = list(csv.reader(file))
    now = made(name)[table]
    if tuple(columns) != now.columns:
        return [f"columns {columns} are now {now.columns}"]
    if len(rows) != len(now.rows):
        return [f"{len(rows)} rows are now {len(now.rows)}"]
    found = []
    for old, new in zip(rows, now.rows, strict=True):
        row = dict(zip(columns, new, strict=True))
        for column, cell in zip(columns, old, strict=True):
            if differs(cell, row[column]):
                found.append(f"{' '.join(old[:2])}, {column}: {cell} is now {row[column]}")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_reference_is_current(name: str) -> None:
    """Each table kept for a shipped scenario is what a run with default draws and seed writes."""
    for table in KEPT:
        found = changes(name, table)
        told = "\n".join(found[:10])
        assert not found, f"results/reference/{name}/{table}: {len(found)} differences\n{told}\n{CURE}"


@pytest.mark.parametrize("name", VARIANTS)
def test_reference_of_variants_is_current(name: str) -> None:
    """The tables kept for each scenario in a folder are what a run with default draws and seed writes."""
    for table in VARIANTS[name]:
        found = changes(name, table)
        assert not found, f"results/reference/{name}/{table}: {len(found)} differences\n{found[:10]}\n{CURE}"


def test_reference_is_whole_and_small() -> None:
    """Three tables for each scenario, those of its folder for each variant, one for each study; 1 MB in all."""
    files = sorted(str(file.relative_to(REFERENCE)) for file in REFERENCE.rglob("*") if file.is_file())
    wanted = [f"{name}/{table}" for name in NAMES for table in KEPT]
    wanted += [f"{name}/{table}" for name, kept in VARIANTS.items() for table in kept]
    wanted += [f"studies/{name}/cases.csv" for name in STUDIES] + ["studies/press_claim_to_base/attribution.csv"]
    assert files == sorted(wanted), CURE
    assert sum((REFERENCE / file).stat().st_size for file in files) < 1_000_000
