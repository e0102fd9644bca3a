"""The part of the page on sanctions: the decision, the works, what sanctions cost and who bears it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sim.report import format as say
from sim.report.compare_layout import Grid
from sim.report.names import party, spoken
from sim.report.titles import title

if TYPE_CHECKING:
    from sim.tables import Table

Summary = Mapping[str, Mapping[str, Any]]
ROWS = tuple(
    (title(name), name) for name in ("cost_of_sanctions_usd", "cost_of_sanctions_to_sponsors_usd", "cod_delay_years")
)
"""Label and metric of the lines of figures."""
COLUMNS = (0, 1, 2, 5, 10, 20, 30)
"""Years after the start in which the regimes are shown, and the last one."""
NONE = "none in any future. Export cut-offs, where there are any, are a risk of their own and no part of their cost."
MOST = 9
"""Largest number of years in the table of regimes."""
TOGETHER = "all of them together, before tax and loans,"
SURE = 2.0
"""Standard errors by which the means of two parties must differ before one of them is called the larger."""
SMALL = 0.01
"""Part of the largest change below which a party is left out."""


def words(summary: Summary, curve: Table) -> Iterator[str]:
    """Yield in sentences what became of decision and works, what sanctions cost, and whom they save money."""
    mean = {name: row["mean"] for name, row in summary.items()}
    yield (
        f"Invested in {say.share(mean['invested'])} of futures, given up while building in "
        f"{say.share(mean['abandoned'])}, seized in {say.share(mean['seized'])}.{_waits(curve)}"
    )
    cost, error = mean["cost_of_sanctions_usd"], summary["cost_of_sanctions_usd"]["se"]
    among = [cost, error] if error > 0.0 else []
    doubt = f" (standard error {say.usd(error, among)})" if error > 0.0 else ""
    saved = mean["sanctions_save_money"]
    yield (
        f"Against the same futures without sanctions they {'cost' if cost >= 0.0 else 'save'} "
        f"{say.usd(abs(cost), among)} of NPV in the mean{doubt}; they save money in {say.share(saved)} of futures."
    )
    cases = ("pays_with_and_without", "pays_only_without_sanctions", "pays_only_with_sanctions", "pays_in_neither")
    both, without, with_, neither = (say.share(mean[case]) for case in cases)
    later = summary["cost_of_sanctions_years"]
    longer = f" ({say.years(later['mean'])} later in the mean)" if math.isfinite(later["mean"]) else ""
    yield (
        f"Pays back with and without them in {both}{longer}, only without in {without}, only with in {with_}, "
        f"in neither in {neither}."
    )


def _waits(curve: Table) -> str:
    """Return when half of the decisions that are ever taken have been taken; empty where all are at the start."""
    taken = [1.0 - row[curve.columns.index("not_invested")] for row in curve.rows]
    if taken[0] >= taken[-1]:
        return ""
    half = next(i for i, share in enumerate(taken) if share >= 0.5 * taken[-1] - 1e-12)
    return f" Half of the decisions that are taken come by the end of year {half}."


def regimes(table: Table, start_year: int) -> Grid:
    """Return the share of futures in each regime over the years."""
    names = list(dict.fromkeys(row[1] for row in table.rows))
    years = _columns(table, names)
    share = {(row[0], row[1]): row[2] for row in table.rows}
    heads = ("start" if year == 0 else str(start_year + year - 1) for year in years)
    rows = tuple((spoken(name), *(say.bare_share(share[year, name]) for year in years)) for name in names)
    return Grid(("Share of futures in regime, %", *heads), rows, 1, len(years) - 1, "regimes.csv")


def _columns(table: Table, names: Sequence[str]) -> list[int]:
    """Return the years to show: some on the way, the last one, and the height of a regime that they would not show."""
    last = int(table.rows[-1][0])
    usual = [year for year in COLUMNS if year < last]
    peaks = set()
    for name in names:
        share = {row[0]: row[2] for row in table.rows if row[1] == name}
        height = max(share, key=lambda year: share[year])
        if max(share[year] for year in (*usual, last)) < 0.5 * share[height]:
            peaks.add(height)
    while len({*usual, *peaks, last}) > MOST and len(usual) > 1:
        usual.pop(1)
    return sorted({*usual, *peaks, last})


def bearers(table: Table) -> Iterator[Text]:
    """Yield in a sentence who bears the change of the project's cash, in the mean, the largest loser first."""
    place = {name: i for i, name in enumerate(table.columns)}
    means = {row[place["party"]]: row[place["mean"]] for row in table.rows}
    whole = means.pop("total")
    largest = max(abs(whole), *(abs(value) for value in means.values()))
    if largest == 0.0:
        return
    write, unit = say.row_scale("USD", [whole, *means.values()])
    parties = sorted((name for name in means if abs(means[name]) >= SMALL * largest), key=lambda name: means[name])
    parts = [f"{party(name)} {_with_sign(means[name], write)}" for name in parties]
    yield Text.assemble(
        ("Who has more (+) or less (−) by them", "bold"),
        f", mean present value, {unit}: {', '.join(parts)}; {TOGETHER} {_with_sign(whole, write)}.",
    )


def _with_sign(value: float, write: Callable[[float], str]) -> str:
    return f"{'+' if value > 0.0 else ''}{write(value)}"


def not_apart(order: Sequence[str], means: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return the first of some parties in an order, and those that only chance sets behind it.

    ``means``: mean and standard error of each; NaN: not known, and taken for 0.

    >>> not_apart(["a", "b", "c"], {"a": (-9.0, 1.0), "b": (-7.5, 1.0), "c": (-1.0, 1.0)})
    ['a', 'b']
    """
    if not order:
        return []
    mean, error = means[order[0]]
    found = [order[0]]
    for name in order[1:]:
        noise = SURE * math.hypot(*(0.0 if math.isnan(one) else one for one in (error, means[name][1])))
        if abs(means[name][0] - mean) > noise:
            break
        found.append(name)
    return found


def section(summary: Summary, tables: Mapping[str, Table], start_year: int) -> Sequence[Text | Grid]:
    """Return the parts of the section before its table of figures; one line where nothing ever happens."""
    table = tables["regimes.csv"]
    first = table.rows[0][1]
    if all(row[2] == (1.0 if row[1] == first else 0.0) for row in table.rows):
        return [Text.assemble(("Sanctions: ", "bold"), NONE)]
    return [
        Text("Sanctions", style="bold"),
        Text(" ".join(words(summary, tables["payback.csv"]))),
        regimes(table, start_year),
    ]
