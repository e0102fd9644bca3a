"""Lines and metrics that sanctions bring, with the symbols of docs/sanctions.md, and where it has a key's equations."""

from __future__ import annotations

from sim.model.counterfactual import POLITICAL_DEFINITIONS
from sim.model.metrics import NOMINAL
from sim.study.glossary_finance import Line

PAGE = "docs/sanctions.md"


def _line(text: str, formula: str, heading: str) -> Line:
    return Line(NOMINAL, text, formula, heading, PAGE)


SANCTIONS_METRICS = tuple(POLITICAL_DEFINITIONS)
"""Metrics that are there with sanctions, besides those of each party."""
CHANGE_FORMULA = "Σ v·flow − Σ v·flow°, capex and the money raised for it with v_(k−½)"
"""Formula of ``change_for_NAME`` and ``change_in_total``."""
BLOCKED_LINES: dict[str, Line] = {
    "revenue_blocked": _line("revenue that is paid into a blocked account", "revenue_blocked·revenue", "Operation"),
    "revenue_released": _line(
        "what the company gets out of the blocked account; taxed now",
        "blocked_recovery·b in a row in which nothing is blocked",
        "Operation",
    ),
    "revenue_lost": _line(
        "blocked revenue left behind when the rest is released",
        "(1 − blocked_recovery)·b in a row in which nothing is blocked",
        "Operation",
    ),
    "revenue_confiscated": _line(
        "blocked revenue that the seizing state takes", "b of the row before, in the row of a seizure", "Operation"
    ),
    "blocked_balance": _line(
        "balance of the blocked account at the end of the period",
        "b = Σ (revenue_blocked − revenue_released − revenue_lost − revenue_confiscated)",
        "Operation",
    ),
}
"""Lines of blocked accounts; they are there where some regime blocks revenue, and stand behind the revenue."""
OWNER_LINES: dict[str, Line] = {
    "seizing_state": _line(
        "what the seizing state gets less what it pays in",
        "Σ_n (s_n − κ_n)·(distributions − equity_paid_in) + Σ_n ℓ_n·(held for n) in the row of a seizure",
        "Seizure and owners",
    ),
    "dividends_held": _line(
        "what waits for owners to whom nothing may be paid, at the end of the period",
        "Σ over barred n of κ_n·distributions since they are barred, less what is seized of it",
        "Seizure and owners",
    ),
}
"""Lines of owners under sanctions; they are there where owners can be barred or seized, behind those of the loans."""
SANCTIONS_FORMULAS: dict[str, str] = {
    "invested": "f < ∞",
    "fid_years": "F = t_f, the first row with R_f ∈ A and f ≤ max_wait_years·m",
    "abandoned": "a stop lasted abandonment_years",
    "seized": "first u_k < 1 − exp(−h·Δ) in a row f < k ≤ r(COD + life), not after an abandonment",
    "years_stopped": "Δ·(number of rows with p = 0 from f to COD)",
    "cod_delay_years": "cod_years − cod_years°",
    "cost_of_sanctions_usd": "project_npv_usd° − project_npv_usd",
    "cost_of_sanctions_to_sponsors_usd": "equity_npv_usd° − equity_npv_usd",
    "sanctions_save_money": "cost_of_sanctions_usd < 0",
    "cost_of_sanctions_years": "project_payback_years − project_payback_years°, where both are finite",
    "pays_with_and_without": "project_payback_years < ∞ and project_payback_years° < ∞",
    "pays_only_without_sanctions": "project_payback_years = ∞ and project_payback_years° < ∞",
    "pays_only_with_sanctions": "project_payback_years < ∞ and project_payback_years° = ∞",
    "pays_in_neither": "project_payback_years = ∞ and project_payback_years° = ∞",
}
"""Formulas of the metrics that compare with the world without sanctions, which is marked °."""
HEADINGS = (
    # begin of a dotted key: section of the page; the first that fits
    *((f"sanctions.regimes.NAME.{key}", "Building") for key in ("pace", "cost_factor")),
    *((f"sanctions.regimes.NAME.{key}", "Loans") for key in ("lenders_stop", "margin_addon")),
    *((f"sanctions.regimes.NAME.{key}", "Seizure and owners") for key in ("dividends_blocked", "seizure_per_year")),
    *((f"sanctions.regimes.NAME.{key}", "Operation") for key in ("export_share", "export_limit_mw", "price_discount")),
    *((f"sanctions.regimes.NAME.{key}", "Operation") for key in ("revenue_blocked", "insurance_factor")),
    ("sanctions.regimes.NAME.repair_factor", "Operation"),
    ("sanctions.blocked_recovery", "Operation"),
    ("sanctions.seizure_loss", "Seizure and owners"),
    ("sanctions.stoppage", "Building"),
    ("sanctions", "Regimes"),
    ("timeline.decision", "Decision"),
    ("financing.case.regime", "Decision"),
    ("costs.items.NAME.sanctioned_equipment", "Building"),
    ("costs.operating.NAME.insurance", "Operation"),
)
UNUSED = ("source",)


def heading(dotted: str) -> str:
    """Return page and section of a key that sanctions bring, empty for another one.

    >>> heading("timeline.decision.max_wait_years"), heading("link.capacity_mw")
    ('docs/sanctions.md, section Decision', '')
    """
    if dotted.rpartition(".")[2] in UNUSED:
        return ""
    found = (title for start, title in HEADINGS if dotted == start or dotted.startswith(f"{start}."))
    title = next(found, "")
    return f"{PAGE}, section {title}" if title else ""
