"""Random sanctions for the scenarios of ``random_scenarios``, with or without loans; together they use every option."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from random_financing import NATIONS, least
from random_scenarios import START, Data, chance, maybe, number, priced
from scipy.linalg import expm

NAMES = ("calm", "tense", "grave", "closed")


def pace(rng: random.Random) -> object:
    """Return a pace of the works; often none at all."""
    doubtful = {"dist": "discrete", "weights": {0.0: 0.5, 0.6: 0.5}}
    return rng.choice([0.0, 0.0, 0.0, number(rng, 0.2, 0.9), number(rng, 0.2, 0.9), doubtful])


def regime(rng: random.Random, lenders: Sequence[str]) -> Data:
    """Return a regime with a random choice of effects."""
    found: Data = {}
    maybe(rng, found, "pace", pace(rng), 0.55)
    maybe(rng, found, "cost_factor", number(rng, 1.0, 1.8))
    stopped = rng.sample([*NATIONS, *lenders], rng.randint(1, 2))
    maybe(rng, found, "lenders_stop", stopped, 0.45)
    maybe(rng, found, "margin_addon", number(rng, 0.0, 0.04))
    maybe(rng, found, "export_share", rng.choice([0.0, number(rng, 0.2, 1.0)]), 0.4)
    maybe(rng, found, "export_limit_mw", number(rng, 200.0, 2000.0), 0.3)
    maybe(rng, found, "price_discount", number(rng, 0.0, 0.3), 0.4)
    maybe(rng, found, "revenue_blocked", number(rng, 0.0, 1.0), 0.4)
    maybe(rng, found, "insurance_factor", number(rng, 1.0, 4.0))
    maybe(rng, found, "repair_factor", number(rng, 1.0, 4.0), 0.4)
    maybe(rng, found, "dividends_blocked", rng.sample(NATIONS, rng.randint(1, 2)), 0.5)
    maybe(rng, found, "seizure_per_year", number(rng, 0.0, 0.4), 0.4)
    return found


def rates(rng: random.Random, names: Sequence[str]) -> Data:
    """Return yearly rates between regimes; some pairs are left out."""
    found: Data = {}
    for first in names:
        row = {second: number(rng, 0.05, 1.5) for second in names if second != first and chance(rng, 0.7)}
        if row:
            found[first] = row
    return found


def probabilities(rng: random.Random, names: Sequence[str]) -> Data:
    """Return probabilities of a year that some yearly rates lead to."""
    if len(names) == 2:
        ways = ((0, 1, 0.05, 0.4), (1, 0, 0.1, 0.5))
        return {names[i]: {names[j]: number(rng, low, high)} for i, j, low, high in ways}
    matrix = [[rng.uniform(0.02, 0.4) if a != b else 0.0 for b in names] for a in names]
    for i, row in enumerate(matrix):
        row[i] = -sum(row)
    yearly = expm(matrix)
    return {a: {b: float(yearly[i, j]) for j, b in enumerate(names) if i != j} for i, a in enumerate(names)}


def date(rng: random.Random) -> str | int:
    """Return a date around the time of building."""
    year = START + rng.randint(-2, 6)
    return year if chance(rng, 0.4) else f"{year}-{rng.randint(1, 12):02d}"


def script(rng: random.Random, names: Sequence[str]) -> Data:
    """Return dated regimes, no date twice."""
    dates = {str(found).removesuffix("-01"): found for found in (date(rng) for _ in range(rng.randint(1, 5)))}
    found: dict[Any, str] = {written: rng.choice(names) for written in dates.values()}
    return found


def changes(rng: random.Random, names: Sequence[str]) -> Data:
    """Return what makes regimes change: nothing, a script, chance, or first one and then the other."""
    mode = rng.choice(["nothing", "script", "chance", "chance", "chance", "chance", "both", "both"])
    found: Data = {}
    makers: list[tuple[str, Callable[[random.Random, Sequence[str]], Data]]]
    makers = [("rates", rates), ("rates", rates), ("probabilities", probabilities)]
    if mode in ("chance", "both"):
        kind, make = rng.choice(makers)
        made = make(rng, names) if len(names) > 1 else {}
        if made:
            found[kind] = made
    if mode in ("script", "both"):
        found["script"] = script(rng, names)
        if "rates" in found or "probabilities" in found:
            found["chance_from"] = date(rng)
    return found


def stoppage(rng: random.Random) -> Data:
    """Return what a stop means."""
    found = priced(rng, "amount_million", 1.0, 80.0)
    maybe(rng, found, "tax_life_years", number(rng, 2.0, 8.0))
    maybe(rng, found, "restart_years", rng.choice([0.25, number(rng, 0.0, 0.8), 1.25]), 0.7)
    maybe(rng, found, "abandonment_years", rng.choice([0.5, 1.0, 2.0, 3.0]), 0.7)
    return found


def cut_offs(rng: random.Random) -> Data:
    """Return cut-offs by the exporting state."""
    found: Data = {"onset_per_year": number(rng, 0.05, 1.0), "end_per_year": number(rng, 0.2, 4.0)}
    maybe(rng, found, "export_share", number(rng, 0.0, 0.8))
    return found


def decision(rng: random.Random, names: Sequence[str]) -> Data:
    """Return what FID waits for."""
    found: Data = {"no_worse_than": names[min(rng.choice([0, 0, 1, 2]), len(names) - 1)]}
    maybe(rng, found, "lenders_willing", chance(rng, 0.5))
    return found | {"max_wait_years": rng.choice([0.0, 0.5, 1.0, 2.0, 3.5])}


def case_regime(rng: random.Random, regimes: Data, loans: Data) -> str | None:
    """Return a regime in which lenders can see a project: the works go on and nobody stops."""
    lenders = {*loans, *(loan["nation"] for loan in loans.values())}
    good = []
    for name, effects in regimes.items():
        free = not lenders & set(effects.get("lenders_stop", [])) and effects.get("export_share", 1.0) != 0.0
        if free and least(effects.get("pace", 1.0), 0.0) > 0.0:
            good.append(name)
    return rng.choice(good) if chance(rng, 0.25) else None


def agreement(rng: random.Random, found: Data, regimes: Data) -> Data:
    """Return the term sheet with a regime of the lenders' case; sometimes the owners' part of the uses is nothing."""
    terms = {**found}
    chosen = case_regime(rng, regimes, terms["tranches"])
    if chosen is not None:
        terms["case"] = {**terms.get("case", {}), "regime": chosen}
    if chance(rng, 0.15):
        terms["grants"] = {"state": {"share_of_uses": 0.9}}
        for key in ("gearing_cap", "standby_equity_share"):
            terms.pop(key, None)
    return terms


def states(rng: random.Random, jurisdictions: Data) -> Data:
    """Return the jurisdictions, sometimes with names of nations."""
    new = dict(zip(jurisdictions, rng.sample(NATIONS, len(jurisdictions)), strict=True))
    shares = [terms.get("share", 1.0) for terms in jurisdictions.values()]
    if min(shares) <= 0.0 or chance(rng, 0.5):
        return jurisdictions
    return {new[name]: terms for name, terms in jurisdictions.items()}


def marked(rng: random.Random, entries: Data, mark: str) -> Data:
    """Return entries of which some bear a mark."""
    return {name: {**entry, mark: True} if chance(rng, 0.6) else entry for name, entry in entries.items()}


def add_sanctions(rng: random.Random, data: Data) -> Data:
    """Return a scenario with random sanctions."""
    loans = (data.get("financing") or {}).get("tranches") or {}
    names = NAMES[: rng.choice([1, 2, 2, 3, 3, 3, 4, 4])]
    regimes: Data = {name: {} if name == NAMES[0] else regime(rng, list(loans)) for name in names}
    section: Data = {"regimes": regimes, "initial": rng.choice(names), **changes(rng, names)}
    maybe(rng, section, "blocked_recovery", number(rng, 0.0, 1.0))
    maybe(rng, section, "seizure_loss", {n: number(rng, 0.2, 1.0) for n in NATIONS if chance(rng, 0.6)}, 0.8)
    maybe(rng, section, "stoppage", stoppage(rng), 0.75)
    maybe(rng, section, "export_cut_offs", cut_offs(rng), 0.4)
    timeline = {**data["timeline"]}
    timeline["max_delay_years"] = rng.choice([1.0, 2.0, 4.0])
    if least(timeline["construction"]["years"], 1.0) > 0.0:
        maybe(rng, timeline, "decision", decision(rng, names), 0.6)
    costs = {**data["costs"], "items": marked(rng, data["costs"]["items"], "sanctioned_equipment")}
    costs["operating"] = marked(rng, costs.get("operating", {}), "insurance")
    tax = {**data["tax"], "jurisdictions": states(rng, data["tax"]["jurisdictions"])}
    found = {**data, "timeline": timeline, "costs": costs, "tax": tax, "sanctions": section}
    if data.get("financing"):
        found["financing"] = agreement(rng, data["financing"], regimes)
    return found
