"""Tests for the explanation of a difference: by hand, through the whole engine, and the page that tells it."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_scenarios import constant, plain_arithmetic, small_scenario

from sim.batch.changes import Change
from sim.batch.explain import Evaluate, Explanation, Merged, Part, Values, explain, tables, valued
from sim.batch.groups import By
from sim.batch.measure import Measure, parse
from sim.errors import ScenarioError
from sim.report.explain_page import page as coded
from sim.report.letters import plain, uncoded
from sim.results import text_of
from sim.scenario import Spec, from_data, read

SCENARIOS = Path(__file__).parents[1] / "scenarios"
NPV = parse("mean(project_npv_usd)")


def here(measure: Measure, draws: int, seed: int = 1) -> Evaluate:
    """Return an evaluation one after the other in this process."""

    def evaluate(named: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Values | ScenarioError]:
        for name, data in named:
            try:
                yield valued(name, data, measure, draws, seed)
            except ScenarioError as error:
                yield error

    return evaluate


def explained(a: Spec, b: Spec, measure: Measure = NPV, by: By = "section", draws: int = 256) -> Explanation:
    """Return the explanation, run in this process."""
    return explain(a, b, measure, by, draws, 1, here(measure, draws))


def cheaper() -> tuple[Spec, Spec]:
    """Return two certain scenarios without tax: 1 bn USD less at time zero, 20 million USD a year less to run."""
    a, b = plain_arithmetic(1000), plain_arithmetic(1000)
    a["costs"]["items"]["other"] = {"amount_million": 100, "price_year": 2027}
    b["costs"]["items"]["all"]["amount_million"] = 5000
    b["costs"]["items"]["other"] = {"amount_million": {"value": 50, "source": "new"}, "price_year": 2027}
    b["costs"]["operating"]["om"]["amount_million_per_year"] = 100
    b["title"] = "cheaper"
    return from_data("dear", a), from_data("cheap", b)


ANNUITY = (1.0 - 1.06**-100) / 0.06
BY_HAND = {
    "costs.items.all.amount_million": 1000e6,
    "costs.operating.om.amount_million_per_year": 20e6 * ANNUITY,
    "costs.items.other.amount_million": 50e6,
}


@pytest.mark.parametrize("exact", [True, False])
def test_additive_scenario_by_hand(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is saved is each part's NPV, alone, last and on the average; sampled orders give the same."""
    if not exact:
        monkeypatch.setattr("sim.batch.explain.EXACT_GROUPS", 1)
    found = explained(*cheaper(), by="key")
    assert [part.group for part in found.parts] == list(BY_HAND)
    for part in found.parts:
        assert part.value == pytest.approx(BY_HAND[part.group], rel=1e-9)
        assert part.share == pytest.approx(BY_HAND[part.group] / sum(BY_HAND.values()), rel=1e-9)
        wanted = part.value if exact else math.nan
        assert (part.alone, part.last) == pytest.approx((wanted, wanted), rel=1e-9, nan_ok=True)
        assert [change.path for change in part.changes] == [part.group]
    assert found.total == pytest.approx(sum(BY_HAND.values()), rel=1e-9)
    assert (found.exact, found.orders, found.evaluations) == (exact, 0 if exact else 32, 8)
    assert (found.names, found.draws, found.seed, found.merged) == (("dear", "cheap"), 256, 1, ())


def test_one_group_is_the_whole_difference() -> None:
    """By section, all of it is costs."""
    found = explained(*cheaper())
    (part,) = found.parts
    assert (part.group, part.share, part.value) == ("costs", 1.0, found.total)
    assert (part.alone, part.last) == (found.total, found.total)
    assert found.evaluations == 2


@pytest.mark.parametrize("other", ["sanctions/today_full", "financing/yamal_like", "stage1_600mw"])
@pytest.mark.parametrize("text", ["P(project_payback_years <= 40)", "p10(project_npv_usd)"])
def test_parts_add_up_and_turn_their_signs(other: str, text: str) -> None:
    """Shipped scenarios, both ways."""
    a, b = read(SCENARIOS / "base.yaml"), read(SCENARIOS / f"{other}.yaml")
    there, back = (explained(*pair, parse(text)) for pair in ((a, b), (b, a)))
    assert sum(part.value for part in there.parts) == pytest.approx(there.total, rel=1e-9, abs=1e-12)
    assert there.total == there.values[1] - there.values[0]
    assert there.total == -back.total
    turned = {part.group: part for part in back.parts}
    scale = max(map(abs, there.values))
    for part in there.parts:
        assert part.value == pytest.approx(-turned[part.group].value, rel=1e-9, abs=1e-12 * scale)
        assert part.alone == pytest.approx(-turned[part.group].last, rel=1e-9, abs=1e-12 * scale)


def test_sampled_parts_of_a_shipped_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    """They add up, turn with the two ends, and are near the exact ones."""
    a, b = read(SCENARIOS / "base.yaml"), read(SCENARIOS / "stage1_600mw.yaml")
    exact = {part.group: part.value for part in explained(a, b).parts}
    monkeypatch.setattr("sim.batch.explain.EXACT_GROUPS", 1)
    there, back = explained(a, b), explained(b, a)
    assert there.orders == 32
    assert sum(part.value for part in there.parts) == pytest.approx(there.total, rel=1e-9)
    turned = {part.group: part.value for part in back.parts}
    for part in there.parts:
        assert part.value == pytest.approx(-turned[part.group], rel=1e-9)
        assert part.value == pytest.approx(exact[part.group], abs=0.2 * max(map(abs, exact.values())))


def test_standard_errors_take_twenty_replicates() -> None:
    """Of the difference draw by draw, and of each part; none in a certain scenario."""
    a, b = read(SCENARIOS / "base.yaml"), read(SCENARIOS / "sanctions" / "today_full.yaml")
    found = explained(a, b, draws=5120)
    assert found.draws == 5120
    assert 0.0 < found.total_se < 0.05 * abs(found.total)
    assert found.parts[0].se == pytest.approx(found.total_se, rel=1e-9)
    assert math.isnan(explained(a, b, draws=256).total_se)


# --- what fails ---------------------------------------------------------------------------------------------------


def in_euros() -> tuple[Spec, Spec]:
    """Return two scenarios of which the second buys in euros, which takes inflation and a rate of them."""
    a, b = small_scenario(), small_scenario()
    b["costs"]["items"]["link"]["currency"] = "eur"
    b["macro"]["inflation"]["eur"] = constant(0.02)
    b["macro"]["fx"] = {"eur": {"follows_inflation": False, "rate": constant(0.9)}}
    b["link"]["capacity_mw"] = 900
    return from_data("dollars", a), from_data("euros", b)


@pytest.mark.parametrize("by", ["section", "key"])
def test_groups_that_need_each_other_are_merged(by: By) -> None:
    """Costs in euros need euros; the link does not. Nothing is run again for that."""
    found = explained(*in_euros(), by=by)
    path, missing = "costs.items.link.currency", "there is no macro."
    together, link, reasons = ["costs", "macro"], "link", [f"{path}: {missing}inflation.eur and no macro.fx.eur"]
    if by == "key":
        together, link = [path, "macro.fx", "macro.inflation.eur"], "link.capacity_mw"
        reasons = [f"{path}: {missing}fx.eur", f"{path}: {missing}inflation.eur"]
    (merged,) = found.merged
    assert (list(merged.groups), list(merged.reasons)) == (together, reasons)
    assert {part.group for part in found.parts} == {" + ".join(together), link}
    assert sum(part.value for part in found.parts) == pytest.approx(found.total, rel=1e-9)
    assert found.evaluations == (6 if by == "section" else 10)


def made_up(value: float) -> Evaluate:
    """Return an evaluation that gives 0 for the ends and something else between them."""

    def evaluate(named: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Values | ScenarioError]:
        for name, _ in named:
            yield Values(value if " with " in name else 0.0, np.zeros(1))

    return evaluate


def refusal(a: Spec, b: Spec, text: str, evaluate: Evaluate | None = None, draws: int = 256) -> str:
    """Return what an explanation that is refused says."""
    measure = parse(text)
    with pytest.raises(ScenarioError) as caught:
        explain(a, b, measure, "section", draws, 1, evaluate or here(measure, draws))
    return "\n".join(map(str, caught.value.problems))


def test_refusals() -> None:
    """Nothing to explain, nothing to explain it with, or no number to explain."""
    a, b = in_euros()
    said = from_data("said", small_scenario() | {"title": "other", "as_of": "2030"})
    assert refusal(a, said, "project_npv_usd") == (
        "dollars, said: the two scenarios differ in nothing that changes a number; name two that do"
    )
    assert refusal(a, b, "project_npv_usd", draws=1_048_577) == (
        "--draws: 1,048,577 draws are more than are kept; ask for 1,048,576 or fewer"
    )
    assert refusal(a, b, "equity_npv_usd") == (
        "--metric: mean(equity_npv_usd): there is no equity_npv_usd in dollars; did you mean project_npv_usd?"
    )
    assert refusal(a, b, "project_irr", made_up(math.nan)) == (
        "--metric: mean(project_irr): is undefined in some draws of dollars with costs of euros; "
        "ask for P(project_irr >= 0.08)"
    )
    assert refusal(a, b, "p50(project_payback_years)", made_up(math.inf)) == (
        '--metric: p50(project_payback_years): is "never" in dollars with costs of euros; '
        "ask for P(project_payback_years <= 25)"
    )


def test_an_end_that_cannot_be_run_is_an_error() -> None:
    """Its problem is told as it is; groups are not merged for it."""
    a, b = in_euros()
    data = copy.deepcopy(a.data)
    data["timeline"]["sea_work"] = {"begins": 0.1, "ends": 0.2, "window_opens_month": 6, "window_closes_month": 10}
    other = from_data("other", data | {"link": b.data["link"]})
    problem = ScenarioError.single("cannot be", where="other", path="timeline")
    one = Values(0.0, np.zeros(1))

    def evaluate(named: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Values | ScenarioError]:
        for name, _ in named:
            yield problem if name == "other" else one

    assert refusal(a, other, "project_npv_usd", evaluate) == "other: timeline: cannot be"


# --- what is told -------------------------------------------------------------------------------------------------


def told(parts: int = 2, by: By = "section", orders: int = 0) -> Explanation:
    """Return an explanation that was made up: NPV from 1 to 3 bn USD."""
    nan = math.nan
    found = [Part("market", (Change("market.import_limit_mw", 2500, 900),), 2.5e9, 1e8, 1.25, 2e9, 3e9)]
    changes = tuple(Change(f"costs.items.n{i}.amount_million", i, 2 * i) for i in range(5))
    found += [Part("costs", changes, -0.5e9 / (parts - 1), 1e3, -0.25 / (parts - 1), nan, nan)] * (parts - 1)
    merged = (Merged(("costs", "macro"), ("costs.a.currency: there is no macro.fx.eur", "p", "q", "r")),)
    values = 1e9, 3e9
    return Explanation(
        *(("base", "other"), ("x", "y"), "mean(project_npv_usd)", "USD", by, values, 2e9, 2e8, tuple(found), merged),
        *(orders, 4, 5120, 1),
    )


def page(found: Explanation, width: int = 100) -> str:
    """Return the page as a pipe receives it."""
    return uncoded(coded(found, width))


def test_page() -> None:
    """Sentence, waterfall, what changed, how it was computed, what was merged."""
    made = told()
    assert (
        page(made)
        == """\
base and other: what makes the difference

The mean NPV is 2.00 bn USD (± 0.20) higher in other (3.00 bn USD) than in base (1.00 bn USD).

          bn USD       ±    share  alone   last
base        1.00                                 │
  market   +2.50    0.10  125.0 %  +2.00  +3.00  ███████████████████████████████████████████████████
  costs    −0.50  < 0.01  −25.0 %      –      –                                          ███████████
other       3.00                                                                         │

What changed
- market.import_limit_mw: 2500 → 900
- costs.items.n0.amount_million: 0 → 0; costs.items.n1.amount_million: 1 → 2;
  costs.items.n2.amount_million: 2 → 4; and 2 more

A part is the effect of a change averaged over all orders in which the 2 changes can be made
(Shapley value), from 4 runs of 5,120 futures on the same random numbers (seed 1). Alone: the effect
on base as it is; last: when all else is as in other. Where they differ, changes act on one another.
±: standard error, from the chance of the futures.

Changed together, as one without the other cannot be run: costs, macro (costs.a.currency: there is
no macro.fx.eur; p; q; and 1 more)."""
    )


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("parts", [2, 30])
@pytest.mark.parametrize("orders", [0, 32])
def test_pages_fit(width: int, parts: int, orders: int) -> None:
    """No line is wider than asked for; a page for plain terminals has plain letters; small parts are put together."""
    text = page(told(parts, orders=orders), width)
    assert max(map(len, text.split("\n"))) <= width
    bare = plain(text, "ascii")
    assert bare.isascii()
    assert "market.import_limit_mw: 2500 -> 900" in " ".join(bare.split())
    told_briefly = "19 other" if width == 40 else "19 others together"
    assert (told_briefly in text) == (parts == 30)
    assert ("16 random orders and the same backwards" in " ".join(text.split())) == (orders == 32)


def test_shares_of_parts_that_cancel_are_left_out() -> None:
    """Sixty times a difference that is nearly nothing says nothing."""
    a, b = cheaper()
    data = copy.deepcopy(b.data)
    data["costs"]["items"]["all"]["amount_million"] = 6000 + 50 + 20 * ANNUITY + 0.5
    found = explained(a, from_data("same", data), by="key")
    text = page(found)
    assert "is 0.0005 bn USD lower" in text
    assert "%" not in text
    assert abs(found.parts[0].share) > 100


def test_names_of_merged_groups_are_short() -> None:
    """The first, and how many more, where all of them do not fit."""
    text = page(explained(*in_euros(), by="key"))
    assert "  costs.items.link.currency + 2 more  " in text


def test_page_of_probabilities_and_of_nothing() -> None:
    """Percentage points; and a difference that is none has no shares."""
    share = explained(
        read(SCENARIOS / "base.yaml"), read(SCENARIOS / "cable_only.yaml"), parse("P(project_npv_usd > 0)")
    )
    text = " ".join(page(share).split())
    assert " percentage points higher in cable_only (" in text
    assert "Too few futures for standard errors, which take 5,120." in text
    a, b = small_scenario(), small_scenario()
    b["evaluation"]["benchmarks"] = {"trade": {"amount_usd": 1e9, "compare": "yearly_trade"}}
    same = explained(from_data("a", a), from_data("b", b))
    assert "\n\nThe mean NPV is the same in b (" in page(same)
    assert math.isnan(same.parts[0].share)


def test_tables() -> None:
    """Parts by size, and every change with what stood there before and after."""
    attribution, changes = tables(explained(*cheaper(), by="key"))
    assert attribution.name == "attribution.csv"
    assert attribution.columns[:6] == ("group", "part", "se", "share_of_total", "alone", "last")
    whole = dict(zip(attribution.columns[6:], attribution.rows[0][6:], strict=True))
    assert (whole["measure"], whole["unit"]) == ("mean(project_npv_usd)", "USD")
    assert (whole["a"], whole["b"]) == ("dear", "cheap")
    assert sum(row[1] for row in attribution.rows) == pytest.approx(whole["value_b"] - whole["value_a"], rel=1e-9)
    assert [row[0] for row in attribution.rows] == list(BY_HAND)
    assert [text_of(cell) for cell in attribution.rows[0]][:3] == [next(iter(BY_HAND)), "1000000000", ""]
    assert changes.columns == ("group", "path", "before", "after")
    assert changes.rows[2] == ("costs.items.other.amount_million", "costs.items.other.amount_million", 100, 50)


def test_what_goes_to_a_worker_can_travel() -> None:
    """Measure, values and the explanation survive the way to another process."""
    assert pickle.loads(pickle.dumps(NPV)) == NPV
    assert repr(pickle.loads(pickle.dumps(told()))) == repr(told())
    value = valued("x", small_scenario(), NPV, 256, 1)
    assert pickle.loads(pickle.dumps(value)).pooled == value.pooled
    assert pickle.loads(pickle.dumps(valued)) is valued
