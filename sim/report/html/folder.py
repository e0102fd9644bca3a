"""A results folder read back for a page: its tables as numbers, its manifest, and what is not there."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.batch.read_back_manifest import Manifest, read_manifest
from sim.errors import ScenarioError

MANIFEST = "manifest.yaml"
RUN = ("summary.csv", "payback.csv", "cashflow.csv", "drivers.csv", "distributions.csv")
"""Tables of every run; `SANCTIONS` are there where the scenario has sanctions."""
SANCTIONS = ("regimes.csv", "bearers.csv")
ATTRIBUTION = ("attribution.csv", "changes.csv")
"""Tables that ``explain --csv`` has put into the folder."""
SWEEP = ("cases.csv", "payback.csv")
ERRORS = "errors.csv"
COMPARISON = ("comparison.csv", "paybacks.csv", "inputs.csv")
TEXTS = {
    *("metric", "measure", "unit", "definition", "line", "input", "party", "regime", "group"),
    *("path", "before", "after"),
    *("a", "b", "paired", "not_paired_because", "better", "where", "key", "message", "cure"),
}
"""Columns that hold text even where it looks like a number."""


@dataclass(frozen=True)
class Sheet:
    """A table: its columns, and each row by column; numbers are floats, blank cells NaN."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    def by(self, column: str) -> dict[Any, dict[str, Any]]:
        """Return the rows by the value of a column."""
        return {row[column]: row for row in self.rows}


@dataclass(frozen=True)
class Folder:
    """A folder of results: of a run, a sweep or a comparison."""

    path: Path
    kind: str
    """run, sweep or comparison."""
    label: str
    """A short name, different from that of every other folder on the page."""
    manifest: Manifest | None
    sheets: dict[str, Sheet]
    """By file name."""
    missing: tuple[str, ...]
    """Tables that belong to a folder of this kind and are not there."""
    notes: tuple[str, ...]
    """What a reader should know: tables changed after the run, cells that are no numbers."""


def read_folders(paths: Sequence[Path]) -> tuple[Folder, ...]:
    """Return folders of results; `ScenarioError` where one of them is none, naming the cure."""
    found = [_read(path) for path in paths]
    labels = _labels(found)
    return tuple(
        Folder(one.path, one.kind, label, one.manifest, one.sheets, one.missing, one.notes)
        for one, label in zip(found, labels, strict=True)
    )


def _read(path: Path) -> Folder:
    kind = _kind(path)
    manifest = read_manifest(path / MANIFEST) if (path / MANIFEST).is_file() else None
    wanted = {"run": (*RUN, *SANCTIONS, *ATTRIBUTION), "sweep": (*SWEEP, ERRORS), "comparison": COMPARISON}[kind]
    sheets, notes = {}, []
    for name in wanted:
        try:
            data = (path / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            notes.append(f"{name} cannot be read: {error.strerror or error}.")
            continue
        hashes = manifest.hashes if manifest is not None else {}
        if name in hashes and hashes[name] != hashlib.sha256(data).hexdigest():
            notes.append(f"{name} was changed after it was written: its bytes are not those of the manifest.")
        try:
            sheets[name] = _sheet(data)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            notes.append(f"{name} cannot be read: {error}.")
    needed = {"run": RUN, "sweep": SWEEP, "comparison": COMPARISON[:1]}[kind]
    if kind == "run" and manifest is not None and manifest.scenario.get("sanctions"):
        needed = (*needed, *SANCTIONS)
    if manifest is None and kind != "comparison":
        notes.append(f"There is no {MANIFEST}: seed, scenario and versions are not known.")
    missing = tuple(name for name in needed if name not in sheets)
    return Folder(path, kind, _name(path, manifest), manifest, sheets, missing, tuple(notes))


def _kind(path: Path) -> str:
    try:
        there = path.exists()
    except OSError as error:
        raise ScenarioError.single(
            f"cannot be read: {error.strerror}", where=str(path)[:100], cure="check the path"
        ) from None
    if not there:
        raise ScenarioError.single(
            "there is no such folder", where=str(path), cure="run something first: python -m sim base"
        )
    if not path.is_dir():
        raise ScenarioError.single("is no folder", where=str(path), cure=f"name its folder, {path.parent}")
    for kind, name in (("sweep", SWEEP[0]), ("run", RUN[0]), ("comparison", COMPARISON[0])):
        if (path / name).is_file():
            return kind
    if (path / MANIFEST).is_file() and (path / "finished.jsonl").is_file():
        raise ScenarioError.single("the sweep is not finished", where=str(path), cure="give its command again")
    if (path / MANIFEST).is_file():
        raise ScenarioError.single(f"there is a {MANIFEST} and no {RUN[0]}", where=str(path), cure="run it again")
    inside = [entry.name for entry in sorted(path.iterdir()) if (entry / MANIFEST).is_file()]
    cure = (
        f"name one of the folders in it: {', '.join(inside[:5])}" if inside else "name the folder of a run or a sweep"
    )
    raise ScenarioError.single("the folder holds no results", where=str(path), cure=cure)


def _sheet(data: bytes) -> Sheet:
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    columns = tuple(next(rows, ()))
    if not columns:
        raise ValueError("it is empty")
    found = []
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"line {rows.line_num} has {len(row)} cells, not {len(columns)}")
        found.append({name: _cell(name, text) for name, text in zip(columns, row, strict=True)})
    return Sheet(columns, tuple(found))


def _cell(name: str, text: str) -> Any:
    if name in TEXTS:
        return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r" else text
    try:
        return float(text) if text else math.nan
    except ValueError:
        return text


def _name(path: Path, manifest: Manifest | None) -> str:
    return manifest.name if manifest is not None else path.resolve().name


def _labels(folders: Sequence[Folder]) -> Iterator[str]:
    """Yield a label for each folder: its name, with the folder around it where two have the same."""
    names = [folder.label for folder in folders]
    for i, folder in enumerate(folders):
        name = folder.label
        if names.count(name) > 1:
            name = f"{folder.path.resolve().parent.name}/{folder.path.resolve().name}"
        same = [other for other in folders[:i] if other.path.resolve() == folder.path.resolve()]
        yield f"{name} ({len(same) + 1})" if same else name
