"""`report` as a user gives it: what it writes where, what it refuses, and what it costs the other verbs."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from sim.cli import main

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small run."""
    out = tmp_path_factory.mktemp("whole")
    assert main(["run", "base", "--draws", "256", "--quiet", "--out", str(out)]) == 0
    return out / "base"


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of it, into which may be written."""
    return Path(shutil.copytree(whole, tmp_path / "base"))


def test_the_page_stands_with_the_results(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without more the page is in the first folder, and only that file is new."""
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    assert main(["report", str(run)]) == 0
    out, said = capsys.readouterr()
    assert out == f"Written to {run / 'report.html'}\n" and said == ""
    after = {file.name: file.read_bytes() for file in run.iterdir()}
    page = after.pop("report.html")
    assert after == before and page.startswith(b"<!DOCTYPE html>")
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").read_bytes() == page, "the same results make the same bytes"


def test_page_and_pictures_elsewhere(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Folders that are not there are made; there is a picture of each kind for every chart, and no word else."""
    png, svg = tmp_path / "a" / "png", tmp_path / "a" / "svg"
    told = ["report", str(run), "--out", str(tmp_path / "new" / "page.html"), "--png", str(png), "--svg", str(svg)]
    assert main(told) == 0
    page = (tmp_path / "new" / "page.html").read_text("utf-8")
    charts = page.count('class="chart"')
    assert charts > 8 and not (run / "report.html").exists()
    assert len(list(png.iterdir())) == len(list(svg.iterdir())) == charts
    assert all(file.read_bytes().startswith(PNG) for file in png.iterdir())
    assert all("Sakhalin" in file.read_text("utf-8") for file in svg.iterdir()), "each says what it is of"
    assert "Lenders: debt service cover –" in (svg / "dscr-base.svg").read_text("utf-8")
    assert {file.stem for file in png.iterdir()} == {file.stem for file in svg.iterdir()}
    assert f"{charts} pictures in {png}/" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["summary.csv", "manifest.yaml", "draws.parquet", "page"])
def test_results_are_not_overwritten(run: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A page does not take the place of what is no page."""
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    assert main(["report", str(run), "--out", str(run / name)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: --out: {run / name}: is no name of a page; let its name end in .html")
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before


def test_places_that_cannot_be_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, an empty name and a file in the way are one error each, with nothing left behind."""
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").write_text("", "utf-8")
    for place in (str(tmp_path / "folder.html"), "", str(tmp_path / "file" / "page.html")):
        assert main(["report", str(run), "--out", place]) == 2, place
        said = capsys.readouterr().err
        assert said.startswith("error: ") and said.count("\n") == 1, said
    assert main(["report", str(run), "--out", str(tmp_path / "page.html"), "--png", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["base", "file", "folder.html", "page.html"]


def test_a_full_disk_leaves_the_old_page(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page that cannot be written whole does not take the place of the one before."""
    assert main(["report", str(run)]) == 0
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        write(self, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    capsys.readouterr()
    assert main(["report", str(run)]) == 2
    said = capsys.readouterr().err
    assert "No space left on device" in said and "free some space" in said
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before


def test_the_extra_is_named(run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the libraries there is one error that says how to get them."""
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in ("altair", "vl_convert") else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert main(["report", str(run)]) == 2
    said = capsys.readouterr().err
    assert said == 'error: report: altair, vl_convert is not installed; pip install "linkfeasibility[report]"\n'


def test_what_is_no_results_folder(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there, an empty one, a file, and kinds that do not mix: one error that says what to do."""
    (tmp_path / "empty").mkdir()
    for place, told in (
        (tmp_path / "nowhere", "there is no such folder; run something first: python -m sim base"),
        (tmp_path / "empty", "the folder holds no results; name the folder of a run or a sweep"),
        (run / "summary.csv", f"is no folder; name its folder, {run}"),
        (tmp_path, "the folder holds no results; name one of the folders in it: base"),
    ):
        assert main(["report", str(place)]) == 2
        assert capsys.readouterr().err == f"error: {place}: {told}\n"


def test_only_report_pays_for_charts(run: Path) -> None:
    """The libraries of charts are imported by no other verb that reads or writes results."""
    heavy = ("altair", "vl_convert", "jinja2", "sim.report.html")
    code = (
        "import sys; from sim.cli import main; "
        f"assert main(['run', 'base', '--draws', '256', '--quiet', '--out', {str(run.parent / 'again')!r}]) == 0; "
        f"assert main(['compare', {str(run)!r}, {str(run.parent / 'again' / 'base')!r}]) == 0; "
        f"print('heavy:', [m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")
