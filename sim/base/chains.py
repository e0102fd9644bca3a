"""Markov chains in continuous time: from yearly rates or probabilities to the transition of a period, and to paths.

Matrices are arrays (states, states, draws or 1): entry [i, j] leads from state i to state j. Products are written out,
so that a draw does not depend on what else is in its block.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TERMS = 400
"""Longest series; far more than a period needs."""


def product(first: Array, second: Array) -> Array:
    """Return the matrix product draw by draw."""
    states = first.shape[0]
    result = np.zeros((states, states, max(first.shape[2], second.shape[2])))
    for i in range(states):
        for j in range(states):
            for k in range(states):
                result[i, j] += first[i, k] * second[k, j]
    return result


def unit(states: int) -> Array:
    """Return the matrix that changes nothing, (states, states, 1)."""
    return np.eye(states)[:, :, None].copy()


def generator(rates: Array) -> Array:
    """Return rates with the diagonal that makes each row sum to 0; what stands on the diagonal is not looked at."""
    result = rates.copy()
    for i in range(rates.shape[0]):
        result[i, i] = 0.0
        result[i, i] = -result[i].sum(axis=0)
    return result


def transition(rates: Array, years: float) -> Array:
    """Return exp(Q t) for yearly rates Q, by uniformisation: a sum of products of numbers that are not below 0.

    exp(Q t) = sum over n of e^(-a t) (a t)^n / n! (I + Q / a)^n, a the largest rate of leaving a state.

    >>> import numpy as np
    >>> rates = np.zeros((2, 2, 1)); rates[0, 1] = 0.03
    >>> round(float(transition(rates, 1.0)[0, 0, 0]), 12) == round(float(np.exp(-0.03)), 12)
    True
    """
    whole = generator(rates)
    leaving = np.max([-whole[i, i] for i in range(whole.shape[0])], axis=0)
    pace = np.where(leaving > 0.0, leaving, 1.0)
    step = unit(whole.shape[0]) + whole / pace
    weight = np.exp(-pace * years)
    power: Array = np.broadcast_to(unit(whole.shape[0]), step.shape)
    total = weight * power
    for n in range(1, TERMS):
        weight = weight * (pace * years / n)
        # A draw that has converged gets nothing more, whatever the others in its block still need.
        weight = np.where((weight < 1e-18) & (n > pace * years), 0.0, weight)
        if not weight.any():
            break
        power = product(power, step)
        total = total + weight * power
    return total


def rates_of(probabilities: Array, nearest: bool = False) -> Array:
    """Return the yearly rates whose chain has these transitions in a year: the matrix logarithm, by its series.

    NaN where there are none: the series does not converge (a state that is left in most years), or a rate would be
    below 0 (the matrix is not embeddable). ``nearest``: rates below 0 are then 0, and without a logarithm the rates are
    the probabilities.

    >>> import numpy as np
    >>> back = rates_of(transition(np.array([[[0.0], [0.1]], [[0.4], [0.0]]]), 1.0))
    >>> round(float(back[0, 1, 0]), 12), round(float(back[1, 0, 0]), 12)
    (0.1, 0.4)
    """
    states = probabilities.shape[0]
    away = probabilities - unit(states)
    power, total = away.copy(), away.copy()
    for n in range(2, TERMS):
        power = product(power, away)
        power = np.where(np.abs(power).max(axis=(0, 1)) < 1e-17, 0.0, power)
        if not power.any():
            break
        total = total + (power if n % 2 else -power) / n
    bad = np.any(power != 0.0, axis=(0, 1))
    for i in range(states):
        for j in range(states):
            if i != j:
                bad |= (total[i, j] < -1e-12) & (not nearest)
                total[i, j] = np.maximum(total[i, j], 0.0)
    return np.where(bad, away if nearest else np.nan, total)


def path(steps: Array, start: int, uniforms: Array) -> NDArray[np.int8]:
    """Return the state of each row, (rows + 1, draws): row 0 is the start, row k the state after its transition.

    ``steps`` is the transition of a period, ``uniforms`` (rows, draws) decide: the next state is the number of
    cumulated probabilities of the present one that lie below them.
    """
    rows, draws = uniforms.shape
    states = steps.shape[0]
    reached = np.cumsum(steps, axis=1)
    result = np.empty((rows + 1, draws), dtype=np.int8)
    result[0] = start
    for k in range(rows):
        following = np.zeros(draws, dtype=np.int8)
        for i in range(states):
            here = result[k] == i
            for j in range(states - 1):
                following += here & (uniforms[k] > reached[i, j])
        result[k + 1] = following
    return result
