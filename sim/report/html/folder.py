"""A results folder read back for a page: its tables as numbers, its manifest, and what is not there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.batch.read_back import MANIFEST
from sim.batch.read_back_manifest import Manifest, read_manifest
from sim.errors import ScenarioError
from sim.report.html.sheets import Sheet, finite, read_sheet

RUN = ("summary.csv", "payback.csv", "cashflow.csv", "drivers.csv", "distributions.csv")
"""Tables of every run; `SANCTIONS` are there where the scenario has sanctions."""
SANCTIONS = ("regimes.csv", "bearers.csv")
ATTRIBUTION = ("attribution.csv", "changes.csv")
"""Tables that ``explain --csv`` has put into the folder."""
SWEEP = ("cases.csv", "payback.csv")
ERRORS = "errors.csv"
COMPARISON = ("comparison.csv", "paybacks.csv", "inputs.csv", "notes.csv")
KINDS = {
    "run": (*RUN, *SANCTIONS, *ATTRIBUTION),
    "sweep": (*SWEEP, ERRORS),
    "comparison": COMPARISON,
    "explanation": ATTRIBUTION,
}
"""Tables of each kind of folder."""
NEEDED = {"run": RUN, "sweep": SWEEP, "comparison": COMPARISON[:1], "explanation": ATTRIBUTION}
"""Those that are missed where they are not there."""


@dataclass(frozen=True)
class Folder:
    """A folder of results: of a run, a sweep, a comparison or an explanation."""

    path: Path
    kind: str
    """run, sweep, comparison or explanation."""
    label: str
    """A short name, different from that of every other folder on the page."""
    manifest: Manifest | None
    sheets: dict[str, Sheet]
    """By file name."""
    missing: tuple[str, ...]
    """Tables that belong to a folder of this kind and are not there."""
    notes: tuple[str, ...]
    """What a reader should know: tables changed after the run, cells that are no numbers."""

    @property
    def scenario(self) -> Mapping[str, Any]:
        """Return the scenario of a run as it was run; empty where it is not known."""
        return self.manifest.scenario if self.manifest is not None else {}

    @cached_property
    def start_year(self) -> int | None:
        """Return the calendar year in which time begins: from the scenario, else from the cash flow; None: unknown."""
        year = self._timeline("start_year")
        if year is not None:
            return year
        sheet = self.sheets.get("cashflow.csv")
        years = [finite(row.get("year")) for row in sheet.rows] if sheet is not None else []
        return int(min(years)) if years and not any(map(math.isnan, years)) else None

    @property
    def periods_per_year(self) -> int:
        """Return the periods of a year of the cash flow; 1 where it is not known."""
        return max(self._timeline("periods_per_year") or 1, 1)

    def _timeline(self, key: str) -> int | None:
        timeline = self.scenario.get("timeline")
        found = timeline.get(key) if isinstance(timeline, Mapping) else None
        return found if type(found) is int else None


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
    sheets: dict[str, Sheet] = {}
    notes: list[str] = []
    hashes = manifest.hashes if manifest is not None else {}
    for name in KINDS[kind]:
        if (path / name).exists():
            found, told = read_sheet(path / name, manifest.axes if manifest is not None else (), hashes.get(name))
            notes += told
            if found is not None:
                sheets[name] = found
    needed = NEEDED[kind]
    if kind == "run" and manifest is not None and manifest.scenario.get("sanctions"):
        needed = (*needed, *SANCTIONS)
    if manifest is None and kind in ("run", "sweep"):
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
    for kind in ("sweep", "run", "comparison", "explanation"):
        if (path / KINDS[kind][0]).is_file():
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
