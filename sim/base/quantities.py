"""Kinds of number: what may stand at a leaf of a scenario file, with unit and bounds.

A leaf is a number, ``{value, source}`` or ``{dist: …, source}``. In the *written* form of a scenario the field holds a
`Leaf`; `fill` replaces it by an array, so that engine code sees arrays only. Fields are therefore annotated
``Quantity`` (an array, for the reader and the type checker) together with `quantity(...)`, which validates the leaf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sim.base import distributions as d

Array = NDArray[np.float64]
Quantity = Array
"""A number of a scenario after filling: shape (1,) where certain, (draws,) where uncertain."""


def fallback(value: float | None) -> Any:
    """Return the default of an optional number, validated like a written one."""
    return Field(default=value, validate_default=True)


class Section(BaseModel):
    """A block of a scenario file: frozen, unknown keys refused.

    Attribute docstrings are the descriptions of keys; whoever shows them reads them from the source, because collecting
    them here would cost every start a tenth of a second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, strict=True)

    source: str | None = None
    """Where the numbers of this block come from (title, year), or that they are an assumption."""


@dataclass(frozen=True)
class Leaf:
    """A number as written: its distribution, where it comes from, its unit."""

    dist: d.Distribution
    source: str | None
    unit: str

    @property
    def certain(self) -> bool:
        """Whether the leaf is one number."""
        return self.dist.certain


@dataclass(frozen=True)
class Kind:
    """The kind of number that a field takes: unit and bounds. Use it as ``Annotated[Quantity, Kind(...)]``."""

    unit: str
    ge: float = -math.inf
    le: float = math.inf
    gt: float = -math.inf
    lt: float = math.inf

    @property
    def bounds(self) -> str:
        """Return the bounds as a phrase, empty where there are none.

        >>> Kind("MW", gt=0.0).bounds
        'above 0'
        """
        parts = [
            f"{word} {value:g}"
            for word, value in (("above", self.gt), ("at least", self.ge), ("below", self.lt), ("at most", self.le))
            if math.isfinite(value)
        ]
        return " and ".join(parts)

    def parse(self, raw: object) -> Leaf:
        """Return the leaf for what stands in the file, or raise an error that says how to mend it."""
        leaf = _parse_leaf(raw, self.unit)
        low, high = leaf.dist.lower, leaf.dist.upper
        # An open support may touch an open bound: a lognormal is never 0. Discrete weights can sit on it.
        atoms = leaf.certain or leaf.dist.kind in ("discrete", "empirical")
        inside = low > self.gt and high < self.lt if atoms else low >= self.gt and high <= self.lt
        if not (inside and low >= self.ge and high <= self.le):
            if leaf.certain:
                raise _problem(f"{low:g} is out of range, must be {self.bounds}", f"the unit is {self.unit}")
            raise _problem(
                f"the distribution reaches from {low:g} to {high:g} but the value must be {self.bounds}",
                "choose other parameters or truncate it with min and max",
            )
        return leaf

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate with `parse`."""
        return core_schema.no_info_plain_validator_function(self.parse)


@dataclass(frozen=True)
class Fixed(Kind):
    """The kind of a number that shapes the run (a calendar year, a count) and so cannot be uncertain.

    Use it as ``Annotated[float, Fixed(...)]`` or, with ``whole=True``, ``Annotated[int, Fixed(...)]``.
    """

    whole: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate to a plain number."""
        return core_schema.no_info_plain_validator_function(self.parse_fixed)

    def parse_fixed(self, raw: object) -> float | int:
        """Return the number, or raise an error that says how to mend it."""
        leaf = self.parse(raw)
        value = leaf.dist.lower
        if not leaf.certain:
            raise _problem("this number shapes the run and cannot be uncertain", "give one value")
        if self.whole and value != int(value):
            raise _problem(f"{value:g} is not a whole number", "give a whole number")
        return int(value) if self.whole else value


Build = Callable[[Mapping[str, Any]], d.Distribution]


def _plain(make: Callable[..., d.Distribution], *keys: str) -> Build:
    return lambda given: make(*(given[key] for key in keys))


def _truncatable(
    make: Callable[..., d.Distribution], cdf: Callable[..., Callable[[float], float]], keys: tuple[str, ...]
) -> Build:
    def build(given: Mapping[str, Any]) -> d.Distribution:
        whole = make(*(given[key] for key in keys))
        if "min" not in given and "max" not in given:
            return whole
        low, high = given.get("min", whole.lower), given.get("max", whole.upper)
        return d.truncated(whole, cdf(*whole.params.values()), low, high)

    return build


def _beta(given: Mapping[str, Any]) -> d.Distribution:
    whole = d.beta(given["a"], given["b"])
    if "min" not in given and "max" not in given:
        return whole
    return d.truncated(whole, d.beta_cdf(given["a"], given["b"]), given.get("min", 0.0), given.get("max", 1.0))


def _pert(given: Mapping[str, Any]) -> d.Distribution:
    return d.pert(given["min"], given["mode"], given["max"], given.get("lam", 4.0))


_CUT = frozenset({"min", "max"})
DISTRIBUTIONS: dict[str, list[tuple[frozenset[str], frozenset[str], Build]]] = {
    # name: [(required keys, optional keys, build)]
    "uniform": [(frozenset({"min", "max"}), frozenset(), _plain(d.uniform, "min", "max"))],
    "triangular": [
        (frozenset({"min", "mode", "max"}), frozenset(), _plain(d.triangular, "min", "mode", "max")),
        (
            frozenset({"p10", "mode", "p90"}),
            frozenset(),
            _plain(d.triangular_from_percentiles, "p10", "mode", "p90"),
        ),
    ],
    "pert": [(frozenset({"min", "mode", "max"}), frozenset({"lam"}), _pert)],
    "normal": [(frozenset({"mean", "sd"}), _CUT, _truncatable(d.normal, d.normal_cdf, ("mean", "sd")))],
    "lognormal": [
        (frozenset({"median", "sigma"}), _CUT, _truncatable(d.lognormal, d.lognormal_cdf, ("median", "sigma"))),
        (frozenset({"mean", "sd"}), _CUT, _truncatable(d.lognormal_from_moments, d.lognormal_cdf, ("mean", "sd"))),
        (frozenset({"p10", "p90"}), _CUT, _truncatable(d.lognormal_from_percentiles, d.lognormal_cdf, ("p10", "p90"))),
    ],
    "beta": [(frozenset({"a", "b"}), _CUT, _beta)],
    "discrete": [(frozenset({"weights"}), frozenset(), _plain(d.discrete, "weights"))],
    "empirical": [(frozenset({"quantiles"}), frozenset(), _plain(d.empirical, "quantiles"))],
}


def _parse_leaf(raw: object, unit: str) -> Leaf:
    if isinstance(raw, Mapping):
        return _parse_mapping(dict(raw), unit)
    return Leaf(d.constant(_number(raw)), None, unit)


def _parse_mapping(raw: dict[Any, Any], unit: str) -> Leaf:
    source = raw.pop("source", None)
    if source is not None and not isinstance(source, str):
        raise _problem(f"source is {source!r}", "write the title and year as text")
    if set(raw) == {"value"}:
        return Leaf(d.constant(_number(raw["value"])), source, unit)
    if "dist" not in raw:
        raise _problem(
            f"keys {', '.join(map(str, raw)) or 'none'} do not make a number",
            "write a number, {value: …, source: …} or {dist: …, …, source: …}",
        )
    kind = raw.pop("dist")
    if not isinstance(kind, str) or kind not in DISTRIBUTIONS:
        raise _problem(f"dist {kind!r} is not known", f"choose one of {', '.join(sorted(DISTRIBUTIONS))}")
    forms = DISTRIBUTIONS[kind]
    for required, optional, build in forms:
        if required <= set(raw) <= required | optional:
            given = {key: _parameter(key, value) for key, value in raw.items()}
            try:
                return Leaf(build(given), source, unit)
            except ValueError as error:
                raise _problem(f"{kind}: {error}", "mend its parameters") from None
            except ArithmeticError:
                raise _problem(f"{kind}: the parameters are too large", "mend its parameters") from None
    wanted = " or ".join("{" + ", ".join(sorted(required)) + "}" for required, _, _ in forms)
    raise _problem(f"{kind} has the parameters {{{', '.join(sorted(map(str, raw)))}}}", f"it takes {wanted}")


def _parameter(key: str, value: object) -> float | dict[float, float]:
    if key in ("weights", "quantiles"):
        if not isinstance(value, Mapping):
            raise _problem(f"{key} is {value!r}", "write a mapping of numbers to numbers")
        return {_number(k): _number(v) for k, v in value.items()}
    return _number(value)


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise _problem(f"{raw!r} is not a number", "write a plain number such as 0.05 or 1200")
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise _problem(f"{str(raw)[:40]} is not a finite number", "write a plain number")
    return value


def _problem(message: str, cure: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{message}; {cure}", {"message": message, "cure": cure})
