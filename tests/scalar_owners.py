"""Scalar reference model of the owners by nation: seizure and blocked dividends (docs/sanctions.md §5)."""

from __future__ import annotations

from collections.abc import Mapping

from scalar_loans import Operation

NOBODY = "owners"
"""Stands for the one owner of no nation where no sponsors are named."""


class Owners:
    """Who pays in and who gets the distributions of one draw; `pay` goes through its rows."""

    def __init__(self, op: Operation) -> None:
        self.op, self.shares = op, dict[str, float]()
        for sponsor in op.terms["sponsors"].values():
            self.shares[sponsor["nation"]] = self.shares.get(sponsor["nation"], 0.0) + sponsor["share"]
        self.shares = self.shares or {NOBODY: 1.0}
        self.held = dict.fromkeys(self.shares, 0.0)
        """Entitlements that wait, before tax."""
        self.held_tax = dict.fromkeys(self.shares, 0.0)
        self.history: list[dict[str, dict[str, float]]] = []
        """By row: nation (and ``state`` for the seizing state): what it gets, is taxed and pays in."""

    def lost(self, nation: str, k: int) -> float:
        """Return the part of a nation's shares that it has lost by row k."""
        seized = self.op.seized is not None and k >= self.op.seized
        return float(self.op.world.seizure_loss.get(nation, 0.0)) if seized else 0.0

    def pay(self, k: int, row: Mapping[str, float]) -> dict[str, float]:
        """Share a row's contributions and distributions; return the lines of the sponsors."""
        blocked = self.op.world.effect(k, "dividends_blocked", [])
        kept, taken = {}, 0.0
        found: dict[str, dict[str, float]] = {}
        for nation, share in self.shares.items():
            kept[nation] = share * (1.0 - self.lost(nation, k))
            if k == self.op.seized:
                taken += self.held[nation] * self.lost(nation, k)
                self.held[nation] *= 1.0 - self.lost(nation, k)
                self.held_tax[nation] *= 1.0 - self.lost(nation, k)
            entitled = kept[nation] * row["distributions"]
            tax = row["interest_to_sponsors"] * self.op.withheld(nation, "interest")
            tax = kept[nation] * (tax + row["dividends"] * self.op.withheld(nation, "dividends"))
            self.held[nation] += entitled
            self.held_tax[nation] += tax
            gets = {"gets": 0.0, "tax": 0.0}
            if nation not in blocked:
                gets = {"gets": self.held[nation], "tax": self.held_tax[nation]}
                self.held[nation] = self.held_tax[nation] = 0.0
            gets |= {name: kept[nation] * row[line] for name, line in PAID.items()}
            found[nation] = {**gets, "held": self.held[nation]}
        rest = 1.0 - sum(kept.values()) if self.op.seized is not None and k >= self.op.seized else 0.0
        state = {"gets": rest * row["distributions"] + taken, "tax": 0.0, "held": 0.0}
        self.history.append({**found, "state": state | {name: rest * row[line] for name, line in PAID.items()}})
        tax, gets_all = (sum(party[name] for party in found.values()) for name in ("tax", "gets"))
        paid = sum(party["pays"] for party in found.values())
        return {
            "sponsor_withholding": tax,
            "equity_flow": gets_all - tax - paid,
            "sponsors_get": gets_all - tax,
            "sponsors_pay": paid,
            "sponsors_pay_middle": sum(party["pays_middle"] for party in found.values()),
        }


PAID = {"pays": "equity_paid_in", "pays_middle": "equity_middle"}
"""Contributions of a row, and those among them that fall in mid-period."""
