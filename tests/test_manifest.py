"""A manifest repeats its run to the byte, is told from a scenario, and says where it is wrong; text cells are tame."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_scenarios import small_scenario

from sim.base import strict_yaml
from sim.collect import Limits, Result
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.manifest import MANIFEST, VERSIONS, from_manifest, is_manifest, same_bytes, to_yaml
from sim.results import RunFacts, _write_csv, text_of, write
from sim.scenario import from_data, read
from sim.tables import Table

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
BASE = SCENARIOS / "base.yaml"
FACTS = RunFacts("2026-10-01T00:00:00+00:00", 1.0, 1)
OVERRIDES: list[tuple[str, Any]] = [
    ("link.capacity_mw", 600),
    ("tax.jurisdictions.japan.rate", {"dist": "triangular", "min": 0.1, "mode": 0.2, "max": 1 / 3}),
    ("costs.items.plant.amount_million.value", 0.1 + 0.2e4),
    ("costs.decommissioning", None),
]


def simulated(spec: Any, draws: int, seed: int, keep_draws: bool) -> Result:
    """Return the results of a run as the command line makes them."""
    keep = Limits()
    return simulate(spec, draws, seed, 1, Limits(input_replicates=keep.metric_replicates) if keep_draws else keep)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results folder of a run with 512 draws, overrides and every draw kept."""
    folder = tmp_path_factory.mktemp("made") / "base"
    write(simulated(read(BASE, OVERRIDES), 512, 7, True), folder, OVERRIDES, FACTS, keep_draws=True)
    return folder


def changed(folder: Path, to: Path, pattern: str, new: str) -> Path:
    """Write a changed copy of a manifest and return its path."""
    text, count = re.subn(pattern, lambda _: new, (folder / MANIFEST).read_text("utf-8"), count=1, flags=re.MULTILINE)
    assert count == 1
    to.write_text(text, encoding="utf-8")
    return to


# --- the same again -----------------------------------------------------------------------------------------------


def test_a_manifest_repeats_its_run(made: Path, tmp_path: Path) -> None:
    """With overrides and kept draws, every file has the same bytes, and the manifest differs in nothing."""
    again = from_manifest(made / MANIFEST)
    spec, seed, draws, overrides, keep_draws = again
    assert (seed, draws, keep_draws) == (7, 512, True)
    assert overrides == OVERRIDES
    assert again.warnings == ()
    assert set(again.files_sha256) >= {"summary.csv", "draws.csv"}
    folder = tmp_path / "base"
    write(simulated(spec, draws, seed, keep_draws), folder, overrides, FACTS, keep_draws)
    assert same_bytes(made / MANIFEST, folder) == same_bytes(again.files_sha256, folder) == []
    for file in made.iterdir():
        assert (folder / file.name).read_bytes() == file.read_bytes(), file.name


def test_the_scenario_in_a_manifest_is_complete(made: Path) -> None:
    """Overrides are in it, and nothing of the scenario file is needed."""
    spec = from_manifest(made / MANIFEST).spec
    assert spec.digest == read(BASE, OVERRIDES).digest
    assert spec.data == read(BASE, OVERRIDES).data
    assert list(spec.leaves) == list(read(BASE, OVERRIDES).leaves)
    assert spec.leaves["link.capacity_mw"].dist.lower == 600
    assert {mark for mark in spec.marks.values() if mark.startswith("--set ")} == {f"--set {k}" for k, _ in OVERRIDES}


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_scenario_survives_its_manifest(file: Path, tmp_path: Path) -> None:
    """What is read from the manifest's YAML is what was read from the scenario files."""
    spec = read(file)
    (tmp_path / MANIFEST).write_text(to_yaml({"seed": 1, "scenario": spec.data}), encoding="utf-8")
    data = strict_yaml.load(tmp_path / MANIFEST, "manifest").data["scenario"]
    assert data == spec.data
    assert from_data(spec.name, data).digest == spec.digest
    assert is_manifest(tmp_path / MANIFEST)
    assert not is_manifest(file)


def test_files_that_differ(made: Path, tmp_path: Path) -> None:
    """Changed and missing files are named, others not."""
    hashes = from_manifest(made / MANIFEST).files_sha256
    for name in hashes:
        (tmp_path / name).write_bytes((made / name).read_bytes())
    assert same_bytes(hashes, tmp_path) == []
    (tmp_path / "summary.csv").unlink()
    (tmp_path / "drivers.csv").write_bytes((made / "drivers.csv").read_bytes() + b"\n")
    assert same_bytes(made / MANIFEST, tmp_path) == ["drivers.csv", "summary.csv"]


def test_a_run_from_the_shell_can_be_repeated(tmp_path: Path) -> None:
    """What the command line wrote is what its manifest repeats."""
    arguments = [str(BASE), "--draws", "300", "--seed", "5", "--out", str(tmp_path)]
    arguments += ["--set", "tax.jurisdictions.japan.rate=1e-05"]
    subprocess.run([sys.executable, "-m", "sim", *arguments, "--quiet"], cwd=ROOT, check=True)
    again = from_manifest(tmp_path / "base" / MANIFEST)
    assert again.overrides == [("tax.jurisdictions.japan.rate", 1e-05)]
    write(simulated(again.spec, again.draws, again.seed, again.keep_draws), tmp_path / "again", [], FACTS)
    assert same_bytes(again.files_sha256, tmp_path / "again") == []


# --- numbers and texts --------------------------------------------------------------------------------------------

NUMBERS = st.integers(-(2**63), 2**63) | st.floats(-1e300, 1e300, allow_nan=False)
LETTERS = st.sampled_from("aZ09 =+-.,:;#&*!|>%@`'\"\\{}[]?~_\t\n\x85–電😀")
TEXTS = st.text(LETTERS) | st.sampled_from(["1e5", "007", "089", "1_000", ".5", "5.", "-1", "+1e3", "yes", "null", "~"])
KEYS = st.from_regex(r"[a-z_0-9.=<~-]{1,20}", fullmatch=True) | st.integers(-9, 9999) | st.floats(0.1, 99.9)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        NUMBERS | TEXTS | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=9
    ),
    max_size=6,
)


def alike(a: Any, b: Any) -> bool:
    """Say whether two values are the same to the last bit, type and order."""
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a.items(), b.items(), strict=True))
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and repr(a) == repr(b)


@settings(max_examples=150, deadline=None)
@given(DATA)
def test_yaml_reads_back_exactly(tmp_path_factory: pytest.TempPathFactory, data: dict[Any, Any]) -> None:
    """Any plain data survives: every bit of a number, texts that look like numbers, order of keys."""
    file = tmp_path_factory.getbasetemp() / "exact.yaml"
    file.write_bytes(to_yaml({"data": data}).encode())
    document = strict_yaml.load(file, "exact.yaml")
    assert document.problems == []
    assert alike(document.data["data"], data)


@pytest.mark.parametrize("number", [1e-05, 1e20, 1e16, 5e-324, 0.1 + 0.2, 1 / 3, -0.0, 30.0e9, 2.0, 1e300, 123456789])
def test_a_number_reads_back_exactly(tmp_path: Path, number: float) -> None:
    """Small, large and long numbers keep every bit, in YAML 1.1's notation of exponents too."""
    file = tmp_path / "number.yaml"
    file.write_text(to_yaml({"number": number}), encoding="utf-8")
    assert alike(strict_yaml.load(file, "number.yaml").data, {"number": number})


def test_a_value_that_occurs_twice_is_written_twice() -> None:
    """No anchors and aliases, also where an override is part of the scenario."""
    shared = {"dist": "uniform", "min": 0, "max": 1}
    text = to_yaml({"overrides": {"tax.rate": shared}, "scenario": {"tax": {"rate": shared}}})
    assert "&" not in text and "*" not in text


# --- which file, and what is wrong with it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [
        ("manifest.yaml", "seed: 1\nscenario:\n  title: x\n", True),
        ("renamed.yaml", "scenario:\n  title: x\nseed: 1\n", True),
        ("manifest.yaml", "scenario:\n  title: x\n", True),
        ("other.yaml", "scenario:\n  title: x\n", False),
        ("manifest.yaml", "title: x\n", False),
        ("other.yaml", "title: x\nnested:\n  seed: 1\n  scenario: 2\n", False),
        ("manifest.yaml", "", False),
    ],
)
def test_a_manifest_is_known_by_its_keys(tmp_path: Path, name: str, text: str, answer: bool) -> None:
    """The keys of the file decide; one that is called manifest.yaml may lack the seed, to be told so."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert is_manifest(tmp_path / name) is answer


def test_what_is_no_file_is_no_manifest(tmp_path: Path) -> None:
    """A folder and a missing file are left to the reader of scenarios, who has words for them."""
    assert not is_manifest(tmp_path)
    assert not is_manifest(tmp_path / MANIFEST)


@pytest.mark.parametrize(
    ("pattern", "new", "key", "said"),
    [
        ("^seed: .*$", "seed: soon", "seed", "'soon' is not a whole number"),
        ("^seed: .*$", "seed: 1.5", "seed", "1.5 is not a whole number"),
        ("^seed: .*$", "seed: true", "seed", "True is not a whole number"),
        ("^draws: .*$", "draws: 0", "draws", "0 is not a number of draws"),
        ("^draws: .*$", "draws: many", "draws", "'many' is not a number of draws"),
        ("^name: .*$", "name: ../../escaped", "name", "is not the name of a run"),
        ("^name: .*$", "name: 5", "name", "is not the name of a run"),
        ("^overrides:$", "overrides: 5\nelse:", "overrides", "5 is not a block of keys"),
        ("^    mode: 5.5$", "    mode: 55", "timeline", ""),
        ("^  link:$", "  link:\n    colour: red", "link.colour", "this key is not known"),
        ("^    capacity_mw: 600$", "    capacity_mw: -1", "link.capacity_mw", "out of range"),
    ],
)
def test_a_broken_manifest_is_told_with_its_line(
    made: Path, tmp_path: Path, pattern: str, new: str, key: str, said: str
) -> None:
    """What is wrong in a manifest or in its scenario is named with file and line."""
    if key == "timeline":
        pattern, new = r"^( +)mode: 5\.5$", "        mode: 55"
    file = changed(made, tmp_path / MANIFEST, pattern, new)
    needle = new.splitlines()[-1 if "colour" in new else 0]
    line = file.read_text("utf-8").splitlines().index(needle) + 1
    with pytest.raises(ScenarioError) as caught:
        from_manifest(file)
    problem = caught.value.problems[0]
    number = int(problem.where.removeprefix(f"{file}:"))
    assert number == line or (key == "timeline" and line - 5 < number <= line)
    assert problem.path.startswith(key)
    assert said in problem.message


def test_what_is_missing_is_told(made: Path, tmp_path: Path) -> None:
    """Every missing key is told at once."""
    lines = (made / MANIFEST).read_text("utf-8").splitlines()
    rest = [line for line in lines if not line.startswith(("name:", "seed:", "draws:"))]
    (tmp_path / MANIFEST).write_text("\n".join(rest), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        from_manifest(tmp_path / MANIFEST)
    assert [problem.path for problem in caught.value.problems] == ["name", "seed", "draws"]
    (tmp_path / MANIFEST).write_text("name: x\nseed: 1\ndraws: 256\nscenario: 5\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=f"{MANIFEST}:4: scenario: there is no scenario"):
        from_manifest(tmp_path / MANIFEST)
    (tmp_path / MANIFEST).write_text("seed: [1\nscenario: 5\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="not valid YAML"):
        from_manifest(tmp_path / MANIFEST)


@pytest.mark.parametrize("package", sorted(VERSIONS))
def test_another_version_is_a_warning(made: Path, tmp_path: Path, package: str) -> None:
    """A manifest of other versions is repeated, with a word on the bytes."""
    file = changed(made, tmp_path / MANIFEST, rf"^  {package}: .*$", f"  {package}: 0.0.1")
    (warning,) = from_manifest(file).warnings
    assert f"{package} 0.0.1 (now {VERSIONS[package]})" in warning
    assert "may differ" in warning


def test_a_changed_scenario_is_a_warning(made: Path, tmp_path: Path) -> None:
    """A scenario that is not the one of the run is run, with a word on it."""
    file = changed(made, tmp_path / MANIFEST, "^    capacity_mw: 600$", "    capacity_mw: 601")
    (warning,) = from_manifest(file).warnings
    assert "the scenario was changed after the run" in warning


def test_an_older_manifest_without_keep_draws(made: Path, tmp_path: Path) -> None:
    """What a manifest does not say is taken as not asked for."""
    assert not from_manifest(changed(made, tmp_path / MANIFEST, "^keep_draws: true\n", "")).keep_draws


# --- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", '"=1', "\"'=1", " =1", "＝1+1", "-"),
        "=cmd|' /C calc'!A0",
    ],
)
def test_no_text_is_a_formula(text: str) -> None:
    """A text that a spreadsheet could calculate gets an apostrophe in front."""
    assert text_of(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "net", "1+1", "share_of_x", "a-b", "USD/MWh", "'quoted'", "– dash"])
def test_other_texts_are_left_alone(text: str) -> None:
    """What no spreadsheet would calculate stays as it is."""
    assert text_of(text) == text


@pytest.mark.parametrize("number", [-1, -1.5, -1e-05, np.float64(-2.5), -np.inf, 0, -0.0, 1e20])
def test_numbers_are_never_touched(number: float) -> None:
    """Negative numbers stay numbers."""
    assert float(text_of(number)) == pytest.approx(number)
    assert not text_of(number).startswith("'")


def test_cells_in_a_file(tmp_path: Path) -> None:
    """Header and cells are tame, whatever quotes the CSV itself needs, and long tables are written whole."""
    rows = [("=a,b", -1.0), ('"=a"', -2)] + [("x", float(i)) for i in range(10_000)]
    _write_csv(tmp_path / "t.csv", ["=1", "n"], rows)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    assert found[:3] == [["'=1", "n"], ["'=a,b", "-1"], ['\'"=a"', "-2"]]
    assert found[3:] == [["x", str(i)] for i in range(10_000)]


def test_tables_with_formulas_for_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever texts tables hold, no cell on the disk begins like a formula, and negative numbers stay."""
    hostile = Table("summary.csv", ("metric", "@n"), [("=HYPERLINK(1)", -1.5), ("+net", -2)])
    monkeypatch.setattr("sim.results.tables", lambda result: [hostile])
    write(simulated(from_data("small", small_scenario()), 256, 1, False), tmp_path / "small", [], FACTS)
    assert (tmp_path / "small" / "summary.csv").read_text("utf-8") == "metric,'@n\n'=HYPERLINK(1),-1.5\n'+net,-2\n"
    assert same_bytes(tmp_path / "small" / MANIFEST, tmp_path / "small") == []


def test_no_pandas(made: Path) -> None:
    """Writing results imports no pandas."""
    code = (
        "import sys; from sim.cli import main; "
        "main(sys.argv[1:]); print([name for name in ('pandas',) if name in sys.modules])"
    )
    arguments = [str(BASE), "--draws", "256", "--quiet", "--out", str(made.parent / "lean")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
