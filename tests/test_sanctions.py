"""Sanctions against closed forms, identities and paired worlds, through the engine itself."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_scenarios import constant, small_scenario

from sim.base import chains
from sim.base.sampling import Draws
from sim.collect import Block
from sim.engine import run_block, simulate
from sim.errors import ScenarioError
from sim.model import regimes
from sim.model.counterfactual import CHANGE, CHANGE_IN_TOTAL
from sim.prepare import prepare
from sim.scenario import fill, from_data, read

Array = NDArray[np.float64]
SCENARIOS = Path(__file__).parents[1] / "scenarios"
REPLICATES = tuple(range(160))
DRAWS = 256 * len(REPLICATES)
SMALL = tuple(range(4))


def annuity(periods_per_year: int) -> dict[str, Any]:
    """Return a project that costs a dollar and earns 100 dollars a year for 25 years, valued at 8 % nominal."""
    data = small_scenario()
    data["timeline"] = {
        "start_year": 2027,
        "periods_per_year": periods_per_year,
        "construction": {"years": 0},
        "operation_years": 25,
        "max_delay_years": 0,
    }
    data["macro"] = {"inflation": {"usd": constant(0.0)}}
    data["costs"] = {"items": {"all": {"amount_million": 1e-6, "price_year": 2027}}}
    data["link"] = {"capacity_mw": 1, "length_km": 40, "converter_loss": 0, "availability": 1}
    data["supply"] |= {"net_capacity_mw": 1, "availability": 1}
    data["supply"]["cost"] = {"kind": "price", "price_per_mwh": constant(0), "price_year": 2027}
    data["market"] |= {"price_year": 2027, "price_per_kwh": constant(100 / 8760e3)}
    del data["market"]["duration_curve"]
    data["tax"] = {"jurisdictions": {"all": {"rate": 0}}}
    data["evaluation"] = {"discount_rate_nominal": 0.08}
    data["financing"] = {"sponsors": {"owner": {"nation": "west", "share": 1}}}
    return data


def run(data: dict[str, Any], replicates: tuple[int, ...] = REPLICATES) -> Block:
    """Return some replicates of a scenario."""
    return run_block(prepare(from_data("case", data)), Draws(1, replicates))


def within_three_errors(values: Array, expected: float) -> bool:
    """Say whether a mean is within three standard errors of what it should be, and the error is small."""
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    return abs(float(values.mean()) - expected) <= 3.0 * error and error < 0.01 * abs(expected)


def expectation(data: dict[str, Any], flows: list[Array]) -> float:
    """Return the expected present value of one flow for each regime, over the engine's own transition matrices."""
    spec = from_data("case", data)
    model = prepare(spec)
    section = fill(spec, Draws(1, (0,))).sanctions
    assert section is not None
    step = chains.transition(regimes.yearly_rates(section), model.grid.dt)[:, :, 0]
    share, total = np.eye(len(flows))[list(section.regimes).index(section.initial)], 0.0
    for k in range(1, model.grid.periods + 1):
        share = share @ step
        total += float(share @ np.array([flow[k] for flow in flows])) / 1.08 ** (k * model.grid.dt)
    return total


# --- closed forms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "expected"), [(1, 824.713111), (12, 866.561195)])
def test_seizure_is_a_termination_hazard(m: int, expected: float) -> None:
    """A seizure that takes all, at 3 % a year: an annuity of 100 at 8 % is worth 824.713111, in months 866.561195."""
    data = annuity(m) | {
        "sanctions": {
            "regimes": {"calm": {}, "grave": {"seizure_per_year": 0.03}},
            "initial": "grave",
            "seizure_loss": {"west": 1},
        }
    }
    replicates = REPLICATES if m == 1 else REPLICATES[:40]
    got = run(data, replicates)
    assert within_three_errors(got.metrics["equity_npv_usd"] + 1.0, expected)
    assert np.ptp(got.metrics["project_npv_usd"]) <= 1e-9, "the project goes on, only its owners lose"
    alive = math.exp(-0.03 / m) / 1.08 ** (1.0 / m)
    exact = sum(100.0 / m * alive**k for k in range(1, 25 * m + 1))
    assert exact == pytest.approx(expected, abs=5e-7)


TWO = [
    (1, "probabilities", 949.845438),
    (12, "probabilities", 989.033350),
    (1, "rates", 954.219882),
    (12, "rates", 993.450147),
]


EFFECTS = {"price_discount": 0.7, "export_share": 0.3, "revenue_blocked": 0.7}
"""Effects that leave 0.3 of the revenue."""


@pytest.mark.parametrize(
    ("m", "given_as", "expected", "effect"),
    [(*case, effect) for case in TWO for effect in EFFECTS if case[0] == 1 or effect == "price_discount"],
)
def test_two_regimes(m: int, given_as: str, expected: float, effect: str) -> None:
    """Two regimes, .05 and .20, revenue 1 or 0.3: exact over the engine's transition, and in Monte Carlo."""
    level, data = EFFECTS[effect], annuity(m)
    data["sanctions"] = {
        "regimes": {"calm": {}, "grave": {effect: level}},
        "initial": "calm",
        "blocked_recovery": 0,
        given_as: {"calm": {"grave": 0.05}, "grave": {"calm": 0.20}},
    }
    flows = []
    for name in ("calm", "grave"):
        still = copy.deepcopy(data)
        del still["sanctions"][given_as]
        still["sanctions"]["initial"] = name
        flows.append(np.broadcast_to(run(still, (0,)).cash.ebitda, (25 * m + 1, 256))[:, 0])
    assert expectation(data, flows) == pytest.approx(expected, abs=5e-7)
    got = run(data, REPLICATES if m == 1 else REPLICATES[:40])
    assert within_three_errors(got.metrics["project_npv_usd"] + 1.0, expected)


def waiting(wait: float, periods_per_year: int) -> dict[str, Any]:
    """Return a project in full sanctions whose decision waits for something better."""
    data = small_scenario()
    data["timeline"] |= {"periods_per_year": periods_per_year}
    data["timeline"]["decision"] = {"no_worse_than": "sectoral", "max_wait_years": wait}
    data["sanctions"] = {
        "regimes": {"none": {}, "sectoral": {}, "full": {"pace": 0}},
        "initial": "full",
        "rates": {
            "none": {"sectoral": 0.06, "full": 0.005},
            "sectoral": {"none": 0.049, "full": 0.12},
            "full": {"sectoral": 0.044, "none": 0.005},
        },
    }
    return data


@pytest.mark.parametrize(("wait", "m"), [(15, 1), (7, 4), (40, 1)])
def test_waiting_is_first_passage(wait: float, m: int) -> None:
    """Time to FID: the chain as seen on the grid, stopped when it first leaves full; mean, share and median."""
    data = waiting(wait, m)
    spec = from_data("case", data)
    section = fill(spec, Draws(1, (0,))).sanctions
    assert section is not None
    stays = float(chains.transition(regimes.yearly_rates(section), 1.0 / m)[2, 2, 0])
    rows = round(wait * m)
    beyond = stays ** np.arange(rows + 1)  # P(T > k / m): full is left by none but its own rate
    got = run(data)
    years = got.metrics["fid_years"]
    stopped = np.minimum(years, wait)
    assert within_three_errors(stopped, float(beyond[:rows].sum()) / m)
    absent = 1.0 - got.metrics["invested"]
    error = math.sqrt(beyond[rows] * (1.0 - beyond[rows]) / DRAWS)
    assert abs(float(absent.mean()) - beyond[rows]) <= 3.0 * error
    median = float(np.quantile(years, 0.5, method="inverted_cdf"))
    place = int(np.argmax(beyond <= 0.5)) if beyond[rows] <= 0.5 else None
    if place is None:
        assert median == math.inf
        return
    for row in (round(median * m), round(median * m) - 1):
        near = 3.0 * math.sqrt(beyond[place] * (1.0 - beyond[place]) / DRAWS)
        assert (1.0 - beyond[row] >= 0.5 - near) if row == round(median * m) else (1.0 - beyond[row] <= 0.5 + near)


def test_not_invested_is_nothing() -> None:
    """A draw without a decision spends nothing, earns nothing, never pays back, and its NPV is 0."""
    got = run(waiting(1, 1), SMALL)
    absent = got.metrics["invested"] == 0.0
    assert 0 < np.count_nonzero(absent) < absent.size
    for name in ("investment_usd", "project_npv_usd", "energy_delivered_mwh_per_year", "cut_by_horizon"):
        values = got.metrics[name][absent]
        assert np.all((values == 0.0) | np.isnan(values)), name
    assert np.all(np.isinf(got.metrics["project_payback_years"][absent]))
    assert np.all(np.isnan(got.metrics["project_irr"][absent]))
    outcomes = got.metrics["paid_back"] + absent
    assert np.all(outcomes <= 1.0)


# --- identities ---------------------------------------------------------------------------------------------------


def same(one: Block, other: Block) -> list[str]:
    """Return metrics and lines of one block that the other has not to the last bit."""
    found = [k for k, v in one.metrics.items() if not np.array_equal(v, other.metrics[k], equal_nan=True)]
    for name, line in one.lines.items():
        first, second = np.broadcast_arrays(line, other.lines[name])
        if not np.array_equal(first, second, equal_nan=True):
            found.append(name)
    return found


EMPTY = {
    "none throughout": {"regimes": {"none": {}, "full": {"pace": 0, "export_share": 0}}, "initial": "none"},
    "regimes without effects": {
        "regimes": {"none": {}, "odd": {}},
        "initial": "odd",
        "rates": {"none": {"odd": 0.3}, "odd": {"none": 0.3}},
        "seizure_loss": {"japan": 0.2},
        "stoppage": {"amount_million": 50, "price_year": 2026, "abandonment_years": 3},
    },
    "effects that are none": {
        "regimes": {
            "none": {},
            "odd": {
                "pace": 1,
                "cost_factor": 1,
                "export_share": 1,
                "price_discount": 0,
                "revenue_blocked": 0,
                "insurance_factor": 1,
                "repair_factor": 1,
                "margin_addon": 0,
                "seizure_per_year": 0,
            },
        },
        "initial": "none",
        "rates": {"none": {"odd": 0.3}, "odd": {"none": 0.3}},
    },
}


@pytest.mark.parametrize("section", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("name", ["base", "outage_events", "financing/yamal_like"])
def test_no_effect_is_no_section(name: str, section: dict[str, Any]) -> None:
    """Without effects every metric and line is that of a scenario without sanctions, to the last bit."""
    plain = [("sanctions", None), ("timeline.decision", None)]
    file = SCENARIOS / f"{name}.yaml"
    without = run_block(prepare(read(file, plain)), Draws(1, SMALL))
    data = copy.deepcopy(read(file, plain).data) | {"sanctions": section}
    given_ = run(data, SMALL)
    assert not same(without, given_)
    assert not np.any(given_.metrics["cost_of_sanctions_usd"])
    assert not np.any(given_.metrics[CHANGE_IN_TOTAL])


def test_sanctions_move_no_market_draw_and_financing_moves_no_regime() -> None:
    """Prices and inputs are those of the scenario without sanctions; regimes are the same whatever the financing."""
    seen: list[NDArray[np.int8]] = []
    for name in ("base", "financing/all_equity", "financing/yamal_like"):
        file = SCENARIOS / f"{name}.yaml"
        block = run_block(prepare(read(file)), Draws(3, SMALL))
        seen.append(block.stage.states[:50])
        bare = run_block(prepare(read(file, [("sanctions", None), ("timeline.decision", None)])), Draws(3, SMALL))
        assert np.array_equal(block.stage.world.prices.market[:50], bare.stage.world.prices.market[:50])
        for path in ("costs.items.plant.overrun", "market.price_effect_per_gw"):
            assert path in read(file).uncertain
        assert np.array_equal(block.scenario.costs.items["plant"].overrun, bare.scenario.costs.items["plant"].overrun)
    assert all(np.array_equal(states, seen[0]) for states in seen)


def harmful(section: dict[str, float]) -> dict[str, Any]:
    """Return a merchant link with a regime that only takes volume, price and insurance, coming and going."""
    data = small_scenario()
    data["costs"]["operating"]["premium"] = {
        "amount_million_per_year": 3,
        "price_year": 2026,
        "insurance": True,
    }
    data["market"]["price_effect_per_gw"] = {"dist": "uniform", "min": 0, "max": 0.05}
    data["sanctions"] = {
        "regimes": {"none": {}, "bad": section},
        "initial": "none",
        "rates": {"none": {"bad": 0.2}, "bad": {"none": 0.3}},
    }
    return data


PARTS = st.integers(0, 1000).map(lambda number: number / 1000)


@settings(max_examples=25, deadline=None)
@given(
    share=PARTS,
    limit=PARTS.map(lambda part: 1200.0 * part),
    discount=PARTS,
    insurance=PARTS.map(lambda part: 1.0 + 4.0 * part),
    repair=PARTS.map(lambda part: 1.0 + 9.0 * part),
)
def test_operating_cash_never_rises(
    share: float, limit: float, discount: float, insurance: float, repair: float
) -> None:
    """Price, volume and insurance effects on a merchant link: undiscounted operating cash is never above the other."""
    section = {
        "export_share": share,
        "export_limit_mw": limit,
        "price_discount": discount,
        "insurance_factor": insurance,
        "repair_factor": repair,
    }
    data = harmful(section)
    with_ = run(data, (0,)).cash.ebitda
    without = run(data | {"sanctions": {"regimes": {"none": {}}, "initial": "none"}}, (0,)).cash.ebitda
    assert np.all(with_ <= without + 1e-9 * np.abs(without).max())


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("sanctions/*.yaml")), ids=lambda file: str(file.stem))
def test_bearers_add_up(file: Path) -> None:
    """What all parties bear is the change of the project's cash, on every draw of every shipped scenario."""
    spec = read(file, [("timeline.periods_per_year", 1)])
    block = run_block(prepare(spec), Draws(1, SMALL))
    total = block.metrics[CHANGE_IN_TOTAL]
    parts = [values for name, values in block.metrics.items() if name.startswith(CHANGE)]
    assert len(parts) >= 3
    size = 1e6 + np.abs(np.stack(parts)).max(axis=0)
    assert np.all(np.abs(np.sum(parts, axis=0) - total) <= 1e-9 * size)


def test_same_bytes_for_any_chunks_and_workers() -> None:
    """A draw does not depend on what else is in its chunk, nor on workers: waiting, stops, seizures and all."""
    spec = read(SCENARIOS / "sanctions" / "today_full.yaml")
    runs = [simulate(spec, 1536, 5, chunk_replicates=size) for size in (1, 2, 6)]
    runs.append(simulate(spec, 1536, 5, workers=2, chunk_replicates=3))
    for other in runs[1:]:
        for name, values in runs[0].metrics.items():
            assert np.array_equal(values, other.metrics[name], equal_nan=True), name
        assert np.array_equal(runs[0].regime_counts, other.regime_counts)


# --- history and hand ---------------------------------------------------------------------------------------------


def test_replay_is_what_happened() -> None:
    """History replayed: lenders stop with March 2022, and nothing that began in 2017 is finished later."""
    block = run_block(prepare(read(SCENARIOS / "sanctions" / "replay_2014_2022.yaml")), Draws(1, SMALL))
    states, grid = block.stage.states, block.stage.money.grid
    names = list(block.scenario.sanctions.regimes)  # type: ignore[union-attr]
    calendar = grid.start_year + grid.year
    first = int(calendar[np.argmax(states[:, 0] == names.index("full"))])
    begun = grid.start_year
    assert first - begun == 2022 - 2017
    carried = block.cash.carried
    assert carried is not None
    drawn = np.broadcast_to(carried.lines["debt_drawn"], block.cash.capex.shape)
    assert not np.any(drawn[calendar >= first]), "no lender pays out any more"
    assert np.all(np.isinf(block.metrics["cod_years"]) | (block.metrics["cod_years"] + begun < first))
    assert block.metrics["abandoned"].mean() > 0.95


def stopped(pace: float = 0.0) -> dict[str, Any]:
    """Return the example of docs/sanctions.md, section 9."""
    data = small_scenario()
    data["macro"] = {"inflation": {"usd": constant(0.0)}}
    data["timeline"] |= {"construction": {"years": 4, "progress": "linear"}, "max_delay_years": 8}
    data["costs"] = {
        "items": {
            "onshore": {"amount_million": 600, "price_year": 2027},
            "cable": {"amount_million": 200, "price_year": 2027, "sanctioned_equipment": True},
        }
    }
    data["financing"] = {
        "sponsors": {"owner": {"nation": "russia", "share": 1}},
        "gearing_cap": 0.5,
        "standby_equity_share": 0.0,
        "long_stop_years": 20,
        "first_repayment_slack_years": 4,
        "tranches": {
            "bank": {
                "nation": "japan",
                "seniority": 1,
                "share": 1,
                "rate": 0.05,
                "commitment_fee": 0.01,
                "tenor_years": 8,
                "profile": "annuity",
            }
        },
    }
    data["sanctions"] = {
        "regimes": {"none": {}, "full": {"pace": pace, "cost_factor": 1.5, "lenders_stop": ["japan"]}},
        "initial": "none",
        "script": {"2028": "full", "2030": "none"},
        "stoppage": {"amount_million": 40, "price_year": 2027, "restart_years": 0.5, "abandonment_years": 5},
    }
    return data


BY_HAND: dict[float, list[tuple[float, ...]]] = {
    0.0: [
        (200, 3.750417, 2.5, 103.125208, 103.125208, 103.125208),
        (0, 0, 5.156260, 0, 5.156260, 103.125208),
        (0, 0, 5.156260, 0, 5.156260, 103.125208),
        (140, 2.869165, 6.906260, 74.887713, 74.887713, 178.012921),
        (200, 1.970288, 11.400646, 106.685467, 106.685467, 284.698388),
        (200, 0.903433, 16.734919, 108.819176, 108.819176, 393.517564),
        (100, 0.078810, 10.231991, 36.679520, 73.631280, 430.197084),
    ],
    1.0: [
        (200, 3.750417, 2.5, 103.125208, 103.125208, 103.125208),
        (112.5, 0, 5.156260, 0, 117.656260, 103.125208),
        (112.5, 0, 5.156260, 0, 117.656260, 103.125208),
        (200, 2.719165, 7.656260, 105.187713, 105.187713, 208.312921),
        (200, 1.667288, 12.915646, 107.291467, 107.291467, 315.604388),
    ],
}
"""By pace: capital cost, fee, interest, what the bank lends, what sponsors pay, what is owed; million USD."""


@pytest.mark.parametrize(("pace", "cod"), [(0.0, 6.5), (1.0, 5.0)])
def test_stop_by_hand(pace: float, cod: float) -> None:
    """Spending, fees, interest and COD of a stop, and of a bank that stops, are those worked out in the docs."""
    block = run(stopped(pace), (0,))
    assert float(block.metrics["cod_years"][0]) == pytest.approx(cod, abs=1e-12)
    lines = block.lines
    names = ("capex", "fees", "interest_capitalised", "debt_drawn", "equity_paid_in", "debt_balance")
    for k, wanted in enumerate(BY_HAND[pace], start=1):
        got = [float(np.broadcast_to(lines[name], block.cash.capex.shape)[k, 0]) / 1e6 for name in names]
        if k >= cod:  # in the row of COD operation begins: sponsors get and pay for other things, too
            got[4] = sum(got[:3]) - got[3]
        assert got == pytest.approx(wanted, abs=1e-6), k
    assert sum(row[4] for row in BY_HAND[pace]) == pytest.approx({0.0: 477.461365, 1.0: 550.916909}[pace], abs=1e-5)
    plan = block.cash.carried.plan  # type: ignore[union-attr]
    assert plan.uses_usd / 1e6 == pytest.approx(850.083368, abs=1e-6)


def test_abandonment_leaves_the_sunk_cost() -> None:
    """Given up after two years' stop: what was spent is lost, nothing comes back, the bank's claim is in default."""
    data = stopped(0.0)
    data["sanctions"]["stoppage"]["abandonment_years"] = 2
    block = run(data, (0,))
    metrics = block.metrics
    assert float(metrics["investment_usd"][0]) == pytest.approx(200e6)
    net = np.broadcast_to(block.cash.net, block.cash.capex.shape)[:, 0]
    assert float(net.sum()) == pytest.approx(-200e6)
    drawn, paid = 105.625208 / 1.05, 2.5 / 1.05 + 5.156260 / 1.05**2 + 5.156260 / 1.05**3
    outcome = {"abandoned": 1, "defaulted": 1, "years_stopped": 2, "loss_share_of_bank": 1.0 - paid / drawn}
    for name, wanted in outcome.items():
        assert float(metrics[name][0]) == pytest.approx(wanted, abs=1e-8), name
    assert float(metrics["cod_years"][0]) == math.inf
    written_off = np.broadcast_to(block.lines["written_off"], block.cash.capex.shape)[:, 0]
    assert np.flatnonzero(written_off).tolist() == [3]
    assert float(written_off[3]) == pytest.approx(103.125208e6, abs=1.0)
    assert float(metrics["years_in_default"][0]) == 0.0


def test_late_flows_have_their_rate() -> None:
    """A project that begins after decades has the rate of return of the same project today."""
    from sim.model.irr import irr

    today = np.zeros((80, 1))
    today[1:8, 0] = [-100.0, 30.0, 40.0, -20.0, 30.0, 25.0, 30.0]
    late = np.roll(today, 60, axis=0)
    both = irr(np.hstack([today, late]))
    assert both.rate[1] == pytest.approx(both.rate[0], rel=1e-12)
    assert both.several[0] == both.several[1]


def test_a_script_may_mix_years_and_months() -> None:
    """Years are numbers and months text: the scenario has its hash all the same, and 2030 is 2030-01."""
    data = stopped(0.0)
    data["sanctions"]["script"] = {2028: "full", "2030-01": "none"}
    spec = from_data("case", data)
    assert len(spec.digest) == 64
    assert not same(run(data, (0,)), run(stopped(0.0), (0,)))


def test_a_lenders_regime_that_stops_the_works() -> None:
    """Where lenders take a regime in which nothing is ever finished, the error names it and not the season."""
    data = stopped(0.0)
    data["financing"]["case"] = {"regime": "full"}
    data["sanctions"]["regimes"]["full"]["lenders_stop"] = []
    with pytest.raises(ScenarioError, match=r"sanctions\.regimes\.full\.pace: 0 never lets the link be finished"):
        prepare(from_data("case", data))


UNCERTAIN = {
    "cost_factor": ("sanctions", "regimes", "full", "cost_factor"),
    "restart": ("sanctions", "stoppage", "restart_years"),
    "pace": ("sanctions", "regimes", "full", "pace"),
    "work_from": ("costs", "items", "cable", "work_from"),
    "work_to": ("costs", "items", "cable", "work_to"),
    "overrun": ("costs", "items", "cable", "overrun"),
    "years": ("timeline", "construction", "years"),
    "rate": ("financing", "tranches", "bank", "rate"),
}


@pytest.mark.parametrize("way", UNCERTAIN.values(), ids=UNCERTAIN)
def test_one_uncertain_number(way: tuple[str, ...]) -> None:
    """Whichever number is the only uncertain one, a draw is the same alone, in a replicate and among others."""
    data = stopped(1.0)
    holder = data
    for key in way[:-1]:
        holder = holder[key]
    low, high = {"cost_factor": (1, 2), "years": (3, 5), "work_to": (0.8, 1)}.get(way[-1], (0.0, 0.2))
    holder[way[-1]] = {"dist": "uniform", "min": low, "max": high}
    whole, one = run(data, (0, 1)), run(data, (1,))
    assert np.ptp(whole.metrics["project_npv_usd"]) > 0.0 or way[-1] in ("restart_years", "rate")
    for name, values in whole.metrics.items():
        assert np.array_equal(values[256:], one.metrics[name], equal_nan=True), name


@pytest.mark.parametrize(("ends", "cod"), [("2029-01", 3.5), ("2029-02", 43 / 12), ("2029-03", 44 / 12)])
def test_a_restart_does_not_lose_a_season(ends: str, cod: float) -> None:
    """Months: a campaign that just fits is not lost to rounding when work begins again; the clock never falls back."""
    data = stopped(0.0)
    data["timeline"] |= {"periods_per_year": 12, "construction": {"years": 2, "progress": "linear"}}
    data["timeline"]["sea_work"] = {
        "begins": 0.25,
        "ends": 0.375,
        "window_opens_month": 7,
        "window_closes_month": 9,
    }
    data["sanctions"]["script"] = {"2027-10": "full", ends: "none"}
    data["sanctions"]["stoppage"]["restart_years"] = 0.25
    block = run(data, (0,))
    assert float(block.metrics["cod_years"][0]) == pytest.approx(cod, abs=1e-9)
    assert np.all(np.diff(block.clock.progress, axis=0) >= 0.0)


@pytest.mark.parametrize(("wait", "fid"), [(2.4, math.inf), (2.5, math.inf), (3.5, 3.0), (3.0, 3.0)])
def test_the_longest_wait_is_not_exceeded(wait: float, fid: float) -> None:
    """With sanctions until 2030 the decision falls on January 2030, the third year, if the wait allows."""
    data = waiting(wait, 1)
    del data["sanctions"]["rates"]
    data["sanctions"]["script"] = {"2029-12": "none"}
    assert float(run(data, (0,)).metrics["fid_years"][0]) == fid


def test_a_budget_of_nothing_has_no_index() -> None:
    """Where the budget can be 0 what is agreed stays as it is, and nothing is undefined."""
    data = waiting(3, 1)
    data["costs"]["items"]["link"]["amount_million"] = {"dist": "discrete", "weights": {0: 0.5, 1000: 0.5}}
    data["financing"] = {"sponsors": {"owner": {"nation": "russia", "share": 1}}}
    block = run(data, SMALL)
    assert np.all(np.isfinite(block.metrics["funding_gap_usd"]))
    assert np.all(np.isfinite(block.metrics["equity_npv_usd"]))


def test_probabilities_without_rates_in_between() -> None:
    """A draw whose probabilities no rates have gets the nearest rates: regimes go on, no draw stands still."""
    table = np.array([[0.9, 0.1, 0.0], [0.05, 0.85, 0.1], [0.0, 0.05, 0.95]])[:, :, None]
    assert np.isnan(chains.rates_of(table)).all()
    rates = chains.rates_of(table, nearest=True)
    step = chains.transition(rates, 1.0)[:, :, 0]
    assert np.all(rates[~np.eye(3, dtype=bool)] >= 0.0) and np.allclose(step.sum(axis=1), 1.0)
    assert np.abs(step - table[:, :, 0]).max() < 0.006, "what two steps within a year make of a zero"
