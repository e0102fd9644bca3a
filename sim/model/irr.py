"""Internal rates of return of many cash flows at once, all roots accounted for.

Flows are columns; with u = ln(1 + rate per period) the present value is g(u) = sum f_k exp(-u t_k), and a rate above
-100 % is a real root of g. On u > 0 the sign changes of the cumulative sums R_k bound the number of roots and fix its
parity (Descartes' rule for g / (1 - y), y = exp(-u)); on u < 0 those of the sums taken from the end do. Bound 0 or 1 is
a proof. With bound 2 and T the time of the first sign change, exp(u T) g / u, the transform of R(t) shifted by T, has
exactly one stationary point, because R(t) (t - T) changes sign once; the value there decides between two roots and
none. Only columns with larger bounds are
scanned. Roots are found by Newton's method on ln(inflows / outflows), which is nearly linear in u. Source: Descartes'
rule of signs; C. Norstrom, A sufficient condition for a unique nonnegative internal rate of return, JFQA 7 (1972); the
stationary point is our own short step from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.intp]
_FAR = 40.0
"""Bound of |u|: rates per period from -1 + 4e-18 to 2e17."""
_TOUCH = 1e-13
"""A minimum of |g| below this share of the sum of its terms counts as a touching root."""


@dataclass(frozen=True)
class Roots:
    """Per column: the largest rate per period at which the value vanishes (NaN: none), and whether there are others."""

    rate: Array
    several: Mask


@dataclass(frozen=True)
class _Series:
    """Flows in order of time, (rows, columns); ``times`` (rows,) in steps, of which a period has ``steps``."""

    flows: Array
    times: Array

    def pick(self, columns: Mask | Counts) -> _Series:
        return _Series(self.flows[:, columns], self.times)

    def backwards(self) -> _Series:
        return _Series(self.flows[::-1], self.times[-1] - self.times[::-1])


def irr(flows: Array, early: Array | None = None) -> Roots:
    """Return rates per period for ``flows`` (rows, columns), which fall at the end of rows 0, 1, …

    ``early`` (rows, columns) are flows that fall half a period before the end of their row (row 0: at its end). NaN and
    infinite columns give NaN.

    >>> import numpy as np
    >>> round(float(irr(np.array([[-100.0], [39.0], [59.0], [55.0], [20.0]])).rate[0]), 5)
    0.28095
    """
    flows = np.asarray(flows, dtype=np.float64)
    columns = flows.shape[1]
    rate, several = np.full(columns, np.nan), np.zeros(columns, dtype=bool)
    if flows.shape[0] < 2:
        return Roots(rate, several)
    steps = 1.0 if early is None else 2.0
    series = _Series(flows, np.arange(flows.shape[0], dtype=np.float64)) if early is None else _merged(flows, early)
    with np.errstate(invalid="ignore"):
        scale = np.max(np.abs(series.flows), axis=0)
        usable = np.flatnonzero(np.isfinite(scale) & (scale > 0.0))
    if usable.size:
        sound = series if usable.size == columns else series.pick(usable)
        u, count = _largest(_Series(sound.flows / scale[usable], sound.times))
        with np.errstate(over="ignore"):
            rate[usable] = np.expm1(steps * u)
        several[usable] = count > 1
    return Roots(rate, several)


def _merged(flows: Array, early: Array) -> _Series:
    """Return both kinds of flow in order of time, in half periods; rows after the last early flow have no half step."""
    last = int(np.max(np.flatnonzero(np.any(early != 0.0, axis=1)), initial=0))
    rows = flows.shape[0]
    result = np.empty((rows + last, flows.shape[1]))
    result[0] = flows[0] + early[0]
    result[1 : 2 * last : 2] = early[1 : last + 1]
    result[2 : 2 * last + 1 : 2] = flows[1 : last + 1]
    result[2 * last + 1 :] = flows[last + 1 :]
    times = np.concatenate([np.arange(2 * last + 1), 2.0 * np.arange(last + 1, rows)])
    return _Series(result, times)


def _largest(series: _Series) -> tuple[Array, Counts]:
    """Return the largest root u of each column (NaN: none) and the number of roots."""
    sums = _running(series.flows)
    at_zero = sums[-1] == 0.0
    u, count = _one_side(series, sums, largest=True)
    u = np.where((count == 0) & at_zero, 0.0, u)
    count += at_zero
    back = series.backwards()
    below, number = _one_side(back, _running(back.flows), largest=False, needed=count == 0)
    return np.where(count == 0, -below, u), count + number


def _one_side(series: _Series, sums: Array, largest: bool, needed: Mask | None = None) -> tuple[Array, Counts]:
    """Return the largest (or smallest) root u > 0 and the number of such roots; roots only where ``needed``."""
    bound = _sign_changes(sums)
    root, number = np.full(bound.size, np.nan), np.where(bound == 1, 1, 0)
    one = bound == 1 if needed is None else (bound == 1) & needed
    if one.any():
        # Just above u = 0 the sign is that of the last cumulative sum that is not zero.
        root[one] = _polish(_signed(series.pick(one), _last_sign(sums[:, one])), 0.0, _FAR)
    two = bound == 2
    if two.any():
        root[two], number[two] = _pair(series.pick(two), sums[:, two], largest)
    more = bound > 2
    if more.any():
        root[more], number[more] = _scan(series.pick(more), largest)
    return root, number


def _signed(series: _Series, sign: Array) -> _Series:
    return _Series(series.flows * sign, series.times)


def _sign_changes(sums: Array) -> Counts:
    """Return the number of sign changes down each column; zeros do not count."""
    positive = sums > 0.0
    zero = sums == 0.0
    for k in np.flatnonzero(zero.any(axis=1)).tolist():
        if k:
            positive[k] |= zero[k] & positive[k - 1]
    changes = np.count_nonzero(positive[1:] != positive[:-1], axis=0)
    # Zeros in front of the first flow read as not positive: a change that is none if the first flow is positive.
    first = np.argmax(~zero, axis=0)
    spurious = (first > 0) & positive[first, np.arange(first.size)]
    result: Counts = changes - spurious
    return result


def _running(flows: Array) -> Array:
    sums = np.empty_like(flows)
    sums[0] = flows[0]
    for k in range(1, flows.shape[0]):
        np.add(sums[k - 1], flows[k], out=sums[k])
    return sums


def _last_sign(sums: Array) -> Array:
    sign: Array = np.sign(sums[-1])
    for row in sums[-2::-1]:
        if np.all(sign != 0.0):
            break
        sign = np.where(sign == 0.0, np.sign(row), sign)
    return sign


def _pair(series: _Series, sums: Array, largest: bool) -> tuple[Array, Counts]:
    """Return the wanted one of two roots and their number (0, 1 for a touching root, 2) where the bound is two."""
    end = _last_sign(sums)
    turn = series.times[np.argmax(sums * end < 0.0, axis=0)]
    signed = _signed(series, end)
    point, value, size = _lowest(signed, turn)
    touching = np.abs(value) <= _TOUCH * size
    crossing = (value < 0.0) & ~touching
    root = np.where(touching, point, np.nan)
    if crossing.any():
        inner, low = signed.pick(crossing), point[crossing]
        root[crossing] = _polish(_signed(inner, -np.ones(low.size)), low, _FAR) if largest else _polish(inner, 0.0, low)
    return root, np.where(crossing, 2, touching.astype(np.intp))


def _lowest(series: _Series, turn: Array) -> tuple[Array, Array, Array]:
    """Return a point u > 0 where g is below zero or, if it never is, lowest; with g and the size of its terms there.

    g is positive at both ends. d/du of exp(u turn) g / u vanishes where h(u) = sum f_k (1 + u (t_k - turn)) exp(-u t_k)
    does: exactly once, h falling through zero. Newton on h inside a bracket, until g < 0 or the point is found.
    """
    columns = turn.size
    u = np.full(columns, 1.0) / np.maximum(series.times[-1], 1.0)
    low, high = np.zeros(columns), np.full(columns, _FAR)
    result, value, size = u.copy(), np.zeros(columns), np.zeros(columns)
    active = np.arange(columns)
    times = series.times[:, None]
    flows = series.flows
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
        going = (zeroth > -_TOUCH * scale) & (step > precise * u)
        if not going.any():
            break
        active, u, low, high = active[going], following[going], low[going], high[going]
        turn, flows, step, older = turn[going], flows[:, going], step[going], older[going]
    return result, value, size


@dataclass(frozen=True)
class _Terms:
    """Present values of inflows and outflows (both >= 0) and their slopes in u."""

    inflow: Array
    outflow: Array
    inflow_slope: Array
    outflow_slope: Array


def _terms(series: _Series, u: Array) -> _Terms:
    term = np.exp(-series.times[:, None] * u)
    term *= series.flows
    positive = np.maximum(term, 0.0)
    inflow, total = _sum(positive), _sum(term)
    times = series.times[:, None]
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


def _polish(series: _Series, low: Array | float, high: Array | float) -> Array:
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


_NODES = np.concatenate([[0.0], np.sinh(np.linspace(0.0, np.arcsinh(_FAR * 20.0), 110))[1:] / 20.0])


def _scan(series: _Series, largest: bool) -> tuple[Array, Counts]:
    """Return the wanted root u > 0 and the number of roots found on a grid, where the bound is above two."""
    value = _on_grid(series)
    positive = value >= 0.0
    node, column = np.nonzero(positive[1:] != positive[:-1])
    places = [column]
    sign = np.where(positive[node, column], 1.0, -1.0)
    roots = [_polish(_signed(series.pick(column), sign), _NODES[node], _NODES[node + 1])]
    # A minimum of |g| between nodes of one sign may hide a touching root or a close pair.
    size = np.abs(value)
    same = (positive[2:] == positive[1:-1]) & (positive[1:-1] == positive[:-2])
    node, column = np.nonzero(same & (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]))
    if column.size:
        sign = np.where(positive[node, column], 1.0, -1.0)
        for place, root in _refine(_signed(series.pick(column), sign), _NODES[node], _NODES[node + 2]):
            places.append(column[place])
            roots.append(root)
    place, found = np.concatenate(places), np.concatenate(roots)
    best = np.full(value.shape[1], -np.inf if largest else np.inf)
    (np.maximum if largest else np.minimum).at(best, place, found)
    return np.where(np.isfinite(best), best, np.nan), np.bincount(place, minlength=value.shape[1])


def _on_grid(series: _Series) -> Array:
    """Return g at every node, (nodes, columns); Horner from the last flow."""
    gaps = np.diff(series.times)
    value = np.repeat(series.flows[-1:], _NODES.size, axis=0)
    single, double = np.exp(-_NODES)[:, None], np.exp(-2.0 * _NODES)[:, None]
    for gap, row in zip(gaps[::-1], series.flows[-2::-1], strict=True):
        value *= single if gap == 1.0 else double
        value += row
    return value


def _refine(series: _Series, low: Array, high: Array) -> list[tuple[Counts, Array]]:
    """Return columns and roots of touching or close pairs of roots where g is positive at both ends of a bracket.

    Its minimum is where the slope, a series with flows -t f, turns from negative to positive.
    """
    bottom = _polish(_Series(series.flows * series.times[:, None], series.times), low, high)
    terms = _terms(series, bottom)
    value, size = terms.inflow - terms.outflow, terms.inflow + terms.outflow
    touching = np.abs(value) <= _TOUCH * size
    pair = np.flatnonzero((value < 0.0) & ~touching)
    inner, turn = series.pick(pair), bottom[pair]
    upper = _signed(inner, -np.ones(pair.size))
    return [
        (np.flatnonzero(touching), bottom[touching]),
        (pair, _polish(inner, low[pair], turn)),
        (pair, _polish(upper, turn, high[pair])),
    ]
