"""Owners in a row, taken apart by nation: entitlements, what waits, what a seizure takes (docs/sanctions.md, 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.model.owners import POLITICAL_LINES, shares_of
from sim.study.trace_equity import Owning
from sim.study.trace_inputs import kept, once
from sim.study.trace_plan import some
from sim.study.trace_tree import Node, Part, made, product, total

KINDS = ("entitlement", "tax")
"""What can wait for barred owners."""
WAITING = {"entitlement": "entitlement", "tax": "tax on what is"}


@dataclass(frozen=True)
class Shared(Owning):
    """How what the company pays out and is paid in is shared among its owners."""

    @property
    def political(self) -> bool:
        """Say whether sanctions touch owners: some are barred or seized somewhere."""
        return POLITICAL_LINES[0] in self.carried.owners.lines

    @property
    def nations(self) -> list[str]:
        """Nations of the owners."""
        return list(shares_of(self.agreed))

    # --- what is paid out -----------------------------------------------------------------------------------------

    @kept
    def paid_out(self) -> dict[str, Node]:
        """Return shareholder interest and dividends of the row."""
        if self.agreed.shareholder_loan is None or not self.operated:
            return {"dividends": self.distributions()}
        interest, principal = self.to_shareholder_loan()
        dividends = total(f"dividends {self.label}", "USD", [self.distributions()], [interest, principal])
        return {"interest": interest, "dividends": dividends}

    @kept
    def withheld_from_sponsors(self, kind: str) -> Node:
        """Return the tax withheld on interest or dividends to the sponsors, weighted with their shares."""
        found = []
        for name, sponsor in self.agreed.sponsors.items():
            path = f"tax.withholding.{sponsor.nation}.{kind}"
            if path in self.spec.leaves:
                parts = [self.term(f"financing.sponsors.{name}.share"), self.leaf(path)]
                found.append(product(f"withheld from {name} on {kind}", "", parts))
        return total(f"withheld from sponsors on {kind}", "", some(*found))

    @kept
    def sponsor_withholding(self) -> Node:
        """Return what states keep of what the sponsors get."""
        name, value = f"sponsor_withholding {self.label}", self.at(self.block.lines["sponsor_withholding"])
        if self.political:
            return total(name, "USD", some(*(self.tax_on(nation) for nation in self.nations)), value=value)
        if not self.operated:
            return total(name, "USD", [], value=value)
        if self.agreed.shareholder_loan is None:
            return product(name, "USD", [self.distributions(), self.withheld_from_sponsors("dividends")], value=value)
        kept_back = [
            product(f"on {kind} {self.label}", "USD", [paid, self.withheld_from_sponsors(kind)])
            for kind, paid in self.paid_out().items()
        ]
        return total(name, "USD", kept_back, value=value)

    @kept
    def equity_flow(self) -> Node:
        """Return what the sponsors get less what they pay."""
        if not self.political:
            minus = [self.sponsor_withholding(), self.equity_paid_in()]
            return self._line("equity_flow", [self.distributions()], minus)
        got = [self.received(nation) for nation in self.nations]
        paid = [self.contributed(nation) for nation in self.nations]
        return self._line("equity_flow", got, [self.sponsor_withholding(), *paid])

    # --- by nation ------------------------------------------------------------------------------------------------

    @once
    def _share(self, nation: str) -> Part:
        """Return the share of a nation before any seizure."""
        names = [name for name, sponsor in self.agreed.sponsors.items() if sponsor.nation == nation]
        parts = [self.term(f"financing.sponsors.{name}.share") for name in names]
        return parts[0] if len(parts) == 1 else total(f"shares of {nation}", "", parts) if parts else 1.0

    @kept
    def part_kept(self, nation: str) -> list[Part]:
        """Return the factors of what a nation has of the company in this row."""
        path, share, gone = f"sanctions.seizure_loss.{nation}", self._share(nation), self.seized()
        if path not in self.spec.leaves or not gone:
            return [share]
        parts, text = [self.leaf(path), *gone], "1 − seizure_loss × seizure"
        return [share, made(f"kept by {nation}", "", text, lambda x, q: 1.0 - x * q, parts)]

    @kept
    def part_taken(self, nation: str) -> list[Part]:
        """Return the factors of what the seizing state has of a nation's shares; none where it has nothing."""
        path, gone = f"sanctions.seizure_loss.{nation}", self.seized()
        return [self._share(nation), self.leaf(path), *gone] if path in self.spec.leaves and gone else []

    @kept
    def entitled(self, nation: str) -> Node:
        """Return a nation's part of what is paid out."""
        return product(f"entitlement of {nation} {self.label}", "USD", [*self.part_kept(nation), self.distributions()])

    @kept
    def tax_due(self, nation: str) -> Node:
        """Return the tax on it."""
        found = [
            product(f"on {kind} to {nation} {self.label}", "USD", [*self.part_kept(nation), self.leaf(path), paid])
            for kind, paid in self.paid_out().items()
            if (path := f"tax.withholding.{nation}.{kind}") in self.spec.leaves
        ]
        return total(f"tax on the entitlement of {nation} {self.label}", "USD", some(*found))

    @kept
    def contributed(self, nation: str) -> Node:
        """Return what a nation pays in."""
        return product(f"paid in by {nation} {self.label}", "USD", [*self.part_kept(nation), self.equity_paid_in()])

    def barred(self, nation: str) -> bool:
        """Say whether the regime of the row lets nothing be paid to a nation."""
        return self.sanctions is not None and nation in self.sanctions.regimes[self.regime].dividends_blocked

    def _numbers(self, nation: str) -> tuple[float, float]:
        """Return entitlement and tax on it without their parts, from the engine's distributions of the row."""
        part = math.prod((one.value if isinstance(one, Node) else one) for one in self.part_kept(nation))
        out = self.at(self.block.lines["distributions"])
        interest, principal = self.company("shareholder_interest"), self.company("shareholder_principal")
        paid, owed = {"interest": interest, "dividends": out - interest - principal}, 0.0
        for kind, amount in paid.items():
            path = f"tax.withholding.{nation}.{kind}"
            owed += part * self.leaf(path).value * amount if path in self.spec.leaves else 0.0
        return part * out, owed

    @once
    def _waited(self, nation: str) -> list[tuple[float, float]]:
        """Return what waits for a nation at the end of each row, and the tax on it, added up row by row."""
        found, waiting = [], (0.0, 0.0)
        for row in (self.on(k) for k in range(self.model.grid.periods + 1)):
            left = row.spared(nation)
            fresh = row._numbers(nation) if row.barred(nation) else (0.0, 0.0)
            waiting = (left * waiting[0] + fresh[0], left * waiting[1] + fresh[1]) if row.barred(nation) else (0.0, 0.0)
            found.append(waiting)
        return found

    def spared(self, nation: str) -> float:
        """Return the part of what waits for a nation that is left after this row's seizure, if there is one."""
        path = f"sanctions.seizure_loss.{nation}"
        return 1.0 - self.leaf(path).value if self.seized_row == self.k and path in self.spec.leaves else 1.0

    @kept
    def waits(self, nation: str, kind: str) -> list[Node]:
        """Return what waits for a nation at the beginning of the row (or the tax on it), less what is seized of it."""
        value = self._waited(nation)[self.k - 1][KINDS.index(kind)] if self.k else 0.0
        if value == 0.0:
            return []
        before = self.earlier(f"{WAITING[kind]} held for {nation}", value, "USD", "dividends_held")
        if self.spared(nation) == 1.0:
            return [before]
        loss = self.leaf(f"sanctions.seizure_loss.{nation}")
        text, title = "held × (1 − seizure_loss × seizure)", f"{WAITING[kind]} left for {nation} in {self.label}"
        left = lambda held, lost, now: held * (1.0 - lost * now)  # noqa: E731
        return [made(title, "USD", text, left, [before, loss, self.seizure()])]

    def _paid(self, nation: str, title: str, due: Node, waiting: list[Node]) -> Node:
        """Return something due to a nation: nothing where it is barred, else with all that has waited."""
        if self.barred(nation):
            text = f"nothing is paid to {nation} in regime {self.regime}"
            return made(title, "USD", text, lambda _: 0.0, [self.regime_here()])
        return total(title, "USD", [due, *waiting])

    @kept
    def received(self, nation: str) -> Node:
        """Return what a nation gets before tax."""
        return self._paid(nation, f"paid to {nation} {self.label}", self.entitled(nation), self.waits(nation, KINDS[0]))

    @kept
    def tax_on(self, nation: str) -> Node:
        """Return the tax that is due on it."""
        waiting = self.waits(nation, KINDS[1])
        return self._paid(nation, f"withheld from {nation} {self.label}", self.tax_due(nation), waiting)

    @kept
    def dividends_held(self) -> Node:
        """Return what waits for barred owners at the end of the row."""
        found: list[Node] = []
        for nation in self.nations:
            if self.barred(nation):
                found += [self.entitled(nation), *self.waits(nation, KINDS[0])]
        return self._line("dividends_held", found)

    @kept
    def seizing_state(self) -> Node:
        """Return what the seizing state gets less what it pays in, what it takes of held dividends included."""
        plus, minus = [], []
        for nation in self.nations:
            if factors := self.part_taken(nation):
                out, own = self.distributions(), self.equity_paid_in()
                plus.append(product(f"of {nation}: distributions {self.label}", "USD", [*factors, out]))
                minus.append(product(f"of {nation}: paid in {self.label}", "USD", [*factors, own]))
            held = self._waited(nation)[self.k - 1][0] if self.k else 0.0
            if held and self.spared(nation) < 1.0:
                before = self.earlier(f"held for {nation}", held, "USD", "dividends_held")
                parts = [before, self.leaf(f"sanctions.seizure_loss.{nation}"), self.seizure()]
                plus.append(product(f"taken of what is held for {nation}", "USD", parts))
        return self._line("seizing_state", plus, minus)
