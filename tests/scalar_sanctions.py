"""Scalar reference model of sanctions: what politics is in each row of one draw (docs/sanctions.md §1, §2, §5, §7).

Written from docs/sanctions.md alone; shares no code with ``sim``. A `World` is one future of politics, made from given
uniform numbers; what it does to building is in ``scalar_construction``, to operation in ``scalar_model``, to loans in
``scalar_finance``, to owners in ``scalar_owners``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scalar_processes import Series, Values
from scipy.linalg import expm, logm

TIE = 1e-9
"""Two instants [years] closer than this are the same."""
REGIMES, CUT_OFFS, SEIZURE = "sanctions.regimes", "sanctions.export_cut_offs", "sanctions.seizure"
"""Streams of uniform numbers, one for each row k = 1 … N."""
Numbers = Mapping[str, Sequence[float]]
Matrix = list[list[float]]


@dataclass(frozen=True)
class World:
    """Politics of one draw; the default is a world in which nothing happens."""

    names: Sequence[str] = ()
    """Regime of each row k = 0 … N."""
    regimes: Mapping[str, Values] = field(default_factory=dict)
    """Name: effects."""
    kept: Sequence[float] = ()
    """Factor of the export cut-offs on the export share by row."""
    fid: int | None = 0
    """f, or None where the project is not invested."""
    numbers: Sequence[float] = ()
    """Uniform numbers of the seizure, row 1 first; without them nothing is seized."""
    seizure_loss: Mapping[str, float] = field(default_factory=dict)

    def effect(self, k: int, name: str, absent: Any) -> Any:
        """Return an effect of the regime of row k, or what holds where it is absent."""
        found = self.regimes[self.names[k]].get(name) if self.names else None
        return absent if found is None else found

    def stops(self, k: int, name: str, nation: str) -> bool:
        """Say whether a lender pays nothing out in row k."""
        stopped = self.effect(k, "lenders_stop", [])
        return name in stopped or nation in stopped

    def cut(self, k: int) -> float:
        """Return the factor of the cut-offs on the export share."""
        return self.kept[k] if self.kept else 1.0

    def begun(self, k: int) -> bool:
        """Say whether row k comes after FID."""
        return self.fid is not None and k > self.fid


CALM = World()


# --- chains (§1) --------------------------------------------------------------------------------------------------


def date(written: str | int, start: int) -> float:
    """Return the years from 1 January of the start year to a date: a year, or a year and a month."""
    year, _, month = str(written).partition("-")
    return int(year) - start + ((int(month) - 1) / 12.0 if month else 0.0)


def generator(sanctions: Values) -> Matrix | None:
    """Return Q, yearly rates with rows that sum to 0; None without rates and probabilities."""
    names = list(sanctions["regimes"])
    given = sanctions["rates"] or sanctions["probabilities"]
    if not given:
        return None
    matrix = [[float(given.get(a, {}).get(b, 0.0)) if a != b else 0.0 for b in names] for a in names]
    for i, row in enumerate(matrix):
        row[i] = (0.0 if sanctions["rates"] else 1.0) - sum(row)
    if sanctions["rates"]:
        return matrix
    found = logm(matrix)
    assert abs(found.imag).max() < 1e-12
    return [[float(x) for x in row] for row in found.real]


def transition(rates: Matrix, years: float) -> Matrix:
    """Return exp(Q t)."""
    return [[float(x) for x in row] for row in expm([[x * years for x in row] for row in rates])]


def next_state(row: Sequence[float], number: float) -> int:
    """Return the number of j short of the last for which the uniform number is above P_i0 + … + P_ij."""
    total, found = 0.0, 0
    for probability in row[:-1]:
        total += probability
        found += int(number > total)
    return found


def scripted(sanctions: Values, start: int, instant: float, included: bool) -> str:
    """Return what the script says: the regime of the latest date before an instant (or at it)."""
    dates = sorted((date(written, start), name) for written, name in (sanctions["script"] or {}).items())
    past = [name for d, name in dates if (d <= instant + TIE if included else d < instant - TIE)]
    return str(past[-1] if past else sanctions["initial"])


def regime_path(values: Values, numbers: Sequence[float], periods: int) -> list[str]:
    """Return the regime of each row; ``numbers`` has u_k at place k - 1."""
    sanctions, timeline = values["sanctions"], values["timeline"]
    m, start, names = int(timeline["periods_per_year"]), timeline["start_year"], list(sanctions["regimes"])
    rates = generator(sanctions)
    step = transition(rates, 1.0 / m) if rates else None
    chance_from = date(sanctions["chance_from"], start) if sanctions["script"] and sanctions["chance_from"] else 0.0
    path = [scripted(sanctions, start, 0.0, True)]
    for k in range(1, periods + 1):
        if step and (k - 1) / m >= chance_from - TIE:
            path.append(names[next_state(step[names.index(path[-1])], numbers[k - 1])])
        else:
            path.append(scripted(sanctions, start, k / m, False))
    return path


def cut_off_chain(values: Values) -> Matrix:
    """Return the transition of a row between trade and cut."""
    risk = values["sanctions"]["export_cut_offs"]
    onset, end = risk["onset_per_year"], risk["end_per_year"]
    return transition([[-onset, onset], [end, -end]], 1.0 / values["timeline"]["periods_per_year"])


def cut_offs(values: Values, numbers: Sequence[float], periods: int) -> Series:
    """Return the factor on the export share by row."""
    if not values["sanctions"]["export_cut_offs"]:
        return [1.0] * (periods + 1)
    step, state, found = cut_off_chain(values), 0, [1.0]
    for k in range(1, periods + 1):
        state = int(numbers[k - 1] > step[state][0])
        found.append(float(values["sanctions"]["export_cut_offs"]["export_share"]) if state else 1.0)
    return found


def expected_cut_offs(values: Values, periods: int) -> Series:
    """Return the expected factor on the export share by row."""
    risk = values["sanctions"]["export_cut_offs"]
    if not risk:
        return [1.0] * (periods + 1)
    step, cut, found = cut_off_chain(values), 0.0, [1.0]
    for _ in range(periods):
        cut = (1.0 - cut) * step[0][1] + cut * step[1][1]
        found.append(1.0 - cut * (1.0 - risk["export_share"]))
    return found


# --- decision (§2) ------------------------------------------------------------------------------------------------


def admitted(values: Values) -> list[str]:
    """Return A: the regimes in which the decision can be taken."""
    decision, regimes = values["timeline"].get("decision"), values["sanctions"]["regimes"]
    names = list(regimes)
    if not decision:
        return names
    good = names[: names.index(decision["no_worse_than"]) + 1]
    loans = (values.get("financing") or {}).get("tranches") or {}
    lenders = {*loans, *(loan["nation"] for loan in loans.values())} if decision["lenders_willing"] else set()
    return [name for name in good if not lenders & set(regimes[name]["lenders_stop"])]


def decided(values: Values, path: Sequence[str]) -> int | None:
    """Return f; None where the project is not invested."""
    decision = values["timeline"].get("decision")
    if not decision:
        return 0
    good = admitted(values)
    last = math.floor(decision["max_wait_years"] * values["timeline"]["periods_per_year"] + 1e-9)
    return next((k for k, name in enumerate(path[: last + 1]) if name in good), None)


def waiting(values: Values) -> float:
    """Return by how many years the horizon is longer because FID may have to wait."""
    decision = values["timeline"].get("decision")
    if not values.get("sanctions") or not decision:
        return 0.0
    first = scripted(values["sanctions"], values["timeline"]["start_year"], 0.0, True)
    return 0.0 if first in admitted(values) else float(decision["max_wait_years"])


# --- worlds -------------------------------------------------------------------------------------------------------


def world_of(values: Values, numbers: Numbers, periods: int) -> World:
    """Return the world of one draw."""
    sanctions = values.get("sanctions")
    if not sanctions:
        return CALM
    path = regime_path(values, numbers[REGIMES], periods)
    return World(
        names=path,
        regimes=sanctions["regimes"],
        kept=cut_offs(values, numbers[CUT_OFFS], periods),
        fid=decided(values, path),
        numbers=numbers[SEIZURE],
        seizure_loss=sanctions["seizure_loss"],
    )


def case_regime(values: Values) -> str:
    """Return the regime of the lenders' case."""
    case = (values.get("financing") or {}).get("case") or {}
    return str(case.get("regime") or admitted(values)[0])


def lenders_world(values: Values, periods: int) -> World:
    """Return the world of the lenders' case: one regime, decided at time zero, cut-offs at their expectation."""
    sanctions = values.get("sanctions")
    if not sanctions:
        return CALM
    names = [case_regime(values)] * (periods + 1)
    return World(names, sanctions["regimes"], expected_cut_offs(values, periods))


def without_sanctions(world: World) -> World:
    """Return the world without sanctions: the first regime in every row, FID at time zero; cut-offs stay."""
    first = next(iter(world.regimes), "")
    return replace(world, names=[first] * len(world.names), fid=0, numbers=())


# --- seizure (§5) -------------------------------------------------------------------------------------------------


def seizure_row(world: World, m: int, last: int, abandoned: int | None) -> int | None:
    """Return q, the first row with a seizure among those after FID up to the last and up to an abandonment."""
    for k in range(1, last + 1 if world.numbers else 0):
        hazard = float(world.effect(k, "seizure_per_year", 0.0))
        here = world.begun(k) and (abandoned is None or k <= abandoned)
        if here and world.numbers[k - 1] < 1.0 - math.exp(-hazard / m):
            return k
    return None
