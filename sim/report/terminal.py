"""The page that a person sees after a run: verdict, figures, curve, drivers, what to doubt, where the files are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from sim.base.sampling import REPLICATE
from sim.checks import warnings
from sim.collect import Result
from sim.report import caveats, files_section, lenders_section, sanctions_section, sketch
from sim.report import format as say
from sim.report.compare_layout import Grid as Figures
from sim.report.compare_layout import text_of
from sim.report.names import spoken
from sim.report.titles import title
from sim.results import RunFacts
from sim.tables import MIN_REPLICATES, Table, column, percentile

GLUE = "\ue000"
"""Stands for a blank at which a line does not end."""
CHART_ROWS = 4
PRICE_EFFECT = "market.price_effect_per_gw"

FIGURES = (
    *("project_payback_years", "project_payback_from_cod_years", "project_payback_discounted_years"),
    *("project_npv_usd", "project_irr", "investment_usd", "cod_years", "energy_delivered_mwh_per_year"),
    *("lcoe_usd_per_mwh", "transmission_lcoe_usd_per_mwh", "realised_gap_usd_per_mwh", "yearly_trade_usd"),
)
ROWS = tuple((title(name) if name != "cod_years" else "Commercial operation (COD) in", name) for name in FIGURES)
"""Label and metric of each line of figures; the shares of benchmarks follow what they compare."""


def page(
    result: Result, tables: list[Table], files: list[Path], facts: RunFacts, asked: int, width: int, ascii_only: bool
) -> str:
    """Return the page as text for a terminal, no line wider than ``width``, a path aside."""
    sections = Page(result, {table.name: table for table in tables}, width, ascii_only)
    parts = (
        *(sections.verdict(), sections.figures(), sections.sanctions(), sections.financing(), sections.curve()),
        *(sections.drivers(), sections.caveats()),
    )
    console = Console(
        width=width,
        color_system="standard",
        force_terminal=True,
        force_jupyter=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    filled = [found for section in parts if (found := list(section))]
    with console.capture() as captured:
        for part in chain(sections.heading(facts, asked), *(["", *section] for section in filled)):
            if isinstance(part, Figures):
                part = Text.from_ansi(text_of([part], width))
            console.print(_kept(part) if isinstance(part, Text) else part)
    text = captured.get().replace(GLUE, " ")
    return f"{text}\n{files_section.files(files, width)}" if files else text.rstrip("\n")


def _kept(text: Text) -> Text:
    """Return a text whose numbers stay on one line with their units."""
    text.plain = say.kept(text.plain).replace("\u00a0", GLUE)
    return text


Part = Text | Grid | Figures | str


@dataclass(frozen=True)
class Page:
    """The sections of the page, in their order; each yields what rich prints."""

    result: Result
    tables: dict[str, Table]
    width: int
    ascii: bool

    @cached_property
    def summary(self) -> dict[str, dict[str, Any]]:
        """Return the summary by metric and column."""
        table = self.tables["summary.csv"]
        return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}

    @cached_property
    def outcomes(self) -> tuple[float, float, float]:
        """Return the shares paid back, invested but unpaid, and not invested, at the horizon."""
        last = dict(zip(self.tables["payback.csv"].columns, self.tables["payback.csv"].rows[-1], strict=True))
        return last["p_paid_back"], last["unpaid"], last["not_invested"]

    @cached_property
    def certain(self) -> bool:
        """Say whether all draws are the same."""
        flows = [self.summary[name] for name in ("project_npv_usd", "investment_usd", "lcoe_usd_per_mwh")]
        return not self.result.inputs and all(
            not row["max"] - row["min"] > 1e-9 * abs(row["max"]) for row in flows if math.isfinite(row["min"])
        )

    def count(self, metric: str) -> int:
        """Return the number of draws in which a metric that is 0 or 1 is 1."""
        share: float = self.summary[metric]["mean"]
        return round(share * self.result.draws)

    def year(self, time: float) -> str:
        """Return the calendar year in which a time after the start falls; "never" for inf."""
        inside = math.isfinite(time)
        return str(self.result.grid.start_year + math.floor(time + 1e-9)) if inside else say.number(time)

    def heading(self, facts: RunFacts, asked: int) -> Iterator[Part]:
        """Yield what was run."""
        spec, draws = self.result.spec, self.result.draws
        yield Text(f"{spec.written.title} ({spec.name}), as of {spec.written.as_of}", style="bold")
        rounded = "" if draws == asked else f" ({asked:,} asked for, rounded up to whole replicates of {REPLICATE})"
        grid = self.result.grid
        yield Text(
            f"{draws:,} futures drawn{rounded}, seed {self.result.seed}; "
            f"{grid.years} years from {grid.start_year}; {facts.seconds:.1f} s"
        )
        changed = sorted({str(mark)[6:] for mark in spec.marks.values() if str(mark).startswith("--set ")})
        if changed:
            yield Text(f"Changed on the command line: {', '.join(changed)}")

    def verdict(self) -> Iterator[Part]:
        """Yield the answer in words."""
        yield Text(self._payback(), style="bold")
        points = ("project_npv_usd", "realised_gap_usd_per_mwh", "transmission_lcoe_usd_per_mwh")
        npv, earned, needed = (self.summary[name]["p50"] for name in points)
        positive = self.summary["npv_positive"]["mean"]
        yield Text(" ".join(say.value(self.certain, positive, npv, (earned, needed))))

    def _payback(self) -> str:
        grid, median = self.result.grid, self.summary["project_payback_years"]["p50"]
        if self.certain:
            paid = f"pays back after {say.years(median)}, in {self.year(median)}"
            never = f"never pays back within {grid.years} years"
            return f"Nothing here is uncertain, all futures are alike: it {paid if math.isfinite(median) else never}."
        curve = column(self.tables["payback.csv"], "p_paid_back")
        half = next(i for i, p in enumerate(curve) if p >= 0.5 * curve[-1] - 1e-12)
        given_up = self.summary["abandoned"]["mean"] if "abandoned" in self.summary else 0.0
        when = (half, grid.start_year + half - 1)
        return say.outcome(self.outcomes, self.result.draws, grid.years, when, median, given_up)

    def figures(self) -> Iterator[Part]:
        """Yield the table of metrics."""
        yield self._table(self._figure_rows())
        text = "P10 is the low value: one future in ten is at or below it. "
        text += "Lenders' case: all numbers at their median, not the average of the futures. "
        year = self.result.grid.start_year
        yield Text(text + f"NPV, trade, USD/MWh: money of January {year}.", style="dim")

    def financing(self) -> Iterator[Part]:
        """Yield what lenders give, lose, and leave to the sponsors."""
        carried = self.result.planned.cash.carried
        if carried is None:
            return
        yield Text("Lenders and sponsors", style="bold")
        words = [say.lent(carried.plan), lenders_section.outcome(carried.plan.debt_usd, self.summary)]
        yield Text(" ".join(word for word in words if word))
        yield self._table(lenders_section.rows(carried.plan, self.result.spec))

    def sanctions(self) -> Iterator[Part]:
        """Yield what sanctions do and whom they hit."""
        if self.result.spec.written.sanctions is None:
            return
        parts = sanctions_section.section(self.summary, self.tables, self.result.grid.start_year)
        yield from parts
        if len(parts) > 1:
            yield self._table(row for row in sanctions_section.ROWS if row[1] in self.summary)
            yield from sanctions_section.bearers(self.tables["bearers.csv"])

    def _table(self, rows: Iterator[tuple[str, str]]) -> Figures:
        made = []
        for label, metric in rows:
            row = self.summary[metric]
            values = [row[key] for key in ("p10", "p50", "p90", "mean", "deterministic")]
            if metric == "cod_years":
                cells, unit = [self.year(value) for value in values], "year"
            else:
                write, unit = say.row_scale(row["unit"], values)
                cells = [(say.bare_share if unit == "%" else write)(value) for value in values]
            made.append((label, unit.replace("USD/year", "USD"), *cells))
        head = ("", "unit", "P10", "P50", "P90", "mean", "lenders' case")
        return Figures(head, tuple(made), 2, 2, "summary.csv")

    def _figure_rows(self) -> Iterator[tuple[str, str]]:
        of = {"yearly_trade_usd": "yearly_trade", "investment_usd": "investment"}
        for label, metric in ROWS:
            yield label, metric
            for name, benchmark in self.result.spec.written.evaluation.benchmarks.items():
                if benchmark.compare == of.get(metric):
                    amount = self.result.spec.leaves[f"evaluation.benchmarks.{name}.amount_usd"].dist.quantile(0.5)
                    yield f"  of {spoken(name)} ({say.usd(amount).removesuffix(' USD')})", f"share_of_{name}"

    def curve(self) -> Iterator[Part]:
        """Yield the chance of having paid back over the years, simple and discounted side by side."""
        table = self.tables["payback.csv"]
        curves = [column(table, name) for name in ("p_paid_back", "p_paid_back_discounted")]
        start = self.result.grid.start_year
        yield Text(f"Share of futures paid back, over the years from {start} and at the end", style="bold")
        if not any(curve[-1] for curve in curves):
            yield Text("0 % to the end: no future pays back.")
            return
        top = next(t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if t > max(max(c) for c in curves) - 1e-9)
        wide = (self.width - 10) // 2
        sides = [sketch.bars(curve, top, wide, CHART_ROWS, self.ascii) for curve in curves]
        for i, (left, right) in enumerate(zip(*sides, strict=True)):
            label = say.percent(top, 0) if i == 0 else "0 %" if i == CHART_ROWS - 1 else ""
            edge = f"{label:>5} │"
            yield Text.assemble(edge, (left, "cyan"), "  │", (right, "magenta"))
        axis = sketch.ticks(len(curves[0]) - 1, wide)
        yield Text(f"{'':6} {axis}   {axis}", style="dim")
        rate = self.result.spec.written.evaluation
        kind = "real" if rate.discount_rate_real is not None else "nominal"
        leaf = self.result.spec.leaves[f"evaluation.discount_rate_{kind}"]
        names = ("simple", f"discounted at {say.percent(leaf.dist.quantile(0.5))} {kind}")
        texts = [f"{name}: {say.share(curve[-1])}" for name, curve in zip(names, curves, strict=True)]
        yield Text.assemble(f"{'':7}", (f"{texts[0]:<{wide}}", "cyan"), "   ", (texts[1], "magenta"))

    def drivers(self) -> Iterator[Part]:
        """Yield the five inputs that move the NPV most."""
        rows = [
            row for row in self.tables["drivers.csv"].rows if row[1] == "project_npv_usd" and not math.isnan(row[2])
        ]
        if not rows:
            yield Text.assemble(("What moves the NPV: ", "bold"), "no input is uncertain.")
            return
        note = "  (rank correlation; − : the more of it, the lower the NPV)"
        yield Text.assemble(("What moves the NPV most", "bold"), (note, "dim"))
        grid = Grid.grid(padding=(0, 2, 0, 0))
        grid.add_column(overflow="fold")
        for name, _, value in rows[:5]:
            bar = sketch.signed_bar(value, self.ascii, 16 if self.width >= 100 else 6)
            grid.add_row(name, Text(say.number(value, 2), justify="right"), bar)
        yield grid

    def caveats(self) -> Iterator[Part]:
        """Yield what to know before believing the figures."""
        yield Text("Before you rely on this", style="bold")
        grid = Grid.grid(padding=(0, 1, 0, 0))
        lines = [self._price_effect(), *self._counts(), *warnings(self.result.spec.written)]
        written = self.result.spec.written
        lines.append(caveats.scope(self.result.planned.cash.carried is not None, written.sanctions is not None))
        for line in lines:
            grid.add_row("-", _kept(Text(line)))
        yield grid

    def _price_effect(self) -> str:
        result = self.result
        told = caveats.price_effect(result.spec.leaves[PRICE_EFFECT].dist, result.spec.written.market.currency)
        if PRICE_EFFECT not in result.inputs:
            return f"{told}."
        values = result.inputs[PRICE_EFFECT]
        order, third = np.argsort(values, kind="stable"), values.size // 3
        ends = [order[:third], order[-third:]]
        paid = [float(np.mean(result.metrics["paid_back"][end])) for end in ends]
        npvs = [percentile(np.sort(result.metrics["project_npv_usd"][end]), 0.5) for end in ends]
        sides = [
            f"{say.share(share)} pay back, median NPV {say.usd(npv, npvs)}"
            for share, npv in zip(paid, npvs, strict=True)
        ]
        return (
            f"{told}: in the third of futures with the least effect {sides[0]}; in the third with the most {sides[1]}."
        )

    def _counts(self) -> Iterator[str]:
        if cut := self.count("cut_by_horizon"):
            yield caveats.cut_off(caveats.futures(cut))
        if lost := self.count("payback_reversed"):
            yield caveats.reversed_later(caveats.futures(lost), lost / max(self.count("paid_back"), 1))
        none, several = 1.0 - self.summary["project_irr"]["share_defined"], self.summary["irr_several_roots"]["mean"]
        kept = self.result.metrics
        theirs = lenders_section.without_rate(self.summary, kept["equity_irr"]) if "equity_irr" in kept else (0.0, 0.0)
        if rates := say.rates_of_return(none, float(np.mean(kept["project_irr"] <= -1.0)), several, theirs):
            yield rates
        error = column(self.tables["payback.csv"], "se")[-1]
        if error > 0.0:
            yield f"Standard error of the share that pays back: {caveats.error_of_share(error)}."
        elif math.isnan(error):
            yield f"Too few futures for a standard error, which takes {MIN_REPLICATES * REPLICATE:,}."
        lines, most = (next(iter(held.values())).shape[-1] for held in (self.result.lines, kept))
        if lines < self.result.draws and not self.certain:
            yield f"The percentiles in cashflow.csv come from the first {lines:,} futures, its means from all."
        if most < self.result.draws:
            yield f"draws.parquet and distributions.csv hold the first {most:,} futures."
