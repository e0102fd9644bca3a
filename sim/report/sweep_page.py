"""The page after a sweep: how many cases, a small table of what matters, where the files are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sim.base.words import cut
from sim.batch.columns import EVERY, unit_of
from sim.batch.outcome import Swept
from sim.batch.plan import Case, Plan
from sim.report import format as say

WIDTH = 100
MOST_ROWS = 12
MOST_IN_GRID = 20
MOST_GRIDS = 3
SHOWN = {
    "paid_back.mean": "paid back",
    "project_payback_years.p50": "payback, P50",
    "project_npv_usd.p50": "NPV, P50",
    "invested.mean": "invested",
    "defaulted.mean": "in default",
    "cost_of_sanctions_usd.mean": "sanctions cost",
}
"""Columns of a list of cases, with their heads."""
GRIDS = ("paid_back.mean", "project_npv_usd.p50")
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
    lines += _alike(swept)
    lines += ["", f"Written to {swept.folder}: {', '.join(path.name for path in swept.files)}"]
    return "\n".join(lines)


def _heading(plan: Plan) -> str:
    how = {"zip": "side by side", "latin_hypercube": "Latin hypercube"}.get(plan.design, " x ".join(_sizes(plan)))
    over = (
        f"{plan.count:,} case{'s' if plan.count != 1 else ''} ({how}) of {plan.whole_draws:,} futures, seed {plan.seed}"
    )
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


def _chosen(swept: Swept) -> list[str]:
    """Return the columns that the page shows: one of each metric that was asked for, else the main ones."""
    columns = swept.table.columns
    asked = [name for name in swept.plan.metrics if name != EVERY]
    if not asked:
        return [name for name in SHOWN if name in columns]
    both = [[name for name in (f"{metric}.p50", f"{metric}.mean") if name in columns] for metric in asked]
    return [names[0] for names in both if names]


def _title(name: str) -> str:
    metric, _, statistic = name.partition(".")
    return SHOWN.get(name) or f"{metric}, {'median' if statistic == 'p50' else statistic}"


def _grids(swept: Swept) -> list[str]:
    """Return a grid for each of the first figures where there are two axes that fit the page; else nothing."""
    plan = swept.plan
    if plan.design != "product" or len(plan.axes) != 2 or max(len(axis.points) for axis in plan.axes) > MOST_IN_GRID:
        return []
    chosen = _chosen(swept)
    names = chosen[:MOST_GRIDS] if any(name != EVERY for name in plan.metrics) else [n for n in GRIDS if n in chosen]
    for across in (1, 0):
        grids = [_grid(swept, name, across) for name in names]
        if all(len(line) <= WIDTH for grid in grids for line in grid):
            return [line for i, grid in enumerate(grids) for line in ([""] if i else []) + grid]
    return []


def _grid(swept: Swept, name: str, across: int) -> list[str]:
    """Return a figure over both axes; ``across``: which of them, 0 or 1, runs from left to right."""
    down, right = swept.plan.axes[1 - across], swept.plan.axes[across]
    found = {(repr(row[2 - across]), repr(row[1 + across])): value for row, value in _values(swept, name)}
    write, unit = say.row_scale(unit_of(name), list(found.values()))
    body = []
    for one in down.points:
        values = (found.get((repr(one.label), repr(other.label)), math.nan) for other in right.points)
        body.append((_label(one.label), *(write(value) for value in values)))
    heads = (f"{down.name} \\ {right.name}", *(_label(point.label) for point in right.points))
    lines = [f"{_title(name)[0].upper()}{_title(name)[1:]}, {unit}", *_columns([heads, *body])]
    still = [axis.name for axis, same in ((right, _rows_alike(body)), (down, _columns_alike(body))) if same]
    return [*lines, *([f"It does not depend on {' or '.join(still)}."] if still else [])]


def _rows_alike(body: Sequence[tuple[str, ...]]) -> bool:
    return len(body[0]) > 2 and all(len(set(row[1:])) == 1 for row in body)


def _columns_alike(body: Sequence[tuple[str, ...]]) -> bool:
    return len(body) > 1 and len({row[1:] for row in body}) == 1


def _values(swept: Swept, name: str) -> list[tuple[tuple[Any, ...], float]]:
    """Return each row of the table with one of its figures; what is not lent cannot be in default."""
    columns = swept.table.columns
    place = columns.index(name)
    lent = columns.index("debt_usd.mean") if name == "defaulted.mean" and "debt_usd.mean" in columns else None
    return [(row, math.nan if lent is not None and row[lent] == 0.0 else float(row[place])) for row in swept.table.rows]


def _list(swept: Swept) -> list[str]:
    """Return the best and the worst cases by median NPV, or all where they are few."""
    table = swept.table
    if not table.rows:
        return ["No case has figures."]
    names = _chosen(swept)
    key = table.columns.index("project_npv_usd.p50") if "project_npv_usd.p50" in table.columns else None
    places = list(range(len(table.rows)))
    title = "Cases"
    if len(places) > MOST_ROWS:
        order = sorted(places, key=lambda i: -table.rows[i][key]) if key is not None else places
        places = [*order[: MOST_ROWS // 2], *order[-MOST_ROWS // 2 :]]
        title = f"The best and the worst {MOST_ROWS // 2} by median NPV" if key is not None else "First and last cases"
    axes = [axis.name.rpartition(".")[2] for axis in swept.plan.axes]
    columns = [["case", "", *(str(table.rows[i][0]) for i in places)]]
    columns += [[axis, "", *(_label(table.rows[i][1 + k]) for i in places)] for k, axis in enumerate(axes)]
    for name in names:
        values = [value for _, value in _values(swept, name)]
        write, unit = say.row_scale(unit_of(name), values)
        columns.append([_title(name), unit, *(write(values[i]) for i in places)])
    lines = _fitting(list(zip(*columns, strict=True)), 1 + len(axes))
    signs = "cost_of_sanctions_usd.mean" in names and any("sanctions cost" in line for line in lines)
    return [
        title,
        *lines,
        *(["Sanctions cost: NPV without them less NPV; below zero they save money."] if signs else []),
    ]


def _fitting(rows: Sequence[tuple[str, ...]], least: int) -> list[str]:
    """Return as many columns as the page is wide; the first ones, which say what a case is, in any event."""
    for count in range(len(rows[0]), least, -1):
        lines = _columns([row[:count] for row in rows])
        if all(len(line) <= WIDTH for line in lines):
            return lines
    return [cut(line, WIDTH) for line in _columns([row[: least + 1] for row in rows])]


def _alike(swept: Swept) -> list[str]:
    """Return a word on cases with the same figures: an axis does nothing there, or another limit binds."""
    first = 1 + len(swept.plan.axes)
    rows = Counter(tuple(repr(cell) for cell in row[first:]) for row in swept.table.rows)
    same = sum(count for count in rows.values() if count > 1)
    return [f"{same:,} of {sum(rows.values()):,} cases have the same figures as another one."] if same else []


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows in columns: the first to the left, the others to the right."""
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, wide[1:], strict=True))
        lines.append("  ".join([first.ljust(wide[0]), *cells]).rstrip())
    return lines
