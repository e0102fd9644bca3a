"""Scalar reference model of the financing, third part: one draw row by row (docs/financing.md §3, §5, §7, §8).

Close at FID, lenders who stop and a project that is given up: docs/sanctions.md §6.

Currency amounts belong to a `Loan`, US dollars to the rows of a `Course`. `Course.run` is the whole of one draw.
"""

from __future__ import annotations

import math

from scalar_covenants import Covenants
from scalar_loans import Assessment, Loan, Operation, Plan, ahead, part_before, rest, row_of
from scalar_owners import Owners


class Course:
    """One draw from the opening row to the end; `run` fills ``rows`` and the histories of the loans."""

    def __init__(self, plan: Plan, op: Operation, sizing: bool = False) -> None:
        self.plan, self.op, self.terms, self.m = plan, op, op.terms, op.m
        self.sizing = sizing
        """Whether commitments do not limit the drawings, because they follow from them."""
        self.ready = row_of(op.cod, op.m)
        self.fid = op.world.fid
        self.moved = self.ready - plan.ready if self.terms["repayment_follows_cod"] else self.fid or 0
        life_ends = op.cod + op.values["timeline"]["operation_years"]
        self.wind_up = min(row_of(life_ends, op.m), op.last)
        stop = self.terms["long_stop_years"]
        self.cash_interest = min(op.cod, math.inf if stop is None else plan.cod + stop + (self.fid or 0) / self.m)
        self.loans = sorted(map(self.loan, self.terms["tranches"]), key=lambda loan: loan.rank)
        self.ranks = sorted({loan.rank for loan in self.loans})
        self.taxes = {name: Assessment(terms, op.m) for name, terms in op.values["tax"]["jurisdictions"].items()}
        self.grants = {name: amount * op.kappa for name, (_, amount) in plan.grants.items()}
        self.owners, self.tax_by_state = Owners(op), list[dict[str, float]]()
        self.cash = self.operating = self.maintenance = 0.0
        self.reserve = dict.fromkeys(self.ranks, 0.0)
        self.owed_costs = 0.0
        self.covenants = Covenants(self.m, self.ready, self.loans)
        self.lent = self.accrued = 0.0
        self.to_write_off = 0.0
        self.short = False
        self.breach: int | None = None
        self.default: int | None = None
        self.rows: list[dict[str, float]] = []

    def loan(self, name: str) -> Loan:
        """Return a tranche at the start."""
        terms, exchange = self.terms["tranches"][name], self.op.rates(self.terms["tranches"][name])
        commitment = self.plan.commitment[name] * self.op.kappa * exchange[self.fid or 0] / exchange[0]
        omega = self.op.withheld(terms["nation"], "interest")
        share = self.plan.debt[name] / self.plan.uses if self.plan.uses else 0.0
        undrawn = commitment * (1.0 + terms["standby_share"])
        series = (exchange, self.op.interest(terms))
        return Loan(name, terms["seniority"], terms, *series, omega / (1.0 - omega), share, commitment, undrawn)

    def run(self, last: int) -> Course:
        """Go through the rows up to the last."""
        for k in range(last + 1):
            row: dict[str, float] = {}
            self.rows.append(row)
            self.build(k, row)
            self.fall_due(k, row)
            pot = self.set_aside(k, self.available(k, row), row)
            row |= {"interest_paid": 0.0, "principal_paid": 0.0, "withholding": row["idc_withheld"]}
            for rank in self.ranks:
                pot = self.serve(k, rank, pot, row)
            pot = self.sweep(k, self.keep_operating(k, pot), row)
            self.judge(k, row)
            self.distribute(k, pot, row)
            self.close(k, row)
        return self

    # --- §3 -------------------------------------------------------------------------------------------------------

    def build(self, k: int, row: dict[str, float]) -> None:
        """Draw what construction needs in the middle and at the end of the row."""
        active = k <= self.ready and self.default is None and (self.op.abandoned is None or k <= self.op.abandoned)
        capex, dt = self.op.capex[k], 1.0 / self.m
        granted = sum(self.grants.values())
        paid_in = self.draw_middle(k, capex, active)
        row |= {"capex": capex, "equity_middle": paid_in, "fees": 0.0, "interest_capitalised": 0.0, "idc_withheld": 0.0}
        row["grants_middle"] = granted - sum(self.grants.values())
        for loan in self.loans if active else []:
            terms, rate = loan.terms, loan.exchange[k]
            if k == self.fid:
                loan.fees += (terms["arrangement_fee"] + terms["guarantee_premium"]) * loan.commitment / rate
            if not self.stopped(loan, k):
                open_line = loan.undrawn + 0.5 * loan.middle  # undrawn before the row less half of its drawing
                loan.fees += terms["commitment_fee"] * dt * self.before(self.op.cod, k) * open_line / rate
            row["fees"] += loan.fees
            loan.capitalised = loan.performing + 0.5 * loan.middle
            loan.capitalised *= self.before(self.cash_interest, k) * loan.rho[k] * dt
            row["interest_capitalised"] += loan.capitalised / rate
            row["idc_withheld"] += loan.capitalised * loan.gross_up / rate
        row["first_reserves"] = 0.0
        if active and k == self.ready:
            row["first_reserves"] = sum(self.plan.first_reserves.values()) + self.plan.first_operating
            row["first_reserves"] *= self.op.kappa
        uses = row["fees"] + row["interest_capitalised"] + row["idc_withheld"] + row["first_reserves"]
        self.to_write_off += uses - row["first_reserves"]
        row["uses"] = capex + uses
        row["grants"] = capex - paid_in - sum(loan.middle / loan.exchange[k] for loan in self.loans)
        left = self.draw_end(k, uses, active)
        row["grants"] += uses - left - sum(loan.end / loan.exchange[k] for loan in self.loans)
        row["building"] = paid_in + left
        row["debt_drawn"] = sum((loan.middle + loan.end) / loan.exchange[k] for loan in self.loans)

    def before(self, instant: float, k: int) -> float:
        """Return the part of a row before an instant; none before FID."""
        return part_before(instant, k, self.m) if self.op.world.begun(k) else 0.0

    def stopped(self, loan: Loan, k: int) -> bool:
        """Say whether a lender pays nothing out in a row."""
        return self.op.world.stops(k, loan.name, loan.terms["nation"])

    def draw_middle(self, k: int, capex: float, active: bool) -> float:
        """Draw for capital expenditure; return what sponsors pay of it."""
        left = capex
        for loan in self.loans:
            loan.middle = loan.end = loan.capitalised = loan.fees = 0.0
            if active and not self.stopped(loan, k):
                wanted = loan.share * capex * loan.exchange[k]
                loan.middle = wanted if self.sizing else min(wanted, loan.undrawn)
                loan.undrawn -= loan.middle
                left -= loan.middle / loan.exchange[k]
        return rest(left - self.granted(capex if active else 0.0), capex)

    def draw_end(self, k: int, uses: float, active: bool) -> float:
        """Draw for the uses at the end of the row; return what sponsors pay of them."""
        left = uses
        for loan in self.loans:
            if not active or self.stopped(loan, k):
                continue
            wanted = loan.share * uses * loan.exchange[k]
            regular = wanted if self.sizing else min(wanted, loan.undrawn)
            loan.undrawn -= regular
            loan.end = regular + min(max(wanted - regular, 0.0), loan.capitalised)
            left -= loan.end / loan.exchange[k]
        return rest(left - self.granted(uses), uses)

    def granted(self, uses: float) -> float:
        """Return what grants pay of some uses, as long as their money lasts."""
        total = 0.0
        for name, (share, _) in self.plan.grants.items():
            paid = min(share * uses, self.grants[name])
            self.grants[name] -= paid
            total += paid
        return total

    # --- §5, §7 ---------------------------------------------------------------------------------------------------

    def scheduled_part(self, loan: Loan, k: int) -> float:
        """Return f: the part of the performing balance that falls due by the plan; all of it after maturity."""
        parts, j = self.plan.parts[loan.name], k - self.plan.start - self.moved
        return 0.0 if j < 1 else parts[j - 1] if j <= len(parts) else 1.0

    def fall_due(self, k: int, row: dict[str, float]) -> None:
        """Say what is due, by plan and by acceleration; what was drawn in the row joins the performing balance."""
        dt, after_cod = 1.0 / self.m, 1.0 - self.before(self.cash_interest, k)
        if self.default is not None:
            after_cod = 1.0
        row["debt_service_due"] = row["interest_due"] = row["withholding_due"] = row["claims"] = 0.0
        for loan in self.loans:
            row["claims"] += loan.performing + loan.arrears
            part, rate = self.scheduled_part(loan, k), loan.exchange[k]
            due = after_cod * loan.rho[k] * dt * (loan.performing + 0.5 * loan.middle) if k > 0 else 0.0
            late = (loan.rho[k] + self.terms["penalty_margin"]) * dt * loan.arrears
            loan.interest_due, loan.scheduled = due + late, 0.0
            if self.default is None:
                loan.scheduled = (due * (1.0 + loan.gross_up) + part * loan.performing) / rate
            everything = self.default is not None or k == self.wind_up
            loan.before = loan.performing + loan.arrears + loan.middle + loan.end
            all_of_it = loan.performing + loan.middle + loan.end
            loan.principal_due = all_of_it if everything else part * loan.performing
            loan.performing = all_of_it - loan.principal_due
            row["debt_service_due"] += loan.scheduled
            row["interest_due"] += loan.interest_due / rate
            row["withholding_due"] += loan.interest_due * loan.gross_up / rate

    def available(self, k: int, row: dict[str, float]) -> float:
        """Pay tax; return the pot, which the reserve, then sponsors or, after a default, suppliers keep above 0."""
        op, dt, loan = self.op, 1.0 / self.m, self.terms["shareholder_loan"]
        reserves = sum(self.reserve.values()) + self.operating + self.maintenance
        row["reserve_interest"] = self.terms["reserve_rate"] * dt * reserves
        row["shareholder_interest"] = loan["rate"] * dt * (self.lent + self.accrued) if loan else 0.0
        row["fee_depreciation"] = self.fee_depreciation(k)
        income = op.ebitda[k] + op.replacements_written[k] + row["reserve_interest"]
        income -= row["interest_due"] + row["withholding_due"] + row["shareholder_interest"] + row["fee_depreciation"]
        profits = {name: tax.terms["share"] * (income - op.depreciation[name][k]) for name, tax in self.taxes.items()}
        self.tax_by_state.append({name: tax.tax(profits[name]) for name, tax in self.taxes.items()})
        row["tax_paid"] = sum(self.tax_by_state[-1].values())
        pot = self.cash + self.maintenance + op.ebitda[k] + row["reserve_interest"] - row["tax_paid"]
        gap = max(-pot - self.operating, 0.0)
        self.operating -= min(max(-pot, 0.0), self.operating)
        return self.owe_costs(gap, max(pot, 0.0), row)

    def owe_costs(self, gap: float, pot: float, row: dict[str, float]) -> float:
        """Say who pays a gap; return what is left of the pot once costs that are still owed are paid."""
        row["in_default"] = float(self.default is not None and row["claims"] > 0.0)
        row["unpaid_costs"] = gap if row["in_default"] else 0.0
        row["equity_paid_in"] = row["building"] + gap - row["unpaid_costs"]
        row["costs_caught_up"] = min(self.owed_costs, pot)
        self.owed_costs += row["unpaid_costs"] - row["costs_caught_up"]
        row["costs_owed"] = self.owed_costs
        return pot - row["costs_caught_up"]

    def fee_depreciation(self, k: int) -> float:
        """Return what is written off in row k of fees and interest during construction."""
        life, cod = self.terms["tax_life_years"], self.op.cod
        if life is None or k == 0 or k < self.ready or cod > self.op.last / self.m:
            return 0.0
        done = [min(max(row / self.m - cod, 0.0), life) / life for row in (k - 1, k)]
        return float(self.to_write_off * (done[1] - done[0]))

    def set_aside(self, k: int, pot: float, row: dict[str, float]) -> float:
        """Fill the account for renewals; the rest is for lenders."""
        row["cfads"] = self.op.ebitda[k] + self.maintenance
        self.maintenance = min(self.op.maintenance[k], pot)
        row["cfads"] -= self.maintenance + (row["tax_paid"] if self.terms["cfads_basis"] == "after_tax" else 0.0)
        self.short = False
        released = self.operating if self.default is not None or k == self.wind_up else 0.0
        self.operating -= released
        return pot - self.maintenance + released

    def serve(self, k: int, rank: int, pot: float, row: dict[str, float]) -> float:
        """Pay interest, then principal and arrears of one rank, then fill or release its reserve."""
        loans = [loan for loan in self.loans if loan.rank == rank]
        owed = sum(loan.interest_due * (1.0 + loan.gross_up) / loan.exchange[k] for loan in loans)
        part, pot = self.paid_part(rank, owed, pot)
        for loan in loans:
            loan.interest = loan.interest_due * part
            row["interest_paid"] += loan.interest / loan.exchange[k]
            row["withholding"] += loan.interest * loan.gross_up / loan.exchange[k]
        owed = sum((loan.principal_due + loan.arrears) / loan.exchange[k] for loan in loans)
        unpaid_interest, (part, pot) = 1.0 - part, self.paid_part(rank, owed, pot)
        target = 0.0
        for loan in loans:
            loan.principal = (loan.principal_due + loan.arrears) * part
            row["principal_paid"] += loan.principal / loan.exchange[k]
            unpaid = (loan.principal_due + loan.arrears) * (1.0 - part)
            loan.arrears = loan.interest_due * unpaid_interest + unpaid
            parts, place = self.plan.reserve_parts[loan.name], k - self.moved
            if k > self.ready and place < len(parts):
                target += parts[place] * loan.performing / loan.exchange[k]
        move = min(target - self.reserve[rank], pot)
        self.reserve[rank] += move
        self.short = self.short or self.reserve[rank] < target * (1.0 - 1e-6)
        return pot - move

    def paid_part(self, rank: int, owed: float, pot: float) -> tuple[float, float]:
        """Pay from the pot and then from the reserve of the rank; return the part that is paid and the pot."""
        if owed <= 0.0:
            return 1.0, pot
        paid = min(owed, pot + self.reserve[rank])
        from_pot = min(paid, pot)
        self.reserve[rank] -= paid - from_pot
        return paid / owed, pot - from_pot

    def keep_operating(self, k: int, pot: float) -> float:
        """Fill the account for operating cost once lenders are served, or release what exceeds its target."""
        months = self.terms["om_reserve_months"] if k > self.ready else 0.0
        held = self.operating + pot
        self.operating = min(ahead(self.op.operating_cost, k, months * self.m / 12.0), held)
        return held - self.operating

    def sweep(self, k: int, pot: float, row: dict[str, float]) -> float:
        """Prepay loans from what is left, rank by rank, in proportion to their balances within a rank."""
        if k <= self.plan.start + self.moved:
            return pot
        for rank in self.ranks:
            loans = [loan for loan in self.loans if loan.rank == rank and loan.terms["cash_sweep"] > 0.0]
            balances = [loan.performing / loan.exchange[k] for loan in loans]
            available = pot
            for loan, balance in zip(loans, balances, strict=True):
                offered = loan.terms["cash_sweep"] * available * balance / sum(balances) if balance > 0.0 else 0.0
                paid = min(balance, offered)
                loan.performing = 0.0 if paid == balance else loan.performing - paid * loan.exchange[k]
                loan.principal += paid * loan.exchange[k]
                row["principal_paid"] += paid
                pot -= paid
        return pot

    def judge(self, k: int, row: dict[str, float]) -> None:
        """Find the DSCR, whether distributions are locked and since when a covenant is broken."""
        row["dscr"], low, broken = self.covenants.test(k, row["cfads"])
        late = any(loan.late for loan in self.loans)
        row["missed"] = float(late and self.default is None)
        locked = late or broken or low or self.short or self.default is not None
        row["locked"] = float(locked and any(loan.performing + loan.arrears > 0.0 for loan in self.loans))
        self.breach = (k if self.breach is None else self.breach) if late or broken else None

    def distribute(self, k: int, pot: float, row: dict[str, float]) -> None:
        """Pay shareholder interest, shareholder principal and dividends, or keep the pot."""
        loan = self.terms["shareholder_loan"]
        row["lent"] = loan["share"] * row["building"] if loan else 0.0
        self.lent += row["lent"]
        self.accrued += row["shareholder_interest"]
        row["distributions"] = 0.0 if row["locked"] else pot
        self.cash = pot if row["locked"] else 0.0
        row["interest_to_sponsors"] = min(self.accrued, row["distributions"])
        row["principal_to_sponsors"] = min(self.lent, row["distributions"] - row["interest_to_sponsors"])
        self.accrued -= row["interest_to_sponsors"]
        self.lent -= row["principal_to_sponsors"]
        row["dividends"] = row["distributions"] - row["interest_to_sponsors"] - row["principal_to_sponsors"]
        row |= self.owners.pay(k, row)

    def close(self, k: int, row: dict[str, float]) -> None:
        """Fill the reserves for the first time, write off what is lost, say whether this is a default; keep the row."""
        if row["first_reserves"] > 0.0:
            self.operating += self.plan.first_operating * self.op.kappa
            for rank, amount in self.plan.first_reserves.items():
                self.reserve[rank] += amount * self.op.kappa
        row["written_off"] = row["forgiven"] = 0.0
        if k in (self.wind_up, self.op.abandoned):
            row["written_off"] = sum((loan.performing + loan.arrears) / loan.exchange[k] for loan in self.loans)
            row["forgiven"], self.lent, self.accrued = self.lent + self.accrued, 0.0, 0.0
            for loan in self.loans:
                loan.performing = loan.arrears = 0.0
        lasted = self.breach is not None and k - self.breach >= self.terms["cure_years"] * self.m - 1e-9
        if self.default is None and (lasted or row["written_off"] > 0.0):
            self.default = k
        row["debt_balance"] = sum((loan.performing + loan.arrears) / loan.exchange[k] for loan in self.loans)
        row["arrears"] = sum(loan.arrears / loan.exchange[k] for loan in self.loans)
        row["reserves"] = sum(self.reserve.values()) + self.operating + self.maintenance
        row |= {"cash_balance": self.cash, "shareholder_loan": self.lent + self.accrued}
        for loan in self.loans:
            loan.keep()
