"""Sheets of a statement: lines of numbers by year or period, and what was paid with whose money. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Values = tuple[float, ...]


@dataclass(frozen=True)
class Line:
    """A line: one number for each column; what is paid out is negative."""

    key: str
    label: str
    values: Values
    item: str = ""
    """Tranche or cost item, where the line is one of several."""
    unit: str = "USD"
    """USD or another currency, ``ratio``, ``per year``, ``regime`` (its place)."""
    shown: Literal["", "repeated", "always"] = ""
    """On the page also where it repeats the total above, or also where it is nothing but zeros."""
    names: tuple[str, ...] = ()
    """What the values stand for, where they are places in a list."""

    @property
    def money(self) -> bool:
        """Say whether the values are amounts of money."""
        return self.unit not in ("ratio", "per year", "regime")


@dataclass(frozen=True)
class Part:
    """Lines and what they add up to; without a total they are only to be known."""

    lines: tuple[Line, ...]
    total: Line | None = None
    carried: bool = False
    """Whether the sum begins with the total above."""

    @property
    def whole(self) -> tuple[Line, ...]:
        """The lines and their total."""
        return (*self.lines, self.total) if self.total is not None else self.lines


@dataclass(frozen=True)
class Sheet:
    """A table of lines."""

    title: str
    unit: str
    parts: tuple[Part, ...]
    tranche: str = ""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line."""
        return tuple(line for part in self.parts for line in part.whole)

    def line(self, key: str, item: str = "") -> Line:
        """Return a line by its key."""
        return next(line for line in self.lines if (line.key, line.item) == (key, item))


@dataclass(frozen=True)
class Columns:
    """The columns that the lines of all sheets have."""

    labels: tuple[str, ...]
    years: tuple[int, ...]
    periods: tuple[int, ...] | None
    """Number of each period where columns are periods, 0 being the opening; None: columns are years."""
    active: tuple[bool, ...]
    """Whether anything happens."""


@dataclass(frozen=True)
class Amount:
    """A use of funds until COD, or a source."""

    key: str
    label: str
    usd: float
    item: str = ""
    currency: str = ""
    own: float = 0.0
    """The same in the currency of the tranche."""
    agreed: float = 0.0
    """What it was on the lenders' case, USD."""


@dataclass(frozen=True)
class Funding:
    """Sources and uses until COD, and how the size of the debt came about."""

    uses: tuple[Amount, ...]
    sources: tuple[Amount, ...]
    limits: tuple[tuple[str, float], ...]
    """What limits the debt and the debt that it allows [USD], tightest first."""
    steps: int
    residual: float

    @property
    def gap(self) -> float:
        """Sources less uses."""
        return sum(one.usd for one in self.sources) - sum(one.usd for one in self.uses)


@dataclass(frozen=True)
class Politics:
    """What is said in words about sanctions; columns by their labels, empty where something does not happen."""

    regimes: str
    """Which regime governs when, or that of the lenders' case."""
    fid_years: float
    """Time of the investment decision; inf: never."""
    abandoned: str
    """Column at whose end the works are given up."""
    seized: str
    """Column in which the company is seized."""
    state_share: float
    """Part of the company that the seizing state then owns."""
    stopped_years: float
    """Time in stops of the works."""
    lost: float
    """Blocked revenue that is left behind when the rest is released."""
    confiscated: float
    """Blocked revenue that the seizing state takes."""


@dataclass(frozen=True)
class Facts:
    """What is said in words about a statement."""

    title: str
    name: str
    draw: int | None
    seed: int
    cod_years: float
    cod_year: int
    life_years: float
    defaulted: str
    """Label of the column at whose end the loans are in default; empty: never."""
    locked: tuple[str, ...]
    """Labels of the columns in which distributions are locked up."""
    supported: tuple[str, ...]
    """Labels of the columns in which sponsors keep the company going."""
    written_off: float
    support: float
    unpaid: float
    financed: bool
    """Whether the scenario has a financing section."""
    politics: Politics | None = None
    """What sanctions did to the case; None without sanctions."""


@dataclass(frozen=True)
class Statement:
    """The statement of one case."""

    facts: Facts
    funding: Funding
    columns: Columns
    waterfall: Sheet
    debt: tuple[Sheet, ...]
    income: Sheet
    balance: Sheet
