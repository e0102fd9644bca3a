"""Sanctions that are legal but not meant, what is allowed, settings of dates, and horizons that a wait makes longer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_scenarios import constant, small_scenario

from sim.base.chains import rates_of
from sim.checks import warnings
from sim.errors import ScenarioError
from sim.scenario import Spec, from_data, parse_override, read

WITH_SANCTIONS = Path(__file__).parent / "bad_scenarios" / "good_sanctions.yaml"
REGIMES = "sanctions.regimes"
NO_CHANCE = ("sanctions.rates=null", "sanctions.chance_from=null")


def spec(*settings: str) -> Spec:
    """Return the sound scenario with sanctions, with some changes."""
    return read(WITH_SANCTIONS, [parse_override(text) for text in settings])


def told(*settings: str) -> list[str]:
    """Return what is said about the scenario with some changes: path and message."""
    with pytest.raises(ScenarioError) as caught:
        spec(*settings)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["evaluation.country_premium=0.03"], "evaluation.country_premium puts political risk into the rate"),
        (
            ["costs.items.cable.sanctioned_equipment=false"],
            f"{REGIMES}.partial.cost_factor does nothing: no item of costs.items has sanctioned_equipment: true",
        ),
        (
            ["costs.operating.cover.insurance=null"],
            f"{REGIMES}.full.insurance_factor does nothing: no entry of costs.operating has insurance: true",
        ),
        (
            [
                "financing.tranches.bank.rate=0.03",
                *(f"financing.tranches.bank.{k}=null" for k in ("reference", "margin")),
            ],
            f"{REGIMES}.partial.margin_addon does nothing: no loan has a margin",
        ),
        (["sanctions.seizure_loss=null"], f"{REGIMES}.full.seizure_per_year does nothing but confiscate blocked"),
        (["sanctions.seizure_loss.japan=0"], f"{REGIMES}.full.seizure_per_year does nothing but confiscate blocked"),
        ([f"{REGIMES}.full.seizure_per_year=0"], "sanctions.seizure_loss does nothing: no regime has seizure_per_year"),
        ([f"{REGIMES}.full.revenue_blocked=null"], "sanctions.blocked_recovery does nothing: no regime has revenue"),
        (
            [f"{REGIMES}.full.pace=0.1", f"{REGIMES}.full.lenders_stop=[]"],
            "sanctions.stoppage does nothing: no regime has pace 0 or lenders_stop, so that works never stop",
        ),
        ([f"{REGIMES}.full.lenders_stop=[japan, jpan]"], f"{REGIMES}.full.lenders_stop: jpan is no loan, lender or"),
        (
            [f"{REGIMES}.full.lenders_stop=[bnk]"],
            f"{REGIMES}.full.lenders_stop: bnk is no loan, lender or sponsor; did",
        ),
        ([f"{REGIMES}.full.dividends_blocked=[bank]"], f"{REGIMES}.full.dividends_blocked: bank is no lender or spo"),
        (
            ["sanctions.seizure_loss.rusia=1"],
            "sanctions.seizure_loss.rusia: rusia is no lender or sponsor; did you mean r",
        ),
        ([f"{REGIMES}.war={{pace: 0}}"], f"{REGIMES}: war is never reached from initial, script and rates"),
        (
            [f"{REGIMES}.war={{pace: 0}}", f"{REGIMES}.peace={{}}", "sanctions.rates.full.war=0"],
            f"{REGIMES}: war, peace are never reached from initial, script and rates",
        ),
        (
            [*NO_CHANCE, "timeline.decision.no_worse_than=none"],
            "timeline.decision is never taken: no regime that is reached allows it",
        ),
        (
            ["timeline.decision.no_worse_than=full", "timeline.decision.lenders_willing=false"],
            "timeline.decision does nothing: it can be taken in every regime",
        ),
    ],
)
def test_warnings(settings: list[str], said: str) -> None:
    """What does nothing, counts twice or is nobody's name is said once and is no error."""
    found = [text for text in warnings(spec(*settings).written) if "reference_rates" not in text]
    assert len(found) == 1
    assert found[0].startswith(said)


@pytest.mark.parametrize(
    "settings",
    [
        [],
        [f"{REGIMES}.partial.cost_factor=null"],
        ["financing.tranches=null", "macro.reference_rates=null", "financing.gearing_cap=null"],
        ["financing.case.regime=war", f"{REGIMES}.war={{pace: 0}}"],
        ["sanctions.chance_from=2013-06"],
        ["sanctions.chance_from=2014"],
        ["sanctions.script=null", "sanctions.chance_from=null"],
        [*NO_CHANCE],
        ["sanctions.script.2031=none", "timeline.decision.no_worse_than=none", *NO_CHANCE],
        ["timeline.decision.no_worse_than=full"],
        ["timeline.decision=null", "timeline.construction.years=0"],
        ["sanctions.export_cut_offs={onset_per_year: 0.2, end_per_year: 52}"],
        ["sanctions.rates=null", "sanctions.probabilities={none: {partial: 0.1}, partial: {none: 0.05, full: 0.1}}",
         "sanctions.probabilities.none.full=0.01", "sanctions.probabilities.full={partial: 0.05, none: 0.002}"],
    ],
)  # fmt: skip
def test_what_is_allowed(settings: list[str]) -> None:
    """A regime block serves many financings, the lenders' case may be a regime that never comes, chance any date."""
    assert not warnings(spec(*settings).written)


def test_without_sanctions_marks_do_nothing() -> None:
    """Items and costs may be marked where there are no sanctions, and a country premium is then the way to do it."""
    plain = ["sanctions=null", "timeline.decision=null"]
    assert not warnings(spec(*plain, "evaluation.country_premium=0.03").written)
    assert told("sanctions=null") == ["timeline.decision: does nothing without sanctions"]


def test_settings_of_dates() -> None:
    """Dates can be set and deleted like other keys, as text or as a year."""
    script = spec("sanctions.script.2031-05=none", "sanctions.script.2035=full", "sanctions.script.2014-07=null")
    assert script.written.sanctions is not None
    assert script.written.sanctions.script == {"2022-03": "full", "2031-05": "none", 2035: "full"}
    assert told("sanctions.script.2031-5=none") == ["sanctions.script.2031-5: '2031-5' is not a date"]
    assert told("sanctions.chance_from=2026-00") == ["sanctions.chance_from: '2026-00' is not a date"]


def chain(low: float, high: float) -> list[str]:
    """Return settings of a chain to and fro whose probabilities lie within bounds."""
    both = f"{{dist: uniform, min: {low}, max: {high}}}"
    return ["sanctions.rates=null", f"sanctions.probabilities={{none: {{partial: {both}}}, partial: {{none: {both}}}}}"]


def test_probabilities_to_and_fro() -> None:
    """Two regimes have rates as long as both probabilities sum to less than 1; the series needs somewhat less."""
    assert spec(*chain(0.0, 0.4)).written.sanctions is not None
    (said,) = told(*chain(0.0, 0.9))
    assert said.startswith("sanctions.probabilities: no yearly rates lead in a year to none.partial ")


def test_probabilities_of_many() -> None:
    """Of more than six uncertain probabilities not every corner is tried, but low, high, middle and points between."""
    names = ["none", "partial", "full", "war"]
    cell = "{dist: uniform, min: 0.05, max: 0.1}"
    rows = [f"{a}: {{{', '.join(f'{b}: {cell}' for b in names if b != a)}}}" for a in names]
    settings = ["sanctions.rates=null", f"{REGIMES}.war={{pace: 0}}", f"sanctions.probabilities={{{', '.join(rows)}}}"]
    assert not warnings(spec(*settings).written)
    wide = settings[-1].replace("min: 0.05, max: 0.1", "min: 0, max: 0.3")
    assert len(told(*settings[:2], wide)) == 1


def test_what_is_refused_has_no_rates() -> None:
    """The message names numbers of which the matrix logarithm has a rate below 0."""
    (said,) = told("sanctions.rates=null", "sanctions.probabilities={none: {partial: 0.2}, partial: {full: 0.3}}")
    assert said.endswith("none.partial 0.2, partial.full 0.3")
    steps = np.array([[0.8, 0.2, 0.0], [0.0, 0.7, 0.3], [0.0, 0.0, 1.0]])[:, :, None]
    assert np.isnan(rates_of(steps)).all()


def waiting(years: float) -> dict[str, Any]:
    """Return a small scenario that may wait for its decision."""
    data = small_scenario()
    data["sanctions"] = {
        "regimes": {"none": {}, "full": {"pace": 0}},
        "initial": "full",
        "rates": {"full": {"none": 1}},
    }
    data["timeline"]["decision"] = {"no_worse_than": "none", "max_wait_years": years}
    return data


def test_a_wait_makes_the_horizon_longer() -> None:
    """What compounds beyond all numbers within the longest wait is refused."""
    for years, fine in ((1.0, True), (50.0, False)):
        data = waiting(years)
        data["macro"]["inflation"]["usd"] = constant(0.6)
        if fine:
            assert from_data("plain", data).written.timeline.decision is not None
            continue
        with pytest.raises(ScenarioError) as caught:
            from_data("plain", data)
        assert {problem.path for problem in caught.value.problems} == {"macro.inflation.usd"}


def test_what_cannot_be_read_hides_no_other_check() -> None:
    """A section that cannot be read leaves the checks of what rests on it."""
    assert set(told("sanctions.regimes.full.pace=x", "sanctions.initial=ful", "sanctions.rates.none=3")) == {
        "sanctions.regimes.full.pace: 'x' is not a number",
        "sanctions.rates.none: 3 is not a block of keys",
        "sanctions.initial: there is no sanctions.regimes.ful",
    }
    assert set(told("sanctions=5", "timeline.construction.years=0")) == {
        "sanctions: 5 is not a block of keys",
        "timeline.construction.years: can be 0, and a project that waits for its decision needs time to build",
    }
    assert "sanctions.initial: this key is missing" in told("sanctions.initial=null", "sanctions.script=7")
