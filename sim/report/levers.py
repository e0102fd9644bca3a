"""Which lever moves a sweep most: rank correlations over its cases of the points on each axis with a figure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.report import format as say
from sim.report.compare_layout import Block, Grid, Words
from sim.report.names import inside, name_and_unit

LEAST_CASES = 12
"""Cases below which a correlation over them says nothing."""
LEAST_POINTS = 3
"""Points of the longest axis of numbers of a grid; with fewer, a map tells all."""
MOST_SHOWN = 12
"""Levers of a page of a terminal."""
LEAST_LEVERS = 2
"""Levers of which one can be said to move more."""
MOVED = {
    "paid_back.mean": "the chance of payback",
    "project_npv_usd.p50": "the median NPV",
    "project_npv_usd.mean": "the mean NPV",
}
"""What levers may move, as a sentence calls it."""
_MEASURE = re.compile(r"(x ?)?([-+]?[0-9]+(?:\.[0-9]+)?)((?: ?[^\W0-9]+| ?%)?)")


@dataclass(frozen=True)
class Levers:
    """The axes of numbers by how much they move a figure."""

    cases: int
    """Cases that have the figure."""
    moved: tuple[tuple[str, float], ...]
    """Axis and rank correlation, strongest first."""
    names: tuple[str, ...]
    """Axes without an order, which are left out."""

    @property
    def noise(self) -> float:
        """Return the size below which a correlation is hardly to be told from chance."""
        return 2.0 / math.sqrt(self.cases)

    @property
    def sure(self) -> tuple[tuple[str, float], ...]:
        """Return the axes that move the figure by more than chance."""
        return tuple(pair for pair in self.moved if abs(pair[1]) >= self.noise)


def figures(columns: Sequence[str]) -> list[str]:
    """Return the figures of a table that levers may move.

    >>> figures(["paid_back.mean", "project_npv_usd.mean", "project_npv_usd.p50"])
    ['paid_back.mean', 'project_npv_usd.p50']
    """
    median = "project_npv_usd.p50" in columns
    return [name for name in MOVED if name in columns and not (median and name == "project_npv_usd.mean")]


def levers(axes: Mapping[str, Sequence[Any]], values: Sequence[float], design: str) -> Levers | None:
    """Return what moves a figure, ``values``, over cases whose points are ``axes``; None where that says nothing.

    It does where each axis goes its own way: in a Latin hypercube, and in a grid with an axis of several numbers.
    """
    there = [i for i, value in enumerate(values) if not math.isnan(value)]
    if len(there) < LEAST_CASES or design == "zip":
        return None
    target = _ranks([values[i] for i in there])
    ordered = {axis: sizes(points) for axis, points in axes.items() if len({repr(point) for point in points}) > 1}
    known = {axis: [found[i] for i in there] for axis, found in ordered.items() if found}
    if design == "product" and max((len(set(found)) for found in known.values()), default=0) < LEAST_POINTS:
        return None
    pairs = [(axis, _correlation(_ranks(found), target)) for axis, found in known.items()]
    moved = sorted((pair for pair in pairs if not math.isnan(pair[1])), key=lambda pair: -abs(pair[1]))
    if len(moved) < LEAST_LEVERS:
        return None
    return Levers(len(there), tuple(moved), tuple(axis for axis, found in ordered.items() if not found))


def sizes(points: Sequence[Any]) -> list[float]:
    """Return points as numbers: of factors, and of names that are a number of one unit; empty: they are mere names.

    >>> sizes([2, 3.5]), sizes(["x0.5", "x1"]), sizes(["600 MW", "1000 MW"]), sizes(["0 %", "18 %"])
    ([2.0, 3.5], [0.5, 1.0], [600.0, 1000.0], [0.0, 18.0])
    >>> sizes(["none", "full"]), sizes(["600 MW", "1 GW"]), sizes([2, True]), sizes(["600 MW for 6 bn USD"])
    ([], [], [], [])
    """
    found = [_MEASURE.fullmatch(str(point)) for point in points]
    plain = [isinstance(point, int | float) and not isinstance(point, bool) for point in points]
    if all(plain):
        return [float(point) for point in points]
    if not all(found) or len({match[1] or match[3] for match in found if match}) > 1:
        return []
    return [float(match[2]) for match in found if match]


def left_out(names: Sequence[str]) -> str:
    """Return in words which axes have no rank.

    >>> left_out([]), left_out(["sanctions", "financing"])
    ('', ' Points of sanctions and financing are names and have no rank.')
    """
    told = " and ".join(inside(name_and_unit(name)[0]) for name in names)
    return f" Points of {told} are names and have no rank." if told else ""


def blocks(found: Mapping[str, Levers]) -> Iterator[Block]:
    """Yield what moves some figures, as a table for a terminal: strongest first, whichever figure it moves."""
    if not found:
        return
    sizes = {name: dict(one.moved) for name, one in found.items()}
    axes = dict.fromkeys(axis for one in found.values() for axis, _ in one.moved)
    most = {axis: max(abs(moved.get(axis, 0.0)) for moved in sizes.values()) for axis in axes}
    rows = []
    for axis in sorted(axes, key=lambda axis: -most[axis])[:MOST_SHOWN]:
        cells = [moved.get(axis, math.nan) for moved in sizes.values()]
        rows.append((name_and_unit(axis)[0], *(say.signed(say.number(size, 2), size) for size in cells)))
    first = next(iter(found.values()))
    yield Words(f"What moves {' and '.join(MOVED[name] for name in found)} most", "heading")
    yield Grid(("", *(MOVED[name].removeprefix("the ") for name in found)), tuple(rows))
    yield Words(
        f"Rank correlations over {first.cases:,} cases; − : the more of it, the lower; below "
        f"{say.number(first.noise, 2)} hardly to be told from chance.{left_out(first.names)}"
    )


def _ranks(values: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return ranks around zero; equal values share the middle of theirs.

    >>> _ranks([5.0, 1.0, 5.0, math.inf]).tolist()
    [0.0, -1.5, 0.0, 1.5]
    """
    _, place, count = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - 0.5 * (count + 1)
    return np.asarray(middle[place] - 0.5 * (len(values) - 1), dtype=np.float64)


def _correlation(a: np.ndarray[Any, np.dtype[np.float64]], b: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size > 0.0 else math.nan
