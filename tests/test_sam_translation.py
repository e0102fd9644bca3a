"""SAM cases: the translation to scenario data, and `validate` on good, changed and foreign files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.errors import ScenarioError
from sim.scenario import from_data
from sim.study import validate as module
from sim.study.sam import Unsupported, levered, to_scenario
from sim.study.validate import validate

Array = NDArray[np.float64]
Case = dict[str, Any]
FOLDER = Path(__file__).parent / "reference" / "sam"
FILES = sorted(FOLDER.glob("sam*.json"))
ALWAYS = ["energy", "revenue_energy", "operating_cost", "opex_total", "depreciation"]
ALWAYS += ["tax", "cash_flow_aftertax", "npv", "irr", "sam_lcoe"]


def load(number: str) -> Case:
    """Return the case with a number such as 04."""
    (file,) = FOLDER.glob(f"sam{number}_*.json")
    case: Case = json.loads(file.read_text("utf-8"))
    return case


def changed(number: str, **inputs: Any) -> Case:
    """Return a case with other inputs."""
    case = load(number)
    return case | {"inputs": case["inputs"] | inputs}


def run(folder: Path) -> tuple[int, list[str]]:
    """Return exit code and lines of `validate`."""
    lines: list[str] = []
    return validate(folder, lines.append), lines


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
    written_off = np.zeros(years)
    for item in items:
        if life := item.get("tax_life_years"):
            start = t - (0.5 if data["tax"]["half_year"] else 0.0)
            written_off += item["amount_million"] * 1e6 / life * (np.clip(start + 1, 0, life) - np.clip(start, 0, life))
    ebitda = revenue + salvage - operating
    tax = data["tax"]["rate"] * (ebitda - written_off)
    flows = np.append(-capex, ebitda - tax)
    inflation = data["macro"]["inflation"]["usd"]["value"]
    rate = (1.0 + inflation) * (1.0 + data["evaluation"]["discount_rate_real"]) - 1.0
    npv = np.array([np.sum(flows / (1.0 + rate) ** np.arange(years + 1))])
    return {"energy": energy, "revenue": revenue, "opex": operating, "tax": tax, "flows": flows, "npv": npv}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_translated_data_give_sams_lines(file: Path) -> None:
    """Formulas of model.md, applied by hand to the translated data, give SAM's lines; the engine has no part in it."""
    case = json.loads(file.read_text("utf-8"))
    lines = hand_flows(to_scenario(case))
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


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_translated_data_are_a_certain_scenario(file: Path) -> None:
    """The scenario is valid, holds no uncertain number and leaves the case as it was."""
    case = json.loads(file.read_text("utf-8"))
    before = json.dumps(case)
    spec = from_data(file.stem, to_scenario(case))
    assert not spec.uncertain
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
    assert data["tax"]["half_year"] is half_year


def test_financing_cost_is_part_of_the_investment() -> None:
    """Construction and other financing are depreciated with the plant; a closing cost is not, and falls to a loan."""
    extra = {"construction_financing_usd": 203e6, "other_financing_usd": 20e6, "debt_closing_usd": 4.5e6}
    own = to_scenario(changed("14", debt_mode="fraction", debt_percent=0.0, **extra))["costs"]
    assert own["items"]["depreciated"]["amount_million"] == pytest.approx(4223.0)
    assert own["items"]["not_depreciated"]["amount_million"] == pytest.approx(4.5)
    assert own["salvage"]["share_of_capex"] * 4227.5 == pytest.approx(400.0)
    lent = to_scenario(changed("14", **extra))["costs"]
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


# --- what cannot be said ------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"module": "cashloan"}, "module 'cashloan'"),
    ({"module": "merchantplant", "market": {"generated_by": {}}}, "hourly merchant prices"),
    ({"module": "merchantplant"}, "a merchant plant without prices"),
    ({"ppa_mode": "target_irr"}, "solved for"),
    ({"tod_multipliers": [1.1, 0.9]}, "time of delivery"),
    ({"capacity_payment": {"usd_per_yr": 6e7, "escal_pct": 1.0}}, "capacity payment"),
    ({"working_capital_months": 3.0}, "working-capital reserve"),
    ({"receivables_months": 1.5}, "receivables reserve"),
    ({"equip_reserves": [[0.05, 10]]}, "equipment reserves"),
    ({"property_tax_rate_pct": 0.8, "property_tax_decline_pct_points": 3.0}, "declining"),
    ({"recapitalization": {"cost_usd": 1.0, "escal_pct": 0.0, "years": [9]}}, "recapitalization"),
    ({"recapitalization": {"cost_usd": 1.0, "escal_pct": 1.0, "years": [10, 20]}}, "recapitalization"),
    ({"recapitalization": [9]}, "recapitalization in an unknown form"),
    ({"depreciation": "macrs5"}, "not a straight line"),
    ({"depreciation": [20.0, 32.0, 19.2, 11.52, 11.52, 5.76]}, "not a straight line"),
    ({"depreciation": [10.0] * 11}, "more depreciation than cost"),
    ({"degradation_pct": [0.0, 0.5, 1.0]}, "degradation_pct as a list"),
    ({"om_fixed_usd_per_yr": [1.0, 2.0]}, "om_fixed_usd_per_yr as a list"),
    ({"tax_rate_pct": [25.0, 20.0]}, "tax_rate_pct as a list"),
    ({"price_usd_per_kWh": [0.07, 0.08]}, "2 prices for 25 years"),
    ({"analysis_period_years": 24.5}, "not a whole number"),
    ({"debt_mode": "bond"}, "debt_mode 'bond'"),
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
    """The engine gives SAM's numbers in all cases: one line for each output, all PASS, far below the tolerance."""
    code, lines = run(FOLDER)
    assert code == 0
    outputs = {
        file.stem: [line.split("  ")[1] for line in lines if line.startswith(file.stem + "  ")] for file in FILES
    }
    for name, found in outputs.items():
        assert sorted(found) == sorted(ALWAYS + (["salvage"] if name == "sam14_salvage" else []))
    assert len(lines) == sum(len(found) for found in outputs.values())
    for line in lines:
        _, _, verdict, error = line.split("  ")
        assert verdict == "PASS"
        assert float(error.removeprefix("max rel error ")) < 1e-9


@pytest.mark.parametrize(
    ("number", "inputs", "outputs"),
    [
        ("01", {"gen_kW": 1000010.0}, {"energy", "revenue_energy", "npv", "irr", "sam_lcoe"}),
        ("03", {"depreciation": [5.0] * 20}, {"depreciation", "tax", "cash_flow_aftertax", "npv"}),
        ("04", {"om_fixed_escal_pct": 0.5125}, {"operating_cost", "opex_total", "tax", "npv"}),
        ("04", {"price_escalation_pct": 2.001}, {"revenue_energy", "tax", "npv"}),
        ("04", {"real_discount_rate_pct": 6.0001}, {"npv", "sam_lcoe"}),
        ("13", {"degradation_pct": 0.701}, {"energy", "revenue_energy", "operating_cost"}),
        ("14", {"salvage_pct": 10.01}, {"salvage", "tax", "cash_flow_aftertax", "sam_lcoe"}),
        ("15", {"tax_rate_pct": 25.001}, {"tax", "cash_flow_aftertax", "npv", "irr"}),
    ],
)
def test_a_wrong_answer_fails(tmp_path: Path, number: str, inputs: dict[str, Any], outputs: set[str]) -> None:
    """An input moved a little away from the stored answers fails in the outputs that it touches."""
    (tmp_path / "case.json").write_text(json.dumps(changed(number, **inputs)))
    code, lines = run(tmp_path)
    failed = {line.split("  ")[1] for line in lines if "  FAIL  " in line}
    assert code == 1
    assert failed >= outputs
    assert failed < {line.split("  ")[1] for line in lines}


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


@pytest.mark.parametrize("gone", [*load("04")["inputs"], "inputs", "unlevered_twin", "irr", "id", "title"])
def test_a_case_with_a_key_missing_never_raises(tmp_path: Path, gone: str) -> None:
    """Without any one of its keys a case is refused or compared as far as it goes, in single lines."""
    case = load("13")
    (case["inputs"] if gone in case["inputs"] else case).pop(gone)
    (tmp_path / "case.json").write_text(json.dumps(case))
    code, lines = run(tmp_path)
    assert code == 0
    assert lines and all("\n" not in line and ("  PASS  " in line or "  UNSUPPORTED: " in line) for line in lines)


def test_missing_and_unusable_answers_are_unsupported(tmp_path: Path) -> None:
    """An answer that is missing, null or text is not compared; the others are."""
    case = load("04")
    del case["outputs_by_year"]["energy_kWh"]
    del case["outputs_by_year"]["insurance"]
    case["outputs_by_year"]["tax"] = "much"
    case["outputs_by_year"]["equity_cash_flow_aftertax"][3] = None
    case["outputs_scalar"]["lcoe_nom"] = float("nan")
    case["irr"] = None
    (tmp_path / "case.json").write_text(json.dumps(case))
    code, lines = run(tmp_path)
    missing = {line.split("  ")[1] for line in lines if line.endswith("  UNSUPPORTED: no reference value")}
    assert code == 0
    assert missing == {"energy", "operating_cost", "tax", "cash_flow_aftertax", "sam_lcoe", "irr"}
    assert sum("  PASS  " in line for line in lines) == len(ALWAYS) - len(missing)


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
    wanted = module._largest_root({"roots": []}, "roots")
    assert wanted is not None
    assert module._error(np.array([math.nan]), wanted) == 0.0
    assert module._error(np.array([0.1]), wanted) == math.inf
    assert module.Verdict("case", "irr", module._error(np.array([math.nan]), np.array([0.1]))).failed
    several = module._largest_root({"roots": [-0.2, 0.4, 0.1]}, "roots")
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
