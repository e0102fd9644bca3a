"""Charts of a sweep: a figure over two axes, and the payback of each case."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from sim.batch.columns import unit_of
from sim.report import format as say
from sim.report.html.charts_parts import (
    Row,
    absent,
    identifier,
    lacks,
    percents,
    scenario,
    shown,
    specification,
    table,
    tip,
    value,
)
from sim.report.html.charts_parts import plain as data
from sim.report.html.charts_theme import HALF, STEPS, var
from sim.report.html.content import Figure
from sim.report.html.folder import Folder

FACETS = 24
Form = tuple[Callable[[float], str], str]
"""How a number is written, and its unit."""
CELL = 40
WIDE, HIGH = 200, 90
"""Size of one of many small charts; the page makes it as wide as there is room."""
NAMES = {
    "paid_back.mean": "share of futures that pay back",
    "project_npv_usd.mean": "mean net present value",
    "project_npv_usd.p50": "median net present value",
    "project_payback_years.p50": "median payback",
    "defaulted.mean": "share of futures in default",
    "cost_of_sanctions_usd.mean": "mean cost of sanctions",
}


def axes(folder: Folder) -> tuple[str, ...]:
    """Return the axes of a sweep: those of its manifest, else the columns before the first statistic."""
    columns = folder.sheets["cases.csv"].columns if "cases.csv" in folder.sheets else ()
    if folder.manifest is not None and folder.manifest.axes:
        return tuple(name for name in folder.manifest.axes if name in columns)
    statistics = (".mean", ".se", ".p10", ".p50", ".p90", ".never")
    first = next((i for i, name in enumerate(columns) if name.endswith(statistics)), len(columns))
    return tuple(columns[1:first])


def label(cell: Any) -> str:
    """Return a point of an axis as text.

    >>> label(600.0), label(0.035), label("none")
    ('600', '0.035', 'none')
    """
    if isinstance(cell, float):
        return "–" if math.isnan(cell) else f"{cell:.6g}"
    return str(cell)


def ordered(cells: Sequence[Any]) -> list[str]:
    """Return the points of an axis, each once: numbers by size, anything else as it comes.

    >>> ordered([1000.0, 600.0, 1000.0]), ordered(["b", "a"])
    (['600', '1000'], ['b', 'a'])
    """
    once = list(dict.fromkeys(cells))
    if once and all(isinstance(cell, float) and math.isfinite(cell) for cell in once):
        once.sort()
    return list(dict.fromkeys(label(cell) for cell in once))


# --- a figure over axes -------------------------------------------------------------------------------------------


def heat_map(folder: Folder, statistic: str) -> Figure:
    """Draw a statistic of a sweep over its axes, the numbers in the cells; cases without one stay blank."""
    kind, name = f"map-{statistic}", NAMES.get(statistic, shown(statistic).replace(".", ", "))
    title = name[:1].upper() + name[1:]
    why = lacks(folder, "cases.csv", ("case", statistic))
    names = () if why else axes(folder)
    if why or not names:
        return absent(kind, folder, title, why or "Not drawn: there is no axis in cases.csv.")
    rows = folder.sheets["cases.csv"].rows
    across, down = names[-1], names[:-1]
    if len({label(row[across]) for row in rows}) > 40 or len(rows) > 600:
        return absent(kind, folder, title, f"Not drawn: {len(rows)} cases are more than a map can show.")
    numbers = [value(row, statistic) for row in rows]
    write, unit = say.row_scale(unit_of(statistic), numbers)
    cells = _cells(rows, numbers, (across, down), write)
    spec = _map(cells, ordered([row[across] for row in rows]), _downs(rows, down), (across, down), f"{title}, {unit}")
    view = table(
        ("case", *names, f"{name}, {unit}"),
        [(label(r["case"]), *(label(r[a]) for a in names), write(value(r, statistic))) for r in rows],
        words=1 + len(names),
    )
    blank = sum(math.isnan(number) for number in numbers)
    missing = f" {blank} of {len(numbers)} cases have no figure and are blank." if blank else ""
    caption = f"{title}, {unit}, of each case; across: {across}{f'; down: {_joined(down)}' if down else ''}.{missing}"
    return Figure(identifier(kind, folder), _map_title(rows, numbers, names, title, (write, unit)), caption, spec, view)


def _joined(down: Sequence[str]) -> str:
    return " · ".join(down)


def _downs(rows: Sequence[Row], down: Sequence[str]) -> list[str]:
    """Return the rows of a map in the order of their axes."""
    if not down:
        return [""]
    orders = [ordered([row[name] for row in rows]) for name in down]
    places = {tuple(label(row[name]) for name in down) for row in rows}
    return [_joined(p) for p in sorted(places, key=lambda p: [o.index(x) for o, x in zip(orders, p, strict=True)])]


def _cells(
    rows: Sequence[Row], numbers: Sequence[float], names: tuple[str, tuple[str, ...]], told: Callable[[float], str]
) -> list[Row]:
    across, down = names
    finite = [number for number in numbers if math.isfinite(number)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    found = []
    for row, number in zip(rows, numbers, strict=True):
        if math.isnan(number):
            continue
        where = {"a": label(row[across]), "d": _joined([label(row[name]) for name in down])}
        found.append({**where, "case": label(row["case"]), "text": told(number), "step": _step(number, low, high)})
    return found


def _step(number: float, low: float, high: float) -> str:
    """Return the colour of a number: of a scale from low to high, or to both sides of zero where that lies between.

    >>> [_step(x, 0.0, 1.0) for x in (0.0, 1.0)], [_step(x, -2.0, 1.0) for x in (-2.0, 0.0, 1.0)]
    (['r0', 'r5'], ['d0', 'd3', 'd5'])
    """
    if math.isinf(number):
        return "r0"
    if low < 0.0 < high:
        return f"d{HALF + round(HALF * number / max(-low, high))}"
    if low < 0.0 >= high:
        part = (high - number) / (high - low) if high > low else 0.5
        return f"n{min(int(part * STEPS), STEPS - 1)}"
    part = (number - low) / (high - low) if high > low else 0.5
    return f"r{min(int(part * STEPS), STEPS - 1)}"


def _map(
    cells: Sequence[Row], columns: Sequence[str], rows: Sequence[str], names: tuple[str, tuple[str, ...]], what: str
) -> dict[str, Any]:
    across, down = names
    steps = sorted({cell["step"] for cell in cells})
    limit = alt.ExprRef(f"max(width / {len(columns)} - 4, 24)")
    look: dict[str, Any] = {"ticks": False, "domain": False}
    top = alt.Axis(orient="top", labelAngle=0, title=across, labelLimit=limit, labelOverlap=False, **look)
    left = alt.Axis(title=None, **look) if down else None
    x = alt.X("a:N", sort=None, scale=alt.Scale(domain=list(columns), paddingInner=0.03), axis=top)
    y = alt.Y("d:N", sort=None, scale=alt.Scale(domain=list(rows), paddingInner=0.05), axis=left)
    fill = alt.Fill("step:N", scale=alt.Scale(domain=steps, range=[var(s) for s in steps]), legend=None)
    ink = alt.Color("step:N", scale=alt.Scale(domain=steps, range=[var(f"t{s}") for s in steps]), legend=None)
    tips = [tip("case", "Case"), tip("a", across)]
    tips += [tip("d", _joined(down))] if down else []
    tips += [tip("text", what)]
    base = alt.Chart(data(cells))
    return specification(
        alt.layer(
            base.mark_rect().encode(x=x, y=y, fill=fill, tooltip=tips),
            base.mark_text(limit=alt.ExprRef(f"width / {len(columns)}")).encode(
                x=x, y=y, text="text:N", color=ink, tooltip=tips
            ),
        ).properties(width="container", height=CELL * len(rows))
    )


def _map_title(rows: Sequence[Row], numbers: Sequence[float], names: Sequence[str], title: str, form: Form) -> str:
    told, unit = form
    finite = [(number, row) for number, row in zip(numbers, rows, strict=True) if math.isfinite(number)]
    if not finite:
        return f"{title}: never in every case" if any(n == math.inf for n in numbers) else title
    (low, _), (high, best) = min(finite, key=lambda p: p[0]), max(finite, key=lambda p: p[0])
    if low == high:
        return f"{title}: {told(low)} {unit} in every case"
    where = ", ".join(label(best[name]) for name in names)
    return f"{title}: from {told(low)} to {told(high)} {unit}, the highest for {where}"


# --- the payback of each case -------------------------------------------------------------------------------------


def small_multiples(folder: Folder) -> Figure:
    """Draw the payback curve of each case, at most 24; the others are named."""
    title = "Share of futures that have paid back, by case"
    why = lacks(folder, "payback.csv", ("case", "year", "p_paid_back"))
    if why:
        return absent("cases", folder, title, why)
    names = [name for name in folder.sheets["payback.csv"].columns if name in axes(folder)]
    curves: dict[str, list[Row]] = {}
    for row in folder.sheets["payback.csv"].rows:
        curves.setdefault(_case(row, names), []).append(row)
    drawn = dict(list(curves.items())[:FACETS])
    left = list(curves)[FACETS:]
    start = _start(folder)
    points = [
        {"x": start + value(row, "year"), "p": value(row, "p_paid_back"), "of": case,
         "year": f"{start + value(row, 'year'):.0f}", "share": say.share(value(row, "p_paid_back"))}
        for case, rows in drawn.items()
        for row in rows
        if value(row, "year") >= 1.0 and math.isfinite(value(row, "p_paid_back"))
    ]  # fmt: skip
    if not points:
        return absent("cases", folder, title, "Not drawn: no case has a payback curve.")
    points_across = len(ordered([row[names[-1]] for row in folder.sheets["payback.csv"].rows])) if names else 1
    across = points_across if 2 <= points_across <= 4 else 3
    spec = _multiples(points, list(drawn), "" if start else "years from the start", across)
    last = {case: rows[-1] for case, rows in curves.items()}
    years = tuple(
        sorted({year for rows in curves.values() for year in (10.0, 20.0, 30.0, 40.0, value(rows[-1], "year"))})
    )
    view = _multiples_table(curves, years, start)
    most = max(last, key=lambda case: value(last[case], "p_paid_back"))
    caption = "Share of futures that have paid back by the end of each year, one chart for each case, all on one scale."
    more = f" and {len(left) - 12} more" if len(left) > 12 else ""
    caption += f" Not drawn, but in the table: {'; '.join(left[:12])}{more}." if left else ""
    share = value(last[most], "p_paid_back")
    found = f"Most futures pay back with {most}: {say.share(share)}" if share else "No case pays back in any future"
    return Figure(identifier("cases", folder), found, caption, spec, view)


def _case(row: Mapping[str, Any], names: Sequence[str]) -> str:
    return " · ".join(label(row[name]) for name in names) or f"case {label(row['case'])}"


def _start(folder: Folder) -> float:
    """Return what turns years from the start into calendar years by whose end they are over; 0 where unknown."""
    timeline = scenario(folder).get("timeline")
    found = timeline.get("start_year") if isinstance(timeline, Mapping) else None
    return float(found - 1) if isinstance(found, int) else 0.0


def _multiples(points: Sequence[Row], order: Sequence[str], title: str, across: int) -> dict[str, Any]:
    top = max(0.01, *(point["p"] for point in points))
    axis = alt.Axis(format="d", tickCount=3, title=title or None, grid=False)
    x = alt.X("x:Q", scale=alt.Scale(nice=False, zero=False), axis=axis)
    line = alt.Chart().mark_line(style="first").encode(x=x, y=percents(1.08 * top, 3))
    tips = [tip("of", "Case"), tip("year", "By the end of")]
    tips += [tip("share", "Paid back")]
    dots = alt.Chart().mark_rule(strokeWidth=8, opacity=0).encode(x=x, tooltip=tips)
    header = alt.Header(title=None, labelLimit=WIDE, labelPadding=4)
    facets = alt.layer(line, dots, data=data(points)).properties(width=WIDE, height=HIGH)
    return specification(facets.facet(facet=alt.Facet("of:N", sort=list(order), header=header), columns=across))


def _multiples_table(curves: Mapping[str, Sequence[Row]], years: Sequence[float], start: float) -> Any:
    rows = []
    for case, points in curves.items():
        found = {value(row, "year"): value(row, "p_paid_back") for row in points}
        rows.append((case, *(say.share(found.get(year, math.nan)) for year in years)))
    return table(("Case", *(f"by {start + year:.0f}" for year in years)), rows)
