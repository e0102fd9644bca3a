"""A scenario made ready: horizon, lenders' case and the agreement with the lenders, once for all draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.base.sampling import LendersCase
from sim.errors import ScenarioError
from sim.explain_errors import where
from sim.model import dispatch
from sim.model.borrowing import Refused
from sim.model.loans import Plan
from sim.model.metrics import discounting
from sim.model.sanctions import Effects
from sim.model.sizing import arrange
from sim.model.timeline import Grid, run_clock
from sim.scenario import Spec, fill, process_names
from sim.stages import Stage, run_project


@dataclass(frozen=True)
class Model:
    """A scenario made ready: what does not depend on chance."""

    spec: Spec
    grid: Grid
    curve: dispatch.Curve
    lenders: LendersCase
    """The case on which debt is sized: the deterministic case."""
    plan: Plan | None
    """The agreement with the lenders; None without a ``financing`` section."""


def prepare(spec: Spec) -> Model:
    """Return the model of a scenario: horizon (docs/model.md, section 1), duration curve, lenders' case, agreement.

    Raises `ScenarioError` where the link can never be finished or the terms of a loan cannot be met.
    """
    lenders = _lenders_case(spec)
    grid = _grid(spec, lenders)
    curve = dispatch.curve(fill(spec, lenders).market.duration_curve)
    if spec.written.financing is None:
        return Model(spec, grid, curve, lenders, None)
    stage = run_project(spec, grid, curve, lenders, Effects.none())
    terms = stage.scenario.financing
    assert terms is not None
    try:
        plan = arrange(terms, stage.scenario.tax, stage.schedule, stage.project, stage.life, stage.money)
    except Refused as refused:
        place = where(spec.marks, refused.path, spec.name)
        raise ScenarioError.single(str(refused), where=place, path=refused.path, cure=refused.cure) from None
    return Model(spec, grid, curve, lenders, plan)


def _grid(spec: Spec, lenders: LendersCase) -> Grid:
    """Return the calendar to the end of the longest life after the latest COD that is covered."""
    scenario = fill(spec, lenders)
    timeline = scenario.timeline
    long = Grid(timeline.start_year, timeline.periods_per_year, 200 * timeline.periods_per_year)
    planned = float(run_clock(timeline, long, np.ones((1, 1))).cod_years[0])
    if not math.isfinite(planned):
        message, cure = "the laying window never lets the link be finished", "widen the window or shorten the laying"
        raise ScenarioError.single(message, path="timeline.sea_work", cure=cure)
    life = spec.leaves["timeline.operation_years"]
    years = math.ceil(planned + timeline.max_delay_years + life.dist.upper + scenario.costs.removal_years - 1e-9)
    return Grid(timeline.start_year, timeline.periods_per_year, years * timeline.periods_per_year)


def _worth(stage: Stage) -> float:
    """Return the present value of EBITDA less the capital cost: later, dearer and poorer are all worse."""
    about = stage.scenario.evaluation
    factor = discounting(about.discount_rate_real, about.discount_rate_nominal, stage.money)
    return float((stage.project.ebitda * factor.at_end - stage.project.capex).sum())


def _lenders_case(spec: Spec) -> LendersCase:
    """Return the medians, or every uncertain number on the side that is worse when it is moved alone."""
    case = spec.written.financing.case if spec.written.financing is not None else None
    if case is None or (case.exceedance == 0.5 and not case.percentiles):
        return LendersCase()
    percentiles: dict[str, float] = {}
    if case.exceedance != 0.5:
        grid = _grid(spec, LendersCase())
        curve = dispatch.curve(fill(spec, LendersCase()).market.duration_curve)
        for name in [*spec.uncertain, *process_names(spec.written)]:
            worth = {}
            for percentile in (1.0 - case.exceedance, case.exceedance):
                moved = run_project(spec, grid, curve, LendersCase({name: percentile}), Effects.none())
                worth[percentile] = _worth(moved)
            percentiles[name] = min(worth, key=lambda percentile: worth[percentile])
    return LendersCase(percentiles | case.percentiles)
