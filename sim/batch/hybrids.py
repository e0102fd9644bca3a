"""The scenarios between two others: run once each, and groups merged that cannot be changed one without the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.batch import attribution
from sim.batch.groups import Group, hybrid
from sim.batch.measure import Measure
from sim.errors import ScenarioError
from sim.scenario import Spec
from sim.tables import definition

Array = NDArray[np.float64]
Set = attribution.Set


@dataclass(frozen=True)
class Values:
    """The number that is explained, in one scenario: over all draws, and in each replicate, (replicates,)."""

    pooled: float
    replicates: Array


Evaluate = Callable[[Sequence[tuple[str, dict[str, Any]]]], Iterable[Values | ScenarioError]]
"""Gives the number in each of several scenarios, (name, data), in their order; an error for one that cannot be run."""


Check = Callable[[str, dict[str, Any]], ScenarioError | None]
"""Tells, without running it, why a scenario, (name, data), has no such number; None where it has one."""


@dataclass(frozen=True)
class Merged:
    """Groups that cannot be changed one without the other, and what was wrong with hybrids that did so."""

    groups: tuple[str, ...]
    reasons: tuple[str, ...]
    """The first problem of a hybrid for each step that put them together, each once."""


@dataclass
class Hybrids:
    """The scenarios between two others: each is run once and remembered by the groups that are as in ``b``."""

    a: Spec
    b: Spec
    groups: list[Group]
    """In the order of their names, which does not depend on which scenario is the first."""
    measure: Measure
    evaluate: Evaluate
    check: Check
    known: dict[Set, Values | ScenarioError] = field(default_factory=dict)
    blocks: list[Set] = field(default_factory=list)
    """Groups that are changed together."""
    _looked_at: dict[Set, ScenarioError | None] = field(default_factory=dict)
    _reasons: list[tuple[Set, str]] = field(default_factory=list)
    """Groups that were put together, and why."""

    def __post_init__(self) -> None:
        self.blocks = [frozenset({i}) for i in range(len(self.groups))]

    def run(self, wanted: Sequence[Set]) -> None:
        """Run the hybrids of some sets of blocks that have not been run; the two ends have to work."""
        sets = [self._groups_of(one) for one in sorted(wanted, key=lambda one: 0 < len(one) < len(self.blocks))]
        new = [one for one in sets if one not in self.known]
        named = [(self._name(one), self._data(one)) for one in new]
        for one, (name, _), value in zip(new, named, self.evaluate(named), strict=True):
            self.known[one] = value
            if isinstance(value, ScenarioError):
                if len(one) in (0, len(self.groups)):
                    raise ScenarioError(value.problems)
            elif not math.isfinite(value.pooled):
                raise self.measure.refused(value.pooled, name, definition(self.measure.metric, self.a).unit)

    def probe(self) -> None:
        """Find out which single groups cannot be changed alone, or left out alone, without running them."""
        count = len(self.blocks)
        for i in range(count):
            for one in (frozenset({i}), frozenset(range(count)) - {i}):
                self._fails(one)

    def merge(self) -> bool:
        """Merge blocks until no failing hybrid that is known lies between them; False where none does.

        The search looks from the end with the lesser digest, so that exchanging ``a`` and ``b`` merges the same.
        """
        count, failing = len(self.blocks), self._failing()
        every = frozenset(range(count))

        def seen(one: Set) -> Set:
            return every - one if self.a.digest > self.b.digest else one

        before = list(self.blocks)
        steps = list(attribution.merging(count, map(seen, failing), lambda one: self._fails(seen(one))))
        errors = [self._result(seen(core)) for _, core in steps]
        for (joined, _), error in zip(steps, errors, strict=True):
            groups = frozenset[int]().union(*(before[i] for i in joined))
            assert isinstance(error, ScenarioError)
            problem = error.problems[0]
            self._reasons.append((groups, f"{problem.path}: {problem.message}" if problem.path else problem.message))
            self.blocks = sorted([*(block for block in self.blocks if not block <= groups), groups], key=min)
        return bool(failing)

    def _fails(self, blocks: Set) -> bool:
        return isinstance(self._result(blocks), ScenarioError)

    def _result(self, blocks: Set) -> Values | ScenarioError | None:
        """Return what is known of a hybrid; what has not been run is looked at without running it."""
        one = self._groups_of(blocks)
        if one in self.known:
            return self.known[one]
        if one not in self._looked_at:
            self._looked_at[one] = (
                self.check(self._name(one), self._data(one)) if 0 < len(one) < len(self.groups) else None
            )
        return self._looked_at[one]

    def merged(self) -> Iterator[Merged]:
        """Yield the blocks of more than one group."""
        for block in self.blocks:
            if len(block) > 1:
                reasons = dict.fromkeys(reason for joined, reason in self._reasons if joined <= block)
                yield Merged(tuple(group.name for group in self._chosen(block)), tuple(reasons))

    def vector(self, blocks: Set) -> Array:
        """Return the number over all draws and then in each replicate, NaN where it does not exist there."""
        value = self.known[self._groups_of(blocks)]
        assert isinstance(value, Values)
        replicates = np.where(np.isfinite(value.replicates), value.replicates, np.nan)
        return np.concatenate([[value.pooled], replicates])

    def part_of(self, block: int) -> list[Group]:
        """Return the groups of one block."""
        return self._chosen(self.blocks[block])

    def _failing(self) -> list[Set]:
        """Return the sets of blocks whose hybrid cannot be run, in the order in which they were found."""
        found = {**self._looked_at, **self.known}
        failing = [one for one, value in found.items() if isinstance(value, ScenarioError)]
        inside = [frozenset(i for i, block in enumerate(self.blocks) if block <= one) for one in failing]
        return [blocks for one, blocks in zip(failing, inside, strict=True) if self._groups_of(blocks) == one]

    def _groups_of(self, blocks: Set) -> Set:
        return frozenset[int]().union(*(self.blocks[i] for i in blocks))

    def _chosen(self, one: Set) -> list[Group]:
        return [self.groups[i] for i in sorted(one)]

    def _data(self, one: Set) -> dict[str, Any]:
        """Return the data of a hybrid; with all groups those of ``b`` itself, so that even the order of keys is its."""
        return self.b.data if len(one) == len(self.groups) else hybrid(self.a.data, self.b.data, self._chosen(one))

    def _name(self, one: Set) -> str:
        if not one:
            return self.a.name
        if len(one) == len(self.groups):
            return self.b.name
        return f"{self.a.name} with {', '.join(group.name for group in self._chosen(one))} of {self.b.name}"
