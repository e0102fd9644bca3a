"""What is left for the sponsors in a row, cover and balances, taken apart (docs/financing.md, sections 5 and 8)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from sim.model.default import EXACTLY, SMALL
from sim.study.trace_finance import Financed
from sim.study.trace_inputs import kept
from sim.study.trace_plan import some
from sim.study.trace_tree import Node, made, product, total


@dataclass(frozen=True)
class Owning(Financed):
    """The sponsors' part of one row."""

    # --- cover and locks ------------------------------------------------------------------------------------------

    @kept
    def dscr(self) -> Node:
        """Return the debt service cover ratio of all loans."""
        value = self.at(self.block.lines["dscr"])
        return self._cover(f"dscr {self.label}", self.debt_service_due(), len(self.plan.ranks) - 1, value)

    def _cover(self, title: str, service: Node, rank: int, value: float) -> Node:
        """Return CFADS over the service of a rank and better ones, of the last twelve months."""
        if service.value <= 0.0:
            why = f"none: no debt service is scheduled in {self.label}"
            if self.failed:
                why = f"none after the default of {self.failed_in.label}"
            return made(title, "ratio", why, lambda *_: math.nan, [], value)
        m = self.model.grid.periods_per_year
        if m == 1:
            return made(title, "ratio", f"cfads / {service.word}", _ratio, [self.cfads(), service], value)
        rows = [self.on(k) for k in range(max(self.k - m + 1, 0), self.k)]
        served = [(row, row.service_to(rank)) for row in rows if row.owing]
        before = [(row.stub("cfads"), owed) for row, owed in served if owed.value > 0.0]
        cash = total("cfads of the last twelve months", "USD", [*(flow for flow, _ in before), self.cfads()])
        due = total("debt service of the last twelve months", "USD", [*(owed for _, owed in before), service])
        text = "cfads / debt service of the last twelve months in which any was due"
        return made(title, "ratio", text, _ratio, [cash, due], value)

    def service_to(self, rank: int) -> Node:
        """Return the scheduled service of a rank and better ones, without its parts."""
        if rank == len(self.plan.ranks) - 1:
            return self.stub("debt_service_due")
        names = [name for s in range(rank + 1) for name in self.of_rank(s)]
        text = f"part of debt_service_due; see --line debt_service_due --year {self.year}"
        owed = math.fsum(self.service(name).value for name in names)
        return Node(f"service to rank {rank + 1} in {self.label}", owed, "USD", text)

    @kept
    def ratio(self, rank: int) -> Node:
        """Return the debt service cover ratio of a rank and better ones."""
        if rank == len(self.plan.ranks) - 1:
            return self.dscr()
        names = [name for s in range(rank + 1) for name in self.of_rank(s)]
        service = total(f"service to rank {rank + 1} in {self.label}", "USD", [self.service(n) for n in names])
        return self._cover(f"DSCR of rank {rank + 1} in {self.label}", service, rank, self.noted(names[-1], "dscr"))

    @kept
    def unpaid(self, name: str) -> Node:
        """Return what a tranche is not paid of what is due."""
        plus = [self.interest_due(name), self.principal_due(name)]
        minus = [self.paid_to("interest", name), self.paid_to("principal", name)]
        return total(f"unpaid to {name} in {self.label}", self.currency_of(name), plus, minus)

    def _low(self, name: str, rank: int, key: str) -> list[Node]:
        """Return whether the ratio of a rank is below what a tranche asks for."""
        if getattr(self.tranche(name), key) is None or self.left_and_due(name) == 0.0:
            return []
        parts = [self.ratio(rank), self.term(f"financing.tranches.{name}.{key}")]
        title = f"ratio is below {key} of {name} in {self.label}"
        return [made(title, "", f"1 if DSCR < {key}", lambda ratio, least: float(ratio < least * EXACTLY), parts)]

    def left_and_due(self, name: str) -> float:
        """Return what is owed to a tranche before payments, in its currency."""
        return self.balance_before(name).value + self.arrears_before(name).value + self.noted(name, "drawn")

    def _late(self, name: str) -> Node:
        parts = [self.unpaid(name), self.sized(name)]
        text = f"1 if unpaid is more than {SMALL:g} of the commitment"
        return made(f"{name} is owed arrears in {self.label}", "", text, lambda x, k: float(x > SMALL * k), parts)

    def _short(self, rank: int) -> Node:
        parts, text = [self.service_reserve(rank), self.reserve_target(rank)], "1 if more than 1e-6 below its target"
        if self.k <= self.cod_row:
            return Node(f"reserve of rank {rank + 1} is short", 0.0, "", "no target yet")
        again = lambda held, wanted: float(held < wanted * (1.0 - 1e-6))  # noqa: E731
        return made(f"reserve of rank {rank + 1} is short in {self.label}", "", text, again, parts)

    @kept
    def locked(self) -> Node:
        """Return whether anything forbids distributions."""
        tests: list[Node] = []
        for rank in range(len(self.plan.ranks)):
            tests.append(self._short(rank))
            for name in self.of_rank(rank):
                low = [one for key in ("lock_up_dscr", "default_dscr") for one in self._low(name, rank, key)]
                tests += [self._late(name), *low]
        tests += [self.default()] if self.failed else []
        owed = any(self.noted(name, "balance") + self.noted(name, "arrears") > 0.0 for name in self.loans)
        text = "1 if any of these" if owed else "0: nothing is owed any more"
        again = lambda *v: float(owed and any(v))  # noqa: E731
        return made(f"locked in {self.label}", "", text, again, tests, self.company("locked"))

    @property
    def failed_in(self) -> Self:
        """The row at whose end there was a default."""
        return next(row for row in map(self.on, range(self.k)) if row.company("defaulted") > 0.0)

    @kept
    def default(self) -> Node:
        """Return that there has been a default, with what was broken in its row."""
        row = self.failed_in
        if row.k == self.abandoned_row:
            text = f"1 since {row.label}: the works were given up"
            return made(f"default before {self.label}", "", text, lambda _: 1.0, [self.cod()], 1.0)
        cure = row.term("financing.cure_years", "years")
        tests = [
            *(row.earlier_dscr(name) for name in row.loans if row.tranche(name).default_dscr is not None),
            *some(*(row.on(row.k + 1).arrears_before(name) for name in row.loans)),
        ]
        text = f"1 since {row.label}: arrears, or a DSCR below default_dscr, for longer than cure_years, or lost claims"
        parts = (*tests, cure)
        return Node(f"default before {self.label}", 1.0, "", text, children=parts)

    def earlier_dscr(self, name: str) -> Node:
        """Return the cover ratio of a tranche in this row and the least that it may be, without its parts."""
        least = self.term(f"financing.tranches.{name}.default_dscr")
        text = f"see --line dscr --year {self.year}; at least"
        return Node(f"DSCR of {name} {self.label}", self.noted(name, "dscr"), "ratio", text, children=(least,))

    # --- what sponsors get ----------------------------------------------------------------------------------------

    @kept
    def distributions(self) -> Node:
        """Return what is paid out of the cash that is left, unless that is locked."""
        name, value = f"distributions {self.label}", self.at(self.block.lines["distributions"])
        if not self.operated:
            return total(name, "USD", [], value=value)
        left = self.spare(len(self._sweeping()))
        if not self.owing:
            return total(name, "USD", [left], value=value)
        text = "cash left, nothing where it is locked"
        return made(name, "USD", text, lambda cash, lock: 0.0 if lock else cash, [left, self.locked()], value)

    @kept
    def cash_balance(self) -> Node:
        """Return the cash that stays in the company."""
        if not self.operated:
            return self._line("cash_balance", [])
        left, value = self.spare(len(self._sweeping())), self.at(self.block.lines["cash_balance"])
        name, text = f"cash_balance {self.label}", "cash left where it is locked, nothing where it is paid out"
        locks = [self.locked()] if self.owing else []
        return made(name, "USD", text, lambda cash, lock=0.0: cash if lock else 0.0, [left, *locks], value)

    @kept
    def to_shareholder_loan(self) -> tuple[Node, Node]:
        """Return interest and principal that the sponsors get on their loan."""
        paid = math.fsum(
            row.company("shareholder_accrued") - row.company("shareholder_interest")
            for row in map(self.on, range(self.k))
        )
        before = self.on(self.k - 1).company("shareholder_loan") if self.k else 0.0
        owed = self.earlier("unpaid interest to sponsors", paid if before else 0.0, "USD", "sponsor_withholding")
        lent = self.earlier("shareholder loan", before - owed.value, "USD", "sponsor_withholding")
        title = f"interest paid on the shareholder loan {self.label}"
        interest = made(
            title,
            "USD",
            "min(distributions, unpaid interest)",
            lambda cash, *due: min(cash, math.fsum(due)),
            [self.distributions(), owed, *self._accrued()],
            self.company("shareholder_interest"),
        )
        own = total(f"paid for building {self.label}", "USD", [self.equity_paid_in()], some(*self._support()))
        fresh = product("lent", "USD", [self.term("financing.shareholder_loan.share"), own])
        parts, text = [self.distributions(), interest, lent, fresh], "min(distributions − interest, loan)"
        again = lambda cash, interest, old, new: min(cash - interest, old + new)  # noqa: E731
        title = f"repaid of the shareholder loan {self.label}"
        return interest, made(title, "USD", text, again, parts, self.company("shareholder_principal"))

    @kept
    def unpaid_costs(self) -> Node:
        """Return what suppliers and states are left to wait for after a default."""
        return self._line("unpaid_costs", *(([self.gap()], [self.support()]) if self.operated else ([], [])))

    # --- balances -------------------------------------------------------------------------------------------------

    @kept
    def lost(self, name: str) -> Node:
        """Return what is written off of a tranche, in its currency."""
        title, value = f"written off of {name} in {self.label}", self.noted(name, "written_off")
        over = self.ends or self.k == self.abandoned_row
        parts = [self.left(name), self.unpaid(name)] if over and self.owing else []
        return total(title, self.currency_of(name), some(*parts), value=value)

    @kept
    def written_off(self) -> Node:
        """Return the claims that end with the operation or with the works, by tranche."""
        return self._line("written_off", [self.in_usd(name, self.lost(name)) for name in self.loans])

    @kept
    def overdue(self, name: str) -> Node:
        """Return the arrears of a tranche at the end of the row, in its currency."""
        parts = [self.unpaid(name)] if self.owing else []
        title, unit = f"arrears of {name} at the end of {self.label}", self.currency_of(name)
        return total(title, unit, parts, some(self.lost(name)) if self.owing else [], self.noted(name, "arrears"))

    @kept
    def arrears(self) -> Node:
        """Return what is overdue, by tranche."""
        return self._line("arrears", [self.in_usd(name, self.overdue(name)) for name in self.loans])

    @kept
    def owed(self, name: str) -> Node:
        """Return what is owed to a tranche at the end of the row: what it was before, drawn, unpaid, repaid."""
        plus = [self.balance_before(name), self.arrears_before(name), self.fresh(name)]
        minus = []
        if self.owing:
            minus = [self.paid_to("principal", name), self.lost(name)]
            plus.append(
                total(
                    f"interest unpaid to {name} in {self.label}",
                    self.currency_of(name),
                    [self.interest_due(name)],
                    [self.paid_to("interest", name)],
                )
            )
            if name in self._sweeping():
                swept = self.swept(self._sweeping().index(name))
                rate = [part for part in [self.exchange(name)] if isinstance(part, Node)]
                minus.append(
                    product(
                        f"prepaid to {name} in {self.label}, in its currency", self.currency_of(name), [swept, *rate]
                    )
                )
        value = self.noted(name, "balance") + self.noted(name, "arrears")
        title = f"owed to {name} at the end of {self.label}"
        return total(title, self.currency_of(name), some(*plus), some(*minus), value)

    @kept
    def debt_balance(self) -> Node:
        """Return what is owed at the end of the row, by tranche."""
        return self._line("debt_balance", [self.in_usd(name, self.owed(name)) for name in self.loans])

    @kept
    def reserves(self) -> Node:
        """Return what is held in reserve at the end of the row."""
        if not self.operated:
            return self._line("reserves", [self.first_reserves()])
        ranks = range(len(self.plan.ranks) if self.owing else 0)
        held = [self.maintenance(), self.operating_reserve(), *(self.service_reserve(rank) for rank in ranks)]
        return self._line("reserves", [*held, self.first_reserves()])


def _ratio(cash: float, service: float) -> float:
    return cash / service if service > 0.0 else math.nan
