"""Who pays and who is paid: from operations to cash flows. Projects are all equity here; loans enter through `Loan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.costs import Schedule
from sim.model.operations import Operations
from sim.model.tax import Tax, corporate_tax, depreciation
from sim.model.timeline import Grid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CashFlows:
    """The project's cash flows, nominal USD, non-negative magnitudes (tax may be a refund), (periods + 1, draws)."""

    operations: Operations
    capex: Array
    ebitda: Array
    depreciation: Array
    tax: Array
    net: Array
    """EBITDA less tax and capex."""

    def lines(self) -> Mapping[str, Array]:
        """Return every line by name, in the order in which money flows."""
        op = self.operations
        return {
            "energy_sent_mwh": op.energy_sent_mwh,
            "energy_delivered_mwh": op.energy_delivered_mwh,
            "revenue_merchant": op.revenue_merchant,
            "revenue_ppa": op.revenue_ppa,
            "supply_cost": op.supply_cost,
            "charges": op.charges,
            "operating_cost": op.running.operating,
            "replacements": op.running.replacements,
            "decommissioning": op.running.decommissioning,
            "salvage": op.running.salvage,
            "ebitda": self.ebitda,
            "depreciation": self.depreciation,
            "tax": self.tax,
            "capex": self.capex,
            "net": self.net,
        }


def finance(tax: Tax, schedule: Schedule, operations: Operations, grid: Grid) -> CashFlows:
    """Return the cash flows of a project without loans: EBITDA less tax less capex."""
    running = operations.running
    income = operations.revenue_merchant + operations.revenue_ppa + running.salvage
    spending = operations.supply_cost + operations.charges + running.operating
    ebitda = income - spending - running.replacements - running.decommissioning
    reached = np.where(schedule.clock.cod_years <= grid.end[-1, 0], schedule.clock.cod_years, np.inf)
    written = depreciation(schedule.basis, reached, tax.half_year, grid)
    lines = corporate_tax(tax, ebitda, written)
    net = ebitda - lines.tax - schedule.capex
    return CashFlows(operations, schedule.capex, ebitda, lines.depreciation, lines.tax, net)
