"""Which way each metric is better, for who builds, lends and owns; and which of them are times that can be never."""

from __future__ import annotations

from sim.model.counterfactual import CHANGE, CHANGE_IN_TOTAL
from sim.model.finance_metrics import LOSS_SHARE
from sim.model.metrics import DEFINITIONS

_HIGHER = (
    *("paid_back", "npv_positive", "project_npv_usd", "project_npv_cvar5_usd", "project_irr", "project_mirr"),
    *("project_moic", "energy_delivered_mwh_per_year", "utilisation", "realised_gap_usd_per_mwh"),
    *("equity_npv_usd", "equity_irr", "equity_moic", "dscr_min", "dscr_mean", "llcr", "plcr"),
)
_LOWER = (
    *("project_payback_years", "project_payback_from_fid_years", "project_payback_from_cod_years"),
    *("project_payback_nominal_years", "project_payback_discounted_years", "payback_reversed"),
    *("peak_funding_usd", "investment_usd", "cod_years"),
    *("lcoe_usd_per_mwh", "transmission_lcoe_usd_per_mwh", "sam_lcoe_usd_per_mwh"),
    *("equity_payback_years", "equity_payback_discounted_years", "equity_invested_usd", "equity_peak_funding_usd"),
    *("funding_gap_usd", "missed_payment", "defaulted", "years_in_default", "unpaid_costs_usd", "equity_wiped_out"),
    *("lenders_loss_usd", "lenders_loss_share", "abandoned", "seized", "years_stopped", "cod_delay_years"),
    *("cost_of_sanctions_usd", "cost_of_sanctions_to_sponsors_usd", "cost_of_sanctions_years"),
)
_NEUTRAL = (
    *("irr_several_roots", "cut_by_horizon", "yearly_trade_usd", "debt_usd", "gearing", "dscr_min_year"),
    *("invested", "fid_years", "sanctions_save_money"),
    *("pays_with_and_without", "pays_only_without_sanctions", "pays_only_with_sanctions", "pays_in_neither"),
)
DIRECTIONS: dict[str, int] = {
    **dict.fromkeys(_HIGHER, 1),
    **dict.fromkeys(_LOWER, -1),
    **dict.fromkeys(_NEUTRAL, 0),
}
"""Metric: 1 where more of it is better, -1 where less is, 0 where it is neither."""


def direction(metric: str) -> int:
    """Return 1 where more of a metric is better, -1 where less is, 0 where neither can be said.

    >>> direction("project_npv_usd"), direction("loss_share_of_jbic"), direction("share_of_programme")
    (1, -1, 0)
    """
    return DIRECTIONS.get(metric, -1 if metric.startswith(LOSS_SHARE) else 0)


def averaged(metric: str) -> bool:
    """Say whether a mean of a metric makes sense; of one that is not known it does."""
    return DEFINITIONS[metric].averaged if metric in DEFINITIONS else True


def is_time(metric: str) -> bool:
    """Say whether a metric is a time that can be never (inf): a payback, the decision, a delay."""
    return not averaged(metric) and DEFINITIONS[metric].unit.startswith("years")


def unit_of(metric: str) -> str:
    """Return the unit of a metric; empty where it is not known.

    >>> unit_of("project_npv_usd"), unit_of("share_of_programme"), unit_of("x")
    ('USD', 'share', '')
    """
    if metric in DEFINITIONS:
        return DEFINITIONS[metric].unit
    if metric.startswith((LOSS_SHARE, "share_of_")):
        return "share"
    money = metric.startswith(CHANGE) or metric in (CHANGE_IN_TOTAL, "project_npv_cvar5_usd")
    return "USD" if money else ""
