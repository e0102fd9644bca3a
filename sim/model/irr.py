"""Internal rates of return of many cash flows at once, all roots accounted for.

Flows are columns. With y = exp(-u), u = ln(1 + rate per period), the present value is the polynomial p(y) = sum f_k y^k;
rates above 0 % are its roots in (0, 1), and rates below 0 % those of the flows read from the end. On (0, 1) the sign
changes of the cumulative sums R_k bound the number of roots and fix its parity (Descartes' rule for p / (1 - y)).
Bound 0 or 1 is a proof. With bound 2 and m the first sign change, y^-m p / (1 - y) has exactly one stationary point,
because R_k (k - m) changes sign once; the value there decides between two roots and none. Only columns with larger
bounds are scanned. Source: Descartes' rule of signs; C. Norstrom, A sufficient condition for a unique nonnegative
internal rate of return, JFQA 7 (1972); the stationary point is our own short step from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.intp]
_FAR = 40.0
"""Bound of u: rates per period from -1 + 4e-18 to 2e17."""


@dataclass(frozen=True)
class Roots:
    """Per column: the largest rate per period at which the value vanishes (NaN: none), and whether there are others."""

    rate: Array
    several: Mask


def irr(flows: Array, early: Array | None = None) -> Roots:
    """Return rates per period for ``flows`` (rows, columns), which fall at the end of rows 0, 1, …

    ``early`` (rows, columns) are flows that fall half a period before the end of their row (row 0: at its end). NaN and
    infinite columns give NaN.

    >>> import numpy as np
    >>> round(float(irr(np.array([[-100.0], [39.0], [59.0], [55.0], [20.0]])).rate[0]), 5)
    0.28095
    """
    flows = np.asarray(flows, dtype=np.float64)
    work = flows if early is None else _on_half_periods(flows, early)
    columns = work.shape[1]
    rate, several = np.full(columns, np.nan), np.zeros(columns, dtype=bool)
    if work.shape[0] < 2:
        return Roots(rate, several)
    with np.errstate(invalid="ignore"):
        scale = np.max(np.abs(work), axis=0)
        usable = np.isfinite(scale) & (scale > 0.0)
    work = work / np.where(usable, scale, 1.0)
    columns_used = np.flatnonzero(usable)
    u = np.full(columns, np.nan)
    if columns_used.size:
        found, count = _largest(work if usable.all() else work[:, columns_used])
        u[columns_used], several[columns_used] = found, count > 1
    factor = 2.0 if early is not None else 1.0
    return Roots(np.expm1(factor * u), several)


def _on_half_periods(flows: Array, early: Array) -> Array:
    """Return one series in half periods: ends of rows at even, early flows at odd places."""
    rows = flows.shape[0]
    result = np.zeros((2 * rows - 1, flows.shape[1]))
    result[::2] = flows
    result[0] += early[0]
    result[1::2] = early[1:]
    return result


def _sign_changes(flows: Array) -> Counts:
    last = np.zeros(flows.shape[1])
    changes = np.zeros(flows.shape[1], dtype=np.intp)
    for row in flows:
        sign = np.sign(row)
        changes += sign * last < 0.0
        last = np.where(sign != 0.0, sign, last)
    return changes


def _largest(flows: Array) -> tuple[Array, Counts]:
    """Return the largest root u of each column (NaN: none) and the number of roots."""
    columns = flows.shape[1]
    at_zero = flows.sum(axis=0) == 0.0
    u = np.where(at_zero, 0.0, np.nan)
    count = at_zero.astype(np.intp)
    for side, oriented in ((-1.0, flows[::-1]), (1.0, flows)):
        root, number = _one_side(oriented, largest=side > 0.0)
        u = np.where(number > 0, side * root, u)
        count += number
    assert u.shape == (columns,)
    return u, count


def _one_side(flows: Array, largest: bool) -> tuple[Array, Counts]:
    """Return the largest (or smallest) root u > 0 and the number of such roots."""
    sums = np.cumsum(flows, axis=0)
    bound = _sign_changes(sums)
    root, number = np.full(flows.shape[1], np.nan), np.zeros(flows.shape[1], dtype=np.intp)
    one = bound == 1
    if one.any():
        # Just above u = 0 the sign is that of the last cumulative sum that is not zero.
        root[one] = _polish(flows[:, one] * _last_sign(sums[:, one]), 0.0, _FAR)
        number[one] = 1
    two = bound == 2
    if two.any():
        root[two], number[two] = _pair(flows[:, two], sums[:, two], largest)
    more = bound > 2
    if more.any():
        root[more], number[more] = _scan(flows[:, more], largest)
    return root, number


def _last_sign(sums: Array) -> Array:
    sign = np.zeros(sums.shape[1])
    for row in sums:
        sign = np.where(row != 0.0, np.sign(row), sign)
    return sign


def _pair(flows: Array, sums: Array, largest: bool) -> tuple[Array, Counts]:
    """Return the wanted one of two roots and their number (0, 1 for a touching root, 2) where the bound is two."""
    rows = sums.shape[0]
    end = _last_sign(sums)
    turn = np.argmax(sums * end < 0.0, axis=0)
    # (1 - y)^2 d/dy of sum R_k y^(k - m): second differences of R_k (k - m), which goes on linearly after the end.
    weighted = np.concatenate([sums * (np.arange(rows)[:, None] - turn), sums[-1:] * (rows - turn)])
    stationary = weighted.copy()
    stationary[1:] -= 2.0 * weighted[:-1]
    stationary[2:] += weighted[:-2]
    bottom = _polish(stationary * end, 0.0, _FAR)
    value = end * _value(flows, bottom)[0]
    touching = np.abs(value) <= 1e-14 * _value(np.abs(flows), bottom)[0]
    crossing = (value < 0.0) & ~touching
    root = np.where(touching, bottom, np.nan)
    if crossing.any():
        inner, sign, low = flows[:, crossing], end[crossing], bottom[crossing]
        root[crossing] = _polish(inner * -sign, low, _FAR) if largest else _polish(inner * sign, 0.0, low)
    return root, np.where(crossing, 2, touching.astype(np.intp))


def _value(flows: Array, u: Array) -> tuple[Array, Array]:
    """Return p(exp(-u)) and its derivative by u, by Horner's rule."""
    y = np.exp(-u)
    value, slope = np.zeros_like(u), np.zeros_like(u)
    for row in flows[::-1]:
        slope *= y
        slope += value
        value *= y
        value += row
    return value, -slope * y


_NODES = np.concatenate([[0.0], np.sinh(np.linspace(0.0, np.arcsinh(_FAR * 50.0), 360))[1:] / 50.0])


def _scan(flows: Array, largest: bool) -> tuple[Array, Counts]:
    """Return the wanted root u > 0 and the number of roots found on a grid, where the bound is above two."""
    value = _on_grid(flows)
    positive = value >= 0.0
    node, column = np.nonzero(positive[1:] != positive[:-1])
    places = [column]
    sign = np.where(positive[node, column], 1.0, -1.0)
    roots = [_polish(flows[:, column] * sign, _NODES[node], _NODES[node + 1])]
    # A minimum of |p| between nodes of one sign may hide a touching root or a close pair.
    size = np.abs(value)
    same = (positive[2:] == positive[1:-1]) & (positive[1:-1] == positive[:-2])
    node, column = np.nonzero(same & (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]))
    for place, root in _refine(flows[:, column], _NODES[node], _NODES[node + 2]):
        places.append(column[place])
        roots.append(root)
    place, found = np.concatenate(places), np.concatenate(roots)
    best = np.full(flows.shape[1], -np.inf if largest else np.inf)
    (np.maximum if largest else np.minimum).at(best, place, found)
    return best, np.bincount(place, minlength=flows.shape[1])


def _on_grid(flows: Array) -> Array:
    """Return p at every node, (nodes, columns)."""
    y = np.exp(-_NODES)[:, None]
    value = np.zeros((y.size, flows.shape[1]))
    for row in flows[::-1]:
        value *= y
        value += row
    return value


def _refine(flows: Array, low: Array, high: Array) -> list[tuple[Counts, Array]]:
    """Return columns and roots of touching or close pairs of roots in brackets of one sign: bisection on the slope."""
    if not flows.shape[1]:
        return []
    start, end = low, high
    sign = np.where(_value(flows, low)[0] >= 0.0, 1.0, -1.0)
    for _ in range(70):
        middle = 0.5 * (low + high)
        falling = sign * _value(flows, middle)[1] < 0.0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    bottom = 0.5 * (low + high)
    value = sign * _value(flows, bottom)[0]
    touching = np.abs(value) <= 1e-14 * _value(np.abs(flows), bottom)[0]
    pair = np.flatnonzero((value < 0.0) & ~touching)
    inner, sign, bottom_of_pair = flows[:, pair], sign[pair], bottom[pair]
    return [
        (np.flatnonzero(touching), bottom[touching]),
        (pair, _polish(inner * sign, start[pair], bottom_of_pair)),
        (pair, _polish(inner * -sign, bottom_of_pair, end[pair])),
    ]


def _polish(flows: Array, low: Array | float, high: Array | float) -> Array:
    """Return the root in [low, high] of columns that are positive at ``low`` and negative at ``high``.

    Newton kept inside a shrinking bracket; every column stops on its own, so that it does not depend on the others.
    """
    columns = flows.shape[1]
    low = np.array(np.broadcast_to(low, (columns,)), dtype=np.float64)
    high = np.array(np.broadcast_to(high, (columns,)), dtype=np.float64)
    u = low.copy()
    result = u.copy()
    active = np.arange(columns)
    for _ in range(300):
        value, slope = _value(flows, u)
        low, high = np.where(value > 0.0, u, low), np.where(value <= 0.0, u, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            trial = u - value / slope
        inside = np.isfinite(trial) & (trial >= low) & (trial <= high)
        following = np.where(inside, trial, 0.5 * (low + high))
        result[active] = following
        going = np.abs(following - u) > 4e-15 * np.maximum(1.0, np.abs(u))
        if not going.any():
            break
        if going.all():
            u = following
        else:
            active, u, low, high = active[going], following[going], low[going], high[going]
            flows = flows[:, going]
    return result
