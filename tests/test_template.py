"""Shipped scenarios are found by name, and ``new`` writes a scenario that checks, runs and says what base says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.base.sampling import REPLICATE
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.scenario import read
from sim.study import template
from sim.study.keys import keys
from sim.study.template import find_shipped, new

ROOT = Path(__file__).parents[1]
BASE = ROOT / "scenarios" / "base.yaml"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return the file of a new scenario."""
    file = tmp_path / "mine.yaml"
    file.write_text(new("mine"), "utf-8")
    return file


def test_new_says_what_base_says(made: Path) -> None:
    """Every number and source is that of the base case; title, text and all benchmarks but one are not taken over."""
    own, base = read(made), read(BASE)
    for data in (own.data, base.data):
        benchmarks = data["evaluation"]["benchmarks"]
        data["evaluation"]["benchmarks"] = {name: benchmarks[name] for name in list(benchmarks)[:1]}
        del data["title"], data["about"]
    assert own.data == base.data


def test_new_runs(made: Path) -> None:
    """It gives the results of the base case, draw for draw."""
    own, base = (simulate(read(file), REPLICATE, 1) for file in (made, BASE))
    assert (own.metrics["project_npv_usd"] == base.metrics["project_npv_usd"]).all()


def test_new_is_readable() -> None:
    """It is short, no line is too long, keys are explained where they first stand, distributions are on a line.

    Short: all numbers of base, each with its source and once with its meaning; the term sheet of two loans and what
    belongs to it takes 100 of the lines, sanctions take 60, and leaving them out would not be the base case.
    """
    lines = new("mine").splitlines()
    assert len(lines) <= 430
    assert max(map(len, lines)) <= template.WIDTH
    text = "\n".join(lines)
    assert "extends" not in text
    assert "\n  capacity_mw: {value: 1000, source:" in text and "# Capacity at the sending end. [MW]" in text
    assert "years: {dist: pert, min: 4, mode: 5.5, max: 8," in text
    assert "# more keys: outages" in text and "*overrun" in text


def test_new_names_every_key_of_its_blocks(made: Path) -> None:
    """Keys that are not used are named as more keys, in the blocks that are there."""
    text = made.read_text("utf-8")
    for key in keys():
        if len(key.path) == 2 and key.path[1] != "source":
            assert key.path[1] in text, key.dotted


@pytest.mark.parametrize("name", ["", "a b", "../x", "x.yaml", "a/b", "-x", "ä"])
def test_bad_names(name: str) -> None:
    """A name is a plain word: it becomes a file and a folder of results."""
    with pytest.raises(ScenarioError, match="is no name for a scenario"):
        new(name)


def test_shipped_are_found_in_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From any folder, with or without .yaml."""
    monkeypatch.chdir(tmp_path)
    assert find_shipped("base") == find_shipped("base.yaml") == BASE
    assert find_shipped("press_claim") == ROOT / "scenarios" / "press_claim.yaml"


@pytest.mark.parametrize(
    "name", ["", "none_such", "../scenarios/base", "/etc/passwd", "..", ".", "a\\b", "schema.json"]
)
def test_others_are_not_found(name: str) -> None:
    """What is not shipped, and ways out of the folder, are not found."""
    assert find_shipped(name) is None


def test_shipped_are_found_in_an_installed_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wheel has them under sim/_data; they count before a folder that happens to be called scenarios."""
    package = tmp_path / "site-packages" / "sim"
    inside = package / "_data" / "scenarios" / "financing"
    inside.mkdir(parents=True)
    (inside / "jbic_60.yaml").write_text("title: x\n", "utf-8")
    other = package.parent / "scenarios"
    other.mkdir()
    (other / "base.yaml").write_text("title: y\n", "utf-8")
    monkeypatch.setattr(template, "files", lambda name: package)
    assert find_shipped("financing/jbic_60") == inside / "jbic_60.yaml"
    assert find_shipped("base") is None
