"""Loan schedules of QuantLib (annuity and equal principal at four frequencies) against the engine's tranche."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_scenarios import constant

from sim.engine import run_block
from sim.prepare import prepare
from sim.scenario import from_data

Array = NDArray[np.float64]
FILE = Path(__file__).parent / "reference" / "finance" / "loan_schedules_quantlib.json"
SCHEDULES: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))["schedules"]
PERIODS = {"annual": 1, "semiannual": 2, "quarterly": 4, "monthly": 12}
PROFILES = {"annuity": "annuity", "straight": "equal_principal"}
UNSUPPORTED = {"ACT/365F": "a row accrues rate / periods_per_year; days of the calendar are not counted"}
"""Day counts that a scenario cannot say, with the reason."""
TOLD = [item for item in SCHEDULES if item["day_count"] not in UNSUPPORTED]


def named(item: dict[str, Any]) -> str:
    """Return the name of a schedule."""
    return f"{item['frequency']}-{item['repayment']}"


def lent(item: dict[str, Any], **terms: Any) -> dict[str, Array]:
    """Return the lines of one loan, lent up to its ceiling; balance from row 0 on, the others from row 1 on."""
    years, start = float(item["years"]), int(item["start"][:4])
    million = item["principal"] / 1e6
    loan = {
        "nation": "lender",
        "seniority": 1,
        "ceiling_million": million,
        "rate": item["rate_nominal_annual"],
        "tenor_years": years,
        "profile": PROFILES[item["repayment"]],
    }
    data = {
        "title": "A loan and a link that can pay for it",
        "as_of": str(start),
        "timeline": {
            "start_year": start,
            "periods_per_year": PERIODS[item["frequency"]],
            "construction": {"years": 0},
            "operation_years": years,
            "max_delay_years": 0,
        },
        "macro": {"inflation": {"usd": constant(0.0)}},
        "costs": {"items": {"all": {"amount_million": 2.0 * million, "price_year": start}}},
        "link": {"capacity_mw": 1000, "length_km": 0, "converter_loss": 0, "availability": 1},
        "supply": {
            "net_capacity_mw": 1000,
            "availability": 1,
            "cost_basis": "variable",
            "cost": {"kind": "price", "price_per_mwh": constant(0.0), "price_year": start},
        },
        "market": {
            "currency": "usd",
            "price_year": start,
            "price_per_kwh": constant(0.08),
            "schemes": {"merchant": {"kind": "merchant", "share": 1}},
        },
        "tax": {"jurisdictions": {"all": {"rate": 0.25}}},
        "financing": {"tranches": {"loan": loan | terms}},
        "evaluation": {"discount_rate_real": 0.06},
    }
    model = prepare(from_data(named(item), data))
    carried = run_block(model, model.lenders, detail=True).cash.carried
    assert carried is not None
    (account,) = carried.accounts
    assert account.history is not None
    lines = {line: np.array([row[0] for row in rows]) for line, rows in account.history.items()}
    return {line: rows if line == "balance" else rows[-item["n"] :] for line, rows in lines.items()}


def gaps(found: dict[str, Array], item: dict[str, Any]) -> dict[str, float]:
    """Return the largest difference of each kind of line over the principal; every row where the file has every row."""
    interest, principal, m = found["interest"], found["principal"], PERIODS[item["frequency"]]
    pairs: dict[str, tuple[Array, Any]] = {
        "first interest": (interest[:3], item["interest_first3"]),
        "first principal": (principal[:3], item["principal_first3"]),
        "last interest": (interest[-2:], item["interest_last2"]),
        "last principal": (principal[-2:], item["principal_last2"]),
        "total interest": (interest.sum(), item["total_interest"]),
        "balance at the end": (found["balance"][-1], item["final_balance"]),
        "interest by year": (interest.reshape(-1, m).sum(axis=1), [y["interest"] for y in item["by_year"].values()]),
        "principal by year": (principal.reshape(-1, m).sum(axis=1), [y["principal"] for y in item["by_year"].values()]),
    }
    if item["interest"] is not None:
        pairs["interest"] = interest, item["interest"]
        pairs["principal"] = principal, item["principal_paid"]
        left = item["principal"] - np.cumsum(np.array(item["principal_paid"]))
        pairs["balance"] = found["balance"][1:], left
    return {
        name: float(np.max(np.abs(ours - np.array(its)))) / item["principal"] for name, (ours, its) in pairs.items()
    }


def test_the_file_holds_what_is_expected() -> None:
    """Four frequencies by two profiles can be said; the same with days of the calendar is left out, by name."""
    assert sorted(named(item) for item in TOLD) == sorted(f"{m}-{p}" for m in PERIODS for p in PROFILES)
    assert {item["day_count"] for item in SCHEDULES} == {"30/360", *UNSUPPORTED}


@pytest.mark.parametrize("item", TOLD, ids=named)
def test_a_schedule_row_by_row(item: dict[str, Any]) -> None:
    """Interest, principal and balance of each row are QuantLib's, to 1e-12 of the principal."""
    found = lent(item)
    assert found["interest"].size == item["n"]
    assert found["balance"][0] == pytest.approx(item["principal"], rel=1e-12)
    assert max(gaps(found, item).values()) < 1e-12
    assert not found["arrears"].any() and not found["written_off"].any()


@pytest.mark.parametrize("item", TOLD, ids=named)
def test_other_terms_are_seen(item: dict[str, Any]) -> None:
    """A rate that is a thousandth higher, the other profile and a year of grace each miss the schedule."""
    other = "annuity" if item["repayment"] == "straight" else "equal_principal"
    for terms in ({"rate": item["rate_nominal_annual"] * 1.001}, {"profile": other}, {"grace_years": 1.0}):
        assert max(gaps(lent(item, **terms), item).values()) > 1e-6


@pytest.mark.parametrize("item", [i for i in SCHEDULES if i["day_count"] in UNSUPPORTED], ids=named)
def test_days_of_the_calendar_are_not_counted(item: dict[str, Any]) -> None:
    """Actual days: the principal is the same, and interest differs by what leap years and unequal months make of it."""
    found = gaps(lent(item), item)
    assert found["principal by year"] < 1e-12
    assert 1e-6 < found["interest by year"] < 1e-3
