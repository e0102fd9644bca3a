"""What metrics are called, on every page and in every verb; what they mean is in their definitions."""

from __future__ import annotations

from sim.model.metrics import DEFINITIONS
from sim.report import format as say
from sim.report.names import capital, party, spoken

SHORT = {"project_npv_usd": "NPV"}
"""What metrics are called within a sentence, where that is shorter."""
SIGNS = {"<=": "at most", "<": "below", ">=": "at least", ">": "above"}
TITLES = {
    "paid_back": "Pays back",
    "project_payback_years": "Payback from the start",
    "project_payback_from_fid_years": "Payback from the decision (FID)",
    "project_payback_from_cod_years": "Payback from commercial operation (COD)",
    "project_payback_nominal_years": "Payback in nominal money",
    "project_payback_discounted_years": "Payback of discounted flows",
    "payback_reversed": "Falls below zero after payback",
    "npv_positive": "NPV above zero",
    "project_npv_usd": "Net present value (NPV)",
    "project_npv_cvar5_usd": "NPV, mean of the worst 5 %",
    "project_irr": "Rate of return (IRR), nominal",
    "irr_several_roots": "Several rates of return",
    "project_mirr": "Modified rate of return (MIRR)",
    "project_moic": "Multiple of money (MOIC)",
    "peak_funding_usd": "Peak funding, nominal",
    "investment_usd": "Investment, nominal",
    "cod_years": "Commercial operation (COD) after",
    "cut_by_horizon": "Cut off by the horizon",
    "energy_delivered_mwh_per_year": "Delivered energy",
    "utilisation": "Utilisation of the link",
    "lcoe_usd_per_mwh": "Cost of delivered energy (LCOE)",
    "transmission_lcoe_usd_per_mwh": "Price gap needed",
    "realised_gap_usd_per_mwh": "Price gap earned",
    "sam_lcoe_usd_per_mwh": "LCOE in SAM's convention",
    "yearly_trade_usd": "Trade per year",
    "equity_invested_usd": "Sponsors pay in, nominal",
    "equity_npv_usd": "Sponsors' NPV",
    "equity_irr": "Sponsors' rate of return, nominal",
    "equity_payback_years": "Sponsors' payback, nominal",
    "equity_payback_discounted_years": "Sponsors' payback, discounted",
    "equity_moic": "Sponsors' multiple of money",
    "equity_peak_funding_usd": "Sponsors' peak funding",
    "equity_wiped_out": "Lenders never paid in full",
    "funding_gap_usd": "Sponsors pay beyond the plan",
    "debt_usd": "Loans",
    "gearing": "Gearing",
    "dscr_min": "Least debt service cover (DSCR)",
    "dscr_mean": "Mean debt service cover (DSCR)",
    "dscr_min_year": "Year of the least cover",
    "llcr": "Loan life cover (LLCR)",
    "plcr": "Project life cover (PLCR)",
    "missed_payment": "A payment is late",
    "defaulted": "Loans in default",
    "years_in_default": "Years in default",
    "unpaid_costs_usd": "Costs never paid",
    "lenders_loss_usd": "Lenders' loss",
    "lenders_loss_share": "Lenders lose of their loans",
    "invested": "Invested",
    "fid_years": "Decision (FID) after",
    "abandoned": "Given up while building",
    "seized": "Seized",
    "years_stopped": "Years in which works stop",
    "cod_delay_years": "Delay of operation (COD)",
    "cost_of_sanctions_usd": "Cost of sanctions (−: they save)",
    "cost_of_sanctions_to_sponsors_usd": "Cost of sanctions to the sponsors",
    "cost_of_sanctions_years": "Delay of payback by sanctions",
    "sanctions_save_money": "Sanctions save money",
    "pays_with_and_without": "Pays back with and without sanctions",
    "pays_only_without_sanctions": "Pays back only without sanctions",
    "pays_only_with_sanctions": "Pays back only with sanctions",
    "pays_in_neither": "Pays back neither with nor without",
    "change_in_total": "Change by sanctions in all",
}
_OF_THE_SCENARIO = (
    ("share_of_", "As a share of {}"),
    ("loss_share_of_", "Loss of {}, of its loan"),
)
_CHANGE = "change_for_"
"""How metrics begin whose names come from a scenario, and what they are called."""


def title(metric: str) -> str:
    """Return what a metric is called.

    >>> title("project_npv_usd"), title("loss_share_of_jbic"), title("something_usd")
    ('Net present value (NPV)', 'Loss of JBIC, of its loan', 'Something')
    """
    if metric in TITLES:
        return TITLES[metric]
    if metric.startswith(_CHANGE):
        return f"Change by sanctions for {party(metric.removeprefix(_CHANGE))}"
    for begin, text in _OF_THE_SCENARIO:
        if metric.startswith(begin):
            return text.format(spoken(metric.removeprefix(begin)))
    return capital(spoken(metric.removesuffix("_usd").removesuffix("_years")))


def is_share(metric: str) -> bool:
    """Say whether a metric is 0 or 1 in each future, so that its mean is a share of them."""
    return metric in DEFINITIONS and DEFINITIONS[metric].text.startswith("1 where")


def within(metric: str) -> str:
    """Return what a metric is called within a sentence.

    >>> within("project_npv_usd"), within("investment_usd"), within("lcoe_usd_per_mwh"), within("something_usd")
    ('NPV', 'investment, nominal', 'cost of delivered energy (LCOE)', 'something')
    """
    name = SHORT.get(metric) or title(metric)
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def spoken_measure(text: str) -> str:
    """Return a measure in words.

    >>> spoken_measure("mean(project_npv_usd)"), spoken_measure("p10(project_irr)")
    ('Mean NPV', 'P10 of the rate of return (IRR), nominal')
    >>> spoken_measure("P(project_payback_years <= 40)")
    'Share of futures in which the payback from the start is at most 40 years'
    >>> spoken_measure("P(project_irr > -0.5)"), spoken_measure("P(project_npv_usd >= 1e9)")[-24:]
    ('Share of futures in which the rate of return (IRR), nominal is above −50 % a year', 'NPV is at least 1 bn USD')
    >>> spoken_measure("P(paid_back)")
    'Share of “pays back”'
    """
    kind, _, inside = text.rstrip(")").partition("(")
    metric, *rest = inside.split(" ")
    if kind == "P" and len(rest) == 2:
        return (
            f"Share of futures in which the {within(metric)} is {SIGNS.get(rest[0], rest[0])} {_level(metric, rest[1])}"
        )
    if is_share(metric):
        return f"Share of “{within(metric)}”"
    kind = {"mean": "Mean", "p50": "Median"}.get(kind) or f"{kind.upper()} of the"
    return f"{kind} {within(metric)}"


def _level(metric: str, text: str) -> str:
    """Return what a metric is held against, with its unit."""
    unit, value = DEFINITIONS[metric].unit if metric in DEFINITIONS else "", float(text)
    number = f"{value / say.divisor(unit, [value]):,.6g}".replace("-", "−")
    return f"{number} {say.row_scale(unit, [value])[1]}".rstrip()
