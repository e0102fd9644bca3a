"""Lines and metrics of the financing: what they are, and their formulas with the symbols of docs/financing.md."""

from __future__ import annotations

from dataclasses import dataclass

from sim.model.metrics import NOMINAL

FINANCING = "docs/financing.md"


@dataclass(frozen=True)
class Line:
    """A line of cashflow.csv: unit, what it is, formula with the symbols of a page of docs, heading there."""

    unit: str
    text: str
    formula: str
    heading: str
    page: str = "docs/model.md"


BUILDING, OPERATION, REACHES = "Building: sources and uses", "Operation: who is paid first", "What reaches whom"


def _line(text: str, formula: str, heading: str = OPERATION, unit: str = NOMINAL) -> Line:
    return Line(unit, text, formula, heading, FINANCING)


FINANCE_LINES: dict[str, Line] = {
    "fees": _line(
        "arrangement and commitment fees and guarantee premiums, until COD",
        "Σ_i (arrangement_fee + guarantee_premium)·K_i/X_i in the row of FID, then commitment_fee·Δ·ψ·undrawn_i/X_i",
        BUILDING,
    ),
    "interest_capitalised": _line(
        "interest during construction, which the loans themselves pay",
        "Σ_i φ·ρ_i·Δ·(P_i + ½·drawn_mid_i)/X_i",
        BUILDING,
    ),
    "debt_drawn": _line(
        "drawings on loans, capitalised interest included", "Σ_i min(a_i·uses·X_i, undrawn_i)/X_i + extra_i", BUILDING
    ),
    "grants": _line("public money that is not paid back", "Σ_g min(a_g·uses, what is left of it)", BUILDING),
    "equity_paid_in": _line(
        "what sponsors pay for building, and later to keep the company going; shareholder loan included",
        "uses − debt_drawn − grants + support, support = max(−pot − O, 0)",
        BUILDING,
    ),
    "reserve_interest": _line(
        "interest earned on the reserve accounts", "reserve_rate·Δ·(ΣR_s + O + M) of the row before"
    ),
    "tax_paid": _line(
        "corporate tax of the company with its loans; negative: a refund",
        "as tax, of EBITDA + reserve_interest − interest due and withheld − fees and interest until COD written off",
        "Tax with loans",
    ),
    "cfads": _line(
        "cash flow available for debt service", "ebitda − (M_k − M_(k−1)) − tax_paid, without the tax if pre_tax"
    ),
    "debt_service_due": _line(
        "scheduled debt service: interest, tax withheld on it, and principal as planned",
        "Σ_i [(1 − φ)·ρ_i·Δ·(P_i + ½·drawn_mid_i)·(1 + q_i) + f_i·P_i]/X_i until a default",
    ),
    "interest_paid": _line(
        "interest paid in cash, interest on arrears included",
        "Σ_i N_i/X_i, as far as cash and the reserve of the rank reach",
    ),
    "principal_paid": _line(
        "principal repaid: scheduled, accelerated, arrears and cash sweep",
        "Σ_i (f_i·P_i + A_i)/X_i as far as cash reaches, + min(P_i/X_i, cash_sweep·pot·share_i)",
    ),
    "withholding": _line(
        "tax withheld on interest to lenders, which the company bears (gross-up)",
        "Σ_i q_i·(interest paid + capitalised)/X_i, q = ω/(1 − ω)",
    ),
    "distributions": _line(
        "paid out to sponsors: shareholder interest and principal, then dividends", "pot, or 0 where locked up"
    ),
    "sponsor_withholding": _line(
        "tax withheld on dividends and shareholder interest",
        "Σ_sponsors share·(w_interest·interest + w_dividends·dividends), when it is paid; less what a seizure takes",
    ),
    "unpaid_costs": _line(
        "costs and taxes that the company leaves unpaid after a default; it owes them to suppliers and states",
        "max(−pot − O, 0) in default with claims outstanding",
    ),
    "costs_caught_up": _line(
        "costs left unpaid in earlier periods that the company pays now, before lenders and sponsors",
        "min(U, pot), U = Σ (unpaid_costs − costs_caught_up) of the rows before",
    ),
    "written_off": _line(
        "claims of lenders that end unpaid with the operation", "Σ_i (P_i + A_i)/X_i in the last row of operation"
    ),
    "debt_balance": _line("debt outstanding at the end of the period, arrears included", "Σ_i (P_i + A_i)/X_i"),
    "arrears": _line("debt service overdue at the end of the period", "Σ_i (unpaid interest + unpaid principal)/X_i"),
    "reserves": _line(
        "balance of the reserve accounts: debt service (DSRA), operating cost, renewals (MRA)",
        "ΣR_s + O + M, each at most its target",
    ),
    "cash_balance": _line("cash that a lock-up or a default keeps in the company", "pot − distributions"),
    "equity_flow": _line(
        "net cash flow of the sponsors",
        "distributions − sponsor_withholding − equity_paid_in − seizing_state − change of dividends_held",
        REACHES,
    ),
    "dscr": _line(
        "debt service cover ratio of the last twelve months; none where nothing is due in the period itself",
        "Σ cfads / Σ debt_service_due over the last m rows with service, up to a default",
        OPERATION,
        "ratio",
    ),
}
"""Lines of the financing, in their order in cashflow.csv; they are there with a ``financing`` section."""

FINANCE_FORMULAS: dict[str, str] = {
    "equity_npv_usd": "Σ v_k (equity_flow + equity paid for capex) − Σ v_(k−½) equity paid for capex",
    "equity_irr": "rate at which equity_npv_usd = 0, nominal flows",
    "equity_payback_years": "first t at which Σ equity_flow returns to ≥ 0",
    "equity_payback_discounted_years": "first t at which Σ v·equity_flow returns to ≥ 0",
    "equity_moic": "Σ (distributions − sponsor_withholding) / Σ equity_paid_in, the sponsors' part of both",
    "equity_invested_usd": "Σ equity_paid_in, the sponsors' part",
    "equity_peak_funding_usd": "max(0, −min Σ equity_flow)",
    "funding_gap_usd": "max(0, Σ equity paid for building − planned equity·κ·(1 + standby_equity_share))",
    "debt_usd": "Σ debt_drawn",
    "gearing": "debt_usd / (Σ capex + Σ fees, interest and withholding until COD + first reserves)",
    "dscr_min": "min dscr",
    "dscr_mean": "mean of dscr over the rows that have one",
    "dscr_min_year": "calendar year of the first row with dscr = dscr_min",
    "llcr": "Σ_(k_S<k≤k_S+max n) v_k·cfads / debt_balance at k_S",
    "plcr": "Σ_(k>k_S) v_k·cfads / debt_balance at k_S",
    "missed_payment": "arrears > 0 at the end of some row that did not begin in default",
    "defaulted": "a breach (arrears, or DSCR < default_dscr) lasted cure_years, or written_off > 0",
    "years_in_default": "Δ·(number of rows that begin in default with claims outstanding)",
    "unpaid_costs_usd": "Σ (unpaid_costs − costs_caught_up)",
    "equity_wiped_out": "written_off > 0",
    "lenders_loss_usd": "Σ_i max(0, Σ_k v_i·(drawn − interest and principal received))/X_i(0)",
    "lenders_loss_share": "lenders_loss_usd / Σ_i (Σ_k v_i·drawn)/X_i(0)",
}
"""Formulas of the metrics of lenders and sponsors."""
LOSS_FORMULA = "max(0, Σ_k v·(drawn − interest and principal received)) / Σ_k v·drawn, v at the loan's own rate"
"""Formula of ``loss_share_of_NAME``."""
