"""The charts of a page, one function each: numbers of a folder in, a figure with its caption and table out."""

from __future__ import annotations

from sim.report.html.charts_attribution import attribution
from sim.report.html.charts_bars import drivers, who_gets_what
from sim.report.html.charts_compare import npv_apart, who_pays
from sim.report.html.charts_cover import dscr
from sim.report.html.charts_levers import levers
from sim.report.html.charts_parties import parties
from sim.report.html.charts_sanctions import bearers, regimes
from sim.report.html.charts_spread import distribution
from sim.report.html.charts_sweep import heat_map, small_multiples
from sim.report.html.charts_time import fan, payback_curve

__all__ = [
    "attribution",
    "bearers",
    "distribution",
    "drivers",
    "dscr",
    "fan",
    "heat_map",
    "levers",
    "npv_apart",
    "parties",
    "payback_curve",
    "regimes",
    "small_multiples",
    "who_gets_what",
    "who_pays",
]
