"""The seam through which sanctions and other political risk reach every stage: one record, `Effects`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Effects:
    """What the political state does to each period; factors of shape (1, 1) or (periods + 1, draws).

    Nothing else carries political risk into a stage. Another layer of risk multiplies into the same record.
    """

    pace: Array
    """Factor on the pace of construction."""
    export_share: Array
    """Share of the sending limit that may be exported."""
    price: Array
    """Factor on the price received."""

    @classmethod
    def none(cls) -> Effects:
        """Return the identity: no effect on anything."""
        one = np.ones((1, 1))
        return cls(one, one, one)
