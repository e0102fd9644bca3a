"""The distribution of a metric over all futures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import altair as alt

from sim.report import format as say
from sim.report.html.charts_parts import (
    HEIGHT,
    Row,
    absent,
    data,
    identifier,
    lacks,
    percents,
    specification,
    summary_of,
    table,
    tip,
    value,
)
from sim.report.html.content import Figure
from sim.report.html.folder import Folder
from sim.report.names import spoken

NAMES = {"project_npv_usd": "net present value (NPV)", "project_irr": "internal rate of return (IRR)"}
LEFT_OUT = 0.0025
"""Share of the futures at each end that need not be drawn."""


def distribution(folder: Folder, metric: str) -> Figure:
    """Draw how a metric is spread over the futures; those without a value, and single values, are told in words."""
    kind, name = f"spread-{metric}", NAMES.get(metric, spoken(metric))
    title = f"Spread of the {name}"
    why = lacks(folder, "distributions.csv", ("metric", "from", "to", "share"))
    rows = [] if why else [row for row in folder.sheets["distributions.csv"].rows if row["metric"] == metric]
    if not rows:
        return absent(kind, folder, title, why or f"Not drawn: distributions.csv has no {metric}.")
    bins = [row for row in rows if value(row, "to") > value(row, "from") and math.isfinite(value(row, "to"))]
    points = [r for r in rows if value(r, "from") == value(r, "to") and math.isfinite(value(r, "to"))]
    points = [row for row in points if value(row, "share") > 0.0]
    unit = _unit(folder, metric)
    write, written = say.row_scale(unit, [value(row, key) for row in rows for key in ("from", "to")])
    if not bins or sum(value(row, "share") for row in bins) <= 0.0:
        told = "; ".join(f"{write(value(r, 'from'))} {written} in {say.share(value(r, 'share'))}" for r in points)
        told = told or "it has no value in any future"
        return absent(kind, folder, title, f"Not drawn, as it does not vary: {told} of futures.")
    drawn, outside = _trimmed(bins)
    equal = min(value(row, "to") - value(row, "from") for row in drawn)
    divisor = say.divisor(unit, [value(row, key) for row in rows for key in ("from", "to")])
    spec = _histogram(drawn, equal, divisor, (write, written), _median(folder, metric))
    view = table(
        (f"from, {written}", f"to, {written}", "share of futures"),
        [(write(value(r, "from")), write(value(r, "to")), say.share(value(r, "share"))) for r in rows],
        words=0,
    )
    rest = _rest(rows, points, (write, written), outside)
    width = f"{say.number(equal / divisor, 2)} {written}"
    caption = (
        f"Share of futures for each {width} of {name}. Bars at the ends cover more and are as much lower: "
        f"areas are shares.{rest}"
    )
    return Figure(identifier(kind, folder), _title(folder, metric, name, (write, written), rows), caption, spec, view)


def _unit(folder: Folder, metric: str) -> str:
    """Return the unit of a metric, as the summary has it."""
    sheet = folder.sheets.get("summary.csv")
    row = sheet.by("metric").get(metric) if sheet is not None and "metric" in sheet.columns else None
    if row is not None and isinstance(row.get("unit"), str):
        return str(row["unit"])
    return "USD" if metric.endswith("_usd") else "per year" if metric.endswith("irr") else ""


def _median(folder: Folder, metric: str) -> float:
    return summary_of(folder, metric, "p50")


def _trimmed(bins: Sequence[Row]) -> tuple[list[Row], float]:
    """Return the bins without the ends in which hardly any future lies, and the share of what is left out."""
    kept, outside = list(bins), 0.0
    for end in (0, -1):
        out = 0.0
        while len(kept) > 2 and out + value(kept[end], "share") <= LEFT_OUT:
            out += value(kept.pop(end), "share")
        outside += out
    return kept, outside


def _boxes(row: Row, equal: float, divisor: float, form: tuple[Callable[[float], str], str]) -> list[Row]:
    """Return a bin as it is drawn: of two colours where zero lies in it."""
    write, unit = form
    low, high, share = (value(row, key) for key in ("from", "to", "share"))
    both: Row = {
        "height": share * equal / (high - low),
        "span": f"{write(low)} to {write(high)} {unit}",
        "share": say.share(share),
    }
    ends = [(low, min(high, 0.0), "takes"), (max(low, 0.0), high, "adds")]
    return [{**both, "low": a / divisor, "high": b / divisor, "kind": kind} for a, b, kind in ends if b > a]


def _histogram(
    bins: Sequence[Row], equal: float, divisor: float, form: tuple[Callable[[float], str], str], median: float
) -> dict[str, Any]:
    write, unit = form
    rows = [part for row in bins for part in _boxes(row, equal, divisor, form)]
    low, high = rows[0]["low"], rows[-1]["high"]
    top = max(row["height"] for row in rows) * 1.12
    count = alt.ExprRef("max(3, floor(width / 80))")
    x = alt.X("low:Q", axis=alt.Axis(title=unit, tickCount=count), scale=alt.Scale(domain=[low, high], nice=False))
    y = percents(top, key="height")
    tooltip = [tip("span", "Range"), tip("share", "Share of futures")]
    layers = [
        alt.Chart(data([row for row in rows if row["kind"] == kind]))
        .mark_bar(style=[kind, "edged"], binSpacing=0)
        .encode(x=x, x2="high:Q", y=y, y2=alt.datum(0), tooltip=tooltip)
        for kind in ("takes", "adds")
        if any(row["kind"] == kind for row in rows)
    ]
    if low < 0.0 < high:
        layers.append(alt.Chart(data([{}])).mark_rule(style="zero").encode(x=alt.datum(0)))
    if math.isfinite(median) and low <= median / divisor <= high:
        place: Row = {"x": median / divisor, "text": f"median {write(median)}"}
        right = place["x"] < 0.5 * (low + high)
        layers.append(alt.Chart(data([place])).mark_rule(style="marker").encode(x="x:Q"))
        words = alt.Chart(data([place])).mark_text(align="left" if right else "right", dx=6 if right else -6, dy=8)
        layers.append(words.encode(x="x:Q", y=alt.value(0), text="text:N"))
    return specification(alt.layer(*layers).properties(width="container", height=HEIGHT))


def _rest(rows: Sequence[Row], points: Sequence[Row], form: tuple[Callable[[float], str], str], outside: float) -> str:
    """Return in words what the bars do not show."""
    write, unit = form
    never = sum(value(row, "share") for row in rows if value(row, "from") == math.inf)
    none = sum(value(row, "share") for row in rows if math.isnan(value(row, "from")))
    parts = [f"exactly {write(value(row, 'from'))} {unit} in {say.share(value(row, 'share'))}" for row in points]
    parts += [f"never in {say.share(never)}"] if never else []
    parts += [f"without any value in {say.share(none)}"] if none else []
    parts += [f"further out in {say.share(outside)}"] if outside else []
    return f" Not drawn: {', '.join(parts)} of futures." if parts else ""


def _title(
    folder: Folder, metric: str, name: str, form: tuple[Callable[[float], str], str], rows: Sequence[Row]
) -> str:
    write, unit = form
    middle, low, high = (summary_of(folder, metric, key) for key in ("p50", "p10", "p90"))
    if metric == "project_npv_usd" and math.isfinite(middle):
        adds = summary_of(folder, "npv_positive", "mean")
        first = f"{say.share(adds)} of futures add value" if math.isfinite(adds) else "Net present value"
        return f"{first}; the median NPV is {say.usd(middle)}"
    if metric == "project_irr":
        return _rates_title(rows) or f"Spread of the {name}"
    if not (math.isfinite(low) and math.isfinite(middle) and math.isfinite(high)):
        return f"Spread of the {name}"
    return f"{name[:1].upper()}{name[1:]}: {write(low)} to {write(high)} {unit} in 80 % of futures"


def _rates_title(rows: Sequence[Row]) -> str:
    """Return the shares of futures without a rate of return, or none but a loss of everything; empty without such."""
    lost = sum(value(row, "share") for row in rows if value(row, "to") == -1.0)
    none = sum(value(row, "share") for row in rows if math.isnan(value(row, "from")))
    told = [f"{say.share(lost)} of futures lose all they invest"] if lost else []
    told += [f"{say.share(none)}{'' if lost else ' of futures'} have no rate of return"] if none else []
    return ", ".join(told)
