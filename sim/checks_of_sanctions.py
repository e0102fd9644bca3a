"""Checks of sanctions: names of regimes, dates, how regimes change, and what rests on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.base import chains, reach
from sim.base.quantities import Section
from sim.base.reach import Finding
from sim.base.words import cut, shown, suggestion
from sim.model.regimes import years_of
from sim.model.sanctions import Sanctions
from sim.model.terms import Financing
from sim.sections import Scenario

Check = Callable[[], Iterator[Finding]]
_CHANCE = ("rates", "probabilities")
_MOST = 12
"""Most regimes: the work grows with their cube."""
_OFTEN = 50.0
"""Most changes of regime in a year."""
_CORNERS = 6
"""Most uncertain probabilities of which every corner is looked at."""
_INSIDE = 64
"""Points between the corners."""


def checks(written: Scenario) -> Iterator[Check]:
    """Yield the checks of sanctions and of what rests on them, each to be made by itself."""
    section = written.sanctions
    yield lambda: _building(written)
    if section is None:
        yield lambda: _without(written)
    if not isinstance(section, Sanctions):
        return
    yield lambda: _names(written, section)
    yield lambda: _lenders_case(written, section)
    yield lambda: _calm(section)
    yield lambda: _who_governs(section)
    yield lambda: _dates(section, written.timeline.start_year)
    for key in _CHANCE:
        yield from (_row_check(section, key, origin) for origin in _table(section, key))
    yield lambda: _embeddable(section)


# --- names --------------------------------------------------------------------------------------------------------


def _without(written: Scenario) -> Iterator[Finding]:
    """Yield what needs regimes where there are none."""
    if written.timeline.decision is not None:
        yield "timeline.decision", "does nothing without sanctions", "add sanctions, or write decision: null"
    terms = written.financing
    if isinstance(terms, Financing) and terms.case.regime is not None:
        yield "financing.case.regime", "does nothing without sanctions", "add sanctions, or write regime: null"


def _building(written: Scenario) -> Iterator[Finding]:
    if written.timeline.decision is not None and reach.low(written.timeline.construction.years) <= 0.0:
        message = "can be 0, and a project that waits for its decision needs time to build"
        yield "timeline.construction.years", message, "write more than 0, such as 0.5, or decision: null"


def _names(written: Scenario, section: Sanctions) -> Iterator[Finding]:
    """Yield the names of regimes that do not exist."""
    known = list(section.regimes)
    if len(known) > _MOST:
        yield "sanctions.regimes", f"{len(known)} regimes are more than {_MOST}", "merge some of them"
    if not known:
        return
    for path, name in _named(written, section):
        if isinstance(name, str) and name not in known:
            cure = suggestion(name, known, f"name one of {', '.join(known)}")
            yield path, f"there is no sanctions.regimes.{shown(name)[1:-1]}", cure


def _named(written: Scenario, section: Sanctions) -> Iterator[tuple[str, Any]]:
    """Yield every dotted path at which a regime is named, with the name."""
    yield "sanctions.initial", section.initial
    for key in _CHANCE:
        for origin, row in _table(section, key).items():
            yield f"sanctions.{key}.{origin}", origin
            for to in row if isinstance(row, dict) else ():
                yield f"sanctions.{key}.{origin}.{to}", to
    for date, name in (section.script if isinstance(section.script, dict) else {}).items():
        yield f"sanctions.script.{date}", name
    yield "timeline.decision.no_worse_than", getattr(getattr(written.timeline, "decision", None), "no_worse_than", None)
    yield "financing.case.regime", getattr(getattr(written.financing, "case", None), "regime", None)


def _lenders_case(written: Scenario, section: Sanctions) -> Iterator[Finding]:
    """Yield a regime of the lenders' case in which lenders pay nothing out."""
    terms = written.financing
    name = terms.case.regime if isinstance(terms, Financing) else None
    if name is None or name not in section.regimes:
        return
    stops = section.regimes[name].lenders_stop
    for tranche, loan in written.tranches.items():
        if tranche in stops or loan.nation in stops:
            message = f"{name} is a regime in which {tranche} pays nothing out, so that there is nothing to agree on"
            yield "financing.case.regime", message, "name a regime in which all lenders pay out"
            return


def _calm(section: Sanctions) -> Iterator[Finding]:
    """Yield the effects of the first regime, which has none."""
    name, first = next(iter(section.regimes.items()), ("", None))
    for effect in _effects(first) if isinstance(first, Section) else ():
        message = "the first regime is the world without sanctions and has no effects"
        yield f"sanctions.regimes.{name}.{effect}", message, "delete it, or put a regime without effects first"


def _effects(regime: Section) -> list[str]:
    return [name for name in type(regime).model_fields if name != "source" and getattr(regime, name) not in (None, [])]


# --- dates --------------------------------------------------------------------------------------------------------


def _dates(section: Sanctions, start: int) -> Iterator[Finding]:
    """Yield what is no date of our time, and dates that come twice."""
    first: dict[float, object] = {}
    script: Mapping[Any, Any] = section.script if isinstance(section.script, dict) else {}
    for date in (key for key in script if isinstance(key, str | int)):
        path = f"sanctions.script.{date}"
        yield from _date(path, date, start)
        when = years_of(date, start)
        if when is not None and when in first:
            yield path, f"is the same date as {first[when]}", "keep one of them"
        elif when is not None:
            first[when] = date
    if isinstance(section.chance_from, str | int):
        yield from _date("sanctions.chance_from", section.chance_from, start)


def _date(path: str, date: str | int, start: int) -> Iterator[Finding]:
    when = years_of(date, start)
    if when is None:
        day = re.fullmatch(r"([0-9]{4}-(0[1-9]|1[0-2]))-[0-9]{2}", str(date))
        if day:
            yield path, f"{shown(date)} names a day, and dates are months here", f"write {day[1]}"
        else:
            yield path, f"{shown(date)} is not a date", "write a year, or year and month such as 2014-07"
    elif not 1900 <= start + when < 2601:
        yield path, f"{date} is not in a calendar year of our time", f"write years such as {start}"


# --- chance -------------------------------------------------------------------------------------------------------


def _who_governs(section: Sanctions) -> Iterator[Finding]:
    """Yield where script and chance get into each other's way."""
    given = [key for key in _CHANCE if getattr(section, key) is not None]
    if len(given) > 1:
        yield "sanctions.probabilities", "cannot stand beside rates", "delete one of them (rates: null)"
    if section.chance_from is not None and not given:
        yield "sanctions.chance_from", "does nothing without rates or probabilities", "add one of them, or delete it"
    elif section.chance_from is not None and section.script is None:
        message = "does nothing without script: chance governs from the start"
        yield "sanctions.chance_from", message, "add script, or delete it"
    elif section.chance_from is None and section.script is not None and given:
        message = f"cannot stand beside {given[0]} without chance_from, the date from which chance takes over"
        yield "sanctions.script", message, f"add chance_from, or delete one of them ({given[0]}: null)"


def _table(section: Sanctions, key: str) -> Mapping[str, Any]:
    table = getattr(section, key)
    return table if isinstance(table, dict) else {}


def _row_check(section: Sanctions, key: str, origin: str) -> Check:
    return lambda: _row(f"sanctions.{key}.{origin}", origin, _table(section, key)[origin], key == "rates")


def _row(path: str, origin: str, row: Mapping[str, Any], yearly: bool) -> Iterator[Finding]:
    """Yield where a regime leads to itself, or is left too often."""
    if origin in row:
        rest = "the time that is left" if yearly else "what the others leave of 1"
        yield f"{path}.{origin}", f"leads from {origin} to itself, which is {rest}", "delete it"
    total = sum(reach.high(value) for to, value in row.items() if to != origin)
    if yearly and total > _OFTEN:
        message = f"{origin} is left up to {total:g} times a year, more than {_OFTEN:g}"
        yield path, message, "write yearly rates, such as 0.2"
    elif not yearly and total > 1.0 + 1e-9:
        yield path, f"the probabilities can sum to {total:g}, more than 1", "change them"


def _embeddable(section: Sanctions) -> Iterator[Finding]:
    """Yield probabilities of a year that no rates have; of uncertain ones corners and points between are tried."""
    names, table = list(section.regimes), _table(section, "probabilities")
    cells = {(a, b): leaf for a, row in table.items() for b, leaf in row.items()}
    full = any(sum(map(reach.high, row.values())) > 1.0 + 1e-9 for row in table.values())
    known = all(a != b and a in names and b in names for a, b in cells)
    if section.rates is not None or not cells or full or not known or len(names) > _MOST:
        return  # nothing to try, or said elsewhere
    points = _points(list(cells.values()))
    steps = np.zeros((len(names), len(names), points.shape[1]))
    for (a, b), values in zip(cells, points, strict=True):
        steps[names.index(a), names.index(b)] = values
    for i in range(len(names)):
        steps[i, i] = 1.0 - steps[i].sum(axis=0)
    with np.errstate(all="ignore"):
        bad = np.isnan(chains.rates_of(steps)).any(axis=(0, 1))
    if bad.any():
        at = int(np.argmax(bad))
        tried = ", ".join(f"{a}.{b} {value:.3g}" for (a, b), value in zip(cells, points[:, at], strict=True))
        message = f"no yearly rates lead in a year to {cut(tried, 200)}"
        detours = _detours(names, steps[:, :, at])
        first = f"give {detours[0]} a small probability, for a detour leads there" if detours else "make them smaller"
        yield "sanctions.probabilities", message, f"{first}, or write rates instead"


def _points(leaves: list[Any]) -> NDArray[np.float64]:
    """Return values to try, (leaves, points): all low, all high, medians, every corner of a few, points inside."""
    loose = [leaf for leaf in leaves if not leaf.certain]
    levels = [[u] * len(loose) for u in ((0.0, 1.0, 0.5) if loose else (0.5,))]
    if 0 < len(loose) <= _CORNERS:
        levels += [list(corner) for corner in product((0.0, 1.0), repeat=len(loose))]
    if loose:  # the fractions of multiples of irrational numbers fill a cube evenly
        steps = [(2.0 ** (1.0 / (len(loose) + 1))) ** -(i + 1) for i in range(len(loose))]
        levels += [[(0.5 + k * step) % 1.0 for step in steps] for k in range(1, _INSIDE + 1)]
    rows = []
    for leaf in leaves:
        place = next((i for i, other in enumerate(loose) if other is leaf), None)
        rows.append([reach.low(leaf) if place is None else _level(leaf, point[place]) for point in levels])
    return np.array(rows)


def _level(leaf: Any, level: float) -> float:
    return reach.low(leaf) if level == 0.0 else reach.high(leaf) if level == 1.0 else float(leaf.dist.quantile(level))


def _detours(names: list[str], steps: NDArray[np.float64]) -> list[str]:
    """Return the pairs of regimes without a direct way of which another leads from the first to the second."""
    direct = steps > 0.0
    two = (direct.astype(int) @ direct.astype(int)) > 0
    return [f"{a}.{b}" for i, a in enumerate(names) for j, b in enumerate(names) if two[i, j] and not direct[i, j]]
