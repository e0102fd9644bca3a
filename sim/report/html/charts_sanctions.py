"""Charts of sanctions: the regimes over the years, and who bears what they change."""

from __future__ import annotations

import math
from collections.abc import Iterator

import altair as alt

from sim.report import format as say
from sim.report.html.charts_bars import Bars, bar_axis, bars, ends, kind_of
from sim.report.html.charts_parts import (
    SURE,
    Row,
    absent,
    by_end_of,
    data,
    hover,
    identifier,
    lacks,
    layered,
    legend,
    percents,
    table,
    value,
    year_text,
    year_title,
    years,
)
from sim.report.html.charts_theme import var
from sim.report.html.content import Figure
from sim.report.html.folder import Folder
from sim.report.names import POTS, capital, party, spoken
from sim.report.sanctions_section import SMALL, not_apart

TITLE = "Who bears the change by sanctions"
SHADES = {1: [0], 2: [0, 4], 3: [0, 2, 4], 4: [0, 1, 2, 4]}
"""Which shades, from calm to grave, a number of regimes has."""

# --- regimes ------------------------------------------------------------------------------------------------------


def regimes(folder: Folder) -> Figure:
    """Draw the share of futures in each regime of sanctions, from the start on."""
    title = "Share of futures in each regime of sanctions"
    why = lacks(folder, "regimes.csv", ("year", "regime", "share"))
    if why:
        return absent("regimes", folder, title, why if folder.scenario.get("sanctions") else "There are no sanctions.")
    rows = folder.sheets["regimes.csv"].rows
    names = list(dict.fromkeys(str(row["regime"]) for row in rows))
    shares: dict[float, dict[str, float]] = {}
    for row in rows:
        shares.setdefault(value(row, "year"), {})[str(row["regime"])] = value(row, "share")
    places = {year: by_end_of(folder, year) + (0.5 if year == 0.0 else 0.0) for year in shares}
    told: list[Row] = []
    for year, parts in shares.items():
        label = "at the start" if year == 0.0 else f"{by_end_of(folder, year):.0f}"
        written = {f"v{i}": say.share(parts.get(name, math.nan)) for i, name in enumerate(names)}
        told.append({"x": places[year], "year": label, **written})
    area = _areas(folder, shares, places, names)
    columns = [("year", "Year"), *((f"v{i}", name) for i, name in enumerate(names))]
    view = table(("Year", *names), [tuple(row[key] for key, _ in columns) for row in told])
    caption = (
        f"Share of futures in each regime, the mean over each year; from calm, below, to grave: {', '.join(names)}."
    )
    title = f"Sanctions: {_regimes_title(folder, shares, names)}"
    return Figure(identifier("regimes", folder), title, caption, layered(area, hover(told, columns)), view)


def _regimes_title(folder: Folder, shares: dict[float, dict[str, float]], names: list[str]) -> str:
    """Return the regime in which most futures end, or, where that is the calmest, the height of the gravest."""
    last = shares[max(shares)]
    most = max(last, key=lambda name: last[name])
    height = {name: max(shares, key=lambda year: shares[year].get(name, 0.0)) for name in names}
    grave = [name for name in names if shares[height[name]].get(name, 0.0) > 0.0][-1:]
    if most == names[0] and grave and grave[0] != most:
        year = height[grave[0]]
        when = f"in {year_text(by_end_of(folder, year))}" if year else "at the start"
        return f"“{spoken(grave[0])}” in up to {say.share(shares[year][grave[0]])} of futures, {when}"
    end, first = by_end_of(folder, max(shares)), say.share(shares[min(shares)].get(most, math.nan))
    return f"“{spoken(most)}” in {say.share(last[most])} of futures in {year_text(end)}, {first} at the start"


def _areas(
    folder: Folder, shares: dict[float, dict[str, float]], places: dict[float, float], names: list[str]
) -> alt.Chart:
    """Return the shares on top of each other, the calmest below."""
    points = [
        {"x": places[year], "of": name, "share": parts.get(name, 0.0), "order": i}
        for year, parts in shares.items()
        for i, name in enumerate(names)
    ]
    shades = [var(f"o{i}") for i in SHADES.get(len(names), [min(i, 5) for i in range(len(names))])]
    scale = alt.Scale(domain=names, range=shades)
    area: alt.Chart = alt.Chart(data(points)).mark_area(style="edged", interpolate="step")
    return area.encode(
        x=years(year_title([folder]), (min(places.values()), max(places.values()))),
        y=percents(key="share").stack("zero"),
        fill=alt.Fill("of:N", scale=scale, legend=legend("square"), sort=None),
        order="order:Q",
    )


# --- bearers ------------------------------------------------------------------------------------------------------


def bearers(folder: Folder) -> Figure:
    """Draw who has more and who has less because of sanctions, in the mean."""
    why = lacks(folder, "bearers.csv", ("party", "mean", "se", "p10", "p50", "p90"))
    if why:
        return absent("bearers", folder, TITLE, why)
    rows = [row for row in folder.sheets["bearers.csv"].rows if math.isfinite(value(row, "mean"))]
    size = max((abs(value(row, "mean")) for row in rows), default=0.0)
    if size == 0.0:
        return absent("bearers", folder, TITLE, "Not drawn: sanctions change nothing for anybody.")
    keys = ("mean", "p10", "p50", "p90")
    divisor, unit = say.usd_scale([value(row, key) for row in rows for key in keys])
    write, _ = say.row_scale("USD", [value(row, key) for row in rows for key in keys])
    rows.sort(key=lambda row: (row["party"] == "total", -value(row, "mean")))
    told: list[Row] = []
    for row in rows:
        mean, whole = value(row, "mean"), row["party"] == "total"
        text = {key: write(value(row, key)) for key in (*keys, "se")}
        name = "All of them together" if whole else capital(party(row["party"]))
        told.append({**text, "name": name, "text": say.signed(text["mean"], mean), "low": 0.0, "high": mean / divisor})
        told[-1] |= {"party": row["party"], "doubt": value(row, "se") / divisor}
        told[-1]["kind"] = "total" if whole else kind_of(mean)
        told[-1]["se"] = f"± {say.number(SURE * value(row, 'se') / divisor, 3)}"
        told[-1] |= {"from": value(row, "p10") / divisor, "to": value(row, "p90") / divisor}
    tips = [("name", "Who"), ("text", f"mean, {unit}"), ("se", "95 % error of the mean")]
    tips += [("p10", "P10"), ("p50", "median"), ("p90", "P90")]
    axis = bar_axis(unit, "← has less", "has more →")
    drawn, rest = _large(told, size / divisor)
    spec = bars(drawn, tips, axis, ends(drawn))
    view = table(
        ("Who", f"mean, {unit}", "95 % error", "P10", "P50", "P90"),
        [(row["name"], row["text"], row["se"], row["p10"], row["p50"], row["p90"]) for row in told],
    )
    caption = (
        "Present value of what each party has more (right) or less (left) than in the same futures without sanctions, "
        f"at the project’s rate: bar, the mean; thin line, P10 to P90. They add up "
        f"to the last row, cash before tax and loans as buyers pay it.{rest}"
    )
    return Figure(identifier("bearers", folder), _bearers_title(told), caption, spec, view)


def _large(told: Bars, size: float) -> tuple[list[Row], str]:
    """Return the parties that a drawing can show, the others as one; and in words that it does so."""
    small = [row for row in told if row["kind"] != "total" and abs(row["high"]) < SMALL * size]
    if len(small) < 2:
        return list(told), ""
    mean = sum(row["high"] for row in small)
    text = say.signed(say.number(mean, 2), mean)
    others: Row = {"name": f"{len(small)} others", "text": text, "low": 0.0, "high": mean, "kind": kind_of(mean)}
    large = [row for row in told if row not in small]
    return [*large[:-1], others, large[-1]], f" These {len(small)} are in the table one by one."


def _bearers_title(rows: Bars) -> str:
    """Return who has most less and who has most more: several where chance decides which of them it is."""
    means = {party(row["party"]): (row["high"], row["doubt"]) for row in rows if row["party"] not in (*POTS, "total")}
    up = sorted((name for name in means if means[name][0] > 0.0), key=lambda name: -means[name][0])
    down = sorted((name for name in means if means[name][0] < 0.0), key=lambda name: means[name][0])
    told = [
        f"{what}: {' and '.join(not_apart(names, means))}"
        for what, names in (("largest loss by sanctions", down), ("largest gain of a party", up))
        if names
    ]
    return capital("; ".join([*told, *_pots(rows, [means[name][0] for name in up])])) if told else TITLE


def _pots(rows: Bars, gains: list[float]) -> Iterator[str]:
    """Yield that more than any party gains lies where it is nobody's, if it does."""
    pots = [row for row in rows if row["party"] in POTS and row["high"] > max(gains, default=0.0)]
    for row in pots[:1]:
        yield f"more still lies with nobody: {party(row['party'])}"
