"""Scalar reference model: a draw in its world and without sanctions; who bears the difference (sanctions.md §7, §8)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scalar_construction import NOBODY, Promise
from scalar_draw import Draw, Faults
from scalar_finance import Course
from scalar_finance_metrics import check_balance_sheet, check_cash, lines_of
from scalar_finance_metrics import metrics as finance_metrics
from scalar_loans import Operation, Plan
from scalar_metrics import Valued, metrics, valued
from scalar_model import draw_of, table_of
from scalar_processes import Series, Shocks, Values
from scalar_sanctions import World, without_sanctions
from scalar_whole import handed_over, promise_of

Worths = dict[str, float]


@dataclass(frozen=True)
class Future:
    """One draw in one world."""

    draw: Draw
    operation: Operation
    course: Course
    lines: Mapping[str, Series]
    """Lines of the project, then those of the company and its loans."""
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Given:
    """What is the same in every world: one draw and what was agreed."""

    values: Values
    shocks: Shocks
    events: Mapping[str, Faults] | None
    periods: int
    plan: Plan


def lived(given: Given, world: World) -> Future:
    """Return one draw in one world."""
    values, plan = given.values, given.plan
    promise: Promise = promise_of(plan, values["financing"]) if values["financing"] else NOBODY
    draw = draw_of(values, given.shocks, given.events, given.periods, world, promise)
    table = table_of(draw)
    operation = handed_over(draw, table)
    course = Course(plan, operation).run(operation.last)
    check_cash(course)
    check_balance_sheet(course)
    found: dict[str, Any] = metrics(values, draw.money, draw.cod, table, draw.built, world)
    found |= finance_metrics(course)
    found["seized"] = float(draw.seized is not None)
    lines: Any = {**table, **lines_of(course)}
    return Future(draw, operation, course, lines, found)


def with_and_without(given: Given, world: World) -> tuple[Future, dict[str, Any]]:
    """Return one draw in its world, and all its metrics: those of sanctions and who bears them included."""
    here, there = lived(given, world), lived(given, without_sanctions(world))
    found = {**here.metrics, **cost_of_sanctions(here.metrics, there.metrics)}
    mine, others = worths(here), worths(there)
    found |= {f"change_for_{party}": worth - others[party] for party, worth in mine.items()}
    found["change_in_total"] = total(here) - total(there)
    changes = math.fsum(worth - others[party] for party, worth in mine.items())
    size = max(1.0, *(abs(x) for x in (*mine.values(), *others.values())))
    assert abs(changes - found["change_in_total"]) <= 1e-9 * size, "what parties bear is not the total"
    return here, found


# --- §7 -----------------------------------------------------------------------------------------------------------


def cost_of_sanctions(here: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, float]:
    """Return what sanctions cost in money and in time."""
    lost = there["project_npv_usd"] - here["project_npv_usd"]
    payback, calm = here["project_payback_years"], there["project_payback_years"]
    pays, paid = math.isfinite(payback), math.isfinite(calm)
    delay = here["cod_years"] - there["cod_years"] if math.isfinite(here["cod_years"]) else math.inf
    return {
        "cost_of_sanctions_usd": lost,
        "cost_of_sanctions_to_sponsors_usd": there["equity_npv_usd"] - here["equity_npv_usd"],
        "sanctions_save_money": float(lost < 0.0),
        "cod_delay_years": delay,
        "cost_of_sanctions_years": payback - calm if pays and paid else math.nan,
        "pays_with_and_without": float(pays and paid),
        "pays_only_without_sanctions": float(paid and not pays),
        "pays_only_with_sanctions": float(pays and not paid),
        "pays_in_neither": float(not pays and not paid),
    }


# --- §8 -----------------------------------------------------------------------------------------------------------


def factors(future: Future) -> Valued:
    """Return the rows with the discount factors of the project."""
    return valued(future.draw.values, future.draw.money, future.lines)


def worth(v: Valued, late: Series, middle: Series | None = None) -> float:
    """Return the present value of a flow at the end of rows, and of one in their middle."""
    found = math.fsum(f * x for f, x in zip(v.factor_end, late, strict=True))
    return found + (math.fsum(f * x for f, x in zip(v.factor_middle, middle, strict=True)) if middle else 0.0)


def total(future: Future) -> float:
    """Return the present value of the project's cash as buyers pay it, before tax and financing."""
    line = future.lines
    kept = zip(line["ebitda"], line["blocked"], line["released"], strict=True)
    return worth(factors(future), [a + b - c for a, b, c in kept], [-x for x in line["capex"]])


def increase(line: Series) -> Series:
    """Return what each row adds to a balance."""
    return [after - before for before, after in zip([0.0, *line[:-1]], line, strict=True)]


def worths(future: Future) -> Worths:
    """Return the present value of every party's flows."""
    v, course, line = factors(future), future.course, future.lines
    found = {**of_owners(future, v), **of_lenders(future, v), **of_states(future, v)}
    found["seizing_state"] += worth(v, line["confiscated"])
    found["suppliers"] = worth(v, [row["costs_caught_up"] - row["unpaid_costs"] for row in course.rows])
    early = line["grants_middle"]
    late = [middle - paid for middle, paid in zip(early, line["grants"], strict=True)]
    found["grants"] = worth(v, late, [-x for x in early])
    found["banks"] = worth(v, [-x for x in line["reserve_interest"]])
    held = [a + b for a, b in zip(line["cash_balance"], line["reserves"], strict=True)]
    found["cash_in_company"] = worth(v, increase(held))
    gone = zip(increase(list(line["blocked_balance"])), line["lost"], strict=True)
    found["blocked_accounts"] = worth(v, [a + b for a, b in gone])
    return found


def of_owners(future: Future, v: Valued) -> Worths:
    """Return the worth of the sponsors by nation, of the seizing state and of what is held for blocked owners."""
    history, found = future.course.owners.history, {}
    for nation in history[0]:
        rows = [row[nation] for row in history]
        late = [row["gets"] - row["tax"] - row["pays"] + row["pays_middle"] for row in rows]
        party = "seizing_state" if nation == "state" else f"sponsors_{nation}"
        found[party] = worth(v, late, [-row["pays_middle"] for row in rows])
    found["held_dividends"] = worth(v, increase([sum(party["held"] for party in row.values()) for row in history]))
    return found


def of_lenders(future: Future, v: Valued) -> Worths:
    """Return the worth of every lender's flows, in US dollars of the row."""
    found = {}
    for loan in future.course.loans:
        early = [row["drawn_middle"] / x for row, x in zip(loan.history, loan.exchange, strict=True)]
        late = []
        for row, x in zip(loan.history, loan.exchange, strict=True):
            received = row["interest"] + row["interest_capitalised"] + row["principal"]
            late.append((received - row["drawn"] + row["drawn_middle"]) / x + row["fees"])
        found[f"lender_{loan.name}"] = worth(v, late, [-x for x in early])
    return found


def of_states(future: Future, v: Valued) -> Worths:
    """Return the worth of each state's tax on profit and of what is withheld."""
    course, states = future.course, future.draw.values["tax"]["jurisdictions"]
    found = {name: worth(v, [row[name] for row in course.tax_by_state]) for name in states}
    for loan in course.loans:
        interest = [row["interest"] + row["interest_capitalised"] for row in loan.history]
        kept = [x * loan.gross_up / rate for x, rate in zip(interest, loan.exchange, strict=True)]
        share_out(found, states, loan.terms["nation"], worth(v, kept))
    for nation in course.owners.shares:
        share_out(found, states, nation, worth(v, [row[nation]["tax"] for row in course.owners.history]))
    return {f"state_{name}": value for name, value in found.items()}


def share_out(found: Worths, states: Values, nation: str, amount: float) -> None:
    """Give what is withheld on payments to a nation to the states that do not bear its name, by their shares."""
    others = [name for name in states if name != nation] or list(states)
    whole = sum(states[name]["share"] for name in others)
    if not whole > 0.0:
        others, whole = list(states), sum(terms["share"] for terms in states.values())
    for name in others:
        found[name] += amount * states[name]["share"] / whole
