"""Special functions of scipy, imported when first called: the import takes 0.1 s that ``check`` can spare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ndtr(x: Array) -> Array:
    """Return the standard normal distribution function."""
    from scipy.special import ndtr as function

    return function(x)


def ndtri(p: Array) -> Array:
    """Return the standard normal quantile."""
    from scipy.special import ndtri as function

    return function(p)


def betaincinv(a: float, b: float, p: Array) -> Array:
    """Return the quantile of the beta distribution on [0, 1]."""
    from scipy.special import betaincinv as function

    return function(a, b, p)


def betainc(a: float, b: float, x: float) -> float:
    """Return the beta distribution function on [0, 1]."""
    from scipy.special import betainc as function

    return float(function(a, b, x))


def betaln(a: float, b: float) -> float:
    """Return the logarithm of the beta function."""
    from scipy.special import betaln as function

    return float(function(a, b))
