"""What to know before relying on a run, in sentences that the screen and the page share."""

from __future__ import annotations

import math

from sim.base.distributions import Distribution
from sim.report import format as say


def futures(count: int) -> str:
    """Return a number of futures.

    >>> futures(1), futures(1490)
    ('1 future', '1,490 futures')
    """
    return f"{count:,} future{'s' * (count != 1)}"


def cut_off(told: str) -> str:
    """Return that the horizon ends before some futures do."""
    return f"The horizon cuts {told} off before operation and removal end."


def reversed_later(told: str, of_paid: float) -> str:
    """Return that some futures pay back and fall below zero again; ``of_paid``: their share of those that pay back."""
    share = "" if math.isnan(of_paid) else f" ({say.share(of_paid)} of those that pay back)"
    return f"In {told}{share} the cumulative flow falls below zero later."


def price_effect(dist: Distribution, currency: str) -> str:
    """Return how far the link's own power lowers the market price, without a full stop."""
    unit = f"{currency.upper()}/kWh per GW"
    if dist.certain:
        return f"The link's own effect on the market price is taken as certain: {dist.lower:g} {unit}"
    spread = f"{dist.lower:g} to {dist.upper:g} {unit}"
    return f"How far the link's own power lowers the market price is uncertain ({spread})"


def scope(financed: bool, political: bool) -> str:
    """Return what is in the project's figures."""
    loans = "" if financed else " and no loans are in any figure"
    calm = "" if political else "; there are no sanctions in any figure"
    return f"The project's figures are before financing{loans}{calm}."


def error_of_share(error: float) -> str:
    """Return the standard error of a share.

    >>> error_of_share(0.001786), error_of_share(0.0123)
    ('0.2 percentage points', '1 percentage point')
    """
    text = f"{100.0 * error:.1g}"
    return f"{text} percentage point{'s' * (text != '1')}"
