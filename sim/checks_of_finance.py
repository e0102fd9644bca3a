"""Checks of the financing block: sizes, interest, times and covenants of loans, the lenders' case; what does nothing.

Each loan is checked by itself, so that what cannot be read of one hides nothing of the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from sim.base import correlations, reach
from sim.base.quantities import Leaf
from sim.base.reach import Finding
from sim.base.words import closest, shown, suggestion
from sim.model.macro import Macro
from sim.model.metrics import Evaluation
from sim.model.terms import Case, Financing, Tranche
from sim.sections import Scenario

Check = Callable[[], Iterator[Finding]]
_EQUITY_RATES = ("equity_discount_rate_real", "equity_discount_rate_nominal")
_COVENANTS = {"lock_up_dscr": "locked", "default_dscr": "in breach"}
_WHOLE = 0.01
"""Part of a period by which years may miss a whole number of periods: months cannot be written exactly."""


def checks(
    written: Scenario,
    leaves: Mapping[str, Leaf],
    shocks: list[str],
    unread: frozenset[str],
    span: Callable[[], float],
) -> Iterator[Check]:
    """Yield the checks of the financing, each to be made by itself; ``span``: years that the horizon does not pass."""
    yield lambda: _equity_rates(written.evaluation)
    terms = written.financing
    if not isinstance(terms, Financing):
        return
    yield lambda: _sponsors(terms)
    yield lambda: _shares(terms)
    yield lambda: _grants(terms)
    yield lambda: _at_least_one("financing.target_llcr", terms.target_llcr)
    yield lambda: _case(terms.case, leaves, shocks, unread)
    for name, loan in (terms.tranches if isinstance(terms.tranches, dict) else {}).items():
        if isinstance(loan, Tranche):
            path = f"financing.tranches.{name}"
            yield partial(_size, path, loan)
            yield partial(_interest, path, loan)
            yield partial(_reference, path, loan, written.macro)
            yield partial(_compounding, path, loan, written, span)
            yield partial(_times, path, loan, written)
            yield partial(_at_least_one, f"{path}.target_dscr", loan.target_dscr)
            yield partial(_covenants, path, loan, terms)
    yield lambda: _owners_interest(terms, span)


def warnings(written: Scenario) -> list[str]:
    """Return what is legal in the financing but probably not meant, or does nothing."""
    terms = written.financing
    strangers = [nation for nation in written.tax.withholding if nation not in _nations(terms)]
    found = [
        f"tax.withholding.{nation} is not used: no sponsor and no lender is of that nation" for nation in strangers
    ]
    for nation in sorted(_nations(terms) - set(written.tax.withholding)):
        near = closest(nation, written.tax.withholding)
        if near is not None:
            found.append(f"nation {nation} has no tax.withholding, so nothing is withheld; did you mean {near}?")
    if terms is None:
        given = [name for name in _EQUITY_RATES if getattr(written.evaluation, name) is not None]
        return found + [f"evaluation.{name} does nothing without financing" for name in given]
    if not terms.tranches:
        given = [name for name in ("gearing_cap", "target_llcr") if getattr(terms, name) is not None]
        found += [f"financing.{name} does nothing without tranches" for name in given]
    if terms.case.exceedance != 0.5 and not _doubtful(written):
        found.append("financing.case.exceedance does nothing: no number and no process is uncertain")
    for name, loan in terms.tranches.items():
        tested = _tested(loan, terms)
        for key, state in _COVENANTS.items():
            level = getattr(loan, key)
            if loan.target_dscr is None and level is not None and level > tested:
                found.append(
                    f"financing.tranches.{name}.{key} {level:g} is above the DSCR that the loans are sized to "
                    f"({tested:g}): they can be {state} from the first day; add target_dscr, or {key}: null"
                )
    return found


def references(written: Scenario) -> set[str]:
    """Return the dotted paths of the reference rates that loans have."""
    loans = written.financing.tranches.values() if written.financing is not None else ()
    return {f"macro.reference_rates.{loan.reference}" for loan in loans}


# --- who pays how much --------------------------------------------------------------------------------------------


def _equity_rates(evaluation: Evaluation) -> Iterator[Finding]:
    first, second = _EQUITY_RATES
    if getattr(evaluation, first) is not None and getattr(evaluation, second) is not None:
        message = f"cannot stand beside {first}"
        yield f"evaluation.{second}", message, f"delete one of them ({first}: null)"


def _sponsors(terms: Financing) -> Iterator[Finding]:
    total = sum(sponsor.share for sponsor in terms.sponsors.values())
    if terms.sponsors and abs(total - 1.0) > 1e-9:
        yield "financing.sponsors", f"the shares sum to {total:g}, not to 1", "change the shares"


def _shares(terms: Financing) -> Iterator[Finding]:
    """Yield where shares of the loans leave too much or too little; a loan without any size has its own finding."""
    shares = [loan.share for loan in terms.tranches.values() if loan.share is not None]
    total = sum(shares)
    if total > 1.0 + 1e-9:
        yield "financing.tranches", f"the shares sum to {total:g}, more than 1", "change the shares"
    elif len(shares) == len(terms.tranches) > 0 and total < 1.0 - 1e-9:
        cure = "change the shares, or add a loan with ceiling_million and no share"
        yield "financing.tranches", f"the shares sum to {total:g}, not to 1", cure


def _grants(terms: Financing) -> Iterator[Finding]:
    for name, grant in terms.grants.items():
        path = f"financing.grants.{name}"
        if grant.share_of_uses is None and grant.amount_million is None:
            yield path, "none of share_of_uses, amount_million is given", "give exactly one of them"
        if grant.share_of_uses is not None and grant.amount_million is not None:
            cure = "delete one of them (share_of_uses: null)"
            yield f"{path}.amount_million", "cannot stand beside share_of_uses", cure
    given = sum(grant.share_of_uses or 0.0 for grant in terms.grants.values())
    if given > 1.0 + 1e-9:
        yield "financing.grants", f"pay {given:g} of all uses, more than all", "make share_of_uses smaller"
    elif terms.gearing_cap is not None and given + terms.gearing_cap > 1.0 + 1e-9:
        message = f"{terms.gearing_cap:g} of all uses is more than grants of {given:g} leave"
        yield "financing.gearing_cap", message, f"write at most {1.0 - given:g}, or make the grants smaller"


def _size(path: str, loan: Tranche) -> Iterator[Finding]:
    if loan.share is None and loan.ceiling_million is None:
        yield path, "the loan has no size", "give share, ceiling_million or both"


# --- interest -----------------------------------------------------------------------------------------------------


def _interest(path: str, loan: Tranche) -> Iterator[Finding]:
    """Yield where interest is not exactly one of ``rate`` and (``reference`` and ``margin``)."""
    floating = [key for key in ("reference", "margin", "margin_construction") if getattr(loan, key) is not None]
    if loan.rate is not None and floating:
        cure = f"delete it, or what floats ({', '.join(f'{key}: null' for key in floating)})"
        yield f"{path}.rate", f"a fixed rate cannot stand beside {', '.join(floating)}", cure
    elif loan.rate is None and not floating:
        yield path, "the loan has no interest", "give rate, or reference and margin"
    elif floating and loan.reference is None:
        yield f"{path}.{floating[0]}", "does nothing without reference", "add reference, or give rate instead"
    elif floating and loan.margin is None:
        yield f"{path}.reference", "is given without margin", "add margin, such as 0.02"


def _reference(path: str, loan: Tranche, macro: Macro) -> Iterator[Finding]:
    known = macro.reference_rates
    if isinstance(loan.reference, str) and loan.reference not in known:
        cure = suggestion(loan.reference, known, "add it or name one that is there")
        yield f"{path}.reference", f"there is no macro.reference_rates.{shown(loan.reference)[1:-1]}", cure


def _compounding(path: str, loan: Tranche, written: Scenario, span: Callable[[], float]) -> Iterator[Finding]:
    """Yield where arrears would grow beyond all numbers over the horizon."""
    years, terms = span(), written.financing
    if loan.rate is not None:
        key, highest = "rate", reach.high(loan.rate)
    elif loan.margin is not None and loan.reference in written.macro.reference_rates:
        margins = [margin for margin in (loan.margin, loan.margin_construction) if margin is not None]
        process = written.macro.reference_rates[loan.reference]
        key, highest = "margin", reach.levels(process, years)[1] + max(map(reach.high, margins))
    else:
        return
    late = reach.high(terms.penalty_margin) if terms is not None else 0.0
    yield from _too_dear(f"{path}.{key}", highest + late, years)


def _owners_interest(terms: Financing, span: Callable[[], float]) -> Iterator[Finding]:
    if terms.shareholder_loan is not None:
        yield from _too_dear("financing.shareholder_loan.rate", reach.high(terms.shareholder_loan.rate), span())


def _too_dear(path: str, highest: float, years: float) -> Iterator[Finding]:
    if reach.compound(0.0, highest, years) > reach.GROWTH:
        message = f"interest of up to {highest:.3g} a year compounds beyond all numbers in {years:.0f} years"
        yield path, message, "write rates as fractions, such as 0.05, and keep them moderate"


# --- times and covenants ------------------------------------------------------------------------------------------


def _times(path: str, loan: Tranche, written: Scenario) -> Iterator[Finding]:
    """Yield where tenor and grace are no whole periods, leave none to repay in, or must outlast the operation."""
    m, terms = written.timeline.periods_per_year, written.financing
    rows, grace = round(loan.tenor_years * m), round(loan.grace_years * m)
    if rows < 1:
        message = f"{loan.tenor_years:g} years are shorter than one period"
        yield f"{path}.tenor_years", message, f"write at least {1.0 / m:.6g}"
        return
    for key, years, whole in (("tenor_years", loan.tenor_years, rows), ("grace_years", loan.grace_years, grace)):
        if abs(years * m - whole) > _WHOLE:
            message = f"{years:g} years are not a whole number of periods, of which a year has {m}"
            cure = f"write {whole / m:.6g}, or use a finer timeline.periods_per_year"
            yield f"{path}.{key}", message, cure
    if grace >= rows:
        message = f"{loan.grace_years:g} years of grace leave no period to repay in, of {loan.tenor_years:g} years"
        yield f"{path}.grace_years", message, f"write at most {(rows - 1) / m:.6g}, or a longer tenor_years"
    slack = terms.first_repayment_slack_years if terms is not None else 0.0
    life = reach.high(written.timeline.operation_years)
    room = math.floor((life - slack) * m + 1e-6)
    if rows > room:
        message = f"the loan matures {loan.tenor_years + slack:g} years after COD, and operation lasts at most {life:g}"
        shorter = f"write at most {room / m:.6g}" if room > 0 else "make first_repayment_slack_years shorter"
        yield f"{path}.tenor_years", message, f"{shorter}, or make timeline.operation_years longer"


def _at_least_one(path: str, target: float | None) -> Iterator[Finding]:
    if target is not None and target < 1.0:
        message = f"{target:g} is below 1: more than the cash can repay"
        yield path, message, "write 1 or more, such as 1.3, or delete it"


def _tested(loan: Tranche, terms: Financing) -> float:
    """Return the DSCR of a loan's rank that sizing sees to: the highest target of its own rank and those behind it."""
    targets = (o.target_dscr for o in terms.tranches.values() if o.seniority >= loan.seniority)
    return max((target for target in targets if target is not None), default=1.0)


def _covenants(path: str, loan: Tranche, terms: Financing) -> Iterator[Finding]:
    lock_up, default, target = loan.lock_up_dscr, loan.default_dscr, loan.target_dscr
    if lock_up is not None and default is not None and default > lock_up:
        message = f"{default:g} is above lock_up_dscr {lock_up:g}: the loan would be in default before it is locked"
        yield f"{path}.default_dscr", message, f"write at most {lock_up:g}, or raise lock_up_dscr"
    if target is None:
        return
    tested = _tested(loan, terms)
    for key, state in _COVENANTS.items():
        level = getattr(loan, key)
        if level is not None and level > tested:
            message = f"{level:g} is above target_dscr {target:g}: the loan would be {state} from the first day"
            yield f"{path}.{key}", message, f"write less than {target:g}, or raise target_dscr"


# --- the lenders' case, and who there is --------------------------------------------------------------------------


def _case(case: Case, leaves: Mapping[str, Leaf], shocks: list[str], unread: frozenset[str]) -> Iterator[Finding]:
    """Yield the percentiles of what has none."""
    known = [*(path for path, leaf in leaves.items() if not leaf.certain), *shocks]
    for name in case.percentiles:
        path = f"financing.case.percentiles.{name}"
        if not isinstance(name, str) or name in known or correlations.hidden(name, unread):
            continue
        if name in leaves:
            yield path, f"{name} is one certain number", "give it a distribution, or delete its percentile"
        else:
            message = f"{shown(name)[1:-1]} is no uncertain number and no process with shocks"
            yield path, message, suggestion(name, known, "name the dotted path of a distribution or a process")


def _nations(terms: Financing | None) -> set[str]:
    if terms is None:
        return set()
    return {owner.nation for owner in terms.sponsors.values()} | {loan.nation for loan in terms.tranches.values()}


def _doubtful(written: Scenario) -> bool:
    """Say whether anything is uncertain: a distribution, or a process with shocks."""
    for _, section in reach.sections(written):
        values = [getattr(section, name) for name in type(section).model_fields]
        values += [inner for value in values if isinstance(value, dict) for inner in value.values()]
        if hasattr(section, "volatility") or any(isinstance(v, Leaf) and not v.certain for v in values):
            return True
    return False
