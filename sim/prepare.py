"""A scenario made ready: horizon, lenders' case and the agreement with the lenders, once for all draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.base.sampling import LendersCase
from sim.errors import ScenarioError
from sim.explain_errors import where
from sim.model import dispatch, regimes
from sim.model.borrowing import Refused
from sim.model.construction import Backing, erect
from sim.model.effects import Effects
from sim.model.loans import Plan
from sim.model.metrics import discounting_of
from sim.model.sizing import arrange
from sim.model.timeline import Grid
from sim.scenario import Scenario, Spec, fill, process_names
from sim.stages import World, politics, run_project, see_world


@dataclass(frozen=True)
class Model:
    """A scenario made ready: what does not depend on chance."""

    spec: Spec
    grid: Grid
    curve: dispatch.Curve
    lenders: LendersCase
    """The case on which debt is sized: the deterministic case."""
    world: World
    """The lenders' case before politics."""
    regime: int
    """Regime of the lenders' case, by place; 0 without sanctions."""
    plan: Plan | None
    """The agreement with the lenders; None without a ``financing`` section."""

    @property
    def backing(self) -> Backing | None:
        """Return who has agreed to pay for what."""
        plan, terms = self.plan, self.spec.written.financing
        if plan is None or terms is None:
            return None
        parts = {loan.name: loan.part for loan in plan.loans}
        own = max(1.0 - sum(parts.values()) - sum(grant.part for grant in plan.grants), 0.0)
        return Backing(parts, own, plan.equity_usd * terms.standby_equity_share)


def prepare(spec: Spec) -> Model:
    """Return the model of a scenario: horizon (docs/model.md, section 1), duration curve, lenders' case, agreement.

    Raises `ScenarioError` where the link can never be finished or the terms of a loan cannot be met.
    """
    regime = _lenders_regime(spec)
    lenders = _lenders_case(spec, regime)
    grid = _grid(spec, lenders, regime)
    curve = dispatch.curve(spec.written.market.duration_curve)
    world = see_world(spec, grid, lenders)
    if spec.written.financing is None:
        return Model(spec, grid, curve, lenders, world, regime, None)
    stage = run_project(world, grid, curve, *politics(world, grid, regime), None)
    terms = stage.scenario.financing
    assert terms is not None
    try:
        plan = arrange(
            terms, stage.scenario.tax, stage.schedule, stage.project, stage.life, stage.money, stage.effects.margin
        )
    except Refused as refused:
        place = where(spec.marks, refused.path, spec.name)
        raise ScenarioError.single(str(refused), where=place, path=refused.path, cure=refused.cure) from None
    return Model(spec, grid, curve, lenders, world, regime, plan)


def _lenders_regime(spec: Spec) -> int:
    """Return the regime in which lenders see the project: as stated, or the first, in which FID can always be taken."""
    section, terms = spec.written.sanctions, spec.written.financing
    if section is None or terms is None or terms.case.regime is None:
        return 0
    return list(section.regimes).index(terms.case.regime)


def _grid(spec: Spec, lenders: LendersCase, regime: int) -> Grid:
    """Return the calendar to the end of the longest life after the latest COD that is covered."""
    scenario = fill(spec, lenders)
    timeline, m = scenario.timeline, scenario.timeline.periods_per_year
    long = Grid(timeline.start_year, m, 200 * m)
    effects = _effects_on_lenders_case(scenario, long, lenders, regime)
    planned = float(erect(timeline, effects, None, long).cod_years[0])
    if not math.isfinite(planned):
        raise _never_finished(spec, effects, regime)
    life = spec.leaves["timeline.operation_years"]
    late = waiting(spec, long) + timeline.max_delay_years
    years = math.ceil(planned + late + life.dist.upper + scenario.costs.removal_years - 1e-9)
    return Grid(timeline.start_year, m, years * m)


def _never_finished(spec: Spec, effects: Effects, regime: int) -> ScenarioError:
    """Return the error for a link that is never finished on the lenders' case: by its regime, or by the season."""
    section = spec.written.sanctions
    path, message = "timeline.sea_work", "the laying window never lets the link be finished"
    cure = "widen the window or shorten the laying"
    if section is not None and not np.all(effects.pace > 0.0):
        name = list(section.regimes)[regime]
        path, message = (
            f"sanctions.regimes.{name}.pace",
            "0 never lets the link be finished, and lenders stay in this regime",
        )
        cure = "name another one in financing.case.regime, or put a calmer one before it that timeline.decision allows"
    return ScenarioError.single(message, where=where(spec.marks, path, spec.name), path=path, cure=cure)


def _effects_on_lenders_case(scenario: Scenario, grid: Grid, lenders: LendersCase, regime: int) -> Effects:
    section = scenario.sanctions
    if section is None:
        return Effects.none()
    states = np.full((grid.periods + 1, 1), regime, dtype=np.int8)
    return regimes.effects_of(section, states, scenario.timeline, scenario.tranches, grid, lenders)


def waiting(spec: Spec, grid: Grid) -> float:
    """Return the years by which the horizon is longer as the decision can wait; 0 where it is taken at time zero."""
    section, decision = spec.written.sanctions, spec.written.timeline.decision
    if section is None or decision is None:
        return 0.0
    good = regimes.allowed(section, decision, spec.written.tranches)
    return 0.0 if good[regimes.scripted(section, grid)[0]] else decision.max_wait_years


def _worth(spec: Spec, grid: Grid, curve: dispatch.Curve, lenders: LendersCase, regime: int) -> float:
    """Return the present value of EBITDA less the capital cost: later, dearer and poorer are all worse."""
    world = see_world(spec, grid, lenders)
    stage = run_project(world, grid, curve, *politics(world, grid, regime), None)
    factor = discounting_of(stage.scenario.evaluation, stage.money)
    return float((stage.project.ebitda * factor.at_end - stage.project.capex).sum())


def _lenders_case(spec: Spec, regime: int) -> LendersCase:
    """Return the medians, or every uncertain number on the side that is worse when it is moved alone."""
    case = spec.written.financing.case if spec.written.financing is not None else None
    if case is None or (case.exceedance == 0.5 and not case.percentiles):
        return LendersCase()
    percentiles: dict[str, float] = {}
    if case.exceedance != 0.5:
        grid = _grid(spec, LendersCase(), regime)
        curve = dispatch.curve(spec.written.market.duration_curve)
        for name in [*spec.uncertain, *process_names(spec.written)]:
            worth = {}
            for percentile in (1.0 - case.exceedance, case.exceedance):
                worth[percentile] = _worth(spec, grid, curve, LendersCase({name: percentile}), regime)
            percentiles[name] = min(worth, key=lambda percentile: worth[percentile])
    return LendersCase(percentiles | case.percentiles)
