"""Checks of the tax block: shares of the profit, what each way of depreciation needs, expiry of losses, nations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sim.base.reach import Finding
from sim.base.words import shown
from sim.model.tax import Depreciation, Tax

_NATION = re.compile("[a-z][a-z_]*")
_FINEST = 12
_WHOLE = 0.01
"""Part of a period by which years may miss a whole number of periods: months cannot be written exactly."""


def findings(tax: Tax) -> Iterator[Finding]:
    """Yield what is wrong with the tax block as a whole."""
    shares = sum(terms.share for terms in tax.jurisdictions.values())
    if abs(shares - 1.0) > 1e-9:
        yield "tax.jurisdictions", f"the shares sum to {shares:g}, not to 1", "change the shares"
    for name, terms in tax.jurisdictions.items():
        yield from _depreciation(f"tax.jurisdictions.{name}.depreciation", terms.depreciation)
    for name in tax.withholding:
        if not _NATION.fullmatch(name):
            cure = "write it in lower case, such as japan"
            yield f"tax.withholding.{name}", f"{shown(name)} is not the name of a nation", cure


def expiry(tax: Tax, periods_per_year: int) -> Iterator[Finding]:
    """Yield where losses do not expire at the end of a period."""
    for name, terms in tax.jurisdictions.items():
        years = terms.loss_expiry_years
        if years is None:
            continue
        whole = max(round(years * periods_per_year), 1)
        if abs(years * periods_per_year - whole) > _WHOLE:
            message = f"{years:g} years are not a whole number of periods, of which a year has {periods_per_year}"
            finer = ", or use a finer timeline.periods_per_year" if periods_per_year < _FINEST else ""
            yield f"tax.jurisdictions.{name}.loss_expiry_years", message, f"write {whole / periods_per_year:.6g}{finer}"


def _depreciation(path: str, rules: Depreciation) -> Iterator[Finding]:
    method: object = rules.method
    if not isinstance(method, str):
        return  # it could not be read
    for key, owner, sample in (("factor", "declining_balance", "2"), ("shares", "custom", "{1: 0.6, 2: 0.4}")):
        given = getattr(rules, key) is not None
        if given and method != owner:
            yield f"{path}.{key}", f"does nothing with method {method}", f"delete it or use method: {owner}"
        if not given and method == owner:
            yield path, f"method {method} needs {key}", f"add {key}: {sample}"
    table = rules.shares
    if table is None or method != "custom":
        return
    total = sum(table.values())
    if sorted(table) != list(range(1, len(table) + 1)):
        yield f"{path}.shares", "the years are not 1, 2, 3, … without a gap", "count from COD; a year may be 0"
    elif not table:
        yield f"{path}.shares", "is empty", "write year: share"
    elif total > 1.0 + 1e-9:
        yield f"{path}.shares", f"the shares sum to {total:g}, more than the cost", "write fractions, such as 0.2"
