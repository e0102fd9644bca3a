"""The end of a page: what each figure means, and what would repeat the run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sim.base.words import shown
from sim.model.finance_metrics import LOSS_SHARE, loss_definition
from sim.model.metrics import DEFINITIONS, Definition
from sim.report import format as say
from sim.report.html.content import Section, View
from sim.report.html.content_run import Run, date
from sim.report.html.folder import Folder
from sim.report.html.sheets import finite
from sim.report.titles import title

FIGURES = ("mean", "sd", "se", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "min", "max")


def definitions(run: Run) -> Section:
    """Return every metric with unit and definition, and every figure of it."""
    rows = tuple((name, title(name), run.unit(name), str(row["definition"])) for name, row in run.summary.items())
    meant = View(("Metric", "In words", "Unit", "Definition"), rows, (False,) * 4)
    words = ("Every figure of summary.csv: what it is, and its spread over the futures.",)
    return Section("definitions", "Definitions", words, (), (("Metrics", meant), ("Figures", _all(run))), folded=True)


def _all(run: Run) -> View:
    there = [name for name in FIGURES if any(not math.isnan(row[name]) for row in run.summary.values())]
    columns = [*there, "share_defined", "deterministic"]
    body = []
    for metric in run.summary:
        values = [run.number(metric, name) for name in columns if name != "share_defined"]
        write, unit = say.row_scale(run.unit(metric), values)
        cells = [
            say.share(run.number(metric, name)) if name == "share_defined" else write(run.number(metric, name))
            for name in columns
        ]
        body.append((metric, unit, *cells))
    heads = [name.upper() if name[1:].isdigit() else name for name in there]
    names = ("Metric", "Unit", *heads, "defined in", "lenders' case")
    return View(names, tuple(body), (False, False, *[True] * len(columns)))


def meanings(metrics: list[str]) -> View:
    """Return the definitions of metrics as this program has them, also of those that a scenario names."""
    rows = [(name, title(name), found.unit, found.text) for name in metrics if (found := _definition(name)) is not None]
    return View(("Metric", "In words", "Unit", "Definition"), tuple(rows), (False,) * 4)


def _definition(name: str) -> Definition | None:
    if name in DEFINITIONS:
        return DEFINITIONS[name]
    if name.startswith(LOSS_SHARE):
        return loss_definition(name.removeprefix(LOSS_SHARE))
    if name.startswith("share_of_"):
        return Definition("share", "yearly trade or investment over a sum that the scenario names")
    if name == "project_npv_cvar5_usd":
        return Definition("USD", "mean of the lowest 5 % of project_npv_usd")
    return None


# --- the run itself -----------------------------------------------------------------------------------------------


def origin(folder: Folder, said: Mapping[Any, Any]) -> Section:
    """Return what was run, with which versions, and how to repeat it."""
    title = {"sweep": "The sweep", "comparison": "The comparison"}.get(folder.kind, "The run")
    if folder.manifest is None:
        words = ("There is no manifest: seed, scenario and versions are not known.",)
        return Section("manifest", title, words if folder.kind != "comparison" else ())
    rows = tuple((name, text) for name, text in _facts(folder, said) if text)
    facts = View(("", ""), rows, (False, False))
    hashes = tuple((str(name), str(digest)) for name, digest in folder.manifest.hashes.items())
    tables = [("What was run", facts)]
    tables += [("Files and their SHA-256", View(("File", "SHA-256"), hashes, (False, False)))] if hashes else []
    return Section("manifest", title, _again(folder), (), tuple(tables), folded=True)


def _facts(folder: Folder, said: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    manifest = folder.manifest
    assert manifest is not None
    run = said.get("run")
    facts = run if isinstance(run, dict) else {}
    yield "Name", manifest.name
    yield "Folder", str(folder.path)
    yield "Date", date(facts.get("date"))
    yield "Seed", "" if manifest.seed is None else str(manifest.seed)
    yield "Futures", "" if manifest.draws is None else f"{manifest.draws:,}"
    yield "Years", "" if manifest.horizon is None else str(manifest.horizon)
    for key, name in (("cases", "Cases"), ("failed", "Failed"), ("design", "Design"), ("base", "Base")):
        value = said.get(key)
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value) if value is not None else ""
    changed = said.get("overrides")
    for key, value in (changed if isinstance(changed, dict) else {}).items():
        yield f"Changed: {key}", shown(value)
    seconds = facts.get("seconds")
    yield "Took", f"{say.number(float(seconds))} s" if isinstance(seconds, int | float) else ""
    yield from ((f"Version of {name}", str(version)) for name, version in manifest.versions.items())
    yield "SHA-256 of the scenario", str(said.get("scenario_sha256") or "")


def _again(folder: Folder) -> tuple[str, ...]:
    """Return how to do it again."""
    manifest = folder.manifest
    assert manifest is not None
    if folder.kind == "run":
        return (
            f"python -m sim {manifest.path} repeats the run from its manifest alone, which holds the scenario, and "
            "compares the bytes of its tables with the hashes below; the same versions give the same bytes.",
        )
    axes = ", ".join(manifest.axes)
    return (
        f"The command that made the sweep, given again, computes what is missing and nothing else. Axes: {axes}.",
        "Its manifest holds what was asked for; base files and changes are named below.",
    )


def failed(folder: Folder) -> View | None:
    """Return the cases of a sweep that failed, and why; None where none did."""
    sheet = folder.sheets.get("errors.csv")
    if sheet is None or not sheet.rows:
        return None
    columns = sheet.columns
    rows = tuple(tuple(cell(row[name]) for name in columns) for row in sheet.rows)
    return View(columns, rows, tuple(name == "case" for name in columns))


def cell(value: Any) -> str:
    """Return what stands in a CSV as text: numbers without needless digits.

    >>> [cell(value) for value in (2.0, 0.125, "x0.5", float("nan"), float("inf"))]
    ['2', '0.125', 'x0.5', '', 'never']
    """
    if not isinstance(value, float):
        return str(value)
    number = finite(value)
    return "" if math.isnan(number) else plain(number)


def plain(value: float) -> str:
    """Return a number with up to twelve digits, with separators from ten thousand on.

    >>> [plain(x) for x in (2027.0, 30e9, 0.0008, -1.5, 1e-7)]
    ['2027', '30,000,000,000', '0.0008', '−1.5', '1e-07']
    """
    if not math.isfinite(value):
        return say.number(value)
    text = f"{value:,.12g}" if abs(value) >= 1e4 else f"{value:.12g}"
    return f"−{text[1:]}" if text.startswith("-") else text


def few(value: float) -> str:
    """Return a number with four significant digits.

    >>> few(0.123456), few(123456.0), few(-2.0)
    ('0.1235', '123,500', '−2')
    """
    return plain(float(f"{value:.4g}"))
