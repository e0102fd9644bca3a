"""Gathering the chunks of a run: what is kept of every draw, of some draws, and only as sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import REPLICATE
from sim.model.financing import CashFlows
from sim.model.macro import Money
from sim.model.operations import Prices
from sim.model.timeline import Clock, Grid
from sim.scenario import Scenario, Spec
from sim.stages import Stage

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """Everything about one chunk of draws (or the single column of the lenders' case)."""

    stage: Stage
    """The project before its loans, with the scenario of each draw."""
    cash: CashFlows
    metrics: dict[str, Array]
    flows: dict[str, Array]

    @property
    def scenario(self) -> Scenario:
        """The scenario, its numbers filled in."""
        return self.stage.scenario

    @property
    def clock(self) -> Clock:
        """The construction clock."""
        return self.stage.clock

    @property
    def prices(self) -> Prices:
        """Prices before the link's own effect."""
        return self.stage.prices

    @property
    def money(self) -> Money:
        """Price indices and exchange rates."""
        return self.stage.money

    @property
    def lines(self) -> dict[str, Array]:
        """Return every line of the cash flow by name, (periods + 1, 1 or draws)."""
        return {**self.cash.lines(), **self.flows}


@dataclass(frozen=True)
class Limits:
    """How much of a run is kept, in replicates of 256 draws."""

    metric_replicates: int = 4096
    """Metrics of every draw are kept up to here (1,048,576 draws); beyond, counts in fixed bins."""
    input_replicates: int = 40
    """Inputs are kept, for rank correlations, up to here."""
    line_replicates: int = 16
    """Cash-flow lines of every draw are kept, for their percentiles, up to here; 0: nothing of lines, no means too."""
    line_bytes: int = 64_000_000
    """… and up to this size."""


@dataclass(frozen=True)
class BlockResult:
    """What is left of a chunk: metrics, sums of lines by replicate, and samples while there is room."""

    replicates: tuple[int, ...]
    metrics: dict[str, Array]
    line_sums: Array
    """Sum of each line over the draws of each replicate, (replicates, lines, periods + 1)."""
    lines: dict[str, Array] | None
    inputs: dict[str, Array] | None
    regimes: Array
    """Draws in each regime at the end of each row, (replicates, regimes, periods + 1)."""

    @property
    def draws(self) -> int:
        """Number of draws."""
        return REPLICATE * len(self.replicates)

    @classmethod
    def of(
        cls,
        replicates: tuple[int, ...],
        metrics: dict[str, Array],
        lines: Mapping[str, Array],
        inputs: dict[str, Array] | None,
        regimes: Array,
        limits: Limits,
    ) -> BlockResult:
        """Return the reduced chunk. Sums run inside each replicate, so that they do not depend on the chunk."""
        count, draws = len(replicates), REPLICATE * len(replicates)
        rows = next(iter(lines.values())).shape[0]
        if limits.line_replicates == 0:
            return cls(replicates, metrics, np.zeros((count, 0, rows)), None, inputs, regimes)
        sums = np.empty((count, len(lines), rows))
        for i, line in enumerate(lines.values()):
            full = np.broadcast_to(line, (rows, draws))
            sums[:, i, :] = full.reshape(rows, count, REPLICATE).sum(axis=2).T
        room = limits.line_replicates - replicates[0]
        kept = None
        if room > 0:
            width = min(count, room) * REPLICATE
            kept = {name: np.broadcast_to(line, (rows, draws))[:, :width].copy() for name, line in lines.items()}
        return cls(replicates, metrics, sums, kept, inputs, regimes)


@dataclass(frozen=True)
class Sketch:
    """A metric beyond the limit: counts between fixed edges taken from the first draws."""

    edges: Array
    counts: NDArray[np.int64]
    never: int
    """Number of +inf."""


@dataclass(frozen=True)
class MetricSums:
    """Sums over all draws: number of finite values, sums of their distances, replicate means, extremes."""

    finite: int
    total: float
    """Sum of the distances from ``shift``."""
    squares: float
    """Sum of their squares."""
    shift: float
    """The lenders' value: sums around it do not turn the spread of equal numbers into rounding noise."""
    means: Array
    """Mean of each replicate over its defined values, NaN where it has none."""
    counts: Array
    """Number of these values."""
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """The results of a run, before they are tables."""

    spec: Spec
    grid: Grid
    planned: Block
    """The lenders' case."""
    seed: int
    replicates: int
    metrics: dict[str, Array]
    """Metrics of the draws that are kept, (draws,)."""
    sketches: dict[str, Sketch]
    """Counts of all draws, where there are more than are kept; else empty."""
    sums: dict[str, MetricSums]
    line_mean: dict[str, Array]
    lines: dict[str, Array]
    inputs: dict[str, Array]
    payback_counts: Array
    """Draws by the end of each row, by replicate, (3, replicates, periods + 1): paid back, discounted too; invested."""
    regime_counts: Array
    """Draws in each regime at the end of each row, (replicates, regimes, periods + 1)."""

    @property
    def draws(self) -> int:
        """Number of draws."""
        return REPLICATE * self.replicates


_EDGES = 4096
_TIMES = ("project_payback_years", "project_payback_discounted_years", "fid_years")
"""Metrics whose time is counted by row; without sanctions the investment decision is at time zero."""


class Collector:
    """Merges chunks in their order into a `Result`."""

    def __init__(self, spec: Spec, grid: Grid, planned: Block, seed: int, replicates: int, limits: Limits) -> None:
        self.spec, self.grid, self.planned, self.seed, self.replicates = spec, grid, planned, seed, replicates
        names = list(planned.lines) if limits.line_replicates > 0 else []
        per_replicate = 8 * REPLICATE * (grid.periods + 1) * max(len(names), 1)
        room = max(1, min(limits.line_replicates, limits.line_bytes // per_replicate, replicates)) if names else 0
        self.limits = replace(limits, line_replicates=room)
        kept = min(replicates, limits.metric_replicates) * REPLICATE
        self._metrics = {name: np.empty(kept) for name in planned.metrics}
        self._lines = {name: np.empty((grid.periods + 1, room * REPLICATE)) for name in names}
        self._sums = np.zeros((len(names), grid.periods + 1))
        self._inputs: dict[str, list[Array]] = {}
        self._sketches: dict[str, Sketch] = {}
        self._tallies = {name: _Tally(replicates, float(value[0])) for name, value in planned.metrics.items()}
        self._payback = np.zeros((len(_TIMES), replicates, grid.periods + 1))
        section = spec.written.sanctions
        self._regimes = np.zeros((replicates, len(section.regimes) if section is not None else 0, grid.periods + 1))

    def add(self, block: BlockResult) -> None:
        """Take in the next chunk; chunks come in the order of their replicates."""
        start = block.replicates[0] * REPLICATE
        for sums in block.line_sums:
            self._sums += sums
        for name, values in block.metrics.items():
            store = self._metrics[name]
            room = max(0, min(values.size, store.size - start))
            store[start : start + room] = values[:room]
            self._tallies[name].add(block.replicates, values)
            if room < values.size:
                self._count(name, values[room:])
        self._count_payback(block)
        self._regimes[list(block.replicates)] = block.regimes
        if block.lines is not None:
            for name, values in block.lines.items():
                self._lines[name][:, start : start + values.shape[1]] = values
        if block.inputs is not None:
            for name, values in block.inputs.items():
                self._inputs.setdefault(name, []).append(values)

    def _count(self, name: str, values: Array) -> None:
        sketch = self._sketches.get(name)
        if sketch is None:
            sketch = _start(self._metrics[name])
        self._sketches[name] = _counted(sketch, values)

    def _count_payback(self, block: BlockResult) -> None:
        for i, name in enumerate(_TIMES):
            known = block.metrics.get(name)
            years = np.zeros(block.draws) if known is None else known
            rows = np.where(np.isfinite(years), np.ceil(years * self.grid.periods_per_year - 1e-9), np.inf)
            place = np.minimum(rows, self.grid.periods + 1.0).reshape(len(block.replicates), REPLICATE)
            for j, replicate in enumerate(block.replicates):
                counts = np.bincount(place[j].astype(np.intp), minlength=self.grid.periods + 2)
                self._payback[i, replicate] = np.cumsum(counts)[: self.grid.periods + 1]

    def result(self) -> Result:
        """Return the merged results."""
        draws = self.replicates * REPLICATE
        kept = self.limits.input_replicates * REPLICATE
        return Result(
            spec=self.spec,
            grid=self.grid,
            planned=self.planned,
            seed=self.seed,
            replicates=self.replicates,
            metrics=self._metrics,
            sketches=self._sketches,
            sums={name: tally.sums() for name, tally in self._tallies.items()},
            line_mean={name: self._sums[i] / draws for i, name in enumerate(self._lines)},
            lines=self._lines,
            inputs={name: np.concatenate(parts)[:kept] for name, parts in self._inputs.items()},
            payback_counts=self._payback,
            regime_counts=self._regimes,
        )


class _Tally:
    """Running sums of one metric, by replicate and so independent of chunks."""

    def __init__(self, replicates: int, shift: float) -> None:
        self._shift = shift if np.isfinite(shift) else 0.0
        self._means, self._counts = np.full(replicates, np.nan), np.zeros(replicates)
        self._finite, self._total, self._squares = 0, 0.0, 0.0
        self._low, self._high = np.inf, -np.inf

    def add(self, replicates: tuple[int, ...], values: Array) -> None:
        defined = values[~np.isnan(values)]
        if defined.size:
            self._low, self._high = min(self._low, float(defined.min())), max(self._high, float(defined.max()))
        parts = values.reshape(-1, REPLICATE)
        finite = np.isfinite(parts)
        clean = np.where(finite, parts - self._shift, 0.0)
        numbers, totals, squares = finite.sum(axis=1), clean.sum(axis=1), (clean * clean).sum(axis=1)
        with np.errstate(invalid="ignore"):
            self._means[list(replicates)] = self._shift + totals / numbers
        self._counts[list(replicates)] = numbers
        for number, total, square in zip(numbers.tolist(), totals.tolist(), squares.tolist(), strict=True):
            self._finite += number
            self._total += total
            self._squares += square

    def sums(self) -> MetricSums:
        return MetricSums(
            finite=self._finite,
            total=self._total,
            squares=self._squares,
            shift=self._shift,
            means=self._means,
            counts=self._counts,
            low=self._low,
            high=self._high,
        )


def _start(values: Array) -> Sketch:
    """Return a sketch of the draws kept so far, its edges at their quantiles."""
    finite = np.sort(values[np.isfinite(values)])
    place = np.linspace(0, max(finite.size - 1, 0), _EDGES + 1).astype(np.intp)
    edges = np.unique(finite[place]) if finite.size else np.zeros(1)
    return _counted(Sketch(edges, np.zeros(edges.size + 1, dtype=np.int64), 0), values)


def _counted(sketch: Sketch, values: Array) -> Sketch:
    finite = values[np.isfinite(values)]
    place = np.searchsorted(sketch.edges, finite, side="left")
    return Sketch(
        sketch.edges,
        sketch.counts + np.bincount(place, minlength=sketch.counts.size),
        sketch.never + int(np.count_nonzero(np.isposinf(values))),
    )
