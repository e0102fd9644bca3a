"""Charts of a sweep: a figure over two axes, and the payback of each case."""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from sim.report import format as say
from sim.report.html.cases import LONG, MOST_NAMED, PAID, UNBEGUN, VALUE, Cases, called, differ, named, point
from sim.report.html.charts_parts import (
    Row,
    absent,
    data,
    identifier,
    lacks,
    percents,
    specification,
    table,
    tip,
    value,
)
from sim.report.html.charts_theme import HALF, STEPS, var
from sim.report.html.content import Figure, View
from sim.report.html.folder import Folder
from sim.report.names import capital, inside
from sim.report.sweep_page import independent, scale

FACETS, NAMED = 24, 12
"""Cases that are drawn at most, and of the others those that are named."""
Form = tuple[Callable[[float], str], str]
"""How a number is written, and its unit."""
JOINT = " · "
"""What stands between the points of several axes."""
CELL, LINE = 40, 14
"""Least height of a row of a map, and that of a line of its words."""
LETTER = 7
"""Width of a letter, as far as one can say."""
MIDDLE, BRIEF = 14, 8
"""Letters in a line: to the left of a map and over a small chart, which are narrow on a phone; over a column."""
WIDE, HIGH = 200, 90
"""Size of one of many small charts; the page makes it as wide as there is room."""


def ordered(axis: str, cells: Sequence[Any]) -> list[str]:
    """Return the points of an axis, each once: numbers by size, anything else as it comes.

    >>> ordered("mw", [1000.0, 600.0, 1000.0]), ordered("a", ["b", "a"])
    (['600', '1,000'], ['b', 'a'])
    """
    once = list(dict.fromkeys(cells))
    if once and all(isinstance(cell, float) and math.isfinite(cell) for cell in once):
        once.sort()
    return list(dict.fromkeys(point(axis, cell) for cell in once))


def lines(text: str, letters: int) -> list[str]:
    """Return a label in lines: a line for each axis, longer ones broken between words.

    >>> lines("replay_2014_2022 · 5", 14), lines("600 MW for 3.6 bn USD", 14)
    (['replay_2014_', '2022', '5'], ['600 MW for 3.6', 'bn USD'])
    """
    apart = [textwrap.wrap(part.replace("_", "_ "), letters) or [""] for part in text.split(JOINT)]
    return [line.replace("_ ", "_") for part in apart for line in part]


def in_lines(labels: Sequence[str], letters: int) -> str:
    """Return an expression of Vega for the lines of a label of an axis."""
    return f"({json.dumps({label: lines(label, letters) for label in labels})})[datum.label]"


# --- a figure over axes -------------------------------------------------------------------------------------------


def heat_map(folder: Folder, statistic: str) -> Figure:
    """Draw a statistic of a sweep over its axes, the numbers in the cells; cases without one stay blank."""
    kind, name = f"map-{statistic}", named(statistic)
    heading = capital(name)
    why = lacks(folder, "cases.csv", ("case", statistic))
    cases = Cases(folder)
    if why or not cases.axes:
        return absent(kind, folder, heading, why or "Not drawn: there is no axis in cases.csv.")
    across, down = cases.axes[-1], cases.axes[:-1]
    if len({point(across, row[across]) for row in cases.rows}) > 40 or len(cases.rows) > 600:
        return absent(kind, folder, heading, f"Not drawn: {len(cases.rows):,} cases are more than a map can show.")
    numbers = cases.figures(statistic)
    write, unit = scale(statistic, numbers)
    cells = _cells(cases, numbers, write)
    columns = ordered(across, [row[across] for row in cases.rows])
    names = cases.head(across), JOINT.join(map(cases.head, down))
    spec = _map(cells, columns, _downs(cases.rows, down), names, f"{heading}, {unit}")
    view = table(
        ("Case", *map(cases.head, cases.axes), f"{heading}, {unit}"),
        [(*_place(cases, row), write(cases.figure(row, statistic))) for row in cases.rows],
        words=1 + len(cases.axes),
    )
    caption = f"{heading}, {unit}, of each case; across: {inside(names[0])}"
    caption += f"; down: {JOINT.join(inside(cases.head(axis)) for axis in down)}." if down else "."
    title = _map_title(cases, statistic, heading, (write, unit))
    return Figure(identifier(kind, folder), title, f"{caption}{''.join(_remarks(cases, statistic))}", spec, view)


def _place(cases: Cases, row: Row) -> tuple[str, ...]:
    return point("", row["case"]), *(point(axis, row[axis]) for axis in cases.axes)


def _remarks(cases: Cases, statistic: str) -> Iterator[str]:
    """Yield what does not matter for a map, what is blank in it, and where its medians are of nothing begun."""
    if still := cases.still(statistic):
        yield f" {independent([inside(called(axis)) for axis in still])}"
    blank = sum(math.isnan(number) for number in cases.figures(statistic))
    if blank:
        yield f" {blank:,} of {len(cases.rows):,} cases have no figure and are blank."
    idle = sum(cases.idle(row) for row in cases.rows) if statistic == VALUE else 0
    if idle:
        yield f" In {idle:,} of {len(cases.rows):,} cases it is next to nothing: {UNBEGUN}."


def _downs(rows: Sequence[Row], down: Sequence[str]) -> list[str]:
    """Return the rows of a map in the order of their axes."""
    if not down:
        return [""]
    orders = [ordered(name, [row[name] for row in rows]) for name in down]
    places = {tuple(point(name, row[name]) for name in down) for row in rows}
    return [JOINT.join(p) for p in sorted(places, key=lambda p: [o.index(x) for o, x in zip(orders, p, strict=True)])]


def _cells(cases: Cases, numbers: Sequence[float], told: Callable[[float], str]) -> list[Row]:
    across, down = cases.axes[-1], cases.axes[:-1]
    steps = shades({told(number): number for number in numbers if not math.isnan(number)})
    found = []
    for row, number in zip(cases.rows, numbers, strict=True):
        if math.isnan(number):
            continue
        where = {"a": point(across, row[across]), "d": JOINT.join(point(name, row[name]) for name in down)}
        text = told(number)
        found.append({**where, "case": point("", row["case"]), "text": text, "step": steps[text]})
    return found


def shades(numbers: Mapping[str, float]) -> dict[str, str]:
    """Return the colour of each number by its text: of a scale, or to both sides of zero where that lies between.

    Numbers that are written differently differ in colour, too, as far as there are colours.

    >>> shades({"0": 0.0, "1": 1.0}), shades({"−2": -2.0, "0": 0.0, "1": 1.0})
    ({'0': 'r0', '1': 'r5'}, {'0': 'd3', '1': 'd5', '−2': 'd0'})
    >>> shades({"−4.4": -4.4, "−3.9": -3.9, "−4.1": -4.1, "0.0": 0.0})
    {'0.0': 'n0', '−3.9': 'n3', '−4.1': 'n4', '−4.4': 'n5'}
    >>> shades({"10": 10.0, "never": math.inf})
    {'10': 'r2', 'never': 'r5'}
    """
    finite = {text: number for text, number in numbers.items() if math.isfinite(number)}
    never = {text: number for text, number in numbers.items() if text not in finite}
    low, high = (min(finite.values()), max(finite.values())) if finite else (0.0, 0.0)
    if low < 0.0 < high:
        most = max(-low, high)
        above = {text: number for text, number in finite.items() if number > 0.0}
        below = {text: -number for text, number in finite.items() if number < 0.0}
        found = {text: f"d{HALF}" for text, number in finite.items() if number == 0.0}
        found |= {text: f"d{HALF + 1 + step}" for text, step in _spread(above, 0.0, most, HALF).items()}
        found |= {text: f"d{HALF - 1 - step}" for text, step in _spread(below, 0.0, most, HALF).items()}
    elif low < 0.0:
        apart = {text: -number for text, number in finite.items()}
        found = {text: f"n{step}" for text, step in _spread(apart, -high, -low, STEPS).items()}
    else:
        found = {text: f"r{step}" for text, step in _spread(finite, low, high, STEPS - bool(never)).items()}
    return found | dict.fromkeys(never, f"r{STEPS - 1}")


def _spread(numbers: Mapping[str, float], low: float, high: float, count: int) -> dict[str, int]:
    """Return a step for each number by its size; no more numbers than steps are pushed apart until all differ."""
    texts = sorted(numbers, key=lambda text: numbers[text])
    parts = [(numbers[text] - low) / (high - low) if high > low else 0.5 for text in texts]
    steps = [min(int(part * count), count - 1) for part in parts]
    if len(texts) <= count:
        for i in range(1, len(texts)):
            steps[i] = max(steps[i], steps[i - 1] + 1)
        steps = [min(step, count - len(texts) + i) for i, step in enumerate(steps)]
    return dict(zip(texts, steps, strict=True))


def _map(
    cells: Sequence[Row], columns: Sequence[str], rows: Sequence[str], names: tuple[str, str], what: str
) -> dict[str, Any]:
    across, down = names
    steps = sorted({cell["step"] for cell in cells})
    each, most = f"width / {len(columns)}", max(map(len, columns))
    look: dict[str, Any] = {"ticks": False, "domain": False}
    told = f"{each} < {LETTER * most} ? {in_lines(columns, BRIEF)} : datum.label"
    limit = alt.ExprRef(f"max({each} - 4, 24)")
    below = alt.Axis(
        orient="bottom", labelAngle=0, title=across, labelLimit=limit, labelOverlap=False, labelExpr=told, **look
    )
    broken = in_lines(rows, MIDDLE)
    centred = alt.ExprRef(f"-{0.5 * LINE} * (length({broken}) - 1)")
    left = alt.Axis(title=None, labelExpr=broken, labelLineHeight=LINE, labelOffset=centred, **look) if down else None
    x = alt.X("a:N", sort=None, scale=alt.Scale(domain=list(columns), paddingInner=0.03), axis=below)
    y = alt.Y("d:N", sort=None, scale=alt.Scale(domain=list(rows), paddingInner=0.05), axis=left)
    fill = alt.Fill("step:N", scale=alt.Scale(domain=steps, range=[var(s) for s in steps]), legend=None)
    ink = alt.Color("step:N", scale=alt.Scale(domain=steps, range=[var(f"t{s}") for s in steps]), legend=None)
    tips = [tip("case", "Case"), tip("a", across), *([tip("d", down)] if down else []), tip("text", what)]
    base = alt.Chart(data(cells))
    high = max(CELL, 8 + LINE * max(len(lines(row, MIDDLE)) for row in rows))
    return specification(
        alt.layer(
            base.mark_rect().encode(x=x, y=y, fill=fill, tooltip=tips),
            base.mark_text(limit=alt.ExprRef(each)).encode(x=x, y=y, text="text:N", color=ink, tooltip=tips),
        ).properties(width="container", height=high * len(rows))
    )


def _map_title(cases: Cases, statistic: str, heading: str, form: Form) -> str:
    """Return from where to where a map reaches, and which case is the highest; of medians, the highest one begun."""
    told, unit = form
    finite = [number for number in cases.figures(statistic) if math.isfinite(number)]
    if not finite:
        return f"{heading}: never in every case" if math.inf in cases.figures(statistic) else heading
    low, high = told(min(finite)), told(max(finite))
    if low == high:
        return f"{heading}: {low} {unit} in every case"
    rows = [row for row in cases.rows if math.isfinite(cases.figure(row, statistic))]
    begun = [row for row in rows if not cases.idle(row)] if statistic == VALUE else rows
    best = max(begun or rows, key=lambda row: cases.figure(row, statistic))
    of = "the highest" if len(begun) in (0, len(rows)) else "of those begun the highest"
    alike = [row for row in cases.alike(best, statistic) if row in (begun or rows)]
    return f"{heading}: from {low} to {high} {unit}, {of} {cases.where(alike, statistic, LONG)}"


# --- the payback of each case -------------------------------------------------------------------------------------


def small_multiples(folder: Folder) -> Figure:
    """Draw the payback curve of each case, at most 24; the others are named."""
    title = "Share of futures that have paid back, by case"
    why = lacks(folder, "payback.csv", ("case", "year", "p_paid_back"))
    if why:
        return absent("cases", folder, title, why)
    rows, cases = [row for row in folder.sheets["payback.csv"].rows if value(row, "year") >= 1.0], Cases(folder)
    names = [name for name in folder.sheets["payback.csv"].columns if name in cases.axes]
    curves = _curves(rows, names if len(names) <= MOST_NAMED else [], cases)
    drawn = dict(list(curves.items())[:FACETS])
    left = list(curves)[FACETS:]
    points = [
        {"x": value(row, "year"), "p": value(row, "p_paid_back"), "of": case, "year": f"{value(row, 'year'):.0f}"}
        | {"share": say.share(value(row, "p_paid_back"))}
        for case, inside_ in drawn.items()
        for row in inside_
    ]
    if not points:
        return absent("cases", folder, title, "Not drawn: no case has a payback curve.")
    columns = len(ordered(names[-1], [row[names[-1]] for row in rows])) if names else 1
    spec = _multiples(points, list(drawn), columns if 2 <= columns <= 4 else 3)
    ends = [inside_[-1] for inside_ in curves.values()]
    caption = "Share of futures that have paid back by the end of each year from the start, all on one scale"
    over = JOINT.join(inside(cases.head(name)) for name in names)
    over = over if len(names) <= MOST_NAMED else "its number, under which the table of all cases has it"
    caption += f"; over each case: {over}." if names else "."
    more = f" and {len(left) - NAMED:,} more" if len(left) > NAMED else ""
    caption += f" Not drawn{', but in the table' * (not more)}: {'; '.join(left[:NAMED])}{more}." if left else ""
    return Figure(identifier("cases", folder), _best(cases, ends), caption, spec, _multiples_table(curves))


def _curves(rows: Sequence[Row], names: Sequence[str], of: Cases) -> dict[str, list[Row]]:
    """Return the curve of each case under its point on the axes, with its number where two are written alike."""
    cases: dict[Any, list[Row]] = {}
    for row in rows:
        cases.setdefault(row["case"], []).append(row)
    numbers = {case: f"case {point('', case)}" for case in cases}
    labels = {case: JOINT.join(of.point(name, curve[0][name]) for name in names) for case, curve in cases.items()}
    count = Counter(label for label in labels.values() if label)
    again = {
        case: f"{label} ({numbers[case]})" if count[label] > 1 else label or numbers[case]
        for case, label in labels.items()
    }
    return {again[case]: curve for case, curve in cases.items()}


def _best(cases: Cases, ends: Sequence[Row]) -> str:
    """Return how many futures pay back in the best case, and which that is; ``ends``: the last row of each."""
    shares = [value(row, "p_paid_back") for row in ends]
    best = max(shares)
    if not best:
        return "No case pays back in any future"
    if not differ(shares):
        return f"{say.share(best)} of futures pay back{' in every case' if len(shares) > 1 else ''}"
    rows = [row for row, share in zip(ends, shares, strict=True) if not differ([best, share])]
    return f"At best {say.share(best)} of futures pay back, {cases.where(rows, PAID, LONG)}"


def _multiples(points: Sequence[Row], order: Sequence[str], across: int) -> dict[str, Any]:
    top = max(0.01, *(point["p"] for point in points))
    axis = alt.Axis(format="d", tickCount=3, title=None, grid=False)
    x = alt.X("x:Q", scale=alt.Scale(nice=False, zero=False), axis=axis)
    line = alt.Chart().mark_line(style="first").encode(x=x, y=percents(1.08 * top, 3))
    tips = [tip("of", "Case"), tip("year", "By the end of")]
    tips += [tip("share", "Paid back")]
    dots = alt.Chart().mark_rule(strokeWidth=8, opacity=0).encode(x=x, tooltip=tips)
    header = alt.Header(title=None, labelExpr=in_lines(order, MIDDLE), labelLimit=WIDE, labelPadding=4)
    facets = alt.layer(line, dots, data=data(points)).properties(width=WIDE, height=HIGH)
    made = facets.facet(facet=alt.Facet("of:N", sort=list(order), header=header), columns=across)
    return specification(made.resolve_axis(x="independent"))


def _multiples_table(curves: Mapping[str, Sequence[Row]]) -> View:
    """Return how many have paid back after some years, of as many cases as a page has room for."""
    shown = list(curves.items())[: FACETS + NAMED]
    last = {value(points[-1], "year") for _, points in shown}
    years = sorted({year for year in (10.0, 20.0, 30.0, 40.0) if year < max(last)} | last)
    rows = []
    for case, points in shown:
        found = {value(row, "year"): value(row, "p_paid_back") for row in points}
        rows.append((case, *(say.share(found.get(year, math.nan)) for year in years)))
    return table(("Case", *(f"by year {year:.0f}" for year in years)), rows)
