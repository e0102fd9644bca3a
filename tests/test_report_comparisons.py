"""The page of a comparison, of tables made by hand: differences are those of the means beside them, and are drawn."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from test_report_charts import data_of, valid

from sim.batch.compare import COLUMNS, TIME_COLUMNS
from sim.report.html import charts
from sim.report.html.content import Page, Section, View
from sim.report.html.folder import Folder, read_folders
from sim.report.html.run_page import page_of

NOTE = "The horizons differ: 54 years in base, 69 in full; what pays back does so within its own."
ALIKE: dict[str, Any] = {"paired": "yes", "share_compared": 1, "share_defined_a": 1, "share_defined_b": 1}


def figures(b: str, npv: float) -> list[dict[str, Any]]:
    """Return the rows of a comparison with base: one metric that all futures have, and three that not all have."""
    return [
        {**ALIKE, "a": "base", "b": b, "metric": "project_npv_usd", "unit": "USD", "mean_a": -3e9, "mean_b": -3e9 + npv,
         "difference": npv, "se": 1e8, "ci_low": npv - 2e8, "ci_high": npv + 2e8, "p50_a": -4e9, "p50_b": 0},
        {**ALIKE, "a": "base", "b": b, "metric": "paid_back", "unit": "share", "mean_a": 0.04, "mean_b": 0.02,
         "difference": -0.02, "p50_a": 0, "p50_b": 0},
        {**ALIKE, "a": "base", "b": b, "metric": "project_irr", "unit": "per year", "mean_a": -0.603, "mean_b": -0.584,
         "difference": -0.095, "share_compared": 0.5, "mean_a_where_both": -0.409, "mean_b_where_both": -0.504,
         "share_defined_b": 0.5, "p50_a": -1, "p50_b": -1},
        {**ALIKE, "a": "base", "b": b, "metric": "dscr_min_year", "unit": "calendar year", "mean_a": 2035.8,
         "mean_b": 2041.2, "difference": 5.4, "p50_a": 2035, "p50_b": 2041},
    ]  # fmt: skip


def times(b: str, **parts: float) -> dict[str, Any]:
    """Return the row of who pays back."""
    row = {"a": "base", "b": b, "metric": "project_payback_years", "paired": "yes"}
    return row | {"p_a": 0.04, "p_b": 0.02, "both": 0.01, "only_a": 0.03, "only_b": 0.01, "neither": 0.95} | parts


def write(file: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Write a table; cells that are not named are blank."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a comparison of two results with a third."""
    place = tmp_path / "pairs"
    place.mkdir()
    write(place / "comparison.csv", COLUMNS, [*figures("full", 2.1e9), *figures("replay", -0.85e9)])
    write(place / "paybacks.csv", TIME_COLUMNS, [times("full"), times("replay", p_b=0.0, both=0.0, only_a=0.04)])
    write(place / "notes.csv", ("a", "b", "note"), [{"a": "base", "b": "full", "note": NOTE}])
    return place


def read(place: Path) -> tuple[Folder, Page]:
    """Return a folder read back and its page."""
    folders = read_folders([place])
    return folders[0], page_of(folders)


def section(page: Page, name: str) -> Section:
    """Return a section by its title."""
    return next(part for part in page.sections if part.title == name)


def all_figures(page: Page) -> View:
    """Return the table of all figures of the first pair."""
    return dict(section(page, "full compared with base").tables)["All figures"]


def test_differences_are_those_of_the_means(place: Path) -> None:
    """Where not all futures have a value in both, the means are of those that have, and the row is marked."""
    page = read(place)[1]
    rows = {row[0]: row for row in all_figures(page).rows}
    assert rows["Rate of return (IRR), nominal *"][1:5] == ("% a year", "−40.9", "−50.4", "−9.5")
    assert rows["Net present value (NPV)"][4].startswith("+2.1")
    assert all_figures(page).note.startswith("* Means of the futures that have a value in both")


def test_shares_have_no_median_and_years_no_thousands(place: Path) -> None:
    """Of what happens or not only the share is shown; calendar years are whole and without separators."""
    rows = {row[0]: row for row in all_figures(read(place)[1]).rows}
    assert rows["Pays back"][2:4] == ("4.0", "2.0") and rows["Pays back"][-2:] == ("", "")
    assert rows["Year of the least cover"][2:4] == ("2036", "2041") and rows["Year of the least cover"][-1] == "2041"


def test_notes_are_caveats(place: Path) -> None:
    """What compare noted comes first; that it is not there in an older folder is told."""
    assert read(place)[1].caveats[0] == NOTE
    (place / "notes.csv").unlink()
    caveats = read(place)[1].caveats
    assert NOTE not in caveats and "There is no notes.csv" in caveats[0]


def test_who_pays_is_drawn(place: Path) -> None:
    """A bar for each pair, whose parts are those of the table and add up to all futures."""
    folder, page = read(place)
    figure = charts.who_pays(folder)
    valid(figure)
    parts = [row for row in data_of(figure)[0] if "share" in row]
    assert [row["share"] for row in parts if row["i"] == 0] == [0.01, 0.03, 0.01, 0.95]
    assert sum(row["share"] for row in parts if row["i"] == 1) == pytest.approx(1.0)
    assert figure.title == "Pays back most often: base, in 4.0 % of futures"
    assert figure.table is not None
    assert figure.table.columns == ("Results", "in both", "only in base", "only in the other", "in neither")
    assert [one.id for one in section(page, "All at a glance").figures] == ["who-pays-pairs", "npv-apart-pairs"]


def test_npvs_are_drawn_with_their_intervals(place: Path) -> None:
    """Points are the differences, in the unit of the axis, and lines their intervals."""
    figure = charts.npv_apart(read(place)[0])
    valid(figure)
    rows = data_of(figure)[0]
    assert [(row["difference"], row["ci_low"]) for row in rows] == [
        (2.1, pytest.approx(1.9)),
        (-0.85, pytest.approx(-1.05)),
    ]
    assert figure.title == "The mean NPV differs most in full: 2.1 bn USD more than in base"
    assert figure.table is not None and figure.table.rows[1][2] == "−1.05 to −0.65"


def test_a_single_pair(place: Path) -> None:
    """One pair has the bar, with both by name, and no chart of several."""
    write(place / "comparison.csv", COLUMNS, figures("full", 2.1e9))
    write(place / "paybacks.csv", TIME_COLUMNS, [times("full")])
    (figure,) = section(read(place)[1], "Who pays back").figures
    assert figure.title == "Pays back in 4.0 % of futures in base, in 2.0 % in full; in neither in 95.0 %"
    assert figure.table is not None and figure.table.columns[2:4] == ("only in base", "only in full")


def test_what_is_missing_is_told(place: Path) -> None:
    """Without intervals only points are drawn; without a column, a table or paired futures the page says why."""
    folder = read(place)[0]
    for row in folder.sheets["comparison.csv"].rows:
        row |= dict.fromkeys(("ci_low", "ci_high"), float("nan"))
    figure = charts.npv_apart(folder)
    valid(figure)
    assert figure.table is not None and [row[2] for row in figure.table.rows] == ["–", "–"]
    write(place / "paybacks.csv", TIME_COLUMNS, [times("full") | dict.fromkeys(("both", "neither"), "")])
    assert "have not drawn the same futures" in charts.who_pays(read(place)[0]).missing
    write(place / "comparison.csv", ("a", "b", "metric"), [{"a": "base", "b": "full", "metric": "x"}])
    (place / "paybacks.csv").unlink()
    folder = read(place)[0]
    assert "has no column difference" in charts.npv_apart(folder).missing
    assert "paybacks.csv is not in the folder" in charts.who_pays(folder).missing
