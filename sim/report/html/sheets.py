"""Tables of a results folder as numbers: read strictly, and what cannot be used is said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.base.words import cut
from sim.batch import read_back
from sim.errors import ScenarioError

TEXTS = {
    *("metric", "measure", "unit", "definition", "line", "input", "party", "regime", "group"),
    *("path", "before", "after"),
    *("a", "b", "paired", "not_paired_because", "better", "where", "key", "message", "cure", "note"),
}
"""Columns that hold text even where it looks like a number."""
SHARES = ("p_paid_back", "p_paid_back_discounted", "unpaid", "not_invested", "share")
PLACES = {
    "payback.csv": ("year", "p_paid_back", "p_paid_back_discounted", "unpaid", "not_invested"),
    "regimes.csv": ("year", "share"),
    "distributions.csv": ("share",),
    "cashflow.csv": ("period", "year"),
}
"""Columns without which a row of a table has no place: each must hold a number, shares one from 0 to 1."""


@dataclass(frozen=True)
class Sheet:
    """A table: its columns, and each row by column; numbers are floats, blank cells NaN."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    def by(self, column: str) -> dict[Any, dict[str, Any]]:
        """Return the rows by the value of a column."""
        return {row[column]: row for row in self.rows}


def finite(value: Any) -> float:
    """Return a cell as a number, which may be infinite; NaN where it is none."""
    return value if isinstance(value, float) else math.nan


def known(value: Any) -> float:
    """Return a cell as a number that is not infinite, as no mean and no share is; NaN where it is none."""
    return value if isinstance(value, float) and math.isfinite(value) else math.nan


def read_sheet(path: Path, names: Sequence[str], digest: str | None) -> tuple[Sheet | None, tuple[str, ...]]:
    """Return a table, None where it cannot be used, and what a reader should know of it.

    ``names``: columns whose cells may be names, as those of the axes of a sweep; ``digest``: SHA-256 it should have.
    """
    try:
        found = read_back.read_csv(path)
    except ScenarioError as error:
        where = error.problems[0].where.removeprefix(str(path)).removeprefix(":")
        line = f" line {where}:" if where else ""
        return None, (f"{path.name} cannot be read:{line} {error.problems[0].message}.",)
    notes = []
    if digest is not None and digest != found.digest:
        notes.append(f"{path.name} was changed after it was written: its bytes are not those of the manifest.")
    if not found.columns:
        return None, (*notes, f"{path.name} cannot be read: it has no columns.")
    kinds = {column: _cell_of(column, found, names) for column in found.columns}
    rows = tuple({name: kinds[name](text) for name, text in record.cells.items()} for record in found.records)
    lost = _misplaced(path.name, found, rows)
    if lost:
        return None, (*notes, f"{path.name} cannot be used: {lost}.")
    return Sheet(found.columns, rows), (*notes, *_odd(path.name, found, rows, names))


def _cell_of(column: str, sheet: read_back.Sheet, names: Sequence[str]) -> Any:
    """Return how the cells of a column are read."""
    if column in TEXTS:
        return _text

    def cell(text: str) -> Any:
        value = read_back.number(text, sheet.comma)
        if value is None or (column in names and text.strip() and not math.isfinite(value)):
            return text
        return value

    return cell


def _text(text: str) -> str:
    """Return a text without the mark that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@\t\r" else text


def _misplaced(name: str, sheet: read_back.Sheet, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the first cell that leaves a row without a place; empty where there is none."""
    for column in PLACES.get(name, ()):
        for record, row in zip(sheet.records, rows, strict=True) if column in sheet.columns else ():
            value = known(row[column])
            if math.isnan(value) or (column in SHARES and not -1e-9 <= value <= 1.0 + 1e-9):
                wanted = "a share from 0 to 1" if column in SHARES else "a number"
                return f"line {record.line}: {column} is {cut(record.cells[column], 30) or 'blank'}, not {wanted}"
    return ""


def _odd(name: str, sheet: read_back.Sheet, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Iterator[str]:
    """Yield a note on cells that are no numbers in columns of numbers."""
    found = []
    for column in sheet.columns:
        wrong = [i for i, row in enumerate(rows) if isinstance(row[column], str)]
        if column not in (*TEXTS, *names) and 0 < len(wrong) < len(rows):
            found += [(sheet.records[i].line, column, str(rows[i][column])) for i in wrong]
    if found:
        line, column, text = min(found)
        more = f", and {len(found) - 1:,} more" if found[1:] else ""
        yield f"{name}: cells that are no numbers are left out (line {line}, {column}: {cut(text, 30)}{more})."
