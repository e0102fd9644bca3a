"""Loans while the link is built, taken apart: rates, what is drawn, fees, capitalised interest (financing.md 2, 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.model.loans import part_before
from sim.study.trace_inputs import kept, once
from sim.study.trace_plan import Planned, nodes, some
from sim.study.trace_tree import Node, Part, made, product, total


@dataclass(frozen=True)
class Lending(Planned):
    """The loans of one row until COD; amounts of a tranche are in its currency."""

    # --- rates ----------------------------------------------------------------------------------------------------

    @kept
    def rate(self, name: str) -> Node:
        """Return the interest of a tranche in the row, a year."""
        path, terms = f"financing.tranches.{name}", self.tranche(name)
        value = self.at(self.account(name).rates) * self.model.grid.periods_per_year
        title = f"interest rate of {name} in {self.label}"
        if terms.rate is not None:
            return made(title, "per year", "rate", lambda rate: rate, [self.leaf(f"{path}.rate")], value)
        early = terms.margin_construction is not None and self.k <= self.cod_row
        margin = self.leaf(f"{path}.{'margin_construction' if early else 'margin'}")
        reference = self.process(f"macro.reference_rates.{terms.reference}", unit="per year")
        parts = [reference, margin, *self.effect("margin_addon")]
        text = f"max({' + '.join(part.word for part in parts)}, 0)"
        return made(title, "per year", text, lambda *v: max(math.fsum(v), 0.0), parts, value)

    def exchange(self, name: str) -> Part:
        """Return the exchange rate of a tranche's currency."""
        return self.fx(self.tranche(name).currency)

    def withheld(self, name: str) -> list[Node]:
        """Return the tax that the company bears on interest, over the interest; none where nothing is withheld."""
        path, value = f"tax.withholding.{self.tranche(name).nation}.interest", float(self.account(name).gross[0])
        if path not in self.spec.leaves or value == 0.0:
            return []
        return [self._withheld(path, value)]

    @once
    def _withheld(self, path: str, value: float) -> Node:
        name = f"tax on interest to {path.split('.')[2]} over the interest"
        return made(name, "", "interest / (1 − interest)", lambda w: w / (1.0 - w), [self.leaf(path)], value)

    # --- drawing --------------------------------------------------------------------------------------------------

    def balance_before(self, name: str) -> Node:
        """Return the performing balance at the beginning of the row."""
        value = self.on(self.k - 1).noted(name, "balance") if self.k else 0.0
        return self.earlier(f"balance of {name}", value, self.currency_of(name), "debt_balance")

    def arrears_before(self, name: str) -> Node:
        """Return the arrears at the beginning of the row."""
        value = self.on(self.k - 1).noted(name, "arrears") if self.k else 0.0
        return self.earlier(f"arrears of {name}", value, self.currency_of(name), "arrears")

    @kept
    def undrawn(self, name: str) -> Node:
        """Return what can still be drawn at the beginning of the row."""
        spent = math.fsum(self.on(k).noted(name, "drawn") for k in range(self.k))
        parts = [self.commitment(name), self.term(f"financing.tranches.{name}.standby_share")]
        parts.append(self.earlier(f"drawn of {name}", spent, self.currency_of(name), "debt_drawn"))
        text = "max(commitment × (1 + standby_share) − drawn before, 0)"

        def left(promised: float, standby: float, used: float) -> float:
            rest = promised * (1.0 + standby) - used
            return rest if rest > 1e-12 * promised else 0.0

        return made(f"undrawn of {name} before {self.label}", self.currency_of(name), text, left, parts)

    @kept
    def middle(self, name: str) -> Node:
        """Return what a tranche pays of the capital cost in the middle of the row."""
        title, unit, fx = f"drawn from {name} in mid-{self.label}", self.currency_of(name), self.exchange(name)
        if not self.drawing or self.stops(name):
            return self._nothing(title, name)
        parts = nodes(self.part(name), self.capex(), self.undrawn(name), fx)
        text = "min(part of each use × capex × exchange rate, undrawn)"
        return made(title, unit, text, lambda a, use, left, fx=1.0: min(a * use * fx, left), parts)

    def _nothing(self, title: str, name: str, value: float | None = None) -> Node:
        """Return that nothing is drawn on a tranche, because of its lender or because there is nothing to draw for."""
        if not self.drawing or not self.stops(name):
            return total(title, self.currency_of(name), [], value=value)
        text, here = f"its lender pays nothing out in regime {self.regime}", [self.regime_here()]
        return made(title, self.currency_of(name), text, lambda _: 0.0, here, value)

    @property
    def _building(self) -> bool:
        """Say whether interest is capitalised and fees are due at all: after FID, no default, not given up."""
        return self.fid_row < self.k <= self.abandoned_row and not self.failed

    @kept
    def capitalising(self) -> Node:
        """Return the part of the row in which interest is capitalised."""
        alive, m, k, title = self._building, self.model.grid.periods_per_year, self.k, "interest is capitalised"
        parts, text = [self.cod()], "part of it before COD"
        if self.agreed.long_stop_years is not None:
            wait, stop = self.term("financing.long_stop_years", "years"), self.plan.long_stop
            planned = Node("COD of the lenders' case", stop - wait.value, "years", "the plan")
            parts.append(total("long-stop date", "years", [planned, wait, *self.fid()]))
            text += " and the long-stop date"

        def part(*dates: float) -> float:
            return float(part_before(np.array([min(dates) * m]), k)[0]) * alive

        text += "" if alive else "; none before FID or after a default"
        return made(f"part of {self.label} in which {title}", "", text, part, parts)

    @kept
    def idc(self, name: str) -> Node:
        """Return the interest of a tranche that is capitalised in the row."""
        parts = [self.capitalising(), self.rate(name), self.balance_before(name), self.middle(name)]
        text, dt = f"part × rate{self.times_dt} × (balance + ½ drawn in the middle)", self.model.grid.dt
        title, value = f"capitalised interest of {name} in {self.label}", self.noted(name, "capitalised")

        def interest(part: float, rate: float, balance: float, fresh: float) -> float:
            return part * rate * dt * (balance + 0.5 * fresh)

        return made(title, self.currency_of(name), text, interest, parts, value)

    @property
    def times_dt(self) -> str:
        """Return the length of a row as a factor in formulas."""
        return "" if self.model.grid.dt == 1.0 else f" × {self.model.grid.dt:g} years"

    @kept
    def fee(self, name: str) -> Node:
        """Return the fees of a tranche in the row, USD."""
        path, title = f"financing.tranches.{name}", f"fees of {name} in {self.label}"
        if self.k == self.fid_row:
            shares = [self.leaf(f"{path}.{key}") for key in ("arrangement_fee", "guarantee_premium")]
            rate = total("share of the commitment", "", some(*shares))
            return product(title, "USD", [self.commitment(name), rate], [self.exchange(name)])
        alive, m, k = self._building, self.model.grid.periods_per_year, self.k
        if self.stops(name):
            return total(title, "USD", [])
        text = "part of it before COD" + ("" if alive else "; none before FID or after a default")
        again = lambda cod: float(part_before(np.array([cod * m]), k)[0]) * alive  # noqa: E731
        before = made(f"part of {self.label} before COD", "", text, again, [self.cod()])
        parts = [self.undrawn(name), self.middle(name)]
        waiting = made(
            "undrawn on average", self.currency_of(name), "undrawn − ½ drawn", lambda u, d: u - 0.5 * d, parts
        )
        times: list[Part] = [self.leaf(f"{path}.commitment_fee"), self.model.grid.dt, before, waiting]
        return product(title, "USD", times, [self.exchange(name)])

    def in_usd(self, name: str, amount: Node) -> Node:
        """Return an amount of a tranche in US dollars."""
        rate = self.exchange(name)
        return product(f"{amount.name}, in USD", "USD", [amount], [rate]) if isinstance(rate, Node) else amount

    @kept
    def withheld_building(self) -> Node:
        """Return what the states withhold of capitalised interest."""
        found = [
            product(f"on {name}", "USD", [self.idc(name), tax], [self.exchange(name)])
            for name in self.loans
            for tax in self.withheld(name)
        ]
        return total(f"withheld of capitalised interest {self.label}", "USD", some(*found))

    @kept
    def first_reserves(self) -> Node:
        """Return the first filling of all reserves, in the row of COD."""
        ranks = enumerate(self.plan.service_reserve) if self.filling else ()
        text, index = "target at COD on the lenders' case", self.cost_index()
        parts = [Node(f"first debt service reserve of rank {s + 1}", held, "USD", text) for s, held in ranks]
        if self.filling:
            parts.append(Node("first operating reserve", self.plan.operating_reserve, "USD", text))
        if index:
            parts = [product(f"{part.name}, at prices of FID", "USD", [part, *index]) for part in some(*parts)]
        return total(f"first filling of the reserves {self.label}", "USD", some(*parts))

    def first_filling(self, amount: float) -> float:
        """Return what is put into a reserve at the end of the row, of an amount of the plan."""
        return amount * float(self.schedule.cost_index[0]) if self.filling else 0.0

    @kept
    def end_uses(self) -> Node:
        """Return what has to be paid at the end of the row while building."""
        fees = total(f"all fees {self.label}", "USD", [self.fee(name) for name in self.loans])
        interest = [self.in_usd(name, self.idc(name)) for name in self.loans]
        parts = [fees, *interest, self.withheld_building(), self.first_reserves()]
        return total(f"uses at the end of {self.label}", "USD", some(*parts))

    @kept
    def fresh(self, name: str) -> Node:
        """Return what is drawn on a tranche in the row."""
        title, unit, value = f"drawn from {name} in {self.label}", self.currency_of(name), self.noted(name, "drawn")
        if not self.drawing or self.stops(name):
            return self._nothing(title, name, value)
        parts = nodes(self.part(name), self.end_uses(), self.undrawn(name), self.middle(name), self.idc(name))
        text = "w = part of each use × uses × exchange rate; min(w, undrawn − middle), then up to its own interest"

        def late(part: float, use: float, left: float, before: float, own: float, fx: float = 1.0) -> float:
            drawn = min(part * use * fx, left - before)
            return drawn + min(part * use * fx - drawn, own)

        last = made(
            f"drawn from {name} at the end of {self.label}", unit, text, late, [*parts, *nodes(self.exchange(name))]
        )
        return total(title, unit, [self.middle(name), last], value=value)
