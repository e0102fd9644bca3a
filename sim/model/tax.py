"""Corporate tax: jurisdictions that share the profit, their depreciation, and what they do with losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback
from sim.model.timeline import Grid

Array = NDArray[np.float64]
_SHARE = Kind("share", ge=0.0, le=1.0)


class Depreciation(Section):
    """How the tax office lets a cost be written off from COD."""

    method: Literal["straight_line", "declining_balance", "custom"] = "straight_line"
    """Even parts of the tax life; a multiple of that on what is left, then even parts; or a table of yearly shares."""
    half_year: bool = False
    """Whether depreciation starts half a year after COD (half-year convention)."""
    factor: Annotated[Quantity, Kind("multiple of the straight line", gt=0.0, le=4.0)] | None = None
    """``declining_balance``: multiple of the straight-line rate, such as 2."""
    shares: dict[int, Annotated[float, Fixed("share of the cost", ge=0.0, le=1.0)]] | None = None
    """``custom``: year from COD (1, 2, …): share of the cost; it stands for every cost that has a tax life."""


class Jurisdiction(Section):
    """A state that taxes a part of the profit."""

    share: Annotated[float, Fixed("share of the profit", ge=0.0, le=1.0)] = fallback(1.0)
    """Part of income, costs and depreciation that it taxes; the parts sum to 1."""
    rate: Annotated[Quantity, Kind("fraction", ge=0.0, lt=1.0)]
    """Tax rate on profit."""
    losses: Literal["carried_forward", "refunded"] = "carried_forward"
    """What happens to a loss: set against later profit, or paid out at once (SAM)."""
    loss_limit: Annotated[Quantity, _SHARE] = fallback(1.0)
    """Largest part of a period's profit that earlier losses may cover."""
    loss_expiry_years: Annotated[float, Fixed("years", gt=0.0, le=200.0)] | None = None
    """Years after which a loss can no longer be used; absent: never."""
    depreciation: Depreciation = Field(default_factory=Depreciation)
    """How costs are written off."""


class Withholding(Section):
    """What the states keep of payments to a nation."""

    interest: Annotated[Quantity, Kind("share of the payment", ge=0.0, lt=0.9)] = fallback(0.0)
    """Tax withheld on interest; lenders are grossed up, so that the company bears it."""
    dividends: Annotated[Quantity, Kind("share of the payment", ge=0.0, lt=1.0)] = fallback(0.0)
    """Tax withheld on dividends; it lowers what sponsors receive."""


class Tax(Section):
    """Taxes on profit and on payments abroad."""

    jurisdictions: dict[str, Jurisdiction] = Field(min_length=1)
    """Name: state that taxes a part of the profit."""
    withholding: dict[str, Withholding] = Field(default_factory=dict)
    """Nation of a lender or sponsor: tax withheld on what it is paid; absent: none."""


def alike(one: Depreciation, other: Depreciation) -> bool:
    """Return whether two sets of rules are certainly the same, so that one depreciation serves both."""
    plain = one.factor is None and other.factor is None and one.shares == other.shares
    return plain and (one.method, one.half_year) == (other.method, other.half_year)


def written_off(method: Depreciation, life: Array, since: Array) -> Array:
    """Return the share of a cost written off ``since`` years after depreciation began (any shape that broadcasts).

    >>> import numpy as np
    >>> double = Depreciation.model_construct(method="declining_balance", factor=np.array([2.0]), shares=None)
    >>> written_off(double, np.array([5.0]), np.arange(6.0)).round(4).tolist()
    [0.0, 0.4, 0.64, 0.784, 0.892, 1.0]
    """
    if method.method == "straight_line":
        even: Array = np.clip(since / life, 0.0, 1.0)
        return even
    if method.method == "custom":
        assert method.shares is not None
        last = max(method.shares)
        reached = np.cumsum([0.0, *(method.shares.get(year, 0.0) for year in range(1, last + 1))])
        listed: Array = np.interp(since, np.arange(last + 1.0), reached)
        return listed
    assert method.factor is not None
    total: Array = np.zeros(np.broadcast_shapes(since.shape, life.shape, method.factor.shape))
    left: Array = np.ones(np.broadcast_shapes(life.shape, method.factor.shape))
    for year in range(int(np.ceil(np.max(life) - 1e-9))):
        part = np.maximum(left * np.minimum(method.factor / life, 1.0), left / np.maximum(life - year, 1.0))
        part = np.minimum(left, part)
        total += part * np.clip(since - year, 0.0, 1.0)
        left = left - part
    return total


def depreciation(method: Depreciation, basis: list[tuple[Array, Array]], cod_years: Array, grid: Grid) -> Array:
    """Return the depreciation of each row, (periods + 1, draws); ``cod_years`` inf: nothing is written off.

    ``basis`` lists spending (draws,) and tax life.

    >>> import numpy as np
    >>> flat = depreciation(Depreciation(), [(np.array([100.0]), np.array([4.0]))], np.array([1.5]), Grid(2000, 1, 7))
    >>> flat[:, 0].tolist()
    [0.0, 0.0, 12.5, 25.0, 25.0, 25.0, 12.5, 0.0]
    """
    since = np.maximum(grid.end - (cod_years + (0.5 if method.half_year else 0.0)), 0.0)
    total: Array = np.zeros(since.shape)
    for amount, life in basis:
        share = written_off(method, life, since)
        total[1:] += np.maximum(share[1:] - share[:-1], 0.0) * amount  # a sum can fall by a rounding step
    return total


class Assessment:
    """One jurisdiction's tax: `tax` is called once for each row in order, or `of_all_rows` once.

    Losses are used oldest first; what has been used or has expired is one running sum C against the running sum of
    losses, so that no vintages are kept (docs/financing.md, section 1).
    """

    def __init__(self, terms: Jurisdiction, draws: int, grid: Grid) -> None:
        self._terms = terms
        self._made = [np.zeros(draws)]
        years = terms.loss_expiry_years
        self._expiry = None if years is None else round(years * grid.periods_per_year)
        self._consumed = np.zeros(draws)

    def tax(self, income: Array, depreciated: Array) -> Array:
        """Return the tax of the next row on income (the whole, before its share) and its depreciation (draws,)."""
        terms = self._terms
        profit: Array = terms.share * (income - depreciated)
        if terms.losses == "refunded":
            return terms.rate * profit
        gain: Array = np.maximum(profit, 0.0)
        return terms.rate * (gain - self._used(terms.loss_limit * gain, gain - profit))

    def of_all_rows(self, income: Array, depreciated: Array) -> Array:
        """Return the tax of every row, (periods + 1, draws), where all income is known beforehand."""
        terms = self._terms
        profit: Array = terms.share * (income - depreciated)
        if terms.losses == "refunded":
            return terms.rate * profit
        gain: Array = np.maximum(profit, 0.0)
        most, loss = terms.loss_limit * gain, gain - profit
        for k in range(gain.shape[0]):
            gain[k] -= self._used(most[k], loss[k])
        return terms.rate * gain

    def _used(self, most: Array, loss: Array) -> Array:
        """Return the earlier losses set against the next row's gain, at most some of it; put its own loss to them."""
        before = self._made[-1]
        if self._expiry is not None:
            old = len(self._made) - 1 - self._expiry
            if old > 0:
                self._consumed = np.maximum(self._consumed, self._made[old])
        used: Array = np.minimum(before - self._consumed, most)
        self._consumed = self._consumed + used
        self._keep(before + loss)
        return used

    def _keep(self, made: Array) -> None:
        if self._expiry is None:
            self._made[-1] = made
        else:
            self._made.append(made)


@dataclass(frozen=True)
class TaxLines:
    """Depreciation and tax of each row without loans, nominal USD, (periods + 1, draws); a negative tax is a refund."""

    depreciation: Array
    """Weighted with the shares of the jurisdictions."""
    tax: Array
    by_jurisdiction: Mapping[str, Array]
    """The same tax by name."""


def corporate_tax(tax: Tax, income: Array, written: Mapping[str, Array], grid: Grid) -> TaxLines:
    """Return the tax of all jurisdictions on income (periods + 1, draws) less each one's depreciation."""
    paid: Array = np.zeros(income.shape)
    mean: Array = np.zeros(income.shape)
    each: dict[str, Array] = {}
    for name, terms in tax.jurisdictions.items():
        mean += terms.share * written[name]
        each[name] = Assessment(terms, income.shape[1], grid).of_all_rows(income, written[name])
        paid += each[name]
    return TaxLines(mean, paid, each)
