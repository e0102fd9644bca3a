"""What politics does to each period: the one record through which regimes reach the other rooms (docs/sanctions.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.sanctions import Sanctions, Stoppage

Array = NDArray[np.float64]
States = NDArray[np.int8]


@dataclass(frozen=True)
class Effects:
    """What the political state does; arrays (periods + 1, draws), or (1, 1) where no regime has the effect.

    Nothing else carries political risk into a stage. Another layer of risk multiplies into the same record.
    """

    fid_row: Array
    """Row at whose end the investment decision is taken, (1,) or (draws,); inf: never."""
    pace: Array
    """Factor on the pace of construction."""
    cost: Array
    """Factor on the spending on items that need sanctioned equipment."""
    export_share: Array
    """Share of the sending limit that may be exported."""
    export_limit_mw: Array
    """Largest power that may be exported."""
    price: Array
    """Factor on the price received."""
    blocked: Array
    """Part of the revenue that is blocked."""
    recovery: Array
    """Part of blocked revenue that is released in the end, (1,) or (draws,)."""
    insurance: Array
    """Factor on insurance premiums."""
    repair: Array
    """Factor on repair times."""
    margin: Array
    """Added to margins, fraction per year."""
    stopped: Mapping[str, Array]
    """Name of a lender that stops somewhere: 1 in rows in which it does, else 0."""
    held: Mapping[str, Array]
    """Nation whose owners are blocked somewhere: 1 in rows in which they are, else 0."""
    seizure_row: Array
    """First row in which a company that is there would be seized, (1,) or (draws,); inf: none."""
    taken: Mapping[str, Array]
    """Nation: part of its shares that a seizure takes, (1,) or (draws,)."""
    stoppage: Stoppage | None
    """Terms of a stop of the works."""

    @classmethod
    def none(cls) -> Effects:
        """Return the identity: no effect on anything."""
        one, zero, never = np.ones((1, 1)), np.zeros((1, 1)), np.full((1, 1), np.inf)
        return cls(
            fid_row=np.zeros(1),
            pace=one,
            cost=one,
            export_share=one,
            export_limit_mw=never,
            price=one,
            blocked=zero,
            recovery=np.ones(1),
            insurance=one,
            repair=one,
            margin=zero,
            stopped={},
            held={},
            seizure_row=np.full(1, np.inf),
            taken={},
            stoppage=None,
        )


def of_regimes(section: Sanctions, states: States, effect: str, neutral: float) -> Array:
    """Return one effect of the regime of each row, or the neutral value as (1, 1) where no regime has it."""
    found = [getattr(regime, effect) for regime in section.regimes.values()]
    if all(value is None for value in found):
        return np.full((1, 1), neutral)
    values = [np.full(1, neutral) if value is None else value for value in found]
    width = max(value.size for value in values)
    if width == 1:
        table: Array = np.concatenate(values)
        return table[states]
    lines = np.stack([np.broadcast_to(value, (width,)) for value in values])
    return np.take_along_axis(lines, np.broadcast_to(states, (states.shape[0], width)), axis=0)


def where_named(section: Sanctions, states: States, effect: str, names: tuple[str, ...]) -> Array | None:
    """Return 1 in the rows whose regime lists one of some names under an effect, else 0; None where none does."""
    listed = [any(name in getattr(regime, effect) for name in names) for regime in section.regimes.values()]
    return np.array(listed, dtype=np.float64)[states] if any(listed) else None
