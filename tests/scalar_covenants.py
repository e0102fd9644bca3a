"""Scalar reference model of the financing: cover of the last twelve months and covenants (docs/financing.md §5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scalar_loans import Loan

WITHIN = 1e-9
"""Part of a level by which a DSCR may miss it."""


class Covenants:
    """What is tested row by row in one draw."""

    def __init__(self, m: int, ready: int, loans: Sequence[Loan]) -> None:
        self.m, self.ready, self.loans = m, ready, loans
        self.ranks = sorted({loan.rank for loan in loans})
        self.past: dict[int, list[tuple[float, float]]] = {rank: [] for rank in self.ranks}
        """CFADS and service of the ranks up to each, row by row; both 0 in rows that do not count."""

    def ratio(self, k: int, rank: int, cfads: float) -> float:
        """Return the DSCR of the ranks up to one, of the last m rows; it is not defined without service in row k."""
        service = sum(loan.scheduled for loan in self.loans if loan.rank <= rank)
        counts = service > 0.0
        self.past[rank].append((cfads, service) if counts else (0.0, 0.0))
        if not counts:
            return math.nan
        year = self.past[rank][-self.m :]
        return sum(cash for cash, _ in year) / sum(due for _, due in year)

    def test(self, k: int, cfads: float) -> tuple[float, bool, bool]:
        """Return the DSCR of all ranks, whether one is below a lock-up level and whether one is below a default level.

        A level counts where its tranche is owed anything before the payments of the row.
        """
        low = broken = False
        found = math.nan
        for rank in self.ranks:
            found = self.ratio(k, rank, cfads)
            for loan in self.loans:
                if loan.rank == rank and loan.before > 0.0:
                    low = low or below(found, loan.terms["lock_up_dscr"])
                    broken = broken or below(found, loan.terms["default_dscr"])
        return found, low, broken


def below(ratio: float, level: float | None) -> bool:
    """Say whether a DSCR is below a level by more than rounding; one that is not defined is not."""
    return level is not None and ratio < level * (1.0 - WITHIN)
