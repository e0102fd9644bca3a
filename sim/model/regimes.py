"""Which regime governs each row, what it brings, and when it lets the investment decision be taken."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.base import chains
from sim.base.sampling import Chance, Draws, LendersCase
from sim.model.effects import Effects, of_regimes, where_named
from sim.model.sanctions import ExportCutOffs, Sanctions
from sim.model.terms import Tranche
from sim.model.timeline import Decision, Grid, Timeline

Array = NDArray[np.float64]
States = NDArray[np.int8]
_DATE = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?")
REGIME_STREAM, SEIZURE_STREAM = "sanctions.regimes", "sanctions.seizure"
CUT_OFF_STREAM = "sanctions.export_cut_offs"


def years_of(date: str | int, start_year: int) -> float | None:
    """Return a date as years from the start, None where it is none.

    >>> years_of("2014-07", 2012)
    2.5
    """
    found = _DATE.fullmatch(str(date))
    if found is None:
        return None
    return int(found[1]) - start_year + (int(found[2] or 1) - 1) / 12.0


def scripted(section: Sanctions, grid: Grid) -> NDArray[np.intp]:
    """Return the regime that script and ``initial`` give each row, (periods + 1,): what has come by its end."""
    names = list(section.regimes)
    dated = [(years_of(date, grid.start_year), name) for date, name in (section.script or {}).items()]
    script = sorted((when, names.index(name)) for when, name in dated if when is not None)
    states = np.full(grid.periods + 1, names.index(section.initial))
    for when, state in script:
        later = grid.end[:, 0] > when + 1e-9
        later[0] = when <= 1e-9
        states[later] = state
    return states


def first_by_chance(section: Sanctions, grid: Grid) -> int:
    """Return the first row that chance decides; one after the last row where none is."""
    if section.rates is None and section.probabilities is None:
        return grid.periods + 1
    if section.script is None or section.chance_from is None:
        return 1 if section.script is None else grid.periods + 1
    begins = years_of(section.chance_from, grid.start_year)
    assert begins is not None
    return max(1, 1 + int(np.ceil((begins - 1e-9) * grid.periods_per_year)))


def yearly_rates(section: Sanctions) -> Array:
    """Return the yearly rates between regimes, (regimes, regimes, 1 or draws)."""
    names = list(section.regimes)
    given: Mapping[str, Mapping[str, Array]] = section.rates or section.probabilities or {}
    width = max((value.size for row in given.values() for value in row.values()), default=1)
    table = np.zeros((len(names), len(names), width))
    for origin, row in given.items():
        for to, value in row.items():
            table[names.index(origin), names.index(to)] = value
    if section.rates is not None:
        return table
    for i in range(len(names)):
        table[i, i] = 0.0
        table[i, i] = 1.0 - table[i].sum(axis=0)
    return chains.rates_of(table, nearest=True)


def regime_path(section: Sanctions, grid: Grid, chance: Draws) -> States:
    """Return the regime of each row, (periods + 1, 1 or draws): script first, then chance."""
    begins = first_by_chance(section, grid)
    known = scripted(section, grid)[:, None].astype(np.int8)
    if begins > grid.periods:
        return known
    steps = chains.transition(yearly_rates(section), grid.dt)
    uniforms = chance.uniforms(REGIME_STREAM, grid.periods)
    rest = chains.path(steps, int(known[begins - 1, 0]), uniforms[begins - 1 :])
    return np.concatenate([np.broadcast_to(known[: begins - 1], (begins - 1, rest.shape[1])), rest])


def allowed(section: Sanctions, decision: Decision | None, tranches: Mapping[str, Tranche]) -> NDArray[np.bool_]:
    """Return in which regimes the investment decision can be taken, (regimes,)."""
    names = list(section.regimes)
    if decision is None:
        return np.ones(len(names), dtype=bool)
    good = np.arange(len(names)) <= names.index(decision.no_worse_than)
    if decision.lenders_willing:
        stops = {name for tranche, terms in tranches.items() for name in (tranche, terms.nation)}
        good &= np.array([stops.isdisjoint(regime.lenders_stop) for regime in section.regimes.values()])
    return good


def decision_row(states: States, good: NDArray[np.bool_], decision: Decision | None, grid: Grid) -> Array:
    """Return the first row, no later than the wait allows, whose regime lets the decision be taken; inf: none."""
    if decision is None:
        return np.zeros(1)
    last = min(int(decision.max_wait_years * grid.periods_per_year + 1e-9), grid.periods)
    can = good[states[: last + 1]]
    return np.where(can.any(axis=0), np.argmax(can, axis=0).astype(np.float64), np.inf)


def seizure_row(section: Sanctions, states: States, fid_row: Array, grid: Grid, chance: Chance) -> Array:
    """Return the first row after FID with a seizure of whatever is there, (1,) or (draws,); inf: none."""
    if isinstance(chance, LendersCase) or all(r.seizure_per_year is None for r in section.regimes.values()):
        return np.full(1, np.inf)
    hazard = of_regimes(section, states, "seizure_per_year", 0.0)[1:]
    hit = chance.uniforms(SEIZURE_STREAM, grid.periods) < -np.expm1(-hazard * grid.dt)
    hit &= np.arange(1.0, grid.periods + 1.0)[:, None] > fid_row
    return np.where(hit.any(axis=0), 1.0 + np.argmax(hit, axis=0), np.inf)


def cut_offs(section: ExportCutOffs | None, grid: Grid, chance: Chance) -> Array:
    """Return the share of the sending limit that cut-offs leave in each row; for lenders its expectation."""
    if section is None:
        return np.ones((1, 1))
    rates = np.zeros((2, 2, max(section.onset_per_year.size, section.end_per_year.size)))
    rates[0, 1], rates[1, 0] = section.onset_per_year, section.end_per_year
    steps = chains.transition(rates, grid.dt)
    if isinstance(chance, LendersCase):
        cut = np.zeros((grid.periods + 1, 1))
        for k in range(1, grid.periods + 1):
            cut[k] = (1.0 - cut[k - 1]) * steps[0, 1] + cut[k - 1] * steps[1, 1]
    else:
        cut = chains.path(steps, 0, chance.uniforms(CUT_OFF_STREAM, grid.periods)).astype(np.float64)
    return 1.0 - cut * (1.0 - section.export_share)


def effects_of(
    section: Sanctions,
    states: States,
    timeline: Timeline,
    tranches: Mapping[str, Tranche],
    grid: Grid,
    chance: Chance,
) -> Effects:
    """Return what the regime of each row brings, export cut-offs left out."""
    good = allowed(section, timeline.decision, tranches)
    stops = {name: where_named(section, states, "lenders_stop", (name, t.nation)) for name, t in tranches.items()}
    nations = dict.fromkeys(name for regime in section.regimes.values() for name in regime.dividends_blocked)
    held = {name: where_named(section, states, "dividends_blocked", (name,)) for name in nations}

    def effect(name: str, neutral: float) -> Array:
        return of_regimes(section, states, name, neutral)

    lenders = isinstance(chance, LendersCase)
    fid_row = np.zeros(1) if lenders else decision_row(states, good, timeline.decision, grid)
    return Effects(
        fid_row=fid_row,
        pace=effect("pace", 1.0),
        cost=effect("cost_factor", 1.0),
        export_share=effect("export_share", 1.0),
        export_limit_mw=effect("export_limit_mw", np.inf),
        price=1.0 - effect("price_discount", 0.0),
        blocked=effect("revenue_blocked", 0.0),
        recovery=section.blocked_recovery,
        insurance=effect("insurance_factor", 1.0),
        repair=effect("repair_factor", 1.0),
        margin=effect("margin_addon", 0.0),
        stopped={name: rows for name, rows in stops.items() if rows is not None},
        held={name: rows for name, rows in held.items() if rows is not None},
        seizure_row=seizure_row(section, states, fid_row, grid, chance),
        taken=section.seizure_loss,
        stoppage=section.stoppage,
    )
