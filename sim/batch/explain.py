"""Why a number differs between two scenarios: the part of each changed input, on common random numbers.

The inputs in which scenario b differs from scenario a are put in groups. A *hybrid* is a with some of the groups as in
b. The number in every hybrid, each on the same random streams, is a game of which `attribution` gives the Shapley
values. Up to `EXACT_GROUPS` groups all 2^n hybrids are run; beyond, those along sampled orders. Groups that cannot be
changed one without the other (the hybrid is no scenario, or its loans cannot be agreed) are merged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.base.sampling import REPLICATE, orders
from sim.batch import attribution
from sim.batch.changes import MISSING, Change, differences
from sim.batch.groups import By, groups
from sim.batch.hybrids import Check, Hybrids
from sim.batch.hybrids import Evaluate as Evaluate
from sim.batch.hybrids import Merged as Merged
from sim.batch.hybrids import Values as Values
from sim.batch.measure import Measure
from sim.collect import Limits
from sim.engine import run_block, simulate
from sim.errors import ScenarioError
from sim.prepare import prepare
from sim.scenario import Spec, from_data
from sim.tables import Table, definition

EXACT_GROUPS = 8
"""Groups up to which all hybrids are run: 256 of them."""
PAIRS = 16
"""Sampled orders beyond that; each is taken forwards and backwards."""
LIMITS = Limits(line_replicates=0, input_replicates=0, metric_replicates=4096)
"""What a run for one number keeps: the metrics of every draw."""
MOST_DRAWS = LIMITS.metric_replicates * REPLICATE


@dataclass(frozen=True)
class Part:
    """What the changes of one group, or of several that were merged, make of the difference."""

    group: str
    """Name of the group; names of merged ones with " + " between them."""
    changes: tuple[Change, ...]
    value: float
    """Its Shapley value, in the unit of the measure."""
    se: float
    """Standard error; NaN below 20 replicates."""
    share: float
    """Part of the whole difference; NaN where there is none."""
    alone: float
    """Effect of this group when nothing else is changed; NaN where orders were sampled."""
    last: float
    """Effect of this group when all others have been changed; NaN where orders were sampled."""


@dataclass(frozen=True)
class Explanation:
    """The difference of one number between two scenarios, and its parts in order of size."""

    names: tuple[str, str]
    digests: tuple[str, str]
    measure: str
    unit: str
    """Unit of the measure; "share" for a probability."""
    by: By
    values: tuple[float, float]
    """The number in the first and in the second scenario."""
    total: float
    """The second less the first."""
    total_se: float
    """Standard error of the difference, draw by draw on the same random numbers; NaN below 20 replicates."""
    parts: tuple[Part, ...]
    merged: tuple[Merged, ...]
    orders: int
    """Orders that were sampled, backwards ones included; 0 where the parts are exact."""
    evaluations: int
    """Scenarios that were run, the two themselves included."""
    draws: int
    seed: int

    @property
    def exact(self) -> bool:
        """Whether the parts are averages over all orders."""
        return self.orders == 0


def valued(name: str, data: Mapping[str, Any], measure: Measure, draws: int, seed: int) -> Values:
    """Return the number in one scenario; what a worker process does for a hybrid.

    Raises `ScenarioError` where the data are no scenario, its loans cannot be agreed, or it has no such metric.
    """
    result = simulate(from_data(name, data), draws, seed, limits=LIMITS)
    if measure.metric not in result.metrics:
        raise measure.missing(result.metrics, name)
    values = result.metrics[measure.metric]
    return Values(measure.of(values), measure.by_replicate(values))


def explain(a: Spec, b: Spec, measure: Measure, by: By, draws: int, seed: int, evaluate: Evaluate) -> Explanation:
    """Return how much each change from ``a`` to ``b`` makes of the difference of a measure.

    ``evaluate`` has to use the same draws and seed. Exchanging ``a`` and ``b`` turns every sign. Raises
    `ScenarioError` where nothing differs, where ``a`` or ``b`` cannot be run, and where the measure is infinite or
    undefined in any of the scenarios between them.
    """
    if draws > MOST_DRAWS:
        cure = f"ask for {MOST_DRAWS:,} or fewer"
        raise ScenarioError.single(f"{draws:,} draws are more than are kept", where="--draws", cure=cure)
    changes = differences(a.data, b.data)
    if not changes:
        message = "the two scenarios differ in nothing that changes a number"
        raise ScenarioError.single(message, where=f"{a.name}, {b.name}", cure="name two that do")
    found = Hybrids(a, b, sorted(groups(changes, by), key=lambda group: group.name), measure, evaluate, _check(measure))
    found.run([frozenset(), frozenset(range(len(found.blocks)))])
    if len(found.blocks) > EXACT_GROUPS:
        found.probe()
        found.merge()
    every = orders(seed, "explain", len(found.groups), PAIRS)
    while True:
        taken = _orders(found.blocks, every)
        found.run(attribution.subsets(len(found.blocks)) if taken is None else attribution.on_the_way(taken))
        if not found.merge():
            return _explained(found, taken, by, seed)


def _check(measure: Measure) -> Check:
    """Return what tells why a scenario has no number: it is none, its loans cannot be agreed, or it has no metric."""

    def check(name: str, data: Mapping[str, Any]) -> ScenarioError | None:
        try:
            model = prepare(from_data(name, data))
        except ScenarioError as error:
            return error
        metrics = run_block(model, model.lenders).metrics
        return None if measure.metric in metrics else measure.missing(metrics, name)

    return check


def _orders(blocks: list[attribution.Set], every: attribution.Orders) -> attribution.Orders | None:
    """Return the orders of blocks to sample, None where all sets are few enough.

    They are the orders of all groups, a block where its first group stands: merging leaves most sets as they are.
    """
    if len(blocks) <= EXACT_GROUPS:
        return None
    places = np.argsort(every, axis=1)
    firsts = np.stack([places[:, sorted(block)].min(axis=1) for block in blocks], axis=1)
    return np.argsort(firsts, axis=1)


def _explained(found: Hybrids, taken: attribution.Orders | None, by: By, seed: int) -> Explanation:
    count = len(found.blocks)
    none, full = found.vector(frozenset()), found.vector(frozenset(range(count)))
    total = full - none
    parts = _exact(found) if taken is None else _sampled(found, taken)
    unit = definition(found.measure.metric, found.a).unit
    return Explanation(
        names=(found.a.name, found.b.name),
        digests=(found.a.digest, found.b.digest),
        measure=found.measure.text,
        unit="share" if found.measure.kind == "share" else unit,
        by=by,
        values=(float(none[0]), float(full[0])),
        total=float(total[0]),
        total_se=float(attribution.spread(total[None, 1:])[0]),
        parts=tuple(sorted(parts, key=lambda part: (-abs(part.value), part.group))),
        merged=tuple(found.merged()),
        orders=0 if taken is None else 2 * len(taken),
        evaluations=sum(isinstance(value, Values) for value in found.known.values()),
        draws=(none.size - 1) * REPLICATE,
        seed=seed,
    )


def _exact(found: Hybrids) -> list[Part]:
    """Return the parts from the values of all sets."""
    count = len(found.blocks)
    values = {one: found.vector(one) for one in attribution.subsets(count)}
    parts = attribution.shapley_exact(values)
    errors = attribution.spread(parts[:, 1:])
    first = [float(attribution.alone(values, i)[0]) for i in range(count)]
    last = [float(attribution.last(values, i)[0]) for i in range(count)]
    return [_part(found, i, float(parts[i, 0]), float(errors[i]), first[i], last[i]) for i in range(count)]


def _sampled(found: Hybrids, taken: attribution.Orders) -> list[Part]:
    """Return the parts estimated along some orders."""
    entries = attribution.shapley_sampled(taken, found.vector)
    parts = entries.mean(axis=0)
    errors = attribution.spread_sampled(entries[:, :, 0], parts[:, 1:])
    return [_part(found, i, float(parts[i, 0]), float(errors[i]), math.nan, math.nan) for i in range(len(parts))]


def _part(found: Hybrids, i: int, value: float, se: float, alone: float, last: float) -> Part:
    chosen = found.part_of(i)
    none, full = found.vector(frozenset())[0], found.vector(frozenset(range(len(found.blocks))))[0]
    total = float(full - none)
    share = value / total if abs(total) > 1e-12 * max(abs(none), abs(full)) else math.nan
    changes = tuple(change for group in chosen for change in group.changes)
    return Part(" + ".join(group.name for group in chosen), changes, value, se, share, alone, last)


# --- tables -------------------------------------------------------------------------------------------------------


def tables(explanation: Explanation) -> list[Table]:
    """Return the parts and the changes behind them as tables."""
    columns = (
        "group",
        "part",
        "se",
        "share_of_total",
        "alone",
        "last",
        "measure",
        "unit",
        "a",
        "b",
        "value_a",
        "value_b",
    )
    whole = (explanation.measure, explanation.unit, *explanation.names, *explanation.values)
    rows: list[tuple[Any, ...]] = [
        (part.group, part.value, part.se, part.share, part.alone, part.last, *whole) for part in explanation.parts
    ]
    changed: list[tuple[Any, ...]] = [
        (part.group, change.path, _cell(change.before), _cell(change.after))
        for part in explanation.parts
        for change in part.changes
    ]
    made = Table("changes.csv", ("group", "path", "before", "after"), changed)
    return [Table("attribution.csv", columns, rows), made]


def _cell(value: Any) -> Any:
    """Return what stands in a scenario as one cell: blank where nothing does, blocks as JSON.

    >>> _cell(MISSING), _cell(3.5), _cell("full"), _cell(True), _cell({2027: 1})
    ('', 3.5, 'full', 'true', '{"2027": 1}')
    """
    if value is MISSING:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
