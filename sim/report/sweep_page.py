"""The page after a sweep: how many cases, a small table of what matters, where the files are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sim.base.words import cut
from sim.batch.axes import Axis, Point
from sim.batch.columns import EVERY, unit_of
from sim.batch.outcome import Swept
from sim.batch.plan import Case, Plan
from sim.report import format as say
from sim.report import levers
from sim.report.compare_layout import NARROW, Block, Grid, Words, fits, text_of
from sim.report.names import name_and_unit
from sim.report.points import DIGITS, DRAWN_DIGITS, point_name
from sim.report.titles import is_share, title

WIDTH = 100
MOST_ROWS = 12
MOST_IN_GRID = 20
MOST_GRIDS = 3
SHOWN = {
    "paid_back.mean": "paid back",
    "project_payback_years.p50": "median payback",
    "project_npv_usd.p50": "median NPV",
    "invested.mean": "invested",
    "defaulted.mean": "in default",
    "cost_of_sanctions_usd.mean": "sanctions cost",
}
"""Columns of a list of cases, with their heads."""
GRIDS = ("paid_back.mean", "project_npv_usd.p50")
"""Figures that have a grid of their own where there are two axes."""
FAILED = "failed"
MOST_LETTERS = 24
"""Letters of a point that is a name."""
KEY, COST = "project_npv_usd.p50", "cost_of_sanctions_usd.mean"
"""The figure by which cases are sorted, and one that is explained."""
FEWEST = 2
"""Figures that are shown rather than another axis."""


def rehearsal(plan: Plan, first: Sequence[Case], seconds: float, workers: int, width: int = WIDTH) -> str:
    """Return what a sweep would do."""
    on = f"on {workers} process{'es' * (workers != 1)}"
    more = [Words(f"… and {plan.count - len(first):,} more")] if plan.count > len(first) else []
    grid, left = _fitting(_places(plan, first), [], width)
    blocks = (
        *_heading(plan, f"About {_time(seconds)} {on}; finished cases are not done again."),
        *_axes(plan),
        grid,
        *([Words(f"Left out for width: {', '.join(left)}.")] if left else []),
        *more,
    )
    return text_of(blocks, width)


def page(swept: Swept, seconds: float, width: int = WIDTH) -> str:
    """Return the page of a sweep that has come to its end."""
    count = swept.count
    parts = [f"{count.done:,} computed in {_time(seconds)}"]
    parts += [f"{count.kept:,} finished before"] if count.kept else []
    parts += [f"{count.failed:,} failed"] if count.failed else []
    blocks = (
        *_heading(swept.plan, f"{', '.join(parts)}."),
        *_axes(swept.plan),
        *(_grids(swept, width) or _list(swept, width)),
        *_alike(swept),
        *_levers(swept),
    )
    return text_of(blocks, width)


def _heading(plan: Plan, told: str) -> Iterator[Block]:
    sizes = [f"{len(axis.points):,}" for axis in plan.axes]
    crossed = " × ".join(sizes) if len(sizes) > 1 else ""
    how = {"zip": "side by side", "latin_hypercube": "Latin hypercube"}.get(plan.design, crossed)
    cases = f"{plan.count:,} case{'s' * (plan.count != 1)}{f' ({how})' if how else ''}"
    yield Words(f"{plan.title or plan.name}: {cases}", "title")
    yield Words(f"{plan.whole_draws:,} futures in each case, the same in all; seed {plan.seed}. {told}")


def _time(seconds: float) -> str:
    """Return a time as one says it.

    >>> _time(4.2), _time(190.0), _time(9000.0)
    ('4 seconds', '3 minutes', '2.5 hours')
    """
    if seconds < 100.0:
        return f"{max(seconds, 1.0):.0f} seconds" if seconds >= 1.5 else "1 second"
    return f"{seconds / 60.0:.0f} minutes" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} hours"


# --- axes ---------------------------------------------------------------------------------------------------------


def _axes(plan: Plan) -> Iterator[Block]:
    """Yield what the axes are called in words, with the keys that vary them."""
    rows = tuple((_head(axis), axis.name) for axis in plan.axes if "." in axis.name)
    if rows:
        yield Grid(("Varied", "key"), rows, 2)


def _head(axis: Axis) -> str:
    """Return what an axis is called, with its unit unless its points are factors or names."""
    name, unit = name_and_unit(axis.name)
    return f"{name}, {unit}" if unit and not any(isinstance(point.label, str) for point in axis.points) else name


def _places(plan: Plan, cases: Sequence[Case]) -> list[tuple[str, ...]]:
    """Return columns, each with its head, of the numbers of cases and of their points."""
    points = [(_head(axis), *(_label(axis, case.points[i]) for case in cases)) for i, axis in enumerate(plan.axes)]
    return [("case", *(f"{case.number:,}" for case in cases)), *points]


def _label(axis: Axis, point: Point) -> str:
    """Return what a point of an axis is called."""
    digits = DIGITS if axis.spread is None else DRAWN_DIGITS
    return cut(point_name(axis.name, point.label, digits), MOST_LETTERS)


def independent(axes: Sequence[str]) -> str:
    """Return in words on which axes a figure does not depend.

    >>> independent(["financing", "sanctions"])
    'It does not depend on financing or sanctions.'
    """
    return f"It does not depend on {' or '.join(axes)}."


# --- figures ------------------------------------------------------------------------------------------------------


def _chosen(swept: Swept) -> list[str]:
    """Return the columns that the page shows: one of each metric that was asked for, else the main ones."""
    columns = swept.table.columns
    asked = [name for name in swept.plan.metrics if name != EVERY]
    if not asked:
        return [name for name in SHOWN if name in columns]
    both = [[name for name in (f"{metric}.p50", f"{metric}.mean") if name in columns] for metric in asked]
    return [names[0] for names in both if names]


def _title(name: str) -> str:
    """Return what a column is called.

    >>> _title("paid_back.mean"), _title("dscr_min.p50")
    ('Pays back', 'Least debt service cover (DSCR), median')
    """
    metric, _, statistic = name.partition(".")
    return title(metric) + ("" if is_share(metric) else f", {'median' if statistic == 'p50' else statistic}")


def scale(name: str, values: Sequence[float]) -> tuple[Callable[[float], str], str]:
    """Return how the figures of a column are written next to each other, and their unit."""
    write, unit = say.row_scale(unit_of(name), values)
    return (say.bare_share if unit == "%" else write), unit


def _values(swept: Swept, name: str) -> list[tuple[tuple[Any, ...], float]]:
    """Return each row of the table with one of its figures; what is not lent cannot be in default."""
    columns = swept.table.columns
    place = columns.index(name)
    lent = columns.index("debt_usd.mean") if name == "defaulted.mean" and "debt_usd.mean" in columns else None
    return [(row, math.nan if lent is not None and row[lent] == 0.0 else float(row[place])) for row in swept.table.rows]


# --- two axes -----------------------------------------------------------------------------------------------------


def _grids(swept: Swept, width: int) -> list[Block]:
    """Return a grid for each of the first figures where there are two axes that fit the page; else nothing."""
    plan = swept.plan
    if plan.design != "product" or len(plan.axes) != 2 or max(len(axis.points) for axis in plan.axes) > MOST_IN_GRID:
        return []
    chosen = _chosen(swept)
    names = chosen[:MOST_GRIDS] if any(name != EVERY for name in plan.metrics) else [n for n in GRIDS if n in chosen]
    for across in (1, 0):
        grids = [_grid(swept, name, across) for name in names]
        if all(fits(block, width) for grid in grids for block in grid if isinstance(block, Grid)):
            return [block for grid in grids for block in grid]
    return []


def _grid(swept: Swept, name: str, across: int) -> list[Block]:
    """Return a figure over both axes; ``across``: which of them, 0 or 1, runs from left to right."""
    plan = swept.plan
    down, right = plan.axes[1 - across], plan.axes[across]
    found = {(repr(row[2 - across]), repr(row[1 + across])): value for row, value in _values(swept, name)}
    write, unit = scale(name, list(found.values()))
    cells = {place: write(value) for place, value in found.items()}
    for case in (failed.case for failed in swept.failed):
        cells[repr(case.points[1 - across].label), repr(case.points[across].label)] = FAILED
    body = []
    for one in down.points:
        row = (cells.get((repr(one.label), repr(other.label)), say.MISSING) for other in right.points)
        body.append((_label(down, one), *row))
    of = f"{unit} of futures" if unit == "%" and is_share(name.partition(".")[0]) else unit
    heads = (_head(down), *(_label(right, point) for point in right.points))
    alike = (right, _rows_alike(body)), (down, _columns_alike(body))
    still = [name_and_unit(axis.name)[0] for axis, same in alike if same]
    return [
        Words(f"{_title(name)}, {of}; from left to right {_head(right)}", "heading"),
        Grid(heads, tuple(body)),
        *([Words(independent(still))] if still else []),
    ]


def _rows_alike(body: Sequence[tuple[str, ...]]) -> bool:
    return len(body[0]) > 2 and all(len(set(row[1:])) == 1 for row in body)


def _columns_alike(body: Sequence[tuple[str, ...]]) -> bool:
    return len(body) > 1 and len({row[1:] for row in body}) == 1


# --- cases --------------------------------------------------------------------------------------------------------


def _list(swept: Swept, width: int) -> Iterator[Block]:
    """Yield the best and the worst cases by median NPV, or all where they are few; then those that failed."""
    table, plan = swept.table, swept.plan
    if not table.rows:
        yield Words("No case has figures.")
        return
    names = _chosen(swept)
    places = list(range(len(table.rows)))
    heading = "Cases"
    if len(places) > MOST_ROWS:
        found = dict(enumerate(value for _, value in _values(swept, KEY))) if KEY in table.columns else {}
        order = sorted(places, key=lambda i: -found[i]) if found else places
        names = [KEY, *(name for name in names if name != KEY)] if found else names
        places = [*order[: MOST_ROWS // 2], *order[-MOST_ROWS // 2 :]]
        heading = f"The best and the worst {MOST_ROWS // 2} by median NPV" if found else "First and last cases"
    failed = [one.case for one in swept.failed[: MOST_ROWS // 2]]
    points = _places(plan, [*(plan.case(table.rows[i][0] - 1) for i in places), *failed])
    columns: list[tuple[str, ...]] = []
    for name in names:
        values = [value for _, value in _values(swept, name)]
        write, unit = scale(name, values)
        called = SHOWN.get(name) or _title(name)
        cells = [write(values[i]) for i in places] + ["" if columns else FAILED] * len(failed)
        columns.append((f"{called}, {unit}" if unit else called, *cells))
    grid, left = _fitting(points, columns, width)
    yield Words(heading, "heading")
    yield grid
    if left:
        yield Words(f"Left out for width: {', '.join(left)}; cases.csv has {'it' if len(left) == 1 else 'them'}.")
    if (more := len(swept.failed) - len(failed)) > 0:
        yield Words(f"{more:,} more failed: errors.csv has all of them.")
    if any(head.startswith(SHOWN[COST]) for head in grid.head):
        yield Words("Sanctions cost: NPV without them less NPV; below zero they save money.")


def _fitting(
    points: Sequence[tuple[str, ...]], figures: Sequence[tuple[str, ...]], width: int
) -> tuple[Grid, list[str]]:
    """Return a table of columns, each with its head, as wide as a page, and what it leaves out.

    No word is broken: figures are left out from the right until only the first are there, then axes.
    """
    longest = [max((w for cell in column for w in say.kept(cell).split(" ")), key=len)[:NARROW] for column in points]
    axes, most = len(points), len(figures)

    def wide() -> bool:
        columns = [*([word] * len(points[0]) for word in longest[:axes]), *figures[:most]]
        head, *rows = zip(*columns, strict=True)
        return not fits(Grid(tuple(head), tuple(rows), axes), width)

    while wide() and most > FEWEST:
        most -= 1
    while wide() and axes > 2:
        axes -= 1
    while wide() and most > 1:
        most -= 1
    left = [*(column[0] for column in points[axes:]), *(c[0].rpartition(", ")[0] or c[0] for c in figures[most:])]
    head, *rows = zip(*points[:axes], *figures[:most], strict=True)
    return Grid(tuple(head), tuple(rows), axes), left


def _alike(swept: Swept) -> Iterator[Block]:
    """Yield a word on cases with the same figures: an axis does nothing there, or another limit binds."""
    first = 1 + len(swept.plan.axes)
    rows = Counter(tuple(repr(cell) for cell in row[first:]) for row in swept.table.rows)
    if same := sum(count for count in rows.values() if count > 1):
        yield Words(f"{same:,} of {sum(rows.values()):,} cases have the same figures as another one.")


def _levers(swept: Swept) -> Iterator[Block]:
    """Return which axes move payback and NPV most, over the cases."""
    plan = swept.plan
    cases = [plan.case(row[0] - 1) for row in swept.table.rows]
    axes = {axis.name: [case.points[i].label for case in cases] for i, axis in enumerate(plan.axes)}
    columns = levers.figures(swept.table.columns)
    found = {name: levers.levers(axes, [value for _, value in _values(swept, name)], plan.design) for name in columns}
    return levers.blocks({name: one for name, one in found.items() if one is not None})
