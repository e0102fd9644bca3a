"""Tax: tables computed by hand of losses, depreciation, renewals and jurisdictions (docs/financing.md, section 1)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_scenarios import constant, small_scenario

from sim.collect import Block
from sim.engine import deterministic
from sim.model.tax import Depreciation, Jurisdiction, Tax, corporate_tax, depreciation, written_off
from sim.model.timeline import Grid
from sim.scenario import from_data

Array = NDArray[np.float64]
PAGE = Path(__file__).parents[1] / "docs" / "financing.md"

# --- losses: every number below is worked out by hand ----------------------------------

PROFITS = (-100.0, -60.0, 30.0, 40.0, 80.0, 100.0, -50.0, 120.0)
USED = {
    "no limit": (0, 0, 30, 40, 80, 10, 0, 50),
    "2 years": (0, 0, 30, 40, 0, 0, 0, 50),
    "50 %": (0, 0, 15, 20, 40, 50, 0, 60),
    "both": (0, 0, 15, 20, 0, 0, 0, 50),
}
"""Losses used in each year: without limit, with an expiry of 2 years, up to half of the profit, with both."""
TAXED = {
    "no limit": (0, 0, 0, 0, 0, 90, 0, 70),
    "2 years": (0, 0, 0, 0, 80, 100, 0, 70),
    "50 %": (0, 0, 15, 20, 40, 50, 0, 60),
    "both": (0, 0, 15, 20, 80, 100, 0, 70),
}
"""Profit taxed in each year."""
RULES: dict[str, tuple[float, float | None]] = {
    "no limit": (1.0, None),
    "2 years": (1.0, 2.0),
    "50 %": (0.5, None),
    "both": (0.5, 2.0),
}


def jurisdiction(rate: float = 0.25, limit: float = 1.0, expiry: float | None = None, **more: Any) -> Jurisdiction:
    """Return a jurisdiction as the engine has it, filled."""
    given: dict[str, Any] = {"share": 1.0, "losses": "carried_forward", "depreciation": rules(), **more}
    given |= {"rate": np.array([rate]), "loss_limit": np.array([limit]), "loss_expiry_years": expiry}
    return Jurisdiction.model_construct(**given)


def rules(**given: Any) -> Depreciation:
    """Return rules of depreciation as the engine has them, filled."""
    whole = {"method": "straight_line", "half_year": False, "factor": None, "shares": None, **given}
    return Depreciation.model_construct(**whole)


def taxes(*states: Jurisdiction, profits: tuple[float, ...] = PROFITS, grid: Grid | None = None) -> list[float]:
    """Return the tax of each year on some profits without depreciation."""
    income = np.array(profits)[:, None]
    names = {f"state_{i}": state for i, state in enumerate(states)}
    nothing = {name: np.zeros(income.shape) for name in names}
    lines = corporate_tax(
        Tax.model_construct(jurisdictions=names), income, nothing, grid or Grid(2030, 1, len(profits))
    )
    paid: list[float] = lines.tax[:, 0].tolist()
    return paid


@pytest.mark.parametrize("name", RULES)
def test_losses_by_hand(name: str) -> None:
    """Losses of 100 and 60, then of 50, are set against later profits, taxed at 25 %."""
    limit, expiry = RULES[name]
    assert taxes(jurisdiction(0.25, limit, expiry)) == pytest.approx([0.25 * x for x in TAXED[name]], abs=1e-12)
    for profit, used, taxed in zip(PROFITS, USED[name], TAXED[name], strict=True):
        assert max(profit, 0.0) == used + taxed


def test_the_page_has_the_same_table() -> None:
    """The table in docs/financing.md holds the numbers that are tested here."""
    rows = re.findall(r"^\| (\d) \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    table = [[float(cell.replace("−", "-")) for cell in row.split("|")] for _, row in rows]
    columns = [PROFITS, *(column for name in RULES for column in (USED[name], TAXED[name]))]
    assert table == [list(map(float, row)) for row in zip(*columns, strict=True)]


def test_expiry_counts_rows_of_the_grid() -> None:
    """Half a year is two quarters: the same table by quarters."""
    found = taxes(jurisdiction(1.0, 1.0, 0.5), grid=Grid(2030, 4, len(PROFITS)))
    assert found == pytest.approx(TAXED["2 years"], abs=1e-12)


def test_losses_are_refunded() -> None:
    """Where losses are refunded, the tax of each year is the rate times its result."""
    assert taxes(jurisdiction(0.25, losses="refunded"))[:3] == pytest.approx([-25.0, -15.0, 7.5])


def test_two_jurisdictions_have_losses_of_their_own() -> None:
    """A quarter is taxed at 40 % with refunds, three quarters at 20 % with losses carried forward."""
    refunded = jurisdiction(0.4, share=0.25, losses="refunded")
    carried = jurisdiction(0.2, share=0.75)
    assert taxes(refunded, carried)[:3] == pytest.approx([-10.0, -6.0, 3.0])
    assert taxes(refunded, carried)[5] == pytest.approx(0.4 * 25.0 + 0.2 * 0.75 * 90.0)


# --- depreciation -----------------------------------------------------------------------------------------------------

MACRS_5 = (20.0, 32.0, 19.2, 11.52, 11.52, 5.76)


def by_row(method: Depreciation, life: float, years: int, m: int = 1) -> list[float]:
    """Return the depreciation of a cost of 100 in operation from time zero, rows from the first on."""
    grid = Grid(2030, m, years * m)
    flow = depreciation(method, [(np.array([100.0]), np.array([life]))], np.zeros(1), grid)[:, 0]
    assert flow[0] == 0.0
    rows: list[float] = flow[1:].tolist()
    return rows


def test_macrs_as_a_table() -> None:
    """The five-year MACRS table (IRS, publication 946, half-year convention in the table) whatever the life."""
    table = rules(method="custom", shares={year: share / 100.0 for year, share in enumerate(MACRS_5, start=1)})
    assert by_row(table, 17.0, 8) == pytest.approx([*MACRS_5, 0.0, 0.0])
    assert by_row(table, 17.0, 2, m=4) == pytest.approx([5.0] * 4 + [8.0] * 4)


def test_straight_line_in_half_year_convention() -> None:
    """Twenty years: 2.5 %, nineteen times 5 %, 2.5 %."""
    assert by_row(rules(half_year=True), 20.0, 22) == pytest.approx([2.5, *[5.0] * 19, 2.5, 0.0])


def test_double_declining_balance() -> None:
    """Five years at 40 % of what is left, straight line once that is more."""
    double = rules(method="declining_balance", factor=np.array([2.0]))
    assert by_row(double, 5.0, 6) == pytest.approx([40.0, 24.0, 14.4, 10.8, 10.8, 0.0])


def test_a_factor_of_one_is_the_straight_line() -> None:
    """Neither a factor of 1 nor a smaller one is slower than even parts."""
    for factor in (1.0, 0.5):
        slow = rules(method="declining_balance", factor=np.array([factor]))
        assert by_row(slow, 8.0, 9) == pytest.approx([12.5] * 8 + [0.0])


METHODS = st.one_of(
    st.just(rules()),
    st.floats(0.1, 4.0).map(lambda x: rules(method="declining_balance", factor=np.array([x]))),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)
    .filter(lambda parts: sum(parts) > 1e-3)
    .map(lambda parts: rules(method="custom", shares={i: p / sum(parts) for i, p in enumerate(parts, start=1)})),
)


@settings(max_examples=200, deadline=None)
@given(METHODS, st.floats(0.1, 40.0), st.floats(0.0, 9.0), st.booleans(), st.sampled_from([1, 2, 4, 12]))
def test_the_whole_cost_is_written_off(method: Depreciation, life: float, cod: float, half: bool, m: int) -> None:
    """Depreciation adds up to the cost where the horizon is long enough, is never negative and begins after COD."""
    grid = Grid(2030, m, 52 * m)
    lives = np.array([life, 40.0])
    flow = depreciation(
        method.model_copy(update={"half_year": half}), [(np.array([7e9]), lives)], np.full(2, cod), grid
    )
    assert flow.sum(axis=0) == pytest.approx([7e9, 7e9], rel=1e-9)
    assert np.all(flow >= 0.0)
    assert np.all(flow[(grid.end <= cod + 0.5 * half)[:, 0]] == 0.0)


def test_nothing_is_written_off_before_depreciation_begins() -> None:
    """At its start no method has written anything off."""
    for method in (rules(), rules(method="custom", shares={1: 1.0})):
        assert written_off(method, np.array([5.0]), np.zeros(1)).tolist() == [0.0]


# --- the engine -------------------------------------------------------------------------------------------------------


def block_of(changes: dict[str, Any]) -> Block:
    """Return the small scenario without inflation, with changed blocks of ``costs``, ``tax`` and ``market.schemes``."""
    data = small_scenario()
    data["macro"]["inflation"]["usd"] = constant(0.0)
    data["costs"] |= changes.get("costs", {})
    data["tax"] = changes.get("tax", data["tax"])
    data["market"]["schemes"] |= changes.get("schemes", {})
    return deterministic(from_data("small", data))


def million(flow: Array) -> list[float]:
    """Return a line of one column in millions, to six decimals."""
    rounded: list[float] = (flow[:, 0] / 1e6).round(6).tolist()
    return rounded


def renewed(**more: Any) -> Block:
    """Return the small scenario with a renewal of 100 million every 4 of its 12 years from year 3 on."""
    return block_of(
        {"costs": {"replacements": {"x": {"amount_million": 100, "price_year": 2026, "every_years": 4, **more}}}}
    )


def test_a_renewal_with_a_tax_life_is_written_off() -> None:
    """Paid at the end of years 7 and 11, written off by fifths of 20 and 40 from then on, not deducted when paid."""
    plain, later = renewed(), renewed(tax_life_years=5)
    assert million(plain.lines["replacements"])[3:13] == [0, 0, 0, 0, 100, 0, 0, 0, 100, 0]
    extra = later.lines["depreciation"] - plain.lines["depreciation"]
    assert million(extra)[7:] == [0, 20, 20, 20, 20, 40, 20, 20, 20, 20, 0]
    assert np.array_equal(plain.lines["ebitda"], later.lines["ebitda"])
    refunds = {"jurisdictions": {"all": {"rate": 0.5, "losses": "refunded"}}}
    item = {"amount_million": 100, "price_year": 2026, "every_years": 4}
    one, two = (
        block_of({"tax": refunds, "costs": {"replacements": {"x": item | more}}})
        for more in ({}, {"tax_life_years": 5})
    )
    assert million(two.lines["tax"] - one.lines["tax"])[7:13] == [50, -10, -10, -10, 40, -20]


def test_money_is_set_aside_for_renewals() -> None:
    """A quarter of the cost a year; gone in the row in which the renewal is paid, nothing after the last one."""
    kept = million(renewed(reserve_funded=True).cash.operations.running.maintenance_target)
    assert kept[:12] == [0, 0, 0, 0, 25, 50, 75, 0, 25, 50, 75, 0] and not any(kept[12:])
    assert not any(million(renewed().cash.operations.running.maintenance_target))


def test_a_cost_that_declines() -> None:
    """A tenth of a cost of 50 million falls away with each full year; from COD at 3, never below nothing."""
    entry = {"amount_million_per_year": 50, "price_year": 2026, "decline_per_year": 0.1}
    block = block_of({"costs": {"operating": {"dues": entry}}})
    assert million(block.lines["operating_cost"])[3:16] == [0, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 0, 0]
    assert million(block.cash.operations.running.by_item["dues"]) == million(block.lines["operating_cost"])


def test_a_capacity_payment() -> None:
    """80 million a year for 5 years from COD at 3, in EBITDA and the yearly trade, without a share of the power."""
    ready = {"kind": "capacity", "amount_million_per_year": 80, "price_year": 2026, "term_years": 5}
    without, paid = block_of({}), block_of({"schemes": {"ready": ready}})
    assert million(paid.lines["revenue_capacity"])[3:10] == [0, 80, 80, 80, 80, 80, 0]
    more = paid.lines["ebitda"] - without.lines["ebitda"]
    assert million(more) == million(paid.lines["revenue_capacity"])
    trade = paid.metrics["yearly_trade_usd"] - without.metrics["yearly_trade_usd"]
    assert trade[0] == pytest.approx(400e6 / 12.0)


def test_depreciation_of_two_jurisdictions() -> None:
    """A fifth of 2,000 million in ten even parts, four fifths all in the first year."""
    states = {
        "slow": {"share": 0.2, "rate": 0.0},
        "fast": {"share": 0.8, "rate": 0.0, "depreciation": {"method": "custom", "shares": {1: 1.0}}},
    }
    block = block_of({"tax": {"jurisdictions": states}})
    assert million(block.lines["depreciation"])[3:7] == [0, 1640, 40, 40]
