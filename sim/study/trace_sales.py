"""What a link carries, earns and pays in a row, taken apart: dispatch, revenue, supply, charges (model.md 7, 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.model.dispatch import Terms, dispatch
from sim.model.market import CapacityPayment
from sim.study.trace_inputs import kept
from sim.study.trace_market import Selling
from sim.study.trace_tree import Node, Part, made, product, total

KEYS = "PFhDRabκρ"
"""What the mean flow over the hours needs, in this order."""
FLOW = "r = (price − h)/D from 0 to R − a, price = P × duration curve, at least F"
MEANS = {
    "received": ("mean power received", "MW", f"mean over the hours of a + r, {FLOW}"),
    "sent": ("mean power sent", "MW", f"mean over the hours of x/(1 − converter_loss) + ρ·x², x = a + r, {FLOW}"),
    "revenue": ("mean revenue rate", "", f"mean over the hours of r·(price − b·a − b·r), {FLOW}"),
}


@dataclass(frozen=True)
class Trading(Selling):
    """The sales of one row."""

    @kept
    def mean(self, kind: str) -> Node:
        """Return a mean over the hours: the engine's dispatch of the terms, against the sum over all slices."""
        terms = self.terms()
        v = {key: node.value for key, node in terms.items()}
        cell = {key: np.array([[value]]) for key, value in v.items()}
        firm = cell["a"] if self.block.prices.contract_usd_per_kwh else None
        seen = Terms(cell["P"], cell["F"], cell["c"], cell["g"], cell["b"], cell["R"], firm)
        competitive = self.spec.written.market.dispatch == "competitive"
        flow = dispatch(seen, self.production.losses, self.model.curve, competitive)
        value = float({"received": flow.received, "sent": flow.sent, "revenue": flow.revenue}[kind][0, 0])

        def mean(*values: float) -> float:
            now = dict(zip(KEYS, values, strict=False))
            weight, price, r = self.slices(now)
            x = r + now["a"]
            of = {"received": x, "sent": x / (1.0 - now["κ"]) + now["ρ"] * x * x}
            return float(np.sum(weight * of.get(kind, r * (price - now["b"] * x))))

        name, unit, text = MEANS[kind]
        parts = [*(terms[key] for key in KEYS), self.shares(terms), *self._curve()]
        return made(name, unit or f"MW·{self.price_unit}", text, mean, parts, value)

    def _curve(self) -> list[Node]:
        market = self.spec.written.market
        if market.duration_curve is None:
            return []
        source = next((text for text in (market.source, self.spec.written.source) if text), "")
        text = f"percentile of the hours: price over mean, {len(market.duration_curve)} points; mean scaled to 1"
        return [Node("market.duration_curve", 1.0, "(mean)", text, source=source)]

    def shares(self, terms: dict[str, Node]) -> Node:
        """Return the shares of the hours with no flow, a part and all of the merchant power."""

        def share(which: int, values: tuple[float, ...]) -> float:
            now = dict(zip(KEYS, values, strict=False))
            weight, _, r = self.slices(now)
            room = now["R"] - now["a"]
            full = (r >= room) & (room > 0.0)
            return float(np.sum(weight[(r <= 0.0, (r > 0.0) & ~full, full)[which]]))

        values = tuple(terms[key].value for key in KEYS)
        kinds = {
            "no merchant flow": "price at most h",
            "partial flow": "price between h and h + D·(R − a)",
            "full flow": "price at least h + D·(R − a)",
        }
        parts = [Node(name, share(i, values), "", rule) for i, (name, rule) in enumerate(kinds.items())]
        return total("share of the hours", "", parts, value=1.0)

    def _rated(self, name: str, unit: str, kind: str, value: float, *factors: Part, over: Part = 1.0) -> Node:
        hours = self.hours()
        if hours.value == 0.0:
            return product(name, unit, [hours], value=value)
        return product(name, unit, [self.mean(kind), hours, *factors], [over], value)

    @kept
    def energy_sent_mwh(self) -> Node:
        """Return the energy sent."""
        value = self.at(self.block.cash.operations.energy_sent_mwh)
        return self._rated(f"energy_sent_mwh {self.label}", "MWh", "sent", value)

    @kept
    def energy_delivered_mwh(self) -> Node:
        """Return the energy delivered."""
        value = self.at(self.block.cash.operations.energy_delivered_mwh)
        return self._rated(f"energy_delivered_mwh {self.label}", "MWh", "received", value)

    def revenue(self) -> Node:
        """Return all revenue."""
        parts = [self.revenue_merchant(), self.revenue_ppa(), self.revenue_capacity()]
        return total(f"revenue {self.label}", "USD", parts)

    def revenue_merchant(self) -> Node:
        """Return the revenue from the market."""
        value, name = self.at(self.block.cash.operations.revenue_merchant), f"revenue_merchant {self.label}"
        return self._rated(name, "USD", "revenue", value, 1000.0, over=self.fx(self.currency))

    def revenue_ppa(self) -> Node:
        """Return the revenue from contracts."""
        hours, parts = self.hours(), []
        if hours.value > 0.0:
            names = [name for name, scheme in self.spec.written.market.schemes.items() if scheme.kind == "ppa"]
            for name, (power, price) in zip(names, self.contracts(self.limit()), strict=True):
                parts.append(product(f"{name} {self.label}", "USD", [power, hours, 1000.0, price]))
        value = self.at(self.block.cash.operations.revenue_ppa)
        return total(f"revenue_ppa {self.label}", "USD", parts, value=value)

    def revenue_capacity(self) -> Node:
        """Return the payments for keeping the link ready."""
        parts, start = [], self.end - self.model.grid.dt
        for name, scheme in self.spec.written.market.schemes.items():
            if not isinstance(scheme, CapacityPayment):
                continue
            path = f"market.schemes.{name}"

            def holds(cod: float, term: float) -> float:
                return float(max(start - cod, 0.0) < term - 1e-9)

            text = f"1 if {start:g} years lie within term_years from COD"
            force = made("in force", "", text, holds, [self.cod(), self.leaf(f"{path}.term_years")])
            amount = self.leaf(f"{path}.amount_million_per_year")
            times, over = self.priced(path)
            parts.append(
                product(f"{name} {self.label}", "USD", [amount, 1e6, self.operating_years(), force, *times], over)
            )
        value = self.at(self.block.cash.operations.revenue_capacity)
        return total(f"revenue_capacity {self.label}", "USD", parts, value=value)

    # --- blocked revenue (sanctions.md 4) -------------------------------------------------------------------------

    def _of_account(self, name: str, parts: list[Node], minus: list[Node] | None = None) -> Node:
        value = self.at(self.block.lines[name])
        return total(f"{name} {self.label}", "USD", parts, minus or [], value)

    def revenue_blocked(self) -> Node:
        """Return the part of the revenue that goes into the blocked account."""
        share = self.effect("revenue_blocked")
        if not share:
            return self._of_account("revenue_blocked", [])
        value = self.at(self.block.lines["revenue_blocked"])
        return product(f"revenue_blocked {self.label}", "USD", [self.revenue(), *share], value=value)

    @kept
    def _blocked_before(self) -> Node:
        """Return what is in the account after a seizure in this row, before anything else."""
        value = self.on(self.k - 1).at(self.block.lines["blocked_balance"]) if self.k else 0.0
        before = self.earlier("blocked balance", value, "USD", "blocked_balance")
        taken = [self.revenue_confiscated()] if self.seized_row == self.k else []
        return total(f"blocked balance in {self.label}", "USD", [before], taken)

    @property
    def _free(self) -> bool:
        return all(share.value == 0.0 for share in self.effect("revenue_blocked"))

    def revenue_confiscated(self) -> Node:
        """Return what a seizure takes from the account."""
        if self.seized_row != self.k:
            return self._of_account("revenue_confiscated", [])
        value = self.on(self.k - 1).at(self.block.lines["blocked_balance"])
        parts = [self.earlier("blocked balance", value, "USD", "blocked_balance"), self.seizure()]
        engine = self.at(self.block.lines["revenue_confiscated"])
        return product(f"revenue_confiscated {self.label}", "USD", parts, value=engine)

    def _leaving(self, name: str, text: str, part: Callable[[float], float]) -> Node:
        held = self._blocked_before()
        if not self._free or held.value == 0.0:
            return self._of_account(name, [])
        value = self.at(self.block.lines[name])
        parts = [held, self.leaf("sanctions.blocked_recovery"), self.regime_here()]
        text = f"blocked balance × {text}, as nothing is blocked in this regime"
        return made(f"{name} {self.label}", "USD", text, lambda b, share, _: b * part(share), parts, value)

    def revenue_released(self) -> Node:
        """Return what the company gets out of the account."""
        return self._leaving("revenue_released", "blocked_recovery", lambda share: share)

    def revenue_lost(self) -> Node:
        """Return what is left behind when the account is released."""
        return self._leaving("revenue_lost", "(1 − blocked_recovery)", lambda share: 1.0 - share)

    def blocked_balance(self) -> Node:
        """Return the balance of the account at the end of the row."""
        gone = [self.revenue_released(), self.revenue_lost()] if self._free else []
        fresh = [] if self._free else [self.revenue_blocked()]
        return self._of_account("blocked_balance", [self._blocked_before(), *fresh], gone)

    def supply_cost(self) -> Node:
        """Return what the energy costs, with what is paid for whether taken or not."""
        value, name = self.at(self.block.cash.operations.supply_cost), f"supply_cost {self.label}"
        energy, least = self.energy_sent_mwh(), self.leaf("supply.take_or_pay_share")
        if least.value > 0.0 and energy.value > 0.0:
            parts = [energy, least, self.limit(), self.leaf("link.converter_loss"), self.loss(), self.hours()]
            energy = made(
                f"energy paid for in {self.label}",
                "MWh",
                "max(energy sent, take_or_pay_share × (R/(1 − converter_loss) + ρ·R²) × hours)",
                lambda sent, share, r, k, p, hours: max(sent, share * (r / (1.0 - k) + p * r * r) * hours),
                parts,
            )
        return product(name, "USD", [self.supply_price(), energy] if energy.value else [energy], value=value)

    def charges(self) -> Node:
        """Return the charges by name and end."""
        parts = []
        for end, energy in (("sending_end", self.energy_sent_mwh), ("receiving_end", self.energy_delivered_mwh)):
            rates = self.charged(end)
            parts += [product(f"{rate.name} {self.label}", "USD", [rate, energy()]) for rate in rates]
        value = self.at(self.block.cash.operations.charges)
        return total(f"charges {self.label}", "USD", parts, value=value)
