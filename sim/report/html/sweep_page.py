"""The page of one or several sweeps: what was varied, which case does best, all cases, those that failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sim.report import format as say
from sim.report import levers
from sim.report.caveats import error_of_share
from sim.report.html import charts
from sim.report.html.cases import (
    BEGUN,
    HEADS,
    MOST_NAMED,
    PAID,
    UNBEGUN,
    VALUE,
    Cases,
    called,
    differ,
)
from sim.report.html.content import Card, Page, Section, View
from sim.report.html.content_caveats import notes
from sim.report.html.content_run import date
from sim.report.html.definitions import cell, failed, meanings, origin
from sim.report.html.folder import Folder
from sim.report.names import capital, inside, name_and_unit
from sim.report.points import is_number
from sim.report.sweep_page import scale
from sim.report.titles import is_share, title

MAIN = (
    *(PAID, BEGUN, "project_payback_years.p50", VALUE, "project_npv_usd.mean", "investment_usd.mean"),
    *("transmission_lcoe_usd_per_mwh.p50", "realised_gap_usd_per_mwh.p50"),
    *("cost_of_sanctions_usd.mean", "defaulted.mean", "lenders_loss_share.mean", "equity_npv_usd.mean"),
)
"""Columns of the table of all cases; where none of them is there, the first ones that are."""
MOST_COLUMNS = 9
"""Columns that fit a sheet of paper."""
FEWEST = 3
"""Figures that are in the table in any event."""
MOST_CASES = 500
"""Cases that are listed at most: thousands of rows make a page that nobody can send."""
SHORT = {"project_npv_usd": "NPV", "invested": "Begun", "investment_usd": "Investment"}
"""Heads of the table where the name of a metric is too long for one."""
MOVED = ("equity_npv_usd.mean", "defaulted.mean", "lenders_loss_share.mean", "debt_usd.mean", "project_npv_usd.mean")
"""Figures that may depend on an axis on which the main ones do not, in the order of importance."""
MOST_MOVED = 2


def page_of(folders: Sequence[Folder]) -> Page:
    """Return the page of some sweeps, one after the other."""
    found = [Cases(folder) for folder in folders]
    several = len(found) > 1
    return Page(
        title=", ".join(dict.fromkeys(cases.title for cases in found)),
        subtitle="; ".join(_subtitle(cases, several) for cases in found),
        verdict=tuple(card for cases in found for card in _cards(cases, several)),
        words=tuple(text for cases in found for text in _words(cases, several)),
        caveats=tuple(_caveats(found)),
        sections=tuple(
            section for i, cases in enumerate(found) for section in _sections(cases, i if several else None)
        ),
        notes=tuple(note for folder in folders for note in notes(folder, several)),
    )


def _subtitle(cases: Cases, named: bool) -> str:
    manifest, facts = cases.folder.manifest, cases.said.get("run")
    count = len(cases.rows)
    parts = [f"{count:,} case{'s' * (count != 1)} with figures"]
    if manifest is not None:
        parts[0] += f", {manifest.draws:,} futures each" if manifest.draws is not None else ""
        parts += [f"seed {manifest.seed}"] if manifest.seed is not None else []
    day = date(facts.get("date")) if isinstance(facts, dict) else ""
    parts += [f"run on {day}"] if day else []
    return f"{cases.folder.label}: {', '.join(parts)}" if named else ", ".join(parts)


def _cards(cases: Cases, named: bool) -> Iterator[Card]:
    head = f"{cases.folder.label}: " if named else ""
    sheet = cases.folder.sheets.get("errors.csv")
    lost = len({row.get("case") for row in sheet.rows}) if sheet is not None else 0
    yield Card(f"{head}Cases", f"{len(cases.rows):,}", f"{_several(cases)}{f'; {lost:,} more failed' if lost else ''}")
    if paid := cases.ends(PAID):
        yield Card(f"{head}Pays back most often", say.share(paid[1][PAID]), _where(cases, paid[1], PAID))
    if value := cases.ends(VALUE):
        begun, money = cases.ends(VALUE, begun=True), _money(cases)
        best = (begun or value)[1]
        waits = begun is not None and cases.idle(value[1])
        remark = _where(cases, best, VALUE)
        remark += f"; {_nothing(cases, value[1])}" if waits else f": {UNBEGUN}" if begun is None else ""
        label = f"{head}Highest median NPV{' of those begun' if waits else ''}"
        yield Card(label, money(best), remark)
        yield Card(f"{head}Lowest median NPV", money(value[0]), _where(cases, value[0], VALUE))


def _where(cases: Cases, row: Mapping[str, Any], column: str) -> str:
    """Return where a figure is as in one case."""
    return cases.where(cases.alike(row, column), column)


def _money(cases: Cases) -> Callable[[Mapping[str, Any]], str]:
    """Return how the median NPV of a case is written: in one unit in all that is said of a sweep."""
    ends = [*(cases.ends(VALUE) or ()), *(cases.ends(VALUE, begun=True) or ())]
    among = [cases.figure(row, VALUE) for row in ends]
    return lambda row: say.usd(cases.figure(row, VALUE), among)


def _nothing(cases: Cases, row: Mapping[str, Any]) -> str:
    """Return where the median NPV is next to nothing, and why."""
    return f"{_money(cases)(row)} {_where(cases, row, VALUE)}, as {UNBEGUN}"


def _several(cases: Cases) -> str:
    """Return what is varied for a card: no more than it has room for."""
    count = len(cases.axes)
    return _varied(cases) if count <= MOST_NAMED else f"varied: {count} inputs at once"


def _varied(cases: Cases) -> str:
    """Return what is varied, and over which points."""
    told = []
    for axis in cases.axes:
        found = list({repr(row[axis]): row[axis] for row in cases.rows}.values())
        over = f"{len(found):,} value{'s' * (len(found) != 1)}"
        if axis in cases.drawn:
            low, *_, high = sorted(found, key=lambda cell: levers.sizes([cell]))
            unit = name_and_unit(axis)[1] if isinstance(low, float) else ""
            over = f"from {cases.point(axis, low)} to {cases.point(axis, high)}{f' {unit}' if unit else ''}"
        told.append(f"{inside(called(axis))} ({over})")
    return f"varied: {', '.join(told)}" if told else "nothing is varied"


def _words(cases: Cases, named: bool) -> Iterator[str]:
    """Yield how far the cases lie apart, and which is the best and the worst."""
    told = []
    if paid := cases.ends(PAID):
        low, high = paid
        if not differ([low[PAID], high[PAID]]):
            told.append(f"All cases pay back in {say.share(low[PAID])} of futures.")
        else:
            told.append(
                f"The project pays back most often, in {say.share(high[PAID])} of futures, "
                f"{_where(cases, high, PAID)}, and least often, in {say.share(low[PAID])}, {_where(cases, low, PAID)}."
            )
    if value := cases.ends(VALUE):
        told.append(_value(cases, *value))
    if told:
        yield f"{f'{cases.folder.label}: ' if named else ''}{' '.join(told)}"


def _value(cases: Cases, low: Mapping[str, Any], high: Mapping[str, Any]) -> str:
    """Return in words from where to where the median NPV reaches, without what is not begun."""
    above = sum(cases.figure(row, VALUE) > 0.0 for row in cases.rows)
    positive = f"it is above zero in {above:,} of {len(cases.rows):,} cases"
    begun = cases.ends(VALUE, begun=True)
    if begun is None:
        return f"The median NPV is next to nothing in every case: {UNBEGUN}."
    money = _money(cases)
    if not differ([low[VALUE], high[VALUE]]):
        return f"The median NPV is {money(low)} in every case."
    waits = f" It is {_nothing(cases, high)}." if cases.idle(high) else ""
    ends = [f"{money(row)}, {_where(cases, row, VALUE)}" for row in begun]
    of = " of what is begun" if waits else ""
    return f"The median NPV{of} reaches from {ends[0]}, to {ends[1]}; {positive}.{waits}"


def _caveats(found: Sequence[Cases]) -> Iterator[str]:
    yield (
        "What is on an axis is chosen: a number takes the place of a distribution, a factor multiplies what is there, "
        "“drawn” leaves it as it is. All else is as in the base scenario."
    )
    yield (
        "All cases of a sweep see the same futures: their differences hang far less on chance than those of separate "
        "runs."
    )
    for cases in found:
        if "paid_back.se" not in cases.columns or not cases.rows:
            continue
        errors = [cases.figure(row, "paid_back.se") for row in cases.rows]
        there = [error for error in errors if not math.isnan(error)]
        if not there:
            yield f"{cases.folder.label}: too few futures for standard errors."
        elif max(there) > 0.0:
            most = error_of_share(max(there))
            yield f"{cases.folder.label}: the standard error of a share that pays back is at most {most}."


def _sections(cases: Cases, number: int | None) -> Iterator[Section]:
    """Yield the sections of a sweep; ``number``: its place among several, else None."""
    folder = cases.folder
    tail, head = ("", "") if number is None else (f"_{number + 1}", f"{folder.label}: ")
    if moves := charts.levers(folder):
        yield Section(f"levers{tail}", f"{head}What moves the result", tuple(_levers(cases)), moves)
    if cases.crossed and (maps := mapped(cases)):
        figures = tuple(charts.heat_map(folder, name) for name in maps)
        yield Section(f"maps{tail}", f"{head}Over the axes", tuple(_unmoved(cases, maps)), figures)
    if cases.rows:
        rows = ends_of(cases)
        view, same = table(cases, rows)
        few = f"Of {len(cases.rows):,} cases the {len(rows) // 2:,} best and as many of the worst"
        which = "Every case" if len(rows) == len(cases.rows) else few
        told = f"{which}, {_varied(cases)}.{same} The folder's cases.csv holds all figures of all cases."
        yield Section(f"cases{tail}", f"{head}All cases", (told,), (), (("Cases", view),))
    yield Section(f"payback{tail}", f"{head}Payback over the years", (), (charts.small_multiples(folder),))
    if (errors := failed(folder)) is not None:
        words = ("These cases could not be computed; the others do not depend on them.",)
        yield Section(f"failed{tail}", f"{head}Cases that failed", words, (), (("Failures", errors),))
    shown = list(dict.fromkeys(name.rpartition(".")[0] for name in cases.columns))
    if shown:
        yield Section(f"definitions{tail}", f"{head}Definitions", (), (), (("Metrics", meanings(shown)),), folded=True)
    run = origin(folder, cases.said)
    yield Section(f"manifest{tail}", f"{head}{run.title}", run.words, (), run.tables, run.folded)


def _levers(cases: Cases) -> Iterator[str]:
    """Yield which axes move payback and NPV most."""
    for name, found in cases.levers.items():
        sure = [f"{inside(called(axis))} ({say.signed(say.number(size, 2), size)})" for axis, size in found.sure]
        first = ", then ".join(sure[:MOST_NAMED])
        what = f"goes most with {first}" if first else "goes with no number beyond what chance would make"
        yield f"{capital(levers.MOVED[name])} {what}."


def mapped(cases: Cases) -> list[str]:
    """Return the figures of which maps are drawn: the main ones, and such as depend on the axes that do not move them.

    A figure that is the same in all cases has no map.
    """
    main = [name for name in (PAID, VALUE) if name in cases.columns and differ(cases.figures(name))]
    others = [name for name in (*MOVED, *cases.columns) if name in cases.columns and not name.endswith(".se")]
    found = list(main)
    for axis in _still(cases, main):
        moved = [
            name for name in dict.fromkeys(others) if differ(cases.figures(name)) and axis not in cases.still(name)
        ]
        found += moved[:MOST_MOVED]
    return list(dict.fromkeys(found))


def _still(cases: Cases, names: Sequence[str]) -> list[str]:
    """Return the axes on which none of some figures depends."""
    return [axis for axis in cases.axes if all(axis in cases.still(name) for name in names)]


def _unmoved(cases: Cases, maps: Sequence[str]) -> Iterator[str]:
    """Yield which axes move neither payback nor NPV, and that other maps show what they do move."""
    main = [name for name in (PAID, VALUE) if name in maps]
    axes = [inside(called(axis)) for axis in _still(cases, main)] if main else []
    if axes:
        more = "; figures that do are drawn beside them" if len(maps) > len(main) else ""
        yield f"Payback and NPV are those of the project before loans and do not depend on {' or '.join(axes)}{more}."


def ends_of(cases: Cases) -> Sequence[Mapping[str, Any]]:
    """Return the cases that a page has room for: all, or those that pay back most and least often."""
    if len(cases.rows) <= MOST_CASES:
        return cases.rows
    names = [name for name in (PAID, VALUE) if name in cases.columns]

    def size(row: Mapping[str, Any]) -> list[float]:
        found = [cases.figure(row, name) for name in names]
        return [-math.inf if math.isnan(figure) else figure for figure in found]

    order = sorted(cases.rows, key=size, reverse=True)
    return [*order[: MOST_CASES // 2], *order[-(MOST_CASES // 2) :]]


def table(cases: Cases, rows: Sequence[Mapping[str, Any]]) -> tuple[View, str]:
    """Return the main figures of some cases, and in words those that are the same in all there are."""
    names = [name for name in MAIN if name in cases.columns] or list(cases.columns[:MOST_COLUMNS])
    forms = {name: _form(cases, name) for name in names}
    same = [name for name in names if len(cases.rows) > 1 and not differ(cases.figures(name))]
    rest = [name for name in names if name not in same][: max(FEWEST, MOST_COLUMNS - 1 - len(cases.axes))]
    body = tuple(
        (
            cell(row.get("case", "")),
            *(cases.point(axis, row[axis]) for axis in cases.axes),
            *(forms[name][0](cases.figure(row, name)) for name in rest),
        )
        for row in rows
    )
    of_numbers = [all(is_number(row[axis]) for row in cases.rows) for axis in cases.axes]
    heads = ("Case", *map(cases.head, cases.axes), *(_head(name, forms[name][1]) for name in rest))
    told = [_alone(name, forms[name], cases.figure(cases.rows[0], name)) for name in same]
    alike = f" The same in all cases: {'; '.join(told)}." if told else ""
    return View(heads, body, (True, *of_numbers, *[True] * len(rest))), alike


def _alone(name: str, form: tuple[Callable[[float], str], str], figure: float) -> str:
    """Return a figure that is the same in all cases, with its unit where it is a number."""
    unit = f" {form[1]}" if math.isfinite(figure) and form[1] else ""
    return f"{inside(_head(name, ''))}: {form[0](figure)}{unit}"


def _form(cases: Cases, name: str) -> tuple[Callable[[float], str], str]:
    """Return how a figure is written, and its unit where that does not stand in the cells."""
    metric, _, statistic = name.rpartition(".")
    if statistic == "mean" and is_share(metric):
        return say.share, ""
    return scale(name, cases.figures(name))


def _head(name: str, unit: str) -> str:
    metric, _, statistic = name.rpartition(".")
    counts = statistic == "mean" and is_share(metric)
    parts = (SHORT.get(metric, title(metric)), "" if counts else HEADS[statistic], unit)
    return ", ".join(part for part in parts if part)
