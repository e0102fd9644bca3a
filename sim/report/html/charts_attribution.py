"""The chart of an attribution: what the difference between two scenarios is made of."""

from __future__ import annotations

import math

from sim.report import format as say
from sim.report.html.charts_bars import bar_axis, bars, ends, steps
from sim.report.html.charts_parts import Row, absent, identifier, lacks, table, value
from sim.report.html.content import Figure
from sim.report.html.folder import Folder
from sim.report.names import input_name

TOTAL = "Difference in all"


def attribution(folder: Folder) -> Figure:
    """Draw the parts of a difference as ``explain --csv`` has written them."""
    title = "What the difference is made of"
    why = lacks(folder, "attribution.csv", ("group", "part", "unit"))
    if why:
        return absent("attribution", folder, title, why)
    found = [row for row in folder.sheets["attribution.csv"].rows if math.isfinite(value(row, "part"))]
    if not any(value(row, "part") for row in found):
        return absent("attribution", folder, title, "Not drawn: the scenarios do not differ in this figure.")
    parts = [(brief(str(row["group"])), value(row, "part")) for row in found]
    total = sum(amount for _, amount in parts)
    rows, unit = steps(parts, (TOTAL, total), str(found[0]["unit"]))
    unit = unit_apart(unit)
    spec = bars(rows, [("name", "Group of changes"), ("text", unit)], bar_axis(unit), ends(rows))
    by = say.divisor(str(found[0]["unit"]), [amount for _, amount in parts])
    errors = [value(row, "se") / by for row in found]
    doubts = [say.MISSING if math.isnan(error) else say.number(error, 3) for error in errors]
    names = [*(str(row["group"]) for row in found), TOTAL]
    told = zip(names, rows, [*doubts, say.MISSING], strict=True)
    view = table(
        ("Group of changes", unit, "standard error"), [(name, row["text"], doubt) for name, row, doubt in told]
    )
    caption = (
        "Part of each group of changes in the difference between the two scenarios (Shapley value: the mean over all "
        f"orders in which the changes can be made), in {unit}. Each bar begins where the one above it ends."
    )
    return Figure(identifier("attribution", folder), _title(rows, unit), caption, spec, view)


def brief(group: str) -> str:
    """Return what a group of changes is called: sections as they are, of keys the first in words and how many more.

    >>> brief("sanctions + timeline"), brief("costs.contingency.amount_million + costs.items + link.length_km")
    ('sanctions + timeline', 'Contingency + 2 more')
    """
    first, *others = group.split(" + ")
    if "." not in group:
        return group
    return f"{input_name(first)} + {len(others)} more" if others else input_name(first)


def _title(rows: list[Row], unit: str) -> str:
    """Return the largest part and the whole; a part may be larger than the whole, or go against it."""
    whole = rows[-1]
    largest = max(rows[:-1], key=lambda row: abs(row["high"] - row["low"]))
    part, total = largest["high"] - largest["low"], whole["high"]
    if part * total > 0.0 and abs(part) <= abs(total):
        size = f"{largest['text']} of {whole['text']} {unit}"
        return f"“{largest['name']}” makes the largest part of the difference: {size}"
    against = "more than" if part * total > 0.0 else "against"
    return f"Largest part: “{largest['name']}”, {largest['text']} {unit}, {against} the difference of {whole['text']}"


def unit_apart(unit: str) -> str:
    """Return the unit of a difference of figures with a unit.

    >>> unit_apart("%"), unit_apart("bn USD")
    ('percentage points', 'bn USD')
    """
    return "percentage points" if unit == "%" else unit
