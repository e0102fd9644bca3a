"""The agreement with the lenders as one row sees it: what the books say, what was planned (financing.md 2 to 6)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from sim.model.books import Account
from sim.model.financing import Carried
from sim.model.loans import Limit, Plan, row_of
from sim.model.terms import Financing, Tranche
from sim.study.trace_inputs import once
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

    def noted(self, name: str, line: str) -> float:
        """Return what the engine has kept of a tranche in this row."""
        history = self.account(name).history
        assert history is not None
        return self.at(history[line])

    def company(self, line: str) -> float:
        """Return what the engine has kept of the company in this row."""
        assert self.carried.history is not None
        return self.at(self.carried.history[line])

    def earlier(self, what: str, value: float, unit: str, line: str) -> Node:
        """Return a figure of the end of the row before, and where to ask for it."""
        text = f"see --line {line} --year {self.on(self.k - 1).year}" if self.k else "nothing yet"
        return Node(f"{what} before {self.label}", value, unit, text)

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
        """Say whether anything can be drawn in the row: until COD, not after a default."""
        return self.k <= self.cod_row and not self.failed

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
        return Node(limit.what, limit.debt_usd, "USD", "allowed on the lenders' case", children=tuple(parts))

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
    def commitment(self, name: str) -> Node:
        """Return what a tranche has promised."""
        text = "what it lends on the lenders' case"
        value = self.account(name).loan.commitment
        return Node(f"commitment of {name}", value, self.currency_of(name), text, children=(self.debt(),))

    @property
    def moved(self) -> int:
        """Rows by which repayment has moved."""
        return int(np.max(self.carried.shift))

    def planned(self, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        """Return a planned figure of the row, of the rows by which repayment has moved."""
        return float(values[min(max(self.k - self.moved, 0), len(values) - 1)])
