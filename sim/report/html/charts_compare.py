"""Charts of a comparison: who pays back in which futures, and how far the net present values lie apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from sim.report import format as say
from sim.report.html.charts_bars import ROW, bar_axis
from sim.report.html.charts_parts import Row, absent, data, identifier, lacks, layered, legend, table, tip, value
from sim.report.html.charts_theme import var
from sim.report.html.content import Figure
from sim.report.html.folder import Folder

PARTS = {"both": "c2", "only_a": "c0", "only_b": "c1", "neither": "line"}
"""Parts of all futures by who pays back in them, with their colours."""
PAYBACK, NPV = "project_payback_years", "project_npv_usd"


def who_pays(folder: Folder) -> Figure:
    """Draw, for each pair of results, in which futures both pay back, one alone, or neither."""
    title = "Who pays back in which futures"
    why = lacks(folder, "paybacks.csv", ("a", "b", "metric", "p_a", "p_b", *PARTS))
    found = [] if why else [row for row in folder.sheets["paybacks.csv"].rows if row["metric"] == PAYBACK]
    rows = [row for row in found if not any(math.isnan(value(row, part)) for part in PARTS)]
    if not rows:
        why = why or "Not drawn: the two have not drawn the same futures, so that it is not known in which both pay."
        return absent("who-pays", folder, title, why)
    names = _names(rows)
    told = [_told(row, names) for row in rows]
    view = table(
        ("Results", *names.values()),
        [(str(one["of"]), *(str(one[part]) for part in PARTS)) for one in told],
    )
    caption = "Share of all futures by who pays back in them: both of the two results, one alone, or neither. "
    caption += "Over each bar: in how many of all futures each of the two pays back."
    return Figure(identifier("who-pays", folder), _pays_title(rows), caption, _stacked(rows, told, names), view)


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """Return what the parts are called: the two by name where all rows are of the same two."""
    a, b = ({str(row[end]) for row in rows} for end in "ab")
    first = f"only in {a.pop()}" if len(a) == 1 else "only in the first"
    other = f"only in {b.pop()}" if len(b) == 1 else "only in the other"
    return {"both": "in both", "only_a": first, "only_b": other, "neither": "in neither"}


def _told(row: Row, names: Mapping[str, str]) -> Row:
    """Return what stands over a bar and in its tooltip."""
    shares = dict(zip(PARTS, say.shares([value(row, part) for part in PARTS]), strict=True))
    ends = f"{row['a']} {say.share(value(row, 'p_a'))}, {row['b']} {say.share(value(row, 'p_b'))}"
    return {"of": f"{row['b']} and {row['a']}", "said": ends, **shares}


def _pays_title(rows: Sequence[Row]) -> str:
    if len(rows) == 1:
        (row,) = rows
        ends = (
            f"{say.share(value(row, 'p_a'))} of futures in {row['a']}, in {say.share(value(row, 'p_b'))} in {row['b']}"
        )
        return f"Pays back in {ends}; in neither in {say.share(value(row, 'neither'))}"
    shares = {str(row[end]): value(row, f"p_{end}") for row in rows for end in "ab"}
    best = max(shares, key=lambda name: shares[name])
    if not shares[best]:
        return "None of the results pays back in any future"
    return f"Pays back most often: {best}, in {say.share(shares[best])} of futures"


def _stacked(rows: Sequence[Row], told: Sequence[Row], names: Mapping[str, str]) -> dict[str, Any]:
    parts = [
        {**one, "i": i, "part": names[part], "share": value(row, part), "order": k}
        for i, (row, one) in enumerate(zip(rows, told, strict=True))
        for k, part in enumerate(PARTS)
    ]
    colours = alt.Scale(domain=list(names.values()), range=[var(colour) for colour in PARTS.values()])
    y = alt.Y("i:O", axis=None, scale=alt.Scale(domain=list(range(len(rows))), padding=0))
    axis = alt.Axis(format="~%", title=None, tickCount=4, labelExpr="replace(datum.label, '%', ' %')", grid=False)
    x = alt.X("share:Q", stack="zero", axis=axis, scale=alt.Scale(domain=[0, 1]))
    tips = [tip("of", "Results"), *(tip(part, name) for part, name in names.items())]
    words = alt.Chart(data([{**one, "i": i} for i, one in enumerate(told)])).mark_text(
        align="left", dy=-8, limit=alt.ExprRef("width")
    )
    return layered(
        alt.Chart(data(parts))
        .mark_bar(style="edged", size=16, yOffset=10)
        .encode(
            x=x,
            y=y,
            fill=alt.Fill("part:N", scale=colours, legend=legend("square", 2), sort=None),
            order="order:Q",
            tooltip=tips,
        ),
        words.encode(x=alt.value(0), y=y, text="said:N"),
        height=(ROW + 8) * len(rows),
    )


def npv_apart(folder: Folder) -> Figure:
    """Draw how much more or less the mean net present value of each result is than that of the reference."""
    title = "Difference of the mean net present value"
    why = lacks(folder, "comparison.csv", ("a", "b", "metric", "difference", "ci_low", "ci_high"))
    found = [] if why else [row for row in folder.sheets["comparison.csv"].rows if row["metric"] == NPV]
    rows = [row for row in found if math.isfinite(value(row, "difference"))]
    if not rows:
        return absent("npv-apart", folder, title, why or f"Not drawn: comparison.csv has no difference of {NPV}.")
    keys = ("difference", "ci_low", "ci_high")
    sizes = [value(row, key) for row in rows for key in keys]
    (write, unit), by = say.row_scale("USD", sizes), say.divisor("USD", sizes)
    told: list[Row] = []
    for i, row in enumerate(rows):
        ends = [value(row, key) for key in keys]
        text = [say.signed(write(end), end) for end in ends]
        limits = f"{text[1]} to {text[2]}" if all(map(math.isfinite, ends)) else "–"
        told.append({"i": i, "of": f"{row['b']} less {row['a']}", "text": text[0], "limits": limits})
        told[-1] |= {key: end / by for key, end in zip(keys, ends, strict=True)}
    most = max(rows, key=lambda row: abs(value(row, "difference")))
    way = "more" if value(most, "difference") > 0.0 else "less"
    title = (
        f"The mean NPV differs most in {most['b']}: {say.usd(abs(value(most, 'difference')))} {way} than in {most['a']}"
    )
    caption = f"Difference of the mean net present value, {unit}: point; line: its 95 % interval, where there is one."
    view = table(("Results", f"Difference, {unit}", "95 % interval"), [(r["of"], r["text"], r["limits"]) for r in told])
    return Figure(identifier("npv-apart", folder), title, caption, _dots(told, unit), view)


def _dots(told: Sequence[Row], unit: str) -> dict[str, Any]:
    ends = [row[key] for row in told for key in ("difference", "ci_low", "ci_high") if math.isfinite(row[key])]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.02 * max(high - low, 1e-12)
    x = alt.X("difference:Q", axis=bar_axis(unit), scale=alt.Scale(domain=[low - room, high + room], nice=False))
    y = alt.Y("i:O", axis=None, scale=alt.Scale(domain=[row["i"] for row in told], padding=0))
    tips = [tip("of", "Results"), tip("text", f"difference, {unit}"), tip("limits", "95 % interval")]
    base = alt.Chart(data(told)).encode(y=y)
    limit = alt.ExprRef("max(width - 60, 60)")
    return layered(
        base.mark_tick(style="zero", orient="vertical", size=16, thickness=1, yOffset=10).encode(x=alt.datum(0.0)),
        base.mark_rule(style="spread", yOffset=10).encode(x=alt.X("ci_low:Q"), x2="ci_high:Q"),
        base.mark_point(filled=True, size=70, yOffset=10, opacity=1).encode(x=x, tooltip=tips),
        base.mark_text(align="left", dy=-8, limit=limit).encode(x=alt.value(0), text="of:N"),
        base.mark_text(align="right", dy=-8).encode(x=alt.value("width"), text="text:N"),
        height=ROW * len(told),
    )
