"""Corporate tax on the operating result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from sim.base.quantities import Kind, Quantity, Section
from sim.model.timeline import Grid

Array = NDArray[np.float64]


class Tax(Section):
    """Corporate tax of the project company."""

    rate: Annotated[Quantity, Kind("fraction", ge=0.0, lt=1.0)]
    """Tax rate on profit."""
    losses: Literal["carried_forward", "refunded"] = "carried_forward"
    """What happens to a loss: set against later profit without limit, or paid out at once (SAM)."""
    half_year: bool = False
    """Whether depreciation starts half a year after COD (half-year convention)."""


@dataclass(frozen=True)
class TaxLines:
    """Depreciation and tax of each row, nominal USD, (periods + 1, draws); a negative tax is a refund."""

    depreciation: Array
    tax: Array


def depreciation(basis: list[tuple[Array, Array]], cod_years: Array, half_year: bool, grid: Grid) -> Array:
    """Return straight-line depreciation in time from COD (half a year later with the half-year convention).

    ``basis`` lists spending (draws,) and tax life; a draw that does not reach COD depreciates nothing.

    >>> import numpy as np
    >>> flat = depreciation([(np.array([100.0]), np.array([4.0]))], np.array([1.5]), False, Grid(2000, 1, 7))
    >>> flat[:, 0].tolist()
    [0.0, 0.0, 12.5, 25.0, 25.0, 25.0, 12.5, 0.0]
    """
    since = grid.end - (cod_years + (0.5 if half_year else 0.0))
    total: Array = np.zeros(since.shape)
    for amount, life in basis:
        written = np.clip(since, 0.0, life)
        total[1:] += (written[1:] - written[:-1]) * (amount / life)
    return total


def corporate_tax(tax: Tax, ebitda: Array, depreciated: Array) -> TaxLines:
    """Return tax on EBITDA less depreciation; losses are carried forward without limit, or refunded at once.

    Carried forward: used_k = min(pool, max(profit_k, 0)), tax_k = rate (max(profit_k, 0) - used_k).
    """
    profit = ebitda - depreciated
    if tax.losses == "refunded":
        return TaxLines(depreciated, tax.rate * profit)
    gain = np.maximum(profit, 0.0)
    loss = gain - profit
    pool = np.zeros(profit.shape[1])
    for k in range(profit.shape[0]):
        used = np.minimum(pool, gain[k])
        pool += loss[k]
        pool -= used
        gain[k] -= used
    gain *= tax.rate
    return TaxLines(depreciated, gain)
