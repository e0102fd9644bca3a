"""Scalar reference model: one draw as it was built, and what its link can carry (docs/model.md §5, sanctions.md §4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scalar_construction import TIE, Built, budget_usd
from scalar_dispatch import curve_slices
from scalar_processes import Money, Series, Values
from scalar_sanctions import CALM, World, seizure_row

Z90 = 1.2815515655446004
Faults = Sequence[Sequence[tuple[float, float]]]
"""Per period: (start as a fraction of the period, repair days) of each fault."""


@dataclass(frozen=True)
class Draw:
    """One draw: plain values, the paths of its processes, its money, its COD, its faults."""

    values: Values
    paths: Mapping[str, Series]
    money: Money
    periods: int
    built: Built
    faults: Faults | None
    world: World = CALM

    @cached_property
    def cod(self) -> float:
        """Commercial operation date."""
        return self.built.cod

    @cached_property
    def wind_up(self) -> int:
        """The row that contains the end of operation, or N."""
        end = self.cod + self.life
        return min(math.ceil(end * self.m - TIE), self.periods) if math.isfinite(end) else self.periods

    @cached_property
    def seized(self) -> int | None:
        """q, the row of the seizure."""
        return seizure_row(self.world, self.m, self.wind_up, self.built.abandoned)

    @cached_property
    def m(self) -> int:
        """Periods per year."""
        return int(self.values["timeline"]["periods_per_year"])

    @cached_property
    def dt(self) -> float:
        """Length of a period [years]."""
        return 1.0 / self.m

    @cached_property
    def life(self) -> float:
        """Operating life [years]."""
        return float(self.values["timeline"]["operation_years"])

    def time(self, k: int) -> float:
        """Return t_k."""
        return k / self.m

    def age(self, k: int) -> float:
        """Return the age at the start of a row [years]."""
        return max(self.time(k - 1) - self.cod, 0.0)

    def overlap(self, k: int, start: float, end: float) -> float:
        """Return the time [years] that [start, end] shares with row k; none with the opening row."""
        return max(0.0, min(self.time(k), end) - max(self.time(k - 1), start)) if k > 0 else 0.0

    def operating_share(self, k: int) -> float:
        """Return o_k."""
        return self.overlap(k, self.cod, self.cod + self.life) / self.dt

    def contains(self, k: int, instant: float) -> bool:
        """Say whether t_(k-1) < instant <= t_k."""
        return self.time(k - 1) + TIE < instant <= self.time(k) + TIE

    @cached_property
    def slices(self) -> list[tuple[float, float]]:
        """Weights and levels of the price duration curve."""
        return curve_slices(self.values["market"]["duration_curve"])

    @cached_property
    def budget(self) -> float:
        """Capital budget in US dollars."""
        return budget_usd(self.values, self.money)


# --- operation and losses (§5, §6) --------------------------------------------------------------------------------


def sending_limit(draw: Draw, k: int) -> float:
    """Return Q, the most that can be sent in row k [MW]."""
    supply = draw.values["supply"]
    age, ramp = draw.age(k), supply["ramp_up"]
    built_up = 1.0
    if ramp:
        built_up = min(1.0, ramp["starts_at"] + (1.0 - ramp["starts_at"]) * (age + draw.dt / 2.0) / ramp["years"])
    worn = (1.0 - supply["degradation_per_year"]) ** age
    offered: float = supply["net_capacity_mw"] * supply["availability"] * built_up * worn
    free: float = min(float(draw.values["link"]["capacity_mw"]), offered)
    share = draw.world.effect(k, "export_share", 1.0) * draw.world.cut(k)
    return float(min(free * share, draw.world.effect(k, "export_limit_mw", math.inf)))


def availability(draw: Draw, k: int) -> float:
    """Return A_k, the share of time for which the link is available."""
    link, outages = draw.values["link"], draw.values["link"]["outages"]
    if outages is None:
        down = (1.0 - float(link["availability"])) * float(draw.world.effect(k, "repair_factor", 1.0))
        return max(0.0, 1.0 - down)
    if draw.faults is None:
        sigma = math.log(outages["repair_p90_days"] / outages["repair_median_days"]) / Z90
        repair = outages["repair_median_days"] * math.exp(sigma**2 / 2.0)
        repair *= 1.0 + outages["ice_season_share"] * (outages["ice_factor"] - 1.0)
        repair *= draw.world.effect(k, "repair_factor", 1.0)
        down = outages["failures_per_100km_year"] * link["length_km"] / 100.0 * repair / 365.0 / outages["poles"]
    else:
        lost = 0.0
        for j, period in enumerate(draw.faults[:k], start=1):
            for fraction, days in period:
                start = draw.time(j - 1) + fraction * draw.dt
                longer = draw.world.effect(j, "repair_factor", 1.0)
                lost += draw.overlap(k, start, start + days * longer / 365.0)
        down = lost / (draw.dt * outages["poles"])
    return max(0.0, 1.0 - float(outages["converter_unavailability"]) - float(down))
