"""Random term sheets for the scenarios of ``random_scenarios``; between them they use every option of the financing."""

from __future__ import annotations

import random

from random_scenarios import RATE, UNIT, Data, chance, maybe, number, process

NATIONS = ("japan", "russia", "elsewhere")
PROFILES = ("annuity", "equal_principal", "bullet", "sculpted")


def least(leaf: object, otherwise: float) -> float:
    """Return a certain number, or what an uncertain one does not fall below."""
    if isinstance(leaf, dict):
        return float(leaf["value"]) if "value" in leaf else otherwise
    return float(leaf) if isinstance(leaf, (int, float)) else otherwise


def covenants(rng: random.Random, target: float | None) -> Data:
    """Return levels of the DSCR below which there is a lock-up or a breach, in this order below the target."""
    data: Data = {}
    top = (target or 1.35) - 0.02
    maybe(rng, data, "lock_up_dscr", rng.uniform(1.06, top))
    maybe(rng, data, "default_dscr", rng.uniform(0.7, 1.05), 0.4)
    return data


def interest(rng: random.Random, rates: Data) -> Data:
    """Return a fixed or a floating rate."""
    if not rates or chance(rng, 0.5):
        return {"rate": rng.choice([0.0, number(rng, 0.01, 0.09), number(rng, 0.03, 0.08)])}
    data: Data = {"reference": rng.choice(list(rates)), "margin": number(rng, 0.005, 0.03)}
    maybe(rng, data, "margin_construction", number(rng, 0.005, 0.04))
    return data


def tranche(rng: random.Random, data: Data, rates: Data, room: float) -> Data:
    """Return a loan without its size; it is repaid within the room [years] after the first repayment."""
    m = data["timeline"].get("periods_per_year", 1)
    rows = max(int(room * m + 1e-9), 1)
    tenor = rng.randint(max(rows // 2, 1), rows)
    found: Data = {"nation": rng.choice(NATIONS), "seniority": rng.choice([1, 1, 2, 3])}
    maybe(rng, found, "currency", rng.choice(["usd", *data["macro"]["fx"]]), 0.7)
    found |= interest(rng, rates)
    for key, high in (("arrangement_fee", 0.03), ("guarantee_premium", 0.06), ("commitment_fee", 0.01)):
        maybe(rng, found, key, number(rng, 0.0, high))
    found["tenor_years"] = tenor / m
    maybe(rng, found, "grace_years", rng.randint(0, tenor - 1) / m, 0.4)
    maybe(rng, found, "profile", rng.choice(PROFILES), 0.9)
    target = rng.uniform(1.1, 1.6) if chance(rng, 0.35) else None
    maybe(rng, found, "target_dscr", target, float(target is not None))
    maybe(rng, found, "dsra_months", rng.choice([3.0, 6.0, 12.0, 7.5]))
    maybe(rng, found, "cash_sweep", rng.uniform(0.1, 1.0), 0.3)
    maybe(rng, found, "standby_share", rng.uniform(0.05, 0.3), 0.4)
    return found | covenants(rng, target)


def give_sizes(rng: random.Random, loans: Data) -> None:
    """Give the loans shares that sum to 1, with ceilings or without, or only ceilings, or both kinds."""
    names = list(loans)
    mode = rng.choice(["shares", "shares", "ceilings", "mixed"])
    if mode == "ceilings":
        with_share = []
    else:
        with_share = names if mode == "shares" or len(names) == 1 else names[:-1]
    weights = [rng.uniform(0.2, 1.0) for _ in with_share]
    parts = [weight / sum(weights) for weight in weights]
    for place, name in enumerate(with_share):
        loans[name]["share"] = 1.0 - sum(parts[:-1]) if place == len(parts) - 1 else parts[place]
    for name in names:
        if name not in with_share or chance(rng, 0.25):
            unit = UNIT[loans[name].get("currency", "usd")]
            loans[name]["ceiling_million"] = rng.uniform(100.0, 2500.0) * unit


def money_of_others(rng: random.Random, found: Data) -> None:
    """Add owners, grants and a shareholder loan."""
    if chance(rng, 0.6):
        part = rng.uniform(0.2, 0.8)
        found["sponsors"] = {
            "first": {"nation": rng.choice(NATIONS), "share": part},
            "second": {"nation": rng.choice(NATIONS), "share": 1.0 - part},
        }
    if chance(rng, 0.3):
        found["grants"] = {"state": {"share_of_uses": rng.uniform(0.02, 0.1)}}
        if chance(rng, 0.5):
            found["grants"]["region"] = {"amount_million": rng.uniform(1.0, 10.0)}
    if chance(rng, 0.4):
        found["shareholder_loan"] = {"share": rng.choice([1.0, rng.uniform(0.1, 0.9)])}
        found["shareholder_loan"]["rate"] = number(rng, 0.0, 0.1)


def agreement(rng: random.Random, m: int) -> Data:
    """Return the terms that all loans share."""
    found: Data = {}
    maybe(rng, found, "gearing_cap", rng.uniform(0.2, 0.85), 0.85)
    maybe(rng, found, "target_llcr", rng.uniform(1.1, 1.8), 0.2)
    maybe(rng, found, "cfads_basis", rng.choice(["after_tax", "pre_tax"]))
    maybe(rng, found, "repayment_follows_cod", chance(rng, 0.7))
    maybe(rng, found, "long_stop_years", rng.choice([0.0, 0.25, rng.uniform(0.0, 2.0)]), 0.4)
    maybe(rng, found, "cure_years", rng.choice([1.0 / m, 0.5, 1.0, 2.0]), 0.6)
    maybe(rng, found, "penalty_margin", number(rng, 0.0, 0.04))
    maybe(rng, found, "standby_equity_share", rng.uniform(0.0, 0.3))
    maybe(rng, found, "tax_life_years", number(rng, 1.0, 10.0), 0.6)
    maybe(rng, found, "om_reserve_months", rng.choice([3.0, 6.0, 14.0]), 0.4)
    maybe(rng, found, "reserve_rate", number(rng, 0.0, 0.04))
    return found


def random_financing(rng: random.Random, data: Data) -> Data:
    """Return a random term sheet for a scenario, with what it needs elsewhere.

    Keys of the result: ``financing``, ``withholding`` (for ``tax``), ``reference_rates`` (for ``macro``) and what is to
    be added to ``evaluation``. The term sheet fits the shortest operating life of the scenario.
    """
    m = int(data["timeline"].get("periods_per_year", 1))
    rates = {name: process(rng, rng.choice([0.01, 0.03, 0.05]), RATE) for name in ("long", "short") if chance(rng, 0.6)}
    slack = rng.choice([0.0, 0.0, 0.5, 1.0, rng.uniform(0.0, 1.0)])
    room = least(data["timeline"]["operation_years"], 3.0) - slack - 1.0 / m
    found = agreement(rng, m)
    maybe(rng, found, "first_repayment_slack_years", slack, float(slack > 0.0))
    if chance(rng, 0.3):
        found["case"] = {"exceedance": rng.choice([0.5, 0.75, 0.9])} if chance(rng, 0.4) else {}
    loans = {name: tranche(rng, data, rates, room) for name in ("agency", "bank", "fund", "bond")[: rng.randint(0, 4)]}
    give_sizes(rng, loans)
    found["tranches"] = loans
    money_of_others(rng, found)
    taxed = {nation: withholding(rng) for nation in NATIONS if chance(rng, 0.5)}
    equity = rng.choice(["equity_discount_rate_real", "equity_discount_rate_nominal"])
    valued = {equity: number(rng, 0.05, 0.15)} if chance(rng, 0.6) else {}
    return {"financing": found, "withholding": taxed, "reference_rates": rates, "evaluation": valued}


def withholding(rng: random.Random) -> Data:
    """Return what a state keeps of payments to a nation."""
    data: Data = {}
    maybe(rng, data, "interest", number(rng, 0.0, 0.2), 0.7)
    maybe(rng, data, "dividends", number(rng, 0.0, 0.2), 0.7)
    return data


def add_financing(rng: random.Random, data: Data) -> Data:
    """Return a random scenario with a random term sheet."""
    found = random_financing(rng, data)
    tax = {**data["tax"], "withholding": found["withholding"]}
    macro = {**data["macro"], "reference_rates": found["reference_rates"]}
    judged = {**data["evaluation"], **found["evaluation"]}
    return {**data, "macro": macro, "tax": tax, "financing": found["financing"], "evaluation": judged}
