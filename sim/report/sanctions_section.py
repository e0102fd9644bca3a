"""The part of the page on sanctions: the decision, the works, what sanctions cost and who bears it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table as Grid
from rich.text import Text

from sim.report import format as say

if TYPE_CHECKING:
    from sim.tables import Table

Summary = Mapping[str, Mapping[str, Any]]
ROWS = (
    ("Cost of sanctions, change of NPV", "cost_of_sanctions_usd"),
    ("The same for the sponsors", "cost_of_sanctions_to_sponsors_usd"),
    ("Delay of operation (COD)", "cod_delay_years"),
)
"""Label and metric of the lines of figures."""
COLUMNS = (0, 1, 2, 5, 10, 20, 30)
"""Years after the start in which the regimes are shown, and the last one."""
NONE = "none in any future. Export cut-offs, where there are any, are a risk of their own and no part of their cost."
MOST = 9
"""Largest number of years in the table of regimes."""
SMALL = 0.01
"""Part of the largest change below which a party is left out."""
NAMES = {
    "cash_in_company": "cash waiting in the company",
    "held_dividends": "dividends held back",
    "blocked_accounts": "blocked accounts, at rest or lost",
    "suppliers": "suppliers and states that are owed",
    "banks": "banks (interest on reserves)",
    "seizing_state": "the seizing state",
    "grants": "givers of grants",
}


def words(summary: Summary, curve: Table) -> Iterator[str]:
    """Yield in sentences what became of decision and works, what sanctions cost, and whom they save money."""
    mean = {name: row["mean"] for name, row in summary.items()}
    yield (
        f"Invested in {say.share(mean['invested'])} of futures, given up while building in "
        f"{say.share(mean['abandoned'])}, seized in {say.share(mean['seized'])}.{_waits(curve)}"
    )
    cost, error = mean["cost_of_sanctions_usd"], summary["cost_of_sanctions_usd"]["se"]
    doubt = f" (standard error {say.usd(error)})" if error > 0.0 else ""
    saved = mean["sanctions_save_money"]
    yield (
        f"Against the same futures without sanctions they {'cost' if cost >= 0.0 else 'save'} "
        f"{say.usd(abs(cost))} of NPV in the mean{doubt}; they save money in {say.share(saved)} of futures."
    )
    both, without, with_, neither = say.shares(
        [mean[f"pays_{case}"] for case in ("with_and_without", "only_without_sanctions", "only_with_sanctions")]
        + [mean["pays_in_neither"]]
    )
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


def regimes(table: Table, start_year: int) -> Iterator[Grid]:
    """Yield the share of futures in each regime over the years."""
    names = list(dict.fromkeys(row[1] for row in table.rows))
    years = _columns(table, names)
    share = {(row[0], row[1]): row[2] for row in table.rows}
    grid = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    grid.add_column("Share of futures in regime")
    for year in years:
        grid.add_column("start" if year == 0 else str(start_year + year - 1), justify="right", no_wrap=True)
    for name in names:
        grid.add_row(name, *(say.share(share[year, name]) for year in years))
    yield grid


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
    parts = [f"{named(name)} {_with_sign(means[name], write)}" for name in parties]
    text = f" (mean present value, {unit}): {', '.join(parts)}; in all {_with_sign(whole, write)} before tax and loans."
    yield Text.assemble(("Who bears it", "bold"), text)


def _with_sign(value: float, write: Callable[[float], str]) -> str:
    return f"{'+' if value > 0.0 else ''}{write(value)}"


def named(party: str) -> str:
    """Return what a party of bearers.csv is called.

    >>> named("sponsors_japan"), named("suppliers")
    ('sponsors of japan', 'suppliers and states that are owed')
    """
    if party in NAMES:
        return NAMES[party]
    for prefix, text in (("sponsors_", "sponsors of "), ("lender_", "lender "), ("state_", "taxes of ")):
        if party.startswith(prefix):
            return text + party.removeprefix(prefix).replace("_", " ")
    return party.replace("_", " ")


def section(summary: Summary, tables: Mapping[str, Table], start_year: int) -> Sequence[Text | Grid]:
    """Return the parts of the section before its table of figures; one line where nothing ever happens."""
    table = tables["regimes.csv"]
    first = table.rows[0][1]
    if all(row[2] == (1.0 if row[1] == first else 0.0) for row in table.rows):
        return [Text.assemble(("Sanctions: ", "bold"), NONE)]
    return [
        Text("Sanctions", style="bold"),
        Text(" ".join(words(summary, tables["payback.csv"]))),
        *regimes(table, start_year),
    ]
