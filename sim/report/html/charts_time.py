"""Charts over the years: payback and cumulative cash."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt

from sim.report import format as say
from sim.report.html.charts_parts import (
    LENDERS,
    SURE,
    Row,
    absent,
    by_end_of,
    data,
    error,
    hover,
    identifier,
    lacks,
    layered,
    percents,
    series,
    span,
    table,
    value,
    year_text,
    year_title,
    years,
)
from sim.report.html.content import Figure, View
from sim.report.html.folder import Folder

Rows = Sequence[Row]
POINTS = ("p10", "p50", "p90")


# --- payback ------------------------------------------------------------------------------------------------------


def payback_curve(folders: Sequence[Folder]) -> Figure:
    """Draw the share of futures that have paid back by the end of each year, of one or of several runs."""
    title = "Share of futures that have paid back"
    needed = ("year", "p_paid_back", "se")
    drawn = [folder for folder in folders if not lacks(folder, "payback.csv", needed) and _years(folder)]
    first = folders[0] if len(folders) == 1 else None
    if not drawn:
        why = lacks(folders[0], "payback.csv", needed) if folders else "Not drawn: there is no run."
        why = why or "Not drawn: payback.csv has no year after the start."
        return absent("payback", first, title, why)
    lines = _payback_lines(drawn)
    names = list(dict.fromkeys(row["of"] for row in lines))
    top = max(0.01, *(row["high"] for row in lines))
    x = years(year_title(drawn), span(lines, 0.0))
    bands = alt.Chart(data(row for row in lines if row["band"])).mark_area(opacity=0.16)
    looks = series(names)
    curves = alt.Chart(data(lines)).mark_line(strokeWidth=2.4)
    wide, columns = _payback_wide(lines, names)
    spec = layered(
        bands.encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=looks["color"]),
        curves.encode(x=x, y=percents(top), **looks),
        hover(wide, columns),
    )
    view = _payback_table(drawn[0]) if len(drawn) == 1 else _payback_of_runs(wide, names)
    caption = _payback_caption(drawn, len(names) > len(drawn))
    left = [folder.label for folder in folders if folder not in drawn]
    caption += f" Without {', '.join(left)}: no payback.csv." if left else ""
    return Figure(identifier("payback", first), _payback_title(drawn), caption, spec, view)


def _years(folder: Folder) -> list[Row]:
    """Return the rows of the payback curve at the end of a year."""
    return [row for row in folder.sheets["payback.csv"].rows if value(row, "year") >= 1.0]


def _payback_lines(folders: Sequence[Folder]) -> list[Row]:
    """Return the points of all curves; one run alone has a second one, discounted."""
    found: list[Row] = []
    for folder in folders:
        kinds = [(folder.label, "p_paid_back", "se")]
        if len(folders) == 1:
            kinds = [("paid back", "p_paid_back", "se")]
            kinds += [("paid back, discounted", "p_paid_back_discounted", "se_discounted")]
        for name, key, se in kinds:
            for row in _years(folder):
                p, wide = value(row, key), SURE * value(row, se)
                if math.isnan(p):
                    continue
                band = math.isfinite(wide)
                low, high = (max(p - wide, 0.0), min(p + wide, 1.0)) if band else (p, p)
                place = by_end_of(folder, value(row, "year"))
                found.append({"x": place, "of": name, "p": p, "low": low, "high": high, "band": band})
    return found


def _payback_wide(lines: Rows, names: Sequence[str]) -> tuple[list[Row], list[tuple[str, str]]]:
    found: dict[float, Row] = {}
    for row in lines:
        wide = found.setdefault(row["x"], {"x": row["x"], "year": year_text(row["x"])})
        doubt = f" ± {say.number(100.0 * (row['high'] - row['p']), 1)}" if 0.0 < row["p"] < 1.0 and row["band"] else ""
        wide[f"v{names.index(row['of'])}"] = f"{say.share(row['p'])}{doubt}"
    return [found[x] for x in sorted(found)], [("year", "By the end of"), *((f"v{i}", n) for i, n in enumerate(names))]


def _payback_table(folder: Folder) -> View:
    heads = ("By the end of", "Paid back", "± points", "Discounted", "± points", "Not paid back", "Not invested")
    keys = ("p_paid_back", "se", "p_paid_back_discounted", "se_discounted", "unpaid", "not_invested")
    rows = [
        (
            year_text(by_end_of(folder, value(row, "year"))),
            *((error if key[:2] == "se" else say.share)(value(row, key)) for key in keys),
        )
        for row in _years(folder)
    ]
    return table(heads, rows)


def _payback_of_runs(wide: Rows, names: Sequence[str]) -> View:
    rows = [(row["year"], *(row.get(f"v{i}", say.MISSING) for i in range(len(names)))) for row in wide]
    return table(("By the end of", *names), rows)


def _last_share(folder: Folder) -> tuple[float, float]:
    last = folder.sheets["payback.csv"].rows[-1]
    return by_end_of(folder, value(last, "year")), value(last, "p_paid_back")


def _payback_title(folders: Sequence[Folder]) -> str:
    ends = [_last_share(folder) for folder in folders]
    if len(ends) == 1 and ends[0][1] == 1.0:
        rows = folders[0].sheets["payback.csv"].rows
        first = next(row for row in rows if value(row, "p_paid_back") == 1.0)
        return f"All futures have paid back by the end of {year_text(by_end_of(folders[0], value(first, 'year')))}"
    if len(ends) == 1:
        return f"{say.share(ends[0][1])} of futures have paid back by {year_text(ends[0][0])}"
    if len(ends) <= 3:
        told = (f"{f.label} {say.share(p)} by {year_text(year)}" for f, (year, p) in zip(folders, ends, strict=True))
        return f"Paid back: {', '.join(told)}"
    least, most = min(p for _, p in ends), max(p for _, p in ends)
    return f"Between {say.share(least)} and {say.share(most)} of futures pay back"


def _payback_caption(folders: Sequence[Folder], discounted: bool) -> str:
    text = "Share of futures whose cumulative real net flow, after tax and before loans, is back at zero by the end of"
    second = "; dashed: discounted" if discounted else ""
    missing = any(math.isnan(value(row, "se")) for f in folders for row in f.sheets["payback.csv"].rows)
    none = "no error band where futures are too few for one, or all alike"
    ends = {_last_share(folder)[0] for folder in folders}
    cut = " A curve ends with the horizon of its run." if len(ends) > 1 else ""
    return f"{text} the year{second}; {none if missing else 'shaded: ± 1.96 standard errors'}.{cut}"


# --- cash ---------------------------------------------------------------------------------------------------------


def fan(folder: Folder) -> Figure:
    """Draw the cumulative real net flow: P10 to P90, median, mean and the lenders' case."""
    title = "Cumulative net flow, in real terms"
    why = lacks(folder, "cashflow.csv", ("period", "year", "line", "deterministic", "mean", *POINTS))
    rows = [] if why else _yearly(folder, "cumulative_net_real")
    if not rows:
        why = why or "Not drawn: cashflow.csv has no line cumulative_net_real."
        return absent("cash", folder, title, why)
    keys = ("p10", "p50", "p90", "mean", "deterministic")
    names = {"p50": "median (P50)", "mean": "mean", "deterministic": LENDERS}
    write, unit = say.row_scale("USD", [row[key] for row in rows for key in keys])
    divisor, _ = say.usd_scale([row[key] for row in rows for key in keys])
    wide = [{"x": row["x"], "year": year_text(row["x"]), **{key: write(row[key]) for key in keys}} for row in rows]
    band = [{"x": row["x"], "low": row["p10"] / divisor, "high": row["p90"] / divisor} for row in rows]
    lines = [{"x": row["x"], "of": names[key], "y": row[key] / divisor} for key in names for row in rows]
    x = years(year_title([folder]), span(rows, 0.0))
    y = alt.Y("y:Q", axis=alt.Axis(title=unit, tickCount=6))
    spec = layered(
        alt.Chart(data(band)).mark_area(style="band").encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        alt.Chart(data(band)).mark_line(style="edge").encode(x=x, y=alt.Y("low:Q")),
        alt.Chart(data(band)).mark_line(style="edge").encode(x=x, y=alt.Y("high:Q")),
        alt.Chart(data([{}])).mark_rule(style="zero").encode(y=alt.datum(0)),
        alt.Chart(data(lines)).mark_line(strokeWidth=2.2).encode(x=x, y=y, **series(list(names.values()))),
        hover(wide, [("year", "End of"), ("p90", f"P90, {unit}"), ("p50", "median"), ("p10", "P10"), ("mean", "mean"),
                     ("deterministic", LENDERS)]),
    )  # fmt: skip
    heads = ("End of", *(f"{name}, {unit}" for name in ("P10", "P50", "P90", "mean", LENDERS)))
    view = table(heads, [(row["year"], *(row[key] for key in keys)) for row in wide])
    start = folder.start_year
    caption = (
        f"Cumulative net flow after tax and before loans, in {unit}"
        f"{f' of January {start}' if start is not None else ''}; shaded from P10 to P90 of futures."
    )
    return Figure(identifier("cash", folder), _fan_title(rows[-1]), caption, spec, view)


def _fan_title(last: Row) -> str:
    """Return where the median and the best or worst futures end."""
    low, middle, high = among = [last[key] for key in POINTS]
    if middle == 0.0:
        first = "The median future spends nothing and earns nothing"
    else:
        first = f"The median future ends {say.usd(abs(middle), among)} {'ahead' if middle > 0.0 else 'short'}"
    if middle < 0.0 < high:
        return f"{first}, the best tenth at least {say.usd(high, among)} ahead"
    if low < 0.0 <= middle:
        return f"{first}, the worst tenth at least {say.usd(-low, among)} short"
    return f"{first} in {year_text(last['x'])}"


def _yearly(folder: Folder, line: str) -> list[Row]:
    """Return a line of the cash flow at the end of each calendar year."""
    found: dict[float, Row] = {}
    for row in folder.sheets["cashflow.csv"].rows:
        if row["line"] == line and value(row, "period") >= 1.0 and not math.isnan(value(row, "mean")):
            keys = ("mean", "deterministic", *POINTS)
            found[value(row, "year")] = {"x": value(row, "year"), **{key: value(row, key) for key in keys}}
    return [found[year] for year in sorted(found)]
