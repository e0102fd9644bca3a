"""The scalar reference model of sanctions against cases that can be worked out by hand; the engine is not asked."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from random_scenarios import random_scenario
from scalar_construction import NOBODY, Promise, Site, cost_move
from scalar_loans import NO_FINANCING, Operation
from scalar_model import blocked_revenue, draw_of, evaluate, horizon, plain
from scalar_owners import Owners
from scalar_processes import Values, all_paths, money_of
from scalar_sanctions import CUT_OFFS, REGIMES, SEIZURE, World, waiting, world_of
from small_scenarios import constant, small_scenario

from sim.base.sampling import Draws, LendersCase
from sim.scenario import fill, from_data


def by_hand(regimes: Any, script: Any, **changes: Any) -> tuple[Values, World]:
    """Return values and world of the small scenario, 2,000 million in money of 2027 spent evenly, and a script."""
    data = small_scenario()
    data["timeline"] |= {"construction": {"years": 3, "progress": "linear"}, "max_delay_years": 9}
    data["timeline"] |= changes.pop("timeline", {})
    data["costs"]["items"]["link"] |= {"price_year": 2027, "sanctioned_equipment": True}
    data["macro"] = {"inflation": {"usd": constant(changes.pop("inflation", 0.0))}}
    data["sanctions"] = {"regimes": {"calm": {}, **regimes}, "initial": "calm", "script": script, **changes}
    values = plain(fill(from_data("hand", data), LendersCase()), 0)
    return values, world_of(values, {REGIMES: [], CUT_OFFS: [], SEIZURE: [0.5] * 30}, 30)


def site_of(values: Values, world: World, promise: Promise = NOBODY) -> Site:
    """Return the building site of the small scenario."""
    paths = all_paths(values, {}, 30)
    return Site(values, money_of(values, paths), 30, world, promise).work()


def spent(site: Site, rows: int) -> list[float]:
    """Return the spending of the first rows without remobilisation, in millions."""
    return [round(sum(row) / 1e6, 6) for row in site.spent[: rows + 1]]


def test_a_stop_and_a_restart() -> None:
    """A third a year; no work in 2028 and 2029, half of 2030 to start again at 1.5 times the cost; 10 for that."""
    stop = {"price_year": 2027, "amount_million": 10, "restart_years": 0.5, "abandonment_years": 3}
    regimes = {"grave": {"pace": 0}, "tense": {"cost_factor": 1.5}}
    site = site_of(*by_hand(regimes, {2028: "grave", 2030: "tense", 2031: "calm"}, stoppage=stop))
    assert spent(site, 6) == [0.0, 666.666667, 0.0, 0.0, 500.0, 666.666667, 333.333333]
    assert site.cod == pytest.approx(5.5)
    assert [k for k, paid in enumerate(site.remobilisation) if paid == 1e7] == [4]
    assert (site.rows_stopped, site.abandoned) == (2, None)


def test_an_abandonment() -> None:
    """A stop of two years ends the project at the end of 2029."""
    stop = {"price_year": 2027, "abandonment_years": 2}
    site = site_of(*by_hand({"grave": {"pace": 0}}, {2028: "grave", 2031: "calm"}, stoppage=stop))
    assert (site.cod, site.abandoned, site.rows_stopped) == (math.inf, 3, 2)
    assert spent(site, 5) == [0.0, 666.666667, 0.0, 0.0, 0.0, 0.0]


def test_sponsors_stand_in_for_a_lender_who_stops() -> None:
    """The bank pays 60 %: standby of 200 lets (266.7 + 200)/666.7 of a year's work be done, then 40 %."""
    promise = Promise({"bank": 0.6}, {"bank": "japan"}, 0.4, 2e8)
    site = site_of(*by_hand({"tense": {"lenders_stop": ["japan"]}}, {2027: "tense", 2029: "calm"}), promise)
    assert spent(site, 5) == [0.0, 466.666667, 266.666667, 666.666667, 600.0, 0.0]
    assert site.cod == pytest.approx(3.9)
    alone = site_of(*by_hand({"tense": {"lenders_stop": ["bank"]}}, {2028: "tense"}), replace(promise, own=0.0))
    assert spent(alone, 4) == [0.0, 666.666667, 333.333333, 0.0, 0.0]


def test_a_decision_that_waits() -> None:
    """Severe until 2029: FID two years later, at prices that are 1.02² higher; never, where nobody waits so long."""
    decision = {"no_worse_than": "calm", "max_wait_years": 2}
    regimes: Any = {"grave": {}}
    script = {2020: "grave", 2028: "calm"}
    values, world = by_hand(regimes, script, timeline={"decision": decision}, inflation=0.02)
    site = site_of(values, world)
    assert world.fid == 2
    assert site.cod == pytest.approx(5.0)
    assert cost_move(values, site.money, world) == pytest.approx(1.02**2)
    assert spent(site, 3) == [0.0, 0.0, 0.0, round(2000 / 3 * 1.02**2, 6)]
    decision["max_wait_years"] = 1
    assert by_hand(regimes, script, timeline={"decision": decision})[1].fid is None
    assert waiting(values) == 2.0


def test_blocked_revenue_and_a_seizure() -> None:
    """Half of 100 a year stays in the account; a seizure in row 3 takes what is there, 80 % of the rest is released."""
    regimes = {"grave": {"revenue_blocked": 0.5, "seizure_per_year": 5.0}, "tense": {"revenue_blocked": 0.2}}
    script = {2028: "tense", 2029: "grave", 2030: "tense", 2031: "calm"}
    values, world = by_hand(regimes, script, blocked_recovery=0.8)
    draw = replace(draw_of(values, {}, None, 30), world=world)
    found = blocked_revenue(draw, [100.0] * 6)
    assert draw.seized == 3
    assert found["blocked"] == [0.0, 0.0, 20.0, 50.0, 20.0, 0.0]
    assert found["confiscated"] == [0.0, 0.0, 0.0, 20.0, 0.0, 0.0]
    assert [found["released"][5], found["lost"][5]] == pytest.approx([56.0, 14.0])


def test_owners_who_wait_and_lose() -> None:
    """Japan, blocked in rows 2 and 3, loses a quarter of its half in row 3: 37.5 a year and what it had."""
    values, _ = by_hand({"tense": {"dividends_blocked": ["japan"]}}, {2028: "tense", 2030: "calm"})
    owners = {"a": {"nation": "japan", "share": 0.5}, "b": {"nation": "russia", "share": 0.5}}
    tax = {**values["tax"], "withholding": {"japan": {"interest": 0.0, "dividends": 0.1}}}
    values = {**values, "financing": {**NO_FINANCING, "sponsors": owners}, "tax": tax}
    world = replace(world_of(values, {REGIMES: [], CUT_OFFS: [], SEIZURE: []}, 30), seizure_loss={"japan": 0.25})
    nothing = [0.0] * 31
    op = Operation(
        values, 0.0, nothing, nothing, nothing, nothing, nothing, {}, {}, {}, nothing, nothing, world, seized=3
    )
    row = {"distributions": 100.0, "dividends": 100.0, "interest_to_sponsors": 0.0}
    row |= {"equity_paid_in": 10.0, "equity_middle": 4.0}
    parties = Owners(op)
    lines = [parties.pay(k, row) for k in range(5)]
    japan = [party["japan"] for party in parties.history]
    assert [gets["gets"] for gets in japan] == [50.0, 50.0, 0.0, 0.0, 37.5 + 37.5 + 37.5]
    assert [gets["held"] for gets in japan] == [0.0, 0.0, 50.0, 75.0, 0.0]
    assert [party["state"]["gets"] for party in parties.history] == [0.0, 0.0, 0.0, 12.5 + 12.5, 12.5]
    assert lines[4]["equity_flow"] == pytest.approx(0.9 * 112.5 + 50.0 - 8.75)


@pytest.mark.parametrize("number", range(12))
def test_regimes_without_effects_are_no_regimes(number: int) -> None:
    """A scalar draw under empty regimes is that without sanctions."""
    data = random_scenario(random.Random(number))
    names = {"regimes": {"calm": {}, "tense": {}}, "initial": "tense", "rates": {"tense": {"calm": 0.4}}}
    tables = []
    for found in (data, {**data, "sanctions": names}):
        spec = from_data(f"random{number}", found)
        chance = Draws(7, (0, 1))
        values, case = plain(fill(spec, chance), 300), plain(fill(spec, LendersCase()), 0)
        periods = horizon(case, spec.leaves["timeline.operation_years"].dist.upper)
        streams = (REGIMES, CUT_OFFS, SEIZURE)
        world = world_of(values, {name: chance.uniforms(name, periods)[:, 300].tolist() for name in streams}, periods)
        tables.append(evaluate(values, {}, None, periods, world))
    for name, line in tables[0].items():
        scale = max(map(abs, line)) if isinstance(line, list) else abs(line or 0.0)
        assert tables[1][name] == pytest.approx(line, rel=1e-9, abs=1e-9 * scale + 1e-6, nan_ok=True), name
