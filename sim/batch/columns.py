"""The table of a sweep: a row a case, its points first, then figures of metrics as ``metric.statistic``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from sim.base.words import suggestion
from sim.batch.axes import problem
from sim.batch.figures import BY_YEAR, STATISTICS, Figures, is_metric
from sim.batch.plan import Plan
from sim.model.metrics import DEFINITIONS, Definition
from sim.tables import Table

CASES, ERRORS, PAYBACK = "cases.csv", "errors.csv", "payback.csv"
MAIN = (
    *("paid_back", "project_payback_years", "project_payback_discounted_years", "project_npv_usd", "npv_positive"),
    *("investment_usd", "cod_years", "transmission_lcoe_usd_per_mwh", "realised_gap_usd_per_mwh"),
    *("equity_npv_usd", "equity_payback_years", "debt_usd", "dscr_min", "defaulted", "lenders_loss_share"),
    *("invested", "abandoned", "seized", "cost_of_sanctions_usd", "sanctions_save_money"),
)
"""Metrics of the table where nothing else is asked for."""
EVERY = "all"
_OTHERS = ("mean", "se", "p10", "p50", "p90")
"""Figures of metrics that are named after a lender, a party or a benchmark."""


_NAMED = ("loss_share_of_", "change_for_", "change_in_total", "share_of_")


def statistics_of(about: Definition) -> tuple[str, ...]:
    """Return the figures that say something about a metric.

    A mean only where it has one; percentiles unless it is 0 or 1; P(never) for the time of what may never happen.
    """
    if about.text.startswith("1 where"):
        return ("mean", "se")
    averaged = ("mean", "se") if about.averaged else ()
    return (*averaged, "p10", "p50", "p90", *(("never",) if about.unit.startswith("years from") else ()))


def columns_of(plan: Plan, found: Iterable[str]) -> list[tuple[str, str]]:
    """Return metric and statistic of each column; ``found`` are the metrics that some case has."""
    there = dict.fromkeys(name for name in found if is_metric(name))
    names = plan.metrics or tuple(name for name in MAIN if name in there)
    if EVERY in names:
        names = (*(name for name in DEFINITIONS if name in there), *(name for name in there if name not in DEFINITIONS))
    known = {name: statistics_of(DEFINITIONS[name]) if name in DEFINITIONS else _OTHERS for name in names}
    return [(name, statistic) for name, statistics in known.items() for statistic in statistics]


def unit_of(column: str) -> str:
    """Return the unit of a column ``metric.statistic``."""
    name, _, statistic = column.partition(".")
    return "share" if statistic == "never" else DEFINITIONS[name].unit if name in DEFINITIONS else "USD"


def check_metrics(names: Sequence[str], where: str) -> None:
    """Raise an error for a name that is no metric; those that name a lender or a party are known by their beginning."""
    for name in names:
        if (
            name != EVERY
            and name not in DEFINITIONS
            and not name.startswith(("loss_share_of_", "change_", "share_of_"))
        ):
            cure = suggestion(name, DEFINITIONS, "python -m sim describe lists them; or write all")
            raise problem(where, "metrics", f"there is no metric {name!r}", cure)


def cases_table(plan: Plan, found: Mapping[int, Figures]) -> Table:
    """Return the table of all cases that have figures, ``found`` by the number of the case, in their order."""
    columns = columns_of(plan, (name for figures in found.values() for name in figures))
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
