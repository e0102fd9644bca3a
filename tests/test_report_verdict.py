"""The verdict of folders made by hand: shares that add up, what sanctions do and to whom, what lenders see."""

from __future__ import annotations

import math
from typing import Any

import pytest
from test_report_charts import data_of, folder, sheet, valid

from sim.report.html import charts
from sim.report.html.content import Card
from sim.report.html.content_caveats import caveats
from sim.report.html.content_run import Run
from sim.report.html.folder import Folder
from sim.report.html.verdict import cards

NAN = math.nan
COLUMNS = "metric unit mean se p10 p50 p90 share_defined deterministic definition"


def summary(**figures: Any) -> Any:
    """Return a summary: of each metric its mean, or (mean, se, p10, p50, p90, deterministic)."""
    units = {"usd": "USD", "years": "years", "mwh": "USD/MWh", "irr": "per year"}
    rows = []
    for name, figure in figures.items():
        mean, se, p10, p50, p90, planned = figure if isinstance(figure, tuple) else (figure, NAN, *[figure] * 3, figure)
        rows.append((name, units.get(name.rpartition("_")[2], "share"), mean, se, p10, p50, p90, 1.0, planned, "what"))
    return sheet(COLUMNS, *rows)


def card(made: Folder, label: str) -> Card:
    """Return a card by its label."""
    return next(one for one in cards(Run(made)) if one.label == label)


def test_what_becomes_of_all_futures_adds_up() -> None:
    """Paid back, built in vain, given up and not begun are all there is."""
    curve = sheet("year p_paid_back se unpaid not_invested", (0, 0.0, 0.0, 0.6, 0.4), (1, 0.1, 0.01, 0.7, 0.2))
    drivers = sheet("input metric rank_correlation", ("a", "project_npv_usd", 0.5))
    made = folder(summary=summary(paid_back=0.1, abandoned=0.25), payback=curve, drivers=drivers)
    told = card(made, "Pays back")
    assert told.value == "10.0 %"
    assert told.remark.endswith(
        "; in 45.0 % it is built and never pays back, in 25.0 % it is given up while building, "
        "in 20.0 % it is not begun"
    )


@pytest.mark.parametrize(
    ("npv", "cost", "why"),
    [(-3e9, -1e9, True), (3e9, -1e9, False), (0.5e9, -1e9, True), (-3e9, 1e9, False), (-0.5e9, 1e9, False)],
)
def test_why_sanctions_save_money(npv: float, cost: float, why: bool) -> None:
    """A project that would lose money without sanctions loses less where it is stopped; no other is explained so."""
    figures = {"project_npv_usd": npv, "cost_of_sanctions_usd": (cost, 0.1e9, cost, cost, cost, 0.0), "abandoned": 0.3}
    figures |= {"pays_with_and_without": 0.1, "pays_only_without_sanctions": 0.05, "paid_back": 0.12}
    told = card(folder(summary=summary(**figures)), "Sanctions")
    assert told.value == "15.0 % → 12.0 %"
    assert ("loses less where it is not built" in told.remark) == why
    assert f"the mean NPV is 1.00 bn USD {'lower' if cost > 0 else 'higher'} (standard error 0.10)" in told.remark


def bearing(**means: float) -> Folder:
    """Return a folder in which parties have more or less, each with a standard error of 0.01 bn USD."""
    rows = [(name, mean, 1e7) for name, mean in means.items()]
    return folder(bearers=sheet("party mean se", *rows, ("total", math.fsum(means.values()), 1e7)))


def test_who_bears_and_who_gains() -> None:
    """Losers where all together lose, winners where they gain; a pot is told apart and is never the answer."""
    loss = card(
        bearing(sponsors_japan=-2e9, state_russia=-1e9, held_dividends=-5e9, lender_jbic=1e9), "Who bears sanctions"
    )
    assert loss.value == "Sponsors of Japan"
    assert loss.remark.startswith(
        "less for: sponsors of Japan −2.00, taxes of Russia −1.00; more for: lender JBIC +1.00"
    )
    assert "with nobody: dividends held back −5.00" in loss.remark and loss.remark.count("dividends") == 1
    gain = card(bearing(sponsors_japan=2e9, sponsors_russia=1.99e9, suppliers=-1e9), "Who gains by sanctions")
    assert gain.value == "Sponsors of Japan and sponsors of Russia"


def test_cover_of_hand_made_rows() -> None:
    """The title has the median, the axis the covenants twice over, the caption what is cut off at both ends."""
    tranche = {"target_dscr": 1.5, "lock_up_dscr": 1.2}
    scenario = {"timeline": {"start_year": 2027}, "financing": {"tranches": {"bank": tranche}}}
    rows = [(k, 2026 + k, "dscr", 1.6, -9.0, 1.4, 9.0) for k in (1, 2)]
    table = sheet("period year line deterministic p10 p50 p90", *rows)
    figures = summary(defaulted=0.25, dscr_min=(0.8, NAN, -9.0, 1.1, 2.0, 1.6))
    figure = charts.dscr(folder(scenario=scenario, cashflow=table, summary=figures))
    valid(figure)
    assert figure.title == "Loans default in 25.0 % of futures; the least cover of the median one is 1.10"
    assert "The axis is cut: P90 reaches 9.0, P10 falls to −9.0." in figure.caption
    assert figure.spec is not None
    domains = [layer["encoding"]["y"]["scale"]["domain"] for layer in figure.spec["layer"] if "of" in str(layer)]
    assert domains and all(low == -1.5 and high == 3.0 for low, high in domains)
    assert {row["of"] for rows in data_of(figure) for row in rows if "of" in row} == {
        *("median", "lenders’ case", "target 1.50", "lock-up 1.20"),
    }


def test_all_lost_is_told_by_its_own_bin() -> None:
    """Futures at −100 % are those of the bin that is that one value, not of one that begins there."""
    bins = [("project_irr", -1.0, -1.0, 0.3), ("project_irr", -1.0, -0.5, 0.2), ("project_irr", -0.5, 0.1, 0.5)]
    figures = summary(project_irr=-0.2, irr_several_roots=0.0, project_npv_usd=(-1e9, NAN, -2e9, -1e9, 0.0, 0.0))
    told = caveats(Run(folder(summary=figures, distributions=sheet("metric from to share", *bins))))
    assert "Rate of return: of all futures 30.0 % never earn and count as −100 %." in told


def test_a_certain_run_keeps_silent_on_samples() -> None:
    """Where all futures are alike it does not matter how many of them are kept."""
    alike = summary(project_npv_usd=-1e9, investment_usd=5e9, paid_back=0.0)
    made = folder(summary=alike)
    assert made.manifest is not None
    kept = {"draws_in_cashflow_percentiles": 100, "draws_kept": 256}
    object.__setattr__(made.manifest, "said", kept)
    assert not any("P10 to P90 over the years" in text for text in caveats(Run(made)))
    spread = summary(project_npv_usd=(-1e9, NAN, -2e9, -1e9, 0.0, 0.0), investment_usd=5e9, paid_back=0.0)
    other = folder(summary=spread)
    object.__setattr__(other.manifest, "said", kept)
    assert any("P10 to P90 over the years come from the first 100 futures" in text for text in caveats(Run(other)))
