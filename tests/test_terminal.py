"""The page that a person sees, and the formats of its numbers."""

from __future__ import annotations

import io
import math
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.collect import Limits, Result
from sim.engine import simulate
from sim.report import format as say
from sim.report import sketch
from sim.report.files_section import FILES
from sim.report.letters import uncoded
from sim.report.terminal import page as page_of
from sim.results import RunFacts
from sim.scenario import read
from sim.tables import Table, tables
from sim.verbs.screen import WIDTH, show, unicode_screen, width

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FACTS = RunFacts("2026-10-01T00:00:00+00:00", 1.23, 1)
Changes = Sequence[tuple[str, Any]]
CALM: Changes = (("sanctions", None), ("timeline.decision", None))
"""Changes after which there is no politics."""
RICH: Changes = (
    *CALM,
    ("market.price_per_kwh", {"process": "constant", "value": 60.0}),
    ("market.price_effect_per_gw", 0.0),
)
"""Changes to the base case after which every future pays back."""


@cache
def ran(name: str) -> tuple[Result, list[Table]]:
    """Return the results of a shipped scenario and their tables."""
    return ran_with(name, (), 512)


def ran_with(name: str, changes: Changes, draws: int) -> tuple[Result, list[Table]]:
    """Return the same with changes."""
    result = simulate(read(SCENARIOS / f"{name}.yaml", changes), draws, 1)
    return result, tables(result)


def page(name: str, changes: Changes = (), draws: int = 512) -> str:
    """Return what a pipe receives."""
    result, made = ran_with(name, changes, draws) if changes else ran(name)
    return written(result, made, io.TextIOWrapper(io.BytesIO(), "utf-8"), draws)


def written(result: Result, made: list[Table], stream: io.TextIOWrapper, asked: int | None = None) -> str:
    """Return what a stream receives."""
    files = [Path("results") / result.spec.name / name for name in sorted(FILES)]
    before, sys.stdout = sys.stdout, stream
    try:
        show(page_of(result, made, files, FACTS, asked or result.draws, width(), not unicode_screen()))
    finally:
        sys.stdout = before
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(stream.encoding)


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


# --- formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (say.usd(6.0e9), "6.0 bn USD"),
        (say.usd(999.96e6), "1.0 bn USD"),
        (say.usd(-343.04e6), "−343.0 million USD"),
        (say.usd(math.nan), "–"),
        (say.usd(-827.7e6, [-3.2e9]), "−0.83 bn USD"),
        (say.bare_share(1.0), "100"),
        (say.bare_share(0.0004), "< 0.1"),
        (say.years(26.2), "26.2 years"),
        (say.years(math.inf), "never"),
        (say.percent(0.123), "12.3 %"),
        (say.percent(-1.0), "−100.0 %"),
        (say.percent(math.nan), "–"),
        (say.number(10240, 0), "10,240"),
        (say.number(-math.inf), "−∞"),
        (say.share(0.0004), "< 0.1 %"),
        (say.share(0.99999), "> 99.9 %"),
        (say.share(math.nan), "–"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    """Each kind of number has one format."""
    assert text == expected


@given(st.floats(-1e15, 1e15), st.integers(0, 4))
def test_a_number_can_be_read_back(value: float, decimals: int) -> None:
    """A number as written is the number, rounded, and never minus zero."""
    text = say.number(value, decimals)
    assert abs(float(text.replace(",", "").replace("−", "-")) - value) <= 0.5 * 10.0**-decimals + 1e-15 * abs(value)
    assert not re.fullmatch(r"−0(\.0+)?", text)


@given(st.lists(st.integers(0, 10_240), min_size=3, max_size=3).filter(any))
def test_shares_sum_to_a_hundred(counts: list[int]) -> None:
    """Shares sum to 100.0 as written; 0 % and 100 % mean none and all."""
    values = [count / sum(counts) for count in counts]
    texts = say.shares(values)
    exact = [text for text in texts if text[0] not in "<>"]
    for value, text in zip(values, texts, strict=True):
        assert (text == "0 %") == (value == 0.0)
        assert (text == "100 %") == (value == 1.0)
        if text in exact:
            assert abs(float(text.removesuffix(" %")) - 100.0 * value) < 0.1
    if len(exact) == len(texts):
        assert sum(float(text.removesuffix(" %")) for text in texts) == pytest.approx(100.0)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=80).map(sorted), st.integers(1, 60), st.booleans())
def test_bars_rise_to_the_last_value(curve: list[float], wide: int, ascii_only: bool) -> None:
    """A rising curve makes a rising chart of the size asked for."""
    rows = sketch.bars(curve, 1.0, wide, 4, ascii_only)
    assert [len(row) for row in rows] == [wide] * 4
    filled = [sum(row[i] != " " for row in rows) for i in range(wide)]
    assert filled == sorted(filled)
    assert len(sketch.ticks(len(curve) - 1, wide)) == wide


def test_a_future_without_investment_has_its_own_share() -> None:
    """Not built is told apart from built and unpaid."""
    text = say.outcome((0.25, 0.45, 0.30), 1024, 54, (20, 2046), math.inf)
    assert "Pays back in 25.0 % of 1,024 futures" in text
    assert "In 45.0 % it is built and never pays back, in 30.0 % it is not built." in text


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: str(file.stem))
def test_fits_on_a_page_and_is_plain_in_a_pipe(file: Path) -> None:
    """Every shipped scenario fits on 100 columns and 100 lines, two screens, without codes."""
    text = page(file.stem)
    lines = text.split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= 100
    assert "\x1b" not in text
    assert "nan" not in text.lower().split()
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("name", ["base", "evidence", "purchase", "two_gw"])
def test_verdict_agrees_with_the_tables(name: str) -> None:
    """Shares, years and medians in the verdict are those of payback.csv and summary.csv."""
    result, made = ran(name)
    by_name = {table.name: table for table in made}
    last = dict(zip(by_name["payback.csv"].columns, by_name["payback.csv"].rows[-1], strict=True))
    summary = {row[0]: row for row in by_name["summary.csv"].rows}
    parts = last["p_paid_back"], last["unpaid"], last["not_invested"]
    assert sum(parts) == pytest.approx(1.0)
    assert parts[0] == pytest.approx(summary["paid_back"][2])
    text = " ".join(page(name).split())
    paid, unpaid, absent = say.shares(parts)
    assert f"Pays back in {paid} of {result.draws:,} futures" in text
    lost = summary["abandoned"][2]
    _, unpaid, given_up, absent = say.shares((parts[0], parts[1] - lost, lost, parts[2]))
    wanted = (
        f"In {unpaid} it is built and never pays back, in {given_up} given up while building, in {absent} not begun."
    )
    assert wanted in text
    assert f"NPV > 0) in {say.share(summary['npv_positive'][2])} of futures" in text
    year = int(re.findall(r"by the end of year (\d+) \((\d+)\)", text)[0][0])
    curve = [row[1] for row in by_name["payback.csv"].rows]
    assert curve[year - 1] < 0.5 * curve[-1] <= curve[year]
    median = summary["project_payback_years"][8]
    assert ("The median future never pays back." in text) == math.isinf(median)


def test_where_nothing_ever_pays() -> None:
    """A project that never pays back."""
    text = " ".join(page("gres2_only", CALM).split())
    assert "Pays back in none of 512 futures within 54 years: in 100 % it is built and never pays back" in text
    assert "no future pays back" in text
    assert "half of" not in text


def test_politics_are_told() -> None:
    """Decision, works, cost, the four cases and the bearers on the page are those of the tables; one line for none."""
    _, made = ran("sanctions/today_full")
    summary = {row[0]: dict(zip(made[0].columns, row, strict=True)) for row in made[0].rows}
    mean = {name: row["mean"] for name, row in summary.items()}
    text = " ".join(page("sanctions/today_full").split())
    assert f"Invested in {say.share(mean['invested'])} of futures" in text
    assert f"seized in {say.share(mean['seized'])}." in text
    assert f"they save {say.usd(-mean['cost_of_sanctions_usd'])} of NPV in the mean" in text
    assert f"save money in {say.share(mean['sanctions_save_money'])} of futures" in text
    table = next(table for table in made if table.name == "bearers.csv")
    total = dict(zip(table.columns, table.rows[-1], strict=True))
    assert total["party"] == "total" and f"before tax and loans, +{say.number(total['mean'] / 1e9, 2)}" in " ".join(
        text.split()
    )
    assert "not begun" in text and "full 100 " in text
    assert "Sanctions: none in any future." in page("sanctions/none")
    assert "Sanctions" not in page("base", CALM) and "there are no sanctions in any figure" in page("base", CALM)


def test_where_everything_pays() -> None:
    """A project that always pays back."""
    text = " ".join(page("base", RICH).split())
    assert "Pays back in all 512 futures within 54 years. The median payback is " in text
    assert "never pays back" not in text
    assert "simple: 100 %" in text


def test_where_everything_is_certain() -> None:
    """A scenario without chance is told as one future."""
    text = " ".join(page("press_claim").split())
    assert "Nothing here is uncertain, all futures are alike: it pays back after 30.9 years, in 2057." in text
    assert "What moves the NPV: no input is uncertain." in text
    assert "taken as certain: 0 JPY/kWh per GW" in text


def test_paybacks_have_no_mean_and_the_lenders_case_a_column() -> None:
    """The mean of a payback is a dash, the lenders' case stands last."""
    lines = page("base").split("\n")
    row = next(line for line in lines if line.startswith("Payback from the start"))
    assert row.split()[-2:] == ["–", "never"]
    assert any(line.endswith("mean  lenders' case") for line in lines)


def test_price_effect_in_thirds() -> None:
    """The caveat on the price effect is computed from the draws."""
    result, _ = ran("base")
    values, paid = result.inputs["market.price_effect_per_gw"], result.metrics["paid_back"]
    order, third = values.argsort(), values.size // 3
    text = " ".join(page("base").split())
    assert f"with the least effect {say.share(paid[order[:third]].mean())} pay back" in text
    assert f"with the most {say.share(paid[order[-third:]].mean())} pay back" in text


@pytest.mark.parametrize("name", ["base", "financing/state_50_30_20", "financing/all_equity"])
def test_lenders_and_sponsors(name: str) -> None:
    """Waiting, unpaid costs, public money, the sponsors' rates and what has none are those of plan and summary."""
    result, made = ran(name)
    summary = {row[0]: dict(zip(made[0].columns, row, strict=True)) for row in made[0].rows}
    text, carried = " ".join(page(name).split()), result.planned.cash.carried
    assert carried is not None and say.lent(carried.plan) in text
    assert ("Public money pays 3.4 bn USD." in text) == (name == "financing/state_50_30_20")
    assert "Sponsors' payback, nominal" in text and "Sponsors' NPV at 12 % nominal" in text
    failed, unpaid = summary["defaulted"]["mean"], summary["unpaid_costs_usd"]["mean"]
    waited = f"a default lasts {say.years(summary['years_in_default']['mean'] / failed)} in the mean." if failed else ""
    assert waited in text and ("They are taken to wait" in text) == (failed > 0.0)
    assert (f"suppliers and states are never paid: {say.usd(unpaid)}." in text) == (carried.plan.debt_usd > 0.0)
    assert f"sponsors' missing in {say.share(1.0 - summary['equity_irr']['share_defined'])}" in text
    assert math.isnan(summary["equity_irr"]["mean"])


def test_the_sponsors_rate_is_theirs_or_the_projects() -> None:
    """Without a rate of their own sponsors discount at the project's."""
    none = [("evaluation.equity_discount_rate_nominal", None)]
    assert "Sponsors' NPV at 6.5 % real" in " ".join(page("base", none, 256).split())


def test_rounded_draws_overrides_and_warnings_are_told() -> None:
    """What was changed or looks wrong is on the page."""
    changes = [("supply.cost_basis", "full"), ("link.capacity_mw", 900)]
    text = " ".join(page("base", changes, draws=300).split())
    assert "512 futures drawn (300 asked for, rounded up to whole replicates of 256)" in text
    assert "Changed on the command line: link.capacity_mw, supply.cost_basis" in text
    assert "the plant is paid for twice" in text
    assert "Too few futures for a standard error" in text


def test_a_run_too_large_to_keep_says_what_is_kept() -> None:
    """Beyond the limits the page says which draws the files hold."""
    result = simulate(read(SCENARIOS / "base.yaml"), 768, 1, limits=Limits(1, 1, 1))
    text = written(result, tables(result), io.TextIOWrapper(io.BytesIO(), "utf-8"))
    assert "cashflow.csv come from the first 256 futures" in text
    assert "draws.parquet and distributions.csv hold the first 256 futures." in text


def test_ascii_where_the_encoding_has_no_more() -> None:
    """An ASCII terminal gets an ASCII page."""
    text = written(*ran("base"), stream=io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert text.startswith("Sakhalin-Wakkanai power cable")
    assert "#" in text
    assert "?" not in text
    assert max(map(len, text.split("\n"))) <= WIDTH


def test_colour_on_a_terminal_and_no_codes_where_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours and the width come from the terminal; NO_COLOR and a dumb terminal get no codes at all."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = written(*ran("base"), stream=Terminal(io.BytesIO(), "utf-8"))
    assert "\x1b[36m" in coloured and coloured.startswith("\x1b[1mSakhalin–Wakkanai power cable (base), as of ")
    assert max(map(len, uncoded(coloured).split("\n"))) <= 80
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            assert "\x1b" not in written(*ran("base"), stream=Terminal(io.BytesIO(), "utf-8"))


def test_no_number_is_torn_from_its_unit() -> None:
    """At any width a line does not begin with a unit."""
    result, made = ran("base")
    for wide in range(60, 101, 4):
        text = page_of(result, made, [], FACTS, 512, wide, False)
        assert not re.search(r"(\d *\n(- |  )?(%|bn|million|years?)|(bn|million) *\n(- |  )?USD)\b", uncoded(text))
