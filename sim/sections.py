"""What a scenario file is made of: the sections of all rooms, put together."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from sim.base.quantities import Section
from sim.model.costs import Costs
from sim.model.macro import Macro
from sim.model.market import Market
from sim.model.metrics import Evaluation
from sim.model.physical import Link, Supply
from sim.model.sanctions import Sanctions
from sim.model.tax import Tax
from sim.model.terms import Financing, Tranche
from sim.model.timeline import Timeline


class Scenario(Section):
    """An energy link: what it costs, carries, earns, and how it is judged."""

    title: str
    """Name of the project on the screen."""
    as_of: str
    """Date of the money and markets that the numbers stand for."""
    about: str = ""
    """What the scenario is, in a few sentences."""
    timeline: Timeline
    """Calendar."""
    macro: Macro
    """Money and processes."""
    costs: Costs
    """Investment and running cost."""
    link: Link
    """The interconnector."""
    supply: Supply
    """The sending end."""
    market: Market
    """The receiving end."""
    tax: Tax
    """Taxes."""
    financing: Financing | None = None
    """Sponsors, lenders and their agreement."""
    sanctions: Sanctions | None = None
    """Political regimes over time."""
    evaluation: Evaluation
    """How results are valued."""
    correlations: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Later dotted path: {earlier: correlation}; Spearman between uncertain leaves, Pearson between shocks."""

    @property
    def tranches(self) -> Mapping[str, Tranche]:
        """Return the loans by name; none without a ``financing`` section."""
        return self.financing.tranches if self.financing is not None else {}
