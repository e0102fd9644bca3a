"""What was agreed on the lenders' case, for the page of ``check``: loans, public money, sponsors, reserves."""

from __future__ import annotations

from collections.abc import Iterator

from sim.model.loans import Plan
from sim.model.metrics import Evaluation
from sim.model.terms import Financing, Tranche
from sim.report.format import MISSING, lent, number, percent, usd
from sim.scenario import Scenario
from sim.study.check_layout import Row, rate

TITLE = "Financing, on the lenders' case; DSCR: the least that is asked for"


def loans(plan: Plan, terms: Financing) -> list[Row]:
    """Return the rows of the table of loans with their heads; empty without loans."""
    rows: list[Row] = [("tranche", "million", "in USD", "of uses", "tenor", "repaid", "DSCR", "rate")]
    for loan in plan.loans:
        tranche = terms.tranches[loan.name]
        own = f"{number(loan.commitment / 1e6, 0)} {tranche.currency.upper()}"
        dollars = number(loan.part * plan.uses_usd / 1e6, 0)
        grace = f" ({tranche.grace_years:g} grace)" if tranche.grace_years else ""
        tenor = f"{tranche.tenor_years:g} years{grace}"
        target = MISSING if tranche.target_dscr is None else number(tranche.target_dscr, 2)
        share = percent(loan.part)
        rows.append((loan.name, own, dollars, share, tenor, tranche.profile.replace("_", " "), target, _rate(tranche)))
    return rows if len(rows) > 1 else []


def _rate(tranche: Tranche) -> str:
    if tranche.rate is not None:
        return f"{rate(float(tranche.rate[0]))} fixed"
    assert tranche.margin is not None
    return f"{tranche.reference} + {rate(float(tranche.margin[0]))}"


def remarks(plan: Plan, scenario: Scenario, terms: Financing) -> Iterator[tuple[str, str]]:
    """Yield label and text of each line below the table."""
    yield "debt", lent(plan)
    if plan.grants:
        yield "grants", "; ".join(f"{g.name} {usd(g.amount_usd)}, {percent(g.part)} of uses" for g in plan.grants)
    part = plan.equity_usd / plan.uses_usd if plan.uses_usd > 0.0 else 0.0
    names = ", ".join(f"{name} {percent(owner.share, 0)}" for name, owner in terms.sponsors.items())
    own = terms.shareholder_loan
    as_loan = f"; {percent(own.share, 0)} of it lent at {rate(float(own.rate[0]))}" if own is not None else ""
    yield "sponsors", f"{usd(plan.equity_usd)}, {percent(part)} of uses{f' ({names})' if names else ''}{as_loan}"
    yield "reserves", _reserves(plan, scenario, terms)


def _reserves(plan: Plan, scenario: Scenario, terms: Financing) -> str:
    found = []
    if sum(plan.service_reserve) > 0.0:
        held = [(name, tranche.dsra_months) for name, tranche in terms.tranches.items() if tranche.dsra_months > 0.0]
        counts = sorted({count for _, count in held})
        named = {count: " and ".join(name for name, own in held if own == count) for count in counts}
        alike = len(counts) == 1 and len(held) == len(terms.tranches)
        months = "; ".join(f"{count:g} months {'each' if alike else f'of {named[count]}'}" for count in counts)
        found.append(f"debt service {usd(sum(plan.service_reserve))} at COD ({months})")
    if plan.operating_reserve > 0.0:
        found.append(f"operating cost {usd(plan.operating_reserve)} at COD ({terms.om_reserve_months:g} months)")
    renewed = [name for name, part in scenario.costs.replacements.items() if part.reserve_funded]
    if renewed:
        found.append(f"set aside for renewal of {', '.join(renewed)}")
    return f"{'; '.join(found)}; they earn {rate(float(terms.reserve_rate[0]))}" if found else "none"


def discount(evaluation: Evaluation, sponsors: bool) -> str:
    """Return the discount rates of the project and, where there are sponsors, theirs."""
    project = _discount(evaluation, "")
    return f"{project}; sponsors {_discount(evaluation, 'equity_') or 'the same'}" if sponsors else project


def _discount(evaluation: Evaluation, whose: str) -> str:
    for kind in ("real", "nominal"):
        given = getattr(evaluation, f"{whose}discount_rate_{kind}")
        if given is not None:
            return f"{rate(float(given[0]))} {kind}"
    return ""
