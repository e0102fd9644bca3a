"""What a broken scenario is told: every mistake at once, each with its place, what is wrong and how to mend it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from small_scenarios import constant, small_scenario

from sim import checks
from sim.base import correlations
from sim.base.scenario_files import MAX_FILES, merge
from sim.errors import ScenarioError
from sim.prepare import prepare
from sim.scenario import from_data, parse_override, read

FOLDER = Path(__file__).parent / "bad_scenarios"
GOOD, WITH_LOAN = FOLDER / "good.yaml", FOLDER / "good_loan.yaml"
WITH_SANCTIONS = FOLDER / "good_sanctions.yaml"
EXPECTED: dict[str, list[str]] = yaml.safe_load((FOLDER / "expected.yaml").read_text("utf-8"))
SOUND = (GOOD.name, WITH_LOAN.name, WITH_SANCTIONS.name, "expected.yaml")
BROKEN = sorted(file.name for file in FOLDER.glob("*.yaml") if file.name not in SOUND)


def told(path: Path, *settings: str) -> list[str]:
    """Return what is said about a scenario file, without the folder."""
    with pytest.raises(ScenarioError) as caught:
        prepare(read(path, [parse_override(text) for text in settings]))
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


def said_of(data: dict[str, Any]) -> list[str]:
    """Return what is said about plain data."""
    with pytest.raises(ScenarioError) as caught:
        from_data("plain", data)
    return [str(problem) for problem in caught.value.problems]


def test_the_good_one_is_good() -> None:
    """The scenarios that the others extend have no mistake, and every file has its expectation."""
    assert read(GOOD).written.title == "A small link"
    for file in (WITH_LOAN, WITH_SANCTIONS):
        assert not checks.warnings(prepare(read(file)).spec.written)
    assert sorted(EXPECTED) == BROKEN
    assert len(BROKEN) >= 60


@pytest.mark.parametrize("name", BROKEN)
def test_messages_word_for_word(name: str) -> None:
    """Each file is told exactly what expected.yaml says; every problem has a place and a cure."""
    assert told(FOLDER / name) == EXPECTED[name]
    with pytest.raises(ScenarioError) as caught:
        prepare(read(FOLDER / name))
    for problem in caught.value.problems:
        assert problem.where and problem.message and problem.cure


def test_six_mistakes_are_six_problems() -> None:
    """Mistakes of text, key, value, distribution and between sections are reported together."""
    assert len(EXPECTED["six_mistakes.yaml"]) == 6
    assert len(EXPECTED["nine_mistakes.yaml"]) == 9


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "link.capacity_mv=600",
            "--set link.capacity_mv: link.capacity_mv: this key is not known; did you mean capacity",
        ),
        ("lnk.capacity_mw=600", "--set lnk.capacity_mw: lnk: this key is not known; did you mean link?"),
        ("link.capacity_mw=much", "--set link.capacity_mw: link.capacity_mw: 'much' is not a number; write a plain"),
        (
            "link.capacity_mw.value.x=1",
            "--set link.capacity_mw.value.x: link.capacity_mw: {x: 1} is not a number; write",
        ),
        ("link.capacity_mw=007", "--set link.capacity_mw: 007 begins with 0; drop the zero"),
        ("link=5", "--set link: link: 5 is not a block of keys; write"),
        ("link=null", "link: this key is missing; add link"),
        ("link..capacity_mw=5", "--set: 'link..capacity_mw' is not a dotted key; write"),
        ("²=5", "--set ²: ²: this key is not known; known keys"),
        ("title=*x", "--set title: not valid YAML: an alias without"),
        ("title=\x07", "--set title: holds the character U+0007; remove it"),
        ("title={a: &a [*a]}", "--set title: the alias *a stands inside its own anchor"),
        ("market.duration_curve.50=9", "market.duration_curve: falls somewhere; sort"),
        ("market.duration_curve.0.5=-9", "market.duration_curve: falls somewhere; sort"),
        ("correlations.costs.items.plant.overrun.costs.items.cable.overrun=2", "2 is not between -1 and 1; give"),
        ("market.schemes.spot.share=0.5", "market.schemes: the shares sum to 0.5, not to 1; change"),
        ("macro.inflation.usd.process=constnt", "process 'constnt' is not possible here; did you mean constant?"),
        ("costs.items.cable.currency=USD", "costs.items.cable.currency: 'USD' is not a currency code; write usd"),
    ],
)
def test_settings_that_cannot_be(setting: str, said: str) -> None:
    """A change on the command line that cannot be is one problem, said at the setting."""
    problems = told(GOOD, setting)
    assert len(problems) == 1
    assert said in problems[0]


def test_settings_that_can_be() -> None:
    """Numbers, percentiles, processes and correlations can be set; null deletes, also what is not there."""
    settings = ["link.length_km=1e2", "market.duration_curve.99.5=2.5", "macro.inflation.usd.value=0.03", "source=null"]
    settings += [
        "correlations.costs.items.plant.overrun.costs.items.cable.overrun=0.25",
        "tax.jurisdictions.all.depreciation.half_year=true",
    ]
    spec = read(GOOD, [parse_override(text) for text in settings])
    assert spec.leaves["link.length_km"].dist.lower == 100.0
    assert spec.written.market.duration_curve == {0: 0.1, 50: 1, 99.5: 2.5, 100: 3}
    assert spec.leaves["macro.inflation.usd.value"].dist.lower == 0.03
    assert spec.written.correlations == {"costs.items.plant.overrun": {"costs.items.cable.overrun": 0.25}}
    assert spec.written.tax.jurisdictions["all"].depreciation.half_year


def test_merging() -> None:
    """Blocks merge, numbers and processes of another kind replace, null deletes, a value may replace a block."""
    data: dict[Any, Any] = {"a": {"dist": "pert", "min": 1}, "b": {"process": "gbm", "spot": 1}, "c": {"x": 1, "y": 2}}
    merge(
        data, {"a": {"value": 3}, "b": {"process": "constant", "value": 2}, "c": {"x": None, "none": None}, "d": None}
    )
    assert data == {"a": {"value": 3}, "b": {"process": "constant", "value": 2}, "c": {"y": 2}}
    merge(data, {"b": {"value": 4}, "c": 5, "a": {"deep": {"null": None}}})
    assert data == {"a": {"value": 3, "deep": {}}, "b": {"process": "constant", "value": 4}, "c": 5}


def test_files_that_are_none(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe and names that cannot be are one problem each."""
    (tmp_path / "base.yaml").write_text("title: x\n")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert told(tmp_path / "bas.yaml") == [
        "bas.yaml: cannot be read: No such file or directory; did you mean base.yaml?"
    ]
    assert told(tmp_path) == [f"{tmp_path.name}: is a folder; name a scenario file inside it"]
    assert told(tmp_path / "pipe.yaml") == ["pipe.yaml: is not a plain file; save the scenario as a file"]
    for name in ("loop.yaml", "a\0b.yaml", "x" * 3000):
        (problem,) = told(tmp_path / name)
        assert "cannot be read" in problem


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without permission is one problem."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "secret.yaml"
    file.write_text("title: x\n")
    monkeypatch.setattr(Path, "open", refuse)
    assert told(file) == ["secret.yaml: cannot be read: Permission denied; check the path"]


def test_extends_through_a_link(tmp_path: Path) -> None:
    """A symbolic link that leads out of the folder is refused; one inside it is followed."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (tmp_path / "outside.yaml").write_text("title: outside\n")
    (folder / "good.yaml").write_bytes(GOOD.read_bytes())
    (folder / "out.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "in.yaml").symlink_to(folder / "good.yaml")
    (folder / "bad.yaml").write_text("extends: out.yaml\n")
    (folder / "fine.yaml").write_text("extends: in.yaml\ntitle: fine\n")
    assert "leads out of scenarios/" in told(folder / "bad.yaml")[0]
    assert read(folder / "fine.yaml").written.title == "fine"


def test_a_later_file_wins(tmp_path: Path) -> None:
    """Of several extended files the later wins, and both lose against the file itself, in chains too."""
    (tmp_path / "good.yaml").write_bytes(GOOD.read_bytes())
    (tmp_path / "one.yaml").write_text("extends: good.yaml\ntitle: one\nlink: {length_km: 1, capacity_mw: 1}\n")
    (tmp_path / "two.yaml").write_text("extends:\ntitle: two\nlink: {length_km: 2}\n")
    (tmp_path / "all.yaml").write_text("extends: [one.yaml, two.yaml]\ntax: {jurisdictions: {all: {rate: 0.5}}}\n")
    spec = read(tmp_path / "all.yaml")
    assert spec.written.title == "two"
    assert [spec.leaves[f"link.{key}"].dist.lower for key in ("length_km", "capacity_mw")] == [2.0, 1.0]


def family(folder: Path, **files: str) -> None:
    """Write the sound scenario and others beside it; ``_`` in a name is a folder."""
    (folder / "good.yaml").write_bytes(GOOD.read_bytes())
    for name, text in files.items():
        file = folder / f"{name.replace('_', '/')}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def test_a_base_of_several_counts_once(tmp_path: Path) -> None:
    """Of two files that extend one base each brings its own lines: the base in the second does not undo the first."""
    family(
        tmp_path,
        one="extends: good.yaml\nlink: {length_km: 1}\nmarket: {charges: null}\ncorrelations: null\n",
        two="extends: good.yaml\nlink: {converter_loss: 0.01}\nsupply: {availability: {value: 0.5}}\n",
        both="extends: [one.yaml, two.yaml]\n",
        other="extends: [two.yaml, good.yaml, one.yaml, one.yaml]\n",
    )
    for name in ("both", "other"):
        spec = read(tmp_path / f"{name}.yaml")
        numbers = [spec.leaves[f"link.{key}"].dist.lower for key in ("length_km", "converter_loss", "capacity_mw")]
        assert numbers == [1.0, 0.01, 600.0]
        assert not spec.written.market.charges and not spec.written.correlations
        assert spec.leaves["supply.availability"].certain
        marks = {key: spec.marks["link", key] for key in ("length_km", "converter_loss", "capacity_mw")}
        assert marks["length_km"].endswith("one.yaml:2") and marks["converter_loss"].endswith("two.yaml:2")
        assert "good.yaml:" in marks["capacity_mw"]


def test_a_base_stands_where_it_is_first_needed(tmp_path: Path) -> None:
    """A file that an earlier one extends is below that one, wherever else it is named; the later of two still wins."""
    family(
        tmp_path,
        one="extends: good.yaml\ntitle: one\nlink: {length_km: 1}\n",
        two="extends: one.yaml\ntitle: two\nlink: {capacity_mw: 2}\n",
        three="extends: good.yaml\ntitle: three\nlink: {length_km: null, capacity_mw: 3}\n",
        late="extends: [two.yaml, one.yaml]\n",
        wins="extends: [two.yaml, three.yaml]\nlink: {length_km: 7}\n",
        deletes="extends: [two.yaml, three.yaml]\n",
    )
    late, wins = read(tmp_path / "late.yaml"), read(tmp_path / "wins.yaml")
    assert (late.written.title, late.leaves["link.length_km"].dist.lower) == ("two", 1.0)
    assert (wins.written.title, wins.leaves["link.capacity_mw"].dist.lower) == ("three", 3.0)
    assert wins.leaves["link.length_km"].dist.lower == 7.0
    assert told(tmp_path / "deletes.yaml") == ["three.yaml:3: link.length_km: this key is missing; add length_km"]


def test_a_base_of_several_is_told_once(tmp_path: Path) -> None:
    """What is wrong with a file that several extend is said once, at its line; circles are found all the same."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    family(
        folder,
        base="extends: good.yaml\nlink: {length_km: [1]}\ntitle: 007\n",
        a_one="extends: ../base.yaml\n",
        a_two="extends: [../base.yaml, ../a/one.yaml]\nlink: {capacity_mw: x}\n",
        b_most="extends: [../a/one.yaml, ../a/two.yaml]\n",
        b_all="extends: [../a/one.yaml, ../a/two.yaml, ../a/none.yaml]\n",
        c_one="extends: [two.yaml, ../good.yaml]\n",
        c_two="extends: [../good.yaml, one.yaml]\n",
    )
    assert sorted(line.rpartition("../")[2] for line in told(folder / "b" / "most.yaml")) == [
        "a/two.yaml:2: link.capacity_mw: 'x' is not a number; write a plain number such as 0.05 or 1200",
        "base.yaml:2: link.length_km: [1] is not a number; write a plain number such as 0.05 or 1200",
        "base.yaml:3: title: 007 begins with 0; drop the zero, or quote it as a text",
    ]
    said = told(folder / "b" / "all.yaml")
    assert len(said) == 2 and "none.yaml', which is no file; did you mean one.yaml?" in said[0]
    (circle,) = told(folder / "c" / "one.yaml")
    assert "two.yaml:1" in circle and "comes back to a file that leads here" in circle


def test_shipped_files_compose(tmp_path: Path) -> None:
    """A financing and a state of politics, both changes of the base case, are put together by naming both."""
    folder = shutil.copytree(FOLDER.parents[1] / "scenarios", tmp_path / "scenarios")
    (folder / "both.yaml").write_text("extends: [financing/all_equity.yaml, sanctions/none.yaml]\n")
    whole = read(folder / "both.yaml").written
    assert whole.financing is not None and whole.sanctions is not None
    assert not whole.financing.tranches and list(whole.sanctions.regimes) == ["none"]
    assert whole.timeline.decision is None and len(whole.costs.items) > 3


def test_too_many_files(tmp_path: Path) -> None:
    """Files that double at each step end at a limit, not after the lifetime of the universe."""
    for i in range(60):
        (tmp_path / f"f{i}.yaml").write_text(f"extends: [f{i + 1}.yaml, f{i + 1}.yaml]\n")
    (tmp_path / "f60.yaml").write_text("title: x\n")
    assert f"more than {MAX_FILES} files extend one another" in told(tmp_path / "f0.yaml")[0]


def test_numbers_of_programs() -> None:
    """Plain data may hold what no file can: NaN, infinities, numbers without end, objects."""
    for value in (float("nan"), float("inf"), 10**400, None, object(), b"x", 1 + 2j, {1, 2}, "x" * 100_000):
        data = small_scenario()
        data["link"]["capacity_mw"] = value
        (problem,) = said_of(data)
        assert problem.startswith("plain: link.capacity_mw: ")
        assert len(problem) < 500
    data = small_scenario()
    data["market"]["duration_curve"] = {0: 1, 50: float("nan"), 100: 1}
    assert "market.duration_curve" in said_of(data)[0]


def test_the_nearest_correlations_do() -> None:
    """The matrix that is proposed is accepted, and it is near."""
    wanted = correlations.matrix(
        ["a", "b", "c", "d"], {("b", "a"): 0.9, ("c", "a"): -0.9, ("c", "b"): 0.9, ("d", "a"): 0.3}
    )
    near = np.round(correlations.nearest(wanted), 2)
    assert correlations.smallest_eigenvalue(wanted) < 0.0 < correlations.smallest_eigenvalue(near)
    assert np.max(np.abs(near - wanted)) < 0.5
    data = yaml.safe_load(GOOD.read_text())
    data["correlations"] = {
        "costs.items.cable.overrun": {"timeline.construction.years": 0.48},
        "costs.items.plant.overrun": {"timeline.construction.years": -0.48, "costs.items.cable.overrun": 0.48},
    }
    assert len(from_data("near", data).mixing) == 3


def test_checks_do_not_hide_each_other() -> None:
    """A section that cannot be read does not keep checks of the others from being made."""
    data = small_scenario()
    data["macro"] = 5
    data["timeline"]["construction"] = []
    data["market"]["schemes"]["merchant"]["share"] = 0.5
    data["evaluation"]["discount_rate_nominal"] = 0.1
    assert [line.split(":")[1].strip() for line in said_of(data)] == [
        "timeline.construction",
        "macro",
        "evaluation.discount_rate_nominal",
        "market.schemes",
    ]


def test_a_season_of_one_month() -> None:
    """Laying that would take longer than the model looks ahead is refused before the engine meets it."""
    data = small_scenario()
    data["timeline"]["construction"] = {"years": 12}
    data["timeline"]["sea_work"] = {"begins": 0, "ends": 1, "window_opens_month": 7, "window_closes_month": 7}
    assert "12.0 years of laying" in said_of(data)[0]
    data["macro"]["inflation"]["usd"] = constant(5.0)
    assert len(said_of(data)) == 2
