"""The lines of the financing in one row, taken apart down to the terms and the plan (docs/financing.md, 3 to 8)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.study.trace_costs import clipped
from sim.study.trace_inputs import kept
from sim.study.trace_plan import some
from sim.study.trace_service import Serving
from sim.study.trace_tree import Node, Part, made, product, total

BALANCES = ("debt_balance", "arrears", "reserves", "cash_balance", "blocked_balance", "dividends_held")
"""Lines that are balances: those of a year are those of its last row."""


@dataclass(frozen=True)
class Financed(Serving):
    """What the loans make of one row; each line of `books.LINES` is a method."""

    def _line(self, name: str, plus: list[Node], minus: list[Node] | None = None) -> Node:
        """Return a line as a sum of what is not nothing."""
        value = self.at(self.block.lines[name])
        return self.summed(f"{name} {self.label}", some(*plus), some(*(minus or [])), value)

    @property
    def operated(self) -> bool:
        """Say whether anything but building can happen in the row: COD, long-stop, repayment, the end of the works."""
        grid, early = self.model.grid, self.agreed.shareholder_loan is not None
        stop = self.plan.long_stop + self.fid_row * grid.dt
        repaid = self.moved + self.plan.start_row + 1.0 if self.loans else math.inf
        built = min(self.cod().value, stop) * grid.periods_per_year
        first = min(built, repaid, self.abandoned_row, float(grid.periods))
        return self.k >= max(0 if early else int(first - 1e-9), 1)

    @property
    def owing(self) -> bool:
        """Say whether there are claims or reserves of lenders in the row."""
        held = any(self.reserve_before(rank).value > 0.0 for rank in range(len(self.plan.ranks)))
        built = min(self.cod_row, self.abandoned_row) if math.isfinite(self.fid_row) else 0.0
        return self.operated and (self.k <= built or held or self.claims_before())

    # --- building -------------------------------------------------------------------------------------------------

    @kept
    def fees(self) -> Node:
        """Return the fees of the row by tranche."""
        return self._line("fees", [self.fee(name) for name in self.loans])

    @kept
    def interest_capitalised(self) -> Node:
        """Return the interest that the loans themselves pay, by tranche."""
        return self._line("interest_capitalised", [self.in_usd(name, self.idc(name)) for name in self.loans])

    @kept
    def debt_drawn(self) -> Node:
        """Return what is drawn, by tranche."""
        return self._line("debt_drawn", [self.in_usd(name, self.fresh(name)) for name in self.loans])

    @kept
    def grants(self) -> Node:
        """Return what grants pay."""
        return self._line("grants", [self.grant(place) for place in range(len(self.plan.grants))])

    @kept
    def grant(self, place: int) -> Node:
        """Return what a grant pays of the uses of the row."""
        source = self.plan.grants[place]
        title, path = f"{source.name} in {self.label}", f"financing.grants.{source.name}"
        if not self.drawing:
            return total(title, "USD", [])
        key = "amount_million" if self.agreed.grants[source.name].share_of_uses is None else "share_of_uses"
        given = (self.term(f"{path}.{key}", "million USD" if key == "amount_million" else ""), self.uses())
        amount = Node(f"amount of {source.name}", source.amount_usd, "USD", "on the lenders' case", children=given)
        index = self.cost_index()
        grown = [product(f"{amount.name} at prices of FID", "USD", [amount, *index])] if index else [amount]
        part = product(f"part of each use that {source.name} pays", "", [amount], [self.uses()], source.part)
        spent = math.fsum(self.on(k).grant(place).value for k in range(self.k))
        left = total(f"left of {source.name}", "USD", grown, [self.earlier("paid", spent, "USD", "grants")])

        def paid(part: float, capex: float, late: float, rest: float) -> float:
            first = min(part * capex, rest)
            return first + min(part * late, rest - first)

        text = "part × capex, then part × uses at the end, as long as its money lasts"
        return made(title, "USD", text, paid, [part, self.capex(), self.end_uses(), left])

    @kept
    def equity_paid_in(self) -> Node:
        """Return what sponsors pay: what nobody else pays for building, and support."""
        costs = [self.capex(), self.fees(), self.interest_capitalised(), self.withheld_building()]
        others = [self.debt_drawn(), self.grants()]
        return self._line("equity_paid_in", [*costs, self.first_reserves(), *self._support()], others)

    def _support(self) -> list[Node]:
        return [self.support()] if self.operated else []

    # --- cash -----------------------------------------------------------------------------------------------------

    @kept
    def reserve_interest(self) -> Node:
        """Return what the reserves earn."""
        name, value = f"reserve_interest {self.label}", self.at(self.block.lines["reserve_interest"])
        before = self.on(self.k - 1).at(self.block.lines["reserves"]) if self.k else 0.0
        if before == 0.0 or not self.operated:
            return total(name, "USD", [], value=value)
        held = self.earlier("reserves", before, "USD", "reserves")
        return product(name, "USD", [self.leaf("financing.reserve_rate"), self.model.grid.dt, held], value=value)

    @kept
    def tax_paid(self) -> Node:
        """Return the tax of the company with its loans, by jurisdiction."""
        states = self.spec.written.tax.jurisdictions.items() if self.operated else ()
        parts = [self.tax_of(state, terms, lent=True) for state, terms in states]
        return total(f"tax_paid {self.label}", "USD", parts, value=self.at(self.block.lines["tax_paid"]))

    def of_loans(self, short: bool) -> tuple[list[Node], list[Node]]:
        """Return what loans add to the taxable result and what they take from it; ``short``: without their parts."""
        if not self.operated:
            return [], []
        plus = [self.stub("reserve_interest") if short else self.reserve_interest()]
        minus = [self.due_usd(name, short) for name in self.loans]
        return some(*plus), some(*minus, *self._accrued(), *self._written_off_for_tax())

    def _accrued(self) -> list[Node]:
        if self.agreed.shareholder_loan is None or not self.k:
            return []
        before = self.on(self.k - 1).company("shareholder_loan")
        owed = self.earlier("shareholder loan with interest", before, "USD", "sponsor_withholding")
        parts: list[Part] = [self.leaf("financing.shareholder_loan.rate"), self.model.grid.dt, owed]
        title = f"interest on the shareholder loan {self.label}"
        return [product(title, "USD", parts, value=self.company("shareholder_accrued"))]

    def _written_off_for_tax(self) -> list[Node]:
        if "financing.tax_life_years" not in self.spec.leaves or self.k <= 0:
            return []
        start, end, last = self.end - self.model.grid.dt, self.end, float(self.model.grid.end[-1, 0])

        def share(cod: float, life: float) -> float:
            if cod > last:
                return 0.0
            return clipped((end - cod) / life, 0.0, 1.0) - clipped((start - cod) / life, 0.0, 1.0)

        text = f"part of tax_life_years between {start:g} and {end:g} years, since COD"
        parts = [self.cod(), self.leaf("financing.tax_life_years")]
        part = made(f"share of construction finance written off in {self.label}", "", text, share, parts)
        if part.value == 0.0:
            return []
        whole = self.on(int(min(self.k, self.cod_row))).construction_finance()
        return [product(f"fees and interest until COD written off in {self.label}", "USD", [whole, part])]

    @kept
    def construction_finance(self) -> Node:
        """Return fees, interest and tax on it of all rows so far."""
        parts = []
        for row in (self.on(k) for k in range(self.k + 1)):
            of_it = [row.stub("fees"), row.stub("interest_capitalised"), row.withheld_building()]
            parts.append(total(f"fees and interest while building {row.label}", "USD", some(*of_it), short=True))
        return total("fees, interest and tax on it until COD", "USD", some(*parts))

    @kept
    def cfads(self) -> Node:
        """Return the cash available for debt service."""
        if not self.operated:
            return self._line("cfads", [])
        before = self.held_before("maintenance_reserve", "renewal reserve")
        title = f"change of the renewal reserve {self.label}"
        change = total(title, "USD", some(self.maintenance()), some(before))
        after_tax = self.agreed.cfads_basis == "after_tax"
        minus, value = [change, *([self.tax_paid()] if after_tax else [])], self.at(self.block.lines["cfads"])
        return total(f"cfads {self.label}", "USD", [self.ebitda()], minus, value)

    @kept
    def debt_service_due(self) -> Node:
        """Return the scheduled service by tranche."""
        return self._line("debt_service_due", [self.service(name) for name in self.loans if self.owing])

    @kept
    def interest_paid(self) -> Node:
        """Return the interest paid in cash, by tranche."""
        loans = self.loans if self.owing else []
        return self._line("interest_paid", [self.in_usd(name, self.paid_to("interest", name)) for name in loans])

    @kept
    def principal_paid(self) -> Node:
        """Return the principal paid by tranche, prepayments included."""
        loans = self.loans if self.owing else []
        due = [self.in_usd(name, self.paid_to("principal", name)) for name in loans]
        return self._line("principal_paid", [*due, *(self.swept(place) for place in range(len(self._sweeping())))])

    @kept
    def withholding(self) -> Node:
        """Return what states keep of interest, which the company bears."""
        found = [self.withheld_building()]
        for name in self.loans if self.owing else []:
            for tax in self.withheld(name):
                paid = [self.paid_to("interest", name), tax]
                found.append(product(f"withheld of interest to {name}", "USD", paid, [self.exchange(name)]))
        return self._line("withholding", found)

    @kept
    def operating_reserve(self) -> Node:
        """Return the reserve for operating cost at the end of the row, before its first filling."""
        title = f"operating reserve after payments of {self.label}"
        value = self.company("operating_reserve") - self.first_filling(self.plan.operating_reserve)
        months = self.term("financing.om_reserve_months", "months")
        if months.value == 0.0 or self.k <= self.cod_row:
            return total(title, "USD", [], value=value)
        target, parts = self._operating_target(months), [self.pot(len(self.plan.ranks) if self.owing else 0)]
        text = "min(operating cost of the next months, cash left + what it holds)"
        again = lambda wanted, *cash: min(wanted, math.fsum(cash))  # noqa: E731
        return made(title, "USD", text, again, [target, *parts, *self.reserve_kept(released=False)], value)

    def _operating_target(self, months: Node) -> Node:
        """Return the operating cost of the next months."""
        rows = months.value * self.model.grid.periods_per_year / 12.0
        last = min(self.k + math.ceil(rows), self.model.grid.periods)
        later = [self.on(k).stub("operating_cost") for k in range(self.k + 1, last + 1)]

        def wanted(_: float, *costs: float) -> float:
            return math.fsum(cost * min(max(rows - j, 0.0), 1.0) for j, cost in enumerate(costs))

        title, text = f"target of the operating reserve {self.label}", "operating cost of the next om_reserve_months"
        return made(title, "USD", text, wanted, [months, *later])

    def _sweeping(self) -> list[str]:
        """Return the tranches that are prepaid in this row, in their order."""
        if not self.owing or self.k <= self.plan.start_row + self.moved:
            return []
        ordered = [name for rank in range(len(self.plan.ranks)) for name in self.of_rank(rank)]
        return [name for name in ordered if self.term(f"financing.tranches.{name}.cash_sweep").value > 0.0]

    @kept
    def swept(self, place: int) -> Node:
        """Return what the cash left prepays of a tranche, USD."""
        name, title = self._sweeping()[place], f"prepaid to {self._sweeping()[place]} in {self.label}"
        rank = next(names for names in map(self.of_rank, range(len(self.plan.ranks))) if name in names)
        others = [other for other in self._sweeping() if other in rank]
        first = self._sweeping().index(others[0])
        parts = [self.in_usd(name, self.left(name)), self.term(f"financing.tranches.{name}.cash_sweep")]
        parts += [self.spare(first), *(self.in_usd(other, self.left(other)) for other in others if other != name)]
        text = "min(balance left, cash_sweep × cash left"
        text += " × its part of the balances of its rank)" if len(others) > 1 else ")"

        def swept(owed: float, share: float, cash: float, *beside: float) -> float:
            whole = owed + math.fsum(beside)
            return min(owed, share * cash * owed / whole) if whole > 0.0 else 0.0

        return made(title, "USD", text, swept, parts)

    @kept
    def spare(self, place: int) -> Node:
        """Return the cash that is left after all service, the operating reserve and some prepayments."""
        minus = [self.operating_reserve(), *(self.swept(other) for other in range(place))]
        plus = [self.pot(len(self.plan.ranks) if self.owing else 0), *self.reserve_kept(released=False)]
        title = f"cash left in {self.label}" + (f" after {place} prepayments" if place else "")
        return total(title, "USD", plus, some(*minus))
