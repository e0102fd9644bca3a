"""The manifest of a run: YAML that reads back exactly, and the run that it repeats."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
import yaml

from sim import __version__
from sim.base import strict_yaml
from sim.base.strict_yaml import Marks
from sim.errors import Problem, ScenarioError
from sim.scenario import Spec, from_data

MANIFEST = "manifest.yaml"
VERSIONS = {"linkfeasibility": __version__, "numpy": np.__version__, "scipy": scipy.__version__}
"""Versions on which the bytes of the tables depend."""
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LIKE_A_NUMBER = re.compile(r"[-+]?\.?[0-9][0-9_.eE+-]*")


class _StrictDumper(_Dumper):  # type: ignore[misc]
    """Writes what `strict_yaml` reads back to the same values: no aliases, texts that look like numbers quoted."""

    def ignore_aliases(self, data: object) -> bool:
        """Write out a value each time it occurs."""
        return True

    def represent_text(self, text: str) -> Any:
        """Write a text; YAML 1.1 would leave 1e5 bare."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, "'" if _LIKE_A_NUMBER.fullmatch(text) else None)


_StrictDumper.add_representer(str, _StrictDumper.represent_text)


def to_yaml(data: Mapping[str, Any]) -> str:
    """Return the YAML of plain data, which `strict_yaml` reads back exactly."""
    text: str = yaml.dump(data, Dumper=_StrictDumper, sort_keys=False, allow_unicode=True, width=86)
    return text


class _Repeat(NamedTuple):
    spec: Spec
    seed: int
    draws: int
    overrides: list[tuple[str, Any]]
    keep_draws: bool


class Repeat(_Repeat):
    """A run to be repeated, with the hashes of the tables it made and reasons why they may differ now."""

    files_sha256: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def is_manifest(path: Path) -> bool:
    """Say by its keys whether a file is the manifest of a run; a scenario has neither of them."""
    try:
        with path.open("rb") as file:
            keys = set(re.findall(rb"^(scenario|seed):", file.read(strict_yaml.MAX_BYTES), re.MULTILINE))
    except OSError:
        return False
    return b"scenario" in keys and (b"seed" in keys or path.name == MANIFEST)


def from_manifest(path: Path) -> Repeat:
    """Return the run that a manifest tells of: spec, seed, draws, overrides (already in the spec), keep_draws."""
    document = strict_yaml.load(path, str(path))
    data, marks = document.data, document.marks
    problems = [*document.problems]
    problems += [Problem(_where(marks, key, str(path)), key, said, cure) for key, said, cure in _faults(data)]
    if problems:
        raise ScenarioError(problems)
    try:
        spec = from_data(data["name"], data["scenario"])
    except ScenarioError as error:
        raise ScenarioError([_located(problem, marks, str(path)) for problem in error.problems]) from None
    overrides: dict[str, Any] = data.get("overrides") or {}
    spec.marks.update({tuple(str(key).split(".")): f"--set {key}" for key in overrides})
    again = Repeat(spec, data["seed"], data["draws"], list(overrides.items()), data.get("keep_draws") is True)
    again.files_sha256 = data.get("files_sha256") or {}
    again.warnings = tuple(_doubts(data, spec, str(path)))
    return again


def _faults(data: Mapping[Any, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield key, complaint and cure for what is wrong with a manifest outside its scenario."""
    name, seed, draws = data.get("name"), data.get("seed"), data.get("draws")
    if not isinstance(name, str) or name in ("", ".", "..") or re.search(r"[/\\\0]", name):
        yield "name", f"{name!r} is not the name of a run", "write name: base"
    if type(seed) is not int:
        yield "seed", f"{seed!r} is not a whole number", "write seed: 1"
    if type(draws) is not int or draws < 1:
        yield "draws", f"{draws!r} is not a number of draws", "write draws: 10240"
    if not isinstance(data.get("scenario"), dict):
        yield "scenario", "there is no scenario", "take the manifest of a run as it is"
    for key in ("overrides", "files_sha256", "versions"):
        if not isinstance(data.get(key) or {}, dict):
            yield key, f"{data[key]!r} is not a block of keys", "take the manifest of a run as it is"


def _where(marks: Marks, path: str, shown: str) -> str:
    """Return ``file:line`` of the deepest known key on a dotted path."""
    known = {".".join(place): where for place, where in marks.items()}
    while path and path not in known:
        path = path.rpartition(".")[0]
    return known.get(path, shown)


def _located(problem: Problem, marks: Marks, shown: str) -> Problem:
    """Return a problem of the scenario with its place in the manifest."""
    where = _where(marks, f"scenario.{problem.path}" if problem.path else "scenario", shown)
    return Problem(where, problem.path, problem.message, problem.cure)


def _doubts(data: Mapping[str, Any], spec: Spec, shown: str) -> Iterator[str]:
    """Yield why the tables may come out with other bytes than those of the manifest."""
    made = data.get("versions") or {}
    other = [f"{name} {made.get(name)} (now {now})" for name, now in VERSIONS.items() if made.get(name) != now]
    if other:
        yield f"{shown}: made with {', '.join(other)}; the bytes of the tables may differ"
    if data.get("scenario_sha256") != spec.digest:
        yield f"{shown}: the scenario was changed after the run; the tables will differ"


def same_bytes(manifest: Path | Mapping[str, str], folder: Path) -> list[str]:
    """Return the files whose bytes are not those of a manifest (its path, or the ``files_sha256`` of `Repeat`)."""
    hashes = manifest
    if isinstance(manifest, Path):
        hashes = strict_yaml.load(manifest, str(manifest)).data.get("files_sha256") or {}
    assert isinstance(hashes, Mapping)
    return sorted(name for name, digest in hashes.items() if _hash_of(folder / name) != digest)


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
