"""What is explained or compared: one number of a run, written as a text such as ``P(project_payback_years <= 25)``.

``mean(METRIC)`` or ``METRIC``  mean over the draws
``p10(METRIC)``                 order statistic, any percentile above 0 and below 100
``P(METRIC <= x)``              share of the draws, with <=, <, >= or >; a draw without the metric counts as no
``P(METRIC)``                   the same of a metric that is 0 or 1: its mean
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.base.sampling import REPLICATE
from sim.base.words import cut, suggestion
from sim.errors import ScenarioError
from sim.model.metrics import DEFINITIONS
from sim.tables import percentile

Array = NDArray[np.float64]
OPTION = "--metric"
FORMS = "write mean(project_npv_usd), p10(project_npv_usd) or P(project_payback_years <= 25)"
NAMED_IN_THE_SCENARIO = ("share_of_", "loss_share_of_", "change_for_", "change_in_total")
"""How metrics begin whose names come from a scenario; only a run says whether they are there."""
COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
INSTEAD = (("years", "<= 25"), ("per year", ">= 0.08"), ("USD/MWh", "<= 100"), ("USD", ">= 0"), ("ratio", ">= 1"))
"""Beginning of a unit: a comparison that makes sense, to propose a probability in place of a mean."""
_NAME = r"(?P<name>[^\s()<>=]+)"
_MEAN = re.compile(rf"mean\s*\(\s*{_NAME}\s*\)|(?P<bare>[^\s()<>=]+)", re.IGNORECASE)
_PERCENTILE = re.compile(rf"p(?P<percent>[0-9]+(\.[0-9]+)?)\s*\(\s*{_NAME}\s*\)", re.IGNORECASE)
_SHARE = re.compile(rf"p\s*\(\s*{_NAME}\s*((?P<sign><=|>=|<|>)\s*(?P<bound>[^\s()<>=]+)\s*)?\)", re.IGNORECASE)


@dataclass(frozen=True)
class Measure:
    """One number of a run: the mean or a percentile of a metric, or the share of draws in which it is in a range."""

    kind: Literal["mean", "percentile", "share"]
    metric: str
    percent: float = 0.0
    """Which percentile it is."""
    sign: str = ""
    bound: float = 0.0
    """What the metric is compared with, and how: of a share."""

    @property
    def text(self) -> str:
        """Return the measure as it can be asked for."""
        if self.kind == "share":
            return f"P({self.metric} {self.sign} {self.bound:.12g})"
        return f"{'mean' if self.kind == 'mean' else f'p{self.percent:g}'}({self.metric})"

    def of(self, values: Array) -> float:
        """Return the number over all draws, values (draws,); inf or NaN where it does not exist.

        >>> years = np.array([20.0, np.inf, 30.0, 24.0])
        >>> [parse(text.replace("X", "project_payback_years")).of(years) for text in ("P(X <= 25)", "p50(X)", "p90(X)")]
        [0.5, 24.0, inf]
        """
        if self.kind == "percentile":
            return math.nan if np.isnan(values).any() else percentile(np.sort(values), self.percent / 100.0)
        return float(self._counted(values).mean())

    def by_replicate(self, values: Array) -> Array:
        """Return the number in each replicate of 256 draws, (replicates,), from values in the order of the draws."""
        rows = values.reshape(-1, REPLICATE)
        if self.kind == "percentile":
            return np.array([self.of(row) for row in rows])
        means: Array = self._counted(rows).mean(axis=1)
        return means

    def _counted(self, values: Array) -> Array:
        if self.kind == "mean":
            return values
        within: Array = COMPARED[self.sign](values, self.bound).astype(np.float64)
        return within

    def missing(self, there: Iterable[str], case: str) -> ScenarioError:
        """Return the error for a run that does not have the metric, ``there`` the metrics that it has."""
        cure = suggestion(self.metric, there, "the metrics of a scenario stand in its summary.csv")
        return ScenarioError.single(f"there is no {self.metric} in {case}", where=OPTION, path=self.text, cure=cure)

    def refused(self, value: float, case: str, unit: str) -> ScenarioError:
        """Return the error for a run in which the number is infinite or does not exist; ``unit`` is the metric's."""
        what = "is undefined in some draws of" if math.isnan(value) else 'is "never" in'
        if self.kind == "mean" and math.isinf(value):
            what = 'is "never" in some draws of'
        cure = f"ask for {_instead(self.metric, unit)}"
        return ScenarioError.single(f"{what} {case}", where=OPTION, path=self.text, cure=cure)


def parse(text: str) -> Measure:
    """Return the measure for a text; `ScenarioError` says how to write it, or what to ask for in its place.

    >>> parse("project_npv_usd").text, parse("P10( project_npv_usd )").text, parse("p(paid_back)").text
    ('mean(project_npv_usd)', 'p10(project_npv_usd)', 'mean(paid_back)')
    """
    stripped = text.strip()
    if match := _PERCENTILE.fullmatch(stripped):
        return _percentile(match)
    if match := _SHARE.fullmatch(stripped):
        return _share(match)
    match = _MEAN.fullmatch(stripped)
    if match is None:
        raise ScenarioError.single(f"{cut(text, 100)!r} is no measure", where=OPTION, cure=FORMS)
    return _mean(_known(match["name"] or match["bare"]))


def _known(name: str) -> str:
    if name not in DEFINITIONS and not name.startswith(NAMED_IN_THE_SCENARIO):
        cure = suggestion(name, DEFINITIONS, "the metrics of a scenario stand in its summary.csv")
        raise ScenarioError.single(f"{cut(name, 100)!r} is no metric", where=OPTION, cure=cure)
    return name


def _mean(name: str) -> Measure:
    if name in DEFINITIONS and not DEFINITIONS[name].averaged:
        instead = _instead(name, DEFINITIONS[name].unit)
        message, cure = "is undefined in some draws and has no mean", f"ask for {instead}"
        if DEFINITIONS[name].unit.startswith("years"):
            message = 'can be "never" and has no mean'
            cure = f"ask for {instead}, or for p50({name}) where half of the draws have a value"
        raise ScenarioError.single(message, where=OPTION, path=f"mean({name})", cure=cure)
    return Measure("mean", name)


def _percentile(match: re.Match[str]) -> Measure:
    percent = float(match["percent"])
    if not 0.0 < percent < 100.0:
        cure = "choose one above 0 and below 100, such as p10 or p90"
        raise ScenarioError.single(f"p{percent:g} is no percentile", where=OPTION, cure=cure)
    return Measure("percentile", _known(match["name"]), percent=percent)


def _share(match: re.Match[str]) -> Measure:
    name = _known(match["name"])
    unit = DEFINITIONS[name].unit if name in DEFINITIONS else ""
    cure = f"write {_instead(name, unit)}"
    if match["sign"] is None:
        if name in DEFINITIONS and DEFINITIONS[name].text.startswith("1 where"):
            return _mean(name)
        raise ScenarioError.single("is no matter of yes or no", where=OPTION, path=f"P({name})", cure=cure)
    try:
        bound = float(match["bound"])
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise ScenarioError.single(f"{cut(match['bound'], 60)!r} is not a number", where=OPTION, cure=cure)
    return Measure("share", name, sign=match["sign"], bound=bound)


def _instead(name: str, unit: str) -> str:
    """Return a probability to ask for in place of a mean."""
    return f"P({name} {next((text for beginning, text in INSTEAD if unit.startswith(beginning)), '> 0')})"
