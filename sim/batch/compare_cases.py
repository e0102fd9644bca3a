"""Two sweeps held against each other, case by case, on the axes that they share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sim.base.words import shown
from sim.batch.compare_directions import unit_of
from sim.batch.pairing import Array, Estimate, apart, of_independent, of_replicates
from sim.batch.read_back import names
from sim.batch.read_back_cases import Axis, Case, Cases
from sim.errors import ScenarioError

At = tuple[Axis, ...]
"""A place on the axes that two sweeps share."""
NO_MEANS = "the means of replicates of this metric are not kept in both"


@dataclass(frozen=True)
class Sweep:
    """One of the two: a letter and a short label, different from those of all others, and its cases."""

    letter: str
    label: str
    cases: Cases


@dataclass(frozen=True)
class CaseDifference:
    """One metric in one case of both sweeps, B less A; figures by statistic, NaN where one does not exist."""

    at: At
    metric: str
    unit: str
    a: dict[str, float]
    b: dict[str, float]
    mean: Estimate
    paired: bool

    def point(self, stat: str) -> float:
        """Return the difference of a statistic: inf to never, -inf from never, NaN where both are never."""
        return apart(self.a[stat], self.b[stat])


MOST_PLACES = 3
"""Cases that are named of those that only one sweep has."""


@dataclass(frozen=True)
class CasePair:
    """A sweep and the reference, A; paired case by case where both have drawn the same futures and kept their means."""

    a: Sweep
    b: Sweep
    axes: tuple[str, ...]
    """Axes that both have."""
    differences: tuple[CaseDifference, ...]
    """In the order of the cases of A, then of its metrics."""
    only_a: tuple[At, ...]
    only_b: tuple[At, ...]
    """Places at which only one has a case."""
    unpaired: str
    """Why no case is paired; empty where those are of which both have kept the means of replicates."""
    notes: tuple[str, ...]

    @property
    def places(self) -> tuple[At, ...]:
        """Return the places at which both have a case."""
        return tuple(dict.fromkeys(one.at for one in self.differences))

    @property
    def caveats(self) -> tuple[str, ...]:
        """Return what to know before relying on it: the cases that only one sweep has, and the notes."""
        alone = ((self.a, self.only_a), (self.b, self.only_b))
        lost = [f"Only in {sweep.label}: {self._told(places)}." for sweep, places in alone if places]
        return (*lost, *self.notes)

    def _told(self, places: Sequence[At]) -> str:
        """Return how many cases there are at some places, and the first of them."""
        count = len(places)
        first = "; ".join(place(self.axes, at) for at in places[:MOST_PLACES])
        return f"{count:,} case{'s' * (count != 1)} ({first}{'; …' * (count > MOST_PLACES)})"


def case_pair_of(a: Sweep, b: Sweep) -> CasePair:
    """Return the comparison of two sweeps; `ScenarioError` where they cannot be aligned or have nothing in common."""
    mine, theirs = a.cases, b.cases
    axes = tuple(name for name in mine.axes if name in theirs.axes)
    if not axes:
        message = f"has no axis in common with {mine.csv}: it has {names(theirs.axes)}; the other has"
        message = f"{message} {names(mine.axes)}"
        raise ScenarioError.single(message, where=theirs.header, cure="compare sweeps over the same inputs")
    metrics = _common_metrics(mine, theirs)
    fixed = [*_fixed(mine, theirs, axes, a.label), *_fixed(theirs, mine, axes, b.label)]
    rows_a, rows_b = _by_place(mine, axes), _by_place(theirs, axes)
    common = [at for at in rows_a if at in rows_b]
    if not common:
        message = f"has no case in common with {mine.csv} on {names(axes)}"
        raise ScenarioError.single(message, where=str(theirs.csv), cure="sweep over values that both have")
    reason = _unpaired(a, b)
    made = []
    for at in common:
        one, other = rows_a[at], rows_b[at]
        for metric, stats in metrics.items():
            means = (mine.means_of(one, metric), theirs.means_of(other, metric)) if not reason else (None, None)
            made.append(_compared(at, metric, stats, one, other, means))
    return CasePair(
        a=a,
        b=b,
        axes=axes,
        differences=tuple(made),
        only_a=tuple(at for at in rows_a if at not in rows_b),
        only_b=tuple(at for at in rows_b if at not in rows_a),
        unpaired=reason,
        notes=(*mine.notes, *theirs.notes, *fixed, *_left_out(a, b), *_versions(mine, theirs)),
    )


def _common_metrics(a: Cases, b: Cases) -> dict[str, tuple[str, ...]]:
    """Return the metrics that both have, and of each the statistics that both have."""
    found = {metric: tuple(s for s in stats if s in b.figures.get(metric, ())) for metric, stats in a.figures.items()}
    found = {metric: stats for metric, stats in found.items() if set(stats) - {"se"}}
    if not found:
        message = f"has no figure in common with {a.csv}: it has {names(_columns(b))}; the other has"
        message = f"{message} {names(_columns(a))}"
        raise ScenarioError.single(message, where=b.header, cure="ask both sweeps for the same metrics")
    return found


def _columns(cases: Cases) -> list[str]:
    return [f"{metric}.{stat}" for metric, stats in cases.figures.items() for stat in stats]


def _fixed(one: Cases, other: Cases, axes: tuple[str, ...], label: str) -> Iterator[str]:
    """Yield the value of each axis that only one sweep has; an error where it has more than one."""
    for name in one.axes:
        if name in axes:
            continue
        values = list(dict.fromkeys(case.at[name] for case in one.cases))
        if len(values) > 1:
            message = f"the axis has {len(values)} values here and is not in {other.csv}"
            cure = "keep the rows of one value"
            raise ScenarioError.single(message, where=one.header, path=name, cure=cure)
        yield f"{label} holds {name} at {text_of_axis(values[0])}; the other does not name it."


def _by_place(cases: Cases, axes: tuple[str, ...]) -> dict[At, Case]:
    found: dict[At, Case] = {}
    for case in cases.cases:
        at = tuple(case.at[name] for name in axes)
        if at in found:
            message = f"{place(axes, at)} is there twice, first on line {found[at].line}"
            raise ScenarioError.single(message, where=f"{cases.csv}:{case.line}", cure="keep one of the two rows")
        found[at] = case
    return found


def place(axes: tuple[str, ...], at: At) -> str:
    """Return a place on the axes in words.

    >>> place(("link.capacity_mw", "financing"), (1000.0, "base"))
    'link.capacity_mw 1000, financing base'
    """
    return ", ".join(f"{name} {text_of_axis(value)}" for name, value in zip(axes, at, strict=True))


def text_of_axis(value: Axis) -> str:
    """Return a value on an axis.

    >>> text_of_axis(1000.0), text_of_axis("base"), text_of_axis("")
    ('1000', 'base', "''")
    """
    return f"{value:.10g}" if isinstance(value, float) else value or shown(value)


def _compared(
    at: At, metric: str, stats: tuple[str, ...], a: Case, b: Case, means: tuple[Array | None, Array | None]
) -> CaseDifference:
    mine, theirs = ({stat: case.figures[metric][stat] for stat in stats} for case in (a, b))
    first, second = means
    if "mean" in stats and first is not None and second is not None and first.size == second.size:
        return CaseDifference(at, metric, unit_of(metric), mine, theirs, of_replicates(first, second), True)
    each = [(one.get("mean", math.nan), one.get("se", math.nan)) for one in (mine, theirs)]
    return CaseDifference(at, metric, unit_of(metric), mine, theirs, of_independent(*each), False)


def _unpaired(a: Sweep, b: Sweep) -> str:
    """Return why two sweeps cannot be compared future by future; empty where they can."""
    for sweep in (a, b):
        if sweep.cases.manifest is None or not sweep.cases.means:
            return f"{sweep.label} has no means of replicates beside its cases"
    one, other = a.cases.manifest, b.cases.manifest
    assert one is not None and other is not None
    for what, first, second in (("seeds", one.seed, other.seed), ("draws", one.draws, other.draws)):
        if first != second:
            return f"their {what} differ, {first} and {second}"
    return ""


def _left_out(a: Sweep, b: Sweep) -> Iterator[str]:
    """Yield the figures that only one sweep has."""
    for mine, theirs in ((a, b), (b, a)):
        only = [name for name in _columns(mine.cases) if name not in _columns(theirs.cases)]
        if only:
            yield f"Only in {mine.label}, and not compared: {names(only)}."


def _versions(a: Cases, b: Cases) -> Iterator[str]:
    if a.manifest is not None and b.manifest is not None and dict(a.manifest.versions) != dict(b.manifest.versions):
        yield "Made with different versions of the program or its libraries; a difference can come from them."
