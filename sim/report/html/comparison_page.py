"""The page of a comparison that ``compare --csv`` has left: what differs, how surely, and from which inputs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.batch.compare_directions import unit_of
from sim.batch.compare_runs import Difference, Pair, Side, Times
from sim.batch.pairing import Contest, Estimate, Meeting
from sim.batch.read_back_run import POINTS, Figures, Run
from sim.report import compare_page, compare_paybacks_section
from sim.report.compare_layout import Grid, Words, difference_and_interval, scale
from sim.report.html.content import Page, Section, View
from sim.report.html.content_attribution import shown
from sim.report.html.content_caveats import notes
from sim.report.html.content_run import finite, known, label
from sim.report.html.definitions import cell, meanings
from sim.report.html.folder import Folder

OF_RUNS = ("share_compared", "share_defined_a", "share_defined_b")
"""Columns that only the comparison of runs has; that of sweeps has axes instead."""
NEEDED = {
    "comparison.csv": {"a", "b", "metric"},
    "paybacks.csv": {"a", "b", "metric"},
    "inputs.csv": {"a", "b", "path", "before", "after"},
}
"""Columns without which a table is left out."""
WAYS = {"higher": 1, "lower": -1}
CASE_STATISTICS = ("p10", "p50", "p90", "never")
HEADS = {"p10": "P10", "p50": "median", "p90": "P90", "never": "never"}
PAIRED = (
    "Paired: both have drawn the same futures, and each is compared with itself. Intervals hold the mean difference "
    "with 95 % confidence."
)
Row = Mapping[str, Any]


def page_of(folders: Sequence[Folder]) -> Page:
    """Return the page of some comparisons, one after the other."""
    several = len(folders) > 1
    words: list[str] = []
    sections: list[Section] = []
    for folder in folders:
        for (a, b), rows in _pairs(folder, "comparison.csv"):
            name = f"{b} compared with {a}"
            if all(column in rows[0] for column in OF_RUNS):
                pair = _pair(a, b, rows, _rows_of(folder, "paybacks.csv", a, b))
                words += [f"{name}: {text}" for text in (compare_verdict(pair),) if text]
                sections.append(_section(pair, f"pair_{len(sections) + 1}", name, _rows_of(folder, "inputs.csv", a, b)))
            else:
                words += _case_words(name, rows)
                sections.append(_cases(f"pair_{len(sections) + 1}", name, rows))
    metrics = list(dict.fromkeys(row["metric"] for folder in folders for row in _rows(folder, "comparison.csv")))
    sections.append(Section("definitions", "Definitions", (), (), (("Metrics", meanings(metrics)),), folded=True))
    return Page(
        title="; ".join(dict.fromkeys(_names(folder) for folder in folders)),
        subtitle="Results held against each other: the second less the first",
        verdict=(),
        words=tuple(words),
        caveats=("The tables are as compare has left them; it is not said here with which version they were made.",),
        sections=tuple(sections),
        notes=tuple(note for folder in folders for note in notes(folder, several)),
    )


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


def _section(pair: Pair, name: str, title: str, inputs: Sequence[Row]) -> Section:
    blocks = [*compare_page.main_figures(pair), *compare_paybacks_section.blocks(pair)]
    words = [PAIRED if pair.paired else f"Not paired: {pair.unpaired}.", f"A: {pair.a.label}. B: {pair.b.label}."]
    words += [block.text for block in blocks if isinstance(block, Words)]
    heads = iter(("Main figures", "Paybacks"))
    tables = [(next(heads, ""), _grid(block)) for block in blocks if isinstance(block, Grid)]
    if inputs:
        rows = tuple((row["path"], shown(row["before"]), shown(row["after"])) for row in inputs)
        view = View(("Input", pair.a.label, pair.b.label), rows, (False,) * 3)
        tables.append(("Inputs that differ", view))
    tables.append(("All figures", _all(pair)))
    return Section(name, title, tuple(words), (), tuple(tables))


def _grid(block: Grid) -> View:
    return View(block.head, block.rows, tuple(i >= block.texts for i in range(len(block.head))))


def _all(pair: Pair) -> View:
    """Return mean and median of every metric that is in both."""
    rows = []
    for one in pair.differences:
        by = scale(one.unit, [end.point(name) for end in (one.a, one.b) for name in ("mean", "p50")])
        means = (by.value(one.a.mean), by.value(one.b.mean), *difference_and_interval(one.mean, by))
        medians = (by.value(one.a.p50), by.value(one.b.p50))
        rows.append((label(one.metric), by.unit, *means, *medians))
    heads = ("Figure", "Unit", "Mean A", "Mean B", "B − A", "95 % interval", "Median A", "Median B")
    return View(heads, tuple(rows), (False, False, *[True] * 6))


# --- sweeps -------------------------------------------------------------------------------------------------------


def _axes(row: Row) -> list[str]:
    """Return the axes of a comparison of sweeps: the columns between who is compared and the metric."""
    names = list(row)
    return names[names.index("b") + 1 : names.index("metric")]


def _case_words(name: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield where the mean NPV differs most."""
    there = [row for row in rows if row["metric"] == "project_npv_usd" and math.isfinite(known(row.get("difference")))]
    if there and not any(known(row["difference"]) for row in there):
        yield f"{name}: the mean NPV is the same in all {len(there):,} cases."
    elif there:
        most = max(there, key=lambda row: abs(known(row["difference"])))
        means = [known(most.get("mean_a")), known(most.get("mean_b"))]
        by = scale("USD", means)
        place = ", ".join(f"{axis} {cell(most[axis])}" for axis in _axes(most))
        apart, ends = difference_and_interval(_estimate(most, "difference"), by)
        limits = f" (95 % interval {ends})" if ends else ""
        yield (
            f"{name}: of {len(there):,} cases the mean NPV differs most with {place}: from "
            f"{by.value(means[0])} to {by.value(means[1])} {by.unit}, {apart}{limits}."
        )


def _cases(name: str, title: str, rows: Sequence[Row]) -> Section:
    axes = _axes(rows[0])
    metrics = dict.fromkeys(row["metric"] for row in rows)
    by_metric = {metric: [row for row in rows if row["metric"] == metric] for metric in metrics}
    tables = tuple((label(metric), _case_view(axes, inside)) for metric, inside in by_metric.items())
    apart = [row for row in rows if row.get("paired") != "yes"]
    why = "; ".join(dict.fromkeys(str(row.get("not_paired_because") or "it is not said why") for row in apart))
    names = ", ".join(dict.fromkeys(label(row["metric"]) for row in apart))
    words = [PAIRED] if len(apart) < len(rows) else []
    words += [f"Not paired: {why}{f' ({names})' if words else ''}."] if apart else []
    return Section(name, title, (*words, f"A: {rows[0]['a']}. B: {rows[0]['b']}."), (), tables)


def _case_view(axes: Sequence[str], rows: Sequence[Row]) -> View:
    """Return a metric in all cases: its mean, or where it has none its other statistics."""
    unit = _unit(rows[0])
    means = not all(math.isnan(known(row.get(f"mean_{end}"))) for row in rows for end in "ab")
    heads, body = [*axes], [[cell(row[axis]) for axis in axes] for row in rows]
    if means:
        by = scale(unit, [known(row.get(f"mean_{end}")) for row in rows for end in "ab"])
        heads += [f"mean A, {by.unit}", "mean B", "B − A", "95 % interval"]
        for row, cells in zip(rows, body, strict=True):
            cells += [by.value(known(row.get(f"mean_{end}"))) for end in "ab"]
            cells += difference_and_interval(_estimate(row, "difference"), by)
    for statistic in CASE_STATISTICS:
        values = [finite(row.get(f"{statistic}_{end}")) for row in rows for end in "ab"]
        if all(map(math.isnan, values)):
            continue
        by = scale("share" if statistic == "never" else unit, values)
        heads += [f"{HEADS[statistic]} A, {by.unit}", f"{HEADS[statistic]} B"]
        for row, cells in zip(rows, body, strict=True):
            cells += [by.value(finite(row.get(f"{statistic}_{end}"))) for end in "ab"]
    numeric = tuple(i >= len(axes) for i in range(len(heads)))
    return View(tuple(heads), tuple(map(tuple, body)), numeric)
