"""What a lender wants to follow line by line: sources and uses, cash-flow waterfall, debt schedules, balance sheet.

Everything is read from the records of one case (`statement_rows`); docs/financing.md says how to read it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np

from sim.base.sampling import REPLICATE, Chance, LendersCase
from sim.errors import ScenarioError
from sim.model.costs import Replacement
from sim.prepare import prepare
from sim.scenario import Spec, from_data
from sim.sheets import Amount, Columns, Facts, Funding, Line, Part, Politics, Sheet, Statement
from sim.study.statement_books import balance, debt, income
from sim.study.statement_rows import Case
from sim.study.trace_inputs import OneDraw
from sim.tables import Table

CAPITAL = {"contingency": "contingency beyond overruns", "remobilisation": "remobilisation after stops"}


def statement(spec: Spec, draw: int | None = None, seed: int = 1, by_period: bool = False) -> Statement:
    """Return the statement of the lenders' case or of a draw; without a ``financing`` section sponsors pay all."""
    if draw is not None and draw < 0:
        raise ScenarioError.single(f"{draw} is no draw", where="--draw", cure="count draws from 0")
    financed = spec.written.financing is not None
    model = prepare(spec if financed else from_data(spec.name, {**spec.data, "financing": {}}))
    agreed = Case.of(model, model.lenders, by_period)
    case = agreed
    if draw is not None:
        chance: Chance = OneDraw(seed, (draw // REPLICATE,), draw % REPLICATE)
        case = Case.of(model, chance, by_period)
    flows, schedules = waterfall(case), debt(case)
    return Statement(
        facts=_facts(spec, case, draw, seed, financed),
        funding=_funding(case, agreed),
        columns=_columns(case, (flows, *schedules)),
        waterfall=flows,
        debt=schedules,
        income=income(case),
        balance=balance(case),
    )


def _facts(spec: Spec, case: Case, draw: int | None, seed: int, financed: bool) -> Facts:
    calendar, cod = case.calendar, float(np.max(case.block.stage.clock.cod_years))
    row = math.ceil(cod * case.grid.periods_per_year - 1e-9) if math.isfinite(cod) else 0
    failed = np.flatnonzero(case["defaulted"])
    return Facts(
        title=spec.written.title,
        name=spec.name,
        draw=draw,
        seed=seed,
        cod_years=cod,
        cod_year=case.grid.start_year + int(case.grid.year[min(row, case.grid.periods)]),
        life_years=float(case.block.stage.life[0]),
        defaulted=calendar.label(int(failed[0])) if failed.size else "",
        locked=calendar.where(case["locked"] > 0.0),
        supported=calendar.where(case["support"] >= 0.005),
        written_off=float(case["written_off"].sum()),
        support=float(case["support"].sum()),
        unpaid=float(case.owed_costs[-1]),
        financed=financed,
        politics=_politics(spec, case, draw is not None),
    )


def _politics(spec: Spec, case: Case, drawn: bool) -> Politics | None:
    """Return what sanctions did to the case."""
    if spec.written.sanctions is None:
        return None
    names, stage, calendar = list(spec.written.sanctions.regimes), case.block.stage, case.calendar
    runs = [list(run) for _, run in groupby(range(case.grid.periods + 1), key=lambda k: case.regimes[k])]
    spans = (_span(names[case.regimes[run[0]]], calendar.label(run[0]), calendar.label(run[-1])) for run in runs)

    def column(row: float) -> str:
        return calendar.label(int(row)) if math.isfinite(row) else ""

    return Politics(
        regimes=", ".join(spans) if drawn else names[case.regimes[0]],
        fid_years=float(stage.clock.fid_row[0]) * case.grid.dt,
        abandoned=column(float(stage.clock.abandoned_row[0])),
        seized=column(float(stage.schedule.seized_row[0])),
        state_share=float(case.state_share[-1]),
        stopped_years=float(stage.clock.stopped_years[0]),
        lost=float(case["revenue_lost"].sum()),
        confiscated=float(case["revenue_confiscated"].sum()),
    )


def _span(name: str, first: str, last: str) -> str:
    return f"{name} {first}" if first == last else f"{name} {first}–{last}"


def _columns(case: Case, sheets: tuple[Sheet, ...]) -> Columns:
    calendar = case.calendar
    moving = [line.values for sheet in sheets for line in sheet.lines if line.money]
    active = [any(abs(value) >= 0.005 for value in column) for column in zip(*moving, strict=True)]
    periods = tuple(range(case.grid.periods + 1)) if calendar.by_period else None
    return Columns(calendar.labels, calendar.years, periods, tuple(active))


# --- sources and uses ---------------------------------------------------------------------------------------------


def _funding(case: Case, agreed: Case) -> Funding:
    """Return sources and uses, with what they were on the lenders' case."""
    planned = {(one.key, one.item): one.usd for part in (_uses, _sources) for one in part(agreed)}

    def beside(amounts: Iterator[Amount]) -> tuple[Amount, ...]:
        return tuple(
            Amount(a.key, a.label, a.usd, a.item, a.currency, a.own, planned.get((a.key, a.item), 0.0)) for a in amounts
        )

    limits = tuple((limit.what, limit.debt_usd) for limit in case.plan.limits)
    return Funding(beside(_uses(case)), beside(_sources(case)), limits, case.plan.steps, case.plan.residual)


def _uses(case: Case) -> Iterator[Amount]:
    for name, spent in case.block.stage.schedule.capex_by_item.items():
        yield Amount("capital_cost", CAPITAL.get(name, name), float(spent[0]), name)
    yield Amount("fees", "fees of the lenders", float(case["fees"].sum()))
    yield Amount("interest", "interest during construction", float(case["interest_capitalised"].sum()))
    yield Amount("withholding", "tax withheld on it", float(case.withheld_building.sum()))
    filled = case.cost_index if float(case["first_reserves"][-1]) > 0.0 else 0.0
    for rank, amount in zip(case.plan.ranks, case.plan.service_reserve, strict=True):
        names = ", ".join(case.plan.loans[i].name for i in rank)
        if any(case.terms.tranches[case.plan.loans[i].name].dsra_months for i in rank):
            yield Amount("first_reserve", f"debt service reserve ({names})", filled * amount, names)
    if case.terms.om_reserve_months:
        yield Amount("first_reserve", "operating reserve", filled * case.plan.operating_reserve, "operating")


def _sources(case: Case) -> Iterator[Amount]:
    for loan in case.loans:
        drawn = loan["drawn"]
        yield Amount("loan", loan.name, float((drawn / loan.fx).sum()), loan.name, loan.currency, float(drawn.sum()))
    if case.plan.grants:
        yield Amount("grants", ", ".join(grant.name for grant in case.plan.grants), float(case["grants"].sum()))
    if case.terms.shareholder_loan is not None:
        yield Amount("shareholder_loan", "shareholder loan", float(case.lent.sum()))
    own = case.building_equity - case.lent
    yield Amount("equity", "equity of the sponsors", float((own * (1.0 - case.state_share)).sum()))
    yield Amount("equity_of_state", "equity of the seizing state", float((own * case.state_share).sum()))


# --- the waterfall ------------------------------------------------------------------------------------------------


def waterfall(case: Case) -> Sheet:
    """Return the cash flow from sales to what sponsors get and what is left in the till; paid out is negative."""
    parts = (_building(case), _operation(case), *_service(case), _rest(case), _till(case), _memo(case))
    return Sheet("Cash-flow waterfall", "USD", (*_regimes(case), *parts))


def _regimes(case: Case) -> tuple[Part, ...]:
    """Return the regime in which each column ends, where there are sanctions; the lenders' case has but one."""
    section = case.block.scenario.sanctions
    if section is None or isinstance(case.block.stage.world.chance, LendersCase):
        return ()
    places = case.calendar.end(case.regimes.astype(np.float64))
    return (Part((Line("regime", "Regime", places, unit="regime", shown="always", names=tuple(section.regimes)),)),)


def _building(case: Case) -> Part:
    line, equity = case.line, case.building_equity - case.lent
    lines = [line("debt_drawn", f"Drawn: {loan.name}", loan["drawn"] / loan.fx, loan.name) for loan in case.loans]
    lines += [
        line("grants", "Grants", case["grants"]),
        line("shareholder_loan_drawn", "Shareholder loan", case.lent),
        line("equity_building", "Equity for building", equity * (1.0 - case.state_share)),
        line("equity_of_state", "Equity of the seizing state", equity * case.state_share),
        line("capex", "Capital cost", -case["capex"]),
        line("fees", "Fees of the lenders", -case["fees"]),
        line("interest_capitalised", "Interest while building", -case["interest_capitalised"]),
        line("withholding_building", "Tax withheld on it", -case.withheld_building),
    ]
    left = np.diff(case["first_reserves"], prepend=0.0)
    return Part(tuple(lines), line("first_reserves", "Into the first reserves", left))


def _operation(case: Case) -> Part:
    line = case.line
    lines = [
        line("revenue_merchant", "Sales on the market", case["revenue_merchant"]),
        line("revenue_ppa", "Sales under contract", case["revenue_ppa"]),
        line("revenue_capacity", "Capacity payments", case["revenue_capacity"]),
        line("revenue_blocked", "Revenue blocked", -case["revenue_blocked"]),
        line("revenue_released", "Blocked revenue released", case["revenue_released"]),
        line("supply_cost", "Cost of power", -case["supply_cost"]),
        line("charges", "Charges", -case["charges"]),
        *(line("operating_cost", f"Operation: {name}", -cost, name) for name, cost in case.operating.items()),
        line("replacements", _renewals(case.block.scenario.costs.replacements), -case["replacements"]),
        line("decommissioning", "Decommissioning", -case["decommissioning"]),
        line("salvage", "Salvage", case["salvage"]),
    ]
    return Part(tuple(lines), line("ebitda", "Operating result (EBITDA)", case["ebitda"]))


def _renewals(entries: dict[str, Replacement]) -> str:
    return f"Renewal: {next(iter(entries))}" if len(entries) == 1 else "Renewals"


def _service(case: Case) -> tuple[Part, Part]:
    """Return the way to CFADS, and what lenders get of it; tax comes before or after, as the terms say."""
    line, before = case.line, case.terms.cfads_basis == "after_tax"
    tax = line("tax_paid", "Tax paid", -case["tax_paid"])
    reserve = np.diff(case["maintenance_reserve"], prepend=0.0)
    renewal = line("maintenance_reserve", "Reserve for renewals", -reserve)
    cash = replace(line("cfads", "For debt service (CFADS)", case["cfads"]), shown="repeated")
    paid = [] if before else [tax]
    for key, label in (("interest", "Interest"), ("principal", "Repaid")):
        paid += [line(f"{key}_paid", f"{label}: {loan.name}", -loan[key] / loan.fx, loan.name) for loan in case.loans]
    paid.append(line("withholding", "Tax withheld on interest", -case.withheld_operating))
    due = case["interest_paid"] + case["principal_paid"] + case.withheld_operating
    after = case["cfads"] - due - (0.0 if before else case["tax_paid"])
    return (
        Part((tax, renewal) if before else (renewal,), cash, carried=True),
        Part(tuple(paid), line("cash_after_debt_service", "Cash after debt service", after), carried=True),
    )


def _rest(case: Case) -> Part:
    line = case.line
    lines = (
        line("first_reserves_in", "First reserves filled", np.diff(case["first_reserves"], prepend=0.0)),
        line("reserve_interest", "Interest on reserves", case["reserve_interest"]),
        line("equity_support", "Support by the sponsors", case["support"] * (1.0 - case.state_share)),
        line("support_of_state", "Support by the seizing state", case["support"] * case.state_share),
        line("unpaid_costs", "Costs left unpaid", case["unpaid_costs"]),
        line("costs_caught_up", "Costs caught up", -case["costs_caught_up"]),
        line("service_reserve", "Debt service reserve", -np.diff(case["service_reserve"], prepend=0.0)),
        line("operating_reserve", "Operating reserve", -np.diff(case["operating_reserve"], prepend=0.0)),
        line("distributions", "Distributions", -case["distributions"]),
    )
    change = np.diff(case["cash_balance"], prepend=0.0)
    return Part(lines, line("cash_change", "Change in cash", change), carried=True)


def _till(case: Case) -> Part:
    opening = Line("cash_opening", "Cash at the start", case.calendar.start(case["cash_balance"]))
    closing = replace(case.held("cash_balance", "Cash at the end", case["cash_balance"]), shown="always")
    return Part((opening,), closing, carried=True)


def _memo(case: Case) -> Part:
    held = case.held
    dscr = Line("dscr", "DSCR", case.calendar.least(case["dscr"]), unit="ratio")
    lines = [
        held("service_reserve_held", "Held: debt service reserve", case["service_reserve"]),
        held("operating_reserve_held", "Held: operating reserve", case["operating_reserve"]),
        held("maintenance_reserve_held", "Held: reserve for renewals", case["maintenance_reserve"]),
        held("blocked_balance", "Held: blocked revenue", case["blocked_balance"]),
        held("dividends_held", "Held for barred owners", case["dividends_held"]),
        case.line("seizing_state", "Net to the seizing state", case["seizing_state"]),
        case.line("sponsor_withholding", "Withheld on distributions", -case["sponsor_withholding"]),
        case.line("equity_flow", "Net to the sponsors", case["equity_flow"]),
    ]
    return Part((*lines, dscr))


# --- tables -------------------------------------------------------------------------------------------------------


def tables(made: Statement) -> list[Table]:
    """Return the statement as tidy tables: one number a row, money as it is and not in millions; no −0."""
    columns = made.columns
    when = ("year",) if columns.periods is None else ("period", "year")
    stamps: list[tuple[int, ...]] = [(year,) for year in columns.years]
    if columns.periods is not None:
        stamps = list(zip(columns.periods, columns.years, strict=True))

    def tidy(name: str, sheets: tuple[Sheet, ...], item: str) -> Table:
        rows = [
            (*stamp, line.key, line.item or sheet.tranche, line.unit, line.values[i] + 0.0)
            for i, stamp in enumerate(stamps)
            for sheet in sheets
            for line in sheet.lines
        ]
        return Table(name, (*when, "line", item, "unit", "value"), rows)

    return [
        _sources_and_uses(made.funding),
        tidy("waterfall.csv", (made.waterfall,), "item"),
        tidy("debt.csv", made.debt, "tranche"),
        tidy("income.csv", (made.income,), "item"),
        tidy("balance_sheet.csv", (made.balance,), "item"),
    ]


def _sources_and_uses(funding: Funding) -> Table:
    rows = [
        (side, one.key, one.item or one.key, one.usd, one.agreed, one.currency or "USD", one.own or one.usd)
        for side, amounts in (("use", funding.uses), ("source", funding.sources))
        for one in amounts
    ]
    rows += [("limit", "debt", what, debt, debt, "USD", debt) for what, debt in funding.limits]
    residual = funding.residual * sum(one.agreed for one in funding.uses)
    rows.append(("residual", "debt", "of the fixed point of its size", residual, residual, "USD", residual))
    columns = ("side", "line", "item", "usd", "usd_lenders_case", "currency", "amount")
    return Table("sources_and_uses.csv", columns, rows)
