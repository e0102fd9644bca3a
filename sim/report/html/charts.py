"""The charts of a page, one function each: numbers of a folder in, a figure with its caption and table out."""

from __future__ import annotations

from sim.report.html.charts_bars import attribution, drivers, who_gets_what
from sim.report.html.charts_sanctions import bearers, regimes
from sim.report.html.charts_spread import distribution
from sim.report.html.charts_sweep import heat_map, small_multiples
from sim.report.html.charts_time import dscr, fan, payback_curve

__all__ = [
    "attribution",
    "bearers",
    "distribution",
    "drivers",
    "dscr",
    "fan",
    "heat_map",
    "payback_curve",
    "regimes",
    "small_multiples",
    "who_gets_what",
]
