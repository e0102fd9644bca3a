"""The loan and the reserves of a SAM case as a ``financing`` section and as renewals that are saved up for."""

from __future__ import annotations

import re
from typing import Any

from sim.study.sam_inputs import Inputs, Unsupported, dated, finite, number, percent, whole

_PROFILES = {"annuity": "annuity", "constant_principal": "equal_principal"}


def financing(inputs: Inputs, loan: bool) -> dict[str, Any] | None:
    """Return the financing of a case, or None where there is neither a loan nor a reserve.

    The loan repays from the first year on. SAM's cash for service is before tax, and reserves earn from the year after.
    """
    months = number(inputs, "working_capital_months")
    if not loan and not months and not inputs.get("equip_reserves"):
        return None
    terms: dict[str, Any] = {
        "cfads_basis": "pre_tax",
        "om_reserve_months": months,
        "reserve_rate": percent(inputs, "reserve_interest_pct"),
    }
    if loan:
        terms |= _size(inputs)
        terms["tranches"] = {"loan": _tranche(inputs)}
    return terms


def _size(inputs: Inputs) -> dict[str, Any]:
    """Return the cap on gearing that gives SAM's loan.

    SAM lends f·(1 + f·fee) of the cost C without the fee and does not gross it up; our share is of all uses, C + fee·L.
    """
    if inputs.get("debt_mode") == "dscr":
        return {}
    part, fee = percent(inputs, "debt_percent"), percent(inputs, "debt_fee_pct")
    lent = part * (1.0 + part * fee)
    return {"gearing_cap": lent / (1.0 + fee * lent)}


def _tranche(inputs: Inputs) -> dict[str, Any]:
    terms: dict[str, Any] = {
        "nation": "lender",
        "seniority": 1,
        "share": 1.0,
        "rate": percent(inputs, "debt_rate_pct"),
        "arrangement_fee": percent(inputs, "debt_fee_pct"),
        "tenor_years": float(whole(inputs, "debt_tenor_years")),
        "grace_years": number(inputs, "moratorium_years"),
        "dsra_months": number(inputs, "dsra_months"),
    }
    if inputs.get("debt_mode") == "dscr":
        if terms["grace_years"]:
            raise Unsupported("a moratorium of a loan that is sized by DSCR")
        terms |= {"profile": "sculpted", "target_dscr": number(inputs, "dscr")} | _ceiling(inputs)
        return terms
    profile = _PROFILES.get(str(inputs.get("debt_payment")))
    if profile is None:
        raise Unsupported(f"debt_payment {inputs.get('debt_payment')!r}")
    return terms | {"profile": profile}


def _ceiling(inputs: Inputs) -> dict[str, float]:
    """Return the most that SAM lends by DSCR: a share of the cost with a fee on all of it, without reserves."""
    if inputs.get("dscr_cap_debt_percent") is None:
        return {}
    if number(inputs, "working_capital_months"):
        raise Unsupported("a cap on the debt share together with a working-capital reserve")
    capex = number(inputs, "capex_usd")
    extra = ("construction_financing_usd", "other_financing_usd", "debt_closing_usd")
    cost = capex * (1.0 + percent(inputs, "debt_fee_pct")) + sum(number(inputs, key) for key in extra)
    return {"ceiling_million": percent(inputs, "dscr_cap_debt_percent") * cost / 1e6}


def equipment(inputs: Inputs, years: int) -> dict[str, Any]:
    """Return equipment with a reserve as renewals that are saved up for.

    SAM writes the spending off by the half-year table, whose first entry falls into the year of payment. So that part
    is a renewal that is deducted when it is paid; the rest follows in even parts from the end of that year.
    """
    renewals: dict[str, Any] = {}
    kinds = inputs.get("equip_reserves") or []
    first, life = equipment_table(inputs) if kinds else (0.0, 0.0)
    for i, kind in enumerate(kinds):
        if not isinstance(kind, list) or len(kind) != 2:
            raise Unsupported("equipment reserves in an unknown form")
        per_watt, every = (finite(value, "equip_reserves") for value in kind)
        if every != int(every) or every < 1.0 or years % every == 0.0:
            raise Unsupported("equipment renewed in the last year of operation or after a part of a year")
        million = per_watt * number(inputs, "system_capacity_kW") * 1e3 / 1e6
        saved = {"every_years": every, "reserve_funded": True}
        renewals[f"equipment_{i}_deducted"] = dated(amount_million=million * first, **saved)
        renewals[f"equipment_{i}_written_off"] = dated(
            amount_million=million * (1.0 - first), tax_life_years=life - 0.5, **saved
        )
    return renewals


def equipment_table(inputs: Inputs) -> tuple[float, float]:
    """Return the part of equipment that is written off in the year of payment, and the life."""
    named = re.fullmatch(r"sl(\d{1,2})", str(inputs.get("equip_depr_class")))
    if named is None or int(named[1]) < 1:
        raise Unsupported(f"equip_depr_class {inputs.get('equip_depr_class')!r} is not a straight line")
    return 0.5 / float(named[1]), float(named[1])
