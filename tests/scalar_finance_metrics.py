"""Scalar reference model of the financing, fourth part: who gets what it is worth (docs/financing.md §8, §9)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scalar_finance import Course
from scalar_loans import Loan, Operation, Plan
from scalar_metrics import Valued, irr, payback, peak_funding
from scalar_processes import Series, year_of_row

Found = dict[str, float | list[float]]


def financed(plan: Plan, op: Operation) -> Found:
    """Return the lines and the metrics of one draw; the identities of §8 hold in every row."""
    course = Course(plan, op).run(op.last)
    check_cash(course)
    check_balance_sheet(course)
    return {**lines_of(course), **metrics(course)}


def lines_of(course: Course) -> Found:
    """Return the lines of a draw, US dollars, and of each tranche (``LINE_of_TRANCHE``), currency."""
    found: Found = {name: column(course, name) for name in course.rows[0]}
    for loan in course.loans:
        found |= {f"{line}_of_{loan.name}": [row[line] for row in loan.history] for line in loan.history[0]}
    return found


def column(course: Course, name: str) -> Series:
    """Return a line."""
    return [row[name] for row in course.rows]


# --- §8 -----------------------------------------------------------------------------------------------------------

SOURCES = ("reserve_interest", "grants", "debt_drawn", "equity_paid_in", "unpaid_costs")
USES = (
    *("costs_caught_up", "capex", "fees", "interest_capitalised", "interest_paid", "principal_paid"),
    *("withholding", "tax_paid", "distributions"),
)


def size_of(course: Course) -> float:
    """Return the size of the flows, against which rounding is held."""
    return max(1.0, *(abs(x) for row in course.rows for x in (row["capex"], row["debt_balance"], row["distributions"])))


def check_cash(course: Course) -> None:
    """All that comes in goes out or stays, in every row."""
    held = 0.0
    for k, row in enumerate(course.rows):
        coming = course.op.ebitda[k] + sum(row[name] for name in SOURCES)
        change = row["cash_balance"] + row["reserves"] - held
        gap = coming - sum(row[name] for name in USES) - change
        assert abs(gap) <= 1e-9 * size_of(course), f"row {k}: {gap} is missing"
        held += change


def check_balance_sheet(course: Course) -> None:
    """Assets equal claims in every row; retained earnings are summed up from what was earned, not from cash."""
    op, life = course.op, float(course.op.values["timeline"]["operation_years"])
    cost = written = retained = capital = granted = 0.0
    whole = sum(row["uses"] - row["first_reserves"] for row in course.rows)
    for k, row in enumerate(course.rows):
        cost += row["uses"] - row["first_reserves"]
        age = min(max(k / op.m - op.cod, 0.0), life) / life if op.cod <= op.last / op.m else 0.0
        depreciated, written = whole * age - written, whole * age
        earned = op.ebitda[k] + row["reserve_interest"] + row["written_off"]
        spent = row["interest_due"] + (row["withholding"] - row["idc_withheld"]) + row["shareholder_interest"]
        spent += row["tax_paid"] + depreciated + row["dividends"]
        retained += earned - spent + exchange_gain(course, k)
        capital += row["equity_paid_in"] - row["lent"] + row["forgiven"]
        granted += row["grants"]
        assets = cost - written + row["cash_balance"] + row["reserves"]
        claims = row["debt_balance"] + row["costs_owed"] + row["shareholder_loan"] + capital + granted + retained
        assert abs(assets - claims) <= 1e-9 * max(size_of(course), whole), f"row {k}: {assets} against {claims}"


def exchange_gain(course: Course, k: int) -> float:
    """Return what claims at the end of row k - 1 lost in US dollars by the exchange rate of row k."""
    gain = 0.0
    for loan in course.loans if k > 0 else []:
        gain += loan.history[k - 1]["balance"] * (1.0 / loan.exchange[k - 1] - 1.0 / loan.exchange[k])
    return gain


# --- §9 -----------------------------------------------------------------------------------------------------------


def metrics(course: Course) -> Found:
    """Return all metrics of one draw."""
    promised = course.plan.equity * course.op.kappa * (1.0 + course.terms["standby_equity_share"])
    debt, uses = sum(column(course, "debt_drawn")), sum(column(course, "uses"))
    return {
        **of_sponsors(course),
        "funding_gap_usd": max(sum(column(course, "building")) - promised, 0.0),
        "debt_usd": debt,
        "gearing": debt / uses if uses else math.nan,
        **cover(course),
        "defaulted": float(course.default is not None),
        "missed_payment": max(column(course, "missed")),
        "years_in_default": sum(column(course, "in_default")) / course.m,
        "unpaid_costs_usd": course.rows[-1]["costs_owed"],
        "equity_wiped_out": float(sum(column(course, "written_off")) > 0.0),
        **losses(course),
    }


def equity_valued(course: Course) -> Valued:
    """Return sponsors' flows with their times and factors: their part of capex in mid-period, all else at the end."""
    op, rate = course.op, course.op.values["evaluation"]
    end = [k / op.m for k in range(op.last + 1)]
    middle = [max(t - 0.5 / op.m, 0.0) for t in end]
    real, nominal = rate["equity_discount_rate_real"], rate["equity_discount_rate_nominal"]
    if real is None and nominal is None:
        real, nominal = rate["discount_rate_real"], rate["discount_rate_nominal"]
    factors = []
    for times, deflators in ((end, op.deflator_end), (middle, op.deflator_middle)):
        if nominal is not None:
            factors.append([(1.0 + nominal) ** -t for t in times])
        else:
            factors.append([(1.0 + real) ** -t / d for t, d in zip(times, deflators, strict=True)])
    early = column(course, "sponsors_pay_middle")
    late = [row["equity_flow"] + row["sponsors_pay_middle"] for row in course.rows]
    table = {"ebitda": late, "tax": [0.0] * len(late), "capex": early, "net": column(course, "equity_flow")}
    return Valued(op.m, table, end, middle, op.deflator_end, op.deflator_middle, factors[0], factors[1])


def of_sponsors(course: Course) -> Found:
    """Return the metrics of equity_flow."""
    v = equity_valued(course)
    ones = [1.0] * len(v.end)
    paid_in, received = sum(column(course, "sponsors_pay")), sum(column(course, "sponsors_get"))
    npv = math.fsum(f * x for f, x in zip(v.factor_end, v.operating, strict=True))
    npv -= math.fsum(f * x for f, x in zip(v.factor_middle, v.table["capex"], strict=True))
    root = irr(v)
    return {
        "equity_npv_usd": npv,
        "equity_irr": math.nan if root is None else root,
        "equity_payback_years": payback(v, ones, ones),
        "equity_payback_discounted_years": payback(v, v.factor_end, v.factor_middle),
        "equity_moic": received / paid_in if paid_in > 0.0 else math.nan,
        "equity_invested_usd": paid_in,
        "equity_peak_funding_usd": peak_funding(v.table["net"]),
    }


def cover(course: Course) -> Found:
    """Return the ratios of cash to debt service and to debt."""
    op, plan = course.op, course.plan
    known = [(row["dscr"], k) for k, row in enumerate(course.rows) if not math.isnan(row["dscr"])]
    least = min(known) if known else (math.nan, -1)
    start = plan.start + course.moved
    owed = course.rows[start]["debt_balance"] if 0 <= start <= op.last else 0.0
    worth, factor, by_loan_life = 0.0, 1.0, math.nan
    for k in range(start + 1, op.last + 1):
        factor /= 1.0 + plan.mean_rate[min(max(k - course.moved, 0), op.last)] / op.m
        worth += course.rows[k]["cfads"] * factor
        if k == min(start + plan.longest, op.last):
            by_loan_life = worth
    return {
        "dscr_min": least[0],
        "dscr_mean": sum(value for value, _ in known) / len(known) if known else math.nan,
        "dscr_min_year": op.values["timeline"]["start_year"] + year_of_row(least[1], op.m) if known else math.nan,
        "llcr": by_loan_life / owed if owed > 0.0 else math.nan,
        "plcr": worth / owed if owed > 0.0 else math.nan,
    }


def present_values(loan: Loan, m: int) -> tuple[float, float]:
    """Return what a lender paid and received, both at the loan's own rate and in US dollars of time zero."""
    lent = received = 0.0
    factor = 1.0
    for k, row in enumerate(loan.history):
        accrual = loan.rho[k] / m if k > 0 else 0.0
        factor /= 1.0 + accrual
        late = row["drawn"] - row["drawn_middle"]
        lent += factor * (row["drawn_middle"] * (1.0 + 0.5 * accrual) + late)
        received += factor * (row["interest"] + row["interest_capitalised"] + row["principal"])
    return lent / loan.exchange[0], received / loan.exchange[0]


def losses(course: Course) -> Mapping[str, float]:
    """Return lenders' losses, in US dollars and as shares of what they lent."""
    found, all_lost, all_lent = {}, 0.0, 0.0
    for loan in course.loans:
        lent, received = present_values(loan, course.m)
        lost = max(lent - received, 0.0)
        found[f"loss_share_of_{loan.name}"] = lost / lent if lent > 0.0 else math.nan
        all_lost, all_lent = all_lost + lost, all_lent + lent
    found["lenders_loss_usd"] = all_lost
    found["lenders_loss_share"] = all_lost / all_lent if all_lent > 0.0 else math.nan
    return found
