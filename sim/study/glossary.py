"""What the results are: formulas of the metrics, cash-flow lines, and where docs/model.md has the equations."""

from __future__ import annotations

from sim.model.metrics import NOMINAL, PRESENT, REAL
from sim.study.glossary_finance import FINANCE_FORMULAS, FINANCE_LINES, FINANCING, Line
from sim.study.glossary_sanctions import BLOCKED_LINES, OWNER_LINES, SANCTIONS_FORMULAS

MODEL = "docs/model.md"
HEADINGS = (
    ("timeline.sea_work", "Construction"),
    ("timeline.construction", "Construction"),
    ("timeline.operation_years", "Operation"),
    ("timeline", "Horizon"),
    ("macro.inflation", "Money"),
    ("macro", "Processes"),
    ("costs.items", "Construction"),
    ("costs.contingency", "Construction"),
    ("costs", "Operating flows"),
    ("link.converter_loss", "Losses"),
    ("link.line_loss_per_1000km", "Losses"),
    ("link.length_km", "Losses"),
    ("link.onshore_km", "Losses"),
    ("link", "Operation"),
    ("supply.cost", "Operating flows"),
    ("supply.take_or_pay_share", "Operating flows"),
    ("supply", "Operation"),
    ("market.price_per_kwh", "Processes"),
    ("market.reference_price_per_kwh", "Operating flows"),
    ("market.price_ratio", "Operating flows"),
    ("market.schemes", "Operating flows"),
    ("market.charges", "Operating flows"),
    ("market", "Dispatch"),
    ("evaluation", "Metrics"),
)
"""Beginning of a dotted path: heading in docs/model.md under which it enters; the first that fits counts."""

FINANCING_HEADINGS = (
    ("tax.withholding", "Operation: who is paid first"),
    ("tax", "Tax"),
    ("macro.reference_rates", "Terms"),
    ("financing.case", "Size of the debt"),
    ("financing", "Terms"),
    ("evaluation.equity_discount_rate_real", "Metrics"),
    ("evaluation.equity_discount_rate_nominal", "Metrics"),
)
"""The same for docs/financing.md; it counts before docs/model.md."""

SAID = ("source", "title", "about", "as_of", "unit")
"""Keys that no formula uses."""


USD = NOMINAL
LINES: dict[str, Line] = {
    "energy_sent_mwh": Line("MWh", "energy sent into the link", "Σ w_i q(a + r_i) · H", "Dispatch"),
    "energy_delivered_mwh": Line("MWh", "energy received from the link", "Σ w_i (a + r_i) · H", "Dispatch"),
    "revenue_merchant": Line(
        USD,
        "sold on the spot market, own price effect included",
        "Σ w_i r_i (P_i − b a − b r_i) · H·1000/X",
        "Dispatch",
    ),
    "revenue_ppa": Line(
        USD, "sold under power purchase agreements", "Σ share·R·H·1000·price·index/X_ppa", "Operating flows"
    ),
    "revenue_capacity": Line(
        USD, "paid for keeping the link ready", "amount·index/X·Δ·o_k while in force", "Operating flows"
    ),
    **BLOCKED_LINES,
    "supply_cost": Line(
        USD,
        "paid for the energy at the sending end, take-or-pay included",
        "cost·max(energy_sent, take_or_pay_share·q(R)·H)",
        "Operating flows",
    ),
    "charges": Line(
        USD, "transit, wheeling, duties, carbon", "charge·MWh at the end where it is measured", "Operating flows"
    ),
    "operating_cost": Line(
        USD,
        "operation and maintenance",
        "share·budget·index·Δ·o_k, amount likewise, or per MWh sent",
        "Operating flows",
    ),
    "replacements": Line(USD, "renewals in operation", "amount·index/X at COD + j·every_years", "Operating flows"),
    "decommissioning": Line(
        USD, "removal after the end of operation", "amount·index/X, spread over its years", "Operating flows"
    ),
    "salvage": Line(USD, "proceeds at the end of operation", "share·budget·index at COD + L", "Operating flows"),
    "ebitda": Line(
        USD,
        "operating result before interest, tax and depreciation",
        "revenue − revenue_blocked + revenue_released + salvage − supply_cost − charges − operating_cost "
        "− replacements − decommissioning",
        "Tax",
    ),
    "depreciation": Line(
        USD,
        "tax depreciation, each jurisdiction's rules weighted with its share",
        "Σ_j s_j Σ outturn·[W_j(t_k − COD − h) − W_j(t_(k−1) − COD − h)] + write-off of renewals",
        "Tax",
    ),
    "tax": Line(
        USD,
        "corporate tax; negative: a refund",
        "Σ_j rate_j·(s_j·(EBITDA + renewals with a tax life − depreciation_j) − losses used)",
        "Tax",
    ),
    "capex": Line(
        USD,
        "investment, overruns and what sanctions add included",
        "Σ amount·(1 + overrun)·[F(s_k) − F(s_(k−1))]·index/X·cost_factor + contingency left + remobilisation",
        "Construction",
    ),
    "net": Line(USD, "net flow after tax, before financing", "ebitda − tax − capex", "Tax"),
    **FINANCE_LINES,
    **OWNER_LINES,
    "net_real": Line(REAL, "net flow without inflation", "(ebitda − tax)/D − capex/D_mid", "Metrics"),
    "net_present": Line(PRESENT, "net flow at its value of time zero", "v_k (ebitda − tax) − v_(k−½) capex", "Metrics"),
    "cumulative_net": Line(USD, "net flow of all rows so far", "Σ net", "Metrics"),
    "cumulative_net_real": Line(REAL, "real net flow of all rows so far", "Σ net_real", "Metrics"),
    "cumulative_net_present": Line(PRESENT, "present value of all rows so far", "Σ net_present", "Metrics"),
}
"""Lines of cashflow.csv, in its order. A new line of the engine is described here."""

FORMULAS: dict[str, str] = {
    "paid_back": "project_payback_years < ∞",
    "project_payback_years": "first t at which Σ net_real returns to ≥ 0, straight line inside the row",
    "project_payback_from_fid_years": "project_payback_years − time of FID",
    "project_payback_from_cod_years": "project_payback_years − cod_years",
    "project_payback_nominal_years": "first t at which Σ net returns to ≥ 0",
    "project_payback_discounted_years": "first t at which Σ net_present returns to ≥ 0",
    "payback_reversed": "Σ net_real < 0 in some row after payback",
    "npv_positive": "project_npv_usd > 0",
    "project_npv_usd": "Σ v_k (ebitda − tax) − Σ v_(k−½) capex",
    "project_npv_cvar5_usd": "mean of the lowest 5 % of project_npv_usd",
    "project_irr": "rate at which Σ (ebitda − tax)/(1 + irr)^t_k = Σ capex/(1 + irr)^t_(k−½)",
    "irr_several_roots": "the equation of project_irr has more than one root",
    "project_mirr": "[Σ v_k max(ebitda − tax, 0) / v_T / (Σ v_k max(tax − ebitda, 0) + Σ v_(k−½) capex)]^(1/T) − 1",
    "project_moic": "Σ max(net, 0) / Σ max(−net, 0)",
    "peak_funding_usd": "max(0, −min Σ net)",
    "investment_usd": "Σ capex",
    "cod_years": "time at which the construction clock s reaches 1",
    "cut_by_horizon": "COD + operation_years + decommissioning.years > end of the grid",
    "energy_delivered_mwh_per_year": "Σ energy_delivered / years in operation",
    "utilisation": "Σ energy_sent / (capacity_mw · 8760 · years in operation)",
    "lcoe_usd_per_mwh": (
        "[Σ v (operating + supply + charges + replacements + decommissioning − salvage + capex)] / Σ v·D·energy"
    ),
    "transmission_lcoe_usd_per_mwh": "as lcoe_usd_per_mwh, without supply cost and charges",
    "realised_gap_usd_per_mwh": "Σ v (revenue − supply_cost − charges) / Σ v·D·energy",
    "sam_lcoe_usd_per_mwh": "[Σ v (costs + tax − salvage) + Σ v capex] / Σ v·energy",
    "yearly_trade_usd": "Σ revenue/D / years in operation",
    **FINANCE_FORMULAS,
    **SANCTIONS_FORMULAS,
}
"""Formulas of metrics with the symbols of docs/model.md; Σ over rows. A metric without one points to the page."""


def heading(dotted: str) -> str:
    """Return where docs/model.md has the equations that a key enters.

    >>> heading("link.capacity_mw")
    'docs/model.md, section Operation'
    """
    if dotted.rsplit(".", maxsplit=1)[-1] in SAID:
        return "no formula: kept for the reader"
    for page, headings in ((FINANCING, FINANCING_HEADINGS), (MODEL, HEADINGS)):
        for start, title in headings:
            if dotted == start or dotted.startswith(f"{start}."):
                return f"{page}, section {title}"
    return "docs/conventions.md, Chance" if dotted.startswith("correlations") else MODEL
