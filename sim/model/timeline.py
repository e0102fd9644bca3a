"""Time: the calendar grid, the construction clock with its laying window, and the life of the link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from sim.base.quantities import Fixed, Kind, Quantity, Section, fallback

Array = NDArray[np.float64]
HOURS_PER_YEAR = 8760.0


class Construction(Section):
    """How long the link takes to build and how its progress runs."""

    years: Annotated[Quantity, Kind("years", ge=0.0, le=40.0)]
    """Time from FID to COD when no laying window has to be waited for; 0 puts everything at time zero."""
    progress: Literal["s_curve", "linear"] = "s_curve"
    """Shape of spending between the start and the end of each cost item's work."""


class SeaWork(Section):
    """The part of the works that needs open water, and when the sea is open."""

    begins: Annotated[Quantity, Kind("share of the construction clock", ge=0.0, le=1.0)]
    """Construction clock at which laying can begin."""
    ends: Annotated[Quantity, Kind("share of the construction clock", ge=0.0, le=1.0)]
    """Construction clock at which laying is done."""
    window_opens_month: Annotated[int, Fixed("month of the year", ge=1.0, le=12.0, whole=True)]
    """First month of the year in which laying is possible (its first day)."""
    window_closes_month: Annotated[int, Fixed("month of the year", ge=1.0, le=12.0, whole=True)]
    """Last month of the year in which laying is possible (its last day)."""


class Decision(Section):
    """An investment decision that waits for better politics."""

    no_worse_than: str
    """Regime of ``sanctions.regimes`` after which, in their order, nobody decides to invest."""
    lenders_willing: bool = True
    """Whether all lenders have to be ready to pay out."""
    max_wait_years: Annotated[float, Fixed("years", ge=0.0, le=50.0)] = fallback(15.0)
    """Time after which the project is not pursued any more."""


class Timeline(Section):
    """The calendar of the project."""

    start_year: Annotated[int, Fixed("calendar year", ge=1900.0, le=2200.0, whole=True)]
    """Calendar year whose 1 January is time zero and, without ``decision``, the investment decision (FID)."""
    periods_per_year: Literal[1, 2, 4, 12] = 1
    """Periods in a year."""
    decision: Decision | None = None
    """What the investment decision waits for; absent: it is taken at time zero."""
    construction: Construction
    """Building time."""
    sea_work: SeaWork | None = None
    """Laying window; absent: no season."""
    operation_years: Annotated[Quantity, Kind("years", gt=0.0, le=100.0)]
    """Operating life from COD."""
    max_delay_years: Annotated[float, Fixed("years", ge=0.0, le=50.0)] = fallback(5.0)
    """Delay of COD beyond the lenders' case that the horizon still covers."""


@dataclass(frozen=True)
class Grid:
    """The calendar grid; arrays have ``periods + 1`` rows, row 0 being the opening column at time zero."""

    start_year: int
    periods_per_year: int
    periods: int

    @property
    def dt(self) -> float:
        """Length of a period [years]."""
        return 1.0 / self.periods_per_year

    @property
    def end(self) -> Array:
        """Time at the end of each row [years], shape (periods + 1, 1)."""
        return (np.arange(self.periods + 1) / self.periods_per_year)[:, None]

    @property
    def year(self) -> NDArray[np.intp]:
        """Index of the calendar year of each row, 0 = start year, shape (periods + 1,); the opening is in year 0."""
        return np.maximum(np.arange(self.periods + 1) - 1, 0) // self.periods_per_year

    @property
    def years(self) -> int:
        """Number of calendar years covered."""
        return -(-self.periods // self.periods_per_year)


@dataclass(frozen=True)
class Clock:
    """The construction clock: ``progress`` (rows, draws) from 0 at FID to 1 at COD; ``cod_years`` (draws,).

    A draw that is never complete has COD inf.

    ``progress`` stops at the row in which the last draw is complete or given up; later rows would be the same.
    """

    progress: Array
    cod_years: Array
    fid_row: Array
    """Row at whose end the investment decision is taken, (1,) or (draws,); inf: never."""
    abandoned_row: Array
    """Row at whose end the project is given up, (1,) or (draws,); inf: never."""
    stopped_years: Array
    """Time for which the works stood still, (1,) or (draws,)."""
    resumed: Array | None
    """1 in the first row of work after a stop, else 0, as ``progress``; None: there are no stops."""


_SNAP = 1e-12


def advance(
    s: Array, speed: Array, begins: Array, ends: Array, period: tuple[Array, float], window: tuple[float, float]
) -> tuple[Array, Array]:
    """Return the clock at the end of a period and the time at which it stopped moving.

    Between ``begins`` and ``ends`` the sea work advances only inside the laying window of the calendar year. A campaign
    that no longer fits into what is left of the window waits for the next opening; one longer than any window starts at
    once and goes on in the next season.
    """
    start, end = period
    with np.errstate(divide="ignore", invalid="ignore"):
        # Before the sea work.
        wanted = np.where(s < begins, (begins - s) / speed, 0.0)
        used = np.minimum(end - start, wanted)
        s = np.where(wanted <= end - start, np.maximum(s, begins), s + used * speed)
        now = start + used
        # Sea work, inside the window only.
        need = np.where(s < ends, (ends - s) / speed, 0.0)
        at_sea = (s >= begins) & (s < ends)
        fits = (ends - begins) / speed <= window[1] - np.maximum(now, window[0]) + _SNAP
        longer = (ends - begins) / speed > window[1] - window[0]
        may = at_sea & ((s > begins) | fits | longer | (now <= window[0]))
        launch = np.maximum(now, window[0])
        room = np.maximum(np.minimum(end, window[1]) - launch, 0.0)
        laid = np.where(may, np.minimum(need, room), 0.0)
        finished = may & (need <= room)
        s = np.where(finished, ends, s + laid * speed)
        now = np.where(finished, launch + laid, now)
        # After it.
        rest = np.where(s >= ends, (1.0 - s) / speed, np.inf)
        more = np.where(s >= ends, np.minimum(end - now, rest), 0.0)
        s = np.where(rest <= end - now, 1.0, s + more * speed)
    s = np.where(s > 1.0 - _SNAP, 1.0, s)
    return s, now + more


def row_of(time: Array, grid: Grid) -> Array:
    """Return the row that contains an instant (0 for time zero), as floats; inf stays inf."""
    return np.maximum(np.ceil(time * grid.periods_per_year - 1e-9), 0.0)


def at(values: Array, k: int) -> Array:
    """Return row k of values that may have one row for all."""
    row: Array = values[k if values.shape[0] > 1 else 0]
    return row


def at_row(values: Array, row: Array) -> Array:
    """Return the row of each draw, (1,) or (draws,), of values (rows or 1, 1 or draws); row 0 where the row is inf."""
    place = np.where(np.isfinite(row) & (values.shape[0] > 1), row, 0.0).astype(np.intp)
    width = max(place.size, values.shape[1])
    columns = np.arange(width) if values.shape[1] > 1 else np.zeros(width, dtype=np.intp)
    return values[np.broadcast_to(place, (width,)), columns]


def total(flow: Array) -> Array:
    """Return the sum over rows, added in order of time so that it does not depend on the number of draws."""
    result: Array
    if flow.shape[1] == 1:
        result = np.cumsum(flow, axis=0)[-1] + 0.0  # not -0, as below
    elif flow.flags.c_contiguous:  # then numpy adds row by row
        result = np.add.reduce(flow, axis=0, initial=0.0)
    else:
        result = np.zeros(flow.shape[1])
        for row in flow:
            result += row
    return result


def quotient(numerator: Array, denominator: Array) -> Array:
    """Return numerator over denominator, NaN where that is not above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0.0, numerator / denominator, np.nan)


def overlap(start: Array, length: Array, grid: Grid) -> Array:
    """Return the years of each row that lie in [start, start + length], shape (periods + 1, draws); row 0 is 0.

    ``start`` (draws,) may be inf: then nothing overlaps.
    """
    inside = np.clip(grid.end - start, 0.0, length)
    result = np.zeros_like(inside)
    np.subtract(inside[1:], inside[:-1], out=result[1:])
    return result


def contains(instant: Array, grid: Grid) -> NDArray[np.bool_]:
    """Return whether each row (t_(k-1), t_k] contains the instant (draws,), shape (periods + 1, draws)."""
    end = grid.end
    return (instant > end - grid.dt + 1e-9) & (instant <= end + 1e-9)
