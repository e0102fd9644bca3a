"""The inputs of a traced number: one draw or the lenders' case, leaves, processes, price indices, exchange rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim import engine
from sim.base.distributions import Distribution
from sim.base.sampling import Chance, Draws, LendersCase, Mixing
from sim.collect import Block
from sim.model import macro, physical
from sim.model.works import Schedule
from sim.prepare import Model, prepare
from sim.scenario import Spec
from sim.study.keys import unit_of
from sim.study.trace_tree import Node, Part, made, product

Array = NDArray[np.float64]
Row = TypeVar("Row", bound="Inputs")
Given = ParamSpec("Given")
Found = TypeVar("Found")
Method = Callable[Concatenate[Row, Given], Found]


def kept(method: Method[Row, Given, Found]) -> Method[Row, Given, Found]:
    """Return a method that works out its answer once for each row and arguments."""

    @wraps(method)
    def answer(self: Row, /, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        key = method.__name__, self.k, args, tuple(sorted(kwargs.items()))
        if key not in self.memory:
            self.memory[key] = method(self, *args, **kwargs)
        found: Found = self.memory[key]
        return found

    return answer


def once(method: Method[Row, Given, Found]) -> Method[Row, Given, Found]:
    """Return a method whose answer is the same at every row and is worked out once for each arguments."""
    known = kept(method)

    @wraps(method)
    def answer(self: Row, /, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        return known(self.on(0), *args, **kwargs)

    return answer


@dataclass(frozen=True)
class OneDraw(Draws):
    """One column of a replicate; the other columns are drawn and dropped."""

    column: int = 0

    @property
    def columns(self) -> int:
        """Number of draws: one."""
        return 1

    def leaf(self, name: str, dist: Distribution, mixing: Mixing) -> Array:
        """Return the drawn value of a leaf, shape (1,)."""
        return self._replicate.leaf(name, dist, mixing)[self.column : self.column + 1]

    def normals(self, name: str, rows: int, mixing: Mixing) -> Array:
        """Return the shocks of a process, shape (rows, 1)."""
        return self._replicate.normals(name, rows, mixing)[:, self.column : self.column + 1]

    def uniforms(self, name: str, rows: int) -> Array:
        """Return the uniform numbers of events, shape (rows, 1)."""
        return self._replicate.uniforms(name, rows)[:, self.column : self.column + 1]

    @property
    def _replicate(self) -> Draws:
        return Draws(self.seed, self.replicates)


def way(root: object, path: str) -> list[Any]:
    """Return everything on a dotted path, from the root to its end."""
    items: list[Any] = [root]
    for key in path.split("."):
        at = items[-1]
        items.append(getattr(at, key) if not isinstance(at, dict) else at[key] if key in at else at[int(key)])
    return items


def source_of(spec: Spec, path: str) -> str:
    """Return the source of an input: its own, or that of the nearest block around it if it is from the same file.

    A number that the command line or an extending file put in another's place does not inherit what is said there.
    """
    place = tuple(path.split("."))
    own = spec.leaves[path].source if path in spec.leaves else _said(spec, place)
    if own:
        return own
    where = spec.marks.get(place, "")
    if where.startswith("--set"):
        return "set on the command line"
    around = way(spec.written, path)
    for depth in range(len(place) - 1, -1, -1):
        said = getattr(around[depth], "source", None)
        if said:
            there = spec.marks.get((*place[:depth], "source"), "")
            same = not where or not there or where.rpartition(":")[0] == there.rpartition(":")[0]
            return str(said) if same else f"none given ({where})"
    return ""


def _said(spec: Spec, place: Sequence[str]) -> str | None:
    """Return the source that stands beside a number which cannot be uncertain."""
    item: Any = spec.data
    for key in place:
        item = item.get(key) if isinstance(item, dict) else None
    return str(item["source"]) if isinstance(item, dict) and item.get("source") else None


def price_level(rates: Sequence[float], years: float) -> float:
    """Return the price level some years after the start; a single rate holds for ever, the first one also before.

    >>> round(price_level([0.02, 0.03], 1.5) / 1.02, 9) == round(1.03**0.5, 9)
    True
    """
    if len(rates) == 1 or years < 0.0:
        return float((1.0 + rates[0]) ** years)
    whole = int(years)
    level = math.prod(1.0 + rate for rate in rates[:whole])
    return level if whole == years else float(level * (1.0 + rates[whole]) ** (years - whole))


@dataclass(frozen=True)
class Inputs:
    """A scenario in one draw (or the lenders' case), seen at row ``k`` of its grid; every array is one column wide."""

    spec: Spec
    chance: Chance
    model: Model
    block: Block
    k: int = 0
    paths: dict[str, Array] = field(default_factory=dict)
    """Processes that have been run again."""
    memory: dict[Any, Any] = field(default_factory=dict)
    """What `kept` methods have answered."""

    @classmethod
    def of(cls, spec: Spec, draw: OneDraw | None) -> Self:
        """Return the scenario in one draw, or in the lenders' case."""
        model = prepare(spec)
        chance = draw or model.lenders
        return cls(spec, chance, model, engine.run_block(model, chance, detail=True))

    @property
    def schedule(self) -> Schedule:
        """When the link is built and runs."""
        return self.block.stage.schedule

    @property
    def production(self) -> physical.Production:
        """What could be delivered."""
        return self.block.stage.production

    def on(self, k: int) -> Self:
        """Return the same at another row."""
        return replace(self, k=k)

    def at(self, flow: Array) -> float:
        """Return the number of this row."""
        return float(flow[min(self.k, len(flow) - 1), 0])

    @property
    def year(self) -> int:
        """Calendar year of the row."""
        return int(self.model.grid.start_year + self.model.grid.year[self.k])

    @property
    def end(self) -> float:
        """Time at the end of the row [years]."""
        return self.k * self.model.grid.dt

    @property
    def label(self) -> str:
        """Return what the row is called."""
        m = self.model.grid.periods_per_year
        if self.k == 0:
            return f"opening of {self.year}"
        return f"{self.year}" if m == 1 else f"{self.year} ({(self.k - 1) % m + 1}/{m})"

    @property
    def drawn(self) -> bool:
        """Say whether this is a draw, not the lenders' case."""
        return not isinstance(self.chance, LendersCase)

    @once
    def leaf(self, path: str) -> Node:
        """Return an input with its value, its distribution and its source (or that of the nearest block around it)."""
        leaf, around = self.spec.leaves[path], way(self.spec.written, path)
        currencies = [str(item.currency) for item in around if hasattr(item, "currency")] or ["currency"]
        unit = leaf.unit.replace("of the currency", "currency").replace("currency", currencies[-1].upper(), 1)
        if unit == "1/year" and path.startswith("sanctions."):
            unit = "per year"
        given = ", ".join(f"{key} {value:g}".replace("-", "−") for key, value in leaf.dist.params.items())
        text = "" if leaf.certain else f"{'drawn from' if self.drawn else 'median of'} {leaf.dist.kind}({given})"
        value = float(way(self.block.scenario, path)[-1][0])
        return Node(path, value, "" if unit == "1" else unit, text, source=source_of(self.spec, path))

    @once
    def term(self, path: str, unit: str = "") -> Node:
        """Return an input that may be one of those which cannot be uncertain, with its source."""
        if path in self.spec.leaves:
            return self.leaf(path)
        value = float(way(self.spec.written, path)[-1])
        return Node(path, value, unit or unit_of(path), source=source_of(self.spec, path))

    def leaves(self, path: str) -> list[Node]:
        """Return every input below a path."""
        return [self.leaf(name) for name in self.spec.leaves if name.startswith(f"{path}.")]

    def process(self, path: str, value: float | None = None, unit: str = "") -> Node:
        """Return a process in this row with its parameters; run again from them and the shocks of the draw."""
        section, grid = way(self.block.scenario, path)[-1], self.model.grid
        again = self.on(int(grid.year[self.k]) + 1) if path.startswith("macro.inflation.") else self
        level = again.at(self.path(path, section))
        moving = "in this draw" if self.drawn else "on the median path"
        text = {"constant": "constant", "scripted": "table of years"}.get(
            section.process, f"{section.process}, mean of the period {moving}"
        )
        parts = [replace(leaf, unit=leaf.unit.replace("unit of the process", unit)) for leaf in self.leaves(path)]
        return made(path, unit, text, lambda *_: level, parts, value)

    def path(self, name: str, section: Any) -> Array:
        """Return a process as its path over the rows (inflation: over the years)."""
        grid, spec, chance = self.model.grid, self.spec, self.chance
        if name not in self.paths:
            step, rows = (1.0, grid.years) if name.startswith("macro.inflation.") else (grid.dt, grid.periods)
            shocks = lambda stream, count: chance.normals(stream, count, spec.mixing)  # noqa: E731
            self.paths[name] = macro.path(section, name, grid.start_year, step, rows, shocks)
        return self.paths[name]

    @once
    def inflation(self, currency: str, years: int) -> list[Node]:
        """Return the yearly rates from the start on; a constant one only once."""
        path, start = f"macro.inflation.{currency}", self.model.grid.start_year
        first = self.on(0).process(path, unit="per year")
        if way(self.spec.written, path)[-1].process == "constant":
            return [first]
        rates = self.path(path, None)
        rest = [
            Node(f"{currency} inflation of {start + i}", float(rates[i + 1, 0]), "per year", f"the process {path}")
            for i in range(1, years)
        ]
        return [first, *rest]

    @kept
    def index(self, currency: str, price_year: int) -> Node:
        """Return what turns money of a price year into money of this row's year."""
        start, value = self.model.grid.start_year, self.at(self.block.money.from_year(currency, price_year))
        here, then = self.year - start, price_year - start
        rates = self.inflation(currency, max(here, then, 1))
        text = f"(1 + inflation)^({self.year} − {price_year})"
        if len(rates) > 1:
            text = f"product of (1 + inflation) from {min(price_year, start)} to {self.year - 1}"
        name = f"{currency} index {price_year}→{self.year}"
        return made(name, "", text, lambda *r: price_level(r, here) / price_level(r, then), rates, value)

    @kept
    def deflator(self, time: float, when: str, value: float) -> Node:
        """Return the US price level at a time in years from the start."""
        rates, text = self.inflation("usd", math.ceil(time) or 1), f"price level after {time:g} years of inflation"
        return made(f"deflator {when} of {self.label}", "", text, lambda *r: price_level(r, time), rates, value)

    @kept
    def fx(self, currency: str) -> Part:
        """Return the nominal exchange rate of this row: the process, times both price indices where it follows them."""
        if currency == "usd":
            return 1.0
        real, start = self.real_fx(currency), self.model.grid.start_year
        if not self.spec.written.macro.fx[currency].follows_inflation:
            return real
        name, unit = f"exchange rate of {self.label}", f"{currency.upper()} per USD"
        value = self.at(self.block.money.rate[currency])
        return product(name, unit, [real, self.index(currency, start)], [self.index("usd", start)], value)

    def real_fx(self, currency: str) -> Node:
        """Return the process of an exchange rate."""
        value = self.at(self.block.money.real_rate[currency])
        return self.process(f"macro.fx.{currency}.rate", value, f"{currency.upper()} per USD")

    def spot(self, currency: str) -> Part:
        """Return the exchange rate at time zero."""
        name = f"macro.fx.{currency}.rate at time zero"
        return 1.0 if currency == "usd" else replace(self.on(0).real_fx(currency), name=name)

    def priced(self, path: str) -> tuple[list[Part], list[Part]]:
        """Return what an amount in currency and money of the price year of a block is multiplied and divided by."""
        block = way(self.spec.written, path)[-1]
        currency, price_year = getattr(block, "currency", "usd"), int(block.price_year)
        times: list[Part] = [self.index(currency, price_year)] if getattr(block, "indexed", True) else []
        name = f"{path}.escalation_per_year"
        if name in self.spec.leaves and (leaf := self.leaf(name)).value != 0.0:
            years = self.year - price_year
            text = f"(1 + escalation_per_year)^({self.year} − {price_year})"
            times.append(made("escalation", "", text, lambda rate: (1.0 + rate) ** years, [leaf]))
        return times, [self.fx(currency)]
