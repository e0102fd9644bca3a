"""What the charts have in common: numbers out of tables, years, hover, legends, and the figure around them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

from sim.report import format as say
from sim.report.html.charts_theme import DASHES, SERIES, var
from sim.report.html.content import Figure, View
from sim.report.html.folder import Folder
from sim.report.html.sheets import finite

HEIGHT = 280
SURE = 1.96
"""Standard errors to each side of a mean that hold it in 95 of 100 cases."""
LENDERS = "lenders’ case"
Row = dict[str, Any]


def lacks(folder: Folder, name: str, columns: Sequence[str]) -> str:
    """Return in words why a table cannot be drawn; empty where it can."""
    sheet = folder.sheets.get(name)
    if sheet is None:
        return f"Not drawn: {name} is not in the folder."
    absent = [column for column in columns if column not in sheet.columns]
    if absent:
        return f"Not drawn: {name} has no column {', '.join(absent)}; another version of the program wrote it."
    return "" if sheet.rows else f"Not drawn: {name} has no rows."


def absent(kind: str, folder: Folder | None, title: str, why: str) -> Figure:
    """Return a figure without a chart."""
    return Figure(identifier(kind, folder), title, "", None, None, why)


def identifier(kind: str, folder: Folder | None) -> str:
    """Return the id of a figure: its kind and the folder that it draws."""
    return re.sub(r"[^a-z0-9]+", "-", f"{kind} {folder.label if folder else ''}".lower()).strip("-")


def value(row: Mapping[str, Any], column: str) -> float:
    """Return a number of a row; NaN for a blank cell or one that is no number."""
    return finite(row.get(column))


def summary_of(folder: Folder, metric: str, column: str) -> float:
    """Return a figure of the summary; NaN where it is not there."""
    sheet = folder.sheets.get("summary.csv")
    row = sheet.by("metric").get(metric) if sheet is not None and "metric" in sheet.columns else None
    return value(row, column) if row is not None else math.nan


def by_end_of(folder: Folder, year: float) -> float:
    """Return the calendar year that ends so many years after the start; the number of years where that is unknown."""
    start = folder.start_year
    return year if start is None else start + year - 1


def year_title(folders: Iterable[Folder], words: str = "") -> str:
    """Return the title of an axis of years."""
    known = all(folder.start_year is not None for folder in folders)
    return words if known else "years from the start"


def data(rows: Iterable[Row]) -> alt.Data:
    """Return rows as data of a chart: what is not finite is blank."""
    return alt.Data(  # type: ignore[no-untyped-call]
        values=[
            {key: None if isinstance(cell, float) and not math.isfinite(cell) else cell for key, cell in row.items()}
            for row in rows
        ]
    )


def years(title: str = "", domain: Sequence[float] | None = None) -> alt.X:
    """Return the axis of calendar years, with as many labels as there is room for."""
    count = alt.ExprRef("max(4, floor(width / 80))")
    axis = alt.Axis(format="d", tickCount=count, tickMinStep=1, title=title or None, grid=False)
    scale = alt.Scale(nice=False, zero=False) if domain is None else alt.Scale(nice=False, domain=list(domain))
    return alt.X("x:Q", axis=axis, scale=scale)


def percents(top: float = 1.0, labels: int = 5, key: str = "p") -> alt.Y:
    """Return an axis of shares from nothing to ``top``."""
    look = alt.Axis(format="~%", title=None, tickCount=labels, labelExpr="replace(datum.label, '%', ' %')")
    return alt.Y(f"{key}:Q", axis=look, scale=alt.Scale(domain=[0, top]))


def span(rows: Sequence[Row], half: float = 0.5) -> tuple[float, float]:
    """Return the first and the last year of some rows, with half a year around them."""
    places = [row["x"] for row in rows]
    return min(places) - half, max(places) + half


def tip(key: str, title: str) -> alt.Tooltip:
    """Return a line of a tooltip; its title becomes part of an expression, in which no line may end."""
    return alt.Tooltip(f"{key}:N", title=" ".join(title.split()))


def hover(rows: Sequence[Row], columns: Sequence[tuple[str, str]], wide: float = 1.0) -> alt.Chart:
    """Return a layer that shows what is written in rows where the pointer is: (key, title) for each line of it.

    A row needs its place ``x``; each is as wide as its period.
    """
    found = [{**row, "x0": row["x"] - 0.5 * wide, "x1": row["x"] + 0.5 * wide} for row in rows]
    at = alt.selection_point(name="at", fields=["x"], on="pointerover", clear="pointerout", empty=False)
    layer: alt.Chart = (
        alt.Chart(data(found))
        .mark_rect(style="hit")
        .encode(
            x=alt.X("x0:Q"),
            x2="x1:Q",
            fillOpacity=alt.condition(at, alt.value(0.08), alt.value(0)),
            tooltip=[tip(key, title) for key, title in columns],
        )
        .add_params(at)
        .properties(name="hover")
    )
    return layer


def legend(symbol: str = "stroke", columns: int = 3) -> alt.Legend:
    """Return a legend below the chart, in one column on a narrow screen."""
    return alt.Legend(
        title=None,
        orient="bottom",
        symbolType=symbol,
        symbolSize=500 if symbol == "stroke" else 150,
        symbolStrokeWidth=2.2 if symbol == "stroke" else 0,
        symbolOpacity=1,
        columns=alt.ExprRef(f"width < 480 ? 1 : {columns}"),
        labelLimit=alt.ExprRef(f"width < 480 ? max(width - 40, 120) : width / {columns} - 40"),
    )


def series(names: Sequence[str], field: str = "of", columns: int = 3) -> dict[str, Any]:
    """Return how lines of several names differ: by colour and by dashes, with one legend for both."""
    colours = [var(f"c{i % SERIES}") for i in range(len(names))]
    dashes = [list(DASHES[(i + i // SERIES) % len(DASHES)]) for i in range(len(names))]
    one = legend(columns=columns)
    return {
        "color": alt.Color(f"{field}:N", scale=alt.Scale(domain=list(names), range=colours), legend=one, sort=None),
        "strokeDash": alt.StrokeDash(
            f"{field}:N", scale=alt.Scale(domain=list(names), range=dashes), legend=one, sort=None
        ),
    }


def specification(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart as Vega-Lite without settings: those come from the page or the picture."""
    spec: dict[str, Any] = chart.to_dict(validate=False)  # the tests validate; here it would take half of the time
    spec.pop("config", None)
    return spec


def layered(*layers: alt.Chart | alt.LayerChart, height: int = HEIGHT) -> dict[str, Any]:
    """Return layers over each other as Vega-Lite, as wide as the page lets them be."""
    chart = alt.layer(*layers).properties(width="container", height=height)
    return specification(chart)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> View:
    """Return a table whose first columns are words and whose others are numbers."""
    return View(
        tuple(columns),
        tuple(tuple(row) for row in rows),
        tuple(i >= words for i in range(len(columns))),
    )


def error(se: float) -> str:
    """Return the half width of an interval of 95 % around a share, in points.

    >>> error(0.002), error(math.nan)
    ('0.39', '–')
    """
    return say.number(100.0 * SURE * se, 2)


def year_text(year: float) -> str:
    """Return a calendar year, or a number of years, as text.

    >>> year_text(2027.0), year_text(12.5)
    ('2027', '12.5')
    """
    return f"{year:.0f}" if float(year).is_integer() else f"{year:.1f}"
