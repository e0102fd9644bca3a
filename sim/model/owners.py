"""Owners by nation: what each is entitled to, what waits for it, and what a seizure takes (docs/sanctions.md, 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.effects import Effects
from sim.model.tax import Tax
from sim.model.terms import Financing
from sim.model.timeline import at

Array = NDArray[np.float64]
NOBODY = "owners"
"""Name of the owner where no sponsors are named."""


@dataclass(frozen=True)
class Value:
    """Present value of a unit at the end and in the middle of each row, (periods + 1, 1 or draws)."""

    at_end: Array
    at_middle: Array


@dataclass
class Owner:
    """The owners of one nation; vectors (draws,)."""

    nation: str
    share: float
    taxed: bool
    """Whether anything is withheld from them."""
    on_interest: Array
    """Tax withheld on shareholder interest."""
    on_dividends: Array
    taken: Array
    """Part of the shares that a seizure takes."""
    barred: Array | None
    """1 in rows in which nothing is paid to this nation; None: never."""
    held: Array
    """What waits for the owners, tax included."""
    held_tax: Array
    worth: Array
    """Present value of what they get less what they pay in."""
    worth_taxed: Array
    """Present value of what is withheld from them."""


OWNERS_LINES = ("sponsor_withholding", "equity_flow")
"""What is withheld from owners; what they get after tax less what they pay in."""
POLITICAL_LINES = ("seizing_state", "dividends_held")
"""What the seizing state gets less what it pays in; what waits for barred owners at the end of the row."""


class Owners:
    """Settles rows one after the other; what it leaves are lines (periods + 1, draws) and sums (draws,)."""

    def __init__(
        self,
        terms: Financing,
        tax: Tax,
        effects: Effects,
        seized_row: Array,
        shape: tuple[int, int],
        value: Value | None,
    ) -> None:
        zero = np.zeros(shape[1])
        self.value, self.seized_row = value, seized_row
        self.seizable, self.political = bool(effects.taken), bool(effects.taken or effects.held)
        self.lines = {name: np.zeros(shape) for name in lines_of_owners(effects)}
        self.middle = np.zeros(shape)
        """What the owners pay in mid-period."""
        self.got, self.paid = zero, zero
        self.worth_seized, self.worth_held = zero, zero
        self.owners = [_owner(*item, tax, effects, zero) for item in shares_of(terms).items()]

    @property
    def held(self) -> Array:
        """Return what waits for all owners, tax included."""
        return sum((owner.held for owner in self.owners), np.zeros(1))

    def settle(
        self, k: int, interest: Array, principal: Array, dividends: Array, paid_in: Array, middle: Array
    ) -> None:
        """Share out a distribution and a contribution of row k, of which ``middle`` is paid in mid-period."""
        out, late = interest + principal + dividends, paid_in - middle
        kept = received = withheld = lost = nothing = np.zeros(1)
        waiting, gone, now = self.held, k >= self.seized_row, self.seized_row == k
        seized = self.seizable and bool(now.any())
        if self.value is not None:
            end, mid = at(self.value.at_end, k), at(self.value.at_middle, k)
        for owner in self.owners:
            part = owner.share * (1.0 - owner.taken * gone) if self.seizable else owner.share
            due, tax = part * out, nothing
            if owner.taxed:
                tax = part * (owner.on_interest * interest + owner.on_dividends * dividends)
            if owner.barred is not None:
                if seized:
                    lost = lost + _seized(owner, now)
                due, tax = _waiting(owner, due, tax, at(owner.barred, k) > 0.0)
            kept, received, withheld = kept + part, received + due, withheld + tax
            if self.value is not None:
                owner.worth = owner.worth + end * (due - tax - part * late) - mid * (part * middle)
                owner.worth_taxed = owner.worth_taxed + end * tax
        net, paid = received - withheld, kept * paid_in
        self.lines["sponsor_withholding"][k], self.lines["equity_flow"][k] = withheld, net - paid
        self.middle[k] = kept * middle
        self.got, self.paid = self.got + net, self.paid + paid
        if self.political:
            self._note_politics(k, np.where(gone, 1.0 - kept, 0.0), out, paid_in, middle, lost, waiting)

    def _note_politics(
        self, k: int, state: Array, out: Array, paid_in: Array, middle: Array, lost: Array, waiting: Array
    ) -> None:
        """Note what the seizing state gets, and what waits."""
        held = self.held
        self.lines["seizing_state"][k] = state * (out - paid_in) + lost
        self.lines["dividends_held"][k] = held
        if self.value is not None:
            end, mid = at(self.value.at_end, k), at(self.value.at_middle, k)
            worth = end * (state * (out - (paid_in - middle)) + lost) - mid * (state * middle)
            self.worth_seized = self.worth_seized + worth
            self.worth_held = self.worth_held + end * (held - waiting)


def lines_of_owners(effects: Effects) -> tuple[str, ...]:
    """Return the lines that `Owners` makes; with sanctions on owners also those that only they have."""
    return (*OWNERS_LINES, *(POLITICAL_LINES if effects.taken or effects.held else ()))


def _owner(nation: str, share: float, tax: Tax, effects: Effects, zero: Array) -> Owner:
    rules = tax.withholding.get(nation)
    return Owner(
        nation=nation,
        share=share,
        taxed=rules is not None,
        on_interest=rules.interest if rules is not None else np.zeros(1),
        on_dividends=rules.dividends if rules is not None else np.zeros(1),
        taken=effects.taken.get(nation, np.zeros(1)),
        barred=effects.held.get(nation),
        held=zero,
        held_tax=zero,
        worth=zero,
        worth_taxed=zero,
    )


def shares_of(terms: Financing) -> Mapping[str, float]:
    """Return the share of each nation in the company."""
    shares: dict[str, float] = {}
    for sponsor in terms.sponsors.values():
        shares[sponsor.nation] = shares.get(sponsor.nation, 0.0) + sponsor.share
    return shares or {NOBODY: 1.0}


def _seized(owner: Owner, now: NDArray[np.bool_]) -> Array:
    """Take the seized part of what waits for an owner and return it."""
    lost = np.where(now, owner.taken * owner.held, 0.0)
    owner.held = owner.held - lost
    owner.held_tax = owner.held_tax - np.where(now, owner.taken * owner.held_tax, 0.0)
    return lost


def _waiting(owner: Owner, due: Array, tax: Array, barred: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return what is paid to an owner and the tax on it: nothing while barred, then all that has waited."""
    due, tax = owner.held + due, owner.held_tax + tax
    owner.held, owner.held_tax = np.where(barred, due, 0.0), np.where(barred, tax, 0.0)
    return np.where(barred, 0.0, due), np.where(barred, 0.0, tax)
