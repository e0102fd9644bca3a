"""Internal rates of return of many cash flows at once, all roots accounted for.

Flows are columns; with u = ln(1 + rate per period) the present value is g(u) = sum f_k exp(-u t_k), and a rate above
-100 % is a real root of g. On u > 0 the sign changes of the cumulative sums R_k bound the number of roots and fix its
parity (Descartes' rule for g / (1 - y), y = exp(-u)); on u < 0 those of the sums taken from the end do. Bound 0 or 1 is
a proof. With bound 2 and T the time of the first sign change, exp(u T) g / u, the transform of R(t) shifted by T, has
exactly one stationary point, because R(t) (t - T) changes sign once; the value there decides between two roots and
none. Only columns with larger bounds are scanned. Source: Descartes' rule of signs; C. Norstrom, A sufficient condition
for a unique nonnegative internal rate of return, JFQA 7 (1972); the stationary point is our own short step from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.roots import FAR, TOUCH, Series, accumulate, lowest, polish, scan, signed

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.intp]


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
    columns = flows.shape[1]
    rate, several = np.full(columns, np.nan), np.zeros(columns, dtype=bool)
    if flows.shape[0] < 2:
        return Roots(rate, several)
    steps = 1.0 if early is None else 2.0
    series = (
        Series(flows, np.arange(flows.shape[0], dtype=np.float64)[:, None]) if early is None else _merged(flows, early)
    )
    with np.errstate(invalid="ignore"):
        scale = np.max(np.abs(series.flows), axis=0)
        usable = np.flatnonzero(np.isfinite(scale) & (scale > 0.0))
    if usable.size:
        sound = series if usable.size == columns else series.pick(usable)
        u, count = _largest(Series(sound.flows / scale[usable], sound.times).aligned())
        with np.errstate(over="ignore"):
            rate[usable] = np.expm1(steps * u)
        several[usable] = count > 1
    return Roots(rate, several)


def _merged(flows: Array, early: Array) -> Series:
    """Return both kinds of flow in order of time, in half periods; rows after the last early flow have no half step."""
    last = int(np.max(np.flatnonzero(np.any(early != 0.0, axis=1)), initial=0))
    rows = flows.shape[0]
    result = np.empty((rows + last, flows.shape[1]))
    result[0] = flows[0] + early[0]
    result[1 : 2 * last : 2] = early[1 : last + 1]
    result[2 : 2 * last + 1 : 2] = flows[1 : last + 1]
    result[2 * last + 1 :] = flows[last + 1 :]
    times = np.concatenate([np.arange(2 * last + 1), 2.0 * np.arange(last + 1, rows)])
    return Series(result, times[:, None])


def _largest(series: Series) -> tuple[Array, Counts]:
    """Return the largest root u of each column (NaN: none) and the number of roots."""
    sums = accumulate(series.flows)
    at_zero = sums[-1] == 0.0
    u, count = _one_side(series, sums, largest=True)
    u = np.where((count == 0) & at_zero, 0.0, u)
    count += at_zero
    back = series.backwards().aligned()
    below, number = _one_side(back, accumulate(back.flows), largest=False, needed=count == 0)
    return np.where(count == 0, -below, u), count + number


def _one_side(series: Series, sums: Array, largest: bool, needed: Mask | None = None) -> tuple[Array, Counts]:
    """Return the largest (or smallest) root u > 0 and the number of such roots; roots only where ``needed``."""
    bound = _sign_changes(sums)
    root, number = np.full(bound.size, np.nan), np.where(bound == 1, 1, 0)
    one = bound == 1 if needed is None else (bound == 1) & needed
    if one.any():
        # Just above u = 0 the sign is that of the last cumulative sum that is not zero.
        root[one] = polish(signed(series.pick(one), _last_sign(sums[:, one])), 0.0, FAR)
    two = bound == 2
    if two.any():
        root[two], number[two] = _pair(series.pick(two), sums[:, two], largest)
    more = bound > 2
    if more.any():
        root[more], number[more] = scan(series.pick(more), largest)
    return root, number


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


def _last_sign(sums: Array) -> Array:
    sign: Array = np.sign(sums[-1])
    for row in sums[-2::-1]:
        if np.all(sign != 0.0):
            break
        sign = np.where(sign == 0.0, np.sign(row), sign)
    return sign


def _pair(series: Series, sums: Array, largest: bool) -> tuple[Array, Counts]:
    """Return the wanted one of two roots and their number (0, 1 for a touching root, 2) where the bound is two."""
    end = _last_sign(sums)
    place = np.argmax(sums * end < 0.0, axis=0)
    turn = series.times[place, np.arange(place.size) if series.times.shape[1] > 1 else 0]
    upright = signed(series, end)
    point, value, size = lowest(upright, turn)
    touching = np.abs(value) <= TOUCH * size
    crossing = (value < 0.0) & ~touching
    root = np.where(touching, point, np.nan)
    if crossing.any():
        inner, low = upright.pick(crossing), point[crossing]
        root[crossing] = polish(signed(inner, -np.ones(low.size)), low, FAR) if largest else polish(inner, 0.0, low)
    return root, np.where(crossing, 2, touching.astype(np.intp))
