"""The plan of a sweep: which cases it has, in which order, without making them before they are needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from sim.base.sampling import REPLICATE, strata
from sim.batch.axes import MAX_CASES, Axis, Factor, Point, Span, problem
from sim.errors import ScenarioError
from sim.scenario import digest_of

DESIGNS = ("product", "zip", "latin_hypercube")


class Case(NamedTuple):
    """One case: its number from 1, and its point on each axis."""

    number: int
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Plan:
    """A sweep as it was asked for."""

    name: str
    base: tuple[Path, ...]
    """The scenario under every case; none where each case is a file of its own."""
    settings: tuple[tuple[str, Any], ...]
    """Changes that all cases share."""
    axes: tuple[Axis, ...]
    design: str
    size: int
    """Cases of a Latin hypercube; else 0."""
    draws: int
    seed: int
    metrics: tuple[str, ...]
    """Metrics in the table; empty: the main ones."""
    title: str = ""

    @property
    def whole_draws(self) -> int:
        """Draws of each case, in whole replicates."""
        return -(-self.draws // REPLICATE) * REPLICATE

    @property
    def count(self) -> int:
        """Number of cases."""
        lengths = [len(axis.points) for axis in self.axes]
        if self.design == "latin_hypercube":
            return self.size
        return lengths[0] if self.design == "zip" else math.prod(lengths)

    def cases(self) -> Iterator[Case]:
        """Yield the cases; in a product the last axis moves fastest."""
        for i in range(self.count):
            yield self.case(i)

    def case(self, i: int) -> Case:
        """Return a case by its place from 0."""
        if self.design == "zip":
            return Case(i + 1, tuple(axis.points[i] for axis in self.axes))
        points = []
        rest = i
        for axis in reversed(self.axes):
            rest, place = divmod(rest, len(axis.points))
            points.append(axis.points[i if self.design == "latin_hypercube" else place])
        return Case(i + 1, tuple(reversed(points)))


def checked(plan: Plan) -> Plan:
    """Return a plan, or raise an error where axes contradict each other or there are too many cases."""
    if not plan.axes:
        cure = "add --vary KEY=V1,V2, or name a study file (scenarios/sweeps/)"
        raise ScenarioError.single("nothing varies", where=str(plan.base[0]) if plan.base else "", cure=cure)
    _names(plan)
    spread = [axis for axis in plan.axes if axis.spread is not None]
    if plan.design != "latin_hypercube" and spread:
        cure = "give it a step, or the study design: latin_hypercube and cases: 1000"
        raise problem(spread[0].where, spread[0].name, "a range without a step has no end of values", cure)
    if plan.design == "zip" and len({len(axis.points) for axis in plan.axes}) > 1:
        lengths = ", ".join(f"{axis.name} {len(axis.points)}" for axis in plan.axes)
        cure = "give every axis as many values, or choose design: product"
        raise problem(
            plan.axes[-1].where, plan.axes[-1].name, f"axes side by side have to be equally long: {lengths}", cure
        )
    if plan.count > MAX_CASES:
        sizes = " x ".join(f"{len(axis.points):,}" for axis in plan.axes) if plan.design == "product" else ""
        cure = f"at most {MAX_CASES:,}: widen the steps, or choose design: latin_hypercube with so many cases"
        said = f"{plan.count:,} cases{f' ({sizes})' if sizes else ''} are too many"
        raise ScenarioError.single(said, where=plan.axes[0].where, cure=cure)
    return plan


def _names(plan: Plan) -> None:
    seen: set[str] = set()
    for axis in plan.axes:
        if axis.name in seen:
            raise problem(
                axis.where, axis.name, "two axes have this name", "give one of them another name, or join them"
            )
        seen.add(axis.name)


# --- Latin hypercube ----------------------------------------------------------------------------------------------


def spread_out(axis: Axis, size: int, seed: int, quantile: Callable[[float], float]) -> Axis:
    """Return an axis of a Latin hypercube with its points: one in each of ``size`` equally likely parts, shuffled.

    Each axis has a stream of its own, so that another one moves no point. ``quantile`` is that of the key's own
    distribution, for an axis that is `Drawn`; an axis with points of its own has each of them equally often. Numbers
    are rounded to 8 digits, so that the table tells exactly what was run.
    """
    points = []
    for share in strata(seed, f"design {axis.name}", size).tolist():
        if axis.spread is None:
            points.append(axis.points[int(share * len(axis.points))])
        elif isinstance(axis.spread, Span):
            number = float(f"{axis.spread.low + share * (axis.spread.high - axis.spread.low):.8g}")
            new = Factor(number) if axis.spread.factor else number
            points.append(Point(f"x{number:.8g}" if axis.spread.factor else number, ((axis.name, new),)))
        else:
            number = float(f"{quantile(share):.8g}")
            points.append(Point(number, ((axis.name, number),)))
    return replace(axis, points=tuple(points))


def identity(plan: Plan) -> str:
    """Return a hash of what was asked for, the contents of files aside: with the same one the same table."""
    axes = [
        [axis.name, [[point.label, [list(change) for change in point.changes]] for point in axis.points]]
        for axis in plan.axes
    ]
    named = [plan.name, list(plan.settings), plan.design, plan.size, list(plan.metrics)]
    return digest_of({"named": named, "axes": axes})
