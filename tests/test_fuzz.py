"""Scenarios that nobody would write: each ends in a sound result or in errors that say where, never in a crash."""

from __future__ import annotations

import copy
import random
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from random_financing import add_financing
from random_scenarios import random_scenario

from sim.collect import Result
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.scenario import read

SECONDS = 10.0
WEIGHTS: tuple[Any, ...] = ({}, {1: 1}, {0: 0.5, 1: 0.5}, {"a": 1}, {0.1: 2}, [])
ODD: tuple[Any, ...] = (
    *(0, -1, 1, 2, 0.5, 1e-9, 1e-300, 1e-15, 1e15, 1e16, 1e300, -1e300, 10**25, 10**80, 99.999, 12, 400, 2030, 1899),
    *(float("nan"), float("inf"), -float("inf"), True, False, None, "", "yes", "no", "12:30", "2026-10-01", "1e6"),
    *("x" * 5000, "ärger \u202e\u2028", "日本円", "\x1b[2J", "usd", "constant", "0x10", "~", "{", "a: b", "-"),
    *(
        [],
        {},
        [1, 2],
        {"value": 5},
        {"value": None},
        {"value": {"value": 1}},
        {"a": {"b": [{}]}},
        {"source": 3},
        {1: 2},
    ),
    *({"dist": "normal", "mean": 1, "sd": 1}, {"dist": "normal", "mean": 1e14, "sd": 1e-9}, {"dist": "pert"}),
    *({"dist": "lognormal", "median": 1, "sigma": s} for s in (1e-9, 0.5, 5, 40, 1e5)),
    *({"dist": "beta", "a": a, "b": b} for a, b in ((1e-3, 1e-3), (1e6, 1e-6), (5e3, 5e3), (1e300, 1))),
    *({"dist": "uniform", "min": low, "max": high} for low, high in ((0, 1), (-1e308, 1e308), (1, 1 + 1e-15), (1, 0))),
    *({"dist": "pert", "min": 0, "mode": 0.5, "max": 1, "lam": lam} for lam in (1e-9, 1e9, 1e300)),
    *({"dist": "triangular", "p10": 0.4, "mode": mode, "p90": 0.6} for mode in (0.5, 0.400001, 0.7)),
    *({"dist": "discrete", "weights": weights} for weights in WEIGHTS),
    *({"dist": "empirical", "quantiles": points} for points in ({0: 0, 1: 1}, {0: 1, 1: 0}, {0: 0, 0.5: 1e-9, 1: 1})),
    *(
        {"process": "constant", "value": value}
        for value in (0, -1, 1e-12, 1e12, {"dist": "normal", "mean": 0, "sd": 9})
    ),
    *(
        {"process": "gbm", "spot": 1, "volatility": sigma, "log_drift": drift}
        for sigma, drift in ((3, 0), (0, 2), (50, 0))
    ),
    *(
        {"process": "ou", "spot": a, "mean_level": b, "reversion_per_year": 0, "volatility": 1}
        for a, b in ((1, 1), (-1, 9))
    ),
    *(
        {"process": "log_ou", "spot": 1e-9, "median_level": 1e9, "reversion_per_year": k, "volatility": 1}
        for k in (0, 100)
    ),
    *(
        {"process": "scripted", "values": values}
        for values in ({}, {2030: 1}, {"x": 1}, {3000: 1}, {2031: -1}, {1e9: 1})
    ),
    *(
        {0: 1, 100: 1},
        {0: 0, 99.99999: 0, 100: 1},
        {0: 0, 100: 1e300},
        {0: -1, 100: 1},
        {0: 1, 50: 0, 100: 2},
        {"a": 1},
    ),
)
"""Values that go in where others stood."""
Data = dict[Any, Any]
Place = tuple[Data, Any]


def places(data: Any) -> list[Place]:
    """Return every (block, key) of nested data."""
    if not isinstance(data, dict):
        return []
    return [place for key in data for place in ((data, key), *places(data[key]))]


def some(rng: random.Random, data: Data) -> Place:
    """Return a place: half of the time one of a plain value."""
    every = places(data)
    if not every:
        data["title"] = "nothing left"
        return data, "title"
    leaves = [(block, key) for block, key in every if not isinstance(block[key], dict)]
    return rng.choice(leaves if leaves and rng.random() < 0.5 else every)


def delete(rng: random.Random, data: Data) -> None:
    """Take a key away."""
    block, key = some(rng, data)
    del block[key]


def replace(rng: random.Random, data: Data) -> None:
    """Put something odd where something else stood."""
    block, key = some(rng, data)
    block[key] = copy.deepcopy(rng.choice(ODD))


def scale(rng: random.Random, data: Data) -> None:
    """Make a number much larger or smaller, or turn its sign."""
    numbers = [(block, key) for block, key in places(data) if type(block[key]) in (int, float)]
    if numbers:
        block, key = rng.choice(numbers)
        block[key] *= rng.choice([-1.0, 0.0, 1e-12, 1e-3, 0.1, 3.0, 10.0, 100.0, 1e6, 1e12, 1e40])


def swap(rng: random.Random, data: Data) -> None:
    """Let two places change their contents."""
    (first, one), (second, two) = some(rng, data), some(rng, data)
    first[one], second[two] = copy.deepcopy(second[two]), copy.deepcopy(first[one])


def misspell(rng: random.Random, data: Data) -> None:
    """Rename a key a little, or wholly."""
    block, key = some(rng, data)
    text = str(key)
    at = rng.randrange(len(text) + 1)
    other: Any = rng.choice(
        [text[:at] + text[at + 1 :], text[:at] + "x" + text[at:], text.upper(), "a.b", "ö", "", 7, "<<"]
    )
    block[other] = block.pop(key)


def nest(rng: random.Random, data: Data) -> None:
    """Wrap a value into blocks, sometimes deeper than any file needs."""
    block, key = some(rng, data)
    for _ in range(rng.choice([1, 2, 10, 60])):
        block[key] = {rng.choice(["value", "dist", "a"]): block[key]}


def correlate(rng: random.Random, data: Data) -> None:
    """Correlate what may not go together."""
    known = ["market.price_per_kwh", "macro.fx.jpy.rate", "macro.fx.eur.rate", "macro.inflation.usd"]
    names = rng.choices([*known, "tax.jurisdictions.home.rate", "macro.reference_rates.long", "x", "."], k=3)
    rows = {names[0]: {names[1]: rng.choice([0.95, -0.95, 1.0, 0.0, "a"])}, names[2]: {names[1]: -0.95, names[0]: 0.95}}
    data["correlations"] = rows


LOAN: Data = {"nation": "japan", "seniority": 1, "share": 1, "rate": 1, "tenor_years": 1, "profile": "sculpted"}
LOAN_EDGES: dict[str, tuple[Any, ...]] = {
    "seniority": (20,),
    "share": (0, 1, 1e-12),
    "ceiling_million": (0, 1e-9, 1e11),
    "arrangement_fee": (1, {"dist": "uniform", "min": 0, "max": 1}),
    "guarantee_premium": (1,),
    "commitment_fee": (1,),
    "tenor_years": (1, 2, 100),
    "grace_years": (1, 2),
    "profile": ("annuity", "equal_principal", "bullet", "sculpted"),
    "target_dscr": (1, 20),
    "dsra_months": (0.1, 60),
    "cash_sweep": (1, 1e-9),
    "lock_up_dscr": (1, 20),
    "default_dscr": (1e-9, 1, 20),
    "standby_share": (1,),
}
EDGES: dict[str, tuple[Any, ...]] = {
    "timeline.construction.years": (0, 1e-6, 40, {"dist": "uniform", "min": 0, "max": 40}),
    "timeline.operation_years": (1e-9, 100, {"dist": "uniform", "min": 0, "max": 100}),
    "timeline.max_delay_years": (0, 50),
    "timeline.periods_per_year": (1, 12),
    "timeline.start_year": (1900, 2200, 2031),
    "timeline.sea_work": (
        {"begins": 0, "ends": 1, "window_opens_month": 3, "window_closes_month": 3},
        {"begins": 0.5, "ends": 0.5, "window_opens_month": 12, "window_closes_month": 12},
    ),
    "link.converter_loss": (0.999999, {"dist": "uniform", "min": 0, "max": 1}),
    "link.line_loss_per_1000km": (0.999, {"dist": "uniform", "min": 0, "max": 1}),
    "link.length_km": (0, 5000),
    "link.onshore_km": (10000,),
    "link.capacity_mw": (1e-12, 1e5),
    "supply.net_capacity_mw": (1e-12, 1e5, {"dist": "uniform", "min": 0, "max": 1}),
    "supply.availability": (0, 1, {"dist": "beta", "a": 0.1, "b": 0.1}),
    "supply.degradation_per_year": (0.999999, {"dist": "uniform", "min": 0, "max": 1}),
    "supply.ramp_up": ({"starts_at": 0, "years": 1e-9}, {"starts_at": 0, "years": 20}),
    "supply.take_or_pay_share": (1,),
    "tax.jurisdictions.home.rate": (0.999999, {"dist": "uniform", "min": 0, "max": 1}),
    "tax.jurisdictions.home.loss_limit": (0, {"dist": "uniform", "min": 0, "max": 1}),
    "tax.jurisdictions.home.loss_expiry_years": (1, 200),
    "tax.jurisdictions.home.depreciation": (
        {"method": "declining_balance", "factor": {"dist": "uniform", "min": 0, "max": 4}},
        {"method": "custom", "shares": {1: 0}, "half_year": True},
    ),
    "market.price_effect_per_gw": (0, 1e-11, 1000),
    "market.price_floor_per_kwh": (1e3, 1e6),
    "market.import_limit_mw": (1e-9, {"dist": "uniform", "min": 0, "max": 1}),
    "market.duration_curve": ({0: 0, 99: 0, 100: 1}, {0: 1, 1e-9: 1, 100: 1}, {0: 0, 100: 1e-9}),
    "market.price_per_kwh": ({"process": "constant", "value": 0}, {"process": "constant", "value": 1e6}),
    "market.price_ratio": (1e-9, 100),
    "evaluation": ({"discount_rate_real": 1}, {"discount_rate_nominal": -0.5}, {"discount_rate_real": -0.9}),
    "macro.inflation.usd": (
        {"process": "constant", "value": 1},
        {"process": "constant", "value": -0.5},
        {"process": "ou", "spot": 0.1, "mean_level": 0.1, "reversion_per_year": 0, "volatility": 0.03},
    ),
    "macro.fx.jpy.rate": ({"process": "gbm", "spot": 1, "volatility": 1}, {"process": "constant", "value": 1e-11}),
    "costs.salvage": ({"share_of_capex": 1, "price_year": 2030},),
    "costs.decommissioning": ({"amount_million": 1e11, "price_year": 2030, "years": 1e-9},),
    "costs.replacements": (
        {"all": {"amount_million": 1e6, "price_year": 2030, "every_years": 1}},
        {"all": {"amount_million": 1, "price_year": 2030, "every_years": 1, "tax_life_years": 1e-9}},
        {"all": {"amount_million": 1, "price_year": 2030, "every_years": 100, "reserve_funded": True}},
    ),
    "costs.contingency": ({"amount_million": 1e11, "price_year": 2030, "tax_life_years": 1e-9},),
    "financing.case": ({"exceedance": 0.999}, {"percentiles": {"macro.reference_rates.long": 0.99}}),
    "financing.gearing_cap": (0, 1, 1e-12),
    "financing.target_llcr": (1, 20),
    "financing.first_repayment_slack_years": (0, 1e-6, 2.5, 100),
    "financing.long_stop_years": (0, 1e-9, 100),
    "financing.cure_years": (0, 1e-9, 100),
    "financing.penalty_margin": (1,),
    "financing.standby_equity_share": (1,),
    "financing.tax_life_years": (1e-9, 100),
    "financing.om_reserve_months": (60,),
    "financing.reserve_rate": (1,),
    "financing.shareholder_loan": ({"share": 1, "rate": 1}, {"share": 0, "rate": 0}),
    "financing.grants": (
        {"all": {"share_of_uses": 1}},
        {"all": {"amount_million": 1e9}},
        {"one": {"amount_million": 1e9}, "two": {"share_of_uses": 0.9}},
    ),
    **{
        f"financing.tranches.{name}": (LOAN, LOAN | {"share": 0, "rate": 0}, LOAN | {"ceiling_million": 1e-9}, None)
        for name in ("agency", "bank")
    },
    **{f"financing.tranches.agency.{key}": values for key, values in LOAN_EDGES.items()},
    "macro.reference_rates.long": (
        {"process": "constant", "value": 1},
        {"process": "constant", "value": -0.05},
        {"process": "ou", "spot": 1, "mean_level": -0.05, "reversion_per_year": 0, "volatility": 0.03},
    ),
    "tax.withholding": ({"japan": {"interest": 0.899, "dividends": 0.999}}, {"nowhere": {}}),
    "evaluation.equity_discount_rate_real": (1, -0.9),
}
"""Values at the ends of what is allowed."""


def edge(rng: random.Random, data: Data) -> None:
    """Go to the end of what is allowed, at a few places."""
    for path in rng.sample(sorted(EDGES), 2):
        *way, last = path.split(".")
        block: Any = data
        for part in way:
            block = block.get(part) if isinstance(block, dict) else None
        if isinstance(block, dict):
            block[last] = copy.deepcopy(rng.choice(EDGES[path]))


def bend(rng: random.Random, data: Data) -> None:
    """Change a number mildly, or make it uncertain."""
    numbers = [
        (block, key) for block, key in places(data) if type(block[key]) is float and not {"dist", "kind"} & set(block)
    ]
    if numbers:
        block, key = rng.choice(numbers)
        middle = block[key] * 10.0 ** rng.uniform(-1.5, 1.5)
        narrow: Data = {
            "dist": "normal",
            "mean": middle,
            "sd": abs(middle) / 9.0 + 1e-6,
            "min": 0.0,
            "max": 3.0 * middle + 0.1,
        }
        wide: Data = {
            "dist": "lognormal",
            "median": abs(middle) + 1e-9,
            "sigma": rng.uniform(0.01, 2.0),
            "max": 10.0 * middle + 0.1,
        }
        block[key] = rng.choice([middle, narrow, wide])


DATA_CHANGES: dict[str, Callable[[random.Random, Data], None]] = {
    change.__name__: change for change in (delete, replace, scale, swap, misspell, nest, correlate, edge, bend)
}


def spoil(rng: random.Random, text: str) -> str:
    """Change a few characters or lines of a YAML text."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    way = rng.randrange(7)
    if way == 0:
        return "\n".join([*lines[: at + 1], *lines[at:]])
    if way == 1:
        return "\n".join([*lines[:at], *lines[at + 1 :]])
    if way == 2:
        return "\n".join([*lines[:at], " " * rng.choice([1, 2, 4]) + lines[at], *lines[at + 1 :]])
    if way == 3:
        return text[: rng.randrange(len(text) + 1)]
    bits = [
        "\t",
        "\0",
        "\ufeff",
        ": ",
        "!!int ",
        "&a ",
        "*a",
        "[",
        "}",
        "'",
        "#",
        "\r",
        "\x85",
        "- ",
        "012",
        "---\n",
        "%",
    ]
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(bits) + text[place:]


def written(seed: int, changes: list[str]) -> str:
    """Return a scenario as YAML text: a valid one, with loans for three seeds of four, changed in the given ways."""
    rng = random.Random(seed)
    data: Data = random_scenario(rng)
    if seed % 4:
        data = add_financing(rng, data)
    for change in changes:
        if change in DATA_CHANGES:
            DATA_CHANGES[change](rng, data)
    text = str(yaml.safe_dump(data, sort_keys=False, allow_unicode=rng.random() < 0.5))
    return spoil(rng, text) if "spoil" in changes else text


def check(result: Result) -> None:
    """Cash adds up, energy and magnitudes are not negative, nothing is missing, paid and unpaid are everything."""
    lines = result.lines
    size = 1.0 + sum(np.abs(lines[name]) for name in ("ebitda", "tax", "capex"))
    assert np.all(np.abs(lines["net"] - (lines["ebitda"] - lines["tax"] - lines["capex"])) <= 1e-9 * size)
    assert all(np.all(np.isfinite(line)) for name, line in lines.items() if name != "dscr"), "not finite"
    for name in ("energy_sent_mwh", "energy_delivered_mwh", "capex", "depreciation", "operating_cost"):
        assert np.all(lines[name] >= -1e-12 * np.max(lines[name])), name
    assert np.all(lines["energy_delivered_mwh"] <= lines["energy_sent_mwh"] * (1.0 + 1e-9) + 1e-9)
    paid, years = result.metrics["paid_back"], result.metrics["project_payback_years"]
    assert np.array_equal(paid == 1.0, np.isfinite(years))
    assert np.all((paid == 0.0) | (paid == 1.0))
    assert np.all(np.isfinite(result.metrics["project_npv_usd"]))
    if "equity_flow" in lines:
        check_loans(result)


COMES = ("ebitda", "reserve_interest", "grants", "debt_drawn", "equity_paid_in", "unpaid_costs")
GOES = (
    *("capex", "fees", "interest_capitalised", "interest_paid", "principal_paid", "withholding", "tax_paid"),
    *("distributions", "costs_caught_up"),
)
OWED = ("debt_drawn", "grants", "fees", "distributions", "debt_balance", "arrears", "reserves", "cash_balance")


def check_loans(result: Result) -> None:
    """What comes into the company goes somewhere, and nobody owes less than nothing."""
    lines = result.lines
    held = lines["reserves"] + lines["cash_balance"]
    gap = (
        sum(lines[name] for name in COMES)
        - sum(lines[name] for name in GOES)
        - np.diff(held, axis=0, prepend=0.0 * held[:1])
    )
    size = 1.0 + sum(np.max(np.abs(lines[name])) for name in (*COMES, *GOES)) + np.max(held)
    assert np.all(np.abs(gap) <= 1e-9 * size), "cash is lost"
    for name in OWED:
        assert np.all(lines[name] >= -1e-9 * size), name
    for name in ("equity_npv_usd", "debt_usd", "lenders_loss_usd"):
        assert np.all(np.isfinite(result.metrics[name])), name


def outcome(text: str) -> str:
    """Return ``result``, ``refused`` (by lenders) or ``error`` for a scenario text; anything else is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "odd.yaml"
        file.write_bytes(text.encode())
        started = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                check(simulate(read(file), 256, seed=1))
                end = "result"
            except ScenarioError as error:
                end = "refused" if "no cash to sculpt it on" in str(error) else "error"
                assert error.problems
                for problem in error.problems:
                    assert problem.where.startswith(str(file)) and problem.message and problem.cure, problem
                    assert len(str(problem)) < 3000 and str(problem).isprintable(), problem
                    assert not any(word in str(problem) for word in JARGON), problem
        assert time.process_time() - started < SECONDS
    return end


JARGON = ("Input should", "function-plain", "<class", "NoneType", "dict[", "pydantic", "object at 0x")
CHANGES = st.lists(st.sampled_from([*DATA_CHANGES, "spoil"]), max_size=5)
SEEDS = st.integers(0, 2**40)
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET, derandomize=True, database=None)
@given(seed=SEEDS, changes=CHANGES)
@example(seed=1, changes=[])
@example(seed=11970, changes=["bend"])
def test_any_scenario_ends_well(seed: int, changes: list[str]) -> None:
    """A scenario, changed at random or not, gives a sound result or located errors, in time and without warnings."""
    text = written(seed, changes)
    assert outcome(text) != "error" if not changes else True


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_twenty_thousand_scenarios_end_well(part: int) -> None:
    """The same for 20,000 scenarios, a twentieth of them unchanged."""
    rng = random.Random(part)
    kinds = [*DATA_CHANGES, "spoil"]
    for number in range(1000):
        few = number % 20 if number % 20 < 6 else 1
        changes = rng.choices(kinds, k=few) if number % 4 else rng.choices(["edge", "bend"], k=few)
        seed = part * 1000 + number
        try:
            outcome(written(seed, changes))
        except BaseException as error:
            error.add_note(f"seed {seed}, changes {changes}")
            raise
