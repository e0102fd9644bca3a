"""The page of ``check`` says what was understood, from the same functions as a run."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from random_sanctions import add_sanctions
from random_scenarios import random_scenario
from small_scenarios import constant, small_scenario
from test_trace import political
from test_trace_loans import sanctioned

from sim.checks import warnings
from sim.engine import deterministic
from sim.prepare import prepare
from sim.report import format as say
from sim.scenario import Spec, from_data, read
from sim.study.check_page import page

ROOT = Path(__file__).parents[1]
FILES = sorted(f for f in (ROOT / "scenarios").rglob("*.yaml") if f.parent.name != "sweeps")


def shown(spec: Spec, width: int = 100) -> str:
    """Return the page of a scenario."""
    return page(prepare(spec), width)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_page(file: Path) -> None:
    """Every shipped scenario fits on a page of 80 lines and 100 columns, plain text."""
    lines = shown(read(file)).splitlines()
    assert len(lines) <= 80 and max(map(len, lines)) <= 100
    assert not any(line != line.rstrip() or "\x1b" in line for line in lines)


def test_base() -> None:
    """The page has project, date, calendar, budget with its total, inputs, processes, prices, scheme and rate."""
    words = [" ".join(line.split()) for line in shown(read(ROOT / "scenarios" / "base.yaml")).splitlines()]
    for line in (
        "Sakhalin–Wakkanai power cable (base): what was understood",
        "link 1,000 MW, 40 km and 400 km on land, availability 96.0 %",
        "as of 2026-10",
        "calendar from 1 January 2027, yearly periods",
        "horizon 54 years, to the end of 2080",
        "plant 2,500 USD 2026 2,500 41.7 %",
        "total 6,000 100.0 %",
        "supply.availability pert 74.9 % 80.0 % 85.1 %",
        "macro.fx.jpy.rate gbm 157.9 158 158 158 0.09 JPY per USD",
        "schemes merchant 100 %",
        "sponsors 6.0 bn USD, 90.5 % of uses (rushydro 50 %, japanese_partner 50 %)",
        "discount 6.5 % real; sponsors 12 % nominal",
        "warnings none",
    ):
        assert line in words


def test_prices_are_those_of_the_lenders_case() -> None:
    """Market price and supply cost of the first year are what the engine's lenders' case has."""
    spec = read(ROOT / "scenarios" / "base.yaml")
    block = deterministic(spec)
    market = float((block.prices.market[1] * 1000.0 / block.money.rate["jpy"][1])[0])
    supply = float(block.prices.supply_usd_per_mwh[1].reshape(-1)[0])
    assert f"market {market:.1f} USD/MWh, supply {supply:.1f} USD/MWh sent" in shown(spec)
    assert f"after {float(block.clock.cod_years[0]):.1f} years" in shown(spec)


def words_of(spec: Spec) -> str:
    """Return the page with single spaces."""
    return " ".join(shown(spec).split())


@pytest.mark.parametrize("name", ["base", *(f"financing/{f.stem}" for f in FILES if f.parent.name == "financing")])
def test_financing_is_the_plan(name: str) -> None:
    """Loans, public money, the sponsors' money and what limits the debt are those of the agreement."""
    spec = read(ROOT / "scenarios" / f"{name}.yaml")
    plan, terms, text = prepare(spec).plan, spec.written.financing, words_of(spec)
    assert plan is not None and terms is not None
    assert f"debt {say.lent(plan)} " in text and say.usd(plan.equity_usd) in text
    for loan in plan.loans:
        tranche = terms.tranches[loan.name]
        own = f"{say.number(loan.commitment / 1e6, 0)} {tranche.currency.upper()}"
        dollars = f"{say.number(loan.part * plan.uses_usd / 1e6, 0)} {say.percent(loan.part)}"
        assert f" {loan.name} {own} {dollars} {tranche.tenor_years:g} years {tranche.profile} " in text
    assert sum(loan.part for loan in plan.loans) == pytest.approx(plan.gearing)
    for grant in plan.grants:
        assert f"grants {grant.name} {say.usd(grant.amount_usd)}, {say.percent(grant.part)} of uses" in text
        assert f"Public money pays {say.usd(grant.amount_usd)}." in text
    held = sum(plan.service_reserve)
    assert (f"reserves debt service {say.usd(held)} at COD (" if held else "reserves none") in text


def test_financing_of_other_kinds() -> None:
    """Fixed rates, money that owners lend, no rate of their own, and no agreement at all have their words."""
    spec = read(ROOT / "tests" / "bad_scenarios" / "good_loan.yaml")
    bank = {"rate": 0.041, "reference": None, "margin": None, "margin_construction": None, "grace_years": 1}
    more = {"shareholder_loan": {"share": 0.4, "rate": 0.08}, "om_reserve_months": 3}
    changes: list[tuple[str, Any]] = [(f"financing.tranches.bank.{key}", value) for key, value in bank.items()]
    changes += [(f"financing.{key}", value) for key, value in more.items()]
    changes.append(("macro.reference_rates", None))
    text = words_of(read(ROOT / "tests" / "bad_scenarios" / "good_loan.yaml", changes))
    assert " 4.1 % fixed " in text and " years (1 grace) " in text
    assert "; 40 % of it lent at 8 % " in text and "operating cost " in text and " at COD (3 months)" in text
    assert "% real; sponsors the same " in words_of(spec)
    alone = words_of(from_data("small", small_scenario()))
    assert "financing none: sponsors pay all and get all" in alone and "; sponsors" not in alone


def test_politics() -> None:
    """Regimes with what they do, how they change, the decision, the lenders' regime, stops and seizures are said."""
    text = words_of(sanctioned())
    for part in (
        "politics full at first; chance a year: calm to mild 15.0 %, to full 10.0 %, mild to calm 50.0 %, ",
        "decision as soon as the regime is calm or mild: not yet, but within 2 years or never; lenders' case: always",
        "regime mild: pace 0.8, exposed items × 1.2, lenders stop: bank, margins + 1 %",
        "regime full: works stop, lenders stop: japan, margins + 2 %, revenue blocked 20 %, dividends blocked: japan, ",
        "seizure 20.0 % a year then a stop costs 30 million USD and 0.3 years to begin again, ",
        "to begin again, works are given up after 2 ",
        "a seizure takes 50 % of japan, 10 % of russia; 70 % of blocked revenue is released in the end",
        "calendar from 1 January 2027, half-yearly periods",
        ", with up to 2 years of waiting",
    ):
        assert part in text
    assert "regime calm" not in text
    assert "in any regime cut-offs of exports to 20 %: chance a year 10.0 %, of their end 50.0 %" in words_of(
        political()
    )
    base = read(ROOT / "scenarios" / "base.yaml")
    pace = base.leaves["sanctions.regimes.sectoral.pace"].dist
    text = words_of(base)
    assert f"sectoral: pace {pace.quantile(0.1):.3g}–{pace.quantile(0.9):.3g}" in text
    assert "all lenders paying out: at once; lenders' case: always" in text
    seized = words_of(read(ROOT / "scenarios" / "sanctions" / "seizure.yaml"))
    assert "script: full from 2040, none from 2045; no chance" in seized and ", in any regime; lenders' case" in seized
    mixed = words_of(read(ROOT / "scenarios" / "sanctions" / "sectoral_2014.yaml"))
    assert "; chance a year from 2028: " in mixed
    calm = words_of(read(ROOT / "scenarios" / "base.yaml", [("sanctions", None), ("timeline.decision", None)]))
    assert "politics" not in calm and "calendar decision 1 January 2027" in calm


def test_random_politics() -> None:
    """Every kind of sanctions has a page, and COD is that of the engine's lenders' case."""
    for seed in range(40):
        rng = random.Random(seed)
        spec = from_data("random", add_sanctions(rng, random_scenario(rng)))
        text = shown(spec)
        assert "politics" in text and max(map(len, text.splitlines())) <= 100
        assert f"after {float(deterministic(spec).clock.cod_years[0]):.1f} years" in text


def test_warnings_and_short_horizons() -> None:
    """What is legal but odd is said; years beyond the horizon are blank; nothing uncertain is said to be none."""
    data = small_scenario()
    data["macro"]["commodities"] = {"oil": {"price": constant(80), "price_year": 2026, "unit": "bbl"}}
    text = shown(from_data("small", data))
    assert "warnings    macro.commodities.oil is not used by anything" in text
    assert "Uncertain inputs: none" in text
    row = next(line for line in text.splitlines() if "commodities.oil" in line)
    assert row.split()[1:6] == ["constant", "80", "80", "–", "–"] and row.endswith("USD per bbl")


def test_a_start_long_before_the_date_is_odd() -> None:
    """A start year more than five years before the year of ``as_of`` is warned of; a date in words is left alone."""
    data = small_scenario()
    for when, odd in (("2033-05", True), ("2032-10", False), ("last spring", False), ("20330", False)):
        found = warnings(from_data("small", data | {"as_of": when}).written)
        assert ["timeline.start_year 2027 lies more than 5 years before" in text for text in found] == [True] * odd


def test_narrow_pages() -> None:
    """On a narrow page, too, names are whole."""
    spec = read(ROOT / "scenarios" / "base.yaml")
    lines = shown(spec, 80).splitlines()
    assert max(map(len, lines)) <= 80 and not any("…" in line for line in lines)
    assert all(any(line.split()[:1] == [path] for line in lines) for path in spec.uncertain)


def test_changes_of_the_command_line() -> None:
    """What ``--set`` has changed or taken away is on the page."""
    spec = read(ROOT / "scenarios" / "base.yaml", [("link.capacity_mw", 600), ("costs.decommissioning", None)])
    text = page(prepare(spec), file="base.yaml")
    assert "file        base.yaml: ok" in text and "link        600 MW, " in text
    assert "changed     link.capacity_mw = 600 (--set)" in text
    assert "changed     costs.decommissioning is left out (--set)" in text


def test_random_scenarios() -> None:
    """Every kind of process, scheme and supply has a page."""
    for seed in range(25):
        spec = from_data("random", random_scenario(random.Random(seed)))
        assert "Capital budget" in shown(spec)
