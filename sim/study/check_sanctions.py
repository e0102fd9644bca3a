"""What politics was understood to be, for the page of ``check``: regimes, how they change, the decision, stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.model import regimes
from sim.model.sanctions import Regime, Sanctions
from sim.model.timeline import Decision
from sim.prepare import Model, waiting
from sim.study.check_layout import part

Row = tuple[str, str]


def remarks(model: Model) -> Iterator[Row]:
    """Yield label and text of each line; uncertain numbers as P10–P90."""
    section = model.spec.written.sanctions
    if section is None:
        return
    yield "politics", "; ".join(_course(section))
    yield "decision", _decision(model, section)
    for name, regime in section.regimes.items():
        if effects := list(_effects(regime)):
            yield "regime", f"{name}: {', '.join(effects)}"
    about = list(_consequences(section))
    if about:
        yield "then", "; ".join(about)


def _course(section: Sanctions) -> Iterator[str]:
    """Yield how regimes change: initial, script, rates or probabilities, cut-offs."""
    yield f"{section.initial} at first"
    if section.script:
        yield "script: " + ", ".join(f"{name} from {date}" for date, name in section.script.items())
    chance = section.script is None or section.chance_from is not None
    for given in (section.rates, section.probabilities):
        if given and chance:
            since = f" from {section.chance_from}" if section.script is not None else ""
            yield f"chance a year{since}: {', '.join(_changes(given))}"
    if section.rates is None and section.probabilities is None:
        yield "no chance"
    cut = section.export_cut_offs
    if cut is not None:
        left = _range(cut.export_share, 100.0)
        begin, end = _chance(cut.onset_per_year), _chance(cut.end_per_year)
        yield f"in any regime cut-offs of exports to {left} %: chance a year {begin}, of their end {end}"


def _changes(given: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for origin, row in given.items():
        yield f"{origin} " + ", ".join(f"to {to} {_chance(value)}" for to, value in row.items())


def _allowed(model: Model, section: Sanctions, decision: Decision | None) -> NDArray[np.bool_]:
    return regimes.allowed(section, decision, model.spec.written.tranches)


def _decision(model: Model, section: Sanctions) -> str:
    """Return what the decision waits for and for how long, and in which regime the lenders' case stays."""
    decision, terms = model.spec.written.timeline.decision, model.spec.written.financing
    case = f"lenders' case: always {list(section.regimes)[model.regime]}"
    if decision is None:
        return f"1 January {model.grid.start_year}, in any regime; {case}"
    good = _allowed(model, section, decision)
    fit = " or ".join(name for name, can in zip(section.regimes, good, strict=True) if can)
    willing = ", all lenders paying out" if decision.lenders_willing and terms is not None and terms.tranches else ""
    late = f"not yet, but within {decision.max_wait_years:g} years or never"
    now = "at once" if waiting(model.spec, model.grid) == 0.0 else late
    return f"as soon as the regime is {fit}{willing}: {now}; {case}"


def _effects(regime: Regime) -> Iterator[str]:
    """Yield what a regime does, briefly."""
    factors = (("cost_factor", "exposed items"), ("insurance_factor", "insurance"), ("repair_factor", "repairs"))
    if regime.pace is not None:
        pace = _range(regime.pace)
        yield "works stop" if pace == "0" else f"pace {pace}"
    yield from (f"{what} × {_range(value)}" for key, what in factors if (value := getattr(regime, key)) is not None)
    if regime.lenders_stop:
        yield f"lenders stop: {' '.join(regime.lenders_stop)}"
    if regime.margin_addon is not None:
        yield f"margins + {_range(regime.margin_addon, 100.0)} %"
    if regime.export_share is not None:
        yield f"exports {_range(regime.export_share, 100.0)} %"
    if regime.export_limit_mw is not None:
        yield f"exports up to {_range(regime.export_limit_mw)} MW"
    if regime.price_discount is not None:
        yield f"price − {_range(regime.price_discount, 100.0)} %"
    if regime.revenue_blocked is not None:
        yield f"revenue blocked {_range(regime.revenue_blocked, 100.0)} %"
    if regime.dividends_blocked:
        yield f"dividends blocked: {' '.join(regime.dividends_blocked)}"
    if regime.seizure_per_year is not None:
        yield f"seizure {_chance(regime.seizure_per_year)} a year"


def _consequences(section: Sanctions) -> Iterator[str]:
    """Yield what a stop, a seizure and the end of blocking mean."""
    stop = section.stoppage
    if stop is not None:
        cost = f"{_range(stop.amount_million)} million {stop.currency.upper()}"
        given_up = "never" if stop.abandonment_years is None else f"after {stop.abandonment_years:g} years"
        again = f"{_range(stop.restart_years)} years to begin again"
        yield f"a stop costs {cost} and {again}, works are given up {given_up}"
    if any(regime.seizure_per_year is not None for regime in section.regimes.values()):
        taken = ", ".join(f"{_range(loss, 100.0)} % of {nation}" for nation, loss in section.seizure_loss.items())
        yield f"a seizure takes {taken or 'nothing of the shares'}"
    if any(regime.revenue_blocked is not None for regime in section.regimes.values()):
        yield f"{_range(section.blocked_recovery, 100.0)} % of blocked revenue is released in the end"


def _range(leaf: Any, times: float = 1.0) -> str:
    """Return a number as written, or its P10 and P90."""
    points = (0.5,) if leaf.certain else (0.1, 0.9)
    return "–".join(f"{times * leaf.dist.quantile(point):.3g}" for point in points)


def _chance(leaf: Any) -> str:
    """Return what comes so often in a year: in percent, or more than once."""
    points = [leaf.dist.quantile(point) for point in ((0.5,) if leaf.certain else (0.1, 0.9))]
    if points[-1] > 1.0:
        return f"{_range(leaf)} times"
    return "–".join([*(part(point).removesuffix(" %") for point in points[:-1]), part(points[-1])])
