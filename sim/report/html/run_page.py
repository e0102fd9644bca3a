"""The page of one or several runs: verdict, caveats, and the sections from payback to manifest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sim.base.words import told
from sim.batch.changes import MISSING, differences
from sim.errors import ScenarioError
from sim.report import format as say
from sim.report import lenders_section, sanctions_section, terminal
from sim.report.html import charts, comparison_page, content_words, explanation_page, sweep_page, verdict
from sim.report.html.assumptions import assumptions
from sim.report.html.content import Page, Section, View
from sim.report.html.content_attribution import LONGEST, attribution
from sim.report.html.content_cash import cash_tables
from sim.report.html.content_caveats import caveats, notes, notes_on_run
from sim.report.html.content_run import Run, date, figures
from sim.report.html.definitions import definitions, origin
from sim.report.html.folder import Folder
from sim.report.names import input_name, spoken
from sim.report.titles import is_share

COMPARED = (
    ("Pays back", "paid_back", "mean"),
    ("Payback, median", "project_payback_years", "p50"),
    ("NPV above zero", "npv_positive", "mean"),
    ("NPV, median", "project_npv_usd", "p50"),
    ("NPV, mean", "project_npv_usd", "mean"),
    ("NPV, mean of the worst 5 %", "project_npv_cvar5_usd", "mean"),
    ("Investment, mean", "investment_usd", "mean"),
    ("Price gap needed, median", "transmission_lcoe_usd_per_mwh", "p50"),
    ("Price gap earned, median", "realised_gap_usd_per_mwh", "p50"),
    ("Invested", "invested", "mean"),
    ("Given up while building", "abandoned", "mean"),
    ("Seized", "seized", "mean"),
    ("Cost of sanctions (−: they save), mean", "cost_of_sanctions_usd", "mean"),
    ("Sanctions save money", "sanctions_save_money", "mean"),
    ("Lent, mean", "debt_usd", "mean"),
    ("Loans in default", "defaulted", "mean"),
    ("Lenders lose of their loans, mean", "lenders_loss_share", "mean"),
    ("Sponsors' NPV, mean", "equity_npv_usd", "mean"),
)
"""Label, metric and statistic of each row of the table of several runs."""
MOST_NAMES = 4


def page_of(folders: tuple[Folder, ...]) -> Page:
    """Return the page of some folders of results; `ScenarioError` where they are of more than one kind."""
    kinds = list(dict.fromkeys(folder.kind for folder in folders))
    if len(kinds) != 1:
        first = {kind: next(str(folder.path) for folder in folders if folder.kind == kind) for kind in kinds}
        told = " and ".join(f"a {kind} ({path})" for kind, path in first.items()) or "nothing"
        cure = "make a page for each kind"
        raise ScenarioError.single(f"one page cannot show {told}", where="report", cure=cure)
    makers = {
        "sweep": sweep_page.page_of,
        "comparison": comparison_page.page_of,
        "explanation": explanation_page.page_of,
    }
    return makers.get(kinds[0], _page)(folders)


def _page(folders: tuple[Folder, ...]) -> Page:
    runs = [Run(folder) for folder in folders]
    several = len(runs) > 1
    return Page(
        title=_title(runs),
        subtitle="; ".join(_subtitle(run, several) for run in runs),
        verdict=verdict.side_by_side(runs) if several else verdict.cards(runs[0]),
        words=(),
        caveats=_shared(runs),
        sections=tuple(_sections(runs)),
        notes=tuple(note for run in runs for note in notes(run.folder, several, notes_on_run(run))),
    )


def _shared(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return what to know before relying on runs: what holds of all of them once, and of which run the rest is."""
    each = {run.folder.label: caveats(run) for run in runs}
    first, *others = each.values()
    common = [text for text in first if all(text in other for other in others)]
    own = [f"{name}: {text}" for name, texts in each.items() for text in texts if text not in common]
    return (*common, *own) if others else first


def _title(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return runs[0].title
    names = [run.folder.label for run in runs]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{runs[0].title}: {', '.join(names[:MOST_NAMES])}{more}"


def _subtitle(run: Run, named: bool) -> str:
    """Return futures, seed, years and date of a run, as far as they are known."""
    manifest, facts = run.folder.manifest, run.said.get("run")
    parts = [f"{run.draws:,} futures drawn"] if run.draws is not None else []
    parts += [f"seed {manifest.seed}"] if manifest is not None and manifest.seed is not None else []
    if run.horizon is not None:
        parts.append(f"{run.horizon} years{f' from {run.start_year}' if run.start_year is not None else ''}")
    changed = run.said.get("overrides")
    parts += [f"changed: {', '.join(map(str, changed))}"] if isinstance(changed, Mapping) and changed else []
    day = date(facts.get("date")) if isinstance(facts, dict) else ""
    parts += [f"run on {day}"] if day else []
    told = ", ".join(parts) or "of the run nothing is known but its tables"
    return f"{run.folder.label}: {told}" if named else told


# --- sections -----------------------------------------------------------------------------------------------------


def _sections(runs: Sequence[Run]) -> Iterator[Section]:
    run = runs[0]
    if len(runs) == 1:
        yield Section("payback", "Payback", (), (charts.payback_curve([run.folder]),))
        yield from _of_one(run)
        return
    yield _side_by_side(runs)
    yield Section("payback", "Payback", (), (charts.payback_curve([one.folder for one in runs]),))
    for section in _of_one(run):
        yield replace(section, title=f"{section.title} ({run.folder.label})")


def _of_one(run: Run) -> Iterator[Section]:
    folder = run.folder
    yield Section("cash", "Cash", (), (charts.fan(folder),))
    yield _value(run)
    if run.lent > 0.0 or (math.isnan(run.lent) and "dscr_min" in run.summary):
        yield _lenders(run)
    if "regimes.csv" in folder.sheets or "regimes.csv" in folder.missing:
        yield _regimes(run)
    yield _owners(run)
    if ("bearers.csv" in folder.sheets or "bearers.csv" in folder.missing) and not run.calm:
        told = content_words.bearers_words(run)
        yield Section("bearers", "Who bears the cost of sanctions", (told,) if told else (), (charts.bearers(folder),))
    yield _drivers(run)
    if "attribution.csv" in folder.sheets:
        yield attribution(folder, charts.attribution(folder))
    yield from cash_tables(run)
    yield from assumptions(run)
    yield definitions(run)
    yield origin(folder, run.said)


def _side_by_side(runs: Sequence[Run]) -> Section:
    rows = []
    for label, metric, statistic in COMPARED:
        values = [run.number(metric, statistic) for run in runs]
        if not all(map(math.isnan, values)):
            unit = next(run.unit(metric) for run in runs if metric in run.summary)
            if is_share(metric) and statistic == "mean":
                rows.append((label, "", *map(say.share, values)))
            else:
                write, name = say.row_scale(unit, values)
                rows.append((label, name, *map(write, values)))
    heads = ("Figure", "Unit", *(run.folder.label for run in runs))
    view = View(heads, tuple(rows), (False, False, *[True] * len(runs)))
    paths = " ".join(str(run.folder.path) for run in runs)
    words = (
        "The runs as they are. Whether a difference is more than chance, and in which futures, is told by: "
        f"python -m sim compare {paths}",
    )
    tables = [("Main figures", view), *_inputs(runs[0], runs[1:])]
    return Section("side_by_side", "The runs side by side", words, (), tuple(tables))


def _inputs(first: Run, others: Sequence[Run]) -> Iterator[tuple[str, View]]:
    """Yield for each other run the inputs in which it differs from the first."""
    a = first.folder.label
    for other in others:
        if first.scenario and other.scenario:
            found = differences(first.scenario, other.scenario)
            rows = tuple((one.path, *(_input(value) for value in (one.before, one.after))) for one in found)
            b = other.folder.label
            yield f"Inputs in which {b} differs from {a}", View(("Input", a, b), rows, (False,) * 3)


def _input(value: Any) -> str:
    return say.MISSING if value is MISSING else told(value, LONGEST)


def _value(run: Run) -> Section:
    charted = tuple(charts.distribution(run.folder, metric) for metric in ("project_npv_usd", "project_irr"))
    view = figures(run, _with_benchmarks(run))
    tables = (("Main figures", view),) if view.rows else ()
    return Section("value", "Value: NPV and rate of return", (), charted, tables)


def _with_benchmarks(run: Run) -> Iterator[tuple[str, str]]:
    """Yield label and metric of each line of figures, shares of benchmarks below what they compare."""
    of = {"yearly_trade_usd": "yearly_trade", "investment_usd": "investment"}
    for name, metric in terminal.ROWS:
        yield name, metric
        for benchmark, kind in _benchmarks(run.scenario):
            if kind == of.get(metric):
                yield f"… as a share of {spoken(benchmark)}", f"share_of_{benchmark}"


def _benchmarks(scenario: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    evaluation = scenario.get("evaluation")
    found = evaluation.get("benchmarks") if isinstance(evaluation, dict) else None
    for name, benchmark in (found if isinstance(found, dict) else {}).items():
        if isinstance(benchmark, dict):
            yield str(name), benchmark.get("compare")


def _lenders(run: Run) -> Section:
    told = content_words.lenders_words(run)
    view = figures(run, lenders_section.LENDER_ROWS)
    tables = (("What lenders look at", view),) if view.rows else ()
    return Section("dscr", "Lenders: debt service cover", (told,) if told else (), (charts.dscr(run.folder),), tables)


def _regimes(run: Run) -> Section:
    told = content_words.sanctions_words(run)
    view = figures(run, sanctions_section.ROWS)
    tables = (("What sanctions change", view),) if view.rows and not run.calm else ()
    return Section("regimes", "Sanctions", (told,) if told else (), (charts.regimes(run.folder),), tables)


def _owners(run: Run) -> Section:
    rate = f" at {lenders_section.equity_rate(run.spec)}" if run.spec is not None else ""
    rows = [(label.replace(" at {rate}", rate), metric) for label, metric in lenders_section.SPONSOR_ROWS]
    view = figures(run, rows)
    tables = (("What sponsors look at", view),) if view.rows else ()
    charted = (charts.parties(run.folder), charts.who_gets_what(run.folder))
    return Section("who_gets_what", "Who gets what", _money_words(run), charted, tables)


def _money_words(run: Run) -> tuple[str, ...]:
    """Return in a sentence what sponsors pay and get."""
    paid, value = run.number("equity_invested_usd"), run.number("equity_npv_usd")
    if math.isnan(paid) or math.isnan(value):
        return ()
    back = run.number("equity_payback_years", "share_defined")
    often = f" They get their money back in {say.share(back)} of futures." if not math.isnan(back) else ""
    at = f" at {lenders_section.equity_rate(run.spec)}" if run.spec is not None else ""
    return (
        f"Sponsors pay in {say.usd(paid)} in the mean, nominal; the mean of their NPV{at} is {say.usd(value)}.{often}",
    )


def _drivers(run: Run) -> Section:
    found = content_words.strongest(run)[: verdict.MOST_DRIVERS]
    told = ". ".join(f"{input_name(name)}: {content_words.direction(value)}" for name, value in found)
    text = "No input is uncertain, so that none moves the NPV." if run.certain else ""
    if told:
        text = f"{told}. In brackets: rank correlations with the NPV, over the futures; they do not add up."
    return Section("drivers", "What moves the NPV", (text,) if text else (), (charts.drivers(run.folder),))
