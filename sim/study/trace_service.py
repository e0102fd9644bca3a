"""Debt service of a row, taken apart: what is due, the cash for it, who is paid, reserves (docs/financing.md, 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.model.books import RESERVE_OF_RANK
from sim.study.trace_inputs import kept
from sim.study.trace_loans import Lending
from sim.study.trace_plan import some
from sim.study.trace_tree import Node, made, product, total

OPERATING = ("operating_reserve", "operating reserve")
"""Line of the company's books, and what it is called."""


@dataclass(frozen=True)
class Serving(Lending):
    """Who is paid in one row."""

    # --- what is due ----------------------------------------------------------------------------------------------

    @kept
    def falls_due(self, name: str) -> Node:
        """Return the part of the balance that falls due as planned."""
        path, terms = f"financing.tranches.{name}", self.tranche(name)
        value, moved = self.planned(self.account(name).loan.falls_due), self.moved
        text = f"the plan: what profile {terms.profile} repays in this row over what is still owed"
        if moved:
            with_what = "COD" if self.agreed.repayment_follows_cod else "FID"
            text += f", {abs(moved)} rows {'later' if moved > 0 else 'earlier'}, as {with_what}"
        parts = some(*(self.term(f"{path}.{key}", "years") for key in ("tenor_years", "grace_years")))
        if terms.profile == "sculpted":
            parts += [self.term(f"{path}.target_dscr")] if terms.target_dscr is not None else []
            parts.append(self.debt())
        title = f"part of the balance of {name} due in {self.label}"
        return Node(title, value, "", text, children=tuple(parts))

    @kept
    def running(self, name: str) -> Node:
        """Return the interest of a tranche on its balance that is due in cash."""
        title, unit = f"interest of {name} in {self.label}", self.currency_of(name)
        dt, parts = self.model.grid.dt, [self.rate(name), self.balance_before(name)]
        if self.k == 0:
            return total(title, unit, [])
        if self.k > self.cod_row and self.capitalising().value == 0.0:
            return made(title, unit, f"rate{self.times_dt} × balance", lambda r, b: r * dt * b, parts)
        text = f"(1 − part that is capitalised) × rate{self.times_dt} × (balance + ½ drawn in the middle)"
        parts = [*parts, self.capitalising(), self.middle(name)]
        return made(title, unit, text, lambda r, b, part, fresh: (1.0 - part) * r * dt * (b + 0.5 * fresh), parts)

    @kept
    def interest_due(self, name: str) -> Node:
        """Return all interest of a tranche that is due in cash, that on arrears included."""
        unit, late, dt = self.currency_of(name), self.arrears_before(name), self.model.grid.dt
        parts = [self.running(name)]
        if late.value != 0.0:
            terms = [self.rate(name), self.leaf("financing.penalty_margin"), late]
            text = f"(rate + penalty_margin){self.times_dt} × arrears"
            title = f"interest on arrears of {name} in {self.label}"
            parts.append(made(title, unit, text, lambda r, more, a: (r + more) * dt * a, terms))
        return total(f"interest due to {name} in {self.label}", unit, parts, value=self.noted(name, "due"))

    @kept
    def due_usd(self, name: str, short: bool = False) -> Node:
        """Return the interest due to a tranche with the tax on it; ``short``: without its parts."""
        title, tax = f"interest due to {name}, with tax on it, {self.label}", self.withheld(name)
        if short:
            rate = self.exchange(name)
            value = self.noted(name, "due") * (1.0 + sum(node.value for node in tax))
            value = value / rate.value if isinstance(rate, Node) else value
            return Node(title, value, "USD", f"see --line tax_paid --year {self.year}")
        grown = [made("1 + tax", "", "1 + tax over the interest", lambda q: 1.0 + q, tax)] if tax else []
        return product(title, "USD", [self.interest_due(name), *grown], [self.exchange(name)])

    @property
    def ends(self) -> bool:
        """Say whether the row contains the end of operation, or is the last one."""
        last = (self.cod().value + self.life().value) * self.model.grid.periods_per_year
        grid = self.model.grid
        return self.k == (min(max(math.ceil(last - 1e-9), 0), grid.periods) if math.isfinite(last) else grid.periods)

    @kept
    def scheduled(self, name: str) -> Node:
        """Return the principal of a tranche that falls due as planned."""
        parts = [self.falls_due(name), self.balance_before(name)]
        return product(f"scheduled principal of {name} in {self.label}", self.currency_of(name), parts)

    @kept
    def falling(self, name: str) -> Node:
        """Return the part of the performing balance that falls due, all of it after a default and at the end."""
        if not (self.failed or self.ends) or self.k == 0:
            return self.scheduled(name)
        why = "a default" if self.failed else "the end of operation"
        parts = [self.balance_before(name), *([self.fresh(name)] if self.drawing else [])]
        title = f"principal of {name}, all due at {why}, {self.label}"
        return total(title, self.currency_of(name), parts)

    @kept
    def principal_due(self, name: str) -> Node:
        """Return the principal of a tranche that is due, with its arrears."""
        parts = [self.falling(name), *some(self.arrears_before(name))]
        return total(f"principal due to {name} in {self.label}", self.currency_of(name), parts)

    @kept
    def service(self, name: str) -> Node:
        """Return the scheduled service of a tranche in USD."""
        title = f"scheduled service of {name} in {self.label}"
        if self.failed or self.k == 0:
            return Node(title, 0.0, "USD", "none after a default" if self.k else "there is none")
        grown = [
            made("1 + tax", "", "1 + tax over the interest", lambda q: 1.0 + q, tax)
            for tax in [self.withheld(name)]
            if tax
        ]
        interest = product(
            f"interest of {name}, in USD, {self.label}", "USD", [self.running(name), *grown], [self.exchange(name)]
        )
        return total(title, "USD", [interest, self.in_usd(name, self.scheduled(name))])

    # --- cash -----------------------------------------------------------------------------------------------------

    def held_before(self, line: str, what: str) -> Node:
        """Return what a reserve of the company held at the end of the row before."""
        value = self.on(self.k - 1).company(line) if self.k else 0.0
        return self.earlier(what, value, "USD", "reserves")

    @kept
    def cash(self) -> Node:
        """Return the cash of the row before anybody is paid."""
        before = self.on(self.k - 1).at(self.block.lines["cash_balance"]) if self.k else 0.0
        held = [
            self.earlier("cash", before, "USD", "cash_balance"),
            self.held_before("maintenance_reserve", "renewal reserve"),
        ]
        plus = [*some(*held), self.ebitda(), *some(self.line("reserve_interest"))]
        return total(f"cash of {self.label} after tax", "USD", plus, [self.line("tax_paid")])

    @kept
    def from_reserve(self) -> Node:
        """Return what the operating reserve pays of the cash that is missing."""
        title, held = f"paid from the operating reserve in {self.label}", self.held_before(*OPERATING)
        if held.value == 0.0:
            return Node(title, 0.0, "USD", "it holds nothing")
        text = "min(operating reserve, max(−cash, 0))"
        return made(title, "USD", text, lambda o, cash: min(o, max(-cash, 0.0)), [held, self.cash()])

    @kept
    def gap(self) -> Node:
        """Return what is missing of the cash of the row."""
        paid = some(self.from_reserve())
        text = "max(−cash − paid from the operating reserve, 0)" if paid else "max(−cash, 0)"
        again = lambda cash, *paid: max(-cash - math.fsum(paid), 0.0)  # noqa: E731
        return made(f"cash missing in {self.label}", "USD", text, again, [self.cash(), *paid])

    @kept
    def costs_caught_up(self) -> Node:
        """Return what is paid now of the costs that were left unpaid after a default."""
        title, value = f"costs_caught_up {self.label}", self.at(self.block.lines["costs_caught_up"])
        book = self.block.lines
        before = (row.at(book["unpaid_costs"]) - row.at(book["costs_caught_up"]) for row in map(self.on, range(self.k)))
        owed = self.earlier("costs owed", math.fsum(before), "USD", "unpaid_costs")
        if owed.value < 1e-3:
            return total(title, "USD", [], value=value)
        parts, text = [owed, self.cash()], "min(costs owed, max(cash, 0))"
        return made(title, "USD", text, lambda u, cash: min(u, max(cash, 0.0)), parts, value)

    @kept
    def claims_before(self) -> bool:
        """Say whether anything is owed before payments."""
        if self.k == 0:
            return False
        row = self.on(self.k - 1)
        owed = any(row.noted(name, "balance") + row.noted(name, "arrears") > 0.0 for name in self.loans)
        return owed or any(self.noted(name, "drawn") > 0.0 for name in self.loans)

    @kept
    def support(self) -> Node:
        """Return what sponsors pay to keep the company going."""
        alone = self.failed and self.claims_before()
        text = "nothing after a default as long as lenders have claims" if alone else "all that is missing"
        again = lambda gap: 0.0 if alone else gap  # noqa: E731
        return made(f"support in {self.label}", "USD", text, again, [self.gap()], self.company("support"))

    @kept
    def set_aside(self) -> Node:
        """Return what is to be in reserve for renewals at the end of the row."""
        parts = [
            self._set_aside(name)
            for name, part in self.spec.written.costs.replacements.items()
            if part.reserve_funded and self.k
        ]
        value = self.at(self.block.cash.operations.running.maintenance_target)
        return total(f"target of the renewal reserve {self.label}", "USD", some(*parts), value=value)

    def _set_aside(self, name: str) -> Node:
        rows = [self.on(k) for k in range(self.k + 1, self.model.grid.periods + 1)]
        later = [(row.end, row.renewal(name)) for row in rows]
        later = [(end, cost) for end, cost in later if cost.value != 0.0]
        now, dt, every = self.end, self.model.grid.dt, self.leaf(f"costs.replacements.{name}.every_years")
        text = "cost of each renewal to come × part of every_years before it that has passed"

        def reserve(cod: float, life: float, step: float, *costs: float) -> float:
            found = 0.0
            for (end, _), cost in zip(later, costs, strict=True):
                due = [cod + j * step for j in range(1, int(life / step) + 2)]
                here = [
                    time for time in due if end - dt + 1e-9 < time <= end + 1e-9 and time - cod <= life - 1.0 + 1e-9
                ]
                passed = [min(max((now - time + step) / step, 0.0), 1.0) for time in here]
                found += cost * math.fsum(passed) / len(here)
            return found

        parts = [self.cod(), self.life(), every, *(cost for _, cost in later)]
        return made(f"set aside for {name} at the end of {self.label}", "USD", text, reserve, parts)

    @kept
    def maintenance(self) -> Node:
        """Return the renewal reserve at the end of the row."""
        name, value = f"renewal reserve at the end of {self.label}", self.company("maintenance_reserve")
        target = self.set_aside()
        if target.value == 0.0:
            return total(name, "USD", [], value=value)
        return made(name, "USD", "min(target, cash)", min, [target, self.available()], value)

    @kept
    def available(self) -> Node:
        """Return the cash of the row with what is put in where it is short, less costs of before that are paid."""
        plus = [self.cash(), *some(self.from_reserve(), self.gap())]
        return total(f"cash at hand in {self.label}", "USD", plus, some(self.costs_caught_up()))

    @kept
    def pot(self, rank: int) -> Node:
        """Return the cash that is left for a rank; one beyond the last: for the operating reserve."""
        if rank == 0:
            plus = [self.available(), *self.reserve_kept(released=True)]
            return total(f"cash for lenders in {self.label}", "USD", plus, some(self.maintenance()))
        minus = [self.paid("interest", rank - 1), self.paid("principal", rank - 1), self.service_reserve(rank - 1)]
        title = f"cash left after rank {rank} in {self.label}"
        return total(title, "USD", [self.funds(rank - 1)], some(*minus))

    def reserve_kept(self, *, released: bool) -> list[Node]:
        """Return what the operating reserve still holds after gaps: for lenders where everything is due, else kept."""
        held, gap = some(self.held_before(*OPERATING)), some(self.from_reserve())
        left = total(f"operating reserve left in {self.label}", "USD", held, gap)
        return some(left) if released == (self.failed or self.ends) else []

    @kept
    def reserve_before(self, rank: int) -> Node:
        """Return the debt service reserve of a rank at the beginning of the row."""
        return self.held_before(f"{RESERVE_OF_RANK}{rank}", f"debt service reserve of rank {rank + 1}")

    @kept
    def funds(self, rank: int) -> Node:
        """Return what a rank can be paid from."""
        held = some(self.reserve_before(rank))
        return total(f"cash and reserve for rank {rank + 1} in {self.label}", "USD", [self.pot(rank), *held])

    @kept
    def claim(self, kind: str, rank: int) -> Node:
        """Return the interest or principal that is due to a rank, USD."""
        names = self.of_rank(rank)
        found = [self.due_usd(n) if kind == "interest" else self.in_usd(n, self.principal_due(n)) for n in names]
        return total(f"{kind} due to rank {rank + 1} in {self.label}", "USD", found)

    @kept
    def paid(self, kind: str, rank: int) -> Node:
        """Return the interest (with tax) or principal that a rank is paid, USD."""
        title, due = f"{kind} paid to rank {rank + 1} in {self.label}", self.claim(kind, rank)
        if kind == "interest":
            return made(title, "USD", "min(due, cash and reserve)", min, [due, self.funds(rank)])
        parts = [due, self.funds(rank), self.paid("interest", rank)]
        return made(title, "USD", "min(due, cash and reserve − interest)", lambda d, f, i: min(d, f - i), parts)

    @kept
    def paid_to(self, kind: str, name: str) -> Node:
        """Return the interest or the principal due that a tranche is paid, in its currency; no sweep."""
        rank = next(s for s in range(len(self.plan.ranks)) if name in self.of_rank(s))
        due = self.interest_due(name) if kind == "interest" else self.principal_due(name)
        value = self.noted(name, kind) - (self.noted(name, "swept") if kind == "principal" else 0.0)
        title, unit = f"{kind} paid to {name} in {self.label}", self.currency_of(name)
        parts = [due, self.paid(kind, rank), self.claim(kind, rank)]
        text = "due × what its rank is paid / what its rank is due"
        again = lambda x, paid, asked: x * paid / asked if asked > 0.0 and paid < asked else x  # noqa: E731
        return made(title, unit, text, again, parts, value)

    @kept
    def service_reserve(self, rank: int) -> Node:
        """Return the debt service reserve of a rank after payments, before its first filling."""
        name = f"debt service reserve of rank {rank + 1} after payments of {self.label}"
        value = self.company(f"{RESERVE_OF_RANK}{rank}") - self.first_filling(self.plan.service_reserve[rank])
        if self.k <= self.cod_row:
            return total(name, "USD", [], value=value)
        parts = [self.reserve_target(rank), self.funds(rank), self.paid("interest", rank), self.paid("principal", rank)]
        text = "min(target, cash and reserve − payments)"
        return made(name, "USD", text, lambda t, f, i, p: min(t, f - i - p), parts, value)

    @kept
    def left(self, name: str) -> Node:
        """Return the performing balance after payments."""
        plus = [self.balance_before(name), *([self.fresh(name)] if self.drawing else [])]
        return total(f"left of {name} in {self.label}", self.currency_of(name), plus, some(self.falling(name)))

    @kept
    def reserve_target(self, rank: int) -> Node:
        """Return what the debt service reserve of a rank is to hold."""
        found = []
        for name in self.of_rank(rank):
            months = self.term(f"financing.tranches.{name}.dsra_months", "months")
            if months.value == 0.0:
                continue
            text = "the plan: service of the next dsra_months over the balance"
            held = self.planned(self.account(name).loan.reserve)
            over = Node(f"reserve over balance of {name} {self.label}", held, "", text, children=(months,))
            rate = self.exchange(name)
            found.append(product(f"reserve for {name}", "USD", [over, self.left(name)], [rate]))
        return total(f"target of the debt service reserve of rank {rank + 1} {self.label}", "USD", found)
