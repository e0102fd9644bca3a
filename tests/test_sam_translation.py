"""SAM cases: the translation to scenario data, and `validate` on good, changed and foreign files."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.errors import ScenarioError
from sim.scenario import from_data
from sim.study import validate as module
from sim.study.sam import to_scenario
from sim.study.sam_answers import GROUPS, answers, references
from sim.study.sam_answers import _largest_root as largest_root
from sim.study.sam_inputs import Unsupported, levered
from sim.study.validate import Verdict, validate

Array = NDArray[np.float64]
Case = dict[str, Any]
FOLDER = Path(__file__).parent / "reference" / "sam"
FILES = sorted(FOLDER.glob("sam*.json"))
UNSUPPORTED = {"sam21_receivables_quirk": "receivables reserve"}
"""Cases that a scenario cannot say, with the reason."""
TOLD = [file for file in FILES if file.stem not in UNSUPPORTED]
BY_HAND = [file for file in TOLD if file.stem[3:5] not in {"11", "12", "17", "18", "22"}]
"""Cases whose run without a loan is all in `hand_flows`."""
LEVERED = [file for file in TOLD if file.stem[3:5] not in {"01", "02", "03", "04"}]
WHOLE = {"energy", "revenue_energy", "revenue_total", "opex_total", "ebitda", "npv", "irr", "lcoe_nom", "lcoe_real"}
WHOLE |= {"cost_installed", "size_of_equity", "equity_cash_flow_pretax", "equity_cash_flow_aftertax"}
WHOLE |= {"equity_payback", "equity_payback_discounted", *GROUPS["without loan"]} - {"twin_tax"}
"""Outputs of every case."""
LENT = {"size_of_debt", "debt_interest", "debt_principal", "debt_service", "debt_balance", "cfads", "dscr", "min_dscr"}
LENT |= {"llcr", "tax_depreciation", "tax", "twin_tax"}
"""Outputs of every case with a loan."""


def load(number: str) -> Case:
    """Return the case with a number such as 04."""
    (file,) = FOLDER.glob(f"sam{number}_*.json")
    case: Case = json.loads(file.read_text("utf-8"))
    return case


def changed(number: str, **inputs: Any) -> Case:
    """Return a case with other inputs."""
    case = load(number)
    return case | {"inputs": case["inputs"] | inputs}


def verdicts(case: Case, folder: Path) -> dict[str, Verdict]:
    """Return the verdicts on a case by output."""
    file = folder / "case.json"
    file.write_text(json.dumps(case), "utf-8")
    return {verdict.output: verdict for verdict in module._verdicts(file)}


def failing(case: Case, folder: Path) -> set[str]:
    """Return the outputs that fail."""
    return {output for output, verdict in verdicts(case, folder).items() if verdict.failed}


def run(folder: Path) -> tuple[int, list[str]]:
    """Return exit code and lines of `validate`, without the last one, whose count must be that of the files."""
    lines: list[str] = []
    code, last = validate(folder, lines.append), lines.pop()
    counted = re.fullmatch(r"([0-9]+) cases? agrees?, ([0-9]+) unsupported(?: \(.+\))?, ([0-9]+) fail", last)
    assert counted and code == int(int(counted[3]) > 0)
    assert sum(map(int, counted.groups())) == sum(file.name != "index.json" for file in folder.glob("*.json"))
    return code, lines


# --- the scenario data says what SAM computed ---------------------------------------------------------------------


def hand_flows(data: dict[str, Any]) -> dict[str, Array]:
    """Return yearly lines from scenario data by the formulas of docs/model.md, written out for this corner of it."""
    years = int(data["timeline"]["operation_years"])
    t = np.arange(years)  # years since the first operating year
    supply, (scheme,) = data["supply"], data["market"]["schemes"].values()
    energy = supply["net_capacity_mw"] * supply["availability"] * 8760.0 * (1.0 - supply["degradation_per_year"]) ** t
    price = scheme["price_per_kwh"]
    level = [price["value"]] * years if price["process"] == "constant" else [price["values"][2000 + i] for i in t]
    revenue = energy * 1000.0 * np.array(level) * (1.0 + scheme["escalation_per_year"]) ** t
    items = data["costs"]["items"].values()
    capex = sum(item["amount_million"] for item in items) * 1e6
    operating = np.zeros(years)
    for cost in data["costs"]["operating"].values():
        assert cost["indexed"] is False and cost["price_year"] == 2000
        first = cost["amount_million_per_year"] * 1e6 if "amount_million_per_year" in cost else None
        growth = (1.0 + cost.get("escalation_per_year", 0.0)) ** t
        operating += (cost["amount_per_mwh"] * energy if first is None else first) * growth
    salvage = np.where(t == years - 1, data["costs"]["salvage"]["share_of_capex"] * capex, 0.0)
    written_off, terms = np.zeros(years), data["tax"]["jurisdictions"]["all"]
    for item in items:
        if life := item.get("tax_life_years"):
            start = t - (0.5 if terms["depreciation"]["half_year"] else 0.0)
            written_off += item["amount_million"] * 1e6 / life * (np.clip(start + 1, 0, life) - np.clip(start, 0, life))
    ebitda = revenue + salvage - operating
    tax = terms["rate"] * (ebitda - written_off)
    flows = np.append(-capex, ebitda - tax)
    inflation = data["macro"]["inflation"]["usd"]["value"]
    rate = (1.0 + inflation) * (1.0 + data["evaluation"]["discount_rate_real"]) - 1.0
    npv = np.array([np.sum(flows / (1.0 + rate) ** np.arange(years + 1))])
    return {"energy": energy, "revenue": revenue, "opex": operating, "tax": tax, "flows": flows, "npv": npv}


@pytest.mark.parametrize("file", BY_HAND, ids=lambda file: file.stem)
def test_translated_data_give_sams_lines(file: Path) -> None:
    """Formulas of model.md, applied by hand to the translated data, give SAM's lines; the engine has no part in it."""
    case = json.loads(file.read_text("utf-8"))
    lines = hand_flows(to_scenario(case, loan=False))
    by_year, twin = case["outputs_by_year"], case["unlevered_twin"]
    pairs = {
        "energy": np.array(by_year["energy_kWh"][1:]) / 1000.0,
        "revenue": np.array(by_year["revenue_energy"][1:]),
        "opex": np.array(by_year["opex_total"][1:]),
        "tax": -np.array(twin["tax"][1:]),
        "flows": np.array(twin["project_cash_flow_aftertax"]),
        "npv": np.array([twin["project_npv_aftertax"]]),
    }
    for name, wanted in pairs.items():
        assert lines[name] == pytest.approx(wanted, rel=0, abs=1e-12 * max(np.max(np.abs(wanted)), 1.0)), name


@pytest.mark.parametrize("file", TOLD, ids=lambda file: file.stem)
def test_translated_data_are_a_certain_scenario(file: Path) -> None:
    """The scenario is valid, holds no uncertain number and leaves the case as it was."""
    case = json.loads(file.read_text("utf-8"))
    before = json.dumps(case)
    for loan in (True, False):
        assert not from_data(file.stem, to_scenario(case, loan)).uncertain
    assert json.dumps(case) == before


def test_escalation_is_added_to_inflation() -> None:
    """SAM adds the escalation of a cost to inflation; multiplying the two would be another, larger cost."""
    operating = to_scenario(load("04"))["costs"]["operating"]
    assert operating["fixed"]["escalation_per_year"] == pytest.approx(0.030, rel=1e-12)
    assert operating["capacity"]["escalation_per_year"] == pytest.approx(0.025, rel=1e-12)
    assert operating["production"]["escalation_per_year"] == pytest.approx(0.035, rel=1e-12)
    assert to_scenario(load("04"))["market"]["schemes"]["ppa"]["escalation_per_year"] == pytest.approx(0.02)


def test_a_price_list_is_used_as_it_is() -> None:
    """A list of prices becomes a table of years and is not escalated on top; a list of one is a price."""
    scheme = to_scenario(changed("15", price_escalation_pct=2.0))["market"]["schemes"]["ppa"]
    assert scheme["escalation_per_year"] == 0.0
    assert scheme["price_per_kwh"]["values"][2001] == 0.11
    single = to_scenario(changed("04", price_usd_per_kWh=[0.07]))["market"]["schemes"]["ppa"]
    assert single["price_per_kwh"] == {"process": "constant", "value": 0.07}
    assert single["escalation_per_year"] == 0.02


@pytest.mark.parametrize(
    ("table", "share_pct", "items", "half_year"),
    [
        ("none", 100.0, {"not_depreciated": (4000.0, None)}, False),
        ([0.0, 0.0], 100.0, {"not_depreciated": (4000.0, None)}, False),
        ([10.0] * 10, 100.0, {"depreciated": (4000.0, 10.0)}, False),
        ([100.0 / 7] * 7 + [0.0], 100.0, {"depreciated": (4000.0, 7.0)}, False),
        ([10.0] * 5, 100.0, {"depreciated": (2000.0, 5.0), "not_depreciated": (2000.0, None)}, False),
        ([20.0] * 5, 90.0, {"depreciated": (3600.0, 5.0), "not_depreciated": (400.0, None)}, False),
        ([10.0, 20.0, 20.0, 20.0, 20.0, 10.0], 100.0, {"depreciated": (4000.0, 5.0)}, True),
        ("sl39_half_year", 100.0, {"depreciated": (4000.0, 39.0)}, True),
    ],
)
def test_straight_line_tables_become_a_tax_life(
    table: object, share_pct: float, items: dict[str, tuple[float, float | None]], half_year: bool
) -> None:
    """A straight line of any length, in full or half-year convention, becomes a life; the rest is not depreciated."""
    data = to_scenario(changed("02", depreciation=table, depreciable_share_pct=share_pct))
    found = {
        name: (item["amount_million"], item.get("tax_life_years")) for name, item in data["costs"]["items"].items()
    }
    assert found.keys() == items.keys()
    for name, (amount, life) in items.items():
        assert found[name] == (pytest.approx(amount, rel=1e-12), life)
    assert data["tax"]["jurisdictions"]["all"]["depreciation"]["half_year"] is half_year


def test_financing_cost_is_part_of_the_investment() -> None:
    """Construction and other financing are depreciated with the plant; a closing cost is not, and falls to a loan."""
    extra = {"construction_financing_usd": 203e6, "other_financing_usd": 20e6, "debt_closing_usd": 4.5e6}
    own = to_scenario(changed("14", debt_mode="fraction", debt_percent=0.0, **extra))["costs"]
    assert own["items"]["depreciated"]["amount_million"] == pytest.approx(4223.0)
    assert own["items"]["not_depreciated"]["amount_million"] == pytest.approx(4.5)
    assert own["salvage"]["share_of_capex"] * 4227.5 == pytest.approx(400.0)
    lent = to_scenario(changed("14", **extra), loan=False)["costs"]
    assert list(lent["items"]) == ["depreciated"]


def test_other_running_costs_are_constant_or_follow_inflation() -> None:
    """Insurance, fuel and land follow inflation, a property tax on a constant value nothing."""
    data = to_scenario(
        changed(
            "04",
            insurance_rate_pct=0.4,
            property_tax_rate_pct=0.8,
            property_tax_assessed_pct=50.0,
            fuel_usage_kWh_thermal_per_yr=1e9,
            fuel_heat_rate_MMBtu_per_MWh=7.0,
            fuel_cost_usd_per_MMBtu=3.0,
            fuel_escal_pct=1.0,
            land_area_acres=1000.0,
            land_lease_usd_per_acre=200.0,
        )
    )
    cost = data["costs"]["operating"]
    wanted = {"insurance": (16.0, 0.025), "property_tax": (16.0, 0.0), "fuel": (21.0, 0.035), "land": (0.2, 0.025)}
    for name, numbers in wanted.items():
        found = (cost[name]["amount_million_per_year"], cost[name].get("escalation_per_year", 0.0))
        assert found == pytest.approx(numbers, rel=1e-12)


def test_recapitalization_at_equal_intervals_is_a_replacement() -> None:
    """Renewals every 10 of 25 years follow inflation, as replacements do."""
    plan = {"cost_usd": 4e7, "escal_pct": 0.0, "years": [20, 10]}
    renewals = to_scenario(changed("04", recapitalization=plan))["costs"]["replacements"]
    assert renewals["recapitalization"] == {"amount_million": 40.0, "every_years": 10.0, "price_year": 2000}
    assert to_scenario(changed("04", recapitalization={**plan, "years": []}))["costs"]["replacements"] == {}


def test_an_hourly_profile_counts_by_its_sum() -> None:
    """At one price for all hours a profile of generation enters with its yearly energy."""
    profile = {"generated_by": {"function": "merchant_gen", "kwargs": {}}}
    data = to_scenario(changed("01", gen_kW=profile, annual_energy_year1_kWh=4.38e9))
    assert data["supply"]["net_capacity_mw"] * data["supply"]["availability"] == pytest.approx(500.0)


def test_hourly_prices_become_the_price_that_the_energy_earned() -> None:
    """Formulas of the case, summed over its 8,760 hours here, give the yearly prices of the scenario."""
    data = to_scenario(load("16"))
    hour = np.arange(8760) % 24
    energy = 1e6 * (1.0 + 0.5 * np.cos(2.0 * np.pi * (hour - 13) / 24.0))
    shape = 1.0 + 0.35 * np.cos(2.0 * np.pi * (hour - 18) / 24.0)
    values = data["market"]["schemes"]["ppa"]["price_per_kwh"]["values"]
    for y in range(12):
        prices = 60.0 * 0.99**y * (1.0 + 0.08 * np.sin(2.0 * np.pi * y / 7.0)) * shape
        assert values[2000 + y] == pytest.approx(float((prices * energy).sum() / energy.sum()) / 1000.0, rel=1e-12)
    assert data["supply"]["net_capacity_mw"] * data["supply"]["availability"] == pytest.approx(1000.0)
    steady = {"module": "merchantplant", "market": GENERATED}
    flat = to_scenario(changed("04", **steady))["market"]["schemes"]["ppa"]["price_per_kwh"]["values"]
    assert flat[2000] == pytest.approx(0.06, rel=1e-12)


def test_a_solved_price_is_an_input() -> None:
    """Where SAM solves the price, its answer is taken, not the first guess."""
    values = to_scenario(load("19"))["market"]["schemes"]["ppa"]["price_per_kwh"]["values"]
    assert values[2000] == load("19")["outputs_scalar"]["solved_price_usd_per_kWh"] != 0.08


@pytest.mark.parametrize("number", ["05", "09", "24"])
def test_the_cap_on_gearing_gives_sams_loan(number: str) -> None:
    """Our share of all uses and SAM's share of the cost without the fee are the same loan."""
    case = load(number)
    terms = to_scenario(case)["financing"]
    scalar = case["outputs_scalar"]
    cost, fee = scalar["cost_installed"] - scalar["cost_debt_upfront"], case["inputs"]["debt_fee_pct"] / 100.0
    part = case["inputs"]["debt_percent"] / 100.0
    assert scalar["size_of_debt"] == pytest.approx(part * (1.0 + part * fee) * cost, rel=1e-12)
    assert scalar["size_of_debt"] == pytest.approx(terms["gearing_cap"] * scalar["cost_installed"], rel=1e-12)
    assert "financing" not in to_scenario(case, loan=False)


def test_terms_of_a_loan() -> None:
    """Moratorium, fee, reserves, sculpting and the cap of a case are those of the tranche."""
    loan = to_scenario(load("24"))["financing"]["tranches"]["loan"]
    assert (loan["tenor_years"], loan["grace_years"], loan["profile"]) == (10.0, 2.0, "equal_principal")
    assert (loan["rate"], loan["arrangement_fee"], loan["dsra_months"]) == pytest.approx((0.056, 0.02, 4.0))
    capped = to_scenario(load("08"))["financing"]
    assert "gearing_cap" not in capped
    loan = capped["tranches"]["loan"]
    assert (loan["profile"], loan["target_dscr"]) == ("sculpted", 1.3)
    assert loan["ceiling_million"] == pytest.approx(0.55 * 4000.0 * 1.02)
    reserves = to_scenario(load("11"), loan=False)["financing"]
    assert (reserves["om_reserve_months"], reserves["reserve_rate"]) == (3.0, 0.02)
    assert "tranches" not in reserves


def test_a_table_that_is_not_a_straight_line_is_given_by_its_shares() -> None:
    """MACRS by name or as numbers is a table of shares; a life only says that the cost is written off."""
    rules = to_scenario(load("12"))["tax"]["jurisdictions"]["all"]["depreciation"]
    assert rules["method"] == "custom"
    assert list(rules["shares"].values()) == pytest.approx([0.2, 0.32, 0.192, 0.1152, 0.1152, 0.0576])
    listed = changed("02", depreciation=[20.0, 32.0, 19.2, 11.52, 11.52, 5.76])
    assert to_scenario(listed)["tax"]["jurisdictions"]["all"]["depreciation"] == rules


def test_equipment_is_split_by_when_it_is_deducted() -> None:
    """By the half-year table a tenth of what is written off over 5 years is deducted in the year of payment."""
    renewals = to_scenario(load("17"))["costs"]["replacements"]
    first, rest = renewals["equipment_0_deducted"], renewals["equipment_0_written_off"]
    assert first["amount_million"] == pytest.approx(10.0) and "tax_life_years" not in first
    assert rest["amount_million"] == pytest.approx(90.0) and rest["tax_life_years"] == 4.5
    assert all(part["reserve_funded"] and part["every_years"] == 10.0 for part in (first, rest))


def test_recapitalization_at_other_dates_is_a_price_of_energy() -> None:
    """A single renewal in year 9, with an escalation of its own, is paid through the energy of that year."""
    plan = {"cost_usd": 4e7, "escal_pct": 1.0, "years": [9]}
    data = to_scenario(changed("13", recapitalization=plan))
    values = data["supply"]["cost"]["price_per_mwh"]["values"]
    assert {year for year, value in values.items() if value} == {2008}
    paid = values[2008] * 1.025**8 * 8.76e6 * 0.993**8
    assert paid == pytest.approx(4e7 * 1.035**8, rel=1e-12)
    assert not data["costs"]["replacements"]


def test_a_declining_property_tax_and_a_capacity_payment() -> None:
    """Both have their counterpart."""
    data = to_scenario(load("18"))
    assert data["costs"]["operating"]["property_tax"]["decline_per_year"] == 0.03
    assert data["costs"]["operating"]["property_tax"]["amount_million_per_year"] == pytest.approx(32.0)
    payment = data["market"]["schemes"]["capacity"]
    assert (payment["amount_million_per_year"], payment["escalation_per_year"]) == (60.0, 0.01)


# --- what cannot be said ------------------------------------------------------------------------------------------

EQUIPMENT: dict[str, Any] = {"equip_reserves": [[0.05, 10]], "equip_depr_class": "sl5"}
GENERATED = {"generated_by": {"function": "merchant_prices", "kwargs": {"n": 25}}}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"module": "cashloan"}, "module 'cashloan'"),
    ({"module": "merchantplant", "market": {"generated_by": {}}}, "not given by a known formula"),
    ({"module": "merchantplant", "market": [50.0, 60.0]}, "not given by a known formula"),
    (
        {"module": "merchantplant", "market": {"generated_by": {**GENERATED["generated_by"], "kwargs": {"q": 1}}}},
        "unknown",
    ),
    (
        {"module": "merchantplant", "market": {"generated_by": {**GENERATED["generated_by"], "kwargs": {}}}},
        "n is not a",
    ),
    ({"module": "merchantplant"}, "a merchant plant without prices"),
    ({"ppa_mode": "auction"}, "ppa_mode 'auction'"),
    ({"ppa_mode": "target_irr", "price_by_year_usd_per_kWh": None}, "solved for, and the answer is missing"),
    ({"tod_multipliers": [1.1, 0.9]}, "time of delivery"),
    ({"capacity_payment": 6e7}, "capacity payment"),
    ({"capacity_payment": {"usd_per_yr": 6e7, "escal_pct": 1.0, "from_year": 2}}, "capacity payment"),
    ({"receivables_months": 1.5}, "receivables reserve"),
    (EQUIPMENT | {"equip_depr_class": "custom"}, "equip_depr_class 'custom'"),
    (EQUIPMENT | {"equip_reserves": [0.05]}, "equipment reserves in an unknown form"),
    (EQUIPMENT | {"equip_reserves": [[0.05, 5]]}, "equipment renewed in the last year"),
    (EQUIPMENT | {"equip_reserves": [[0.05, 9.5]]}, "after a part of a year"),
    ({"recapitalization": {"cost_usd": 1.0, "escal_pct": 0.0, "years": [9.5]}}, "outside of the years"),
    ({"recapitalization": {"cost_usd": 1.0, "escal_pct": 0.0, "years": [26]}}, "outside of the years"),
    ({"recapitalization": [9]}, "recapitalization in an unknown form"),
    ({"depreciation": "macrs15"}, "not a known table"),
    ({"depreciation": [20.0, 32.0, 19.2, 11.52, 11.52, 15.76]}, "of more than the cost"),
    ({"depreciation": [10.0] * 11}, "more depreciation than cost"),
    ({"degradation_pct": [0.0, 0.5, 1.0]}, "degradation_pct as a list"),
    ({"om_fixed_usd_per_yr": [1.0, 2.0]}, "om_fixed_usd_per_yr as a list"),
    ({"tax_rate_pct": [25.0, 20.0]}, "tax_rate_pct as a list"),
    ({"price_usd_per_kWh": [0.07, 0.08]}, "2 prices for 25 years"),
    ({"analysis_period_years": 24.5}, "not a whole number"),
    ({"debt_mode": "bond"}, "debt_mode 'bond'"),
    ({"debt_percent": 50.0, "debt_payment": "balloon"}, "debt_payment 'balloon'"),
    ({"debt_mode": "dscr", "moratorium_years": 2}, "a moratorium of a loan that is sized by DSCR"),
    ({"debt_mode": "dscr", "dscr_cap_debt_percent": 50.0, "working_capital_months": 3.0}, "working-capital reserve"),
    ({"capex_usd": None}, "capex_usd is missing"),
    ({"capex_usd": 0.0}, "no investment"),
    ({"capex_usd": "much"}, "capex_usd is not a number"),
    ({"capex_usd": True}, "capex_usd is not a number"),
    ({"inflation_pct": float("nan")}, "inflation_pct is not a number"),
    ({"inflation_pct": 10**400}, "inflation_pct is not a number"),
    ({"system_capacity_kW": 0.0, "gen_kW": 0.0}, "no capacity"),
    ({"bonus_depreciation_pct": 40.0}, "unknown input bonus_depreciation_pct"),
]


@pytest.mark.parametrize(("inputs", "words"), REFUSED)
def test_what_a_scenario_cannot_say_is_refused(inputs: dict[str, Any], words: str) -> None:
    """Features and inputs without an exact counterpart are refused by name, also unknown ones."""
    with pytest.raises(Unsupported, match=words):
        to_scenario(changed("04", **inputs))


def test_an_unknown_input_that_does_nothing_is_accepted() -> None:
    """An unknown key with nothing in it does not stand in the way."""
    assert to_scenario(changed("04", bonus_depreciation_pct=0.0, notes=None)) == to_scenario(load("04"))


def test_a_loan_is_seen_by_mode_and_share() -> None:
    """A share above 0 or sizing by DSCR is a loan, a share of 0 none."""
    assert [levered(load(number)) for number in ("01", "13", "14")] == [False, True, True]


# --- validate -----------------------------------------------------------------------------------------------------


def test_every_case_passes() -> None:
    """The engine gives SAM's numbers in all cases that a scenario can say; the screen has a line for each."""
    code, lines = run(FOLDER)
    assert code == 0
    for name, why in UNSUPPORTED.items():
        (line,) = (line for line in lines if line.startswith(name))
        assert f"UNSUPPORTED: {why}" in line
        lines.remove(line)
    told = []
    for line in lines:
        name, *_, verdict, said = re.split(r" {2,}", re.sub(r" {2}(?:the price|SAM prints) .*", "", line))
        assert name in {file.stem for file in TOLD} and "PASS" in line, line
        near = re.fullmatch(r"(?:[0-9]+ outputs agree to|max rel error) (.+)", said)
        assert near is not None and float(near[1]) < 1e-9, line
        told += [name] if verdict == "PASS" and "outputs" in said else []
    assert sorted(told) == sorted(file.stem for file in TOLD)
    assert len(FILES) == 24 and len(lines) == len(TOLD) + 2


@pytest.mark.parametrize("file", TOLD, ids=lambda file: file.stem)
def test_every_output_of_a_case_is_compared(file: Path) -> None:
    """Whatever SAM gives and is not zero throughout is held against the engine, to 1e-9 and mostly to rounding."""
    case: Case = json.loads(file.read_text("utf-8"))
    found = {verdict.output: verdict for verdict in module._verdicts(file)}
    assert found.keys() >= (WHOLE | LENT if file in LEVERED else WHOLE)
    assert found.keys() == {name for name, value in references(case).items() if value is not None and value.any()}
    exact = 1e-10 if file.stem == "sam20_toy_5yr" else 1e-12  # SAM ends its own iteration at a thousandth of a dollar
    for output, verdict in found.items():
        assert verdict.error is not None and verdict.error < exact, output
    assert found.keys() <= {name for names in GROUPS.values() for name in names}


def test_remarks() -> None:
    """A price solved by SAM gives the target as our IRR; an IRR that SAM does not print is the true root."""
    (solved,) = FOLDER.glob("sam19_*.json")
    (line,) = (v for v in module._verdicts(solved) if v.output == "target_irr")
    assert line.error is not None and line.error < 1e-12 and "solved" in line.why
    (silent,) = FOLDER.glob("sam23_*.json")
    (line,) = (v for v in module._verdicts(silent) if v.output == "irr")
    assert line.error is not None and line.error < 1e-12 and "SAM prints none" in line.why


@pytest.mark.parametrize(
    ("number", "inputs", "outputs"),
    [
        ("01", {"gen_kW": 1000010.0}, {"energy", "revenue_energy", "npv", "irr", "lcoe_nom", "twin_lcoe_nom"}),
        ("03", {"depreciation": [5.0] * 20}, {"tax_depreciation", "tax", "equity_cash_flow_aftertax", "npv"}),
        ("04", {"om_fixed_escal_pct": 0.5125}, {"om_fixed", "opex_total", "tax", "npv"}),
        ("04", {"price_escalation_pct": 2.001}, {"revenue_energy", "tax", "npv"}),
        ("04", {"real_discount_rate_pct": 6.0001}, {"npv", "lcoe_nom", "twin_npv"}),
        ("13", {"degradation_pct": 0.701}, {"energy", "revenue_energy", "om_production"}),
        ("14", {"salvage_pct": 10.01}, {"salvage", "tax", "equity_cash_flow_aftertax", "lcoe_nom"}),
        ("15", {"tax_rate_pct": 25.001}, {"tax", "equity_cash_flow_aftertax", "npv", "irr", "twin_tax"}),
        ("05", {"debt_rate_pct": 5.001}, {"debt_interest", "debt_service", "dscr", "min_dscr", "llcr", "tax", "irr"}),
        ("06", {"debt_percent": 50.001}, {"size_of_debt", "size_of_equity", "debt_principal", "debt_balance"}),
        ("07", {"dscr": 1.3001}, {"size_of_debt", "debt_service", "dscr", "npv"}),
        ("08", {"dscr_cap_debt_percent": 55.001}, {"size_of_debt", "min_dscr"}),
        ("09", {"debt_closing_usd": 4.6e6}, {"cost_installed", "size_of_debt", "npv"}),
        ("10", {"dsra_months": 6.001}, {"dsra_balance", "reserve_interest", "cost_installed"}),
        ("11", {"working_capital_months": 3.001}, {"om_reserve_balance", "size_of_debt", "twin_cash_flow_aftertax"}),
        ("12", {"depreciation": "sl5_half_year"}, {"tax_depreciation", "tax", "irr", "twin_tax"}),
        ("17", {"equip_depr_class": "sl6"}, {"tax_depreciation", "tax", "npv", "twin_tax"}),
        ("17", {"reserve_interest_pct": 1.501}, {"reserve_interest", "npv", "twin_npv"}),
        ("18", {"property_tax_decline_pct_points": 3.001}, {"property_tax", "cfads", "dscr"}),
        ("24", {"moratorium_years": 1}, {"debt_principal", "debt_balance", "dsra_balance"}),
        ("24", {"debt_fee_pct": 0.0}, {"cost_debt_upfront", "size_of_debt", "cost_installed", "npv"}),
    ],
)
def test_a_wrong_answer_fails(tmp_path: Path, number: str, inputs: dict[str, Any], outputs: set[str]) -> None:
    """An input moved a little away from the stored answers fails in the outputs that it touches, and not in all."""
    told = verdicts(changed(number, **inputs), tmp_path)
    failed = {output for output, verdict in told.items() if verdict.failed}
    assert failed >= outputs
    assert failed < told.keys()
    code, lines = run(tmp_path)
    assert code == 1
    assert failed == {line.split("  ")[1] for line in lines if "  FAIL  " in line}


Change = Callable[[dict[str, Any]], None]


def _of_loan(**terms: Any) -> Change:
    return lambda data: data["financing"]["tranches"]["loan"].update(terms)


def _of_all(**terms: Any) -> Change:
    return lambda data: data["financing"].update(terms)


def _equipment_written_off_later(data: dict[str, Any]) -> None:
    for name, part in data["costs"]["replacements"].items():
        part["tax_life_years"] = 5.0 if name.endswith("written_off") else 0.5


def _losses_carried(data: dict[str, Any]) -> None:
    data["tax"]["jurisdictions"]["all"]["losses"] = "carried_forward"


CONVENTIONS: list[tuple[str, Change, set[str]]] = [
    ("24", _of_loan(arrangement_fee=0.0), {"cost_debt_upfront", "cost_installed", "npv"}),
    ("24", _of_all(gearing_cap=0.5), {"size_of_debt", "debt_balance"}),
    ("24", _of_loan(grace_years=0.0, tenor_years=8.0), {"debt_principal", "llcr"}),
    ("24", _of_loan(dsra_months=0.0), {"dsra_balance", "reserve_interest"}),
    ("24", _of_all(tax_life_years=20.0), {"tax", "npv"}),
    ("24", _of_all(cfads_basis="after_tax"), {"cfads", "dscr", "min_dscr", "llcr"}),
    ("07", _of_all(cfads_basis="after_tax"), {"size_of_debt", "debt_service", "npv"}),
    ("08", _of_loan(ceiling_million=2200.0), {"size_of_debt", "dscr"}),
    ("11", _of_all(om_reserve_months=0.0), {"om_reserve_balance", "reserve_total"}),
    ("11", _of_all(reserve_rate=0.0), {"reserve_interest", "tax", "equity_cash_flow_aftertax"}),
    ("12", _losses_carried, {"tax", "equity_cash_flow_aftertax", "irr"}),
    ("17", _equipment_written_off_later, {"tax_depreciation", "tax"}),
    ("22", _of_loan(profile="annuity"), {"debt_principal", "dscr"}),
]
"""Case, a convention of SAM broken in its translation, and what must fail."""


@pytest.mark.parametrize(("number", "change", "outputs"), CONVENTIONS)
def test_a_broken_convention_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str, change: Change, outputs: set[str]
) -> None:
    """Each convention of SAM that the translation keeps is seen by at least one case."""

    def broken(case: Case, loan: bool = True) -> dict[str, Any]:
        data = to_scenario(case, loan)
        if loan:
            change(data)
        return data

    monkeypatch.setattr(module, "to_scenario", broken)
    assert failing(load(number), tmp_path) >= outputs


@pytest.mark.parametrize("file", LEVERED, ids=lambda file: file.stem)
def test_a_thousandth_of_the_cash_for_service_fails(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CFADS that is 0.1 % higher is a failure in every case with a loan, and so is a DSCR or a balance."""
    case: Case = json.loads(file.read_text("utf-8"))
    for output in ("cfads", "dscr", "debt_balance", "equity_cash_flow_aftertax", "npv", "llcr"):

        def scaled(*arguments: Any, output: str = output) -> dict[str, Array]:
            found = answers(*arguments)
            return found | {output: found[output] * 1.001}

        monkeypatch.setattr(module, "answers", scaled)
        assert failing(case, tmp_path) == {output}


def test_a_loan_beyond_repayment_is_unsupported(tmp_path: Path) -> None:
    """SAM lends what cannot be repaid on time; the engine does not. Either sign alone is a failure, not an excuse."""
    case = changed("24", price_usd_per_kWh=0.055)
    assert "size_of_debt" in failing(case, tmp_path)
    case["outputs_by_year"]["debt_service"] = [2.0 * paid for paid in case["outputs_by_year"]["debt_service"]]
    (line,) = verdicts(case, tmp_path).values()
    assert line.error is None and "cannot repay on time" in line.why
    sound = load("24") | {"outputs_by_year": case["outputs_by_year"]}
    assert failing(sound, tmp_path) == {"debt_service"}
    large = changed("07", price_usd_per_kWh=0.12)
    assert "size_of_debt" in failing(large, tmp_path)
    large["outputs_scalar"]["size_of_debt"] *= 3.0
    (line,) = verdicts(large, tmp_path).values()
    assert line.error is None and "larger than all that is paid for" in line.why


def test_a_loan_that_outlives_the_plant_is_unsupported(tmp_path: Path) -> None:
    """Terms that the engine refuses are no failure of its arithmetic."""
    (line,) = verdicts(changed("05", debt_tenor_years=26), tmp_path).values()
    assert line.error is None and line.why.startswith("not a possible scenario: ") and "tenor" in line.why


FOREIGN: dict[str, object] = {
    "list": [1, 2, 3],
    "number": 7,
    "other": {"common": {"capex": 1.0}, "cases": {"A": {}}},
    "no_outputs": {"id": "x", "inputs": {"module": "singleowner"}},
    "text_inputs": {"inputs": "none", "outputs_by_year": {}, "outputs_scalar": {}},
}


def test_foreign_files_get_one_line_each(tmp_path: Path) -> None:
    """What is not a SAM case is named as such, never a traceback; index.json is passed over in silence."""
    for name, content in FOREIGN.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "index.json").write_text("[]")
    (tmp_path / "broken.json").write_text('{"inputs": {')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00\x80")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "notes.txt").write_text("no case")
    code, lines = run(tmp_path)
    names = sorted([*FOREIGN, "broken", "deep", "empty", "bytes", "folder"])
    assert code == 0
    assert lines == [f"{name}  UNSUPPORTED: not a known case format" for name in names]


@pytest.mark.parametrize("gone", [*load("04")["inputs"], "inputs", "unlevered_twin", "irr", "derived", "id", "title"])
def test_a_case_with_a_key_missing_never_raises(tmp_path: Path, gone: str) -> None:
    """Without any one of its keys a case is refused or compared as far as it goes, in single lines."""
    for number in ("08", "13", "16", "17", "19", "24"):
        case = load(number)
        (case["inputs"] if gone in case["inputs"] else case).pop(gone)
        (tmp_path / f"{number}.json").write_text(json.dumps(case))
    code, lines = run(tmp_path)
    assert code == 0
    assert lines and all("\n" not in line and ("  PASS  " in line or "  UNSUPPORTED: " in line) for line in lines)


def test_missing_and_unusable_answers_are_unsupported(tmp_path: Path) -> None:
    """An answer that is missing, null or text is not compared; the others are."""
    case = load("04")
    del case["outputs_by_year"]["energy_kWh"]
    case["outputs_by_year"]["tax"] = "much"
    case["outputs_by_year"]["equity_cash_flow_aftertax"][3] = None
    case["outputs_scalar"]["lcoe_nom"] = float("nan")
    case["irr"] = None
    told = verdicts(case, tmp_path)
    missing = {output for output, verdict in told.items() if verdict.why == "no reference value"}
    assert missing == {"energy", "tax", "equity_cash_flow_aftertax", "lcoe_nom", "irr"}
    assert not any(verdict.failed for verdict in told.values())
    assert told.keys() >= WHOLE
    code, lines = run(tmp_path)
    assert code == 0
    found = {line.split("  ")[1] for line in lines if line.endswith("  UNSUPPORTED: no reference value")}
    assert found == missing


def test_an_impossible_scenario_is_unsupported(tmp_path: Path) -> None:
    """A case outside the bounds of a scenario is refused with the reason, in one line that starts with its id."""
    case = changed("04", real_discount_rate_pct=900.0) | {"id": "my\ncase"}
    (tmp_path / "case.json").write_text(json.dumps(case))
    code, (line,) = run(tmp_path)
    assert code == 0
    assert line.startswith("my case  UNSUPPORTED: not a possible scenario: ")
    assert "discount_rate_real" in line and "\n" not in line


def test_a_case_without_any_irr_wants_none() -> None:
    """No root: the engine's IRR has to be NaN, and a number is an error; the other way round, too."""
    wanted = largest_root({"roots": []}, "roots")
    assert wanted is not None
    assert module._error(np.array([math.nan]), wanted) == 0.0
    assert module._error(np.array([0.1]), wanted) == math.inf
    assert module.Verdict("case", "irr", module._error(np.array([math.nan]), np.array([0.1]))).failed
    several = largest_root({"roots": [-0.2, 0.4, 0.1]}, "roots")
    assert several is not None and several.tolist() == [0.4]


def test_lines_of_different_length_are_compared_in_full() -> None:
    """A line that ends early counts as zero from there on."""
    assert module._error(np.array([1.0, 2.0]), np.array([1.0, 2.0, 4.0])) == 1.0
    assert module._error(np.array([1.0, 2.0, 0.0]), np.array([1.0, 2.0])) == 0.0


def test_a_failing_engine_is_a_failed_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in the engine fails that case in one line and the others still run."""

    def broken(_: object) -> None:
        raise RuntimeError("no\nluck")

    for number in ("01", "02"):
        (tmp_path / f"{number}.json").write_text(json.dumps(load(number)))
    monkeypatch.setattr(module, "deterministic", broken)
    code, lines = run(tmp_path)
    assert code == 1
    assert [line.split("  ", 1)[1] for line in lines] == ["engine  FAIL  max rel error inf  RuntimeError: no luck"] * 2


def test_a_folder_without_cases_is_an_error(tmp_path: Path) -> None:
    """Nothing compared is not a success."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ScenarioError, match="holds no case"):
            validate(folder, print)
