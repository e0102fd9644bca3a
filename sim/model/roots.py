"""Roots of present values g(u) = sum f_k exp(-u t_k) of many cash flows at once; used by `irr`.

Roots inside a bracket are found by Newton's method on ln(inflows / outflows), which is nearly linear in u. Every column
stops on its own: a result does not depend on the columns beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.intp]
FAR = 40.0
"""Bound of |u|: rates per period from -1 + 4e-18 to 2e17."""
LATE = 16.0
"""Steps before the first flow beyond which time is counted from it: exp(-FAR · LATE) is still far from underflow."""
TOUCH = 1e-13
"""A minimum of |g| below this share of the sum of its terms counts as a touching root."""


@dataclass(frozen=True)
class Series:
    """Flows in order of time, (rows, columns); ``times`` in half or whole periods, (rows, 1) or (rows, columns)."""

    flows: Array
    times: Array

    def pick(self, columns: Mask | Counts) -> Series:
        """Return some of the columns."""
        return Series(self.flows[:, columns], _columns(self.times, columns))

    def aligned(self) -> Series:
        """Return the same series with time counted from the first flow, in columns in which that comes late.

        Roots do not change. Without this, far from zero all of a late series would be too small for arithmetic.
        """
        first = np.argmax(self.flows != 0.0, axis=0)
        begins = self.times[first, np.arange(first.size) if self.times.shape[1] > 1 else 0]
        if not np.any(begins > LATE):
            return self
        times = np.maximum(self.times - np.where(begins > LATE, begins, 0.0), 0.0)
        return Series(self.flows, np.ascontiguousarray(times))

    def backwards(self) -> Series:
        """Return the flows read from the end: roots change their sign."""
        return Series(self.flows[::-1], self.times[-1] - self.times[::-1])


def _columns(times: Array, columns: Mask | Counts) -> Array:
    """Return the times of some columns, row by row in memory: sums over rows then run in order of time."""
    return times if times.shape[1] == 1 else np.ascontiguousarray(times[:, columns])


def accumulate(flow: Array) -> Array:
    """Return running sums over rows (several times as quick as ``cumsum`` along the first axis)."""
    if flow.shape[1] == 1:
        return np.cumsum(flow, axis=0)
    sums = np.empty_like(flow)
    sums[0] = flow[0]
    for k in range(1, flow.shape[0]):
        np.add(sums[k - 1], flow[k], out=sums[k])
    return sums


def ever(mask: Mask) -> Mask:
    """Return whether it has been so in a row or before (several times as quick as ``logical_or.accumulate``)."""
    result = mask.copy()
    for k in range(1, mask.shape[0]):
        np.logical_or(result[k - 1], result[k], out=result[k])
    return result


def signed(series: Series, sign: Array) -> Series:
    """Return the flows times a sign for each column."""
    return Series(series.flows * sign, series.times)


@dataclass(frozen=True)
class _Terms:
    """Present values of inflows and outflows (both >= 0) and their slopes in u."""

    inflow: Array
    outflow: Array
    inflow_slope: Array
    outflow_slope: Array


def _terms(series: Series, u: Array) -> _Terms:
    term = np.exp(-series.times * u)
    term *= series.flows
    positive = np.maximum(term, 0.0)
    inflow, total = _sum(positive), _sum(term)
    times = series.times
    term *= times
    positive *= times
    inflow_slope, slope = -_sum(positive), -_sum(term)
    return _Terms(inflow, inflow - total, inflow_slope, inflow_slope - slope)


def _sum(values: Array) -> Array:
    """Return sums over rows, added in order whatever the number of columns."""
    if values.shape[1] == 1:
        last: Array = np.cumsum(values, axis=0)[-1]
        return last
    total: Array = values.sum(axis=0)
    return total


def polish(series: Series, low: Array | float, high: Array | float) -> Array:
    """Return the root in [low, high] of columns that are positive at ``low`` and negative at ``high``.

    Newton on ln(inflow / outflow) kept inside a shrinking bracket, halving it where a step is not half of the one
    before the last; every column stops on its own, so that it does not depend on the others.
    """
    columns = series.flows.shape[1]
    low = np.array(np.broadcast_to(low, (columns,)), dtype=np.float64)
    high = np.array(np.broadcast_to(high, (columns,)), dtype=np.float64)
    u = low.copy()
    result = u.copy()
    active = np.arange(columns)
    step, older = np.full(columns, np.inf), np.full(columns, np.inf)
    for _ in range(300):
        terms = _terms(series, u)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.log(terms.inflow / terms.outflow)
            slope = terms.inflow_slope / terms.inflow - terms.outflow_slope / terms.outflow
            trial = u - value / slope
        above = terms.inflow > terms.outflow
        low, high = np.where(above, u, low), np.where(above, high, u)
        with np.errstate(invalid="ignore"):
            good = (trial >= low) & (trial <= high) & (np.abs(trial - u) <= 0.5 * older)
        following = np.where(good, trial, 0.5 * (low + high))
        step, older = np.abs(following - u), step
        result[active] = following
        going = step > 1e-14 * np.maximum(1.0, np.abs(u))
        if not going.any():
            break
        if going.all():
            u = following
        else:
            active, u, low, high = active[going], following[going], low[going], high[going]
            step, older, series = step[going], older[going], series.pick(going)
    return result


def lowest(series: Series, turn: Array) -> tuple[Array, Array, Array]:
    """Return a point u > 0 where g is below zero or, if it never is, lowest; with g and the size of its terms there.

    g is positive at both ends. d/du of exp(u turn) g / u vanishes where h(u) = sum f_k (1 + u (t_k - turn)) exp(-u t_k)
    does: exactly once, h falling through zero. Newton on h inside a bracket, until g < 0 or the point is found.
    """
    columns = turn.size
    u = np.full(columns, 1.0) / np.maximum(series.times[-1], 1.0)
    low, high = np.zeros(columns), np.full(columns, FAR)
    result, value, size = u.copy(), np.zeros(columns), np.zeros(columns)
    active = np.arange(columns)
    times, flows = series.times, series.flows
    step, older = np.full(columns, np.inf), np.full(columns, np.inf)
    for _ in range(200):
        term = np.exp(-times * u) * flows
        zeroth, scale = _sum(term), _sum(np.abs(term))
        term *= times
        first = _sum(term)
        term *= times
        second = _sum(term)
        result[active], value[active], size[active] = u, zeroth, scale
        h = zeroth * (1.0 - u * turn) + u * first
        slope = turn * (u * first - zeroth) - u * second
        low, high = np.where(h > 0.0, u, low), np.where(h > 0.0, high, u)
        with np.errstate(divide="ignore", invalid="ignore"):
            trial = u - h / slope
        with np.errstate(invalid="ignore"):
            good = (trial > low) & (trial < high) & (np.abs(trial - u) <= 0.5 * older)
        # Far to the right the bracket is halved in the logarithm.
        following = np.where(good, trial, np.sqrt(np.maximum(low, 1e-9) * high))
        step, older = np.abs(following - u), step
        # Near its lowest point g moves with the square of the step: a clear sign needs no more digits.
        precise = np.where(zeroth > 1e-5 * scale, 1e-4, 1e-9)
        going = (zeroth > -TOUCH * scale) & (step > precise * u)
        if not going.any():
            break
        active, u, low, high = active[going], following[going], low[going], high[going]
        turn, step, older = turn[going], step[going], older[going]
        times, flows = _columns(times, going), flows[:, going]
    return result, value, size


_NODES = np.concatenate([[0.0], np.sinh(np.linspace(0.0, np.arcsinh(FAR * 20.0), 110))[1:] / 20.0])


def scan(series: Series, largest: bool) -> tuple[Array, Counts]:
    """Return the wanted root u > 0 and the number of roots found on a grid, where the bound is above two."""
    value = _on_grid(series)
    positive = value >= 0.0
    node, column = np.nonzero(positive[1:] != positive[:-1])
    places = [column]
    sign = np.where(positive[node, column], 1.0, -1.0)
    roots = [polish(signed(series.pick(column), sign), _NODES[node], _NODES[node + 1])]
    # A minimum of |g| between nodes of one sign may hide a touching root or a close pair.
    size = np.abs(value)
    same = (positive[2:] == positive[1:-1]) & (positive[1:-1] == positive[:-2])
    node, column = np.nonzero(same & (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]))
    if column.size:
        sign = np.where(positive[node, column], 1.0, -1.0)
        for place, root in _refine(signed(series.pick(column), sign), _NODES[node], _NODES[node + 2]):
            places.append(column[place])
            roots.append(root)
    place, found = np.concatenate(places), np.concatenate(roots)
    best = np.full(value.shape[1], -np.inf if largest else np.inf)
    (np.maximum if largest else np.minimum).at(best, place, found)
    return np.where(np.isfinite(best), best, np.nan), np.bincount(place, minlength=value.shape[1])


def _on_grid(series: Series) -> Array:
    """Return g at every node, (nodes, columns); Horner from the last flow."""
    gaps = np.diff(series.times, axis=0)
    value = np.repeat(series.flows[-1:], _NODES.size, axis=0)
    single, double = np.exp(-_NODES)[:, None], np.exp(-2.0 * _NODES)[:, None]
    for gap, row in zip(gaps[::-1], series.flows[-2::-1], strict=True):
        if gap.size == 1:
            value *= {0.0: 1.0, 1.0: single}.get(float(gap[0]), double)
        else:
            value *= np.where(gap == 0.0, 1.0, np.where(gap == 1.0, single, double))
        value += row
    return value


def _refine(series: Series, low: Array, high: Array) -> list[tuple[Counts, Array]]:
    """Return columns and roots of touching or close pairs of roots where g is positive at both ends of a bracket.

    Its minimum is where the slope, a series with flows -t f, turns from negative to positive.
    """
    bottom = polish(Series(series.flows * series.times, series.times), low, high)
    terms = _terms(series, bottom)
    value, size = terms.inflow - terms.outflow, terms.inflow + terms.outflow
    touching = np.abs(value) <= TOUCH * size
    pair = np.flatnonzero((value < 0.0) & ~touching)
    inner, turn = series.pick(pair), bottom[pair]
    upper = signed(inner, -np.ones(pair.size))
    return [
        (np.flatnonzero(touching), bottom[touching]),
        (pair, polish(inner, low[pair], turn)),
        (pair, polish(upper, turn, high[pair])),
    ]
