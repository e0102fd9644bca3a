"""Results folders that somebody has spoilt: every table is read strictly, the page comes, and says what it left out."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.cli import main
from sim.report.html.content import Page
from sim.report.html.folder import Folder, read_folders
from sim.report.html.render import html
from sim.report.html.run_page import page_of
from sim.report.html.sheets import read_sheet

Change = Callable[[list[dict[str, str]]], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small quarterly run, which has every kind of table."""
    out = tmp_path_factory.mktemp("whole")
    settings = ("--set", "timeline.periods_per_year=4", "--set", "correlations=null")
    assert main(["run", "base", *settings, "--draws", "256", "--quiet", "--out", str(out)]) == 0
    return out / "base"


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """Return a copy that may be spoilt."""
    return Path(shutil.copytree(whole, tmp_path / "base"))


def change(file: Path, how: Change) -> None:
    """Write a table again after something was done to its rows."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    how(rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def every(column: str, text: str) -> Change:
    """Return what writes a text into a column of every row."""

    def write(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row[column] = text

    return write


def last(column: str, text: str) -> Change:
    """Return what writes a text into a column of the last row."""

    def write(rows: list[dict[str, str]]) -> None:
        rows[-1][column] = text

    return write


def made(folder: Path) -> Page:
    """Return the page of a folder, after it was written as HTML, which refuses numbers that JSON does not have."""
    page = page_of(read_folders([folder]))
    assert html(page).startswith("<!DOCTYPE html>")
    return page


@pytest.mark.parametrize("text", ["", "inf", "-inf", "abc", "1_0", "7e400"])
@pytest.mark.parametrize(
    ("name", "column"),
    [
        *(("payback.csv", "year"), ("payback.csv", "p_paid_back"), ("regimes.csv", "year"), ("regimes.csv", "share")),
        *(("cashflow.csv", "period"), ("cashflow.csv", "year")),
    ],
)
@pytest.mark.parametrize("where", [every, last], ids=["every", "last"])
def test_a_row_without_its_place(copy: Path, name: str, column: str, text: str, where: Any) -> None:
    """A year or a share that is no number leaves out its table, with the line of the first such cell."""
    change(copy / name, where(column, text))
    page = made(copy)
    told = [note for note in page.notes if note.startswith(f"{name} cannot be used: line ")]
    assert len(told) == 1 and f"{column} is {text or 'blank'}, not a " in told[0]
    assert any(note == f"{name} is missing; what it tells is not on this page." for note in page.notes)


@pytest.mark.parametrize("text", ["-0.1", "1.5", "1e300"])
def test_a_share_is_from_nothing_to_all(copy: Path, text: str) -> None:
    """More than all futures have not paid back."""
    change(copy / "payback.csv", last("p_paid_back", text))
    assert any(f"p_paid_back is {text}, not a share from 0 to 1" in note for note in made(copy).notes)


def test_cells_that_are_no_numbers(copy: Path) -> None:
    """They are left out, counted, and the first is named."""
    change(copy / "summary.csv", last("mean", "a lot"))
    change(copy / "summary.csv", last("p10", "less"))
    with (copy / "summary.csv").open(encoding="utf-8") as stream:
        line = sum(1 for _ in stream)
    told = [note for note in made(copy).notes if "are left out" in note]
    assert told == [f"summary.csv: cells that are no numbers are left out (line {line}, mean: a lot, and 1 more)."]


@pytest.mark.parametrize("periods", [0, -4, "x", 1.5])
def test_a_manifest_with_odd_periods(copy: Path, periods: Any) -> None:
    """Periods of a year that cannot be are said; the page comes all the same."""
    file = copy / "manifest.yaml"
    data = yaml.safe_load(file.read_text("utf-8"))
    data["scenario"]["timeline"]["periods_per_year"] = periods
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")
    assert any("is not one that this program reads" in note for note in made(copy).notes)


def test_quarters_are_named(whole: Path) -> None:
    """The cover of debt service of a quarter stands under the year and the quarter of its row."""
    sections = {part.id: part for part in page_of(read_folders([whole])).sections}
    table = sections["dscr"].figures[0].table
    assert table is not None
    with (whole / "cashflow.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["line"] == "dscr" and row["p50"]]
    assert [row[0] for row in table.rows] == [f"{row['year']} Q{(int(row['period']) - 1) % 4 + 1}" for row in rows]


def test_names_of_an_axis_stay_as_they_are(tmp_path: Path) -> None:
    """A point of an axis may be called as Python writes numbers; numbers are those that CSVs of results have."""
    file = tmp_path / "cases.csv"
    file.write_text("case,history,paid_back.mean\n1,2014_2022,0.1\n2,nan,0.2\n3,inf,0.3\n4,1e3,inf\n", "utf-8")
    sheet, notes = read_sheet(file, ["history"], None)
    assert sheet is not None and not notes
    assert [row["history"] for row in sheet.rows] == ["2014_2022", "nan", "inf", 1000.0]
    assert [row["paid_back.mean"] for row in sheet.rows] == [0.1, 0.2, 0.3, float("inf")]


def test_spreadsheets_may_have_written_it(tmp_path: Path) -> None:
    """Semicolons, decimal commas, a byte-order mark and the mark before a formula are read as they are meant."""
    file = tmp_path / "drivers.csv"
    file.write_bytes("\ufeffinput;rank_correlation\n'=cmd|x;-0,25\n".encode())
    sheet, notes = read_sheet(file, (), None)
    assert sheet is not None and not notes
    assert sheet.rows == ({"input": "=cmd|x", "rank_correlation": -0.25},)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "payback.csv cannot be read: the file is empty."),
        (b"\xff\xfe\x00", "payback.csv cannot be read"),
        (b"year,p_paid_back\n1\n", "payback.csv cannot be read: line 2: the row has 1 cells, the header 2."),
        (b'year,p_paid_back\n"1,2\n', "payback.csv cannot be read: line 2: is no CSV"),
        (b"PAR1", "is a parquet file"),
    ],
)
def test_what_is_no_table(copy: Path, data: bytes, told: str) -> None:
    """A file that is no CSV is named with the line and the reason, once."""
    (copy / "payback.csv").write_bytes(data)
    notes = made(copy).notes
    assert sum(told in note for note in notes) == 1, notes


def test_a_folder_knows_its_calendar(whole: Path) -> None:
    """The first year comes from the scenario, else from the cash flow; without both it is not known."""
    found = read_folders([whole])[0]
    assert (found.start_year, found.periods_per_year) == (2027, 4)
    bare = Folder(found.path, "run", "bare", None, found.sheets, (), ())
    assert (bare.start_year, bare.periods_per_year) == (2027, 1)
    assert Folder(found.path, "run", "bare", None, {}, (), ()).start_year is None
