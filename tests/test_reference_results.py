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
FINANCINGS = sorted(f"financing/{file.stem}" for file in (ROOT / "scenarios" / "financing").glob("*.yaml"))
KEPT = ("summary.csv", "payback.csv", "drivers.csv")
TOLERANCE = 1e-9
CURE = "If the new numbers are right, run `make results`, mend the table in README.md and say so in CHANGELOG.md."


@cache
def made(name: str) -> dict[str, Table]:
    """Return the tables of a scenario with the default draws and seed."""
    spec = read(ROOT / "scenarios" / f"{name}.yaml")
    return {table.name: table for table in tables(simulate(spec, draws=10_240, seed=1))}


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


@pytest.mark.parametrize("name", FINANCINGS)
def test_reference_of_financings_is_current(name: str) -> None:
    """The summary kept for each financing is what a run with default draws and seed writes."""
    found = changes(name, "summary.csv")
    assert not found, f"results/reference/{name}: {len(found)} differences\n{found[:10]}\n{CURE}"


def test_reference_is_whole_and_small() -> None:
    """Three tables for each shipped scenario, a summary for each financing and nothing else, below 600 KB in all."""
    files = sorted(str(file.relative_to(REFERENCE)) for file in REFERENCE.rglob("*") if file.is_file())
    wanted = [f"{name}/{table}" for name in NAMES for table in KEPT]
    assert files == sorted([*wanted, *(f"{name}/summary.csv" for name in FINANCINGS)]), CURE
    assert sum((REFERENCE / file).stat().st_size for file in files) < 600_000


def test_a_difference_is_seen() -> None:
    """A change of one part in ten million is found, one of a part in ten billion is not; never and blank are values."""
    assert differs("100", 100.00001)
    assert not differs("100", 100.00000001)
    assert differs("inf", 100.0) and differs("", 0.0) and differs("0", math.nan)
    assert not differs("inf", math.inf) and not differs("", math.nan)
    assert differs("a", "b") and not differs("12", 12)
