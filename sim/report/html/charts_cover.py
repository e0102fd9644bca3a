"""The chart of the cover of debt service over the years."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from sim.report import format as say
from sim.report.html.charts_parts import (
    LENDERS,
    Row,
    absent,
    data,
    hover,
    identifier,
    lacks,
    layered,
    legend,
    span,
    summary_of,
    table,
    value,
    year_title,
    years,
)
from sim.report.html.charts_theme import var
from sim.report.html.content import Figure
from sim.report.html.folder import Folder
from sim.report.names import spoken

Rows = Sequence[Row]
POINTS = ("p10", "p50", "p90")
MEDIAN = "median"
DASHES = ([1, 0], [2, 2], [7, 3], [9, 3, 2, 3], [4, 4])


def dscr(folder: Folder) -> Figure:
    """Draw the cover of debt service by year with the lenders' case and the covenants of the loans."""
    why = lacks(folder, "cashflow.csv", ("period", "year", "line", "deterministic", *POINTS))
    rows = [] if why else _cover(folder)
    if not rows:
        why = why or "Not drawn: there is no debt service in any future."
        return absent("dscr", folder, "Cover of debt service (DSCR)", why)
    covenants = _covenants(folder)
    bottom, top = _reach(rows, covenants)
    wide = 1.0 / folder.periods_per_year
    x = years(year_title([folder]), span(rows, 0.5 * wide))
    y = alt.Y("y:Q", axis=alt.Axis(title="times", tickCount=5), scale=alt.Scale(domain=[bottom, top], nice=False))
    lines = [{"x": row["x"], "y": row["p50"], "of": MEDIAN} for row in rows]
    lines += [{"x": r["x"], "y": r["deterministic"], "of": LENDERS} for r in rows if math.isfinite(r["deterministic"])]
    looks = _looks([*dict.fromkeys(row["of"] for row in (*lines, *covenants))])
    keys = ("p90", "p50", "p10", "deterministic")
    told = [{"x": r["x"], "year": r["when"], **{key: say.number(r[key], 2) for key in keys}} for r in rows]
    names = {"p90": "P90", "p50": "median", "p10": "P10", "deterministic": LENDERS}
    spec = layered(
        alt.Chart(data(rows)).mark_area(style="band", clip=True).encode(x=x, y=alt.Y("p10:Q"), y2="p90:Q"),
        alt.Chart(data(covenants)).mark_rule(strokeWidth=1.4).encode(y=y, **looks),
        alt.Chart(data(lines)).mark_line(strokeWidth=2.4, clip=True).encode(x=x, y=y, **looks),
        hover(told, [("year", "Period"), *((key, names[key]) for key in keys)], wide),
    )
    view = table(
        ("Period", *(names[key] for key in keys)), [(row["year"], *(row[key] for key in keys)) for row in told]
    )
    highest = max(row["p90"] for row in rows)
    lowest = min(row["p10"] for row in rows)
    cuts = [f"P90 reaches {say.number(highest, 1)}"] if highest > top else []
    cuts += [f"P10 falls to {say.number(lowest, 1)}"] if lowest < bottom else []
    cut = f" The axis is cut: {', '.join(cuts)}." if cuts else ""
    caption = (
        "Cash available over debt service due, in the futures that owe service in that year, which are fewer the more "
        f"loans have been called or written off; shaded, P10 to P90.{cut}"
    )
    return Figure(identifier("dscr", folder), _title(folder, rows, wide == 1.0), caption, spec, view)


def _reach(rows: Rows, covenants: Rows) -> tuple[float, float]:
    """Return where the axis begins and ends: it shows the covenants and the middle, not the whole of the spread."""
    highest = max(row["p90"] for row in rows)
    planned = [1.15 * r["deterministic"] for r in rows if math.isfinite(r["deterministic"])]
    top = max([1.5, *(2.0 * c["y"] for c in covenants), *(1.15 * row["p50"] for row in rows), *planned])
    top = min(top, max(1.05 * highest, *planned, 1.5)) if highest > 1.5 else top
    return max(-0.5 * top, min([0.0, *(row["p10"] for row in rows)])), top


def _cover(folder: Folder) -> list[Row]:
    """Return the cover of each period in which there is any, at the middle of the period."""
    many, start = folder.periods_per_year, folder.start_year
    found = []
    for row in folder.sheets["cashflow.csv"].rows:
        if row["line"] == "dscr" and math.isfinite(value(row, "p50")):
            period, year = value(row, "period"), value(row, "year")
            place = year if many == 1 or start is None else start + (period - 0.5) / many - 0.5
            when = _when(year, int(period - 1.0) % many, many)
            found.append({"x": place, "when": when, **{key: value(row, key) for key in ("deterministic", *POINTS)}})
    return found


def _when(year: float, part: int, many: int) -> str:
    """Return a period of a year as text.

    >>> _when(2032.0, 0, 1), _when(2032.0, 1, 4), _when(2032.0, 8, 12), _when(2032.0, 1, 2)
    ('2032', '2032 Q2', '2032-09', '2032, part 2 of 2')
    """
    if many in (1, 4, 12):
        return f"{year:.0f}" + {1: "", 4: f" Q{part + 1}", 12: f"-{part + 1:02}"}[many]
    return f"{year:.0f}, part {part + 1} of {many}"


def _title(folder: Folder, rows: Rows, yearly: bool) -> str:
    failed, least = summary_of(folder, "defaulted", "mean"), summary_of(folder, "dscr_min", "p50")
    if failed > 0.0 and math.isfinite(least):
        told = f"Loans default in {say.share(failed)} of futures"
        return f"{told}; the least cover of the median one is {say.number(least, 2)}"
    if all(row["p10"] == row["p90"] for row in rows):
        paid = all(row["p50"] >= 1.0 for row in rows)
        return "All debt service is paid in full" if paid else "Debt service is not always paid in full"
    short, period = sum(row["p10"] < 1.0 for row in rows), "years" if yearly else "periods"
    if short:
        return f"In {short} of {len(rows)} {period} a tenth of those that owe debt service cannot pay it in full"
    return f"Nine in ten of those that owe debt service pay it in full in all {period}"


def _covenants(folder: Folder) -> list[Row]:
    """Return the levels that loans name, each once, with the loans that name it."""
    financing = folder.scenario.get("financing")
    tranches = financing.get("tranches") if isinstance(financing, Mapping) else None
    found: dict[tuple[float, str], list[str]] = {}
    for name, tranche in (tranches or {}).items():
        for key, word in (("target_dscr", "target"), ("lock_up_dscr", "lock-up"), ("default_dscr", "default")):
            level = tranche.get(key) if isinstance(tranche, Mapping) else None
            level = level.get("value") if isinstance(level, Mapping) else level
            if isinstance(level, int | float) and not isinstance(level, bool):
                found.setdefault((float(level), word), []).append(spoken(str(name)))
    several = len({tuple(names) for names in found.values()}) > 1
    return [
        {"y": level, "of": f"{word} {say.number(level, 2)}{f' ({chr(44).join(names)})' if several else ''}"}
        for (level, word), names in sorted(found.items(), reverse=True)
    ]


def _looks(names: Sequence[str]) -> dict[str, Any]:
    """Return how the lines differ: one legend for the median, the lenders' case and each covenant."""
    first = [name for name in (MEDIAN, LENDERS) if name in names]
    colours = {MEDIAN: "c0", LENDERS: "c5"}
    others = [name for name in names if name not in first]
    range_ = [var(colours[name]) for name in first]
    range_ += [var(("c2", "c4", "c1", "c3", "c5")[i % 5]) for i in range(len(others))]
    dashes = [DASHES[0] if name == MEDIAN else DASHES[1] for name in first]
    dashes += [DASHES[(i + 2) % 5] for i in range(len(others))]
    order = [*first, *others]
    one = legend(columns=3)
    return {
        "color": alt.Color("of:N", scale=alt.Scale(domain=order, range=range_), legend=one, sort=None),
        "strokeDash": alt.StrokeDash("of:N", scale=alt.Scale(domain=order, range=dashes), legend=one, sort=None),
    }
