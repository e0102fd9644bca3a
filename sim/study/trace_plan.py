"""The agreement with the lenders as one row sees it: what the books say, what was planned (financing.md 2 to 6)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.model.books import Account
from sim.model.financing import Carried
from sim.model.loans import Limit, Plan
from sim.model.terms import Financing, Tranche
from sim.model.timeline import row_of
from sim.report.format import binding
from sim.study.trace_inputs import once, way
from sim.study.trace_tax import Taxing
from sim.study.trace_tree import Node, Part, made, product, total


def nodes(*parts: Part) -> list[Node]:
    """Return the parts that are nodes: an exchange rate of US dollars is a plain 1."""
    return [part for part in parts if isinstance(part, Node)]


def some(*parts: Node) -> list[Node]:
    """Return the parts that are not nothing."""
    return [part for part in parts if part.value != 0.0]


@dataclass(frozen=True)
class Planned(Taxing):
    """The plan and the engine's books in one row; amounts of a tranche are in its currency."""

    @property
    def carried(self) -> Carried:
        """What the engine's books say."""
        assert self.block.cash.carried is not None
        return self.block.cash.carried

    @property
    def plan(self) -> Plan:
        """The agreement."""
        return self.carried.plan

    @property
    def agreed(self) -> Financing:
        """The terms as written."""
        assert self.spec.written.financing is not None
        return self.spec.written.financing

    @property
    def loans(self) -> list[str]:
        """Names of the tranches."""
        return [account.loan.name for account in self.carried.accounts]

    def account(self, name: str) -> Account:
        """Return a tranche in the engine's books."""
        return self.carried.accounts[self.loans.index(name)]

    def tranche(self, name: str) -> Tranche:
        """Return the terms of a tranche as written."""
        return self.agreed.tranches[name]

    def currency_of(self, name: str) -> str:
        """Return the unit of a tranche's amounts."""
        return self.tranche(name).currency.upper()

    def of_rank(self, rank: int) -> list[str]:
        """Return the names of the tranches of a rank."""
        return [self.loans[place] for place in self.plan.ranks[rank]]

    def noted(self, name: str, line: str) -> float:
        """Return what the engine has kept of a tranche in this row."""
        history = self.account(name).history
        assert history is not None
        return self.at(history[line])

    def company(self, line: str) -> float:
        """Return what the engine has kept of the company in this row."""
        assert self.carried.history is not None
        return self.at(self.carried.history[line])

    @property
    def failed(self) -> bool:
        """Say whether there was a default in a row before this one."""
        return self.k > 0 and self.on(self.k - 1).company("defaulted") > 0.0

    @property
    def cod_row(self) -> float:
        """Row of COD, inf where it is never reached."""
        return float(row_of(np.array([self.cod().value]), self.model.grid)[0])

    @property
    def drawing(self) -> bool:
        """Say whether anything can be drawn in the row: from FID to COD, not after a default or what is given up."""
        return self.fid_row <= self.k <= min(self.cod_row, self.abandoned_row) and not self.failed

    def stops(self, name: str) -> bool:
        """Say whether the regime of the row lets a lender pay nothing out."""
        rows = self.account(name).stopped
        return rows is not None and self.at(rows) > 0.0

    @once
    def cost_index(self) -> list[Node]:
        """Return what the budget costs at FID over what it costs at time zero; none where FID is at time zero."""
        if self.fid_row in (0.0, math.inf):
            return []
        row, value = self.on(int(self.fid_row)), float(self.schedule.cost_index[0])
        sums = [
            total(f"budget at prices {when}", "", self._priced_at(k))
            for k, when in ((row.k, "at FID"), (0, "at the start"))
        ]
        return [product("cost index at FID", "", sums[:1], sums[1:], value)]

    def _priced_at(self, k: int) -> list[Node]:
        """Return the budget by item: at the index of the row after ``k`` and the exchange rate of ``k``."""
        found, after = [], self.on(min(k + 1, self.model.grid.periods))
        for name in self.items():
            path = f"costs.{name}" if name == "contingency" else f"costs.items.{name}"
            block = way(self.spec.written, path)[-1]
            times = [self.leaf(f"{path}.amount_million"), after.index(block.currency, int(block.price_year))]
            found.append(product(f"{name} at prices of {after.label}", "", times, [self.on(k).fx(block.currency)]))
        return found

    def _lenders_missing(self, rows: Sequence[int]) -> list[Node]:
        """Return the part of each use of lenders who stop in some rows, and what sponsors have promised beyond."""
        if self.model.plan is None:
            return []
        names = [name for name in self.loans if any(self.on(k).stops(name) for k in rows)]
        if not names:
            return []
        return [*(self.part(name) for name in names), self.term("financing.standby_equity_share"), *self.cost_index()]

    @property
    def filling(self) -> bool:
        """Say whether the reserves are filled for the first time at the end of the row."""
        return self.k == self.cod_row and not self.failed

    # --- the plan -------------------------------------------------------------------------------------------------

    @once
    def debt(self) -> Node:
        """Return all loans as sized."""
        text = "sized on the lenders' case: the least that one of these allows"
        limits = [self._limit(limit) for limit in self.plan.limits if math.isfinite(limit.debt_usd)]
        return made("all loans", "USD", text, lambda *v: min(v, default=0.0), limits, self.plan.debt_usd)

    def _limit(self, limit: Limit) -> Node:
        """Return what a limit of the loans allows, with the term that it comes from."""
        found = re.match(r"(DSCR|repayment).* of (\w+) in \d+", limit.what)
        if limit.what == "gearing":
            path = "gearing_cap"
        elif found:
            path = f"tranches.{found[2]}.{'target_dscr' if found[1] == 'DSCR' else 'tenor_years'}"
        else:
            path = "target_llcr" if limit.what.startswith("LLCR") else ""
        parts = [self.term(f"financing.{path}")] if path else []
        if limit.what == "ceilings of the lenders":
            keys = [(name, key) for name in self.loans for key in ("share", "ceiling_million")]
            given = [(name, key) for name, key in keys if getattr(self.tranche(name), key) is not None]
            parts = [self.term(f"financing.tranches.{name}.{key}") for name, key in given]
        return Node(binding(limit.what), limit.debt_usd, "USD", "allowed on the lenders' case", children=tuple(parts))

    @once
    def uses(self) -> Node:
        """Return all uses of funds until COD as planned."""
        parts = [
            Node(f"planned {name}", value, "USD", "on the lenders' case") for name, value in self.plan.uses.items()
        ]
        return total("planned uses", "USD", parts)

    @once
    def part(self, name: str) -> Node:
        """Return the part of each use that a tranche pays."""
        value, uses, debt = self.account(name).loan.part, self.uses(), self.debt()
        title = f"part of each use that {name} pays"
        if debt.value <= 0.0:
            return Node(title, value, "", "nothing can be lent on the lenders' case", children=(debt,))
        path = f"financing.tranches.{name}.share"
        given = (self.term(path),) if self.tranche(name).share is not None else ()
        text = "share, up to its ceiling" if given else "what the shares leave, up to its ceiling"
        share = Node(f"part of all loans of {name}", value * uses.value / debt.value, "", text, children=given)
        return product(title, "", [share, debt], [uses], value)

    @once
    def sized(self, name: str) -> Node:
        """Return what a tranche lends on the lenders' case."""
        text, index = "what it lends on the lenders' case", self.cost_index()
        title, value = "commitment as sized of" if index else "commitment of", self.account(name).loan.commitment
        return Node(f"{title} {name}", value, self.currency_of(name), text, children=(self.debt(),))

    @once
    def commitment(self, name: str) -> Node:
        """Return what a tranche has promised at FID: moved with costs and exchange rate since time zero."""
        index = self.cost_index()
        if not index:
            return self.sized(name)
        currency, value = self.tranche(name).currency, float(self.account(name).commitment[0])
        at_fid, at_start = self.on(int(self.fid_row)).fx(currency), self.on(0).fx(currency)
        moved = [self.sized(name), *index, *nodes(at_fid)]
        return product(f"commitment of {name} at FID", self.currency_of(name), moved, nodes(at_start), value)

    @property
    def moved(self) -> int:
        """Rows by which repayment has moved."""
        return int(np.max(self.carried.shift))

    def planned(self, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        """Return a planned figure of the row, of the rows by which repayment has moved."""
        return float(values[min(max(self.k - self.moved, 0), len(values) - 1)])
