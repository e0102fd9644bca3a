"""Depreciation and tax of a row, taken apart by jurisdiction (docs/financing.md, section 1)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from sim.model.metrics import LINE_UNITS
from sim.model.tax import Jurisdiction, written_off
from sim.model.works import REMOBILISATION
from sim.study.trace_costs import clipped
from sim.study.trace_inputs import kept, way
from sim.study.trace_sales import Trading
from sim.study.trace_tree import Node, made, product, total

ENERGY = ("energy_sent_mwh", "energy_delivered_mwh")
OWN = ("operating_cost", "replacements", "decommissioning")
BOUGHT = ("supply_cost", "charges")
WITH_LOANS = " with loans"
SOLD = ("revenue_merchant", "revenue_ppa", "revenue_capacity")
BLOCKED = ("revenue_blocked", "revenue_released", "revenue_lost", "revenue_confiscated", "blocked_balance")
"""Lines that are there where some regime blocks revenue."""


@dataclass(frozen=True)
class Taxing(Trading, ABC):
    """What the states take of one row."""

    def line(self, name: str) -> Node:
        """Return a line of this row with its parts."""
        if name == "operating_cost":
            return self.operating_cost(self.energy_sent_mwh())
        node: Node = getattr(self, name)()
        return node

    def stub(self, name: str) -> Node:
        """Return a line of this row without its parts, and how to ask for them."""
        unit = LINE_UNITS.get(name, "USD").split(" of ")[0].split(",")[0]
        text = f"see --line {name} --year {self.year}"
        return Node(f"{name} {self.label}", self.at(self.block.lines[name]), unit, text)

    @kept
    def ebitda(self) -> Node:
        """Return the operating result."""
        plus, minus = ([self.line(name) for name in names] for names in ((*SOLD, "salvage"), (*BOUGHT, *OWN)))
        if self.block.cash.project.blocked is not None:
            plus, minus = [*plus, self.revenue_released()], [self.revenue_blocked(), *minus]
        return total(f"ebitda {self.label}", "USD", plus, minus, self.at(self.block.cash.ebitda))

    # --- depreciation ---------------------------------------------------------------------------------------------

    @kept
    def depreciation(self) -> Node:
        """Return the depreciation of all jurisdictions, each with its share."""
        name, value = f"depreciation {self.label}", self.at(self.block.lines["depreciation"])
        parts = [self._shared(self.written(state), state) for state in self.spec.written.tax.jurisdictions]
        return total(name, "USD", parts, value=value)

    def _shared(self, whole: Node, state: str) -> Node:
        """Return a jurisdiction's share of a sum."""
        share, combine = self.spec.written.tax.jurisdictions[state].share, whole.combine
        if share == 1.0 or combine is None:
            return whole
        return replace(
            whole,
            name=f"{whole.name}, share of {state}",
            value=share * whole.value,
            formula=f"{share:g} × ({whole.formula})",
            combine=lambda *values: share * combine(*values),
        )

    @kept
    def written(self, state: str) -> Node:
        """Return the depreciation under the rules of one jurisdiction, item by item."""
        parts = []
        places = {"contingency": "costs.contingency", REMOBILISATION: "sanctions.stoppage"}
        for name in self.spent_on():
            path = f"{places.get(name, f'costs.items.{name}')}.tax_life_years"
            if path in self.spec.leaves:
                share = self._share_written(state, name, self.leaf(path))
                parts.append(product(f"depreciation of {name}", "USD", [self.spending(name), share]))
        for name, part in self.spec.written.costs.replacements.items():
            if part.tax_life_years is not None:
                parts.append(self._renewals_written(name))
        return total(f"depreciation under the rules of {state}", "USD", parts)

    def _share_written(self, state: str, name: str, life: Node) -> Node:
        path = f"tax.jurisdictions.{state}.depreciation"
        rules, late = way(self.block.scenario, path)[-1], 0.0
        if rules.half_year:
            late = 0.5
        start, end, last = self.end - self.model.grid.dt - late, self.end - late, self.model.grid.end[-1, 0]

        def written(cod: float, life: float, *_: float) -> float:
            if cod > last or self.k == 0:
                return 0.0
            ends = (np.array([max(time - cod, 0.0)]) for time in (start, end))
            before, after = (float(written_off(rules, np.array([life]), since)[0]) for since in ends)
            return after - before

        years = f"from {start:g} to {end:g} years, since COD"
        parts, text = [self.cod(), life], f"part of tax_life_years {years}"
        if rules.method == "declining_balance":
            parts.append(self.leaf(f"{path}.factor"))
            text = f"what factor / tax_life_years of the rest, then even parts, take {years}"
        elif rules.method == "custom":
            parts.append(self._table(state))
            text = f"what the table takes {years}"
        return made(f"share of {name} written off", "", text, written, parts)

    def _table(self, state: str) -> Node:
        path = f"tax.jurisdictions.{state}.depreciation"
        blocks = way(self.spec.written, path)
        shares = blocks[-1].shares
        source = next((block.source for block in reversed(blocks) if getattr(block, "source", None)), "")
        text = f"year from COD: share, {len(shares)} years"
        return Node(f"{path}.shares", math.fsum(shares.values()), "(sum)", text, source=source)

    def _renewals_written(self, name: str) -> Node:
        start, end = self.end - self.model.grid.dt, self.end
        rows = [self.on(k) for k in range(self.k)]
        earlier = [(row.end, row.renewal(name)) for row in rows]
        earlier = [(paid, cost) for paid, cost in earlier if cost.value != 0.0]

        def written(life: float, *costs: float) -> float:
            pairs = zip(earlier, costs, strict=True)
            return math.fsum(
                cost * (clipped(end - paid, 0.0, life) - clipped(start - paid, 0.0, life)) / life
                for (paid, _), cost in pairs
            )

        text = f"part of tax_life_years after the payment that lies between {start:g} and {end:g} years, of each"
        leaf = self.leaf(f"costs.replacements.{name}.tax_life_years")
        return made(f"depreciation of {name}", "USD", text, written, [leaf, *(cost for _, cost in earlier)])

    # --- tax ------------------------------------------------------------------------------------------------------

    @kept
    def tax(self) -> Node:
        """Return corporate tax by jurisdiction."""
        parts = [self.tax_of(state, terms) for state, terms in self.spec.written.tax.jurisdictions.items()]
        return total(f"tax {self.label}", "USD", parts, value=self.at(self.block.cash.tax))

    def tax_of(self, state: str, terms: Jurisdiction, lent: bool = False) -> Node:
        """Return the tax of one jurisdiction; ``lent``: that of the company with its loans."""
        name = f"tax of {state}{WITH_LOANS if lent else ''} {self.label}"
        rate, taxable = self.leaf(f"tax.jurisdictions.{state}.rate"), self.taxable(state, lent=lent)
        if terms.losses == "refunded":
            return product(name, "USD", [rate, taxable])
        limit = self.leaf(f"tax.jurisdictions.{state}.loss_limit")
        left = made(
            "profit after losses",
            "USD",
            "max(taxable result, 0) − min(losses that can be used, loss_limit × max(taxable result, 0))",
            lambda profit, pool, limit: max(profit, 0.0) - min(pool, limit * max(profit, 0.0)),
            [taxable, self._pool(state, terms, limit, lent), limit],
        )
        return product(name, "USD", [rate, left])

    def _pool(self, state: str, terms: Jurisdiction, limit: Node, lent: bool) -> Node:
        """Return the losses of earlier rows that have neither been used nor expired."""
        rows = [self.on(k).taxable(state, short=True, lent=lent) for k in range(self.k)]
        earlier = [(k, row) for k, row in enumerate(rows) if row.value != 0.0]
        years = terms.loss_expiry_years
        lasts = math.inf if years is None else round(years * self.model.grid.periods_per_year)

        def pool(limit: float, *results: float) -> float:
            losses: list[tuple[int, float]] = []
            for (k, _), result in zip(earlier, results, strict=True):
                losses = [(made_in, loss) for made_in, loss in losses if made_in + lasts >= k]
                losses = [*_used(losses, limit * max(result, 0.0)), (k, max(-result, 0.0))]
            return math.fsum(loss for made_in, loss in losses if made_in + lasts >= self.k)

        text = "losses less what profits have used, oldest first, added up in order of time, never below 0"
        if years is not None:
            text += f"; gone after {years:g} years"
        return made("losses that can be used", "USD", text, pool, [limit, *(row for _, row in earlier)])

    @kept
    def taxable(self, state: str, short: bool = False, lent: bool = False) -> Node:
        """Return what one jurisdiction taxes, before losses; ``short``: without the parts of its parts."""
        capitalised = [
            self.renewal(name)
            for name, part in self.spec.written.costs.replacements.items()
            if part.tax_life_years is not None
        ]
        income = self.stub("ebitda") if short else self.ebitda()
        renewals = [node for node in capitalised if node.value != 0.0]
        name = f"taxable result{WITH_LOANS if lent else ''} {self.label}"
        plus, minus = self.of_loans(short) if lent else ([], [])
        whole = total(name, "USD", [income, *renewals, *plus], [self.written(state), *minus], short=short)
        return self._shared(whole, state)

    @abstractmethod
    def of_loans(self, short: bool) -> tuple[list[Node], list[Node]]:
        """Return what loans add to the taxable result and what they take from it; ``short``: without their parts."""


def _used(losses: list[tuple[int, float]], amount: float) -> list[tuple[int, float]]:
    """Return what is left of losses, oldest first, after an amount of them has been used."""
    left = []
    for made_in, loss in losses:
        used = min(loss, amount)
        amount -= used
        left.append((made_in, loss - used))
    return left
