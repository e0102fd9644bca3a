"""Two runs held against each other, metric by metric: paired where both have drawn the same futures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sim.base.sampling import REPLICATE
from sim.batch.compare_directions import averaged, direction, is_time
from sim.batch.pairing import Contest, Draws, Estimate, Meeting, apart, contest, meeting, of_independent, of_pairs
from sim.batch.read_back import names
from sim.batch.read_back_run import POINTS, Figures, Run
from sim.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from sim.batch.changes import Change

NOTHING = Estimate(*[math.nan] * 5)
UNKNOWN = Contest(math.nan, math.nan)
DRAWS = "draws.parquet"


@dataclass(frozen=True)
class Side:
    """One of the two: a letter and a short label, different from those of all others, and what was run."""

    letter: str
    label: str
    run: Run


@dataclass(frozen=True)
class Difference:
    """One metric in both runs, B less A."""

    metric: str
    unit: str
    a: Figures
    b: Figures
    mean: Estimate
    """Of the mean; paired: of the draws that have a value in both, which need not be mean of B less mean of A."""
    paired: bool
    direction: int
    """1: more is better, -1: less is better, 0: neither."""
    contest: Contest

    def point(self, name: str) -> float:
        """Return the difference of a percentile: inf to never, -inf from never, NaN where both are never."""
        return apart(self.a.point(name), self.b.point(name))


@dataclass(frozen=True)
class Times:
    """A payback or another time that can be never; ``meeting`` is None where runs are not paired."""

    metric: str
    reached_a: float
    reached_b: float
    """Shares of draws in which it is reached."""
    median_a: float
    median_b: float
    meeting: Meeting | None


@dataclass(frozen=True)
class Pair:
    """A run and the reference, A."""

    a: Side
    b: Side
    unpaired: str
    """Why draws are not compared one by one; empty where they are."""
    differences: tuple[Difference, ...]
    times: tuple[Times, ...]
    inputs: tuple[Change, ...] | None
    """What the scenarios differ in; None where one of them is not known."""
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    """Metrics that only one of them has."""
    notes: tuple[str, ...]

    @property
    def paired(self) -> bool:
        """Say whether draws are compared one by one."""
        return not self.unpaired

    @property
    def caveats(self) -> tuple[str, ...]:
        """Return what to know before relying on it: the notes, and what only one of the two has."""
        alone = ((self.a, self.only_a), (self.b, self.only_b))
        lost = [f"Only in {side.label}, and not compared: {names(metrics)}." for side, metrics in alone if metrics]
        return (*self.notes, *lost)


def pair_of(a: Side, b: Side) -> Pair:
    """Return the comparison of two runs; `ScenarioError` where they have nothing in common or other units."""
    common = [metric for metric in a.run.figures if metric in b.run.figures]
    _refuse(a.run, b.run, common)
    why = "; ".join(_obstacles(a, b))
    with ExitStack() as open_files:
        draws: tuple[Draws, Draws] | None = None
        if not why:
            try:
                draws = _opened(a, open_files), _opened(b, open_files)
            except OSError as error:
                why = str(error)
        differences, times = [], []
        for metric in common:
            one, time = _compared(metric, a, b, draws)
            differences.append(one)
            times += [time] if time is not None else []
    return Pair(
        a=a,
        b=b,
        unpaired=why,
        differences=tuple(differences),
        times=tuple(times),
        inputs=_inputs(a.run, b.run),
        only_a=tuple(metric for metric in a.run.figures if metric not in b.run.figures),
        only_b=tuple(metric for metric in b.run.figures if metric not in a.run.figures),
        notes=tuple(_notes(a, b, common)),
    )


def _refuse(a: Run, b: Run, common: list[str]) -> None:
    """Raise an error where nothing is comparable, or where a metric has two units."""
    where = str(b.given)
    if not common:
        message = f"has no metric in common with {a.given}: it has {names(list(b.figures))}; the other has"
        message = f"{message} {names(list(a.figures))}"
        raise ScenarioError.single(message, where=where, path="metric", cure="compare results of the same kind")
    if not set(a.points) & set(b.points):
        message = f"has no column of figures in common with {a.given}: it has {names(b.points)}; the other has"
        message = f"{message} {names(a.points)}"
        cure = f"both need one of {names(POINTS)}"
        raise ScenarioError.single(message, where=where, cure=cure)
    problems = []
    for metric in common:
        mine, theirs = a.figures[metric], b.figures[metric]
        if mine.unit and theirs.unit and mine.unit != theirs.unit:
            message = f"{metric} is in {theirs.unit} here and in {mine.unit} in {mine.where}"
            problems.append(Problem(theirs.where, "unit", message, "bring both to one currency and unit"))
    if problems:
        raise ScenarioError(problems)


def _obstacles(a: Side, b: Side) -> Iterator[str]:
    """Yield why two runs cannot be paired."""
    for side in (a, b):
        if side.run.without_draws:
            yield f"{side.label} {side.run.without_draws}"
    mine, theirs = a.run.manifest, b.run.manifest
    if mine is None or theirs is None:
        return
    if mine.seed is None or mine.seed != theirs.seed:
        yield f"the seeds differ ({mine.seed} and {theirs.seed})"
    if mine.draws is None or mine.draws != theirs.draws:
        yield f"the numbers of draws differ ({_count(mine.draws)} and {_count(theirs.draws)})"
    for side, manifest in ((a, mine), (b, theirs)):
        if manifest.kept is not None and manifest.draws is not None and manifest.kept < manifest.draws:
            yield f"of {side.label} only the first {manifest.kept:,} of {manifest.draws:,} draws are kept"
        elif not manifest.path.with_name(DRAWS).is_file():
            yield f"there is no {DRAWS} in {side.label}"


def _count(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _opened(side: Side, open_files: ExitStack) -> Draws:
    """Return the draws of a run; `OSError` says why they cannot be used."""
    manifest = side.run.manifest
    assert manifest is not None
    try:
        draws = open_files.enter_context(closing(Draws(manifest.path.with_name(DRAWS))))
        for name in sorted(draws.names & side.run.figures.keys())[:1]:
            draws.column(name)
    except OSError:
        raise OSError(f"the {DRAWS} of {side.label} cannot be read") from None
    if draws.count != manifest.draws or draws.count % REPLICATE:
        raise OSError(f"the {DRAWS} of {side.label} holds {draws.count:,} draws, its manifest {manifest.draws:,}")
    return draws


def _compared(metric: str, a: Side, b: Side, draws: tuple[Draws, Draws] | None) -> tuple[Difference, Times | None]:
    """Return the difference of a metric and, if it is a time that can be never, how often it is reached."""
    mine, theirs = a.run.figures[metric], b.run.figures[metric]
    way, paired = direction(metric), draws is not None and all(metric in one.names for one in draws)
    mean = of_independent((mine.mean, mine.se), (theirs.mean, theirs.se)) if averaged(metric) else NOTHING
    unit = mine.unit or theirs.unit
    times = Times(metric, mine.share_defined, theirs.share_defined, mine.p50, theirs.p50, None)
    if draws is None or not paired:
        made = Difference(metric, unit, mine, theirs, mean, False, way, UNKNOWN)
        return made, times if is_time(metric) else None
    x, y = (one.column(metric) for one in draws)
    mean = of_pairs(x, y)
    if not averaged(metric):
        mean = replace(NOTHING, compared=mean.compared)
    times = replace(times, meeting=meeting(x, y))
    made = Difference(metric, unit, mine, theirs, mean, True, way, contest(x, y, way))
    return made, times if is_time(metric) else None


def _inputs(a: Run, b: Run) -> tuple[Change, ...] | None:
    """Return what the scenarios of two runs differ in; None where one is not known."""
    from sim.batch import changes

    known = [run.manifest.scenario for run in (a, b) if run.manifest is not None and run.manifest.scenario]
    return tuple(changes.differences(*known)) if len(known) == 2 else None


def _notes(a: Side, b: Side, common: list[str]) -> Iterator[str]:
    """Yield what to know before the two are held against each other."""
    for side in (a, b):
        yield from side.run.notes
    mine, theirs = a.run.manifest, b.run.manifest
    if mine is not None and theirs is not None:
        other = [name for name in {**mine.versions, **theirs.versions} if _other(mine.versions, theirs.versions, name)]
        if other:
            told = [f"{name} {mine.versions.get(name, '?')} and {theirs.versions.get(name, '?')}" for name in other]
            yield f"Made with different versions: {', '.join(told)}; a difference can come from the program."
        if mine.horizon != theirs.horizon:
            years = f"{_count(mine.horizon)} years in {a.label}, {_count(theirs.horizon)} in {b.label}"
            yield f"The horizons differ: {years}; what pays back does so within its own."
        starts = [_start_year(one.scenario) for one in (mine, theirs)]
        if None not in starts and starts[0] != starts[1]:
            yield (
                f"The start years differ: {starts[0]} in {a.label}, {starts[1]} in {b.label}; "
                "real money and present values are each of their own year."
            )
    pairs = [(metric, a.run.figures[metric].definition, b.run.figures[metric].definition) for metric in common]
    defined = [metric for metric, one, other in pairs if one and other and one != other]
    if defined:
        yield f"Defined differently in the two: {names(defined)}."


def _other(a: Mapping[str, Any], b: Mapping[str, Any], name: str) -> bool:
    return bool(a.get(name) != b.get(name))


def _start_year(scenario: Mapping[str, Any]) -> Any:
    timeline = scenario.get("timeline")
    return timeline.get("start_year") if isinstance(timeline, Mapping) else None
