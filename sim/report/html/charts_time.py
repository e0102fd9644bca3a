"""Charts over the years: payback, cumulative cash, cover of debt service."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt

from sim.report import format as say
from sim.report.html.charts_parts import (
    LENDERS,
    SURE,
    Row,
    absent,
    by_end_of,
    error,
    hover,
    identifier,
    lacks,
    layered,
    legend,
    percents,
    scenario,
    series,
    shown,
    span,
    start_year,
    table,
    value,
    year_text,
    year_title,
    years,
)
from sim.report.html.charts_parts import plain as data
from sim.report.html.charts_theme import var
from sim.report.html.content import Figure, View
from sim.report.html.folder import Folder

Rows = Sequence[Row]
POINTS = ("p10", "p50", "p90")


# --- payback ------------------------------------------------------------------------------------------------------


def payback_curve(folders: Sequence[Folder]) -> Figure:
    """Draw the share of futures that have paid back by the end of each year, of one or of several runs."""
    title = "Share of futures that have paid back"
    needed = ("year", "p_paid_back", "se")
    drawn = [folder for folder in folders if not lacks(folder, "payback.csv", needed)]
    first = folders[0] if len(folders) == 1 else None
    if not drawn:
        why = lacks(folders[0], "payback.csv", needed) if folders else "Not drawn: there is no run."
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


def _payback_lines(folders: Sequence[Folder]) -> list[Row]:
    """Return the points of all curves; one run alone has a second one, discounted."""
    found: list[Row] = []
    for folder in folders:
        kinds = [(folder.label, "p_paid_back", "se")]
        if len(folders) == 1:
            kinds = [("paid back", "p_paid_back", "se")]
            kinds += [("paid back, discounted", "p_paid_back_discounted", "se_discounted")]
        for name, key, se in kinds:
            for row in folder.sheets["payback.csv"].rows:
                p, wide = value(row, key), SURE * value(row, se)
                if value(row, "year") < 1.0 or math.isnan(p):
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
        for row in folder.sheets["payback.csv"].rows
        if value(row, "year") >= 1.0
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
    band = "no error band, as there are too few draws for one" if missing else "shaded: ± 1.96 standard errors"
    return f"{text} the year{second}; {band}."


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
    start = start_year(folder)
    caption = (
        f"Cumulative net flow after tax and before loans, in {unit}"
        f"{f' of January {start}' if start is not None else ''}; shaded from P10 to P90 of futures."
    )
    return Figure(identifier("cash", folder), _fan_title(rows[-1]), caption, spec, view)


def _fan_title(last: Row) -> str:
    """Return where the median and the best or worst futures end."""
    low, middle, high = (last[key] for key in POINTS)
    if middle == 0.0:
        first = "The median future spends nothing and earns nothing"
    else:
        first = f"The median future ends {say.usd(abs(middle))} {'ahead' if middle > 0.0 else 'short'}"
    if middle < 0.0 < high:
        return f"{first}, the best tenth at least {say.usd(high)} ahead"
    if low < 0.0 <= middle:
        return f"{first}, the worst tenth at least {say.usd(-low)} short"
    return f"{first} in {year_text(last['x'])}"


def _yearly(folder: Folder, line: str) -> list[Row]:
    """Return a line of the cash flow at the end of each calendar year."""
    found: dict[float, Row] = {}
    for row in folder.sheets["cashflow.csv"].rows:
        if row["line"] == line and value(row, "period") >= 1.0 and not math.isnan(value(row, "mean")):
            keys = ("mean", "deterministic", *POINTS)
            found[value(row, "year")] = {"x": value(row, "year"), **{key: value(row, key) for key in keys}}
    return [found[year] for year in sorted(found)]


# --- debt service -------------------------------------------------------------------------------------------------


def dscr(folder: Folder) -> Figure:
    """Draw the cover of debt service by year with the covenants of the loans."""
    title = "Cover of debt service (DSCR)"
    why = lacks(folder, "cashflow.csv", ("period", "year", "line", *POINTS))
    rows = [] if why else _cover(folder)
    if not rows:
        why = why or "Not drawn: there is no debt service in any future."
        return absent("dscr", folder, title, why)
    covenants = _covenants(folder)
    top = max([1.5, *(2.0 * c["y"] for c in covenants), *(1.15 * row["p50"] for row in rows)])
    top = min(top, 1.05 * max(row["p90"] for row in rows)) if max(row["p90"] for row in rows) > 1.5 else top
    bottom = max(-0.5 * top, min([0.0, *(row["p10"] for row in rows)]))
    y = alt.Y("p50:Q", axis=alt.Axis(title="times", tickCount=5), scale=alt.Scale(domain=[bottom, top], nice=False))
    wide = rows[1]["x"] - rows[0]["x"] if len(rows) > 1 else 1.0
    x = years(year_title([folder]), span(rows, 0.5 * wide))
    keys = ("p90", "p50", "p10", "deterministic")
    told = [{"x": r["x"], "year": year_text(r["x"]), **{key: say.number(r[key], 2) for key in keys}} for r in rows]
    names = {"p90": "P90", "p50": "median", "p10": "P10", "deterministic": LENDERS}
    layers = [
        alt.Chart(data(rows)).mark_area(style="band", clip=True).encode(x=x, y=alt.Y("p10:Q"), y2="p90:Q"),
        alt.Chart(data(rows))
        .mark_line(style="first", clip=True, point={"size": 22, "fill": var("c0")})
        .encode(x=x, y=y),
        *_covenant_lines(covenants),
        hover(told, [("year", "Year"), *((key, names[key]) for key in keys)], wide),
    ]
    view = table(("Year", *(names[key] for key in keys)), [(row["year"], *(row[key] for key in keys)) for row in told])
    highest = max(row["p90"] for row in rows)
    cut = f" The axis ends at {say.number(top, 1)}; P90 reaches {say.number(highest, 1)}." if highest > top else ""
    caption = (
        "Cash available over debt service due: line, the median of futures in which service is due in that year; "
        f"shaded, P10 to P90.{cut}"
    )
    return Figure(
        identifier("dscr", folder),
        _cover_title(rows, "years" if wide == 1.0 else "periods"),
        caption,
        layered(*layers),
        view,
    )


def _cover(folder: Folder) -> list[Row]:
    """Return the cover of each period in which there is any."""
    timeline = scenario(folder).get("timeline")
    many = timeline.get("periods_per_year", 1) if isinstance(timeline, Mapping) else 1
    start = start_year(folder)
    found = []
    for row in folder.sheets["cashflow.csv"].rows:
        if row["line"] == "dscr" and math.isfinite(value(row, "p50")):
            after = (value(row, "period") - 0.5) / many - 0.5
            place = value(row, "year") if many == 1 or start is None else start + after
            found.append({"x": place, **{key: value(row, key) for key in ("deterministic", *POINTS)}})
    return found


def _cover_title(rows: Rows, period: str) -> str:
    short = sum(row["p10"] < 1.0 for row in rows)
    median = sum(row["p50"] < 1.0 for row in rows)
    if median:
        return f"In {median} of {len(rows)} {period} half of those that owe debt service cannot pay it in full"
    if short:
        return f"In {short} of {len(rows)} {period} a tenth of those that owe debt service cannot pay it in full"
    return f"Nine in ten of those that owe debt service pay it in full in all {period}"


def _covenants(folder: Folder) -> list[Row]:
    """Return the levels that loans name, each once, with the loans that name it."""
    financing = scenario(folder).get("financing")
    tranches = financing.get("tranches") if isinstance(financing, Mapping) else None
    found: dict[tuple[float, str], list[str]] = {}
    for name, tranche in (tranches or {}).items():
        for key, word in (("target_dscr", "target"), ("lock_up_dscr", "lock-up"), ("default_dscr", "default")):
            level = tranche.get(key) if isinstance(tranche, Mapping) else None
            level = level.get("value") if isinstance(level, Mapping) else level
            if isinstance(level, int | float) and not isinstance(level, bool):
                found.setdefault((float(level), word), []).append(shown(str(name)))
    several = len({tuple(names) for names in found.values()}) > 1
    return [
        {"y": level, "of": f"{word} {say.number(level, 2)}{f' ({chr(44).join(names)})' if several else ''}"}
        for (level, word), names in sorted(found.items(), reverse=True)
    ]


def _covenant_lines(covenants: Rows) -> list[alt.Chart]:
    if not covenants:
        return []
    names = [row["of"] for row in covenants]
    colours = [var(("c2", "c4", "c1", "c3", "c5")[i % 5]) for i in range(len(names))]
    dashes = [[[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4]][i % 5] for i in range(len(names))]
    colour = alt.Color("of:N", scale=alt.Scale(domain=names, range=colours), legend=legend(), sort=None)
    dash = alt.StrokeDash("of:N", scale=alt.Scale(domain=names, range=dashes), legend=legend(), sort=None)
    return [alt.Chart(data(covenants)).mark_rule(strokeWidth=1.8).encode(y=alt.Y("y:Q"), color=colour, strokeDash=dash)]
