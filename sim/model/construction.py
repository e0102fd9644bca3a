"""Building: the construction clock of each draw under politics, money and season (docs/sanctions.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.effects import Effects
from sim.model.timeline import Clock, Grid, Timeline, advance, at
from sim.model.works import Work, begun, done

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Backing:
    """Who has agreed to pay for each use of funds, as far as building depends on it."""

    parts: Mapping[str, float]
    """Name of a lender: the part that it pays."""
    own: float
    """The sponsors' part."""
    standby_usd: float
    """What sponsors have promised beyond it, before the cost index."""


@dataclass(frozen=True)
class Funds:
    """What the pace depends on where lenders can stop paying."""

    missing: Array
    """Part of each use that lenders who stop leave, by row, (periods + 1, 1 or draws)."""
    own: float
    """The sponsors' part."""
    standby: Array
    """The sponsors' standby at FID, nominal USD, (1,) or (draws,)."""
    bill: list[Work]


@dataclass
class _Site:
    """The works of all draws while rows go by; vectors (draws,)."""

    s: Array
    cod: Array
    stopped: Array
    """How long the present stop has lasted."""
    total_stopped: Array
    idle: Array
    """What is left of the time until work goes on after a stop."""
    abandoned: Array
    standby: Array
    resumed: Array


def erect(timeline: Timeline, effects: Effects, funds: Funds | None, grid: Grid) -> Clock:
    """Return the construction clock of each draw.

    It advances at pace / ``construction.years`` from the row after FID, in the sea work only inside the laying window;
    it stands still in a stop, slows where lenders stop paying, and ends in a stop that lasts too long.
    """
    crew = _Crew(timeline, effects, funds, grid)
    site = crew.open()
    rows, resumed = [site.s], [np.zeros(site.s.shape)]
    for k in range(1, grid.periods + 1):
        if bool(np.all((site.s == 1.0) | np.isfinite(site.abandoned) | np.isinf(effects.fid_row))):
            break
        crew.work(site, k)
        rows.append(site.s)
        resumed.append(site.resumed)
    return Clock(
        progress=np.stack(rows),
        cod_years=site.cod,
        fid_row=effects.fid_row,
        abandoned_row=site.abandoned,
        stopped_years=site.total_stopped,
        resumed=np.stack(resumed) if crew.stops else None,
    )


class _Crew:
    """Takes the works through one row after the other."""

    def __init__(self, timeline: Timeline, effects: Effects, funds: Funds | None, grid: Grid) -> None:
        self.years, self.curve = timeline.construction.years, timeline.construction.progress
        sea = timeline.sea_work
        self.begins = sea.begins if sea else np.ones(1)
        self.ends = sea.ends if sea else np.ones(1)
        self.opens = (sea.window_opens_month - 1) / 12.0 if sea else 0.0
        self.closes = sea.window_closes_month / 12.0 if sea else 1.0
        self.effects, self.funds, self.grid = effects, funds, grid
        stop = effects.stoppage
        self.restart = stop.restart_years if stop is not None else np.zeros(1)
        self.patience = stop.abandonment_years if stop is not None else None
        self.stops = effects.pace.shape[0] > 1 or funds is not None

    def open(self) -> _Site:
        """Return the site before the first row; without any building time everything is there at time zero."""
        arrays = [self.years, self.begins, self.ends, self.effects.fid_row, self.effects.pace[0], self.restart]
        standby = np.zeros(1)
        if self.funds is not None:
            standby = self.funds.standby
            arrays += [standby, self.funds.missing[0], self.effects.cost[0]]
            arrays += [values for work in self.funds.bill for values in (work.cost[0], work.start, work.end)]
        width = max(values.size for values in arrays)
        s = np.where(np.broadcast_to(self.years, (width,)) > 0.0, 0.0, 1.0)
        zero = np.zeros(width)
        cod = np.where(s == 1.0, 0.0, np.inf)
        return _Site(s, cod, zero, zero, zero, np.full(width, np.inf), np.broadcast_to(standby, (width,)), zero)

    def work(self, site: _Site, k: int) -> None:
        """Take the works through row k."""
        grid = self.grid
        start, end = (k - 1) * grid.dt, k * grid.dt
        going = (k > self.effects.fid_row) & (site.s < 1.0) & np.isinf(site.abandoned)
        pace = np.where(going, at(self.effects.pace, k), 0.0)
        missing = None if self.funds is None else at(self.funds.missing, k)
        if missing is not None and self.funds is not None and self.funds.own <= 1e-12:
            pace = np.where((missing > 0.0) & (site.standby <= 0.0), 0.0, pace)
        ready = np.minimum(start + self._halts(site, going, pace, k), end)
        year = np.floor(start + 1e-9)
        window = (year + self.opens, year + self.closes)
        speed = 1.0 / np.where(self.years > 0.0, self.years, 1.0) * pace
        s, finished = advance(site.s, speed, self.begins, self.ends, (ready, end), window)
        spends = going & ((pace > 0.0) | ~begun(self.effects.fid_row, k - 1))
        if missing is not None and bool(np.any(spends & (missing > 0.0))):
            slower = self._paid_for(site, going, missing, np.where(going, s, site.s), k)
            held, late = advance(site.s, speed * slower, self.begins, self.ends, (ready, end), window)
            s, finished = np.where(slower < 1.0, held, s), np.where(slower < 1.0, late, finished)
        site.s = np.where(going, s, site.s)
        site.cod = np.where(going & (site.s == 1.0), finished, site.cod)

    def _halts(self, site: _Site, going: Mask, pace: Array, k: int) -> Array:
        """Note stops, abandonment and new starts; return how much of the row goes by before work begins."""
        if not self.stops:
            return np.zeros(1)
        dt = self.grid.dt
        halted = going & (pace == 0.0)
        working = going & ~halted
        again = working & (site.stopped > 0.0)
        site.resumed = again.astype(np.float64)
        site.idle = np.where(again, self.restart, site.idle)
        site.stopped = np.where(halted, site.stopped + dt, 0.0)
        site.total_stopped = site.total_stopped + np.where(halted, dt, 0.0)
        if self.patience is not None:
            given_up = halted & (site.stopped >= self.patience - 1e-9)
            site.abandoned = np.where(given_up, float(k), site.abandoned)
        lost = np.where(working, np.minimum(site.idle, dt), 0.0)
        site.idle = site.idle - lost
        return lost

    def _paid_for(self, site: _Site, going: Mask, missing: Array, s: Array, k: int) -> Array:
        """Return the part of the row's pace that sponsors can pay for in the lenders' place, and use their standby."""
        assert self.funds is not None
        own = self.funds.own
        spending: Array = np.zeros(s.shape)
        before = begun(self.effects.fid_row, k - 1)
        for work in self.funds.bill:
            share = np.maximum(done(s, work, self.curve) - done(site.s, work, self.curve) * before, 0.0)
            dearer = at(self.effects.cost, k) if work.exposed else 1.0
            spending = spending + share * at(work.cost, k) * dearer
        short = going & (missing > 0.0) & (spending > 0.0)
        needed = np.where(short, (own + missing) * spending, 1.0)
        slower = np.where(short, np.minimum((own * spending + site.standby) / needed, 1.0), 1.0)
        used = np.minimum(site.standby, np.maximum(needed * slower - own * spending, 0.0))
        left = np.where(slower < 1.0, 0.0, site.standby - used)
        site.standby = np.where(short, left, site.standby)
        return slower


def funds_of(backing: Backing | None, effects: Effects, bill: list[Work], index: Array) -> Funds | None:
    """Return what the pace depends on where lenders can stop paying; None where none ever stops.

    ``index`` is what the budget costs at FID over what it costs at time zero.
    """
    if backing is None or not effects.stopped:
        return None
    missing: Array = np.zeros((1, 1))
    for name, rows in effects.stopped.items():
        missing = missing + backing.parts[name] * rows
    return Funds(missing, backing.own, backing.standby_usd * index, bill)
