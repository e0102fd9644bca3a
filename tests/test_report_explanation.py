"""The page of an attribution: both ends, the largest parts and the changes are those of the tables of explain."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli import main
from sim.report.html.content import Page, Section
from sim.report.html.folder import read_folders
from sim.report.html.render import html
from sim.report.html.run_page import page_of

HEAD = "group,part,se,share_of_total,alone,last,measure,unit,a,b,value_a,value_b\n"
ENDS = "P(project_payback_years <= 40),share,press,base,1,0.25"
PARTS = (
    f"costs,-0.05,0.01,0.0667,-0.5,0,{ENDS}\n"
    f"supply + market,-0.6,0.02,0.8,-0.7,-0.2,{ENDS}\n"
    f"sanctions,-0.2,,0.2667,-0.3,-0.1,{ENDS}\n"
    f"link,0.1,0.001,-0.1333,0.1,0.1,{ENDS}\n"
)
CHANGES = (
    "group,path,before,after\ncosts,costs.items.plant.amount_million,2500,3000\nsupply + market,market,,{'x': 1}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an attribution made by hand."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "attribution.csv").write_text(HEAD + PARTS, "utf-8")
    (tmp_path / "made" / "changes.csv").write_text(CHANGES, "utf-8")
    return tmp_path / "made"


def page(*folders: Path) -> Page:
    """Return the page of some folders, after it was written as HTML."""
    made = page_of(read_folders(folders))
    assert html(made).startswith("<!DOCTYPE html>")
    return made


def part_of(made: Page, name: str = "attribution") -> Section:
    """Return a section of a page."""
    return next(section for section in made.sections if section.id == name)


def test_the_verdict_is_the_difference(folder: Path) -> None:
    """From where to where, in words that a board knows, and the three largest parts with their signs."""
    made = page(folder)
    assert made.title == "What makes the difference between press and base"
    assert made.subtitle == "Share of futures in which the payback from the start is at most 40 years"
    assert [(card.label, card.value) for card in made.verdict] == [
        ("From press", "100.0 %"),
        ("To base", "25.0 %"),
        ("Largest part", "supply + market"),
        ("Second", "sanctions"),
        ("Third", "link"),
    ]
    remarks = [card.remark for card in made.verdict]
    assert remarks[1] == "75.0 percentage points lower"
    assert remarks[2:] == ["−60.0 percentage points", "−20.0 percentage points", "+10.0 percentage points"]
    assert not made.notes


def test_parts_and_changes_are_listed(folder: Path) -> None:
    """Each part with its effect alone and last, each change with what was before and after."""
    section = part_of(page(folder))
    tables = dict(section.tables)
    parts = {row[0]: row[1:] for row in tables["The parts"].rows}
    assert parts["supply + market"] == ("−60.0", "−70.0", "−20.0") and parts["costs"] == ("−5.0", "−50.0", "0.0")
    assert tables["What was changed"].rows[0] == ("costs", "costs.items.plant.amount_million", "2500", "3000")
    assert tables["What was changed"].rows[1][2] == "–"
    figure = section.figures[0]
    assert figure.title == (
        "“supply + market” makes the largest part of the difference: −60.0 of −75.0 percentage points"
    )
    assert figure.table is not None
    assert [row[2] for row in figure.table.rows] == ["1.000", "2.000", "–", "0.100", "–"]


def test_several_and_incomplete_ones(folder: Path, tmp_path: Path) -> None:
    """Several attributions follow each other; an older table without ends says so, and one without changes, too."""
    older = tmp_path / "older"
    older.mkdir()
    (older / "attribution.csv").write_text("group,part,se\ncosts,-3e9,1e7\n", "utf-8")
    made = page(folder, older)
    assert [section.title for section in made.sections] == [
        "What makes the difference: made",
        "What makes the difference: older",
    ]
    words = made.sections[1].words
    assert "does not say between which scenarios" in words[0] and "changes.csv is not there" in words[-1]
    assert made.sections[1].figures[0].spec is None and "has no column unit" in made.sections[1].figures[0].missing
    assert any(note.startswith("older: changes.csv is missing") for note in made.notes)


def test_what_explain_writes_has_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`explain --csv DIR` and then `report DIR`: the parts add up to the difference that the cards say."""
    told = ["--draws", "256", "--workers", "1", "--quiet", "--csv", str(tmp_path / "why")]
    assert main(["explain", "sanctions/none", "base", *told]) == 0
    assert main(["report", str(tmp_path / "why")]) == 0
    assert "report.html" in capsys.readouterr().out
    assert (tmp_path / "why" / "report.html").stat().st_size < 3_000_000
    made = page(tmp_path / "why")
    assert [card.label for card in made.verdict[:2]] == ["From none", "To base"]
    assert made.verdict[0].remark == "Mean NPV"
