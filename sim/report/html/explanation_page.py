"""The page of attributions: between which scenarios, how large the difference is, and what makes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sim.report import format as say
from sim.report.html import charts
from sim.report.html.charts_attribution import brief, unit_apart
from sim.report.html.content import Card, Page, Section
from sim.report.html.content_attribution import attribution, difference
from sim.report.html.content_caveats import notes
from sim.report.html.folder import Folder
from sim.report.html.sheets import finite
from sim.report.titles import spoken_measure

CAVEATS = (
    "Parts are of this difference, between these two scenarios: between others the same change may do more or less.",
    "Changes that one cannot make without each other stand together as one group.",
    "Both scenarios, and all between them, saw the same random numbers.",
)


def page_of(folders: Sequence[Folder]) -> Page:
    """Return the page of some folders with an attribution alone, the first one in the verdict."""
    first, several = folders[0], len(folders) > 1
    found = difference(first)
    between = f"{found.names[0]} and {found.names[1]}" if all(found.names) else "two scenarios"
    return Page(
        title=f"What makes the difference between {between}",
        subtitle=spoken_measure(found.measure) if found.measure else f"Attribution in {first.label}",
        verdict=tuple(_cards(first)),
        words=(f"The verdict is of {first.label}.",) if several else (),
        caveats=CAVEATS,
        sections=tuple(_section(folder, several) for folder in folders),
        notes=tuple(note for folder in folders for note in notes(folder, several)),
    )


def _section(folder: Folder, several: bool) -> Section:
    made = attribution(folder, charts.attribution(folder))
    return replace(made, title=f"{made.title}: {folder.label}") if several else made


def _cards(folder: Folder) -> Iterator[Card]:
    """Yield both ends and the three largest parts."""
    found = difference(folder)
    if all(found.names) and not any(map(math.isnan, found.values)):
        for where, name, text in zip(("From", "To"), found.names, found.written(), strict=True):
            yield Card(f"{where} {name}", text, spoken_measure(found.measure) if where == "From" else found.size())
    sheet = folder.sheets.get("attribution.csv")
    parts = [
        (brief(str(row.get("group"))), finite(row.get("part"))) for row in (sheet.rows if sheet is not None else ())
    ]
    parts = sorted((part for part in parts if not math.isnan(part[1])), key=lambda part: -abs(part[1]))
    write, unit = say.row_scale(found.unit, [value for _, value in parts])
    for place, (name, value) in zip(("Largest part", "Second", "Third"), parts, strict=False):
        if any(digit in write(value) for digit in "123456789"):
            yield Card(place, name, f"{say.signed(write(value), value)} {unit_apart(unit)}")
