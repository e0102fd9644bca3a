"""Correlations that contradict one another, and the nearest set that does not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.base.quantities import Leaf
from sim.base.reach import Finding
from sim.base.sampling import spearman_to_pearson
from sim.base.words import shown, suggestion

Array = NDArray[np.float64]
Pairs = Mapping[tuple[str, str], float]
Written = Mapping[str, Mapping[str, float]]
SMALLEST = 1e-9
"""Eigenvalue below which a matrix does not count as positive definite."""
_MARGIN = 0.01
_ROUNDS = 200


def matrix(names: Sequence[str], pairs: Pairs) -> Array:
    """Return the correlation matrix of some names; pairs that are not given are 0."""
    place = {name: i for i, name in enumerate(names)}
    full = np.eye(len(names))
    for (first, second), value in pairs.items():
        i, j = place[first], place[second]
        full[i, j] = full[j, i] = value
    return full


def smallest_eigenvalue(full: Array) -> float:
    """Return the smallest eigenvalue, below 0 where correlations contradict one another.

    >>> round(smallest_eigenvalue(matrix(["a", "b"], {("b", "a"): 0.25})), 12)
    0.75
    """
    return float(np.linalg.eigvalsh(full)[0])


def nearest(full: Array) -> Array:
    """Return the nearest correlation matrix with eigenvalues of at least a margin (Higham 2002).

    Alternating projections with Dykstra's correction: onto matrices with clipped eigenvalues, onto a unit diagonal.
    """
    current, correction = full.copy(), np.zeros_like(full)
    for _ in range(_ROUNDS):
        shifted = current - correction
        values, vectors = np.linalg.eigh(shifted)
        definite = (vectors * np.maximum(values, _MARGIN)) @ vectors.T
        correction = definite - shifted
        current = definite.copy()
        np.fill_diagonal(current, 1.0)
        if smallest_eigenvalue(current) > 0.8 * _MARGIN:
            break
    scale = 1.0 - min(0.0, smallest_eigenvalue(current) - 0.5 * _MARGIN)
    result: Array = current / scale
    np.fill_diagonal(result, 1.0)
    return result


def findings(
    written: Written, leaves: Mapping[str, Leaf], shocks: list[str], unread: frozenset[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the correlations of a scenario; ``unread`` lists dotted paths that are not known."""
    uncertain = [path for path, leaf in leaves.items() if not leaf.certain]
    for later, row in written.items():
        for earlier, value in row.items():
            path = f"correlations.{later}.{earlier}"
            numbers = later in uncertain or (earlier in uncertain and later not in shocks)
            group, others = (uncertain, shocks) if numbers else (shocks, uncertain)
            for name in (later, earlier):
                if name in others:
                    message = f"a number and a process ({name}) cannot be correlated"
                    yield path, message, "name two distributions or two processes"
                elif name not in group and not hidden(name, unread):
                    yield path, *_no_name(name, group, leaves)
            if later in group and earlier in group and group.index(later) <= group.index(earlier):
                message = f"{later} is declared before {earlier}" if later != earlier else "a number with itself"
                yield path, message, "write the later one first, the earlier one under it"
            if not -1.0 < value < 1.0:
                yield path, f"{value:g} is not between -1 and 1", "give a value inside"
    yield from _definite(written, uncertain, by_rank=True)
    yield from _definite(written, shocks, by_rank=False)


def hidden(name: str, unread: frozenset[str]) -> bool:
    """Say whether a dotted path may be right but for what could not be read."""
    return any(f"{name}.".startswith(f"{bad}.") or f"{bad}.".startswith(f"{name}.") for bad in unread)


def _no_name(name: str, group: list[str], leaves: Mapping[str, Leaf]) -> tuple[str, str]:
    if name in leaves and leaves[name].certain:
        return f"{name} is one certain number", "give it a distribution, or drop the correlation"
    message = f"{shown(name)[1:-1]} is no uncertain number and no process with shocks"
    return message, suggestion(name, group, "name the dotted paths of two distributions or two processes")


def _definite(written: Written, group: list[str], *, by_rank: bool) -> Iterator[Finding]:
    """Yield a finding, with the nearest matrix that would do, where correlations contradict one another."""
    pairs = {
        (later, earlier): spearman_to_pearson(value) if by_rank else value
        for later, row in written.items()
        for earlier, value in row.items()
        if later in group and earlier in group and later != earlier and -1.0 < value < 1.0
    }
    names = [name for name in group if any(name in pair for pair in pairs)]
    full = matrix(names, pairs)
    if not names or smallest_eigenvalue(full) > SMALLEST:
        return
    near = nearest(full)
    if by_rank:
        near = 6.0 / math.pi * np.arcsin(0.5 * near)
    rows = (
        f"{later}: {{{', '.join(f'{names[j]}: {near[i, j]:.2f}' for j in range(i))}}}"
        for i, later in enumerate(names)
        if i
    )
    message = f"the correlations among {', '.join(names)} contradict one another (no positive definite matrix)"
    yield "correlations", message, f"the nearest that agree are {'; '.join(rows)}"
