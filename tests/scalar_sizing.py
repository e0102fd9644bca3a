"""Scalar reference model of the financing, second part: what the lenders' case can carry (docs/financing.md §6).

`size` repeats: build on a plan, find the tax and CFADS of the plan, make the plan that they allow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate

from scalar_finance import Course
from scalar_loans import TIE, Assessment, Operation, Plan, ahead, part_before, row_of
from scalar_processes import Series
from scalar_repayment import Offer, Service, left_for, root

ROUNDS = 400
ENOUGH = 1e-14  # part of all uses by which nothing moves any more
NO_SIZE = 1e-9  # part of the debt below which a rest is none
Services = Mapping[str, Service]


@dataclass(frozen=True)
class Seen:
    """What a run of the lenders' case tells."""

    uses: float
    per_dollar: dict[str, float]
    """Commitment in currency per dollar of debt."""
    accruing: dict[str, float]
    """Balance in currency, per dollar of debt, that bears interest in the row of COD."""
    cfads: Series
    """On the basis that was agreed."""
    after_tax: Series
    """CFADS after tax."""
    debt: Mapping[str, float]
    """Sizes of the plan that was run."""


class Sizing:
    """The lenders' case and its terms."""

    def __init__(self, op: Operation) -> None:
        self.op, self.terms, self.m, self.dt = op, op.terms, op.m, 1.0 / op.m
        self.ready = row_of(op.cod, op.m)
        self.start = row_of(op.cod + self.terms["first_repayment_slack_years"], op.m)
        self.offers = [self.offer(name) for name in self.terms["tranches"]]
        self.ranks = sorted({offer.rank for offer in self.offers})
        self.longest = max((offer.rows for offer in self.offers), default=0)
        self.rows = self.start + self.longest + 1
        self.cash_part = 1.0 - part_before(op.cod, self.ready, self.m) if self.ready > 0 else 0.0

    def offer(self, name: str) -> Offer:
        """Return a tranche; rates beyond the grid stay."""
        terms = self.terms["tranches"][name]
        rows, grace = max(round(terms["tenor_years"] * self.m), 1), round(terms["grace_years"] * self.m)
        paying = list(range(self.start + min(grace, rows - 1) + 1, self.start + rows + 1))
        extra = [0] * max(self.start + rows - self.op.last, 0)
        series = [s + [s[-1] for _ in extra] for s in (self.op.rates(terms), self.op.interest(terms))]
        omega = self.op.withheld(terms["nation"], "interest")
        return Offer(name, terms, terms["seniority"], series[0], series[1], omega / (1.0 - omega), paying, rows, self.m)

    # --- size -----------------------------------------------------------------------------------------------------

    def sizes(self, total: float, seen: Seen, least: float = NO_SIZE) -> dict[str, float]:
        """Return what each tranche lends of a total: shares up to ceilings, then those that have only a ceiling."""
        found, left = {}, total
        for by_share in (True, False):
            for offer in self.offers:
                share, ceiling = offer.terms["share"], offer.terms["ceiling_million"]
                if (share is not None) != by_share:
                    continue
                most = math.inf if ceiling is None else ceiling * 1e6 / seen.per_dollar[offer.name]
                found[offer.name] = min(share * total if by_share else left if left > least * total else 0.0, most)
                left = max(left - found[offer.name], 0.0)
        return {offer.name: found[offer.name] for offer in self.offers}

    def most(self, total: float, seen: Seen) -> float:
        """Return the largest part of a total that the tranches can take together."""

        def spare(debt: float) -> float:
            return sum(self.sizes(debt, seen, 0.0).values()) - debt * (1.0 - 1e-14)

        if total == 0.0 or spare(total) >= 0.0:
            return total
        low = 1e-9 * total
        return root(spare, low, total) if spare(low) > 0.0 else 0.0

    def mean_rate(self, debt: Mapping[str, float]) -> Series:
        """Return the planned rates weighted with planned sizes; the last one stays after the longest tenor."""
        whole = sum(debt.values())
        weights = {offer.name: debt[offer.name] / whole if whole else 0.0 for offer in self.offers}
        last = min(self.start + self.longest, self.op.last)
        rows = [min(k, last) for k in range(self.op.last + 1)]
        return [sum(weights[offer.name] * offer.rho[k] for offer in self.offers) for k in rows]

    def by_llcr(self, total: float, seen: Seen) -> float:
        """Return the debt that the loan life carries."""
        worth, factor = 0.0, 1.0
        rate = self.mean_rate(seen.debt if any(seen.debt.values()) else self.sizes(total, seen))
        for k in range(self.start + 1, min(self.start + self.longest, self.op.last) + 1):
            factor /= 1.0 + rate[k] * self.dt
            worth += seen.cfads[k] * factor
        return max(worth, 0.0) / float(self.terms["target_llcr"])

    def services(self, total: float, seen: Seen) -> Services:
        """Return what every tranche is to be paid: rank by rank, sculpted ones after the others of their rank."""
        debt = self.sizes(total, seen)
        found: dict[str, Service] = {}
        better = [0.0] * self.rows
        for rank in self.ranks:
            mine = sorted((o for o in self.offers if o.rank == rank), key=lambda o: o.terms["profile"] == "sculpted")
            carved = sum(debt[o.name] for o in mine if o.terms["profile"] == "sculpted")
            first, paid = better, better
            for offer in mine:
                balance = seen.per_dollar[offer.name] * debt[offer.name]
                if offer.terms["profile"] == "sculpted":
                    part = debt[offer.name] / carved if carved else 0.0
                    repaid = offer.sculpted(balance, partial(left_for, part, seen.cfads, first))
                else:
                    repaid = offer.even(balance)
                accruing = seen.accruing[offer.name] * debt[offer.name]
                due = self.cash_part * offer.rho[self.ready] * self.dt * (1.0 + offer.gross_up) * accruing
                found[offer.name] = offer.course(balance, due, repaid, self.ready, self.rows)
                paid = [a + b for a, b in zip(paid, found[offer.name].service, strict=True)]
                if offer.terms["profile"] != "sculpted":
                    first = paid
            better = paid
        return found

    def reserve(self, services: Services, rank: int, k: int) -> float:
        """Return the planned target of the reserve of a rank at the end of a row from COD on."""
        return sum(services[offer.name].reserve[k] for offer in self.offers if offer.rank == rank)

    def needed(self, services: Services, rank: int, k: int) -> float:
        """Return what the reserves of better ranks need in a row: the increases of their targets."""
        if k <= self.ready:
            return 0.0
        better = [other for other in self.ranks if other < rank]
        return sum(max(self.reserve(services, s, k) - self.reserve(services, s, k - 1), 0.0) for s in better)

    def margin(self, total: float, seen: Seen) -> tuple[float, str, int | None]:
        """Return by how much the tightest test is kept, whose it is, and a row with service but without cash."""
        services, debt = self.services(total, seen), self.sizes(total, seen)
        tightest, whose, barren = math.inf, "", None
        for offer in self.offers:
            target = offer.terms["target_dscr"]
            for k in range(self.ready, offer.paying[-1] + 1) if debt[offer.name] > 0.0 else []:
                owed = sum(services[other.name].service[k] for other in self.offers if other.rank <= offer.rank)
                if owed <= 1e-12 * total:
                    continue
                if target is not None and seen.cfads[k] <= 0.0 and (barren is None or k < barren):
                    barren = k
                room = [(seen.after_tax[k] - owed - self.needed(services, offer.rank, k), "repayment")]
                room += [(seen.cfads[k] / target - owed, "target_dscr")] if target is not None else []
                least, test = min(room)
                if least < tightest:
                    tightest, whose = least, f"{test} of {offer.name}"
        return tightest, whose, barren

    def total(self, seen: Seen, granted: float) -> tuple[float, str, int | None]:
        """Return the debt, what limits it, and a row that forbids any."""
        cap = self.terms["gearing_cap"]
        limits = [(min(1.0 if cap is None else cap, 1.0 - granted) * seen.uses, "gearing_cap")]
        limits.append((self.most(limits[0][0], seen), "ceilings"))
        if self.terms["target_llcr"] is not None:
            limits.append((self.by_llcr(limits[-1][0], seen), "target_llcr"))
        most, binding = min(limits, key=lambda limit: limit[0])
        if not self.offers or most <= 0.0:
            return 0.0, binding, None
        margin, whose, barren = self.margin(most, seen)
        if barren is not None:
            return 0.0, whose, barren
        if margin >= 0.0:
            return most, binding, None
        low = 1e-12 * most
        worst = self.margin(low, seen)[0]
        total = root(lambda d: self.margin(d, seen)[0], low, most) if worst > 0.0 else 0.0
        return total, self.margin(total, seen)[1] if total else whose, None

    # --- plan -----------------------------------------------------------------------------------------------------

    def look(self, plan: Plan, services: Services) -> Seen:
        """Build on a plan and find the tax and the cash that it has."""
        course = Course(plan, self.op, sizing=True).run(self.ready)
        spent = [row["uses"] for row in course.rows]
        uses = sum(spent)
        per_dollar, accruing = {}, {}
        for offer in self.offers:
            drawn = [amount * rate for amount, rate in zip(spent, offer.exchange, strict=False)]
            middle = 0.5 * course.rows[self.ready]["capex"] * offer.exchange[self.ready]
            per_dollar[offer.name] = sum(drawn) / uses if uses else 1.0
            accruing[offer.name] = (sum(drawn[:-1]) + middle) / uses if uses else 1.0
        after_tax, before_tax = [], []
        for k, tax in enumerate(self.taxes(course, services)):
            before = self.op.maintenance[k - 1] if k > 0 else 0.0
            before_tax.append(self.op.ebitda[k] - (self.op.maintenance[k] - before))
            after_tax.append(before_tax[-1] - tax)
        beyond = [0.0] * (self.rows - len(after_tax))
        cfads = after_tax if self.terms["cfads_basis"] == "after_tax" else before_tax
        return Seen(uses, per_dollar, accruing, cfads + beyond, after_tax + beyond, plan.debt)

    def taxes(self, course: Course, services: Services) -> Series:
        """Return the tax of the plan by row: scheduled interest, reserves at their targets."""
        op, months = self.op, self.terms["om_reserve_months"] * self.m / 12.0
        states = {name: Assessment(terms, op.m) for name, terms in op.values["tax"]["jurisdictions"].items()}
        found, kept = [], 0.0
        for k in range(min(self.rows - 1, op.last) + 1):
            income = op.ebitda[k] + op.replacements_written[k] + self.terms["reserve_rate"] * self.dt * kept
            income -= sum(service.interest[k] for service in services.values()) + course.fee_depreciation(k)
            found.append(
                sum(tax.tax(tax.terms["share"] * (income - op.depreciation[name][k])) for name, tax in states.items())
            )
            kept = op.maintenance[k]
            if k >= self.ready:
                kept += ahead(op.operating_cost, k, months)
                kept += sum(self.reserve(services, rank, k) for rank in self.ranks)
        return found

    def grants(self, uses: float) -> dict[str, tuple[float, float]]:
        """Return the share of each use that a grant pays, and its amount."""
        found = {}
        for name, grant in self.terms["grants"].items():
            if grant["share_of_uses"] is not None:
                share = grant["share_of_uses"]
            else:
                share = min(grant["amount_million"] * 1e6 / uses, 1.0) if uses else 0.0
            found[name] = (share, share * uses)
        return found

    def plan(self, seen: Seen) -> tuple[Plan, Services]:
        """Return the plan that uses and CFADS allow, and what it says lenders are to be paid."""
        grants = self.grants(seen.uses)
        granted = sum(part for part, _ in grants.values())
        total, binding, barren = self.total(seen, granted)
        debt = self.sizes(total, seen)
        services = self.services(total, seen)
        repaid = {name: tails(service.repaid) for name, service in services.items()}
        parts = {name: [x / rest if rest > 0.0 else 1.0 for x, rest in rows] for name, rows in repaid.items()}
        grace = {o.name: [0.0] * (o.rows - len(o.paying)) for o in self.offers}
        parts = {name: grace[name] + rows[:-1] + [1.0] for name, rows in parts.items()}
        commitment = {offer.name: seen.per_dollar[offer.name] * debt[offer.name] for offer in self.offers}
        reserve = {offer.name: self.reserve_parts(offer, parts[offer.name]) for offer in self.offers}
        first = dict.fromkeys(self.ranks, 0.0)
        for o in self.offers:
            first[o.rank] += reserve[o.name][self.ready] * commitment[o.name] / o.exchange[self.ready]
        filling = ahead(self.op.operating_cost, self.ready, self.terms["om_reserve_months"] * self.m / 12.0)
        equity = seen.uses * (1.0 - granted) - total
        fixed = (seen.uses, equity, debt, commitment, grants, parts, reserve, first, filling, self.mean_rate(debt))
        return Plan(self.op.cod, self.ready, self.start, *fixed, self.longest, binding, barren, math.inf), services

    def reserve_parts(self, offer: Offer, parts: Series) -> Series:
        """Return tau by row: planned service of the next months over the planned balance."""
        balance, found = [1.0], [0.0]
        for k in range(1, max(offer.paying[-1], self.op.last) + 1):
            j = k - self.start
            part = parts[j - 1] if 1 <= j <= len(parts) else 0.0
            place = min(k, len(offer.rho) - 1)
            found.append(balance[-1] * (offer.rho[place] * self.dt * (1.0 + offer.gross_up) + part))
            balance.append(balance[-1] * (1.0 - part))
        rows = offer.terms["dsra_months"] * self.m / 12.0
        return [ahead(found, k, rows) / left if left > TIE**2 else 0.0 for k, left in enumerate(balance)]


class RefusedError(Exception):
    """A sculpted loan finds no cash on the lenders' case."""


def tails(rows: Series) -> list[tuple[float, float]]:
    """Return each number with the sum of itself and those after it."""
    rests = list(accumulate(reversed(rows)))[::-1]
    return list(zip(rows, rests, strict=True))


def size(op: Operation) -> Plan:
    """Return the plan on the lenders' case ``op``: the fixed point of uses, debt and the tax that depends on it."""
    sizing = Sizing(op)
    names = [offer.name for offer in sizing.offers]
    nothing, ones = dict.fromkeys(names, 0.0), dict.fromkeys(names, 1.0)
    none = [0.0] * sizing.rows
    plan, services = sizing.plan(Seen(0.0, ones, ones, none, none, nothing))
    for _ in range(ROUNDS):
        seen = sizing.look(plan, services)
        for offer in sizing.offers:
            if offer.terms["profile"] == "sculpted" and all(seen.cfads[k] <= 0.0 for k in offer.paying):
                raise RefusedError(offer.name)
        better, services = sizing.plan(seen)
        moves = [better.uses - plan.uses, *(better.debt[name] - plan.debt[name] for name in names)]
        moves += [(better.commitment[o.name] - plan.commitment[o.name]) / o.exchange[0] for o in sizing.offers]
        residual = max(map(abs, moves)) / better.uses if better.uses else 0.0
        plan = replace(better, residual=residual)
        if residual <= ENOUGH:
            break
    return plan
