"""The table of a sweep: a row a case, its points first, then figures of metrics as ``metric.statistic``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sim.base.words import suggestion
from sim.batch.axes import problem
from sim.batch.compare_directions import unit_of as metric_unit
from sim.batch.figures import BY_YEAR, STATISTICS, Figures, is_metric
from sim.batch.plan import Plan
from sim.model.counterfactual import CHANGE, CHANGE_IN_TOTAL
from sim.model.finance_metrics import LOSS_SHARE
from sim.model.metrics import DEFINITIONS, Definition
from sim.tables import Table

CASES, ERRORS, PAYBACK, COLUMNS = "cases.csv", "errors.csv", "payback.csv", "columns.csv"
MAIN = (
    *("paid_back", "project_payback_years", "project_payback_discounted_years", "project_npv_usd", "npv_positive"),
    *("investment_usd", "cod_years", "transmission_lcoe_usd_per_mwh", "realised_gap_usd_per_mwh"),
    *("equity_npv_usd", "equity_payback_years", "debt_usd", "dscr_min", "defaulted", "lenders_loss_share"),
    *("invested", "abandoned", "seized", "cost_of_sanctions_usd", "sanctions_save_money"),
)
"""Metrics of the table where nothing else is asked for."""
EVERY = "all"
_NAMED = (LOSS_SHARE, CHANGE, CHANGE_IN_TOTAL, "share_of_")
"""Beginnings of metrics that are named after a lender, a party or a benchmark."""
_OTHERS = ("mean", "se", "p10", "p50", "p90")
"""Figures of these."""


def statistics_of(about: Definition) -> tuple[str, ...]:
    """Return the figures that say something about a metric.

    A mean only where it has one; percentiles unless it is 0 or 1; P(never) for the time of what may never happen.
    """
    if about.text.startswith("1 where"):
        return ("mean", "se")
    averaged = ("mean", "se") if about.averaged else ()
    return (*averaged, "p10", "p50", "p90", *(("never",) if about.unit.startswith("years from") else ()))


def columns_of(plan: Plan, found: Mapping[int, Figures]) -> list[tuple[str, str]]:
    """Return metric and statistic of each column; ``found`` are the figures of all cases."""
    there = dict.fromkeys(name for figures in found.values() for name in figures if is_metric(name))
    names = plan.metrics or tuple(name for name in MAIN if name in there)
    if EVERY in names:
        names = (*(name for name in DEFINITIONS if name in there), *(name for name in there if name not in DEFINITIONS))
    known = {name: statistics_of(DEFINITIONS[name]) if name in DEFINITIONS else _OTHERS for name in names}
    return [
        (name, statistic)
        for name, statistics in known.items()
        for statistic in (*statistics, *(("share_defined",) if _is_partial(name, statistics, found) else ()))
    ]


def _is_partial(name: str, statistics: Sequence[str], found: Mapping[int, Figures]) -> bool:
    """Say whether some draws of some case lack a metric of which there is a mean, and no word of it elsewhere."""
    place = STATISTICS.index("share_defined")
    some = "mean" in statistics and "never" not in statistics
    return some and any(figures[name][place] < 1.0 for figures in found.values() if name in figures)


def unit_of(column: str) -> str:
    """Return the unit of a column ``metric.statistic``; empty where it is not known."""
    name, _, statistic = column.partition(".")
    return "share" if statistic in ("never", "share_defined") else metric_unit(name)


WORDS = {
    "mean": "mean over the futures that have one",
    "se": "standard error of the mean, from 5,120 futures (20 replicates) on",
    "p10": "one future in ten is at or below it",
    "p50": "median",
    "p90": "nine futures in ten are at or below it",
    "never": "share of futures in which it never comes",
    "share_defined": "share of futures that have one",
}
"""What each statistic is."""


def columns_table(table: Table, plan: Plan) -> Table:
    """Return what every column of the table of cases is: its unit and its meaning."""
    rows = [("case", "", "number of the case")]
    rows += [(axis.name, "", "axis") for axis in plan.axes]
    for column in table.columns[1 + len(plan.axes) :]:
        name, _, statistic = column.partition(".")
        text = DEFINITIONS[name].text if name in DEFINITIONS else name
        rows.append((column, unit_of(column), f"{WORDS[statistic]}: {text}"))
    return Table(COLUMNS, ("column", "unit", "meaning"), rows)


def check_metrics(names: Sequence[str], where: str) -> None:
    """Raise an error for a name that is no metric; those that name a lender or a party are known by their beginning."""
    for name in names:
        if name != EVERY and name not in DEFINITIONS and not name.startswith(_NAMED):
            cure = suggestion(name, DEFINITIONS, "python -m sim describe lists them; or write all")
            raise problem(where, "metrics", f"there is no metric {name!r}", cure)


def cases_table(plan: Plan, found: Mapping[int, Figures]) -> Table:
    """Return the table of all cases that have figures, ``found`` by the number of the case, in their order."""
    columns = columns_of(plan, found)
    places = {statistic: i for i, statistic in enumerate(STATISTICS)}
    blank = (math.nan,) * len(STATISTICS)
    rows = []
    for case in plan.cases():
        if case.number in found:
            figures = found[case.number]
            values = (figures.get(name, blank)[places[statistic]] for name, statistic in columns)
            rows.append((case.number, *(point.label for point in case.points), *values))
    heads = (f"{name}.{statistic}" for name, statistic in columns)
    return Table(CASES, ("case", *(axis.name for axis in plan.axes), *heads), rows)


def payback_table(plan: Plan, found: Mapping[int, Figures]) -> Table:
    """Return the share of futures paid back by the end of each year, for each case."""
    rows = [
        (case.number, *(point.label for point in case.points), year, share)
        for case in plan.cases()
        for year, share in enumerate(found.get(case.number, {}).get(BY_YEAR, ()))
    ]
    return Table(PAYBACK, ("case", *(axis.name for axis in plan.axes), "year", "p_paid_back"), rows)
