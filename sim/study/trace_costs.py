"""What a link costs to build and to run, taken apart: capex by item, running costs (model.md 4, 8; sanctions.md 3)."""

from __future__ import annotations

import math
from abc import ABC
from dataclasses import dataclass

import numpy as np

from sim.model import costs
from sim.model.construction import erect, funds_of
from sim.model.timeline import Clock, contains
from sim.model.works import REMOBILISATION, begun, done, works
from sim.study.trace_inputs import Array, kept, once, way
from sim.study.trace_politics import Political
from sim.study.trace_tree import Node, Part, made, product, total


def clipped(value: float, low: float, high: float) -> float:
    """Return a value held between two others."""
    return min(max(value, low), high)


@dataclass(frozen=True)
class Building(Political, ABC):
    """The construction clock and what follows it."""

    # --- time -----------------------------------------------------------------------------------------------------

    def _clock_inputs(self) -> list[Node]:
        sea = self.spec.written.timeline.sea_work is not None
        parts = [self.leaf("timeline.construction.years"), *(self.leaves("timeline.sea_work") if sea else [])]
        return [*parts, *self._politics_of_building()]

    @once
    def _clock_again(self) -> Clock:
        of, effects = self.block.scenario, self.block.stage.effects
        stage = self.block.stage
        funds = funds_of(self.model.backing, effects, stage.world.bill, stage.schedule.cost_index)
        return erect(of.timeline, effects, funds, self.model.grid)

    @property
    def _pace(self) -> str:
        return "advances by 1 / years, sea work only in its window (model.md 4)" + (
            "; with pace, stops and lenders of each regime (sanctions.md 3)" if self.sanctions is not None else ""
        )

    @kept
    def clock(self) -> Node:
        """Return the construction clock at the end of the row, run again."""
        again, value = self.at(self._clock_again().progress), self.at(self.block.clock.progress)
        name = f"construction clock at the end of {self.label}" if self.k else "construction clock at time zero"
        return made(name, "", self._pace, lambda *_: again, [*self._clock_inputs(), *self._regime_of_works()], value)

    @once
    def cod(self) -> Node:
        """Return the commercial operation date, run again."""
        again = float(self._clock_again().cod_years[0])
        text = "when the construction clock reaches 1 (model.md 4" + (
            "; sanctions.md 3)" if self.sanctions is not None else ")"
        )
        if math.isfinite(self.abandoned_row):
            text = f"never: the works are given up at the end of {self.on(int(self.abandoned_row)).label}"
        elif math.isinf(self.fid_row):
            text = "never: the decision to invest is not taken"
        return made("COD", "years", text, lambda *_: again, self._clock_inputs(), float(self.block.clock.cod_years[0]))

    @kept
    def resumed(self) -> Node:
        """Return whether work begins again in the row after a stop."""
        clock, again = self.block.clock, self._clock_again()
        value, found = (0.0 if c.resumed is None else self._increment(c.resumed) for c in (clock, again))
        text = "1 in the first period of work after a stop (sanctions.md 3)"
        return made(f"work begins again in {self.label}", "", text, lambda *_: found, self._clock_inputs(), value)

    def life(self) -> Node:
        """Return the operating life."""
        return self.leaf("timeline.operation_years")

    @kept
    def operating_years(self) -> Node:
        """Return the years of the row in operation."""
        start, end = self.end - self.model.grid.dt, self.end
        return made(
            f"years of {self.label} in operation",
            "years",
            f"what of {start:g} to {end:g} years lies within operation_years from COD",
            lambda cod, life: clipped(end - cod, 0.0, life) - clipped(start - cod, 0.0, life),
            [self.cod(), self.life()],
            self.at(self.schedule.operating),
        )

    # --- capital --------------------------------------------------------------------------------------------------

    def items(self) -> list[str]:
        """Return the names of all items, the contingency last."""
        reserve = ["contingency"] if self.spec.written.costs.contingency is not None else []
        return [*self.spec.written.costs.items, *reserve]

    def spent_on(self) -> list[str]:
        """Return the names of all that is spent on: the items, and starting again after stops."""
        more = self.schedule.capex_by_item if self.sanctions is not None else ()
        return [*self.items(), *(name for name in more if name == REMOBILISATION)]

    def _at_spot(self, path: str, *factors: Part) -> Node:
        """Return an amount in USD at the exchange rate of time zero."""
        spot = self.spot(way(self.spec.written, path)[-1].currency)
        name = f"{path.split('.')[-1]} {'overrun ' if factors else ''}at spot"
        return product(name, "USD", [self.leaf(f"{path}.amount_million"), 1e6, *factors], [spot])

    @once
    def reserve(self) -> Node:
        """Return what overruns leave of the contingency."""
        paths = [f"costs.items.{name}" for name in self.spec.written.costs.items]
        lost = total("overruns", "USD", [self._at_spot(path, self.leaf(f"{path}.overrun")) for path in paths])
        parts = [self._at_spot("costs.contingency"), lost]
        text = "max(contingency − overruns, 0)"
        return made("contingency left", "USD", text, lambda reserve, used: max(reserve - used, 0.0), parts)

    @once
    def budget(self) -> Node:
        """Return the capital budget at spot rates, without overruns."""
        paths = [f"costs.{name}" if name == "contingency" else f"costs.items.{name}" for name in self.items()]
        value = float(costs.budget_usd(self.block.scenario.costs, self.block.money)[0])
        return total("budget", "USD", [self._at_spot(path) for path in paths], value=value)

    def outturn(self, name: str) -> list[Part]:
        """Return the factors of what an item costs in money of its price year."""
        if name == "contingency":
            return [self.reserve()]
        if name == REMOBILISATION:
            return [self.leaf("sanctions.stoppage.amount_million"), 1e6]
        path = f"costs.items.{name}"
        grown = made("overrun factor", "", "1 + overrun", lambda x: 1.0 + x, [self.leaf(f"{path}.overrun")])
        return [self.leaf(f"{path}.amount_million"), 1e6, grown]

    @kept
    def work(self, name: str) -> Node:
        """Return the share of an item's work done in the row; of the remobilisation, whether there is one."""
        if name == REMOBILISATION:
            return self.resumed()
        progress, curve = self.block.clock.progress, self.spec.written.timeline.construction.progress
        limits = [self.leaf(f"costs.items.{name}.{key}") for key in ("work_from", "work_to") if name != "contingency"]
        part = next(part for part in works(self.block.scenario.costs, self.block.money) if part.name == name)
        reached = done(progress, part, curve) * begun(self.block.clock.fid_row, np.arange(len(progress))[:, None])
        value = max(self._increment(np.diff(reached, axis=0, prepend=0.0)), 0.0)

        def share(s: float, start: float = 0.0, end: float = 1.0) -> float:
            if end <= start:
                return float(s >= start - 1e-12)
            x = clipped((s - start) / (end - start), 0.0, 1.0)
            return x * x * (3.0 - 2.0 * x) if curve == "s_curve" else x

        clocks = [self.clock(), *([self.on(self.k - 1).clock()] if self.k else [])]

        def increment(*v: float) -> float:
            now, ends = v[0], v[len(clocks) :]
            before = share(v[1], *ends) if self.k and self.decided(self.k - 1) else 0.0
            return max(share(now, *ends) - before, 0.0) if self.decided(self.k) else 0.0

        shape = "x²(3 − 2x)" if curve == "s_curve" else "x"
        span = "x = clock" if not limits else "x = (clock − work_from)/(work_to − work_from) from 0 to 1"
        text = f"F(clock at the end) − F(clock before), F = {shape}, {span}"
        text += "" if self.decided(self.k) else "; nothing before FID"
        return made(f"share of work in {self.label}", "", text, increment, [*clocks, *limits], value)

    def decided(self, k: int) -> bool:
        """Say whether anything can be spent in a row: after FID, and in the opening where that is FID."""
        return k > self.fid_row or self.fid_row == 0.0

    def _increment(self, shares: Array) -> float:
        return float(shares[self.k, 0]) if self.k < len(shares) else 0.0

    def _money_of_item(self, name: str) -> tuple[list[Part], list[Part]]:
        """Return price index, cost factor of the regime and exchange rate of the row."""
        if name == "contingency":
            return [self.index("usd", int(way(self.spec.written, "costs.contingency")[-1].price_year))], []
        if name == REMOBILISATION:
            return self.priced("sanctions.stoppage")
        times, over = self.priced(f"costs.items.{name}")
        exposed = self.spec.written.costs.items[name].sanctioned_equipment
        return [*times, *(self.effect("cost_factor") if exposed else [])], over

    def item(self, name: str) -> Node:
        """Return the spending on an item in the row."""
        share = self.work(name)
        times, over = self._money_of_item(name) if share.value else ([], [])
        return product(f"{name} in {self.label}", "USD", [*self.outturn(name), share, *times], over)

    @kept
    def capex(self) -> Node:
        """Return the spending of the row by item."""
        parts = [item for item in map(self.item, self.spent_on()) if item.value != 0.0]
        return self.summed(f"capex {self.label}", parts, [], self.at(self.block.cash.capex))

    def summed(self, name: str, plus: list[Node], minus: list[Node], value: float) -> Node:
        """Return a sum in USD; where it has no parts as nothing is ever built, it says so."""
        if plus or minus or math.isfinite(self.block.clock.cod_years[0]):
            return total(name, "USD", plus, minus, value=value)
        return made(name, "USD", "none, as the link is never built", lambda *_: 0.0, [self.cod()], value)

    @once
    def spending(self, name: str) -> Node:
        """Return the spending on an item over all rows."""
        rows = [self.on(k) for k in range(len(self.block.clock.progress))]
        parts = []
        for row in rows:
            share = row.work(name)
            if share.value != 0.0:
                times, over = row._money_of_item(name)
                parts.append(product(f"{name} share in {row.label}", "", [share, *times], over, short=True))
        text = "share of work, times price index, over exchange rate, all years"
        if self.sanctions is not None:
            text += "; with the cost factor of the regime on sanctioned equipment"
        factor = total(f"price factor of {name}", "", parts)
        factor = Node(factor.name, factor.value, "", text, factor.combine, factor.children)
        value = float(self.schedule.capex_by_item[name][0])
        return product(f"spending on {name}", "USD", [*self.outturn(name), factor], value=value)

    # --- running --------------------------------------------------------------------------------------------------

    def operating_cost(self, energy_sent: Node) -> Node:
        """Return the yearly costs by entry."""
        parts = []
        for name, entry in self.spec.written.costs.operating.items():
            path = f"costs.operating.{name}"
            times, over = self.priced(path)
            if entry.share_of_capex_per_year is not None:
                amount = [self.leaf(f"{path}.share_of_capex_per_year"), self.budget(), self.operating_years()]
                over = []
            elif entry.amount_million_per_year is not None:
                amount = [self.leaf(f"{path}.amount_million_per_year"), self.operating_years()]
                times = [1e6, *times]
            else:
                amount = [self.leaf(f"{path}.amount_per_mwh"), energy_sent]
            dearer = self.effect("insurance_factor") if entry.insurance else []
            parts.append(product(name, "USD", [*amount, *times, *self._decline(path), *dearer], over))
        value = self.at(self.block.cash.operations.running.operating)
        return total(f"operating_cost {self.label}", "USD", parts, value=value)

    def _decline(self, path: str) -> list[Node]:
        leaf = self.leaf(f"{path}.decline_per_year")
        if leaf.value == 0.0:
            return []
        start = self.end - self.model.grid.dt
        text = f"1 − decline_per_year × full years from COD to {start:g}, not below 0"

        def left(decline: float, cod: float) -> float:
            return max(1.0 - decline * math.floor(max(start - cod, 0.0) + 1e-9), 0.0)

        return [made("decline", "", text, left, [leaf, self.cod()])]

    def replacements(self) -> Node:
        """Return the renewals of the row."""
        value = self.at(self.block.cash.operations.running.replacements)
        parts = [self.renewal(name) for name in self.spec.written.costs.replacements]
        return total(f"replacements {self.label}", "USD", parts, value=value)

    @kept
    def renewal(self, name: str) -> Node:
        """Return what one entry of the renewals costs in the row."""
        grid, path = self.model.grid, f"costs.replacements.{name}"

        def count(cod: float, life: float, every: float) -> float:
            due = [cod + j * every for j in range(1, int(life / every) + 2) if j * every <= life - 1.0 + 1e-9]
            return float(sum(bool(contains(np.array([time]), grid)[self.k, 0]) for time in due))

        parts = [self.cod(), self.life(), self.leaf(f"{path}.every_years")]
        text = "how many of COD + every_years, COD + 2 every_years, …, a year before the end, fall due"
        due = made(f"renewals in {self.label}", "", text, count, parts)
        times, over = self.priced(path)
        return product(name, "USD", [self.leaf(f"{path}.amount_million"), 1e6, due, *times], over)

    def decommissioning(self) -> Node:
        """Return the cost of removal in the row."""
        name, value = f"decommissioning {self.label}", self.at(self.block.cash.operations.running.decommissioning)
        section = self.spec.written.costs.decommissioning
        if section is None:
            return total(name, "USD", [], value=value)
        start, end, years = self.end - self.model.grid.dt, self.end, section.years

        def overlap(cod: float, life: float) -> float:
            return (clipped(end - cod - life, 0.0, years) - clipped(start - cod - life, 0.0, years)) / years

        text = f"what of {start:g} to {end:g} years lies in the {years:g} years after the end of operation"
        share = made("share of the removal", "", f"{text}, over {years:g}", overlap, [self.cod(), self.life()])
        times, over = self.priced("costs.decommissioning")
        amount = self.leaf("costs.decommissioning.amount_million")
        return product(name, "USD", [amount, 1e6, share, *times], over, value)

    def salvage(self) -> Node:
        """Return the proceeds at the end of operation."""
        name, value = f"salvage {self.label}", self.at(self.block.cash.operations.running.salvage)
        if self.spec.written.costs.salvage is None:
            return total(name, "USD", [], value=value)
        grid = self.model.grid

        def falls(cod: float, life: float) -> float:
            return float(contains(np.array([cod + life]), grid)[self.k, 0])

        due = made(f"end of operation in {self.label}", "", "1 if in this row", falls, [self.cod(), self.life()])
        times, _ = self.priced("costs.salvage")
        return product(name, "USD", [self.leaf("costs.salvage.share_of_capex"), self.budget(), due, *times], [], value)
