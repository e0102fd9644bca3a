"""The page after a sweep: how many cases, a small table of what matters, where the files are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sim.base.words import cut
from sim.batch.columns import unit_of
from sim.batch.plan import Case, Plan
from sim.batch.sweep import Swept
from sim.report import format as say

WIDTH = 100
MOST_ROWS = 12
SHOWN = {
    "paid_back.mean": "paid back",
    "project_payback_years.p50": "payback, P50",
    "project_npv_usd.p50": "NPV, P50",
    "defaulted.mean": "in default",
    "cost_of_sanctions_usd.mean": "sanctions cost",
}
"""Columns of a list of cases, with their heads."""
GRIDS = {"paid_back.mean": "Paid back, share of futures", "project_npv_usd.p50": "Median net present value"}
"""Figures that have a grid of their own where there are two axes."""


def rehearsal(plan: Plan, first: Sequence[Case], seconds: float, workers: int) -> str:
    """Return what a sweep would do."""
    lines = [_heading(plan), f"About {_time(seconds)} on {workers} processes; finished cases are not done again.", ""]
    points = _columns([("case", *(axis.name for axis in plan.axes)), *_points(first)])
    lines += [cut(line, WIDTH) for line in points]
    if plan.count > len(first):
        lines.append(f"… and {plan.count - len(first):,} more")
    return "\n".join(lines)


def page(swept: Swept, seconds: float) -> str:
    """Return the page of a sweep that has come to its end."""
    count = swept.count
    parts = [f"{count.done:,} computed in {_time(seconds)}"]
    parts += [f"{count.kept:,} finished before"] if count.kept else []
    parts += [f"{count.failed:,} failed"] if count.failed else []
    lines = [_heading(swept.plan), f"{', '.join(parts)}.", ""]
    lines += _grids(swept) or _list(swept)
    lines += ["", f"Written to {swept.folder}: {', '.join(path.name for path in swept.files)}"]
    return "\n".join(lines)


def _heading(plan: Plan) -> str:
    how = {"zip": "side by side", "latin_hypercube": "Latin hypercube"}.get(plan.design, " x ".join(_sizes(plan)))
    over = f"{plan.count:,} case{'s' if plan.count != 1 else ''} ({how}) of {plan.draws:,} futures, seed {plan.seed}"
    return f"{cut(plan.title or plan.name, 60)}\n{over}; all cases see the same futures"


def _sizes(plan: Plan) -> list[str]:
    return [str(len(axis.points)) for axis in plan.axes]


def _time(seconds: float) -> str:
    """Return a time as one says it.

    >>> _time(4.2), _time(190.0), _time(9000.0)
    ('4 seconds', '3 minutes', '2.5 hours')
    """
    if seconds < 100.0:
        return f"{max(seconds, 1.0):.0f} seconds" if seconds >= 1.5 else "1 second"
    return f"{seconds / 60.0:.0f} minutes" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} hours"


def _points(cases: Sequence[Case]) -> list[tuple[str, ...]]:
    return [(str(case.number), *(_label(point.label) for point in case.points)) for case in cases]


def _label(value: Any) -> str:
    return cut(f"{value:.6g}" if isinstance(value, float) else str(value), 24)


# --- tables -------------------------------------------------------------------------------------------------------


def _grids(swept: Swept) -> list[str]:
    """Return a grid for each main figure where there are two axes that fit the page; else nothing."""
    plan = swept.plan
    names = [name for name in GRIDS if name in swept.table.columns]
    if plan.design != "product" or len(plan.axes) != 2 or max(len(axis.points) for axis in plan.axes) > MOST_ROWS:
        return []
    for across in (1, 0):
        grids = [_grid(swept, name, across) for name in names]
        if all(len(line) <= WIDTH for grid in grids for line in grid):
            return [line for i, grid in enumerate(grids) for line in ([""] if i else []) + grid]
    return []


def _grid(swept: Swept, name: str, across: int) -> list[str]:
    """Return a figure over both axes; ``across``: which of them, 0 or 1, runs from left to right."""
    down, right = swept.plan.axes[1 - across], swept.plan.axes[across]
    place = swept.table.columns.index(name)
    found = {(repr(row[2 - across]), repr(row[1 + across])): float(row[place]) for row in swept.table.rows}
    write, unit = say.row_scale(unit_of(name), list(found.values()))
    body = []
    for one in down.points:
        values = (found.get((repr(one.label), repr(other.label)), math.nan) for other in right.points)
        body.append((_label(one.label), *(write(value) for value in values)))
    heads = (f"{down.name} \\ {right.name}", *(_label(point.label) for point in right.points))
    return [f"{GRIDS[name]}, {unit}", *_columns([heads, *body])]


def _list(swept: Swept) -> list[str]:
    """Return the best and the worst cases by median NPV, or all where they are few."""
    table = swept.table
    if not table.rows:
        return ["No case has figures."]
    names = [name for name in SHOWN if name in table.columns] or [*table.columns[1 + len(swept.plan.axes) :]][:4]
    key = table.columns.index("project_npv_usd.p50") if "project_npv_usd.p50" in table.columns else None
    rows = table.rows
    title = "Cases"
    if len(rows) > MOST_ROWS:
        order = sorted(rows, key=lambda row: -row[key]) if key is not None else rows
        rows = [*order[: MOST_ROWS // 2], *order[-MOST_ROWS // 2 :]]
        title = f"The best and the worst {MOST_ROWS // 2} by median NPV" if key is not None else "First and last cases"
    writers = {name: say.row_scale(unit_of(name), [row[table.columns.index(name)] for row in rows]) for name in names}
    axes = [axis.name.rpartition(".")[2] for axis in swept.plan.axes]
    heads = ("case", *(SHOWN.get(name, name) for name in names), *axes)
    units = ("", *(writers[name][1] for name in names), *("" for _ in axes))
    body = []
    for row in rows:
        figures = (writers[name][0](row[table.columns.index(name)]) for name in names)
        body.append((str(row[0]), *figures, *(_label(value) for value in row[1 : 1 + len(axes)])))
    return [title, *_fitting([heads, units, *body], 1 + len(names))]


def _fitting(rows: Sequence[tuple[str, ...]], least: int) -> list[str]:
    """Return as many columns as the page is wide, at least the first ones, and a word on the others."""
    for count in range(len(rows[0]), least, -1):
        lines = _columns([row[:count] for row in rows])
        if all(len(line) <= WIDTH for line in lines):
            left = len(rows[0]) - count
            return [*lines, *([f"{left} more axes are in the table."] if left else [])]
    return [cut(line, WIDTH) for line in _columns([row[:least] for row in rows])]


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows in columns: the first to the left, the others to the right."""
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, wide[1:], strict=True))
        lines.append("  ".join([first.ljust(wide[0]), *cells]).rstrip())
    return lines
