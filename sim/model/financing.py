"""Who pays and who is paid: the project's flow taken through its loans, or straight to its sponsors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.blocked import Blocked
from sim.model.books import LINES, Account
from sim.model.effects import Effects
from sim.model.loans import Plan
from sim.model.macro import Money
from sim.model.opening import open_books
from sim.model.operations import Operations
from sim.model.owners import Owners, Value
from sim.model.project import Project
from sim.model.tax import Tax
from sim.model.terms import Financing
from sim.model.timeline import total
from sim.model.waterfall import carry
from sim.model.works import Schedule

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Carried:
    """What loans, grants and reserves make of the project's flow; nominal USD, (periods + 1, 1 or draws)."""

    plan: Plan
    lines: Mapping[str, Array]
    """The lines of `books.LINES`."""
    uses: Array
    """All uses of funds until COD, (draws,)."""
    years_in_default: Array
    """Years in default with claims outstanding, (draws,)."""
    owed_costs: Array
    """Costs that are never paid, (draws,)."""
    gap: Array
    """What sponsors have paid for building beyond their promise, (draws,)."""
    owners: Owners
    worth_granted: Array
    """Present value at the project's rate of what grants pay, negative, (draws,)."""
    worth_taxed: Mapping[str, Array]
    """Jurisdiction: present value at the project's rate of its tax on profit, (draws,)."""
    shift: NDArray[np.intp] | int
    """Rows by which repayment has moved."""
    accounts: tuple[Account, ...]
    defaulted: Mask
    missed: Mask
    lost: Mask
    history: Mapping[str, Array] | None = None
    """The lines of `books.COMPANY_LINES`; None without detail."""


@dataclass(frozen=True)
class CashFlows:
    """The project's cash flows, nominal USD, non-negative magnitudes (tax may be a refund), (periods + 1, draws)."""

    project: Project
    carried: Carried | None
    """The flows between lenders, company and sponsors; None without a ``financing`` section."""

    @property
    def operations(self) -> Operations:
        """What the link carries and earns."""
        return self.project.operations

    @property
    def capex(self) -> Array:
        """Spending on construction."""
        return self.project.capex

    @property
    def ebitda(self) -> Array:
        """Operating result."""
        return self.project.ebitda

    @property
    def tax(self) -> Array:
        """Tax without loans."""
        return self.project.tax

    @property
    def net(self) -> Array:
        """EBITDA less tax without loans and capex."""
        return self.project.net

    def lines(self) -> Mapping[str, Array]:
        """Return every line by name, in the order in which money flows."""
        op, project = self.operations, self.project
        return {
            "energy_sent_mwh": op.energy_sent_mwh,
            "energy_delivered_mwh": op.energy_delivered_mwh,
            "revenue_merchant": op.revenue_merchant,
            "revenue_ppa": op.revenue_ppa,
            "revenue_capacity": op.revenue_capacity,
            **blocked_lines(project.blocked),
            "supply_cost": op.supply_cost,
            "charges": op.charges,
            "operating_cost": op.running.operating,
            "replacements": op.running.replacements,
            "decommissioning": op.running.decommissioning,
            "salvage": op.running.salvage,
            "ebitda": project.ebitda,
            "depreciation": project.depreciation,
            "tax": project.tax,
            "capex": project.capex,
            "net": project.net,
            **(self.carried.lines if self.carried is not None else {}),
        }


def blocked_lines(blocked: Blocked | None) -> dict[str, Array]:
    """Return the lines of the blocked accounts, none where nothing is ever blocked."""
    if blocked is None:
        return {}
    return {
        "revenue_blocked": blocked.withheld,
        "revenue_released": blocked.released,
        "revenue_lost": blocked.lost,
        "revenue_confiscated": blocked.confiscated,
        "blocked_balance": blocked.balance,
    }


def finance(
    plan: Plan | None,
    terms: Financing | None,
    tax: Tax,
    schedule: Schedule,
    project: Project,
    life: Array,
    money: Money,
    effects: Effects,
    value: Value | None = None,
    detail: bool = False,
) -> CashFlows:
    """Return the cash flows of a project under an agreement.

    ``value``: present values at the project's rate, where somebody asks who bears what; ``detail`` keeps the lines of
    tranches and company.
    """
    if plan is None or terms is None:
        return CashFlows(project, None)
    if plan.bare and not detail:
        return CashFlows(project, _sponsors_alone(plan, terms, tax, schedule, project, effects, value))
    books = open_books(plan, terms, tax, schedule, project, life, money, effects, value, detail)
    carry(books)
    carried = Carried(
        plan=plan,
        lines=_in_order(books.lines, books.owners),
        years_in_default=books.years_in_default,
        owed_costs=books.owed_costs,
        uses=total(project.capex) + books.construction_finance + books.first_reserves,
        gap=_gap(books.own_building, plan, terms, schedule),
        owners=books.owners,
        worth_granted=books.worth_granted,
        worth_taxed=books.worth_taxed,
        shift=books.shift,
        accounts=books.accounts,
        defaulted=books.defaulted,
        missed=books.missed,
        lost=books.lost,
        history=books.history,
    )
    return CashFlows(project, carried)


def _sponsors_alone(
    plan: Plan,
    terms: Financing,
    tax: Tax,
    schedule: Schedule,
    project: Project,
    effects: Effects,
    value: Value | None,
) -> Carried:
    """Return the flows of a project that its sponsors pay for alone: they fill every gap and get every surplus."""
    after_tax = project.ebitda - project.tax
    draws = after_tax.shape[1]
    paid = np.maximum(after_tax, 0.0)
    nothing = np.zeros((after_tax.shape[0], 1))
    lines = dict.fromkeys(LINES, nothing) | {
        "equity_paid_in": project.capex + (paid - after_tax),
        "tax_paid": project.tax,
        "cfads": project.ebitda - (project.tax if terms.cfads_basis == "after_tax" else 0.0),
        "distributions": paid,
        "dscr": np.full((after_tax.shape[0], 1), np.nan),
    }
    owners = Owners(terms, tax, effects, schedule.seized_row, after_tax.shape, value)
    none, never = np.zeros(draws), np.zeros(draws, dtype=bool)
    for k in range(after_tax.shape[0]):
        owners.settle(k, none, none, paid[k], lines["equity_paid_in"][k], project.capex[k])
    taxed = dict.fromkeys(project.tax_by_jurisdiction, none)
    if value is not None:
        taxed = {name: total(value.at_end * flow) for name, flow in project.tax_by_jurisdiction.items()}
    uses = total(project.capex)
    return Carried(
        plan=plan,
        lines=_in_order(lines, owners),
        owners=owners,
        worth_granted=none,
        worth_taxed=taxed,
        years_in_default=none,
        owed_costs=none,
        uses=uses,
        gap=_gap(uses, plan, terms, schedule),
        shift=0,
        accounts=(),
        defaulted=never,
        missed=never,
        lost=never,
    )


def _gap(paid: Array, plan: Plan, terms: Financing, schedule: Schedule) -> Array:
    """Return what sponsors have paid for building beyond their promise; rounding of the plan is no gap."""
    promised = plan.equity_usd * (1.0 + terms.standby_equity_share) * schedule.cost_index
    return np.maximum(paid - promised - 1e-9 * plan.uses_usd, 0.0)


def _in_order(lines: Mapping[str, Array], owners: Owners) -> Mapping[str, Array]:
    """Return the lines of company and owners in the order in which money flows."""
    both = {**lines, **owners.lines}
    return {name: both[name] for name in (*LINES, *(name for name in owners.lines if name not in LINES))}
