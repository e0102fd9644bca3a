"""Every traced number follows from the parts shown under it, down to inputs that say where they come from."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_sanctions import add_sanctions
from random_scenarios import random_scenario
from small_scenarios import constant, small_scenario

from sim.base.sampling import REPLICATE, Draws
from sim.engine import run_block
from sim.errors import ScenarioError
from sim.prepare import prepare
from sim.scenario import Spec, from_data, parse_override, read
from sim.study.glossary_sanctions import BLOCKED_LINES, OWNER_LINES
from sim.study.trace import LINES, METRICS, Lines, trace, tree
from sim.study.trace_finance import BALANCES
from sim.study.trace_inputs import OneDraw
from sim.study.trace_tree import Node, made, render

SCENARIOS = Path(__file__).parents[1] / "scenarios"
CASES = ("base", "evidence", "outage_events", "purchase", "cable_only")
DRAW = 300
YEARS = (2029, 2033, 2050)
"""A year of building, one of the first in operation, one in the middle."""
CALM = ("sanctions=null", "timeline.decision=null")
"""Takes politics out of a shipped scenario."""


def contracted() -> Spec:
    """Return a scenario with contracts, take-or-pay, charges at both ends, two currencies and quarters of a year."""
    data = small_scenario()
    data["timeline"] |= {"periods_per_year": 4, "construction": {"years": 2.6}}
    data["macro"]["inflation"] |= {"usd": {"process": "scripted", "values": {2026: 0.02, 2030: 0.04, 2035: 0.01}}}
    data["macro"]["inflation"]["jpy"] = {"process": "ou", "spot": 0.01, "mean_level": 0.02}
    data["macro"]["inflation"]["jpy"] |= {"reversion_per_year": 0.3, "volatility": 0.01}
    data["macro"]["fx"] = {"jpy": {"rate": {"process": "gbm", "spot": 150, "volatility": 0.1}}}
    data["costs"]["contingency"] = {"amount_million": 200, "price_year": 2029, "tax_life_years": 5}
    data["costs"]["items"]["link"] |= {"currency": "jpy", "amount_million": 300000, "overrun": 0.05}
    data["costs"]["operating"]["use"] = {"amount_per_mwh": 300, "currency": "jpy", "price_year": 2026}
    data["costs"]["operating"]["share"] = {"share_of_capex_per_year": 0.01, "price_year": 2026}
    data["costs"]["operating"]["share"] |= {"escalation_per_year": 0.01}
    data["costs"]["replacements"] = {"control": {"amount_million": 10, "price_year": 2026, "every_years": 5}}
    data["costs"]["replacements"]["cards"] = {"amount_million": 9, "price_year": 2026, "every_years": 2}
    data["costs"]["replacements"]["cards"] |= {"tax_life_years": 3}
    data["costs"]["operating"]["dues"] = {"amount_million_per_year": 5, "price_year": 2026, "decline_per_year": 0.2}
    data["costs"]["salvage"] = {"share_of_capex": 0.05, "price_year": 2026}
    data["link"] |= {"onshore_km": 400, "line_loss_per_1000km": 0.03}
    data["supply"]["take_or_pay_share"] = 0.9
    market = data["market"]
    market |= {"currency": "jpy", "price_per_kwh": constant(9), "price_effect_per_gw": 3, "price_floor_per_kwh": 4}
    here, there = {"measured_at": "sending_end"}, {"measured_at": "receiving_end"}
    market["charges"] = {
        "duty": {"share_of_supply_cost": 0.1, "price_year": 2026, **here},
        "wheeling": {"amount_per_mwh": 500, "currency": "jpy", "price_year": 2028, **there},
    }
    ppa = {"kind": "ppa", "share": 0.3, "price_year": 2026, "term_years": 6, "escalation_per_year": 0.01}
    market["schemes"] = {
        "utility": ppa | {"price_per_kwh": constant(10), "currency": "jpy"},
        "state": ppa | {"share": 0.2, "price_per_kwh": constant(0.07), "indexed": False},
        "merchant": {"kind": "merchant", "share": 0.5},
        "ready": {"kind": "capacity", "amount_million_per_year": 20, "price_year": 2026, "term_years": 6},
    }
    table = {"method": "custom", "shares": {1: 0.6, 2: 0.4}, "half_year": True}
    half, twice = {"share": 0.5, "rate": 0.2}, {"method": "declining_balance", "factor": 2}
    data["tax"]["jurisdictions"] = {
        "sender": half | {"losses": "carried_forward", "loss_limit": 0.5, "depreciation": twice},
        "receiver": half | {"loss_expiry_years": 1.5, "depreciation": table},
    }
    return from_data("contracted", data)


@cache
def political() -> Spec:
    """Return the same with sanctions that have every effect outside the loans, cut-offs, a wait and stops."""
    data = dict(contracted().data)
    data["timeline"] |= {"max_delay_years": 6, "decision": {"no_worse_than": "mild", "max_wait_years": 2}}
    data["costs"]["items"]["link"]["sanctioned_equipment"] = True
    data["costs"]["operating"]["om"]["insurance"] = True
    mild = {"pace": 0.7, "cost_factor": 1.3, "price_discount": 0.1, "revenue_blocked": 0.3, "insurance_factor": 1.5}
    mild |= {"repair_factor": 2, "export_limit_mw": 600}
    full = {"pace": 0, "cost_factor": 1.5, "revenue_blocked": 1, "export_share": 0.5, "seizure_per_year": 0.2}
    chance = {
        "calm": {"mild": 0.2, "full": 0.03},
        "mild": {"calm": 0.2, "full": 0.15},
        "full": {"mild": 0.4, "calm": 0.1},
    }
    data["sanctions"] = {"initial": "full", "regimes": {"calm": {}, "mild": mild, "full": full}}
    data["sanctions"] |= {"probabilities": chance, "blocked_recovery": 0.7, "seizure_loss": {"japan": 0.4}}
    stop = {"amount_million": 900, "currency": "jpy", "price_year": 2028, "tax_life_years": 4, "restart_years": 0.4}
    data["sanctions"]["stoppage"] = stop | {"abandonment_years": 1.5}
    data["sanctions"]["export_cut_offs"] = {"onset_per_year": 0.1, "end_per_year": 0.5, "export_share": 0.2}
    return from_data("political", data)


@cache
def spec(name: str, *sets: str) -> Spec:
    """Return a shipped scenario."""
    return read(SCENARIOS / f"{name}.yaml", [parse_override(text) for text in sets])


OUTCOMES: dict[str, Any] = {
    "a stop and remobilisation": lambda b: (b["years_stopped"] > 0.0) & np.isfinite(b["cod_years"]),
    "abandoned": lambda b: b["abandoned"] > 0.0,
    "seized": lambda b: (b["seized"] > 0.0) & (b["abandoned"] == 0.0),
    "blocked": lambda b: b["revenue_blocked"] > 0.0,
    "released": lambda b: b["revenue_released"] > 0.0,
    "confiscated": lambda b: b["revenue_confiscated"] > 0.0,
    "held": lambda b: b["dividends_held"] > 0.0,
    "not invested": lambda b: b["invested"] == 0.0,
    "a wait without default": lambda b: (b["fid_years"] > 0.0) & np.isfinite(b["cod_years"]) & (b["defaulted"] == 0.0),
    "a wait": lambda b: (b["fid_years"] > 0.0) & np.isfinite(b["cod_years"]),
}
"""What can happen to a draw, told from its metrics and the sums of its lines."""


_OUTCOMES: dict[int, dict[str, Any]] = {}


def outcomes(scenario: Spec) -> dict[str, Any]:
    """Return metrics and sums of lines of the first replicate; a scenario is kept with them."""
    if id(scenario) in _OUTCOMES:
        return _OUTCOMES[id(scenario)]
    block = run_block(prepare(scenario), Draws(1, (0,)))
    sums = {name: np.broadcast_to(line, (len(line), REPLICATE)).sum(axis=0) for name, line in block.lines.items()}
    _OUTCOMES[id(scenario)] = sums | block.metrics | {"scenario": scenario}
    return _OUTCOMES[id(scenario)]


def draw_with(scenario: Spec, outcome: str) -> int:
    """Return the first draw to which something happens."""
    happens = OUTCOMES[outcome](outcomes(scenario))
    assert np.any(happens), f"{outcome} does not happen"
    return int(np.argmax(happens))


def telling_years(of: Lines) -> tuple[int, ...]:
    """Return the years in which politics does something to a draw, and some others."""
    clock, grid, every = of.block.clock, of.model.grid, of.block.lines
    rows = [0.0, *clock.fid_row, *clock.abandoned_row, *of.schedule.seized_row, *(clock.cod_years * (1.0 / grid.dt))]
    rows += [] if clock.resumed is None else np.flatnonzero(clock.resumed[:, 0]).tolist()[:2]
    rows += [float(np.argmax(every[name][:, 0])) for name in (*BLOCKED_LINES, *OWNER_LINES) if name in every]
    found = {int(grid.year[min(int(row), grid.periods)]) for row in rows if np.isfinite(row)}
    last = grid.years - 1
    return tuple(grid.start_year + year for year in sorted({min(y + j, last) for y in found for j in (0, 1)}))


def lines(scenario: Spec, draw: int | None) -> Lines:
    """Return a scenario in a draw or the lenders' case."""
    return Lines.of(scenario, None if draw is None else OneDraw(1, (draw // REPLICATE,), draw % REPLICATE))


def check(root: Node) -> None:
    """Assert that every node of a tree follows from its parts."""
    wrong = [f"{n.name}: {n.value!r}, parts give {n.recomputed!r}" for n in root.walk() if not n.agrees]
    assert not wrong, "\n".join([root.name, *wrong])


def check_lines(of: Lines, names: Iterable[str], years: Iterable[int]) -> None:
    """Assert that lines of some years follow from their parts and are the engine's numbers."""
    book = of.block.lines
    book["revenue"] = book["revenue_merchant"] + book["revenue_ppa"] + book["revenue_capacity"]
    for year, name in itertools.product(years, names):
        root = of.of_year(name, year)
        check(root)
        rows = [row.at(book[name]) for row in of.rows(year)]
        engine = rows[-1] if name.startswith("cumulative") or name in BALANCES else sum(rows)
        if name == "dscr":
            engine = min((ratio for ratio in rows if not np.isnan(ratio)), default=np.nan)
        assert root.value == pytest.approx(engine, rel=1e-9, abs=1e-3, nan_ok=True), f"{name} {year}"


def check_all(of: Lines, years: tuple[int, ...]) -> None:
    """Assert that all lines of some years, and all metrics, follow from their parts and are the engine's numbers."""
    check_lines(of, [name for name in LINES if name in of.block.lines or name == "revenue"], years)
    for name in METRICS:
        root = of.metric(name)
        check(root)
        assert root.value == pytest.approx(float(of.block.metrics[name][0]), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("draw", [None, DRAW])
@pytest.mark.parametrize("name", CASES)
def test_shipped_scenarios(name: str, draw: int | None) -> None:
    """All lines of three years and all metrics add up, in the lenders' case and in a draw."""
    check_all(lines(spec(name), draw), YEARS)


@pytest.mark.parametrize("draw", [None, DRAW])
def test_contracts_charges_take_or_pay_and_quarters(draw: int | None) -> None:
    """The same with contracts, charges, take-or-pay, two currencies, moving inflation and quarters of a year."""
    of = lines(contracted(), draw)
    check_all(of, (2028, 2030, 2034, 2038, 2041))
    paid = {node.name for node in of.of_year("supply_cost", 2034).walk()}
    assert "energy paid for in 2034 (1/4)" in paid
    assert {"duty", "wheeling"} <= {node.name for node in of.of_year("charges", 2034).walk()}
    powers = [node for node in of.of_year("revenue_ppa", 2034).walk() if node.name.startswith("power of ")]
    assert powers and all(power.value > 0.0 for power in powers)
    parts = {node.name for node in of.of_year("tax", 2034).walk()}
    assert {"tax of sender 2034 (4/4)", "losses that can be used", "depreciation of cards"} <= parts
    assert of.of_year("revenue_capacity", 2034).value > 0.0


@pytest.mark.parametrize("seed", range(12))
def test_random_scenarios(seed: int) -> None:
    """Scenarios that between them use every option: lines of four years and metrics add up in a draw."""
    of = lines(from_data("random", random_scenario(random.Random(seed))), 5 + seed)
    start, years = of.model.grid.start_year, of.model.grid.years
    check_all(of, (start, start + years // 3, start + years // 2, start + years - 1))


@pytest.mark.parametrize("draw", [None, *(name for name in OUTCOMES if name not in ("held", "a wait without default"))])
def test_politics_in_quarters(draw: str | None) -> None:
    """The same with every effect of sanctions but those on loans: all lines of the years in which they act."""
    scenario = political()
    of = lines(scenario, None if draw is None else draw_with(scenario, draw))
    check_all(of, telling_years(of))


POLITICAL = (
    *(("base", name) for name in ("a stop and remobilisation", "abandoned", "seized")),
    *(("sanctions/seizure", name) for name in ("confiscated", "released")),
    *(("sanctions/today_full", name) for name in ("not invested", "a wait")),
)


@pytest.mark.parametrize(("name", "outcome"), POLITICAL)
def test_shipped_scenarios_under_sanctions(name: str, outcome: str) -> None:
    """All lines add up in the years in which politics does something to a draw."""
    of = lines(spec(name), draw_with(spec(name), outcome))
    check_all(of, telling_years(of))


@pytest.mark.parametrize("seed", range(16))
def test_random_sanctions(seed: int) -> None:
    """Scenarios with random sanctions and no loans: lines of some years and metrics add up in a draw."""
    rng = random.Random(seed)
    of = lines(from_data("random", add_sanctions(rng, random_scenario(rng))), 5 + seed)
    check_all(of, telling_years(of))


def test_politics_is_told() -> None:
    """Regime, decision, clock, effects, cut-offs and the blocked account are named with what they follow from."""
    of = lines(political(), draw_with(political(), "a wait"))
    first = int(of.model.grid.start_year + of.model.grid.year[int(of.fid_row) + 1])
    text = "\n".join(render(of.of_year("capex", first)))
    for part in (
        "FID = ",
        "end of the first period within max_wait_years whose regime is calm or mild",
        "by chance from",
    ):
        assert part in text
    assert (
        "regimes until the decision" in text and "regimes while building" in text and "stream sanctions.regimes" in text
    )
    assert "sanctions.regimes.mild.pace = 70 %" in text and "with pace, stops and lenders of each regime" in text
    years = range(of.model.grid.start_year, of.model.grid.start_year + of.model.grid.years)
    names = {node.name.split(" ")[0] for year in years for node in of.of_year("ebitda", year).walk()}
    keys = {"price_discount", "export_limit_mw", "insurance_factor", "revenue_blocked", "availability"}
    assert keys <= names and "what" in names
    case = "\n".join(render(lines(political(), None).of_year("ebitda", first + 4)))
    assert "calm: the lenders' case stays in the first one, in which the decision can be taken" in case
    assert "P(cut) = onset/(onset + end)" in case
    again = lines(political(), draw_with(political(), "a stop and remobilisation"))
    resumed = again.block.clock.resumed
    assert resumed is not None
    row = int(np.flatnonzero(resumed[:, 0])[0])
    text = "\n".join(render(again.on(row).capex()))
    assert (
        "remobilisation in " in text and "work begins again in " in text and "sanctions.stoppage.amount_million" in text
    )


@pytest.mark.parametrize("name", ["base", "outage_events"])
def test_a_draw_is_the_column_of_its_replicate(name: str) -> None:
    """Draw 300 is column 44 of replicate 1, in every line and metric."""
    model = prepare(spec(name))
    one, whole = run_block(model, OneDraw(7, (1,), 44)), run_block(model, Draws(7, (1,)))
    for line, flow in whole.lines.items():
        column = np.broadcast_to(flow, (len(flow), REPLICATE))[:, 44]
        np.testing.assert_allclose(one.lines[line][:, 0], column, rtol=1e-9, atol=1e-3, err_msg=line)
    for metric, values in whole.metrics.items():
        np.testing.assert_allclose(one.metrics[metric][0], values[44], rtol=1e-9, err_msg=metric)
    assert tree(spec(name), "net", 2040, DRAW, 7).value == pytest.approx(float(whole.lines["net"][14, 44]), rel=1e-9)


def test_every_line_of_the_engine_can_be_traced() -> None:
    """No line of the cash flow is without its tree."""
    political = {*BLOCKED_LINES, *OWNER_LINES}
    assert set(lines(spec("sanctions/seizure"), None).block.lines) | {"revenue"} == set(LINES)
    assert set(lines(spec("base", *CALM), None).block.lines) | {"revenue"} | political == set(LINES)


def test_every_input_of_base_has_a_source() -> None:
    """Wherever a tree of the base case ends in an input, its source is shown; those of politics too."""
    inputs: dict[str, str] = {}
    for scenario, draw in ((spec("base"), draw_with(spec("base"), "seized")), (spec("base", *CALM), DRAW)):
        of = lines(scenario, draw)
        roots = [of.of_year(name, y) for name in LINES if name in of.block.lines for y in (2028, 2030, 2040, 2050)]
        found = (n for root in [*roots, *map(of.metric, METRICS)] for n in root.walk())
        inputs |= {node.name: node.source for node in found if node.source is not None}
    assert len(inputs) > 70
    assert not [name for name, source in inputs.items() if not source]
    assert {"sanctions.regimes.sectoral.pace", "sanctions.rates.sectoral.full"} <= set(inputs)
    text = trace(spec("base"), "capex", 2030)
    assert "costs.items.plant.work_from = 10 % of the construction clock · source: assumption: phasing" in text


def test_a_distribution_shows_what_was_drawn() -> None:
    """An uncertain input shows its distribution and its value in this draw."""
    drawn, planned = (trace(spec("base", *CALM), "energy_sent_mwh", 2040, draw) for draw in (DRAW, None))
    assert "% ← drawn from pert(min 0.7, mode 0.8, max 0.9, lam 4) · source: assumption: modern coal plant" in drawn
    assert "supply.availability = 80 % ← median of pert(min 0.7, mode 0.8, max 0.9, lam 4)" in planned
    title = "Sakhalin–Wakkanai power cable (base): energy_sent_mwh 2040, draw 300 of seed 1"
    assert drawn.startswith(f"{title}\n\nenergy_sent_mwh 2040 = ")


def test_a_mismatch_is_shown() -> None:
    """A number that does not follow from its parts says so."""
    wrong = made("total", "USD", "a", lambda a: a, [Node("a", 2e6, "USD")], 2.1e6)
    assert not wrong.agrees
    assert render(wrong)[0] == "total = 2.100 million USD ← a · MISMATCH: the parts give 2.000 million USD"


def test_a_page_says_things_once() -> None:
    """The title of a metric stands beside it, large money in billions first, the way to the parts of a line once."""
    text = trace(spec("base"), "project_npv_usd", None, titles={"project_npv_usd": "Net present value"}).splitlines()
    assert text[0] == "Sakhalin–Wakkanai power cable (base): Net present value, project_npv_usd, lenders' case"
    assert re.fullmatch(r"project_npv_usd = −4\.\d\d bn USD, exactly −4,\d{3}\.\d{3} million USD ← .*", text[2])
    flows = trace(spec("base"), "project_payback_years", None).splitlines()[3:]
    assert len(flows) > 50 and sum("see --line cumulative_net_real" in line for line in flows) == 1
    assert flows[0].startswith("  cumulative_net_real opening of 2027 = 0 USD ← see ")


@pytest.mark.parametrize(
    ("line", "year", "draw", "message"),
    [
        ("revenu", 2040, None, "there is no line 'revenu'; did you mean revenue"),
        ("xyzzy", 2040, None, "known: energy_sent_mwh"),
        ("revenue", 2200, None, "2200 is not within the calculation; give a year from 2027 to 2080"),
        ("revenue", None, None, "revenue needs a year; give a year from 2027"),
        ("investment_usd", 2040, None, "investment_usd is not of one year; leave out --year"),
        ("revenue", 2040, -1, "-1 is no draw; count draws from 0"),
        (
            "revenue_lost",
            2040,
            None,
            "revenue_lost is a line that this scenario does not have; no regime has revenue_b",
        ),
        ("change_for_sponsors_japan", None, None, "the metric change_for_sponsors_japan cannot be traced"),
        ("equity_irr", None, None, "the metric equity_irr cannot be traced; of the metrics trace project_npv_usd, "),
        ("loss_share_of_jbic", None, None, "the metric loss_share_of_jbic cannot be traced"),
        ("dscrr", 2040, None, "there is no line 'dscrr'; did you mean dscr"),
    ],
)
def test_errors_say_what_to_do(line: str, year: int | None, draw: int | None, message: str) -> None:
    """Unknown lines, years and draws are refused with a cure."""
    with pytest.raises(ScenarioError) as caught:
        trace(spec("base"), line, year, draw)
    assert message in str(caught.value)


def test_lines_of_loans_need_loans() -> None:
    """A scenario without a financing section has no lines of it."""
    with pytest.raises(ScenarioError, match="dscr is a line of the financing, which is not in the scenario"):
        trace(from_data("small", small_scenario()), "dscr", 2035)


def test_text_of_a_small_scenario() -> None:
    """The text of a small trace, whole."""
    data: dict[str, Any] = small_scenario()
    data["costs"]["operating"]["om"]["amount_million_per_year"] = {"value": 40, "source": "own estimate, 2026"}
    assert trace(from_data("small", data), "operating_cost", 2030).splitlines() == GOLDEN.strip().splitlines()


GOLDEN = """
small (small): operating_cost 2030, lenders' case

operating_cost 2030 = 43.297 million USD ← om
  om = 43.297 million USD ← amount_million_per_year × years of 2030 in operation × 1,000,000 × usd index 2026→2030
    costs.operating.om.amount_million_per_year = 40 million USD · source: own estimate, 2026
    years of 2030 in operation = 1 years ← what of 3 to 4 years lies within operation_years from COD
      COD = 3 years ← when the construction clock reaches 1 (model.md 4)
        timeline.construction.years = 3 years · source: none given
      timeline.operation_years = 12 years · source: none given
    usd index 2026→2030 = 1.08243 ← (1 + inflation)^(2030 − 2026)
      macro.inflation.usd = 2 % a year ← constant
        macro.inflation.usd.value = 2 % a year · source: none given
"""
