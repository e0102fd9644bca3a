"""The numbers of a scenario one by one: value, spread, unit, where each comes from, and how well founded that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from pydantic_core import PydanticCustomError

from sim.base.distributions import Distribution
from sim.base.quantities import Kind, Leaf, Section
from sim.base.reach import sections
from sim.base.words import shown
from sim.report.html.definitions import plain
from sim.scenario import Spec

SOURCED, ASSUMED, UNSOURCED = "source", "assumption", "NO SOURCE"
DEFAULT, DATED = "default", "year of money"
"""How well founded a number is. A default is not in the scenario: the program takes it where nothing is said. The year
of whose money an amount is belongs to the amount, and needs no source of its own."""
_ASSUMED = re.compile(
    r"assum|general knowledge|own (estimate|range|guess|split|choice|view|judg)|judge?ment|guess|placeholder"
    r"|rule of thumb|author's estimate|not sourced|unsourced",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"[\s\-–—?.]*|none|unknown|n/?a|tbd|todo|tbc", re.IGNORECASE)
TEXTS = ("source", "title", "about", "as_of")
_SPARK_CELLS = 24
_ENDS = 0.005


@dataclass(frozen=True)
class Number:
    """A number of a scenario."""

    path: str
    dist: Distribution | None
    """None where what stands there cannot be read as a number or a distribution."""
    text: str
    """The distribution as written; what stands there, where it cannot be read."""
    unit: str
    source: str
    inherited: bool
    """The source is that of the block around it."""
    basis: str


def numbers(data: Mapping[str, Any], spec: Spec | None) -> list[Number]:
    """Return every number of a scenario in its order, then those that the program takes where it says nothing."""
    units = _units(spec)
    found = [_number(path, raw, around, units) for path, raw, around in _walk(data, (), "")]
    told = {number.path for number in found}
    for path, leaf in (spec.leaves if spec is not None else {}).items():
        if path not in told and not any(path.startswith(f"{number.path}.") for number in found):
            found.append(Number(path, leaf.dist, "", leaf.unit, "", False, DEFAULT))
    return found


def basis_of(source: str) -> str:
    """Return how well founded a number with a source is.

    >>> [basis_of(text) for text in ("ECB, 2026", "own fit; assumption: wider", "", " – ")]
    ['source', 'assumption', 'NO SOURCE', 'NO SOURCE']
    """
    if _NOTHING.fullmatch(source.strip()):
        return UNSOURCED
    return ASSUMED if _ASSUMED.search(source) else SOURCED


def _walk(item: Any, way: tuple[str, ...], around: str) -> Iterator[tuple[str, Any, str]]:
    """Yield path, what stands there, and the source of the block around it, for each number."""
    if _is_number(item) or _is_leaf(item):
        yield ".".join(way), item, around
    elif isinstance(item, Mapping):
        said = item.get("source")
        around = said if isinstance(said, str) else around
        for key, inner in item.items():
            if key not in TEXTS:
                yield from _walk(inner, (*way, str(key)), around)
    elif isinstance(item, list):
        for i, inner in enumerate(item):
            yield from _walk(inner, (*way, str(i)), around)


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _is_leaf(item: Any) -> bool:
    return isinstance(item, Mapping) and ("dist" in item or set(item) - {"source"} == {"value"})


def _number(path: str, raw: Any, around: str, units: Mapping[str, str]) -> Number:
    own = raw.get("source") if isinstance(raw, Mapping) else None
    source = own if isinstance(own, str) else around
    kept = {key: item for key, item in raw.items() if key != "source"} if isinstance(raw, Mapping) else raw
    dist, text = None, shown(kept)
    try:
        with np.errstate(all="ignore"):
            leaf: Leaf = Kind("").parse(raw)
        dist, text = leaf.dist, _written(kept) if isinstance(kept, Mapping) and "dist" in kept else ""
    except PydanticCustomError:
        pass
    basis = DATED if path.endswith(".price_year") else basis_of(source)
    return Number(path, dist, text, units.get(path, ""), source, not isinstance(own, str), basis)


def _written(raw: Mapping[str, Any]) -> str:
    """Return kind and parameters of a distribution as they are written.

    >>> _written({"dist": "pert", "min": 4, "mode": 5.5, "max": 8}), _written({"dist": "discrete", "weights": {0: 1}})
    ('pert: min 4, mode 5.5, max 8', 'discrete: weights 0: 1')
    """
    parts = []
    for key, value in raw.items():
        if isinstance(value, Mapping):
            parts.append(f"{key} {', '.join(f'{place}: {plain(float(one))}' for place, one in value.items())}")
        elif key != "dist":
            parts.append(f"{key} {plain(float(value))}")
    return f"{raw['dist']}: {', '.join(parts)}"


def _units(spec: Spec | None) -> dict[str, str]:
    """Return the unit of every number by path, those that cannot be uncertain included."""
    if spec is None:
        return {}
    found = {path: leaf.unit for path, leaf in spec.leaves.items()}
    for path, section in [("", spec.written), *sections(spec.written)]:
        found |= dict(_fixed(path, section))
    return found


def _fixed(path: str, section: Section) -> Iterator[tuple[str, str]]:
    for name, info in type(section).model_fields.items():
        kinds = [item for item in (*info.metadata, *_inner(info.annotation)) if isinstance(item, Kind)]
        value, place = getattr(section, name), f"{path}.{name}" if path else name
        if kinds and _is_number(value):
            yield place, kinds[0].unit
        elif kinds and isinstance(value, dict):
            yield from ((f"{place}.{key}", kinds[0].unit) for key, one in value.items() if _is_number(one))


def _inner(annotation: Any) -> Iterator[Any]:
    """Yield the metadata of the parts of an annotation."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        if not isinstance(part, Kind):
            yield from _inner(part)


def spark(dist: Distribution | None) -> tuple[tuple[float, float], ...]:
    """Return the density of a distribution as points from 0 to 1, P0.5 to P99.5; none of a certain number.

    >>> from sim.base.distributions import constant, discrete
    >>> spark(constant(3.0)), spark(discrete({0.0: 0.5, 1.0: 0.5}))
    ((), ((0.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (1.0, 0.0)))
    """
    if dist is None or dist.certain:
        return ()
    if dist.kind == "discrete":
        return _spikes({float(value): weight for value, weight in dist.params.items()})
    chances = np.linspace(_ENDS, 1.0 - _ENDS, 397)
    values = np.asarray(dist.ppf(chances), dtype=np.float64)
    if not np.isfinite(values).all() or not values[-1] > values[0]:
        return ()
    edges = np.linspace(values[0], values[-1], _SPARK_CELLS + 1)
    heights = np.diff(np.interp(edges, values, chances))
    heights = heights / heights.max()
    middles = (np.arange(_SPARK_CELLS) + 0.5) / _SPARK_CELLS
    inside = [(round(float(x), 3), round(float(y), 3)) for x, y in zip(middles, heights, strict=True)]
    return ((0.0, 0.0), (0.0, inside[0][1]), *inside, (1.0, inside[-1][1]), (1.0, 0.0))


def _spikes(weights: Mapping[float, float]) -> tuple[tuple[float, float], ...]:
    low, high, most = min(weights), max(weights), max(weights.values())
    places = ((round((value - low) / (high - low), 3), round(weights[value] / most, 3)) for value in sorted(weights))
    return tuple(point for x, y in places for point in ((x, 0.0), (x, y), (x, 0.0)))
