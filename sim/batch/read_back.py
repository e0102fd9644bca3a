"""CSVs read back as people leave them: any separator, decimal commas, byte-order marks; every fault with its place."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.base.words import cut, shown
from sim.errors import Problem, ScenarioError

MANIFEST = "manifest.yaml"
SEPARATORS = (",", ";", "\t")
LONGEST = 100
"""Letters of a list of names in a message."""
MOST_PROBLEMS = 20
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WITH_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+([eE][-+]?[0-9]+)?")
_WORDS = {"": math.nan, "nan": math.nan, **dict.fromkeys(("inf", "+inf", "infinity"), math.inf), "-inf": -math.inf}
AS_WRITTEN = "take the CSV as the program wrote it"


@dataclass(frozen=True)
class Record:
    """One row of a CSV: the line on which it begins, and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """A CSV: its path as the user gave it, columns, records, and how numbers are written in it."""

    path: Path
    header: str
    """``file:line`` of the names of its columns."""
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    comma: bool
    """Numbers have decimal commas."""
    digest: str
    """SHA-256 of its bytes, in hexadecimal."""

    def numbers(self, columns: Iterable[str]) -> list[dict[str, float]]:
        """Return the numbers of some columns, a mapping per record; blank is NaN, ``inf`` is never.

        Raises `ScenarioError` with line, column and value of each cell that is no number.
        """
        wanted = [name for name in columns if name in self.columns]
        problems: list[Problem] = []
        found = []
        for record in self.records:
            values = {name: number(record.cells[name], self.comma) for name in wanted}
            found.append({name: math.nan if value is None else value for name, value in values.items()})
            problems += [self._no_number(record, name) for name, value in values.items() if value is None]
        if problems:
            raise ScenarioError(problems[:MOST_PROBLEMS])
        return found

    def _no_number(self, record: Record, column: str) -> Problem:
        cure = "write a number, inf for never, or leave the cell blank"
        if re.search(r"[0-9][.,][0-9]", record.cells[column]):
            mark = "comma" if self.comma else "point"
            cure = f"write it without separators of thousands; the decimals of this file begin with a {mark}"
        return Problem(f"{self.path}:{record.line}", column, f"{shown(record.cells[column])} is no number", cure)


def number(text: str, comma: bool = False) -> float | None:
    """Return the number in a cell, NaN where it is blank, None where there is something else.

    >>> number("1e3"), number("inf"), number("1,5"), number("1,5", comma=True), number("1.5", comma=True)
    (1000.0, inf, None, 1.5, None)
    """
    bare = text.strip()
    if bare.lower() in _WORDS:
        return _WORDS[bare.lower()]
    if comma and "." in bare:
        return None
    value = bare.replace(",", ".", 1) if comma else bare
    if not _NUMBER.fullmatch(value):
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def read_csv(path: Path) -> Sheet:
    """Return what a CSV holds; `ScenarioError` with the line where it cannot be read. Blank lines are passed over."""
    data = _bytes(path)
    text = _text(path, data)
    separator = _separator(text)
    lines = _lines(path, text, separator)
    if not lines:
        raise ScenarioError.single("the file is empty", where=str(path), cure="name the results of a finished run")
    (first, header), *rest = lines
    columns = _columns(path, first, header)
    records = tuple(Record(line, _cells(path, line, columns, row)) for line, row in rest)
    comma = separator != "," and any(_WITH_COMMA.fullmatch(cell.strip()) for r in records for cell in r.cells.values())
    return Sheet(path, f"{path}:{first}", columns, records, comma, hashlib.sha256(data).hexdigest())


def names(words: Sequence[str]) -> str:
    """Return names for a message, cut where they are many.

    >>> names(["mean", "p10"])
    'mean, p10'
    """
    return cut(", ".join(words), LONGEST) if words else "nothing"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        cure = "check its permissions"
        raise ScenarioError.single(f"cannot be read: {error.strerror or error}", where=str(path), cure=cure) from None


def _text(path: Path, data: bytes) -> str:
    """Return the text of a file: UTF-8, with or without a byte-order mark."""
    if data.startswith(b"PAR1"):
        cure = "name the results folder, or the summary.csv in it"
        raise ScenarioError.single("is a parquet file, no CSV", where=str(path), cure=cure)
    cure = "save it as a CSV in UTF-8"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = str(path) if b"\0" in data else f"{path}:{line}"
        raise ScenarioError.single("is no text in UTF-8", where=where, cure=cure) from None
    if "\0" in text:
        raise ScenarioError.single("is no text: it holds bytes of zero", where=str(path), cure=cure)
    return text


def _separator(text: str) -> str:
    """Return what separates the cells: that which gives the first line most of them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    counts = {sign: len(next(csv.reader([first], delimiter=sign), [])) for sign in SEPARATORS}
    return max(SEPARATORS, key=lambda sign: counts[sign])


def _lines(path: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, line = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        where = f"{path}:{max(line, 1)}"
        raise ScenarioError.single(f"is no CSV: {error}", where=where, cure=AS_WRITTEN) from None
    return rows


def _columns(path: Path, line: int, header: list[str]) -> tuple[str, ...]:
    found = [name.strip() for name in header]
    while found and not found[-1]:
        found.pop()
    for i, name in enumerate(found):
        if not name:
            raise ScenarioError.single(f"column {i + 1} has no name", where=f"{path}:{line}", cure=AS_WRITTEN)
        if name in found[:i]:
            cure = "keep one of them"
            raise ScenarioError.single("the column is there twice", where=f"{path}:{line}", path=name, cure=cure)
    return tuple(found)


def _cells(path: Path, line: int, columns: tuple[str, ...], row: list[str]) -> dict[str, str]:
    if len(row) < len(columns) or any(cell.strip() for cell in row[len(columns) :]):
        message = f"the row has {len(row)} cells, the header {len(columns)}"
        raise ScenarioError.single(message, where=f"{path}:{line}", cure=AS_WRITTEN)
    return dict(zip(columns, row, strict=False))
