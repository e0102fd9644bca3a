"""How much the project can borrow: sized once, on the lenders' case (docs/financing.md, section 6).

The size depends on the uses, which contain the interest and fees of the debt, and on the tax, which falls with its
interest: a fixed point, iterated on one column of plain numbers (`borrowing`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.borrowing import (
    Borrowing,
    Building,
    Refused,
    Service,
    build,
    held_over_balance,
    reserve_targets,
    service_of,
    tax_paid,
)
from sim.model.limits import Problem, coverage_discount, grants_of, limits_of
from sim.model.loans import Limit, Loan, Plan, Source
from sim.model.macro import Money
from sim.model.project import Project
from sim.model.repayment import falls_due
from sim.model.tax import Tax
from sim.model.terms import Financing
from sim.model.works import Schedule

Array = NDArray[np.float64]
STEPS = 500
CLOSE = 1e-13
"""Sizing ends when no amount moves by more than this share of the uses."""


def arrange(
    terms: Financing, tax: Tax, schedule: Schedule, project: Project, life: Array, money: Money, addon: Array
) -> Plan:
    """Return the agreement for the lenders' case, which is the one column of the records given.

    ``addon`` is what the regime of the case adds to margins.

    Raises `Refused` where a loan outlives the link or finds no cash at all.
    """
    case = Borrowing.of(terms, tax, schedule, project, money, addon)
    _check_tenors(case, float(life[0]))
    size = np.zeros(len(case.tranches))
    state = _State(size, size, np.zeros(len(case.ranks)), float(case.capex.sum()), case.project.ebitda[:, 0], None, ())
    step, moved = 0, math.inf
    while step < STEPS and moved > CLOSE:
        new = _step(case, state)
        moved = _distance(state, new)
        state, step = new, step + 1
    return _plan(case, state, step, moved)


@dataclass(frozen=True)
class _Agreed:
    """What a step was computed with."""

    built: Building
    service: Service
    targets: Array
    after_tax: Array
    coverage: Array


@dataclass(frozen=True)
class _State:
    """One step of the fixed point; USD unless said otherwise."""

    debts: Array
    commitments: Array
    """In currency."""
    service_reserve: Array
    """First filling by rank."""
    uses: float
    cash: Array
    """CFADS by row on the basis of the terms."""
    agreed: _Agreed | None
    limits: tuple[Limit, ...]


def _step(case: Borrowing, old: _State) -> _State:
    """Return sizes, commitments, reserves and cash that follow from those of the step before."""
    operating = float(case.operating[case.cod_row])
    parts = old.debts / old.uses if old.uses > 0.0 else np.zeros(old.debts.shape)
    built = build(case, parts, old.commitments, operating + float(old.service_reserve.sum()))
    uses = float(case.capex.sum()) + built.fees + built.interest + built.withheld + built.reserves
    per_usd = np.divide(built.drawn, built.drawn_usd, out=case.fx[0].copy(), where=built.drawn_usd > 0.0)
    opening = np.where(built.opening > 0.0, built.opening, 1.0)
    service = service_of(case, old.debts, opening, built.balance, old.cash)
    targets = reserve_targets(case, service)
    reserves = np.where(np.arange(targets.shape[0]) >= case.cod_row, targets.sum(axis=1), 0.0)
    reserves = reserves + case.operating + case.maintenance
    tax = tax_paid(case, built, service, reserves)
    before_tax = case.project.ebitda[:, 0] - np.diff(case.maintenance, prepend=0.0)
    after_tax = before_tax - tax
    cash = after_tax if case.terms.cfads_basis == "after_tax" else before_tax
    coverage = coverage_discount(case, old.debts)
    problem = Problem(case, opening, per_usd, cash, after_tax)
    limits = tuple(sorted(limits_of(problem, uses, coverage), key=lambda limit: limit.debt_usd))
    debts = problem.mix(limits[0].debt_usd) if limits else np.zeros(0)
    filling = np.array([targets[case.cod_row, list(rank)].sum() for rank in case.ranks])
    agreed = _Agreed(built, service, targets, after_tax, coverage)
    return _State(debts, debts * per_usd, filling, uses, cash, agreed, limits)


def _distance(old: _State, new: _State) -> float:
    """Return the largest move between two steps over the uses."""
    moves = [abs(new.uses - old.uses), *np.abs(new.debts - old.debts)]
    moves += [*np.abs(new.service_reserve - old.service_reserve), float(np.abs(new.cash - old.cash).max())]
    return math.inf if old.agreed is None else float(max(moves)) / max(new.uses, 1e-9)


# --- the agreement ------------------------------------------------------------------------------------------------


def _check_tenors(case: Borrowing, life: float) -> None:
    m = case.grid.periods_per_year
    last = math.floor((case.cod_years + life) * m + 1e-9)
    for i, name in enumerate(case.names):
        end = case.start_row + int(case.rows[i])
        if end > last:
            years = f"{end / m:g} years after the start, and operation ends after {last / m:g}"
            message = f"the loan matures {years} on the lenders' case"
            raise Refused(f"financing.tranches.{name}.tenor_years", message, "shorten the tenor or the grace before it")


def _plan(case: Borrowing, state: _State, steps: int, residual: float) -> Plan:
    agreed = state.agreed
    assert agreed is not None
    _check_sculpted(case, state.cash)
    built, uses = agreed.built, state.uses
    loans = tuple(_loan(case, state, agreed, i) for i in range(len(case.tranches)))
    amounts = zip(case.terms.grants, grants_of(case, uses), strict=True)
    grants = tuple(Source(name, amount, amount / uses if uses > 0.0 else 0.0) for name, amount in amounts)
    debt = float(state.debts.sum())
    stop = case.terms.long_stop_years
    return Plan(
        loans=loans,
        ranks=case.ranks,
        grants=grants,
        uses={
            "capital cost": float(case.capex.sum()),
            "fees": built.fees,
            "interest during construction": built.interest,
            "tax withheld on it": built.withheld,
            "first reserves": built.reserves,
        },
        debt_usd=debt,
        equity_usd=uses - debt - sum(grant.amount_usd for grant in grants),
        cod_row=case.cod_row,
        start_row=case.start_row,
        last_row=case.start_row + int(case.rows.max(initial=0)),
        long_stop=math.inf if stop is None else case.cod_years + stop,
        service_reserve=tuple(float(amount) for amount in state.service_reserve),
        operating_reserve=float(case.operating[case.cod_row]),
        coverage_discount=agreed.coverage,
        limits=state.limits,
        reserves=bool(case.maintenance.any() or case.operating.any() or case.terms.shareholder_loan is not None),
        residual=residual,
        steps=steps,
    )


def _loan(case: Borrowing, state: _State, agreed: _Agreed, i: int) -> Loan:
    """Return one tranche as agreed."""
    rows = case.grid.periods + 1
    due = np.zeros(rows)
    first = case.start_row + 1
    due[first : first + int(case.rows[i])] = falls_due(agreed.service.parts[i])
    due[first + int(case.rows[i]) :] = 1.0
    held = held_over_balance(case, i, agreed.service, agreed.built.balance[i])
    part = float(state.debts[i]) / state.uses if state.uses > 0.0 else 0.0
    return Loan(case.names[i], float(state.commitments[i]), part, due, held)


def _check_sculpted(case: Borrowing, cash: Array) -> None:
    for i, name in enumerate(case.names):
        paying = slice(case.start_row + 1 + int(case.grace[i]), case.start_row + 1 + int(case.rows[i]))
        if case.tranches[i].profile == "sculpted" and not np.any(cash[paying] > 0.0):
            message = "there is no cash to sculpt it on: CFADS is never above 0 on the lenders' case while it is repaid"
            cure = "use another profile, mend the project, or leave the loans out with tranches: null"
            raise Refused(f"financing.tranches.{name}.profile", message, cure)
