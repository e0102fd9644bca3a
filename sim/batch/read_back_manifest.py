"""The manifest beside results, as far as a comparison needs it: also one that an older version wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.base import strict_yaml
from sim.base.words import shown
from sim.batch.read_back import MANIFEST, Sheet, names
from sim.errors import Problem, ScenarioError

RESULTS = ("summary.csv", "cases.csv")
"""What makes a folder one of results: of a run, of a sweep."""


@dataclass(frozen=True)
class Manifest:
    """What a manifest says of a run or a sweep; what it does not say is None or empty."""

    path: Path
    name: str
    seed: int | None
    draws: int | None
    kept: int | None
    """Draws whose metrics are in draws.parquet."""
    horizon: int | None
    """Years."""
    versions: Mapping[str, Any]
    scenario: Mapping[str, Any]
    axes: tuple[str, ...]
    hashes: Mapping[str, Any]
    """SHA-256 of each table; empty until everything is written."""
    said: Mapping[Any, Any] = field(default_factory=dict)
    """All that it says."""


@dataclass(frozen=True)
class Place:
    """Where results are: the path that the user gave, the CSV, and the manifest of its folder if it is named so."""

    given: Path
    csv: Path
    manifest: Manifest | None

    @property
    def name(self) -> str:
        """Return the name of the results: that of the manifest, else of the folder or the file."""
        if self.manifest is not None:
            return self.manifest.name
        return self.csv.resolve().parent.name if self.csv.name in RESULTS else self.csv.stem


def locate(path: Path) -> Place:
    """Return where the results are that a user names by a folder or a CSV; `ScenarioError` where there are none."""
    try:
        if path.is_dir():
            return _in_folder(path)
        if not path.exists():
            cure = "check the path; a run writes results/NAME"
            raise ScenarioError.single("there is no such file or folder", where=str(path), cure=cure)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise ScenarioError.single(message, where=str(path), cure="check the path") from None
    if path.name == MANIFEST:
        cure = f"name its folder, {path.parent}"
        raise ScenarioError.single("is a manifest, no table of results", where=str(path), cure=cure)
    beside = path.with_name(MANIFEST)
    manifest = read_manifest(beside) if path.name in RESULTS and beside.is_file() else None
    return _finished(Place(path, path, manifest))


def _in_folder(folder: Path) -> Place:
    """Return the results of a folder: those of its run, or of its sweep."""
    manifest = read_manifest(folder / MANIFEST) if (folder / MANIFEST).is_file() else None
    for name in RESULTS:
        if (folder / name).is_file():
            return _finished(Place(folder, folder / name, manifest))
    if manifest is not None:
        listed = [name for name in RESULTS if name in manifest.hashes]
        message = f"the results are not whole: there is a {MANIFEST} and no {' or '.join(listed or RESULTS)}"
        raise ScenarioError.single(message, where=str(folder), cure="finish the run or sweep, or run it again")
    inside = [entry.name for entry in sorted(folder.iterdir()) if any((entry / name).is_file() for name in RESULTS)]
    cure = f"name one folder in it: {names(inside)}" if inside else "name the folder of a run or of a sweep"
    message = "the folder holds no results: neither summary.csv nor cases.csv"
    raise ScenarioError.single(message, where=str(folder), cure=cure)


def _finished(place: Place) -> Place:
    """Return a place of results; an error where they are those of a sweep that has not ended."""
    if place.manifest is not None and place.csv.name == "cases.csv" and "cases.csv" not in place.manifest.hashes:
        message = f"the sweep is not finished: its {MANIFEST} lists no hash of cases.csv"
        raise ScenarioError.single(message, where=str(place.manifest.path), cure="finish the sweep first")
    return place


def read_manifest(path: Path) -> Manifest:
    """Return what a manifest says; `ScenarioError` with file and line where it cannot be used."""
    document = strict_yaml.load(path, str(path))
    if document.problems:
        raise ScenarioError(document.problems)
    data, faults = document.data, []

    def said(key: str, kind: type, otherwise: Any = None) -> Any:
        value = data.get(key)
        if value is None:
            return otherwise
        if type(value) is not kind:
            where = document.marks.get((key,), str(path))
            wanted = {int: "a whole number", str: "a name", dict: "a block of keys"}[kind]
            cure = "take the manifest as the program wrote it"
            faults.append(Problem(where, key, f"{shown(value)} is not {wanted}", cure))
            return otherwise
        return value

    made = Manifest(
        path=path,
        name=said("name", str, path.resolve().parent.name),
        seed=said("seed", int),
        draws=said("draws", int),
        kept=said("draws_kept", int),
        horizon=said("horizon_years", int),
        versions=said("versions", dict, {}),
        scenario=said("scenario", dict, {}),
        axes=tuple(str(key) for key in said("axes", dict, {})),
        hashes=said("files_sha256", dict, {}),
        said=data,
    )
    if faults:
        raise ScenarioError(faults)
    return made


def changed_since(place: Place, sheet: Sheet) -> bool:
    """Say whether a CSV has other bytes than its manifest says."""
    return place.manifest is not None and place.manifest.hashes.get(place.csv.name) != sheet.digest
