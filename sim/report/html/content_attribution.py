"""The part of a page on attribution: what made the difference between two scenarios, as ``explain --csv`` left it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from sim.base.words import told
from sim.report import format as say
from sim.report.html.charts_attribution import unit_apart
from sim.report.html.content import Figure, Section, View
from sim.report.html.folder import Folder
from sim.report.html.sheets import finite
from sim.report.titles import spoken_measure

LONGEST = 300
"""Letters of a block of inputs."""


@dataclass(frozen=True)
class Difference:
    """What an attribution is of: two scenarios and a measure of them."""

    measure: str
    unit: str
    names: tuple[str, str]
    values: tuple[float, float]
    """NaN where the table does not say it."""

    def written(self) -> tuple[str, str]:
        """Return both figures as text with their unit."""
        write, unit = say.row_scale(self.unit, self.values)
        first, second = (f"{write(value)} {unit}" for value in self.values)
        return first, second

    def size(self) -> str:
        """Return how much larger or smaller the second figure is."""
        apart = self.values[1] - self.values[0]
        if apart == 0.0:
            return "no difference"
        write, unit = say.row_scale(self.unit, [apart])
        return f"{write(abs(apart))} {unit_apart(unit)} {'higher' if apart > 0.0 else 'lower'}"


def difference(folder: Folder) -> Difference:
    """Return what the attribution in a folder is of, as far as the table says it."""
    sheet = folder.sheets.get("attribution.csv")
    row = sheet.rows[0] if sheet is not None and sheet.rows else {}
    measure, unit, a, b = (str(row.get(name) or "") for name in ("measure", "unit", "a", "b"))
    return Difference(measure, unit, (a, b), (finite(row.get("value_a")), finite(row.get("value_b"))))


def attribution(folder: Folder, figure: Figure) -> Section:
    """Return the parts of a difference, what they are of, and the changes behind them."""
    words = [" ".join(_what(folder))]
    words.append(
        "A part is the mean effect of its changes over the orders in which they could be made (Shapley value), so that "
        "the parts add up. Alone: the effect on the first scenario as it is; last: when all else is as in the second. "
        "Where they differ, changes act on one another."
    )
    sheets = [folder.sheets[name].rows for name in ("attribution.csv", "changes.csv") if name in folder.sheets]
    tables = (("The parts", _parts(folder)), *((("What was changed", _changes(folder)),) if len(sheets) == 2 else ()))
    if len(sheets) < 2:
        words.append("changes.csv is not there: what was changed is not known.")
    return Section("attribution", "What makes the difference", tuple(words), (figure,), tables)


def _what(folder: Folder) -> Iterator[str]:
    """Yield between what the difference is, and how large."""
    found = difference(folder)
    if not all(found.names) or any(map(math.isnan, found.values)) or not found.measure:
        yield "The table does not say between which scenarios the difference is, or of what; another version wrote it."
        return
    (a, b), (first, second) = found.names, found.written()
    yield f"{spoken_measure(found.measure)}: {first} in {a}, {second} in {b}, {found.size()}."


def _parts(folder: Folder) -> View:
    """Return the parts with their standard errors, and the effect of each alone and last."""
    rows = folder.sheets["attribution.csv"].rows
    unit = str(rows[0].get("unit") or "") if rows else ""
    names = [name for name in ("part", "alone", "last") if rows and name in rows[0]]
    cells = [finite(row[name]) for row in rows for name in names]
    write, written = say.row_scale(unit, cells)
    body = [(str(row["group"]), *(write(finite(row[name])) for name in names)) for row in rows]
    heads = ("Group of changes", *(f"{name}, {unit_apart(written)}" for name in names))
    return View(heads, tuple(body), (False, *[True] * len(names)))


def _changes(folder: Folder) -> View:
    rows = folder.sheets["changes.csv"].rows
    names = ("group", "path", "before", "after")
    body = tuple(tuple(shown(str(row.get(name, ""))) for name in names) for row in rows)
    return View(("Group of changes", "Input", "Before", "After"), body, (False,) * 4)


def shown(cell: str) -> str:
    """Return a change as people read it: a block as it is written, nothing as a dash.

    >>> shown('{"dist": "pert", "min": 1}'), shown("2500"), shown("")
    ('pert(min 1)', '2500', '–')
    """
    try:
        block = json.loads(cell)
    except ValueError:
        return cell or say.MISSING
    return told(block, LONGEST) if isinstance(block, dict | list) else cell
