"""Financing that is legal but not meant, where refusals of the lenders are placed, and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.checks import warnings
from sim.cli import main
from sim.errors import ScenarioError
from sim.prepare import prepare
from sim.scenario import Spec, parse_override, read

FOLDER = Path(__file__).parent / "bad_scenarios"
WITH_LOAN = FOLDER / "good_loan.yaml"
BANK = "financing.tranches.bank"


def spec(*settings: str) -> Spec:
    """Return the sound scenario with a loan, with some changes."""
    return read(WITH_LOAN, [parse_override(text) for text in settings])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["tax.withholding.china.interest=0.1"], "tax.withholding.china is not used: no sponsor and no lender"),
        ([f"{BANK}.nation=japn"], "nation japn has no tax.withholding, so nothing is withheld; did you mean japan?"),
        (["macro.reference_rates.sofr={process: constant, value: 0.04}"], "macro.reference_rates.sofr is not used by"),
        (
            ["macro.fx.eur={follows_inflation: false, rate: {process: constant, value: 1}}"],
            "macro.fx.eur is not used by anything",
        ),
        ([f"{BANK}.target_dscr=null", f"{BANK}.default_dscr=null"], f"{BANK}.lock_up_dscr 1.1 is above the DSCR"),
        ([f"{BANK}.target_dscr=null", f"{BANK}.lock_up_dscr=null"], f"{BANK}.default_dscr 1.05 is above the DSCR"),
        (
            ["financing.tranches=null", "macro.reference_rates=null", "financing.target_llcr=null"],
            "financing.gearing_cap does nothing without tranches",
        ),
    ],
)
def test_warnings(settings: list[str], said: str) -> None:
    """What does nothing, and covenants that bite from the first day, are said once and are no error."""
    (found,) = warnings(spec(*settings).written)
    assert found.startswith(said)


def test_warnings_without_financing() -> None:
    """Discount rates of the sponsors and withholding do nothing where there are no sponsors."""
    found = warnings(
        spec("financing=null", "macro.reference_rates=null", "evaluation.equity_discount_rate_real=0.1").written
    )
    assert found == [
        "tax.withholding.japan is not used: no sponsor and no lender is of that nation",
        "evaluation.equity_discount_rate_real does nothing without financing",
    ]


def test_a_cautious_case_of_nothing_uncertain() -> None:
    """A lenders' case that is worse than the median needs something uncertain."""
    still = [
        "macro.fx.jpy.rate={process: constant, value: 150}",
        "macro.commodities.coal.price={process: constant, value: 90}",
        "macro.reference_rates.yen_rate={process: constant, value: 0.02}",
        "market.price_per_kwh={process: constant, value: 12}",
        "timeline.construction.years=3",
        "costs.items.cable.overrun=0.1",
        "costs.items.plant.overrun=0.1",
        "correlations=null",
        "financing.case.exceedance=0.9",
    ]
    said = "financing.case.exceedance does nothing: no number and no process is uncertain"
    assert warnings(spec(*still, "supply.availability=0.8").written) == [said]
    assert not warnings(spec(*still).written)


def test_a_junior_target_protects_the_senior_covenant() -> None:
    """A covenant may lie above the loan's own target where the target of a loan behind it is higher still."""
    junior = (
        "{nation: russia, seniority: 2, ceiling_million: 100, rate: 0.06, tenor_years: 8, target_dscr: 1.6, "
        "lock_up_dscr: 1.2}"
    )
    both = spec(f"{BANK}.lock_up_dscr=1.4", f"financing.tranches.fund={junior}")
    assert not warnings(both.written)
    with pytest.raises(ScenarioError, match=r"1\.4 is above target_dscr 1\.3"):
        spec(f"{BANK}.lock_up_dscr=1.4")


def test_years_of_whole_months() -> None:
    """Months, written with three decimals, are whole periods of a monthly calendar."""
    terms = prepare(spec("timeline.periods_per_year=12", f"{BANK}.tenor_years=7.917", f"{BANK}.grace_years=0.083"))
    assert terms.plan is not None
    assert terms.plan.last_row - terms.plan.start_row == 95


def test_reference_rates_can_be_correlated_and_cautious() -> None:
    """A reference rate is a process like others: correlations and percentiles of the lenders' case may name it."""
    rate = "macro.reference_rates.yen_rate"
    found = spec(f"correlations={{{rate}: {{macro.fx.jpy.rate: 0.5}}}}", f"financing.case.percentiles={{{rate}: 0.9}}")
    assert rate in found.mixing
    worse, plain = prepare(found).plan, prepare(spec()).plan
    assert worse is not None and plain is not None
    assert worse.debt_usd < plain.debt_usd


@pytest.mark.parametrize("name", ["loan_tenor_in_the_median", "loan_sculpted_on_nothing"])
def test_refusals_have_a_line(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What lenders refuse is code 2 with file and line, for a check and for a run."""
    file = FOLDER / f"{name}.yaml"
    for command in (["check", str(file)], [str(file), "--out", str(tmp_path)]):
        assert main(command) == 2
        assert f"{file}:" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_hides_no_other_loan(tmp_path: Path) -> None:
    """A loan that cannot be read leaves the checks of another one, and of the shares of the sponsors."""
    file = tmp_path / "bad.yaml"
    loans = (
        "    bank: {tenor_years: long}\n    fund: {nation: japan, seniority: 2, ceiling_million: 1, tenor_years: 0.5}\n"
    )
    file.write_text(f"financing:\n  sponsors:\n    north: {{share: 0.9}}\n  tranches:\n{loans}", encoding="utf-8")
    for name in ("good.yaml", "good_loan.yaml"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    file.write_text("extends: good_loan.yaml\n" + file.read_text("utf-8"), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read(file)
    assert [problem.path for problem in caught.value.problems] == [
        "financing.sponsors",
        f"{BANK}.tenor_years",
        "financing.tranches.fund",
        "financing.tranches.fund.tenor_years",
    ]
