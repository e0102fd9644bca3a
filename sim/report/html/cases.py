"""The cases of a sweep as its folder has them: figures, axes in words, and what does not depend on an axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.report import levers
from sim.report.html.folder import Folder
from sim.report.html.sheets import finite, known
from sim.report.names import input_name, inside, name_and_unit
from sim.report.points import DIGITS, DRAWN_DIGITS, is_number, point_name
from sim.report.titles import is_share, title

PERCENTILES = ("p10", "p50", "p90")
STATISTICS = ("mean", "se", *PERCENTILES, "never", "share_defined")
PAID, VALUE, BEGUN = "paid_back.mean", "project_npv_usd.p50", "invested.mean"
NOTHING = 0.01
"""Part of the largest median NPV below which a median is next to nothing."""
UNBEGUN = "the project is not begun in the median future"
HEADS = {
    "mean": "mean",
    "se": "standard error",
    "p10": "P10",
    "p50": "median",
    "p90": "P90",
    "never": "never",
    "share_defined": "share that have one",
}
"""What stands behind the name of a metric for each statistic."""
NAMES = {
    "paid_back.mean": "share of futures that pay back",
    "project_npv_usd.mean": "mean net present value",
    "project_npv_usd.p50": "median net present value",
    "project_payback_years.p50": "median payback",
    "cost_of_sanctions_usd.mean": "mean cost of sanctions",
}
MOST_CROSSED = 3
"""Axes of a map: the last one across, the others down."""
MOST_NAMED = 3
"""Axes of a case that are named in a sentence; beyond, it goes by its number."""
LONG = 90
"""Letters that a title has room for to say where something is."""


def named(statistic: str) -> str:
    """Return what a statistic of a metric is called.

    >>> named("paid_back.mean"), named("defaulted.mean"), named("debt_usd.p50")
    ('share of futures that pay back', 'loans in default, share of futures', 'loans, median')
    """
    metric, _, what = statistic.rpartition(".")
    if statistic in NAMES:
        return NAMES[statistic]
    if what == "mean" and is_share(metric):
        return f"{inside(title(metric))}, share of futures"
    return f"{inside(title(metric))}, {HEADS.get(what, what)}"


def axis_name(axis: str) -> str:
    """Return what an axis is called.

    >>> axis_name("link.capacity_mw"), axis_name("costs.items.*.amount_million"), axis_name("size")
    ('Link: capacity, MW', 'Costs of all items', 'Size')
    """
    return input_name(axis)


def called(axis: str) -> str:
    """Return what an axis is called without the unit of its points.

    >>> called("link.capacity_mw"), called("costs.items.*.amount_million")
    ('Link: capacity', 'Costs of all items')
    """
    return name_and_unit(axis)[0]


def point(axis: str, value: Any, digits: int = DIGITS) -> str:
    """Return a point of an axis as text; what a CSV has as "inf" may be a number among names.

    >>> point("link.capacity_mw", 2800.0), point("link.capacity_mw", "inf")
    ('2,800', 'never')
    """
    return point_name(axis, float(value) if value in ("inf", "-inf") else value, digits)


def placed(axis: str, values: Sequence[Any], digits: int = DIGITS) -> str:
    """Return an axis with some of its points in a sentence: names in quotes, numbers with their unit.

    >>> placed("link.capacity_mw", [600.0]), placed("sanctions", ["none", "full"])
    ('link capacity 600 MW', 'sanctions “none” or “full”')
    """
    texts = [point(axis, value, digits) for value in values]
    told = [f"“{text}”" if text == value else text for text, value in zip(texts, values, strict=True)]
    unit = name_and_unit(axis)[1] if all(isinstance(value, float) for value in values) else ""
    return f"{inside(called(axis))} {' or '.join(told)}{f' {unit}' if unit else ''}"


@dataclass(frozen=True)
class Cases:
    """The cases of a sweep."""

    folder: Folder

    @property
    def said(self) -> Mapping[Any, Any]:
        """Return all that the manifest says."""
        return self.folder.manifest.said if self.folder.manifest is not None else {}

    @cached_property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """Return the rows of the table."""
        sheet = self.folder.sheets.get("cases.csv")
        return sheet.rows if sheet is not None else ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of figures."""
        sheet = self.folder.sheets.get("cases.csv")
        there = sheet.columns if sheet is not None else ()
        return tuple(name for name in there if name not in self.axes and name.rpartition(".")[2] in STATISTICS)

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """Return what was varied: as the manifest says, else the columns before the first figure."""
        sheet = self.folder.sheets.get("cases.csv")
        there = sheet.columns if sheet is not None else ()
        if self.folder.manifest is not None and self.folder.manifest.axes:
            return tuple(name for name in self.folder.manifest.axes if name in there)
        first = next((i for i, name in enumerate(there) if name.rpartition(".")[2] in STATISTICS), len(there))
        return tuple(name for name in there[:first] if name != "case")

    @property
    def title(self) -> str:
        """Return the title of the study, else its name."""
        said = self.said.get("title")
        return said if isinstance(said, str) and said.strip() else self.folder.label

    @property
    def design(self) -> str:
        """Return how the cases lie on the axes."""
        return str(self.said.get("design", "product"))

    @property
    def crossed(self) -> bool:
        """Say whether there is a case at every point of a grid, of so few axes that it can be drawn flat."""
        return 0 < len(self.axes) <= MOST_CROSSED and self.design == "product"

    def figure(self, row: Mapping[str, Any], column: str) -> float:
        """Return a figure of a case; NaN where it does not exist: only a percentile can be infinite.

        What is not lent cannot be in default.
        """
        if column == "defaulted.mean" and row.get("debt_usd.mean") == 0.0:
            return math.nan
        of_times = column.rpartition(".")[2] in PERCENTILES
        return finite(row.get(column)) if of_times else known(row.get(column))

    def figures(self, column: str) -> list[float]:
        """Return a figure of every case."""
        return [self.figure(row, column) for row in self.rows]

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """Return the axes whose points were drawn from a range: a Latin hypercube has each of them once."""
        if self.design != "latin_hypercube":
            return ()
        several = [axis for axis in self.axes if len({repr(row[axis]) for row in self.rows}) == len(self.rows) > 1]
        return tuple(axis for axis in several if all(is_number(row[axis]) for row in self.rows))

    def point(self, axis: str, value: Any) -> str:
        """Return a point of an axis as text, in few digits where it was drawn."""
        return point(axis, value, DRAWN_DIGITS if axis in self.drawn else DIGITS)

    def head(self, axis: str) -> str:
        """Return what an axis is called over its points: with their unit where they are no names and no factors."""
        return axis_name(axis) if all(isinstance(row[axis], float) for row in self.rows) else called(axis)

    def at(self, axis: str, values: Sequence[Any]) -> str:
        """Return an axis with some of its points in a sentence, in few digits where they were drawn."""
        return placed(axis, values, DRAWN_DIGITS if axis in self.drawn else DIGITS)

    def where(self, rows: Sequence[Mapping[str, Any]], column: str, most: int = 0) -> str:
        """Return where a figure is as in some cases, by the axes on which it depends: what these cases have in common.

        ``most``: letters that there is room for; 0: as many as it takes.
        """
        still = self.still(column) if column in self.columns else ()
        axes = [axis for axis in self.axes if axis not in still]
        if not axes or len(rows) == len(self.rows):
            return "in every case"
        found = {axis: list({repr(row[axis]): row[axis] for row in rows}.values()) for axis in axes}
        several = len({tuple(repr(row[axis]) for axis in axes) for row in rows}) > 1
        number = f"in {len(rows):,} cases" if len(rows) > 1 else f"in case {point('', rows[0].get('case', ''))}"
        if len(axes) == 1:
            named = found if len(found[axes[0]]) <= MOST_NAMED else {}
        else:
            named = {axis: values for axis, values in found.items() if len(values) == 1}
        told = ", ".join(self.at(axis, values) for axis, values in named.items())
        if not told or len(named) > MOST_NAMED:
            return number
        text = f"{number}, all with {told}" if several and len(axes) > 1 else f"with {told}"
        return number if 0 < most < len(text) else text

    def alike(self, row: Mapping[str, Any], column: str) -> list[Mapping[str, Any]]:
        """Return the cases that have the same figure as one."""
        return [other for other in self.rows if not differ([self.figure(row, column), self.figure(other, column)])]

    def ends(self, column: str, begun: bool = False) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return a case with the lowest and one with the highest figure, if wished of those begun; None: no case."""
        there = [row for row in self.rows if not math.isnan(self.figure(row, column))]
        there = [row for row in there if not (begun and self.idle(row))]
        if not there:
            return None
        return min(there, key=lambda row: self.figure(row, column)), max(
            there, key=lambda row: self.figure(row, column)
        )

    @cached_property
    def levers(self) -> dict[str, levers.Levers]:
        """Return what moves the figures that levers may move, as far as that can be said."""
        axes = {axis: [row[axis] for row in self.rows] for axis in self.axes}
        names = levers.figures(self.columns)
        found = {name: levers.levers(axes, self.figures(name), self.design) for name in names}
        return {name: one for name, one in found.items() if one is not None}

    def still(self, column: str) -> tuple[str, ...]:
        """Return the axes on which a figure does not depend: along each it is the same, whatever the others are."""
        if column not in self._still:
            self._still[column] = tuple(axis for axis in self.axes if self._same_along(axis, column))
        return self._still[column]

    @cached_property
    def _still(self) -> dict[str, tuple[str, ...]]:
        """Hold what `still` has found: it goes over all cases for each axis."""
        return {}

    def _same_along(self, axis: str, column: str) -> bool:
        lines: dict[tuple[str, ...], list[float]] = {}
        for row in self.rows:
            place = tuple(repr(row[other]) for other in self.axes if other != axis)
            lines.setdefault(place, []).append(self.figure(row, column))
        several = [line for line in lines.values() if len(line) > 1]
        return bool(several) and not any(differ(line) for line in several)

    @cached_property
    def _largest(self) -> float:
        """Return the size of the largest median NPV."""
        return max((abs(value) for value in self.figures(VALUE) if math.isfinite(value)), default=0.0)

    def idle(self, row: Mapping[str, Any]) -> bool:
        """Say whether the median future of a case is one in which the project is not begun.

        Its NPV is then nothing, or next to it and less than half of the futures have a decision to invest.
        """
        median = self.figure(row, VALUE)
        if not abs(median) <= NOTHING * self._largest:
            return False
        return median == 0.0 or self.figure(row, BEGUN) < 0.5


def differ(values: list[float]) -> bool:
    """Say whether some figures are not all the same; those that do not exist are like each other.

    >>> differ([1.0, 1.0 + 1e-12]), differ([math.nan, math.nan]), differ([1.0, math.nan])
    (False, False, True)
    """
    if not values:
        return False
    first = values[0]
    return any(
        math.isnan(first) != math.isnan(value) or (not math.isnan(value) and not math.isclose(first, value))
        for value in values[1:]
    )
