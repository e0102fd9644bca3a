"""From scenario files to a filled scenario: read, extends, overrides, validation, filling.

Order of priority: command line, then the file, then the files it extends (a later one in the list over an earlier).
``null`` deletes what an extended file says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from sim.base import strict_yaml
from sim.base.quantities import Leaf, Section
from sim.base.sampling import Chance, Mixing, cholesky_rows, spearman_to_pearson
from sim.base.strict_yaml import Marks
from sim.checks import problems_across_sections
from sim.errors import Problem, ScenarioError
from sim.explain_errors import describe
from sim.model.costs import Costs
from sim.model.macro import Macro
from sim.model.market import Market
from sim.model.metrics import Evaluation
from sim.model.physical import Link, Supply
from sim.model.tax import Tax
from sim.model.timeline import Timeline

Array = NDArray[np.float64]


class Scenario(Section):
    """An energy link: what it costs, carries, earns, and how it is judged."""

    title: str
    """Name of the project on the screen."""
    as_of: str
    """Date of the money and markets that the numbers stand for."""
    about: str = ""
    """What the scenario is, in a few sentences."""
    timeline: Timeline
    """Calendar."""
    macro: Macro
    """Money and processes."""
    costs: Costs
    """Investment and running cost."""
    link: Link
    """The interconnector."""
    supply: Supply
    """The sending end."""
    market: Market
    """The receiving end."""
    tax: Tax
    """Corporate tax."""
    evaluation: Evaluation
    """How results are valued."""
    correlations: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Later dotted path: {earlier: correlation}; Spearman between uncertain leaves, Pearson between shocks."""

    @model_validator(mode="after")
    def _usd_inflation(self) -> Self:
        if "usd" not in self.macro.inflation:
            raise ValueError("macro.inflation needs usd, the currency of the results")
        return self


@dataclass(frozen=True)
class Spec:
    """A scenario as written: its name, merged data, validated leaves and where each key stands."""

    name: str
    data: dict[str, Any]
    written: Scenario
    marks: Marks = field(repr=False)

    @cached_property
    def leaves(self) -> dict[str, Leaf]:
        """Return every number by dotted path, in declaration order."""
        return dict(_leaves(self.written, ""))

    @cached_property
    def uncertain(self) -> dict[str, Leaf]:
        """Return the uncertain leaves by dotted path."""
        return {path: leaf for path, leaf in self.leaves.items() if not leaf.certain}

    @cached_property
    def mixing(self) -> Mixing:
        """Return the Cholesky rows of all correlated names."""
        return _mixing(self)

    @cached_property
    def digest(self) -> str:
        """Return a hash of the merged data."""
        return hashlib.sha256(json.dumps(self.data, sort_keys=True, default=str).encode()).hexdigest()


def read(path: Path | str, overrides: Sequence[tuple[str, Any]] = ()) -> Spec:
    """Return the spec for a scenario file and overrides ``(dotted key, value)``; `ScenarioError` lists all problems."""
    file = Path(path)
    data, marks = _load(file, file.resolve(), ())
    for key, new in overrides:
        _override(data, marks, key, new)
    return _validated(file.stem, data, marks)


def from_data(name: str, data: Mapping[str, Any]) -> Spec:
    """Return the spec for plain data, such as a scenario built by a program."""
    return _validated(name, dict(data), {})


def fill(spec: Spec, chance: Chance) -> Scenario:
    """Return the scenario with every leaf an array: (1,) where certain, (draws,) where uncertain."""
    return cast(Scenario, _filled(spec.written, "", chance, spec.mixing))


def parse_override(text: str) -> tuple[str, Any]:
    """Return key and value of ``dotted.key=value``; the value is read as YAML."""
    key, equals, raw = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError.single(f"{text!r} is not KEY=VALUE", where="--set", cure="write link.capacity_mw=600")
    return key.strip(), strict_yaml.value(raw, f"--set {key.strip()}")


# --- files --------------------------------------------------------------------------------------------------------


def _load(file: Path, resolved: Path, chain: tuple[Path, ...]) -> tuple[dict[str, Any], Marks]:
    own, marks = strict_yaml.load(resolved, str(file))
    parents = own.pop("extends", [])
    where = marks.pop(("extends",), str(file))
    names = [parents] if isinstance(parents, str) else parents
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ScenarioError.single(
            "extends is not a path or a list of paths", where=where, cure="write extends: base.yaml"
        )
    root = _root(resolved)
    data: dict[str, Any] = {}
    origin: Marks = {}
    for name in names:
        target = (resolved.parent / name).resolve()
        if not target.is_relative_to(root):
            raise ScenarioError.single(
                f"extends {name!r} leads out of {root.name}/", where=where, cure="keep scenarios together"
            )
        if target in (*chain, resolved):
            raise ScenarioError.single(f"extends {name!r} comes back to itself", where=where, cure="break the circle")
        if not target.is_file():
            raise ScenarioError.single(f"extends {name!r}, which is no file", where=where, cure="check the path")
        inherited, inherited_marks = _load(file.parent / name, target, (*chain, resolved))
        _merge(data, inherited)
        origin.update(inherited_marks)
    _merge(data, own)
    origin.update(marks)
    return data, origin


def _root(resolved: Path) -> Path:
    for folder in resolved.parents:
        if folder.name == "scenarios":
            return folder
    return resolved.parent


def _merge(data: dict[str, Any], new: Mapping[str, Any]) -> None:
    for key, item in new.items():
        if item is None:
            data.pop(key, None)
        elif isinstance(item, dict) and isinstance(data.get(key), dict) and not _is_number(data[key], item):
            _merge(data[key], item)
        else:
            data[key] = _without_nulls(item)


def _is_number(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Say whether the new mapping is a whole number, process or scheme, which replaces the old one."""
    whole = "dist" in new or "value" in new
    return whole or any(tag in new and old.get(tag) != new[tag] for tag in ("process", "kind"))


def _without_nulls(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _without_nulls(inner) for key, inner in item.items() if inner is not None}
    return item


def _override(data: dict[str, Any], marks: Marks, key: str, new: Any) -> None:
    parts: list[Any] = [int(part) if part.lstrip("-").isdigit() else part for part in key.split(".")]
    *way, last = parts
    nest: dict[Any, Any] = {last: new}
    for part in reversed(way):
        nest = {part: nest}
    holder: Any = data
    for part in way:
        holder = holder.get(part) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and not isinstance(new, dict):
        if new is None:
            holder.pop(last, None)
        else:
            holder[last] = new
    else:
        _merge(data, nest)
    marks[tuple(str(part) for part in parts)] = f"--set {key}"


# --- validation ---------------------------------------------------------------------------------------------------


def _validated(name: str, data: dict[str, Any], marks: Marks) -> Spec:
    try:
        written = Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(describe(error, data, marks, name, Scenario)) from None
    spec = Spec(name, data, written, marks)
    problems = [
        Problem(strict_where(marks, path, name), path, message, cure)
        for path, message, cure in problems_across_sections(written, spec.leaves)
    ]
    if not problems:
        try:
            _ = spec.mixing
        except ValueError as error:
            problems.append(
                Problem(strict_where(marks, "correlations", name), "correlations", str(error), "weaken them")
            )
    if problems:
        raise ScenarioError(problems)
    return spec


def strict_where(marks: Marks, path: str, name: str) -> str:
    """Return ``file:line`` of the deepest known key on a dotted path."""
    place = tuple(path.split("."))
    while place and place not in marks:
        place = place[:-1]
    return marks.get(place, name)


def _leaves(item: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(item, Leaf):
        yield path, item
    elif isinstance(item, Section):
        for name in type(item).model_fields:
            yield from _leaves(getattr(item, name), f"{path}.{name}" if path else name)
    elif isinstance(item, dict):
        for key, inner in item.items():
            yield from _leaves(inner, f"{path}.{key}")


def _mixing(spec: Spec) -> Mixing:
    shocks = list(process_names(spec.written))
    pairs: dict[tuple[str, str], float] = {}
    for later, row in spec.written.correlations.items():
        for earlier, value in row.items():
            scores = later in spec.uncertain
            pairs[later, earlier] = spearman_to_pearson(value) if scores else value
    leaves = cholesky_rows(list(spec.uncertain), {p: v for p, v in pairs.items() if p[0] in spec.uncertain})
    return leaves | cholesky_rows(shocks, {p: v for p, v in pairs.items() if p[0] not in spec.uncertain})


def process_names(scenario: Scenario) -> Iterator[str]:
    """Yield the dotted paths of all processes with shocks, in declaration order."""

    def walk(item: Any, path: str) -> Iterator[str]:
        if isinstance(item, Section):
            if getattr(item, "process", None) in ("log_ou", "ou", "gbm", "fuel_linked"):
                yield path
            for name in type(item).model_fields:
                yield from walk(getattr(item, name), f"{path}.{name}" if path else name)
        elif isinstance(item, dict):
            for key, inner in item.items():
                yield from walk(inner, f"{path}.{key}")

    yield from walk(scenario, "")


def _filled(item: Any, path: str, chance: Chance, mixing: Mixing) -> Any:
    if isinstance(item, Leaf):
        return np.array([item.dist.lower]) if item.certain else chance.leaf(path, item.dist, mixing)
    if isinstance(item, Section):
        values = {
            name: _filled(getattr(item, name), f"{path}.{name}" if path else name, chance, mixing)
            for name in type(item).model_fields
        }
        return type(item).model_construct(**values)
    if isinstance(item, dict):
        return {key: _filled(inner, f"{path}.{key}", chance, mixing) for key, inner in item.items()}
    return item
