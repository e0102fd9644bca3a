"""What stands on a page, before it looks like anything: sections of words, figures and tables.

Texts are plain and unescaped; they come from scenarios, too, and are escaped where HTML is made of them.
`View.sparks` are small drawings behind the first cell of the rows of a table: points of a line, x to the right and y
upwards, both from 0 to 1, one line a row and no points where there is nothing to draw; a table without them has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class View:
    """A table as text, written as people read numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    """Which columns hold numbers, and stand to the right."""
    sparks: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Points of a small drawing behind the first cell of each row; empty: the table has no drawings."""
    note: str = ""
    """What stands below it, such as what its asterisks mean."""


def filled(view: View) -> View:
    """Return a table without the columns in which nothing stands."""
    kept = [i for i in range(len(view.columns)) if any(row[i] for row in view.rows)]
    return replace(
        view,
        columns=tuple(view.columns[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in view.rows),
        numeric=tuple(view.numeric[i] for i in kept),
    )


@dataclass(frozen=True)
class Figure:
    """A chart with what it says in words and the table behind it; without a chart, why there is none."""

    id: str
    title: str
    caption: str
    spec: dict[str, Any] | None
    """Vega-Lite."""
    table: View | None
    missing: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a page."""

    id: str
    title: str
    words: tuple[str, ...] = ()
    """Paragraphs."""
    figures: tuple[Figure, ...] = ()
    tables: tuple[tuple[str, View], ...] = ()
    """Heading and table."""
    folded: bool = False
    """Shown only when opened."""


@dataclass(frozen=True)
class Card:
    """One answer of the verdict: a label, a value in large type, and a remark."""

    label: str
    value: str
    remark: str


@dataclass(frozen=True)
class Page:
    """A whole page."""

    title: str
    subtitle: str
    verdict: tuple[Card, ...]
    words: tuple[str, ...]
    """What the cards do not say: the answer in sentences."""
    caveats: tuple[str, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    """What is missing, was changed, or is older than this program."""
