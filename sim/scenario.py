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
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sim.base import strict_yaml
from sim.base.quantities import Leaf, Section
from sim.base.sampling import Chance, Mixing, cholesky_rows, spearman_to_pearson
from sim.base.scenario_files import override, read_files
from sim.base.strict_yaml import Document, Marks
from sim.checks import problems_across_sections
from sim.checks import process_names as process_names
from sim.errors import Problem, ScenarioError
from sim.explain_errors import BLOCK_CURE, describe, partial, where
from sim.sections import Scenario as Scenario

Array = NDArray[np.float64]


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
    def open(self) -> frozenset[str]:
        """Return the dotted paths of the uncertain leaves and of everything that holds one; the whole is ""."""
        parts = [path.split(".") for path in self.uncertain]
        return frozenset({"", *(".".join(part[:n]) for part in parts for n in range(1, len(part) + 1))})

    @cached_property
    def settled(self) -> Scenario:
        """Return the scenario with its certain leaves as arrays (1,); the uncertain ones are leaves still."""
        return cast(Scenario, _settled(self.written))

    @cached_property
    def mixing(self) -> Mixing:
        """Return the Cholesky rows of all correlated names."""
        return _mixing(self)

    @cached_property
    def digest(self) -> str:
        """Return a hash of the merged data."""
        return digest_of(self.data)


def read(path: Path | str, overrides: Sequence[tuple[str, Any]] = ()) -> Spec:
    """Return the spec for a scenario file and overrides ``(dotted key, value)``; `ScenarioError` lists all problems."""
    file = Path(path)
    document = read_files(file)
    for key, new in overrides:
        override(document.data, document.marks, key, new)
    return _validated(str(file), document)


def from_data(name: str, data: Mapping[str, Any]) -> Spec:
    """Return the spec for plain data, such as a scenario built by a program."""
    return _validated(name, Document(dict(data)))


def from_document(name: str, document: Document) -> Spec:
    """Return the spec for what files say, put together elsewhere."""
    return _validated(name, document)


def digest_of(data: Mapping[str, Any]) -> str:
    """Return a hash of merged data (hexadecimal)."""
    return hashlib.sha256(json.dumps(_in_text(data), sort_keys=True, default=str).encode()).hexdigest()


def fill(spec: Spec, chance: Chance) -> Scenario:
    """Return the scenario with every leaf an array: (1,) where certain, (draws,) where uncertain."""
    return cast(Scenario, _drawn(spec.settled, "", spec, chance))


def parse_override(text: str) -> tuple[str, Any]:
    """Return key and value of ``dotted.key=value``; the value is read as YAML."""
    key, equals, raw = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError.single(f"{text!r} is not KEY=VALUE", where="--set", cure="write link.capacity_mw=600")
    return key.strip(), strict_yaml.value(raw, f"--set {key.strip()}")


def _in_text(data: Any) -> Any:
    """Return data with all keys as text, so that they can be put in order: a script mixes years and months."""
    if isinstance(data, dict):
        return {str(key): _in_text(item) for key, item in data.items()}
    return [_in_text(item) for item in data] if isinstance(data, list) else data


# --- validation ---------------------------------------------------------------------------------------------------


def _validated(name: str, document: Document) -> Spec:
    """Return the spec, or raise everything that is wrong: with the text, with single values, between sections."""
    data, marks = document.data, document.marks
    found: list[tuple[str, str, str]] = []
    with np.errstate(all="ignore"):
        try:
            written = Scenario.model_validate(data)
        except ValidationError as error:
            found = describe(error, data, Scenario)
            written = partial(Scenario, data)
        spec = Spec(Path(name).stem if marks else name, data, written, marks)
        unread = frozenset(path for path, _, _ in found)
        across = list(problems_across_sections(written, spec.leaves, unread))
    problems = [Problem(where(marks, path, name), path, message, cure) for path, message, cure in _once(found, across)]
    told = {problem.path for problem in document.problems}
    problems = [*document.problems, *(problem for problem in problems if problem.path not in told)]
    if problems:
        raise ScenarioError(sorted(problems, key=_reading_order))
    return spec


def _once(found: list[tuple[str, str, str]], across: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield all findings, each path and message once; what a check explains is not said for its block again."""
    explained = {path for path, _, _ in across} | {path.rpartition(".")[0] for path, _, _ in across}
    seen = set()
    for path, message, cure in [*(f for f in found if f[2] != BLOCK_CURE or f[0] not in explained), *across]:
        if (path, message) not in seen:
            seen.add((path, message))
            yield path, message, cure


def _reading_order(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (problem.where, 0)


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


def _settled(item: Any) -> Any:
    """Return an item with its certain leaves as arrays, which all fillings share."""
    if isinstance(item, Leaf) and item.certain:
        value = np.array([item.dist.lower])
        value.flags.writeable = False
        return value
    if isinstance(item, Section):
        return type(item).model_construct(**{name: _settled(inner) for name, inner in item})
    return {key: _settled(inner) for key, inner in item.items()} if isinstance(item, dict) else item


def _drawn(item: Any, path: str, spec: Spec, chance: Chance) -> Any:
    """Return a settled item with values for its uncertain leaves; most items have none and stay as they are."""
    if path not in spec.open:
        return item
    if isinstance(item, Leaf):
        return chance.leaf(path, item.dist, spec.mixing)
    inner = item if isinstance(item, Section) else item.items()
    filled = {key: _drawn(value, f"{path}.{key}" if path else key, spec, chance) for key, value in inner}
    return item.model_copy(update=filled) if isinstance(item, Section) else filled
