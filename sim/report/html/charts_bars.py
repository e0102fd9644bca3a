"""Charts of parts: who gets what, what moves a result, what a difference is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from sim.report import format as say
from sim.report.html.charts_parts import (
    Row,
    absent,
    data,
    identifier,
    lacks,
    specification,
    table,
    tip,
    value,
)
from sim.report.html.content import Figure
from sim.report.html.folder import Folder
from sim.report.names import input_name, spoken

ROW = 38
"""Height of a bar with its words above it."""
NARROW = 400
"""Width below which words are shortened."""
LETTERS = 36
DRAWN = 12
BLOCKED = "Revenue blocked, not released"
"""Inputs that are drawn at most."""
INCOME = (
    ("revenue_merchant", "Power sold on the market"),
    ("revenue_ppa", "Power sold by contract"),
    ("revenue_capacity", "Capacity payments"),
    ("salvage", "Salvage"),
)
OUTLAY = (
    ("supply_cost", "Cost of the power"),
    ("charges", "Charges for transmission"),
    ("operating_cost", "Operation and insurance"),
    ("replacements", "Replacements"),
    ("decommissioning", "Decommissioning"),
    ("tax", "Tax"),
    ("capex", "Investment"),
)
METRICS = {
    "project_npv_usd": "the net present value",
    "project_irr": "the rate of return",
    "project_payback_years": "the payback",
    "lcoe_usd_per_mwh": "the cost of energy",
    "investment_usd": "the investment",
    "equity_npv_usd": "the sponsors’ net present value",
    "dscr_min": "the least cover of debt service",
    "lenders_loss_usd": "the lenders’ loss",
}
"""Metrics that inputs can move, as a sentence names them."""
Bars = Sequence[Row]


# --- drawing ------------------------------------------------------------------------------------------------------


def bars(rows: Bars, tips: Sequence[tuple[str, str]], axis: alt.Axis, reach: tuple[float, float]) -> dict[str, Any]:
    """Return bars under each other: the words of each stand over it to the left, its number to the right.

    A row has ``low`` and ``high``, its ``kind`` (adds, takes, total), ``name`` and ``text``; where it has ``from`` and
    ``to``, a thin line joins these.
    """
    rows = [{**row, "i": i, "short": _short(row["name"])} for i, row in enumerate(rows)]
    room = max(reach[1] - reach[0], 1e-12) * 0.02
    scale = alt.Scale(domain=[reach[0] - room, reach[1] + room], nice=False)
    y = alt.Y("i:O", axis=None, scale=alt.Scale(domain=[row["i"] for row in rows], padding=0))
    x = alt.X("low:Q", axis=axis, scale=scale)
    tooltip = [tip(key, title) for key, title in tips]
    at = alt.selection_point(name="at", fields=["i"], on="pointerover", clear="pointerout", empty=False)
    layers: list[alt.Chart] = [
        alt.Chart(data([row for row in rows if row["kind"] == kind]))
        .mark_bar(style=kind, size=12, yOffset=9)
        .encode(y=y, x=x, x2="high:Q")
        for kind in ("adds", "takes", "total")
        if any(row["kind"] == kind for row in rows)
    ]
    spread = [row for row in rows if math.isfinite(row.get("from", math.nan))]
    if spread:
        layers.append(alt.Chart(data(spread)).mark_rule(style="spread", yOffset=9).encode(y=y, x="from:Q", x2="to:Q"))
    words = alt.Chart(data(rows)).encode(y=y)
    size = alt.ExprRef(f"width < {NARROW} ? 10.5 : 12")
    layers += [
        words.mark_rule(style="zero", yOffset=1, y2Offset=17).encode(x=alt.datum(0), y=y),
        words.transform_calculate(said=f"width < {NARROW} ? datum.short : datum.name")
        .mark_text(align="left", dy=-6, limit=alt.ExprRef("max(width - 60, 60)"), fontSize=size)
        .encode(x=alt.value(0), text="said:N"),
        words.mark_text(align="right", dy=-6, fontSize=size).encode(x=alt.value("width"), text="text:N"),
        words.mark_rect(style="hit")
        .encode(fillOpacity=alt.condition(at, alt.value(0.06), alt.value(0)), tooltip=tooltip)
        .add_params(at)
        .properties(name="hover"),
    ]
    chart = alt.layer(*layers).properties(width="container", height=ROW * len(rows))
    return specification(chart)


def _short(name: str) -> str:
    """Return the end of a long name, from a dot or a space on where there is one.

    >>> _short("macro.commodities.coal_newcastle (mean, in USD)"), _short("Tax")
    ('…coal_newcastle (mean, in USD)', 'Tax')
    """
    if len(name) <= LETTERS:
        return name
    end = name[1 - LETTERS :]
    place = min((i for i in (end.find("."), end.find(" ")) if 0 <= i < LETTERS // 2), default=-1)
    return f"…{end[place + 1 :]}"


def bar_axis(unit: str, left: str = "", right: str = "") -> alt.Axis:
    """Return the axis of the numbers of bars: their unit, and what it means to lie on either side."""
    title = "\u2003".join(text for text in (left, unit, right) if text)
    return alt.Axis(title=title, tickCount=alt.ExprRef("max(3, floor(width / 100))"), grid=False)


def ends(rows: Bars) -> tuple[float, float]:
    """Return what an axis must reach to hold bars and zero."""
    found = [row[key] for row in rows for key in ("low", "high", "from", "to") if math.isfinite(row.get(key, math.nan))]
    return min(0.0, *found), max(0.0, *found)


def kind_of(amount: float) -> str:
    """Return how a bar of an amount looks."""
    return "adds" if amount >= 0.0 else "takes"


# --- who gets what ------------------------------------------------------------------------------------------------


def who_gets_what(folder: Folder) -> Figure:
    """Draw what becomes of the revenue: mean nominal sums over the whole horizon, down to the net flow."""
    title = "From revenue to net flow"
    why = lacks(folder, "cashflow.csv", ("period", "line", "mean"))
    lines, last = ({}, {}) if why else sums(folder)
    end = last.get("cumulative_net", math.nan)
    if why or not math.isfinite(end):
        why = why or "Not drawn: cashflow.csv has no line cumulative_net."
        return absent("who-gets-what", folder, title, why)
    parts = [(name, lines.get(key, 0.0)) for key, name in INCOME]
    costs = [(name, -lines.get(key, 0.0)) for key, name in OUTLAY]
    size = max(abs(amount) for _, amount in (*parts, *costs, ("", end)))
    blocked = lines.get("ebitda", math.nan) - sum(amount for _, amount in (*parts, *costs[:-2]))
    if abs(blocked) > 1e-7 * size:
        parts.append((BLOCKED, blocked))
    moved = [(name, amount) for name, amount in (*parts, *costs) if abs(amount) > 1e-9 * size]
    if not moved:
        return absent("who-gets-what", folder, title, "Not drawn: no money moves in any future.")
    if not math.isclose(sum(amount for _, amount in moved), end, abs_tol=1e-6 * size):
        why = "Not drawn: the lines of cashflow.csv do not add up to its cumulative net flow."
        return absent("who-gets-what", folder, title, why)
    revenue = sum(amount for name, amount in parts if name != "Salvage")
    among = [revenue, revenue - end]
    less = ", less what stays blocked," if parts[-1][0] == BLOCKED else ""
    found = f"revenue of {say.usd(revenue, among)}{less} does not pay for costs of {say.usd(revenue - end, among)}"
    left = f"Of {say.usd(revenue, [revenue, end])} of revenue {say.usd(end, [revenue, end])} is left"
    title = f"In the mean {found}" if end < 0.0 else left
    rows, unit = steps(moved, ("Net flow", end))
    spec = bars(rows, [("name", "Part"), ("text", unit)], bar_axis(unit), ends(rows))
    view = table(("Part", unit), [(row["name"], row["text"]) for row in rows])
    caption = (
        f"Mean over all futures of the nominal sums over the whole horizon, in {unit}, after tax and before loans. "
        "Each bar begins where the one above it ends; the last is what is left."
    )
    return Figure(identifier("who-gets-what", folder), title, caption, spec, view)


def sums(folder: Folder) -> tuple[dict[str, float], dict[str, float]]:
    """Return the sums over the years of the means of each line of the cash flow, and the last mean of each."""
    found: dict[str, float] = {}
    last: dict[str, float] = {}
    for row in folder.sheets["cashflow.csv"].rows:
        mean = value(row, "mean")
        if math.isfinite(mean):
            found[row["line"]] = found.get(row["line"], 0.0) + mean
            last[row["line"]] = mean
    return found, last


def steps(parts: Sequence[tuple[str, float]], total: tuple[str, float], unit: str = "USD") -> tuple[list[Row], str]:
    """Return bars each of which begins where the one before ended, and the unit; the total stands on zero."""
    reached, places = 0.0, []
    for _, amount in parts:
        places.append((reached, reached + amount))
        reached += amount
    sizes = [*(amount for _, amount in (*parts, total)), *(end for _, end in places)]
    write, name = say.row_scale(unit, sizes)
    by = say.divisor(unit, sizes)
    rows: list[Row] = [
        {"name": what, "text": say.signed(write(amount), amount), "kind": kind_of(amount), "low": low / by}
        | {"high": high / by}
        for (what, amount), (low, high) in zip(parts, places, strict=True)
    ]
    what, amount = total
    rows.append({"name": what, "text": write(amount), "kind": "total", "low": 0.0, "high": amount / by})
    return rows, name


# --- drivers ------------------------------------------------------------------------------------------------------


def drivers(folder: Folder, metric: str = "project_npv_usd") -> Figure:
    """Draw the rank correlations of the inputs that move a metric most."""
    kind, moved = f"drivers-{metric}", METRICS.get(metric, spoken(metric))
    title = f"What moves {moved}"
    why = lacks(folder, "drivers.csv", ("input", "metric", "rank_correlation"))
    if why:
        nothing = "drivers.csv" in folder.sheets and not folder.sheets["drivers.csv"].rows
        return absent(kind, folder, title, "Not drawn: nothing is uncertain in this scenario." if nothing else why)
    of_it = [row for row in folder.sheets["drivers.csv"].rows if row["metric"] == metric]
    known = [row for row in of_it if math.isfinite(value(row, "rank_correlation"))]
    if not known:
        why = "it has no value in too many futures" if of_it else "drivers.csv does not have it"
        return absent(kind, folder, title, f"Not drawn: no rank correlations with {moved}, as {why}.")
    known.sort(key=lambda row: -abs(value(row, "rank_correlation")))
    rows: list[Row] = []
    for row in known:
        size, key = value(row, "rank_correlation"), row["input"]
        told = {"name": input_name(key), "key": key, "text": say.signed(say.number(size, 2), size)}
        rows.append({**told, "kind": kind_of(size), "low": 0.0, "high": size})
    reach = max(0.1, *(abs(row["high"]) for row in rows))
    tips = [("name", "Input"), ("key", "Key"), ("text", "rank correlation")]
    spec = bars(rows[:DRAWN], tips, bar_axis("rank correlation", "← lowers it", "raises it →"), (-reach, reach))
    view = table(
        ("Input", "Key", "rank correlation"), [(row["name"], row["key"], row["text"]) for row in rows], words=2
    )
    left = len(rows) - DRAWN
    rest = f" {'One more is' if left == 1 else f'The {left} others are'} in the table." if left > 0 else ""
    draws = folder.manifest.draws if folder.manifest is not None else None
    noise = f"; below {say.number(2.0 / math.sqrt(draws), 2)} hardly to be told from chance" if draws else ""
    caption = (
        f"Rank correlation (Spearman) of uncertain inputs with {moved}, strongest first: +1, they rise together; "
        f"−1, one falls as the other rises{noise}.{rest}"
    )
    first = rows[0]["name"]
    return Figure(identifier(kind, folder), f"{first} moves {moved} most", caption, spec, view)
