"""What happens when a project cannot pay: covenants, cure, arrears, unpaid costs, reserves; followed by hand."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from test_financing import bank, lenders_case, project, uncertain

from sim.base.sampling import Draws
from sim.collect import Block
from sim.engine import run_block
from sim.prepare import prepare
from sim.scenario import from_data


def poor_draw(data: dict[str, Any], income: dict[float, float]) -> tuple[Block, int]:
    """Return a block in which the yearly income is drawn from some weights, and a draw with the least income."""
    data["market"]["schemes"]["fixed"]["amount_million_per_year"] = {"dist": "discrete", "weights": income}
    block = run_block(prepare(from_data("small", data)), Draws(1, (0,)), detail=True)
    return block, int(np.argmin(block.lines["revenue_capacity"][5]))


def test_a_covenant_at_the_sized_level_is_kept() -> None:
    """Default and lock-up at the very DSCR to which the loan was sized: the lenders' case keeps both."""
    for profile in ("sculpted", "annuity"):
        for m in (1, 4, 12):
            terms = bank(profile=profile, target_dscr=1.3, default_dscr=1.3, lock_up_dscr=1.3) | {"gearing_cap": 0.9}
            data = project(terms)
            data["timeline"]["periods_per_year"] = m
            _, block = lenders_case(data)
            assert float(block.metrics["defaulted"][0]) == 0.0
            assert float(block.lines["cash_balance"].max()) < 1e-3


def test_covenant_default_is_no_missed_payment() -> None:
    """A DSCR of 1.14 under a default level of 1.2 with no cure: default, yet nothing was late."""
    data = project(bank(profile="sculpted", target_dscr=1.3, default_dscr=1.2) | {"gearing_cap": 0.9})
    block, poor = poor_draw(data, {60.0: 0.75, 52.5: 0.25})
    assert block.lines["dscr"][3, poor] == pytest.approx(1.3 * 52.5 / 60.0)
    assert block.metrics["defaulted"][poor] == 1.0 and block.metrics["missed_payment"][poor] == 0.0
    assert block.lines["distributions"][3, poor] == 0.0
    assert block.metrics["lenders_loss_usd"][poor] == 0.0
    assert 0.0 < block.metrics["years_in_default"][poor] < 10.0


def test_unpaid_costs_are_owed_and_paid_first() -> None:
    """A renewal of 150 every four years with an income of 20: what is not set aside stays owed, before lenders."""
    data = project(bank(profile="equal_principal", target_dscr=1.3) | {"gearing_cap": 0.9})
    renewal = {"amount_million": 150.0, "price_year": 2030, "every_years": 4.0, "reserve_funded": True}
    data["costs"]["replacements"] = {"big": renewal}
    block, poor = poor_draw(data, {60.0: 0.5, 100.0: 0.25, 20.0: 0.25})
    unpaid, later = (block.lines[name][:, poor] / 1e6 for name in ("unpaid_costs", "costs_caught_up"))
    paid = (block.lines["interest_paid"] + block.lines["principal_paid"])[:, poor] / 1e6
    assert block.metrics["missed_payment"][poor] == 1.0
    # Rows 3 to 5 set 20 aside each, row 6 needs 150 of 80.
    assert unpaid[:7].tolist() == pytest.approx([0.0] * 6 + [70.0])
    assert later[7:10].tolist() == pytest.approx([20.0] * 3)
    assert unpaid[10] == pytest.approx(130.0)
    assert np.all(paid[3:23] == 0.0)
    owed = float((unpaid - later).sum())
    assert block.metrics["unpaid_costs_usd"][poor] / 1e6 == pytest.approx(owed) and owed > 100.0


def test_operating_reserve_is_not_for_lenders() -> None:
    """A year without income: the operating reserve pays the running cost, the debt service reserve the lenders."""
    terms = bank(profile="annuity", target_dscr=1.5, dsra_months=12.0) | {"gearing_cap": 0.9, "om_reserve_months": 12.0}
    data = project(terms)
    data["costs"]["operating"] = {"om": {"amount_million_per_year": 5.0, "price_year": 2030}}
    block, poor = poor_draw(data, {60.0: 0.75, 0.0: 0.25})
    books = block.cash.carried
    assert books is not None and books.history is not None
    held = books.history["operating_reserve"][:, poor] / 1e6
    assert held[2] == pytest.approx(5.0) and held[3] == pytest.approx(0.0)
    assert block.lines["arrears"][3, poor] == pytest.approx(0.0, abs=1.0)
    assert block.lines["equity_paid_in"][3, poor] == pytest.approx(0.0, abs=1.0)


def test_twelve_months_cover() -> None:
    """In quarters the DSCR is that of the last four of them."""
    data = project(bank(profile="annuity", target_dscr=1.5) | {"gearing_cap": 0.9})
    data["timeline"]["periods_per_year"] = 4
    data["costs"]["replacements"] = {"part": {"amount_million": 10.0, "price_year": 2030, "every_years": 3.0}}
    _, block = lenders_case(data)
    cash, service = block.lines["cfads"][:, 0], block.lines["debt_service_due"][:, 0]
    for k in range(12, 40):
        assert block.lines["dscr"][k, 0] == pytest.approx(cash[k - 3 : k + 1].sum() / service[k - 3 : k + 1].sum())


def test_sweep_is_shared_within_a_rank() -> None:
    """Two equal loans of one rank sweep the same amount."""
    loan = bank()["tranches"]["bank"] | {"share": 0.5, "cash_sweep": 0.5}
    _, block = lenders_case(project({"gearing_cap": 0.4, "tranches": {"one": loan, "two": loan}}))
    carried = block.cash.carried
    assert carried is not None
    first, second = (account.history["swept"] for account in carried.accounts if account.history is not None)
    assert first.max() > 0.0 and np.allclose(first, second)


def test_more_cure_never_more_default() -> None:
    """The longer the cure time, the fewer defaults, draw by draw."""
    runs = []
    for years in (0.0, 1.0, 2.0, 5.0):
        model = uncertain(bank(target_dscr=1.2, default_dscr=1.0) | {"cure_years": years})
        runs.append(run_block(model, Draws(1, (0, 1))).metrics["defaulted"])
    for sooner, later in itertools.pairwise(runs):
        assert np.all(later <= sooner)
