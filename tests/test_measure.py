"""Tests for measures: how they are written, what they give, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.batch.measure import parse
from sim.errors import ScenarioError

PAYBACK = np.array([10.0, np.inf, 25.0, 30.0, np.nan] * 51 + [25.0])
"""One replicate of paybacks, a fifth of them without any value."""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("project_npv_usd", "mean(project_npv_usd)"),
        (" Mean ( project_npv_usd ) ", "mean(project_npv_usd)"),
        ("mean(share_of_trade_target)", "mean(share_of_trade_target)"),
        ("change_for_state_japan", "mean(change_for_state_japan)"),
        ("p10(project_npv_usd)", "p10(project_npv_usd)"),
        ("P2.5(lcoe_usd_per_mwh)", "p2.5(lcoe_usd_per_mwh)"),
        ("P(project_payback_years<=25)", "P(project_payback_years <= 25)"),
        ("p(project_irr > -1e-3)", "P(project_irr > -0.001)"),
        ("P(paid_back)", "mean(paid_back)"),
        ("P(investment_usd >= 6000000000)", "P(investment_usd >= 6000000000)"),
    ],
)
def test_forms(text: str, wanted: str) -> None:
    """Each form, and the text that it is known by, which is read alike."""
    assert parse(text).text == wanted
    assert parse(wanted) == parse(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("P(project_payback_years <= 25)", 103 / 256),
        ("P(project_payback_years < 25)", 51 / 256),
        ("P(project_payback_years >= 25)", 154 / 256),
        ("P(project_payback_years > 25)", 102 / 256),
        ("p50(project_payback_years)", math.nan),
        ("project_npv_usd", math.nan),
    ],
)
def test_values(text: str, wanted: float) -> None:
    """A draw without a value counts as no; a mean or percentile over it does not exist."""
    measure = parse(text)
    np.testing.assert_equal(measure.of(PAYBACK), wanted)
    np.testing.assert_equal(measure.by_replicate(np.tile(PAYBACK, 2)), [wanted, wanted])


def test_percentiles_are_order_statistics() -> None:
    """P50 of an even number of draws is the lower of the middle two; never ranks last."""
    values = np.append(np.arange(255.0), np.inf)
    assert parse("p50(project_payback_years)").of(values) == 127.0
    assert parse("p99.9(project_payback_years)").of(values) == math.inf


@given(st.lists(st.floats(-1e9, 1e9), min_size=256, max_size=256))
def test_means_of_replicates_are_the_mean(numbers: list[float]) -> None:
    """Replicates are equally large."""
    values = np.array([*numbers, *reversed(numbers)])
    for text in ("project_npv_usd", "P(project_npv_usd > 0)"):
        measure = parse(text)
        assert measure.by_replicate(values).mean() == pytest.approx(measure.of(values), rel=1e-9, abs=1e-3)


FORMS = "write mean(project_npv_usd), p10(project_npv_usd) or P(project_payback_years <= 25)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"--metric: '' is no measure; {FORMS}"),
        ("P(project_payback_years = 25)", f"--metric: 'P(project_payback_years = 25)' is no measure; {FORMS}"),
        ("sd(project_npv_usd)", f"--metric: 'sd(project_npv_usd)' is no measure; {FORMS}"),
        ("mean(project_npv)", "--metric: 'project_npv' is no metric; did you mean project_npv_usd?"),
        ("P(xyz <= 1)", "--metric: 'xyz' is no metric; the metrics of a scenario stand in its summary.csv"),
        ("p0(project_npv_usd)", "--metric: p0 is no percentile; choose one above 0 and below 100, such as p10 or p90"),
        (
            "p100(project_npv_usd)",
            "--metric: p100 is no percentile; choose one above 0 and below 100, such as p10 or p90",
        ),
        (
            "P(project_payback_years <= soon)",
            "--metric: 'soon' is not a number; write P(project_payback_years <= 25)",
        ),
        ("P(project_npv_usd > inf)", "--metric: 'inf' is not a number; write P(project_npv_usd >= 0)"),
        (
            "P(project_npv_usd)",
            "--metric: P(project_npv_usd): is no matter of yes or no; write P(project_npv_usd >= 0)",
        ),
        (
            "project_payback_years",
            '--metric: mean(project_payback_years): can be "never" and has no mean; ask for P(project_payback_years <= '
            "25), or for p50(project_payback_years) where half of the draws have a value",
        ),
        (
            "mean(equity_irr)",
            "--metric: mean(equity_irr): is undefined in some draws and has no mean; ask for P(equity_irr >= 0.08)",
        ),
    ],
)
def test_errors(text: str, message: str) -> None:
    """What cannot be read, or has no mean, with what to write."""
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_refusals_after_a_run() -> None:
    """A number that turns out not to exist names the scenario."""
    irr, payback, cod = parse("project_irr"), parse("p50(project_payback_years)"), parse("cod_years")
    assert str(irr.refused(math.nan, "base", "per year")) == (
        "--metric: mean(project_irr): is undefined in some draws of base; ask for P(project_irr >= 0.08)"
    )
    assert str(payback.refused(math.inf, "base", "years from start")) == (
        '--metric: p50(project_payback_years): is "never" in base; ask for P(project_payback_years <= 25)'
    )
    assert str(cod.refused(math.inf, "base", "years from start")) == (
        '--metric: mean(cod_years): is "never" in some draws of base; ask for P(cod_years <= 25)'
    )
    assert str(parse("loss_share_of_jbik").missing(["loss_share_of_jbic"], "base")) == (
        "--metric: mean(loss_share_of_jbik): there is no loss_share_of_jbik in base; did you mean loss_share_of_jbic?"
    )
