"""Chance: the only place that makes random numbers.

Each uncertain leaf and each process has a counter-based stream keyed by (seed, dotted path, replicate), so that no
draw depends on what else is uncertain, on the number of draws, on workers or on order. A replicate is 256 draws: one
Latin hypercube over the leaves. A leaf's place in the hypercube is the rank of its normal score; correlation mixes the
scores (Gaussian copula) before they are ranked, so that margins stay exactly stratified.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from sim.base.distributions import Distribution
from sim.base.special import ndtri

Array = NDArray[np.float64]
REPLICATE = 256
"""Draws in a replicate: the unit of the Latin hypercube, of the stream key and of the standard error."""

Mixing = Mapping[str, Mapping[str, float]]
"""Rows of a Cholesky factor by name: {later: {earlier or itself: weight}}; a name without a row is independent."""


@lru_cache(maxsize=4096)
def _key(seed: int, name: str) -> tuple[int, int]:
    digest = hashlib.blake2b(f"{seed}\x00{name}".encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def stream(seed: int, name: str, replicate: int) -> Generator:
    """Return the generator of one (seed, name, replicate): Philox, the replicate in the high counter word."""
    bits = Philox(key=np.array(_key(seed, name), dtype=np.uint64), counter=[0, 0, 0, replicate])
    return Generator(bits)


def strata(seed: int, name: str, count: int) -> Array:
    """Return one point in each of ``count`` equal parts of (0, 1), in random order: an axis of a Latin hypercube."""
    own = stream(seed, name, 0)
    points: Array = (own.permutation(count) + own.random(count)) / count
    return np.clip(points, 2.0**-60, 1.0 - 2.0**-53)


def orders(seed: int, name: str, size: int, count: int) -> NDArray[np.int64]:
    """Return ``count`` random orders of the places 0 to ``size`` - 1, (count, size); a longer list begins alike."""
    own = stream(seed, name, 0)
    return np.array([own.permutation(size) for _ in range(count)], dtype=np.int64).reshape(count, size)


@dataclass(frozen=True)
class Draws:
    """Chance as whole replicates of one seed: column j belongs to replicate ``replicates[j // 256]``."""

    seed: int
    replicates: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Number of draws."""
        return REPLICATE * len(self.replicates)

    def leaf(self, name: str, dist: Distribution, mixing: Mixing) -> Array:
        """Return the values of one uncertain leaf, shape (draws,): stratified in each replicate."""
        row = mixing.get(name, {name: 1.0})
        values = np.empty((len(self.replicates), REPLICATE))
        for i, replicate in enumerate(self.replicates):
            own = stream(self.seed, name, replicate)
            score = own.standard_normal(REPLICATE)
            jitter = own.random(REPLICATE)
            mixed = row[name] * score
            for other, weight in row.items():
                if other != name:
                    mixed = mixed + weight * stream(self.seed, other, replicate).standard_normal(REPLICATE)
            # The jitter belongs to the stratum, so that a correlation only reorders the values.
            values[i, np.argsort(mixed, kind="stable")] = (np.arange(REPLICATE) + jitter) / REPLICATE
        # Rounding to 0 or 1 in the outermost strata would be an infinite score.
        return dist.quantile_of_score(ndtri(np.clip(values, 2.0**-60, 1.0 - 2.0**-53))).reshape(-1)

    def normals(self, name: str, rows: int, mixing: Mixing) -> Array:
        """Return standard normal shocks of a process, shape (rows, draws), filled period by period."""
        weights = mixing.get(name, {name: 1.0})
        own = self._rows(name, rows)
        if weights == {name: 1.0}:
            return own
        mixed = weights[name] * own
        for other, weight in weights.items():
            if other != name:
                mixed = mixed + weight * self._rows(other, rows)
        return mixed

    def uniforms(self, name: str, rows: int) -> Array:
        """Return uniform numbers for events, shape (rows, draws), filled period by period."""
        parts = [stream(self.seed, name, r).random((rows, REPLICATE)) for r in self.replicates]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _rows(self, name: str, rows: int) -> Array:
        shocks = np.empty((rows, self.columns))
        for i, replicate in enumerate(self.replicates):
            block = stream(self.seed, name, replicate).standard_normal((rows, REPLICATE))
            shocks[:, i * REPLICATE : (i + 1) * REPLICATE] = block
        return shocks


@dataclass(frozen=True)
class LendersCase:
    """The deterministic filling: leaves and processes at their medians or stated percentiles, events as expected."""

    percentiles: Mapping[str, float] = field(default_factory=dict)
    """Dotted path of a leaf or process: percentile at which it stands instead of its median."""

    @property
    def columns(self) -> int:
        """One column."""
        return 1

    def leaf(self, name: str, dist: Distribution, mixing: Mixing) -> Array:
        """Return the leaf's percentile, shape (1,)."""
        return dist.ppf(np.array([self.percentiles.get(name, 0.5)]))

    def normals(self, name: str, rows: int, mixing: Mixing) -> Array:
        """Return the median path of a process: no shocks, shape (rows, 1); or the score of its percentile, (1, 1)."""
        if name in self.percentiles:
            return ndtri(np.array([[self.percentiles[name]]]))
        return np.zeros((rows, 1))


Chance = Draws | LendersCase


def spearman_to_pearson(rank_correlation: float) -> float:
    """Return the correlation of normal scores that gives a Spearman correlation: 2 sin(pi rho / 6).

    >>> round(spearman_to_pearson(0.5), 10)
    0.5176380902
    """
    return 2.0 * math.sin(math.pi * rank_correlation / 6.0)


def cholesky_rows(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    """Return the mixing rows for correlated names in declaration order; names without a pair get no row.

    Raises ``ValueError`` where the matrix is not positive definite.
    """
    used = [name for name in names if any(name in pair for pair in pairs)]
    if not used:
        return {}
    matrix = np.eye(len(used))
    for (first, second), value in pairs.items():
        i, j = used.index(first), used.index(second)
        matrix[i, j] = matrix[j, i] = value
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        smallest = float(np.linalg.eigvalsh(matrix)[0])
        raise ValueError(
            f"the correlation matrix is not positive definite (smallest eigenvalue {smallest:.3g})"
        ) from None
    return {
        name: {used[j]: float(factor[i, j]) for j in range(i + 1) if factor[i, j] != 0.0} for i, name in enumerate(used)
    }
