"""Study files: a sweep written down, with its base, its axes and why (``scenarios/sweeps/``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sim.base import strict_yaml
from sim.base.strict_yaml import Document
from sim.base.words import shown, suggestion
from sim.batch import axes
from sim.batch.axes import Axis, Drawn, Span, problem
from sim.batch.columns import check_metrics
from sim.batch.plan import DESIGNS, Plan
from sim.errors import Problem, ScenarioError

KEYS = ("title", "about", "source", "base", "set", "axes", "design", "cases", "draws", "seed", "metrics")
"""Keys of a study file."""
FORMS = ("from", "to", "step", "times", "files", "folder", "variants", "drawn")


class Defaults(NamedTuple):
    """What the command line says, or would say if nothing is said."""

    draws: int
    seed: int
    settings: Sequence[tuple[str, Any]] = ()


def is_study(file: Path) -> bool:
    """Say by its keys whether a file is a study; a scenario has no axes."""
    try:
        with file.open("rb") as handle:
            return (
                re.search(
                    rb"^(?:\xef\xbb\xbf)?['\"]?axes['\"]?[ \t]*:", handle.read(strict_yaml.MAX_BYTES), re.MULTILINE
                )
                is not None
            )
    except OSError:
        return False


def read_study(file: Path, given: Mapping[str, int], defaults: Defaults) -> Plan:
    """Return the plan of a study file; ``given`` are draws and seed of the command line, which come first."""
    document = strict_yaml.load(file, str(file))
    study = _Study(file, document)
    found = [*document.problems]
    plan = None
    try:
        plan = study.plan(given, defaults)
    except ScenarioError as error:
        found += error.problems
    if found or plan is None:
        raise ScenarioError(found)
    return plan


class _Study:
    """A study file on its way to a plan."""

    def __init__(self, file: Path, document: Document) -> None:
        self.file, self.data, self.marks = file, document.data, document.marks

    def plan(self, given: Mapping[str, int], defaults: Defaults) -> Plan:
        """Return the plan; every wrong key and axis is in the error."""
        found = self._axes()
        design = self._one_of("design", DESIGNS, "product")
        hypercube = design == "latin_hypercube"
        if hypercube and "cases" not in self.data:
            raise self._error("design", "a Latin hypercube has a number of cases", "write cases: 1000")
        if not hypercube and "cases" in self.data:
            raise self._error("cases", f"a {design} has as many cases as its axes make", "leave this line out")
        metrics = self._texts("metrics", said=self.data.get("metrics"))
        bases = self._texts("base", said=self.data.get("base"))
        if not bases and not any(point.files for axis in found for point in axis.points):
            raise problem(str(self.file), "base", "there is no scenario under the axes", "write base: FILE.yaml")
        check_metrics(metrics, self._where("metrics"))
        settings = (*self._block("set").items(), *defaults.settings)
        return Plan(
            name=self.file.stem,
            base=tuple(axes.files_of(bases, self.file.parent, self._where("base"), "base")),
            settings=tuple((str(key), new) for key, new in settings),
            axes=found,
            design=design,
            size=self._whole("cases", 1, axes.MAX_CASES) if hypercube else 0,
            draws=given.get("draws") or self._whole("draws", defaults.draws),
            seed=given["seed"] if "seed" in given else self._whole("seed", defaults.seed),
            metrics=metrics,
            title=str(self.data.get("title") or self.file.stem),
        )

    def _axes(self) -> tuple[Axis, ...]:
        strange = [str(key) for key in self.data if key not in KEYS]
        known = f"known keys: {', '.join(KEYS)}"
        problems = [Problem(self._where(k), k, "this key is not known", suggestion(k, KEYS, known)) for k in strange]
        found = []
        for name, said in self._block("axes").items():
            try:
                found.append(self._axis(str(name), said))
            except ScenarioError as error:
                problems += error.problems
        if problems:
            raise ScenarioError(problems)
        if not found:
            raise self._error(
                "axes", "nothing varies", "write at least one axis, such as link.capacity_mw: [600, 1000]"
            )
        return tuple(found)

    def _axis(self, name: str, said: Any) -> Axis:
        """Return an axis: a list of values, a range, factors, files, variants, or the scenario's own distribution."""
        where = self._where("axes", name)
        if said == "drawn":
            return Axis(name, (), where, Drawn())
        if isinstance(said, list):
            return axes.of_values(name, said, where)
        if not isinstance(said, dict) or not said:
            cure = "write a list of values, {from: 1, to: 2, step: 0.5}, {files: […]} or {variants: {…}}"
            raise problem(where, name, f"{shown(said)} is no axis", cure)
        strange = next((str(key) for key in said if key not in FORMS), None)
        if strange is not None:
            cure = suggestion(strange, FORMS, f"known: {', '.join(FORMS)}")
            raise problem(where, name, f"an axis has no {strange!r}", cure)
        if len(set(said) & {"variants", "times", "from", "files", "folder"}) > 1 and set(said) != {"files", "folder"}:
            raise problem(where, name, f"{shown(said)} is more than one axis", "make two axes of it")
        if "variants" in said:
            return axes.of_variants(name, said["variants"] if isinstance(said["variants"], dict) else {}, where)
        if "folder" in said or "files" in said:
            names = [text for key in ("folder", "files") for text in self._texts("axes", name, key, said=said.get(key))]
            return axes.of_files(name, axes.files_of(names, self.file.parent, where, name), where)
        if "times" not in said:
            return _range(name, said, where, factor=False)
        inner = said["times"]
        if isinstance(inner, dict):
            return _range(name, inner, where, factor=True)
        if not isinstance(inner, list):
            raise problem(where, name, f"{shown(inner)} is no list of factors", "write times: [0.8, 1.2]")
        return axes.of_values(name, [f"x{value}" for value in inner], where)

    def _block(self, key: str) -> Mapping[Any, Any]:
        said = self.data.get(key, {})
        if not isinstance(said, dict):
            raise self._error(key, f"{shown(said)} is no block of keys", "write KEY: VALUE below it")
        return said

    def _texts(self, *place: str, said: Any) -> tuple[str, ...]:
        items = said if isinstance(said, list) else [] if said is None else [said]
        wrong = next((item for item in items if not isinstance(item, str) or not item), None)
        if wrong is not None or (said is not None and not items):
            message = f"{shown(said if wrong is None else wrong)} is no name"
            raise problem(self._where(*place), ".".join(place), message, "write a name, or a list of names")
        return tuple(items)

    def _one_of(self, key: str, words: Sequence[str], default: str) -> str:
        said = self.data.get(key, default)
        if said not in words:
            raise self._error(key, f"{shown(said)} is not known", suggestion(said, words, f"write {', '.join(words)}"))
        return str(said)

    def _whole(self, key: str, default: int, most: int = 100_000_000) -> int:
        said = self.data.get(key, default)
        if type(said) is not int or not (key == "seed" or 1 <= said <= most):
            cure = "write seed: 1" if key == "seed" else f"write a number from 1 to {most:,}"
            raise self._error(key, f"{shown(said)} is no such number", cure)
        return said

    def _where(self, *place: str) -> str:
        return self.marks.get(place, str(self.file))

    def _error(self, key: str, message: str, cure: str) -> ScenarioError:
        return problem(self._where(key), key, message, cure)


def _range(name: str, said: Mapping[str, Any], where: str, factor: bool) -> Axis:
    """Return the axis of {from, to, step}; without a step it is a span, for a Latin hypercube."""
    given = [said.get("from"), said.get("to"), said.get("step", 1)]
    wrong = any(not isinstance(number, int | float) or isinstance(number, bool) for number in given)
    if wrong or set(said) - {"from", "to", "step"}:
        raise problem(where, name, f"{shown(said)} is no range", "write {from: 600, to: 2000, step: 200}")
    if "step" not in said:
        if not said["from"] < said["to"]:
            raise problem(where, name, f"{shown(said)} goes nowhere", "write the lower end first")
        return Axis(name, (), where, Span(float(said["from"]), float(said["to"]), factor))
    values = axes.numbers(given[0], given[1], given[2], where, name)
    return axes.of_values(name, [f"x{value}" for value in values] if factor else values, where)
