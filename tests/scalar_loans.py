"""Scalar reference model of the financing, first part: inputs, plan, loan, tax (financing.md §1, §2; sanctions.md §6).

All parts are written from docs/financing.md alone and share no code with ``sim``: ``scalar_sizing`` makes the plan on
the lenders' case, ``scalar_finance`` runs one draw on it, ``scalar_finance_metrics`` gives the figures of §9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from scalar_processes import Series, Values
from scalar_sanctions import CALM, World

TIE = 1e-9
"""Instants [rows] and parts of a row closer than this are the same."""
NO_FINANCING: Values = {
    **{key: {} for key in ("sponsors", "tranches", "grants")},
    **dict.fromkeys(("shareholder_loan", "gearing_cap", "target_llcr", "tax_life_years", "long_stop_years")),
    **dict.fromkeys(("first_repayment_slack_years", "cure_years", "penalty_margin", "standby_equity_share"), 0.0),
    **dict.fromkeys(("om_reserve_months", "reserve_rate"), 0.0),
    "cfads_basis": "after_tax",
    "repayment_follows_cod": False,
}
"""The block ``financing`` of a scenario that has none."""


@dataclass(frozen=True)
class Operation:
    """What the financing needs to know of the rest of one draw; one number for each row k = 0 … N, US dollars."""

    values: Values
    """Plain values of the draw: timeline, tax, financing and evaluation are read."""
    cod: float
    ebitda: Series
    capex: Series
    operating_cost: Series
    replacements_written: Series
    """Renewals that have a tax life, hence are not deducted when paid."""
    maintenance: Series
    """target_M."""
    depreciation: Mapping[str, Series]
    """Depreciation by jurisdiction, of the whole before its share."""
    exchange: Mapping[str, Series]
    """Units of each currency per USD."""
    reference: Mapping[str, Series]
    """Reference rates of interest."""
    deflator_end: Series
    deflator_middle: Series
    world: World = CALM
    kappa: float = 1.0
    """By what factor costs have moved until FID."""
    abandoned: int | None = None
    """Row at whose end the building was given up."""
    seized: int | None = None
    """q, the row of the seizure."""
    blocked: Mapping[str, Series] = field(default_factory=dict)
    """The blocked account by row."""

    @property
    def m(self) -> int:
        """Periods per year."""
        return int(self.values["timeline"]["periods_per_year"])

    @property
    def last(self) -> int:
        """N."""
        return len(self.ebitda) - 1

    @property
    def terms(self) -> Values:
        """The block ``financing``."""
        found: Values = self.values["financing"] or NO_FINANCING
        return found

    def rates(self, tranche: Values) -> Series:
        """Return the exchange rates of a tranche."""
        return [1.0] * (self.last + 1) if tranche["currency"] == "usd" else list(self.exchange[tranche["currency"]])

    def interest(self, tranche: Values) -> Series:
        """Return rho, the yearly interest of a tranche by row."""
        if tranche["rate"] is not None:
            return [tranche["rate"]] * (self.last + 1)
        building = tranche["margin_construction"]
        ready, found = row_of(self.cod, self.m), []
        for k, level in enumerate(self.reference[tranche["reference"]]):
            early = building is not None and k <= ready
            margin = (building if early else tranche["margin"]) + self.world.effect(k, "margin_addon", 0.0)
            found.append(max(level + margin, 0.0))
        return found

    def withheld(self, nation: str, kind: str) -> float:
        """Return the share that the state withholds of interest or dividends paid to a nation."""
        found = self.values["tax"]["withholding"].get(nation)
        return float(found[kind]) if found else 0.0


@dataclass(frozen=True)
class Plan:
    """What was agreed on the lenders' case."""

    cod: float
    ready: int
    """k_C, the row of COD."""
    start: int
    """k_S, the row before the first repayment row."""
    uses: float
    equity: float
    debt: Mapping[str, float]
    """D_i, US dollars."""
    commitment: Mapping[str, float]
    """K_i, currency."""
    grants: Mapping[str, tuple[float, float]]
    """Share of each use and amount."""
    parts: Mapping[str, Series]
    """f_i(j), j = 1 … n_i."""
    reserve_parts: Mapping[str, Series]
    """tau_i(k) by row of the lenders' case."""
    first_reserves: Mapping[int, float]
    """R0 by rank."""
    first_operating: float
    """O0."""
    mean_rate: Series
    """The planned rates weighted with the planned sizes, by row."""
    longest: int
    """Rows of the longest tenor."""
    binding: str
    """What limits the debt."""
    barren_row: int | None
    """Row without cash that forbids any debt."""
    residual: float


def row_of(instant: float, m: int) -> int:
    """Return r, the row of an instant; far beyond any grid for one that never comes."""
    return math.ceil(instant * m - TIE) if math.isfinite(instant) else 10**9


def part_before(instant: float, k: int, m: int) -> float:
    """Return the part of row k before an instant, exactly 0 or 1 within rounding; 0 in the opening row."""
    part = min(max(instant * m - (k - 1), 0.0), 1.0) if k > 0 else 0.0
    return 0.0 if part < TIE else 1.0 if part > 1.0 - TIE else part


def rest(left: float, uses: float) -> float:
    """Return what is left of some uses for sponsors; rounding is nothing."""
    return left if abs(left) > 1e-13 * uses else 0.0


def ahead(series: Series, k: int, rows: float) -> float:
    """Return the sum of the next rows after k; a fraction of a row counts as such."""
    total = 0.0
    for place in range(k + 1, min(k + 1 + math.ceil(rows), len(series))):
        total += series[place] * min(1.0, rows - (place - k - 1))
    return total


# --- state --------------------------------------------------------------------------------------------------------


@dataclass
class Loan:
    """A tranche in one draw; currency."""

    name: str
    rank: int
    terms: Values
    exchange: Series
    rho: Series
    gross_up: float
    """q: tax per unit of interest."""
    share: float
    """a: the part that it pays of each use."""
    commitment: float
    undrawn: float
    performing: float = 0.0
    arrears: float = 0.0
    middle: float = 0.0
    """Drawn in the middle of the row."""
    end: float = 0.0
    capitalised: float = 0.0
    before: float = 0.0
    """Claims before this row's payments, its drawings counted."""
    interest_due: float = 0.0
    principal_due: float = 0.0
    scheduled: float = 0.0
    """Scheduled service with withholding, US dollars."""
    fees: float = 0.0
    """Fees and premium of the row, US dollars."""
    interest: float = 0.0
    principal: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def late(self) -> bool:
        """Whether arrears are more than a billionth of the commitment."""
        return self.arrears > 1e-9 * self.commitment

    def keep(self) -> None:
        """Write the row down."""
        row = {"drawn": self.middle + self.end, "drawn_middle": self.middle, "interest": self.interest}
        row["fees"] = self.fees
        row |= {"interest_capitalised": self.capitalised, "principal": self.principal}
        self.history.append({**row, "balance": self.performing + self.arrears, "arrears": self.arrears})


@dataclass
class Assessment:
    """The tax of one jurisdiction (§1)."""

    terms: Values
    m: int
    made: Series = field(default_factory=list)
    """Cumulated losses by row."""
    consumed: float = 0.0

    def tax(self, profit: float) -> float:
        """Return the tax of the next row on this jurisdiction's part of the profit."""
        if self.terms["losses"] == "refunded":
            return float(self.terms["rate"] * profit)
        gain, before = max(profit, 0.0), self.made[-1] if self.made else 0.0
        if self.terms["loss_expiry_years"] is not None:
            row = len(self.made) - 1 - round(self.terms["loss_expiry_years"] * self.m)
            self.consumed = max(self.consumed, self.made[row] if row >= 0 else 0.0)
        used = min(before - self.consumed, self.terms["loss_limit"] * gain)
        self.consumed += used
        self.made.append(before + max(-profit, 0.0))
        return float(self.terms["rate"] * (gain - used))
