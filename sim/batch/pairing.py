"""The same futures in two runs: differences draw by draw, and how sure their mean is.

Runs of one seed see the same random numbers, so most of the chance in a difference cancels. The unit of the standard
error is the replicate of 256 draws, within which draws are not independent of each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import REPLICATE
from sim.tables import standard_error

Array = NDArray[np.float64]
LEVEL = 0.95
"""Confidence of every interval."""
EQUAL = 1e-9
"""Relative difference up to which two draws count as equal: what the tables, with 10 digits, could not show."""


@dataclass(frozen=True)
class Estimate:
    """A difference of means, B less A; NaN where it does not exist, without interval where se is NaN."""

    difference: float
    se: float
    low: float
    high: float
    """Ends of the interval of confidence."""
    compared: float
    """Share of draws in which both have a finite value; NaN where draws are not compared one by one."""
    mean_a: float = math.nan
    mean_b: float = math.nan
    """Means over these draws; NaN where draws are not compared one by one."""


def of_pairs(a: Array, b: Array) -> Estimate:
    """Return the mean of b - a over the draws in which both are finite, (draws,) each, in whole replicates.

    Student's t with one degree of freedom less than there are replicates; below 20 of these there is no interval.
    """
    both = np.isfinite(a) & np.isfinite(b)
    apart = np.subtract(b, a, where=both, out=np.zeros_like(a)).reshape(-1, REPLICATE)
    counts = both.reshape(-1, REPLICATE).sum(axis=1).astype(np.float64)
    totals = apart.sum(axis=1)
    if not counts.any():
        return Estimate(math.nan, math.nan, math.nan, math.nan, 0.0)
    means = np.divide(totals, counts, where=counts > 0.0, out=np.full_like(totals, math.nan))
    difference = float(totals.sum() / counts.sum())
    se = standard_error(means, None if both.all() else counts)
    half = _student(int(np.count_nonzero(counts)) - 1) * se if se > 0.0 else se
    means_of_both = float(a[both].mean()), float(b[both].mean())
    return Estimate(difference, se, difference - half, difference + half, float(both.mean()), *means_of_both)


def of_replicates(a: Array, b: Array) -> Estimate:
    """Return the mean of b - a from the means of the same replicates in both, (replicates,), of all draws."""
    difference, se = float(np.mean(b - a)), standard_error(b - a)
    half = _student(a.size - 1) * se if se > 0.0 else se
    return Estimate(difference, se, difference - half, difference + half, 1.0)


def of_independent(a: tuple[float, float], b: tuple[float, float]) -> Estimate:
    """Return the difference of two means, each with its standard error, of runs that have nothing in common."""
    difference, se = apart(a[0], b[0]), math.hypot(a[1], b[1])
    half = NormalDist().inv_cdf(0.5 + 0.5 * LEVEL) * se
    return Estimate(difference, se, difference - half, difference + half, math.nan)


def apart(a: float, b: float) -> float:
    """Return b - a; inf from something to never, -inf from never to something, NaN between never and never.

    >>> [apart(*pair) for pair in ((1.0, 3.5), (2.0, math.inf), (math.inf, 2.0), (math.inf, math.inf))]
    [2.5, inf, -inf, nan]
    """
    return math.nan if math.isinf(a) and a == b else b - a


@dataclass(frozen=True)
class Contest:
    """Shares of the draws that have a value in both: in which B is strictly better, and in which they are equal."""

    better: float
    equal: float


def contest(a: Array, b: Array, direction: int) -> Contest:
    """Return how often b is better than a; ``direction`` 1: more is better, -1: less is, and inf is then worst."""
    there = ~(np.isnan(a) | np.isnan(b))
    count = np.count_nonzero(there)
    if count == 0 or direction == 0:
        return Contest(math.nan, math.nan)
    mine, theirs = direction * a[there], direction * b[there]
    with np.errstate(invalid="ignore"):
        near = np.abs(theirs - mine) <= EQUAL * np.maximum(np.abs(mine), np.abs(theirs))
    equal = (mine == theirs) | (near & np.isfinite(mine) & np.isfinite(theirs))
    return Contest(float(np.mean((theirs > mine) & ~equal)), float(np.mean(equal)))


@dataclass(frozen=True)
class Meeting:
    """Two times that can be never, over all draws: the shares reached in both, one or neither."""

    both: float
    only_a: float
    only_b: float
    neither: float
    reached: Estimate
    """The difference of the shares reached."""
    median_difference: float
    """Median of b - a where both are reached; between two middle draws their mean, so that exchange only turns it."""
    draws_both: int


def meeting(a: Array, b: Array) -> Meeting:
    """Return when times a and b, (draws,) each, are reached (finite), and how far they then are apart."""
    in_a, in_b = np.isfinite(a), np.isfinite(b)
    both = in_a & in_b
    middle = float(np.median(b[both] - a[both])) if both.any() else math.nan
    return Meeting(
        both=float(np.mean(both)),
        only_a=float(np.mean(in_a & ~in_b)),
        only_b=float(np.mean(in_b & ~in_a)),
        neither=float(np.mean(~in_a & ~in_b)),
        reached=of_pairs(in_a.astype(np.float64), in_b.astype(np.float64)),
        median_difference=middle,
        draws_both=int(np.count_nonzero(both)),
    )


def _student(freedom: int) -> float:
    """Return the quantile of Student's t that belongs to `LEVEL`."""
    from scipy.special import stdtrit

    return float(stdtrit(float(freedom), 0.5 + 0.5 * LEVEL))


# --- files --------------------------------------------------------------------------------------------------------


class Draws:
    """The metrics of every draw of a run, read one at a time; `OSError` where the file is no parquet of draws."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self._file: Any = pq.ParquetFile(path)
        except pa.ArrowException as error:
            raise OSError(f"{path}: {error}") from None
        self.count = int(self._file.metadata.num_rows)
        self.names = frozenset(self._file.schema_arrow.names)

    def column(self, name: str) -> Array:
        """Return the values of one metric, (draws,)."""
        import pyarrow as pa

        try:
            column = self._file.read(columns=[name]).column(name)
        except pa.ArrowException as error:
            raise OSError(str(error)) from None
        parts = [_values(chunk) for chunk in column.chunks]
        return np.concatenate(parts) if parts else np.zeros(0)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _values(chunk: Any) -> Array:
    """Return an Arrow array as numpy, from its buffer: ``to_numpy`` would import pandas."""
    if str(chunk.type) != "double" or chunk.null_count:
        raise OSError("a column holds something else than numbers")
    return np.frombuffer(chunk.buffers()[1], np.float64, len(chunk), 8 * chunk.offset)
