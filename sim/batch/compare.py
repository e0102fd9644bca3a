"""Results held against each other: runs metric by metric, sweeps case by case, the first being the reference."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.batch.compare_cases import NO_MEANS, CasePair, Sweep, case_pair_of
from sim.batch.compare_runs import Difference, Pair, Side, Times, pair_of
from sim.batch.read_back import read_csv
from sim.batch.read_back_cases import Cases, cases_of, is_cases
from sim.batch.read_back_manifest import RESULTS, locate
from sim.batch.read_back_run import POINTS, Run, run_of
from sim.errors import ScenarioError
from sim.tables import Table

COLUMNS = (
    *("a", "b", "metric", "unit", "mean_a", "mean_b", "difference", "se", "ci_low", "ci_high", "paired"),
    *("not_paired_because", "share_compared", "mean_a_where_both", "mean_b_where_both"),
    *("share_defined_a", "share_defined_b", "better", "p_better", "p_equal"),
    *(f"{point}_{what}" for point in POINTS[1:] for what in ("a", "b", "difference")),
)
TIME_COLUMNS = (
    *("a", "b", "metric", "p_a", "p_b", "p_difference", "se", "ci_low", "ci_high", "paired"),
    *("not_paired_because", "p50_a", "p50_b", "p50_difference", "both", "only_a", "only_b", "neither"),
    *("median_difference_where_both", "draws_where_both"),
)
CASE_STATS = ("p10", "p50", "p90", "never")
WAYS = {1: "higher", -1: "lower", 0: ""}


@dataclass(frozen=True)
class Comparison:
    """Results against the first of them: ``pairs`` of runs, or ``cases`` of sweeps; one of the two is empty."""

    pairs: tuple[Pair, ...]
    cases: tuple[CasePair, ...]


def compare(paths: Sequence[Path]) -> Comparison:
    """Return the comparison of each result with the first.

    A path is the folder of a run or a sweep, a ``summary.csv`` or a ``cases.csv``. `ScenarioError` says which of them
    cannot be read, or compared with the first, and why.
    """
    if len(paths) < 2:
        where = str(paths[0]) if paths else ""
        raise ScenarioError.single("there is nothing to compare it with", where=where, cure="name two results or more")
    found = [_read(path) for path in paths]
    called = labels([(one.name, one.given.parent if one.given.name in RESULTS else one.given) for one in found])
    letters = [_letter(i) for i in range(len(found))]
    runs = [one for one in found if isinstance(one, Run)]
    sweeps = [one for one in found if isinstance(one, Cases)]
    if runs and sweeps:
        odd = next(one for one in found if type(one) is not type(found[0]))
        kinds = ("a run", "a sweep") if isinstance(odd, Run) else ("a sweep", "a run")
        message = f"is {kinds[0]}, and {found[0].given} is {kinds[1]}"
        raise ScenarioError.single(message, where=str(odd.given), cure="compare runs with runs, sweeps with sweeps")
    if runs:
        sides = [Side(*one) for one in zip(letters, called, runs, strict=True)]
        return Comparison(tuple(pair_of(sides[0], side) for side in sides[1:]), ())
    both = [Sweep(*one) for one in zip(letters, called, sweeps, strict=True)]
    return Comparison((), tuple(case_pair_of(both[0], one) for one in both[1:]))


def _read(path: Path) -> Run | Cases:
    place = locate(path)
    sheet = read_csv(place.csv)
    return cases_of(place, sheet) if is_cases(sheet) else run_of(place, sheet)


def labels(results: Sequence[tuple[str, Path]]) -> list[str]:
    """Return a short label for each result, by its name and its folder or file, no two alike.

    Those of one name are told apart by as much of their paths as that takes, and the same one twice by a number.

    >>> labels([("base", Path("old/base")), ("base", Path("new/base")), ("calm", Path("calm"))])
    ['old/base', 'new/base', 'calm']
    >>> labels([("base", Path("base")), ("base", Path("base"))])
    ['base', 'base (2)']
    """
    places = [path.resolve() for _, path in results]
    found = {place: name for (name, _), place in zip(results, places, strict=True)}
    for depth in range(1, max(len(place.parts) for place in places) + 1):
        counts = Counter(found.values())
        found = {
            place: "/".join(place.parts[-depth:]) if counts[label] > 1 else label for place, label in found.items()
        }
    seen = Counter[Path]()
    made = []
    for place in places:
        seen[place] += 1
        made.append(f"{found[place]} ({seen[place]})" if seen[place] > 1 else found[place])
    return made


def _letter(place: int) -> str:
    """Return A, B, … Z, A2, B2, …"""
    return chr(ord("A") + place % 26) + (str(place // 26 + 1) if place >= 26 else "")


# --- tables -------------------------------------------------------------------------------------------------------


def tables(comparison: Comparison) -> list[Table]:
    """Return the tables of a comparison: comparison.csv and notes.csv; of runs paybacks.csv and inputs.csv too."""
    all_pairs: tuple[Pair | CasePair, ...] = comparison.pairs or comparison.cases
    told = [(pair.a.label, pair.b.label, note) for pair in all_pairs for note in pair.caveats]
    notes = Table("notes.csv", ("a", "b", "note"), told)
    if comparison.cases:
        return [_case_table(comparison.cases), notes]
    pairs = comparison.pairs
    return [
        Table("comparison.csv", COLUMNS, [row for pair in pairs for row in _rows(pair)]),
        Table("paybacks.csv", TIME_COLUMNS, [_time_row(pair, one) for pair in pairs for one in pair.times]),
        Table("inputs.csv", ("a", "b", "path", "before", "after"), [row for pair in pairs for row in _inputs(pair)]),
        notes,
    ]


def _rows(pair: Pair) -> Iterator[tuple[Any, ...]]:
    for one in pair.differences:
        mean = one.mean
        points = [(one.a.point(name), one.b.point(name), one.point(name)) for name in POINTS[1:]]
        yield (
            *(pair.a.label, pair.b.label, one.metric, one.unit, one.a.mean, one.b.mean, mean.difference, mean.se),
            *(mean.low, mean.high, *_pairing(pair, one), mean.compared, mean.mean_a, mean.mean_b),
            *(one.a.share_defined, one.b.share_defined),
            *(WAYS[one.direction], one.contest.better, one.contest.equal),
            *(value for three in points for value in three),
        )


def _time_row(pair: Pair, one: Times) -> tuple[Any, ...]:
    difference = next(other for other in pair.differences if other.metric == one.metric)
    head = (pair.a.label, pair.b.label, one.metric, one.reached_a, one.reached_b)
    medians, kind = (one.median_a, one.median_b, difference.point("p50")), _pairing(pair, difference)
    if one.meeting is None:
        return (*head, one.reached_b - one.reached_a, *[math.nan] * 3, *kind, *medians, *[math.nan] * 5, "")
    met = one.meeting
    by = met.reached
    shares = (met.both, met.only_a, met.only_b, met.neither, met.median_difference, met.draws_both)
    return (*head, by.difference, by.se, by.low, by.high, *kind, *medians, *shares)


def _inputs(pair: Pair) -> Iterator[tuple[Any, ...]]:
    for change in pair.inputs or ():
        yield pair.a.label, pair.b.label, change.path, _cell(change.before), _cell(change.after)


def _cell(value: Any) -> Any:
    """Return an input as one cell: numbers and texts as they are, blocks as JSON, blank where the key is not there."""
    from sim.batch.changes import MISSING

    if value is MISSING:
        return ""
    plain = isinstance(value, str | float | int) and not isinstance(value, bool)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _pairing(pair: Pair, one: Difference) -> tuple[str, str]:
    """Return whether a metric is paired, and if not, why."""
    return ("yes", "") if one.paired else ("no", pair.unpaired or "the draws of this metric are not kept in both")


def _case_table(pairs: Sequence[CasePair]) -> Table:
    """Return the cases of every pair; a pair that does not have an axis, as others do, leaves it blank."""
    axes = tuple(dict.fromkeys(name for pair in pairs for name in pair.axes))
    columns = ("a", "b", *axes, "metric", "unit", "mean_a", "mean_b", "difference", "se", "ci_low", "ci_high")
    kind = ("paired", "not_paired_because")
    rows: list[tuple[Any, ...]] = []
    for pair in pairs:
        for one in pair.differences:
            at = dict(zip(pair.axes, one.at, strict=True))
            pairing = ("yes", "") if one.paired else ("no", pair.unpaired or NO_MEANS)
            ends = (one.mean.difference, one.mean.se, one.mean.low, one.mean.high, *pairing)
            means = (one.a.get("mean", math.nan), one.b.get("mean", math.nan))
            other = [
                (one.a[stat], one.b[stat], one.point(stat)) if stat in one.a else [math.nan] * 3 for stat in CASE_STATS
            ]
            head = (pair.a.label, pair.b.label, *(at.get(name, "") for name in axes), one.metric, one.unit)
            rows.append((*head, *means, *ends, *(value for three in other for value in three)))
    points = (f"{stat}_{what}" for stat in CASE_STATS for what in ("a", "b", "difference"))
    return Table("comparison.csv", (*columns, *kind, *points), rows)
