"""From a case to its scenario: files put together once, keys changed, numbers multiplied."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.base.scenario_files import look_up, override, read_files, way_to
from sim.base.strict_yaml import Document, Marks
from sim.base.words import shown
from sim.batch.axes import Axis, Drawn, Factor, problem
from sim.batch.plan import Case, Plan, spread_out
from sim.errors import Problem, ScenarioError
from sim.scenario import Spec, digest_of, from_document


class Scenarios:
    """The scenarios of a plan; every combination of files is read once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._read: dict[tuple[Path, ...], Document] = {}
        self._packed: dict[int, bytes] = {}

    def data(self, case: Case) -> dict[str, Any]:
        """Return the merged data of a case."""
        return self._changed(case, {})

    def data_of_files(self, case: Case) -> dict[str, Any]:
        """Return what the files of a case say, before any key is changed."""
        return self._document(case).data

    def spec(self, case: Case) -> Spec:
        """Return the scenario of a case, every key with its place; `ScenarioError` where it is wrong."""
        document = self._document(case)
        marks = dict(document.marks)
        data = self._changed(case, marks)
        return from_document(name_of(self.plan, case), Document(data, marks, list(document.problems)))

    def _document(self, case: Case) -> Document:
        files = (*self.plan.base, *(file for point in case.points for file in point.files))
        if files not in self._read:
            self._read[files] = read_files(*files)
        return self._read[files]

    def _copied(self, case: Case) -> bytes:
        """Return the data of the files of a case, packed: unpacking is the quickest copy."""
        document = self._document(case)
        if id(document) not in self._packed:
            self._packed[id(document)] = pickle.dumps(document.data)
        return self._packed[id(document)]

    def _changed(self, case: Case, marks: Marks) -> dict[str, Any]:
        data: dict[str, Any] = pickle.loads(self._copied(case))
        for key, new in self.plan.settings:
            override(data, marks, key, new)
        for axis, point in zip(self.plan.axes, case.points, strict=True):
            for key, new in point.changes:
                for path in _expanded(data, key, axis):
                    override(data, marks, path, _value(data, path, new, axis), axis.where)
        return data

    @property
    def digest(self) -> str:
        """Return a hash of all files that the plan names."""
        files = dict.fromkeys((*self.plan.base, *(f for axis in self.plan.axes for p in axis.points for f in p.files)))
        return hashlib.sha256(" ".join(digest_of(read_files(file).data) for file in files).encode()).hexdigest()


def name_of(plan: Plan, case: Case) -> str:
    """Return how a case is called in messages."""
    return f"{plan.name}, case {case.number}"


def _expanded(data: Mapping[str, Any], key: str, axis: Axis) -> list[str]:
    """Return the keys that a key with ``*`` stands for."""
    if "*" not in key.split("."):
        return [key]
    found = list(_matches(data, key.split("."), ()))
    if not found:
        raise problem(axis.where, axis.name, f"nothing in the scenario is called {key}", "write a key that is there")
    return found


def _matches(item: Any, parts: list[str], way: tuple[str, ...]) -> Iterator[str]:
    if not parts:
        yield ".".join(way)
    elif isinstance(item, dict):
        first, *rest = parts
        for name in item if first == "*" else [first] if first in item else []:
            yield from _matches(item[name], rest, (*way, str(name)))


def _value(data: Mapping[str, Any], path: str, new: Any, axis: Axis) -> Any:
    """Return the new value of a key; a factor keeps source and unit of the number that it multiplies."""
    if not isinstance(new, Factor):
        return new
    there = look_up(data, path)
    number = there.get("value") if isinstance(there, dict) else there
    if not isinstance(number, int | float) or isinstance(number, bool):
        said = f"{path} is {shown(there)}, no number that x{new.by:g} could multiply"
        raise problem(axis.where, axis.name, said, "write the values themselves")
    return {**there, "value": number * new.by} if isinstance(there, dict) else number * new.by


# --- before the first case ----------------------------------------------------------------------------------------


def designed(plan: Plan) -> Plan:
    """Return a plan whose axes all have points: those of a Latin hypercube are spread out."""
    if plan.design != "latin_hypercube":
        return plan
    bare = replace(plan, axes=tuple(replace(axis, spread=None) for axis in plan.axes if axis.points), design="product")
    under = Scenarios(bare).spec(bare.case(0))
    axes = []
    for axis in plan.axes:
        dist = under.uncertain[axis.name].dist if axis.name in under.uncertain else None
        if isinstance(axis.spread, Drawn) and dist is None:
            raise problem(axis.where, axis.name, "has no distribution to draw from", "write {from: 1, to: 2}")
        if isinstance(axis.spread, Drawn):
            _same_everywhere(axis, dist, bare)
        axes.append(spread_out(axis, plan.size, plan.seed, dist.quantile if dist is not None else float))
    return replace(plan, axes=tuple(axes))


def _same_everywhere(axis: Axis, dist: Any, plan: Plan) -> None:
    """Raise an error where the files on another axis give a key that is drawn another distribution."""
    for place, other in enumerate(plan.axes):
        for point in other.points if any(point.files for point in other.points) else ():
            points = tuple(point if i == place else some.points[0] for i, some in enumerate(plan.axes))
            leaf = Scenarios(plan).spec(Case(1, points)).uncertain.get(axis.name)
            if leaf is None or leaf.dist != dist:
                said = f"has another distribution in {point.label} of the axis {other.name}"
                raise problem(axis.where, axis.name, said, "write {from: 1, to: 2}")


def collide(plan: Plan, scenarios: Scenarios) -> None:
    """Raise an error where two axes, or an axis and a setting, change the same key or one inside the other."""
    data = scenarios.data_of_files(plan.case(0))
    taken = [(way_to(data, key), key, "a setting of all cases") for key, _ in plan.settings]
    for axis in plan.axes:
        ways = [(way_to(data, path), path) for key in axis.keys for path in _expanded(data, key, axis)]
        for i, (way, path) in enumerate(ways):
            for other, name, what in [*taken, *((w, p, "this axis itself") for w, p in ways[:i] if p != path)]:
                if all(a == b for a, b in zip(way, other, strict=False)):
                    also = f" ({name})" if name != path else ""
                    raise problem(
                        axis.where, axis.name, f"{path} is changed by {what}{also}, too", "let one of them go"
                    )
        taken += [(way, path, f"the axis {axis.name}") for way, path in ways]


def probe(plan: Plan, scenarios: Scenarios) -> None:
    """Raise an error where an axis cannot be meant, as it is wrong at its first point and at its last, or every case.

    A single wrong value is a case that fails while the others go on.
    """
    collide(plan, scenarios)
    everywhere: set[Problem] | None = None
    for place, axis in enumerate(plan.axes):
        found: list[ScenarioError] = []
        ends = dict.fromkeys((0, len(axis.points) - 1))
        for end in ends:
            points = tuple(axis.points[end] if i == place else other.points[0] for i, other in enumerate(plan.axes))
            problems: tuple[Problem, ...] = ()
            try:
                scenarios.spec(Case(1, points))
            except ScenarioError as error:
                problems = error.problems
            everywhere = set(problems) if everywhere is None else everywhere & set(problems)
            own = [problem for problem in problems if problem.where == axis.where]
            if own:
                found.append(ScenarioError(own))
        if len(found) == len(ends):
            raise found[0]
    if everywhere:
        raise ScenarioError(sorted(everywhere, key=str))
