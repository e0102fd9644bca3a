"""What politics does to a row, taken apart: regime, decision, effects, cut-offs, seizure (docs/sanctions.md)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from sim.base import chains
from sim.base.sampling import Draws
from sim.model import regimes
from sim.model.sanctions import Sanctions
from sim.study.trace_inputs import Array, Inputs, kept, once, source_of
from sim.study.trace_tree import Node, made

BROUGHT = {
    "pace": "pace",
    "cost_factor": "cost",
    "export_limit_mw": "export_limit_mw",
    "revenue_blocked": "blocked",
    "insurance_factor": "insurance",
    "repair_factor": "repair",
    "margin_addon": "margin",
}
"""Key of a regime: the engine's effect that is this number and nothing else."""


@dataclass(frozen=True)
class Political(Inputs, ABC):
    """The regime of one row and what it brings."""

    @property
    def sanctions(self) -> Sanctions | None:
        """The section as written."""
        return self.spec.written.sanctions

    @property
    def place(self) -> int:
        """Place of the regime of the row, 0 the calmest."""
        states = self.block.stage.states
        return int(states[min(self.k, len(states) - 1), 0])

    @property
    def names(self) -> list[str]:
        """Names of the regimes, from calm to grave."""
        return list(self.sanctions.regimes) if self.sanctions is not None else [""]

    @property
    def regime(self) -> str:
        """Name of the regime of the row, empty without sanctions."""
        return self.names[self.place]

    def earlier(self, what: str, value: float, unit: str, line: str) -> Node:
        """Return a figure of the end of the row before, and where to ask for it."""
        text = f"see --line {line} --year {self.on(self.k - 1).year}" if self.k else "nothing yet"
        return Node(f"{what} before {self.label}", value, unit, text)

    # --- regimes --------------------------------------------------------------------------------------------------

    @kept
    def regime_here(self) -> Node:
        """Return the regime of the row as its place: of the lenders' case, from script or initial, or by chance."""
        section = self.sanctions
        assert section is not None
        if not self.drawn:
            return self._of_lenders()
        if self.k < regimes.first_by_chance(self._filled(), self.model.grid):
            return self._scripted(section)
        return self._by_chance()

    def _filled(self) -> Sanctions:
        section = self.block.scenario.sanctions
        assert section is not None
        return section

    def _titled(self) -> str:
        return f"regime of {self.label}"

    def _of_lenders(self) -> Node:
        terms, names = self.spec.written.financing, self.names
        stated = terms.case.regime if terms is not None else None
        why = "the lenders' case stays in " + (
            "the regime that financing.case.regime says"
            if stated
            else "the first one, in which the decision can be taken"
        )
        again = names.index(stated) if stated else 0
        return made(self._titled(), "", f"{self.regime}: {why}", lambda *_: float(again), [], float(self.place))

    def _scripted(self, section: Sanctions) -> Node:
        start, until = self.model.grid.start_year, self.end - 1e-9 if self.k else 1e-9
        path, again, last = "sanctions.initial", self.names.index(section.initial), -math.inf
        for date, name in (section.script or {}).items():
            when = regimes.years_of(date, start)
            if when is not None and last < when < until:
                path, again, last = f"sanctions.script.{date}", self.names.index(name), when
        text = f"{self.regime}: {'since ' + path.split('.')[2] if 'script' in path else 'initial'}"
        value, source = float(self.place), source_of(self.spec, path)
        return Node(self._titled(), value, "", text, lambda: float(again), (), source)

    def _by_chance(self) -> Node:
        section, before = self._filled(), self.on(self.k - 1)
        kind = "rates" if section.rates is not None else "probabilities"
        steps = chains.transition(regimes.yearly_rates(section), self.model.grid.dt)[:, :, 0]
        previous = Node(before._titled(), float(before.place), "", before.regime)
        number = self.uniform(regimes.REGIME_STREAM)

        def following(was: float, u: float, *_: float) -> float:
            return float(sum(u > reached for reached in np.cumsum(steps[int(was)])[:-1]))

        reached = ", ".join(f"{share:.4g}" for share in np.cumsum(steps[before.place])[:-1])
        text = (
            f"{self.regime}: by chance from {before.regime}; how many of {reached} lie below the random number, "
            f"they are P_i0, P_i0 + P_i1, … of P = exp({kind} × {self.model.grid.dt:g} years)"
        )
        parts = [previous, number, *self.leaves(f"sanctions.{kind}")]
        return made(self._titled(), "", text, following, parts, float(self.place))

    def uniform(self, stream: str) -> Node:
        """Return the uniform number of the row in a stream."""
        assert isinstance(self.chance, Draws)
        value = float(self.chance.uniforms(stream, self.model.grid.periods)[self.k - 1, 0])
        return Node(f"random number of {self.label}", value, "", f"stream {stream} of this draw")

    def spans(self, first: int, last: int) -> str:
        """Return the regimes of some rows in words: ``sectoral 2027–2029, full 2030``."""
        rows = [self.on(k) for k in range(first, last + 1)]
        runs = [(name, list(run)) for name, run in groupby(rows, key=lambda row: row.regime)]
        return ", ".join(f"{name} {_span(run[0].label, run[-1].label)}" for name, run in runs)

    def regimes_of(self, first: int, last: int, why: str) -> list[Node]:
        """Return the regimes of some rows as one node."""
        if self.sanctions is None or last < first:
            return []
        text = f"periods: {self.spans(first, last)}"
        return [Node(f"regimes {why}", float(last + 1 - first), "", text, children=(self.on(last).regime_here(),))]

    # --- effects --------------------------------------------------------------------------------------------------

    def effect(self, key: str) -> list[Node]:
        """Return a number of the regime of the row; none where that says nothing of it."""
        return [self._effect(key)] if f"sanctions.regimes.{self.regime}.{key}" in self.spec.leaves else []

    @kept
    def _effect(self, key: str) -> Node:
        leaf, effects = self.leaf(f"sanctions.regimes.{self.regime}.{key}"), self.block.stage.effects
        value = self.at(getattr(effects, BROUGHT[key])) if key in BROUGHT else leaf.value
        if key == "price_discount":
            value = 1.0 - self.at(effects.price)
        text, parts = f"that of regime {self.regime}", [leaf, self.regime_here()]
        return made(f"{key} in {self.label}", leaf.unit, text, lambda given, _: given, parts, value)

    def of_regimes(self, key: str, rows: Sequence[int]) -> list[Node]:
        """Return a number of every regime that governs one of some rows."""
        paths = dict.fromkeys(f"sanctions.regimes.{self.on(k).regime}.{key}" for k in rows)
        return [self.leaf(path) for path in paths if path in self.spec.leaves]

    @kept
    def cut_off(self) -> list[Node]:
        """Return what cut-offs by the exporting state leave of the sending limit; none where there are no cut-offs."""
        section = self.sanctions.export_cut_offs if self.sanctions is not None else None
        if section is None:
            return []
        path, dt, k = "sanctions.export_cut_offs", self.model.grid.dt, self.k
        leaves = [self.leaf(f"{path}.{key}") for key in ("onset_per_year", "end_per_year", "export_share")]
        title = f"what cut-offs leave in {self.label}"
        if not self.drawn or k == 0:
            text = "1 − P(cut) × (1 − export_share), P(cut) = onset/(onset + end) × (1 − e^(−(onset + end) × time))"
            expected = lambda a, b, share: 1.0 - _cut(0.0, a, b, k * dt) * (1.0 - share)  # noqa: E731
            return [made(title, "", text, expected, leaves, float(self._left()[k]))]
        was = float(self._left()[k - 1] < 1.0)
        before = Node(f"cut off in {self.on(k - 1).label}", was, "", "1 if cut")
        text = "export_share if cut, else 1; cut where the random number is above the probability to trade"

        def left(cut: float, u: float, a: float, b: float, share: float) -> float:
            return share if u > 1.0 - _cut(cut, a, b, dt) else 1.0

        parts = [before, self.uniform(regimes.CUT_OFF_STREAM), *leaves]
        return [made(title, "", text, left, parts, float(self._left()[k]))]

    @once
    def _left(self) -> Array:
        left = regimes.cut_offs(self._filled().export_cut_offs, self.model.grid, self.chance)
        column: Array = np.broadcast_to(left, (self.model.grid.periods + 1, 1))[:, 0]
        return column

    # --- decision -------------------------------------------------------------------------------------------------

    @property
    def fid_row(self) -> float:
        """Row at whose end the investment decision is taken, inf where it never is."""
        return float(self.block.clock.fid_row[0])

    @property
    def abandoned_row(self) -> float:
        """Row at whose end the works are given up, inf where they are not."""
        return float(self.block.clock.abandoned_row[0])

    def allowed(self) -> list[bool]:
        """Return in which regimes the decision can be taken, by place."""
        decision, section, terms = self.spec.written.timeline.decision, self.sanctions, self.spec.written.financing
        assert section is not None
        if decision is None:
            return [True] * len(self.names)
        lenders = terms.tranches.items() if terms is not None and decision.lenders_willing else ()
        named = {word for name, tranche in lenders for word in (name, tranche.nation)}
        last = self.names.index(decision.no_worse_than)
        return [i <= last and named.isdisjoint(r.lenders_stop) for i, r in enumerate(section.regimes.values())]

    @once
    def fid(self) -> list[Node]:
        """Return the time of the investment decision; none where it is time zero whatever happens."""
        decision, grid = self.spec.written.timeline.decision, self.model.grid
        if decision is None or self.sanctions is None or not self.drawn:
            return []
        good = self.allowed()

        def first(wait: float, *_: float) -> float:
            rows = range(min(round(wait * grid.periods_per_year), grid.periods) + 1)
            return next((k * grid.dt for k in rows if good[self.on(k).place]), math.inf)

        wait = self.term("timeline.decision.max_wait_years", "years")
        found = first(wait.value)
        last = round((found if math.isfinite(found) else wait.value) * grid.periods_per_year)
        fit = " or ".join(name for name, one in zip(self.names, good, strict=True) if one) or "none of them"
        text = f"end of the first period within max_wait_years whose regime is {fit}"
        text += ", where all lenders pay out" if decision.lenders_willing and self.spec.written.financing else ""
        parts = [wait, *self.regimes_of(0, min(last, grid.periods), "until the decision")]
        return [made("FID", "years", text, first, parts, self.fid_row * grid.dt)]

    # --- works --------------------------------------------------------------------------------------------------------

    @once
    def _politics_of_building(self) -> list[Node]:
        """Return what moves, slows and stops the works: the decision, regimes with their pace, lenders, stops."""
        last = min(len(self.block.clock.progress) - 1, self.model.grid.periods)
        rows = range(int(self.fid_row) + 1, last + 1) if math.isfinite(self.fid_row) else range(0)
        if self.sanctions is None:
            return []
        parts = [*self.fid(), *self.regimes_of(rows.start, rows.stop - 1, "while building")]
        parts += [*self.of_regimes("pace", rows), *self._lenders_missing(rows)]
        if self.sanctions.stoppage is not None and float(self.block.clock.stopped_years[0]) > 0.0:
            parts.append(self.leaf("sanctions.stoppage.restart_years"))
            if self.sanctions.stoppage.abandonment_years is not None:
                parts.append(self.term("sanctions.stoppage.abandonment_years", "years"))
        return parts

    @abstractmethod
    def _lenders_missing(self, rows: Sequence[int]) -> list[Node]:
        """Return what lenders who stop in some rows leave to the sponsors, and what these have promised."""

    def _regime_of_works(self) -> list[Node]:
        """Return the pace that the regime of this row sets, or the regime alone."""
        if self.sanctions is None or not self.fid_row < self.k <= self.abandoned_row:
            return []
        return self.effect("pace") or [self.regime_here()]

    # --- seizure --------------------------------------------------------------------------------------------------

    @property
    def seized_row(self) -> float:
        """First row in which the seizing state owns a part of the company, inf where there is none."""
        return float(self.schedule.seized_row[0])

    @kept
    def seizure(self) -> Node:
        """Return whether the company is seized in this row."""
        title, before, dt = f"seizure in {self.label}", self.seized_row < self.k, self.model.grid.dt
        value, hazard = float(self.seized_row == self.k), self.effect("seizure_per_year")
        if not hazard or not self.drawn or not self._seizable() or before:
            why = "it was seized before" if before else "no hazard in this period"
            return Node(title, value, "", why, lambda: 0.0)
        text = f"1 if the random number is below 1 − e^(−seizure_per_year × {dt:g} years)"
        again = lambda h, u: float(u < -math.expm1(-h * dt))  # noqa: E731
        return made(title, "", text, again, [*hazard, self.uniform(regimes.SEIZURE_STREAM)], value)

    def _seizable(self) -> bool:
        """Say whether there is something to seize: after FID, not given up, until the end of operation."""
        grid = self.model.grid
        end = float(self.block.clock.cod_years[0] + self.block.stage.life[0]) * grid.periods_per_year
        last = min(math.ceil(end - 1e-9), grid.periods) if math.isfinite(end) else grid.periods
        return self.fid_row < self.k <= min(float(last), self.abandoned_row)

    def seized(self) -> list[Node]:
        """Return the seizure of this row or an earlier one; none where there has been none."""
        return [self.on(int(self.seized_row)).seizure()] if self.seized_row <= self.k else []


def _cut(was: float, onset: float, end: float, years: float) -> float:
    """Return the probability to be cut off some years after a state, 1 if that was cut."""
    if onset + end <= 0.0:
        return was
    level = onset / (onset + end)
    return level + (was - level) * math.exp(-(onset + end) * years)


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first}–{last}"
