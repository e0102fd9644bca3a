"""The project before anybody lends to it: operating result, depreciation and the tax that it would pay alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.blocked import Blocked, blocked_revenue
from sim.model.effects import Effects
from sim.model.operations import Operations
from sim.model.tax import Depreciation, Tax, alike, corporate_tax, depreciation
from sim.model.timeline import Grid
from sim.model.works import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Project:
    """Operating result and tax without loans, nominal USD, (periods + 1, draws)."""

    operations: Operations
    blocked: Blocked | None
    """Revenue in blocked accounts; None where nothing is ever blocked."""
    capex: Array
    ebitda: Array
    income: Array
    """What is taxed before depreciation of the construction cost."""
    written: Mapping[str, Array]
    """Depreciation under the rules of each jurisdiction, before its share."""
    depreciation: Array
    """The same, weighted with the shares."""
    tax: Array
    """Tax without loans; negative: a refund."""
    tax_by_jurisdiction: Mapping[str, Array]
    net: Array
    """EBITDA less tax and capex: the project's flow, which no financing changes."""


def before_loans(tax: Tax, schedule: Schedule, operations: Operations, effects: Effects, grid: Grid) -> Project:
    """Return operating result, depreciation, tax and net flow without loans; blocked revenue counts when released."""
    running = operations.running
    revenue = operations.revenue
    blocked = blocked_revenue(revenue, effects, schedule.seized_row)
    income = (revenue if blocked is None else revenue - blocked.withheld + blocked.released) + running.salvage
    spending = operations.supply_cost + operations.charges + running.operating
    ebitda = income - spending - running.replacements - running.decommissioning
    reached = np.where(schedule.clock.cod_years <= grid.end[-1, 0], schedule.clock.cod_years, np.inf)
    written: dict[str, Array] = {}
    done: list[tuple[Depreciation, Array]] = []
    for name, terms in tax.jurisdictions.items():
        same = [flow for rules, flow in done if alike(rules, terms.depreciation)]
        written[name] = same[0] if same else depreciation(terms.depreciation, schedule.basis, reached, grid)
        done.append((terms.depreciation, written[name]))
    taxable = ebitda + running.replacements_capitalised - running.replacement_writeoff
    lines = corporate_tax(tax, taxable, written, grid)
    net = ebitda - lines.tax - schedule.capex
    whole = lines.depreciation + running.replacement_writeoff
    return Project(
        operations=operations,
        blocked=blocked,
        capex=schedule.capex,
        ebitda=ebitda,
        income=taxable,
        written=written,
        depreciation=whole,
        tax=lines.tax,
        tax_by_jurisdiction=lines.by_jurisdiction,
        net=net,
    )
