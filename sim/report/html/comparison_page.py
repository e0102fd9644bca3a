"""The page of a comparison that ``compare --csv`` has left: what differs, how surely, and from which inputs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.batch.compare_directions import unit_of
from sim.batch.compare_runs import Difference, Pair, Side, Times
from sim.batch.pairing import Contest, Estimate, Meeting
from sim.batch.read_back_run import POINTS, Figures, Run
from sim.report import compare_page, compare_paybacks_section
from sim.report.compare_layout import Block, Grid, Scale, difference_and_interval, scale
from sim.report.html import charts
from sim.report.html.cases import axis_name, placed, point
from sim.report.html.content import Page, Section, View, filled
from sim.report.html.content_attribution import shown
from sim.report.html.content_caveats import notes
from sim.report.html.definitions import meanings
from sim.report.html.folder import Folder
from sim.report.html.sheets import finite, known
from sim.report.names import input_name
from sim.report.titles import is_share, title

OF_RUNS = ("share_compared", "share_defined_a", "share_defined_b")
"""Columns that only the comparison of runs has; that of sweeps has axes instead."""
NEEDED = {
    "comparison.csv": {"a", "b", "metric"},
    "paybacks.csv": {"a", "b", "metric"},
    "inputs.csv": {"a", "b", "path", "before", "after"},
    "notes.csv": {"a", "b", "note"},
}
"""Columns without which a table is left out."""
WAYS = {"higher": 1, "lower": -1}
CASE_STATISTICS = ("p10", "p50", "p90", "never")
HEADS = {"p10": "P10", "p50": "median", "p90": "P90", "never": "never"}
PAIRED = "Paired: both have drawn the same futures, and each is compared with itself."
SURE = "Intervals hold the mean difference with 95 % confidence."
FEW = "Futures are too few for intervals."
STARRED = "* Means of the futures that have a value in both, medians of all that have one."
YEAR = "calendar year"
"""The unit of a metric that is a year."""
Row = Mapping[str, Any]


def page_of(folders: Sequence[Folder]) -> Page:
    """Return the page of some comparisons, one after the other."""
    several = len(folders) > 1
    one = sum(len(list(_pairs(folder, "comparison.csv"))) for folder in folders) == 1
    words: list[str] = []
    places: list[str] = []
    sections: list[Section] = []
    for i, folder in enumerate(folders):
        sections += _glance(folder, f"glance_{i + 1}", f"{folder.label}: " if several else "")
        for (a, b), rows in _pairs(folder, "comparison.csv"):
            name, place = f"{b} compared with {a}", f"pair_{len(places) + 1}"
            places.append(place)
            if _of_runs(rows):
                pair = _pair(a, b, rows, _rows_of(folder, "paybacks.csv", a, b))
                told = [compare_verdict(pair)]
                sections.append(_section(pair, place, name, _rows_of(folder, "inputs.csv", a, b)))
            else:
                told = list(_case_words(rows))
                sections.append(_cases(place, name, rows))
            words += [text if one else f"{name}: {text}" for text in told if text]
    metrics = list(dict.fromkeys(row["metric"] for folder in folders for row in _rows(folder, "comparison.csv")))
    sections.append(Section("definitions", "Definitions", (), (), (("Metrics", meanings(metrics)),), folded=True))
    return Page(
        title="; ".join(dict.fromkeys(_names(folder) for folder in folders)),
        subtitle="Results held against each other: each less the first",
        verdict=(),
        words=tuple(words),
        caveats=tuple(dict.fromkeys(text for folder in folders for text in _caveats(folder))),
        sections=tuple(sections),
        notes=tuple(note for folder in folders for note in notes(folder, several)),
    )


def _caveats(folder: Folder) -> Iterator[str]:
    yield from (str(row["note"]) for row in _rows(folder, "notes.csv"))
    if "notes.csv" not in folder.sheets:
        yield "There is no notes.csv: whether horizons, start years or versions differ is not known here."
    yield "The tables are as compare has left them; it is not said here with which version they were made."


def _of_runs(rows: Sequence[Row]) -> bool:
    return all(column in rows[0] for column in OF_RUNS)


def _glance(folder: Folder, name: str, head: str) -> Iterator[Section]:
    """Yield the charts of all comparisons of runs in a folder."""
    pairs = [rows for _, rows in _pairs(folder, "comparison.csv") if _of_runs(rows)]
    if len(pairs) > 1:
        yield Section(name, f"{head}All at a glance", (), (charts.who_pays(folder), charts.npv_apart(folder)))
    elif pairs:
        yield Section(name, f"{head}Who pays back", (), (charts.who_pays(folder),))


def _rows(folder: Folder, name: str) -> tuple[dict[str, Any], ...]:
    sheet = folder.sheets.get(name)
    return sheet.rows if sheet is not None and NEEDED[name] <= set(sheet.columns) else ()


def _pairs(folder: Folder, name: str) -> Iterator[tuple[tuple[str, str], list[dict[str, Any]]]]:
    """Yield which two results are compared, and the rows of their comparison."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _rows(folder, name):
        found.setdefault((row["a"], row["b"]), []).append(row)
    yield from found.items()


def _rows_of(folder: Folder, name: str, a: str, b: str) -> list[dict[str, Any]]:
    return dict(_pairs(folder, name)).get((a, b), [])


def _names(folder: Folder) -> str:
    pairs = [ends for ends, _ in _pairs(folder, "comparison.csv")]
    reference = dict.fromkeys(a for a, _ in pairs)
    others = dict.fromkeys(b for _, b in pairs)
    return f"{', '.join(others)} compared with {', '.join(reference)}" if pairs else folder.label


# --- runs ---------------------------------------------------------------------------------------------------------


def _pair(a: str, b: str, rows: Sequence[Row], times: Sequence[Row]) -> Pair:
    """Return the comparison of two runs as its tables tell it, so that the words of the screen can be said of it."""
    why = next((str(row["not_paired_because"]) for row in rows if row.get("not_paired_because")), "")
    unpaired = "" if any(row.get("paired") == "yes" for row in rows) else why or "the table does not say why"
    sides = [Side(letter, name, _run(name, rows, end)) for letter, name, end in (("A", a, "a"), ("B", b, "b"))]
    differences = tuple(_difference(row) for row in rows)
    return Pair(sides[0], sides[1], unpaired, differences, tuple(map(_times, times)), None, (), (), ())


def _run(name: str, rows: Sequence[Row], end: str) -> Run:
    figures = {row["metric"]: _figures(row, end) for row in rows}
    return Run(Path(name), name, figures, POINTS, None, "")


def _figures(row: Row, end: str) -> Figures:
    points = {name: finite(row.get(f"{name}_{end}")) for name in POINTS}
    points["mean"] = known(row.get(f"mean_{end}"))
    return Figures(_unit(row), "", "", **points, share_defined=known(row.get(f"share_defined_{end}")))


def _unit(row: Row) -> str:
    return str(row.get("unit") or unit_of(row["metric"]))


def _estimate(row: Row, difference: str) -> Estimate:
    names = (difference, "se", "ci_low", "ci_high", "share_compared", "mean_a_where_both", "mean_b_where_both")
    return Estimate(*(known(row.get(name)) for name in names))


def _difference(row: Row) -> Difference:
    contest = Contest(known(row.get("p_better")), known(row.get("p_equal")))
    ends, paired = (_figures(row, "a"), _figures(row, "b")), row.get("paired") == "yes"
    way = WAYS.get(str(row.get("better")), 0)
    return Difference(row["metric"], _unit(row), *ends, _estimate(row, "difference"), paired, way, contest)


def _times(row: Row) -> Times:
    shares = [known(row.get(name)) for name in ("both", "only_a", "only_b", "neither")]
    apart, count = known(row.get("median_difference_where_both")), known(row.get("draws_where_both"))
    meeting = None
    if not any(map(math.isnan, shares)):
        both, only_a, only_b, neither = shares
        draws = 0 if math.isnan(count) else int(count)
        meeting = Meeting(both, only_a, only_b, neither, _estimate(row, "p_difference"), apart, draws)
    reached_a, reached_b = known(row.get("p_a")), known(row.get("p_b"))
    median_a, median_b = finite(row.get("p50_a")), finite(row.get("p50_b"))
    return Times(row["metric"], reached_a, reached_b, median_a, median_b, meeting)


def compare_verdict(pair: Pair) -> str:
    """Return the main differences in sentences."""
    return " ".join([*compare_page.npv_words(pair), *compare_page.paid_words(pair)])


def _section(pair: Pair, name: str, heading: str, inputs: Sequence[Row]) -> Section:
    blocks = [*compare_page.main_figures(pair), *compare_paybacks_section.blocks(pair)]
    some = any(not math.isnan(one.mean.se) for one in pair.differences)
    words = [PAIRED if pair.paired else f"Not paired: {pair.unpaired}.", SURE if some else FEW]
    words = [" ".join(words), f"A: {pair.a.label}. B: {pair.b.label}."]
    tables = list(zip(("Main figures", "Paybacks"), _grids(blocks), strict=False))
    if inputs:
        rows = tuple(
            (input_name(row["path"]), row["path"], shown(row["before"]), shown(row["after"])) for row in inputs
        )
        view = View(("Input", "Key", pair.a.label, pair.b.label), rows, (False,) * 4)
        tables.append(("Inputs that differ", view))
    tables.append(("All figures", _all(pair)))
    return Section(name, heading, tuple(words), (), tuple(tables))


def _grids(blocks: Sequence[Block]) -> list[View]:
    """Return the tables of the screen, each with the words that come after it as its note."""
    found: list[View] = []
    for block in blocks:
        if isinstance(block, Grid):
            found.append(View(block.head, block.rows, tuple(i >= block.texts for i in range(len(block.head)))))
        elif found:
            note = f"{found[-1].note} {block.text}".strip()
            found[-1] = replace(found[-1], note=note)
    return found


def _all(pair: Pair) -> View:
    """Return mean and median of every metric that is in both; of what happens or not the mean, its share, says all."""
    rows = []
    for one in pair.differences:
        means = compare_page.means(one)
        by = scale(one.unit, [*means, *(end.point(name) for end in (one.a, one.b) for name in ("mean", "p50"))])
        cells = (*(_value(by, mean) for mean in means), *difference_and_interval(one.mean, by))
        medians = ("", "") if is_share(one.metric) else (_value(by, one.a.p50), _value(by, one.b.p50))
        star = " *" if _starred(one) else ""
        rows.append((f"{title(one.metric)}{star}", by.unit, *cells, *medians))
    heads = ("Figure", "Unit", "Mean A", "Mean B", "B − A", "95 % interval", "Median A", "Median B")
    note = STARRED if any(map(_starred, pair.differences)) else ""
    return filled(View(heads, tuple(rows), (False, False, *[True] * 6), note=note))


def _starred(one: Difference) -> bool:
    return compare_page.partial(one) and not math.isnan(one.mean.difference)


def _value(by: Scale, value: float) -> str:
    """Return a value without its unit; a calendar year is no number of thousands."""
    return f"{value:.0f}" if by.unit == YEAR and math.isfinite(value) else by.value(value)


# --- sweeps -------------------------------------------------------------------------------------------------------


def _axes(row: Row) -> list[str]:
    """Return the axes of a comparison of sweeps: the columns between who is compared and the metric."""
    names = list(row)
    return names[names.index("b") + 1 : names.index("metric")]


def _case_words(rows: Sequence[Row]) -> Iterator[str]:
    """Yield where the mean NPV differs most."""
    there = [row for row in rows if row["metric"] == "project_npv_usd" and math.isfinite(known(row.get("difference")))]
    if there and not any(known(row["difference"]) for row in there):
        yield f"The mean NPV is the same in all {len(there):,} cases."
    elif there:
        most = max(there, key=lambda row: abs(known(row["difference"])))
        means = [known(most.get("mean_a")), known(most.get("mean_b"))]
        by = scale("USD", means)
        place = ", ".join(placed(axis, [most[axis]]) for axis in _axes(most))
        apart, ends = difference_and_interval(_estimate(most, "difference"), by)
        limits = f" (95 % interval {ends})" if ends else ""
        yield (
            f"Of {len(there):,} cases the mean NPV differs most with {place}: from "
            f"{by.value(means[0])} to {by.value(means[1])} {by.unit}, {apart}{limits}."
        )


def _cases(name: str, heading: str, rows: Sequence[Row]) -> Section:
    axes = _axes(rows[0])
    metrics = dict.fromkeys(row["metric"] for row in rows)
    by_metric = {metric: [row for row in rows if row["metric"] == metric] for metric in metrics}
    tables = tuple((title(metric), _case_view(axes, found)) for metric, found in by_metric.items())
    apart = [row for row in rows if row.get("paired") != "yes"]
    why = "; ".join(dict.fromkeys(str(row.get("not_paired_because") or "it is not said why") for row in apart))
    names = ", ".join(dict.fromkeys(title(row["metric"]) for row in apart))
    some = any(not math.isnan(known(row.get("se"))) for row in rows)
    words = [f"{PAIRED} {SURE if some else FEW}"] if len(apart) < len(rows) else []
    words += [f"Not paired: {why}{f' ({names})' if words else ''}."] if apart else []
    return Section(name, heading, (*words, f"A: {rows[0]['a']}. B: {rows[0]['b']}."), (), tables)


def _case_view(axes: Sequence[str], rows: Sequence[Row]) -> View:
    """Return a metric in all cases: its mean, or where it has none its other statistics."""
    unit = _unit(rows[0])
    means = not all(math.isnan(known(row.get(f"mean_{end}"))) for row in rows for end in "ab")
    heads, body = [*map(axis_name, axes)], [[point(axis, row[axis]) for axis in axes] for row in rows]
    if means:
        by = scale(unit, [known(row.get(f"mean_{end}")) for row in rows for end in "ab"])
        heads += [f"mean A, {by.unit}", "mean B", "B − A", "95 % interval"]
        for row, cells in zip(rows, body, strict=True):
            cells += [_value(by, known(row.get(f"mean_{end}"))) for end in "ab"]
            cells += difference_and_interval(_estimate(row, "difference"), by)
    for statistic in CASE_STATISTICS:
        values = [finite(row.get(f"{statistic}_{end}")) for row in rows for end in "ab"]
        if all(map(math.isnan, values)):
            continue
        by = scale("share" if statistic == "never" else unit, values)
        heads += [f"{HEADS[statistic]} A, {by.unit}", f"{HEADS[statistic]} B"]
        for row, cells in zip(rows, body, strict=True):
            cells += [_value(by, finite(row.get(f"{statistic}_{end}"))) for end in "ab"]
    numeric = tuple(i >= len(axes) for i in range(len(heads)))
    return filled(View(tuple(heads), tuple(map(tuple, body)), numeric))
