"""Revenue that sanctions keep in blocked accounts, until it is released, lost or confiscated (docs/sanctions.md, 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.effects import Effects

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Blocked:
    """Flows and balance of the blocked accounts, nominal USD, (periods + 1, draws)."""

    withheld: Array
    """Revenue of the row that is paid into them."""
    released: Array
    """What the company gets out of them."""
    lost: Array
    """What is left behind when the rest is released."""
    confiscated: Array
    """What the seizing state takes."""
    balance: Array
    """At the end of the row."""


def blocked_revenue(revenue: Array, effects: Effects, seized_row: Array) -> Blocked | None:
    """Return what becomes of the revenue that is blocked; None where no regime blocks any.

    In each row: a seizure takes the balance; then all of it leaves if nothing is blocked any more, else it grows.

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> share = np.array([[0.0], [1.0], [0.5], [0.0]])
    >>> effects = replace(Effects.none(), blocked=share, recovery=np.array([0.8]))
    >>> made = blocked_revenue(np.full((4, 1), 100.0), effects, np.array([np.inf]))
    >>> made.balance[:, 0].tolist(), made.released[:, 0].tolist(), made.lost[:, 0].round(9).tolist()
    ([0.0, 100.0, 150.0, 0.0], [0.0, 0.0, 0.0, 120.0], [0.0, 0.0, 0.0, 30.0])
    """
    if effects.blocked.shape[0] == 1 and not effects.blocked.any():
        return None
    withheld = effects.blocked * revenue
    width = max(withheld.shape[1], seized_row.size)
    released, lost, confiscated, balance = (np.zeros((revenue.shape[0], width)) for _ in range(4))
    held: Array = np.zeros(width)
    open_again = np.broadcast_to(effects.blocked == 0.0, withheld.shape)
    for k in range(revenue.shape[0]):
        confiscated[k] = np.where(seized_row == k, held, 0.0)
        held = held - confiscated[k]
        freed = np.where(open_again[k], held, 0.0)
        released[k] = effects.recovery * freed
        lost[k] = freed - released[k]
        held = held - freed + withheld[k]
        balance[k] = held
    return Blocked(np.broadcast_to(withheld, balance.shape), released, lost, confiscated, balance)
