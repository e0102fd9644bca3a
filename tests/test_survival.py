"""Results survive: kills at any moment, full disks, places that cannot be written, two runs at once."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sim.base import strict_yaml
from sim.collect import Result
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.folder import beside, recover
from sim.manifest import same_bytes
from sim.results import RunFacts, ready, write
from sim.scenario import read

ROOT = Path(__file__).parents[1]
BASE = str(ROOT / "scenarios" / "base.yaml")
FACTS = RunFacts("2026-10-01T00:00:00+00:00", 1.0, 1)
KILLS = 32
"""Kills of the slowed run; a third as many hit the plain one."""
SLOWED = """
import os, sys, time
import sim.results
from sim.cli import main

def slowed(do):
    def call(*given, **named):
        time.sleep(0.003)
        try:
            return do(*given, **named)
        finally:
            time.sleep(0.003)
    return call

def begin(result, tables=sim.results.tables):
    for name in ("rename", "mkdir", "fsync", "unlink", "rmdir"):
        setattr(os, name, slowed(getattr(os, name)))
    print("writing", flush=True)
    return tables(result)

sim.results.tables = begin
sys.exit(main(sys.argv[1:]))
"""
"""Runs the command line with pauses around every step of the write, and says when that begins."""
STEPS = """
import os, shutil, sys
from pathlib import Path
import pyarrow.parquet  # once, not in every child
from sim.engine import simulate
from sim.results import RunFacts, write
from sim.scenario import read

def dying(do, left):
    def call(*given, **named):
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)
        result = do(*given, **named)
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)
        return result
    return call

result = simulate(read(sys.argv[1]), 256, 1)
before, out = Path(sys.argv[2]), Path(sys.argv[3])
for step in range(1, 1000):
    shutil.copytree(before, out / str(step))
    child = os.fork()
    if not child:
        left = [step]
        for name in ("rename", "mkdir", "fsync", "unlink", "rmdir"):
            setattr(os, name, dying(getattr(os, name), left))
        write(result, out / str(step) / "base", [], RunFacts("new", 1.0, 1))
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
print(step)
"""
"""Dies before and after every step of the write in turn, each time in a fresh copy of the older results."""


@pytest.fixture(scope="module")
def runs() -> dict[int, Result]:
    """Return results of the base case by seed."""
    spec = read(BASE)
    return {seed: simulate(spec, 256, seed) for seed in (1, 2, 3)}


@pytest.fixture(scope="module")
def earlier(runs: dict[int, Result], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return folders with a results folder of other inputs, of the same inputs, and with that of both."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("other", "same", "both")}
    write(runs[2], made["other"] / "base", [], FACTS)
    write(runs[1], made["same"] / "base", [], FACTS)
    for seed in (2, 1, 2):
        write(runs[seed], made["both"] / "base", [], FACTS)
    assert sorted(path.name for path in made["both"].iterdir())[0] == "base" and len(list(made["both"].iterdir())) == 3
    return made


@dataclass(frozen=True)
class Found:
    """What makes a run, as its manifest has it."""

    seed: int
    date: str


def whole(folder: Path) -> Found:
    """Return whose results a folder holds, after a look at every file."""
    data = strict_yaml.load(folder / "manifest.yaml", str(folder)).data
    assert same_bytes(data["files_sha256"], folder) == []
    assert pq.read_metadata(folder / "draws.parquet").num_rows == data["draws"]
    return Found(data["seed"], data["run"]["date"])


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones too."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def names(folder: Path) -> list[str]:
    """Return what stands in a folder, with hashes cut off."""
    return sorted(path.name.partition("@")[0] for path in folder.iterdir())


def survived(out: Path, old: Found, last: Result) -> bool:
    """Check a folder after a kill, and after the next run; return whether the killed run had made its results."""
    base = out / "base"
    asides = [path for path in (beside(base, "old"), beside(base, "keep")) if path.exists()]
    now = whole(base) if base.exists() else None
    for aside in asides:
        assert whole(aside) == old or now is not None
    assert now is not None or asides
    assert now is None or now == old or now.seed == 1
    write(last, base, [], FACTS)
    assert set(names(out)) == {"base"}, "nothing hidden is left"
    found = {whole(path).seed for path in out.iterdir()}
    assert whole(base).seed == last.seed
    assert old.seed in found, "no results of other inputs are lost"
    return now is not None and now != old


# --- kills --------------------------------------------------------------------------------------------------------


def killed(out: Path, delay: float, *, slow: bool) -> float:
    """Kill a run after a delay, counted from the begin of its write or from its start; return how long it took."""
    command = [sys.executable, *(["-c", SLOWED] if slow else ["-m", "sim"])]
    arguments = [BASE, "--draws", "256", "--out", str(out), "--quiet"]
    with subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if slow:
            assert process.stdout.readline() == b"writing\n"
        started = time.perf_counter()
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        assert process.wait() in (0, -signal.SIGKILL)
    return time.perf_counter() - started


@pytest.mark.parametrize("slow", [True, False], ids=["slowed", "plain"])
def test_kill_at_any_moment(earlier: dict[str, Path], runs: dict[int, Result], tmp_path: Path, slow: bool) -> None:
    """A run that is killed leaves the older or the newer results, whole, and the next run cleans up."""
    count = KILLS if slow else KILLS // 3
    outs = [tmp_path / str(i) for i in range(count)]
    for i, out in enumerate(outs):
        shutil.copytree(earlier["both" if i % 3 == 2 else "other"], out)
    shutil.copytree(earlier["other"], tmp_path / "first")
    full = killed(tmp_path / "first", 60.0, slow=slow)
    delays = [full * (i + 0.5) / count for i in range(count)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: killed(*pair, slow=slow), zip(outs, delays, strict=True)))
    old = whole(earlier["other"] / "base")
    finished = sum(survived(out, old, runs[3]) for out in outs)
    assert finished < count, "some kill came in time"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("before", ["other", "same", "both"])
def test_death_at_every_step(earlier: dict[str, Path], runs: dict[int, Result], tmp_path: Path, before: str) -> None:
    """Dying before or after any single step of the write leaves the older or the newer results, whole."""
    command = [sys.executable, "-c", STEPS, BASE, str(earlier[before]), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    steps = int(done.stdout)
    assert steps > 30
    old = whole(earlier[before] / "base")
    finished = [survived(tmp_path / str(step), old, runs[3]) for step in range(1, steps + 1)]
    assert finished == sorted(finished), "once the new results are in, they stay"
    assert finished[-1] and not finished[0]


def test_any_run_puts_an_orphan_back(runs: dict[int, Result], tmp_path: Path) -> None:
    """A run of another scenario restores what a killed run had put aside, and says so."""
    write(runs[1], tmp_path / "base", [], FACTS)
    before = contents(tmp_path)
    (tmp_path / "base").rename(beside(tmp_path / "base", "old"))
    beside(tmp_path / "base", "new").mkdir()
    (beside(tmp_path / "base", "new") / "summary.csv").write_text("half", encoding="utf-8")
    notes = write(runs[1], tmp_path / "cable", [], FACTS).notes
    assert [note.split(":")[0] for note in notes] == [str(tmp_path / "base")]
    assert "put back" in notes[0]
    shutil.rmtree(tmp_path / "cable")
    assert contents(tmp_path) == before


# --- what is replaced, what is kept -------------------------------------------------------------------------------


def test_other_inputs_are_kept(runs: dict[int, Result], tmp_path: Path) -> None:
    """Results of other inputs stay under the hash of their run, those of the same inputs are replaced."""
    base = tmp_path / "base"
    assert write(runs[1], base, [], FACTS).notes == ()
    assert write(runs[1], base, [], FACTS).notes == ()
    assert names(tmp_path) == ["base"]
    (note,) = write(runs[2], base, [], FACTS).notes
    (kept,) = (path for path in tmp_path.iterdir() if path != base)
    assert kept.name.startswith("base@") and len(kept.name) == 13
    assert str(kept) in note
    assert (whole(kept).seed, whole(base).seed) == (1, 2)
    write(runs[1], base, [], FACTS)
    write(runs[2], base, [], FACTS)
    found = {path.name: whole(path).seed for path in tmp_path.iterdir()}
    assert len(found) == 3 and found["base"] == 2 and found[kept.name] == 1


def test_files_of_the_user_are_kept(runs: dict[int, Result], tmp_path: Path) -> None:
    """A results folder in which the user has put a file is never deleted, a folder without a run never moved."""
    base = tmp_path / "base"
    write(runs[1], base, [], FACTS)
    (base / "thoughts.txt").write_text("mine", encoding="utf-8")
    for seed in (1, 2, 1, 2):
        write(runs[seed], base, [], FACTS)
    assert [file.read_text("utf-8") for file in tmp_path.rglob("thoughts.txt")] == ["mine"]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "thoughts.txt").write_text("mine", encoding="utf-8")
    before = contents(tmp_path)
    for attempt in (lambda: write(runs[1], tmp_path / "docs", [], FACTS), lambda: ready(tmp_path / "docs")):
        with pytest.raises(ScenarioError, match=r"no manifest\.yaml"):
            attempt()
    assert contents(tmp_path) == before


def test_a_broken_manifest_is_like_no_other_run(runs: dict[int, Result], tmp_path: Path) -> None:
    """Results whose manifest cannot be read are kept."""
    base = tmp_path / "base"
    write(runs[1], base, [], FACTS)
    (base / "manifest.yaml").write_text("seed: [", encoding="utf-8")
    write(runs[1], base, [], FACTS)
    assert names(tmp_path) == ["base", "base"]


def test_a_link_to_a_folder(runs: dict[int, Result], tmp_path: Path) -> None:
    """Where the results folder is a link, what it leads to is replaced and the link stays."""
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "base", target_is_directory=True)
    for seed in (1, 1, 2):
        write(runs[seed], tmp_path / "link", [], FACTS)
    assert (tmp_path / "link").is_symlink()
    assert whole(tmp_path / "link").seed == 2
    assert names(tmp_path / "disk") == ["base", "base"]


# --- what cannot be written ---------------------------------------------------------------------------------------


def failing_from(monkeypatch: pytest.MonkeyPatch, first: int, last: float, renames: bool) -> list[int]:
    """Let steps of the write fail as on a full disk, from the first to the last; return the counter of steps."""
    count = [0]

    def fails(do: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            count[0] += 1
            if first <= count[0] <= last:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return do(*given, **named)

        return call

    places: list[tuple[Any, str]] = [(os, "mkdir"), (os, "fsync"), (Path, "open"), (pq, "write_table")]
    for place, name in [*places, *([(os, "rename"), (os, "open")] if renames else [])]:
        monkeypatch.setattr(place, name, fails(getattr(place, name)))
    return count


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("before", ["other", "same", "both", "nothing"])
def test_disk_full_at_every_step(
    earlier: dict[str, Path], runs: dict[int, Result], tmp_path: Path, before: str, lasting: bool
) -> None:
    """Whatever step finds the disk full, one error tells it, the older results are whole and nothing else is left."""
    for step in range(1, 100):
        out = tmp_path / str(step)
        if before == "nothing":
            out.mkdir()
        else:
            shutil.copytree(earlier[before], out)
        then = contents(out)
        with pytest.MonkeyPatch.context() as patch:
            count = failing_from(patch, step, float("inf") if lasting else step, renames=not lasting)
            error = None
            try:
                write(runs[1], out / "base" if before != "nothing" else out / "deep" / "base", [], FACTS)
            except ScenarioError as caught:
                error = caught
        if error is not None:
            (problem,) = error.problems
            assert problem.message == "cannot write results: No space left on device"
            assert "free some space" in problem.cure
            assert contents(out) == then
            assert names(out) == (names(earlier[before]) if before != "nothing" else [])
            continue
        assert set(names(out)) <= {"base", "deep"}
        assert whole(next(out.rglob("base"))).seed == 1
        if count[0] < step:
            break
    assert step > 15


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("size", [1_000, 50_000, 90_000])
def test_files_that_may_not_grow(earlier: dict[str, Path], tmp_path: Path, size: int) -> None:
    """A limit that the system sets in the middle of a table or of the draws is told in one line."""
    out = tmp_path / "out"
    shutil.copytree(earlier["other"], out)
    then = contents(out)
    code = (
        "import resource, sys; from sim.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, BASE, "--draws", "512", "--keep-draws", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {out / 'base'}: cannot write results: ")
    assert "File too large" in done.stderr and done.stderr.count("\n") == 1
    assert contents(out) == then
    assert names(out) == ["base"]


@pytest.mark.parametrize("call", [lambda run, path: write(run, path, [], FACTS), lambda run, path: ready(path)])
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file", "stands in the way"),
        ("file/base", "a file|[Nn]ot a directory|File exists"),
        ("file/deep/base", "a file|Not a directory"),
        ("n" * 250, "File name too long"),
        ("n" * 300, "File name too long"),
    ],
)
def test_places_that_cannot_be(
    runs: dict[int, Result], tmp_path: Path, place: str, said: str, call: Callable[[Result, Path], Any]
) -> None:
    """A file in the way or a name too long is one error, before the run as after it, and nothing is touched."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(ScenarioError, match=f"cannot write results: .*({said})") as caught:
        call(runs[1], tmp_path / place)
    assert len(caught.value.problems) == 1
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(earlier: dict[str, Path], runs: dict[int, Result], tmp_path: Path) -> None:
    """Without permission one error tells it, before the run as after it."""
    out = tmp_path / "out"
    shutil.copytree(earlier["other"], out)
    then = contents(out)
    out.chmod(0o500)
    for place in (out / "base", out / "deep" / "base"):
        for call in (lambda place=place: write(runs[1], place, [], FACTS), lambda place=place: ready(place)):
            with pytest.raises(ScenarioError, match="cannot write results: Permission denied"):
                call()
    out.chmod(0o700)
    assert contents(out) == then


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_no_permission(
    earlier: dict[str, Path], runs: dict[int, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """What the system says when nothing may be created reaches the user with a cure."""
    out = tmp_path / "out"
    shutil.copytree(earlier["other"], out)
    then = contents(out)
    opened = os.open

    def refused(path: Any, flags: int, *given: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(code, os.strerror(code))
        return opened(path, flags, *given, **named)

    monkeypatch.setattr(os, "open", refused)
    for call in (lambda: write(runs[1], out / "base", [], FACTS), lambda: ready(out / "base")):
        with pytest.raises(ScenarioError, match=f"{os.strerror(code)}; choose another --out"):
            call()
    assert contents(out) == then


def test_ready_creates_nothing(tmp_path: Path) -> None:
    """A look before the run leaves no folder behind."""
    assert ready(tmp_path / "results" / "base") == ()
    assert ready(tmp_path / "base") == ()
    assert not list(tmp_path.iterdir())


# --- two at once --------------------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from sim.folder import writing

with writing(Path(sys.argv[1])) as (partial, _):
    (partial / "summary.csv").write_text("half")
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("flock", [True, False], ids=["flock", "no flock"])
def test_a_folder_that_another_run_writes(
    earlier: dict[str, Path], runs: dict[int, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flock: bool
) -> None:
    """A second run waits, then says who is in its way and touches nothing; the lock dies with its holder."""
    out = tmp_path / "out"
    shutil.copytree(earlier["other"], out)
    then = contents(out)
    monkeypatch.setattr("sim.folder.PATIENCE_SECONDS", 0.1)
    code = HOLD
    if not flock:
        code = (
            f"import fcntl\ndef flock(*given): raise OSError({errno.ENOLCK}, 'no locks')\nfcntl.flock = flock\n{HOLD}"
        )
        monkeypatch.setattr("fcntl.flock", lambda *given: (_ for _ in ()).throw(OSError(errno.ENOLCK, "no locks")))
    command = [sys.executable, "-c", code, str(out / "base")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        held = contents(out)
        with pytest.raises(ScenarioError, match="another run is writing; wait, or choose another --out") as caught:
            write(runs[1], out / "base", [], FACTS)
        assert caught.value.problems[0].where == str(out / "base")
        write(runs[1], out / "cable", [], FACTS)
        assert recover(out) == []
        shutil.rmtree(out / "cable")
        assert contents(out) == held, "what belongs to a living process is left alone"
        holder.kill()
    write(runs[2], out / "base", [], FACTS)
    assert set(contents(out)) == set(then)


def test_runs_at_once(tmp_path: Path) -> None:
    """Runs of different seeds into one folder at the same time lose nothing."""
    arguments = [BASE, "--draws", "256", "--out", str(tmp_path), "--quiet", "--seed"]
    started = [subprocess.Popen([sys.executable, "-m", "sim", *arguments, str(seed)], cwd=ROOT) for seed in (1, 2, 3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    assert names(tmp_path) == ["base", "base", "base"]
    assert {whole(path).seed for path in tmp_path.iterdir()} == {1, 2, 3}
