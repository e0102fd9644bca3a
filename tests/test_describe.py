"""What ``describe`` tells: every key, metric and cash-flow line; parts of names, misspelt and unknown ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_scenarios import small_scenario

from sim.engine import deterministic
from sim.errors import ScenarioError
from sim.model.finance_metrics import FINANCE_DEFINITIONS
from sim.model.metrics import DEFINITIONS, LINE_UNITS, NOMINAL
from sim.scenario import from_data
from sim.study import glossary, glossary_sanctions
from sim.study.describe import CVAR, WIDTH, describe, overview
from sim.study.glossary_finance import FINANCE_FORMULAS, FINANCE_LINES, FINANCING
from sim.study.keys import keys

ROOT = Path(__file__).parents[1]


def test_a_number() -> None:
    """A number has meaning, unit, bounds, default, forms, typical value with source, and where it enters."""
    text = describe("link.capacity_mw")
    for part in (
        "Capacity at the sending end.",
        "unit      MW",
        "bounds    above 0 and at most 100,000",
        "default   none: has to be given",
        "{value: …, source: …}",
        "pert {min, mode, max, [lam]}",
        "typical   1000 — own choice",
        "docs/model.md, section Operation",
    ):
        assert part in text


def test_named_parts_match_any_name() -> None:
    """A key with a named part is found under NAME, a name of the base case, and one that it has not."""
    every, one, other = (describe(f"costs.items.{name}.overrun") for name in ("NAME", "plant", "tunnel"))
    assert all(text.startswith("costs.items.NAME.overrun\n") for text in (every, one, other))
    assert "plant.overrun" in every and "costs.items.converters.overrun" in every
    assert "pert(min −0.15, mode 0.05, " in one and "converters" not in one
    assert "the base case does not use it; it has costs.items.plant.overrun" in other


def test_a_key_that_base_does_not_use() -> None:
    """It says so."""
    assert "the base case does not use it" in describe("link.outages.poles")


def test_kinds_of_block_that_differ_are_told_apart() -> None:
    """The volatility of a log process and of a level have different units; the typical value goes to the right one."""
    texts = describe("market.price_per_kwh.volatility").split("\n\n")
    assert [re.findall(r"with +(.*)", text)[0] for text in texts] == [
        "process: log_ou, process: gbm",
        "process: ou",
        "process: fuel_linked",
    ]
    assert ["0.88" in text for text in texts] == [False, False, True]


def test_choices_blocks_and_fixed_numbers() -> None:
    """Other forms than numbers are told as well."""
    assert "one of profit, competitive" in describe("market.dispatch")
    assert "process: gbm (spot, log_drift, volatility)" in " ".join(describe("market.price_per_kwh").split())
    assert "cannot be uncertain" in describe("timeline.start_year")
    assert "true or false" in describe("tax.jurisdictions.NAME.depreciation.half_year")


@pytest.mark.parametrize("name", sorted({key.dotted for key in keys()}))
def test_every_key_is_described(name: str) -> None:
    """Every key has its block, no line is wider than the page, and the heading named is in docs/model.md."""
    text = describe(name)
    assert text.split("\n")[0].startswith(name)
    assert max(map(len, text.splitlines())) <= WIDTH or " " not in max(text.splitlines(), key=len).strip()
    assert "enters" in text


SHARES = ("share_of_programme", "loss_share_of_jbic", "change_for_lender_jbic", "change_in_total")


@pytest.mark.parametrize("name", [*DEFINITIONS, CVAR, *SHARES])
def test_every_metric_is_described(name: str) -> None:
    """Metrics have unit, definition and formula."""
    text = describe(name)
    assert text.startswith(f"{name} (metric)")
    words = " ".join(text.split())
    if name in DEFINITIONS:
        assert DEFINITIONS[name].text in words and f"unit {DEFINITIONS[name].unit}" in words
    assert "formula" in words


def test_formulas_belong_to_metrics() -> None:
    """No formula is left over from a metric that is gone."""
    assert set(glossary.FORMULAS) <= {*DEFINITIONS, CVAR}
    assert set(FINANCE_DEFINITIONS) <= set(FINANCE_FORMULAS)
    text = describe("loss_share_of_jbic")
    assert "what jbic loses" in text and "docs/financing.md, section Metrics" in text


def test_lines_are_those_of_the_engine() -> None:
    """sim/study/glossary.py describes every line of cashflow.csv and no other, in the same order."""
    lent = {"tranches": {"bank": {"nation": "japan", "seniority": 1, "share": 1, "rate": 0.05, "tenor_years": 8}}}
    full = {"revenue_blocked": 0.5, "dividends_blocked": ["japan"]}
    sanctions = {"initial": "calm", "regimes": {"calm": {}, "full": full}}
    lines = deterministic(from_data("small", small_scenario() | {"financing": lent, "sanctions": sanctions})).lines
    assert list(glossary.LINES) == list(lines)
    political = {*glossary_sanctions.BLOCKED_LINES, *glossary_sanctions.OWNER_LINES}
    without = deterministic(from_data("small", small_scenario())).lines
    assert list(without) == [name for name in lines if name not in FINANCE_LINES and name not in political]
    assert {name: line.unit for name, line in glossary.LINES.items()} == {
        name: LINE_UNITS.get(name, NOMINAL) for name in lines
    }
    for name in lines:
        assert "(cash-flow line)" in describe(name)


def test_lists_dates_and_tables() -> None:
    """Lists, dates and tables of numbers say how they are written, the tables with unit and bounds."""
    rates = describe("sanctions.rates")
    assert "unit      1/year" in rates and "at least 0 and at most 100" in rates
    assert "for each name: for each name: a number" in rates and "pert {min, mode, max, [lam]}" in rates
    assert "a list of nations, such as [japan]" in describe("sanctions.regimes.full.dividends_blocked")
    assert "a list of names" in describe("sanctions.regimes.NAME.lenders_stop")
    assert "for each date: text" in describe("sanctions.script")
    assert "a year, or year and month such as 2014-07" in describe("sanctions.chance_from")
    assert "for each nation: a number" in describe("sanctions.seizure_loss")
    decision = " ".join(describe("timeline.decision").split())
    assert "a block with no_worse_than, lenders_willing, max_wait_years" in decision


def test_sanctions_have_their_page() -> None:
    """Every key of sanctions and of what rests on them names a section of docs/sanctions.md that is there."""
    text = (ROOT / "docs" / "sanctions.md").read_text("utf-8")
    titles = set(re.findall(r"^## \d+ ([^(\n]+)$", text, re.MULTILINE))
    assert {title for _, title in glossary_sanctions.HEADINGS} <= titles
    assert "docs/sanctions.md, section Building" in describe("sanctions.regimes.full.pace")
    assert "docs/sanctions.md, section Building" in describe("costs.items.plant.sanctioned_equipment")
    for start, title in glossary_sanctions.HEADINGS:
        found = [key.dotted for key in keys() if key.dotted == start or key.dotted.startswith(f"{start}.")]
        assert found, start
        assert f"section {title}" in glossary_sanctions.heading(found[0])
    for key in keys():
        if key.path[0] == "sanctions" and key.path[-1] != "source":
            assert glossary_sanctions.heading(key.dotted), key.dotted


def test_headings_exist() -> None:
    """Every section of docs/model.md to which a text points is there."""
    pages = {
        page: {title for _, title in headings} | {line.heading for line in glossary.LINES.values() if line.page == page}
        for page, headings in ((glossary.MODEL, glossary.HEADINGS), (FINANCING, glossary.FINANCING_HEADINGS))
    }
    for page, titles in pages.items():
        text = (ROOT / page).read_text("utf-8")
        assert titles <= set(re.findall(r"^## \d+ ([^(\n]+?)(?: \(.*)?$", text, re.MULTILINE))


def test_a_name_that_is_two_things() -> None:
    """``tax`` is a block of the file and a line of the cash flow: both are told."""
    text = describe("tax")
    assert "tax (cash-flow line)" in text and "Taxes." in text


def test_part_of_a_name() -> None:
    """The only key that ends so is described, otherwise all that contain the word are listed."""
    assert describe("ice_factor").startswith("link.outages.ice_factor\n")
    several = describe("availability")
    assert "link.availability" in several and "supply.availability" in several
    assert "project_npv_usd" in describe("npv") and "project_payback_years" in describe("payback")


@pytest.mark.parametrize("name", ["link.capacty_mw", "capasity_mw", "overun", "projekt_irr"])
def test_misspelt(name: str) -> None:
    """Names spelt alike are listed."""
    wanted = {"overun": "costs.items.NAME.overrun", "projekt_irr": "project_irr"}.get(name, "link.capacity_mw")
    text = describe(name)
    assert text.startswith("Spelt like") and wanted in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sanctions.rates.sectoral.full", "sanctions.rates; in the base case it is pert(min 0.03, "),
        ("sanctions.regimes.sectoral", "sanctions.regimes"),
        ("sanctions.regimes.sectoral (share of years)", "sanctions.regimes"),
        ("macro.fx.jpy (mean)", "macro.fx"),
        ("costs.items.plant.overrun.max", "costs.items.plant.overrun; in the base case it is 0.85"),
    ],
)
def test_names_below_a_key(name: str, said: str) -> None:
    """Entries of a block, as ``run`` and ``check`` print them, are described with their block."""
    text = describe(name)
    bare = name.partition(" (")[0]
    assert " ".join(text.split()).startswith(f"{bare} is an entry of {said}") and "enters" in text
    assert "link.nothing is not known; it would be part of link\n" in describe("link.nothing")


def test_unknown() -> None:
    """What is like nothing is an error with a way out."""
    with pytest.raises(ScenarioError, match="is no key, metric or cash-flow line; describe without a name"):
        describe("qqqqzzzz")
    with pytest.raises(ScenarioError, match="did you mean"):
        describe("capital_mv_of_link")


def test_overview() -> None:
    """Without a name every block, metric and line is listed."""
    text = overview()
    assert describe() == describe("") == text
    for name in ("link.capacity_mw", "market.schemes", "correlations", "project_irr", "cumulative_net_real", CVAR):
        assert f"\n  {name} " in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert max(map(len, overview(80).splitlines())) <= 80
