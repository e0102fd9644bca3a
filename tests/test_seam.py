"""The seam to other processes: any order, bounded look-ahead, deaths of workers, and one big run over it."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import sim.seam
import sim.source
from sim.errors import ScenarioError
from sim.seam import ALONE, DEATHS, Crew, Lost, completed, in_order, processes


def threads(size: int) -> Crew:
    """Return a crew of threads: the same executor interface, without the start of processes."""
    return Crew(size, lambda: ThreadPoolExecutor(size))


class Task(NamedTuple):
    """A number to be squared; some kill the process that has taken them on, at most so many times."""

    number: int
    kills: int = 0
    how: str = ""
    notes: str = ""
    """Folder in which every beginning is noted."""


def square(task: Task) -> int:
    """Square a number, unless the task is to die."""
    if not task.notes:
        return task.number**2
    beginnings = list(Path(task.notes).glob(f"{task.number}.*"))
    (Path(task.notes) / f"{task.number}.{len(beginnings)}").touch()
    if len(beginnings) < task.kills:
        if task.how == "exit":
            os._exit(3)
        os.kill(os.getpid(), signal.SIGKILL)
    return task.number**2


def slowly(number: int) -> int:
    """Square a number; the earlier it is, the longer that takes."""
    time.sleep(0.002 * ((7 - number) % 8))
    return number**2


def raise_at_four(number: int) -> int:
    """Raise an error on four, and take a minute for whatever comes later."""
    if number == 4:
        raise LookupError("four")
    time.sleep(60.0 if number > 4 else 0.0)
    return number


def numbers_to(count: int, notes: Path, **deadly: Any) -> list[Task]:
    """Return tasks, some of which kill: ``at`` their numbers, ``kills`` how often, ``how``."""
    at = deadly.pop("at")
    return [Task(i, notes=str(notes), **(deadly if i in at else {})) for i in range(count)]


def begun(notes: Path, number: int) -> int:
    """Return how often a task has been begun."""
    return len(list(notes.glob(f"{number}.*")))


def nobody_left(seconds: float = 10.0) -> bool:
    """Say whether all processes that this one has started end within some seconds."""
    until = time.monotonic() + seconds
    while multiprocessing.active_children() and time.monotonic() < until:
        time.sleep(0.02)
    return not multiprocessing.active_children()


# --- order and look-ahead -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("crew", [ALONE, threads(1), threads(4), processes(2)], ids=["alone", "1", "4", "processes"])
def test_every_task_is_done_once(crew: Crew) -> None:
    """Each result comes with the place of its task, in whatever order; in order where that is asked for."""
    assert sorted(completed(crew, slowly, iter(range(40)))) == [(i, i**2) for i in range(40)]
    if crew.size != 2:
        assert list(in_order(crew, slowly, iter(range(40)), 6)) == [i**2 for i in range(40)]
        assert not list(completed(crew, slowly, [])) and not list(in_order(crew, slowly, [], 6))
    assert nobody_left()


def test_results_do_not_wait_for_an_earlier_one() -> None:
    """A slow task holds up nobody, as long as there is no bound; in order it holds up all."""
    gate = threading.Event()

    def function(number: int) -> int:
        if number == 0:
            assert gate.wait(30.0)
        return number

    results = completed(threads(2), function, range(10))
    assert [next(results)[0] for _ in range(9)] == list(range(1, 10))
    gate.set()
    assert list(results) == [(0, 0)]


@pytest.mark.parametrize("ahead", [1, 3, 5])
def test_tasks_are_taken_as_they_are_needed(ahead: int) -> None:
    """No task is taken that is further than ``ahead`` beyond the first that is not done, and all that are near are."""
    seen: set[int] = set()
    furthest = []
    gate = threading.Event()

    def tasks() -> Iterator[int]:
        for number in range(60):
            furthest.append(number - next(i for i in itertools.count() if i not in seen))
            yield number

    def function(number: int) -> int:
        if number == 0:
            assert gate.wait(30.0)
        return number

    results = completed(threads(4), function, tasks(), ahead)
    for _ in range(ahead - 1):
        seen.add(next(results)[0])
    assert seen == set(range(1, ahead)), "what is near enough is done while the first task is held up"
    assert len(furthest) == (ahead + 1 if ahead > 1 else 0), "nothing is begun before a result is asked for"
    gate.set()
    for place, _ in results:
        seen.add(place)
    assert seen == set(range(60))
    assert max(furthest) == ahead


def test_tasks_without_end() -> None:
    """Without a bound there are as many tasks under way as keep the workers busy; a caller may stop at any time."""
    for crew in (ALONE, threads(3)):
        taken = itertools.count()
        results = completed(crew, slowly, taken)
        assert len(list(itertools.islice(results, 20))) == 20
        assert next(taken) <= 20 + 2 * crew.size + 1
        results.close()  # type: ignore[attr-defined]


# --- deaths -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_a_worker_that_dies_in_mid_run(tmp_path: Path, how: str) -> None:
    """A process that ends or is killed once changes no result."""
    tasks = numbers_to(12, tmp_path, at=[5], kills=1, how=how)
    assert sorted(completed(processes(2), square, tasks)) == [(i, i**2) for i in range(12)]
    assert begun(tmp_path, 5) == 2
    assert nobody_left()


def test_a_task_that_always_kills(tmp_path: Path) -> None:
    """Two tasks that kill every process they get are given up after some deaths; the innocents around them finish."""
    tasks = numbers_to(12, tmp_path, at=[4, 5], kills=99, how="kill")
    found = dict(completed(processes(2), square, tasks))
    assert {place for place, result in found.items() if result == Lost()} == {4, 5}
    assert all(found[i] == i**2 for i in range(12) if i not in (4, 5))
    assert all(begun(tmp_path, i) <= DEATHS for i in (4, 5))
    assert max(begun(tmp_path, i) for i in (4, 5)) == DEATHS
    assert nobody_left()


class KilledError(Exception):
    """What a cluster says that has given up on a task."""


@pytest.mark.parametrize("size", [1, 3])
def test_a_cluster_that_blames_the_innocent(size: int) -> None:
    """What a cluster gives up on is tried once more with nothing beside it: for it whatever dies along is guilty."""
    asked: list[int] = []
    under_way = 0
    guard = threading.Lock()

    def function(number: int) -> int:
        nonlocal under_way
        with guard:
            asked.append(number)
            under_way += 1
        try:
            time.sleep(0.005)
            if asked.count(number) > 1:
                assert under_way == 1, "a suspect is alone"
            if number == 3 or (number == 4 and asked.count(4) == 1):
                raise KilledError
            return number
        finally:
            with guard:
                under_way -= 1

    crew = Crew(size, lambda: ThreadPoolExecutor(size), (KilledError,))
    assert sorted(completed(crew, function, range(9))) == [(i, Lost() if i == 3 else i) for i in range(9)]
    assert (asked.count(3), asked.count(4)) == (2, 2)


# --- what ends it all ---------------------------------------------------------------------------------------------


def test_an_exception_of_the_function() -> None:
    """An exception of the function comes out as it is, at once, and no process goes on."""
    began = time.monotonic()
    with pytest.raises(LookupError, match="four"):
        list(completed(processes(2), raise_at_four, range(20)))
    assert nobody_left()
    assert time.monotonic() - began < 30.0


def test_a_caller_who_stops() -> None:
    """Whoever asks for no more results leaves no process behind."""
    results = completed(processes(2), raise_at_four, [1, 5, 6, 7])
    assert next(results) == (0, 1)
    results.close()  # type: ignore[attr-defined]
    assert nobody_left()


def test_a_worker_with_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose source files are not those of this process is refused before it does anything."""
    monkeypatch.setattr(sim.seam, "fingerprint", lambda: "0" * 64)
    with pytest.raises(ScenarioError, match=r"worker runs other code .*give every worker the same") as caught:
        list(completed(processes(2), square, [Task(1)] * 4))
    assert f", process {os.getpid()}" not in caught.value.problems[0].where
    assert nobody_left()


class Silent(Executor):
    """An executor that never does anything, or calls off what it was given."""

    def __init__(self, calls_off: bool) -> None:
        self.calls_off = calls_off

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Take on a task."""
        future: Future[Any] = Future()
        if self.calls_off:
            future.cancel()
            future.set_running_or_notify_cancel()
        return future


@pytest.mark.parametrize(("calls_off", "said"), [(True, "dropped what it was to do"), (False, "all gone")])
def test_workers_that_are_gone(monkeypatch: pytest.MonkeyPatch, calls_off: bool, said: str) -> None:
    """A crew that drops its tasks, or that has trouble while nothing comes in, is an error for the user."""
    monkeypatch.setattr(sim.seam, "PATIENCE_SECONDS", 0.02)
    answers = iter(["", "", "all gone"])
    crew = Crew(2, lambda: Silent(calls_off), (), lambda: next(answers))
    with pytest.raises(ScenarioError, match=said):
        list(completed(crew, square, [Task(1)] * 9))


# --- which code ---------------------------------------------------------------------------------------------------


def test_the_fingerprint_covers_what_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any file that can change a number of a case changes the fingerprint; those that only look do not."""
    names = {file.relative_to(sim.source.PACKAGE).as_posix() for file in sim.source.computing()}
    assert {"engine.py", "tables.py", "collect.py", "base/sampling.py", "model/tax.py", "batch/figures.py"} <= names
    assert not {"report/format.py", "verbs/run.py", "batch/plan.py", "study/trace.py"} & names
    copy = tmp_path / "sim"
    for file in (*sim.source.computing(), sim.source.PACKAGE / "batch" / "plan.py"):
        place = copy / file.relative_to(sim.source.PACKAGE)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    monkeypatch.setattr(sim.source, "PACKAGE", copy)
    fresh = sim.source.fingerprint.__wrapped__
    assert fresh() == sim.source.fingerprint()
    for name, changes in (("batch/plan.py", False), ("batch/figures.py", True), ("model/tax.py", True)):
        before = fresh()
        (copy / name).write_text("x = 1\n", encoding="utf-8")
        assert (fresh() != before) == changes, name
    before = fresh()
    (copy / "model" / "tax.py").rename(copy / "model" / "taxes.py")
    assert fresh() != before, "names count"
    monkeypatch.setattr(sim.source, "version", lambda name: "9.9")
    assert fresh() != before, "versions count"
