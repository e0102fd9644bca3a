"""Work on other processes: the one seam is the standard ``Executor``, which a pool and a cluster both offer.

A pool breaks when one of its processes dies, and cannot say which task was to blame. It is then made anew; what was
under way runs again, one task at a time, so that a further death is that task's own. After `DEATHS` it is given up.
Results depend on their task only, not on who computes it, when, or how often.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from sim.errors import ScenarioError
from sim.source import fingerprint

T = TypeVar("T")
R = TypeVar("R")
DEATHS = 3
"""Deaths of its process after which a task is given up."""
PATIENCE_SECONDS = 5.0
"""How long nothing may come in before the crew is asked for trouble."""
UNDER_WAY = 2
"""Tasks given out at a time for each worker: one to do, one to go on with."""

AGAIN = "see whether scheduler and workers are running, and begin again"


@dataclass(frozen=True)
class Crew:
    """Who works: how many at a time, and how to begin; without ``start`` this process does it all."""

    size: int
    start: Callable[[], Executor] | None = None
    given_up: tuple[type[BaseException], ...] = ()
    """What an executor raises that has itself seen a task kill its workers again and again."""
    trouble: Callable[[], str] = str
    """Asked while nothing comes in: says what is wrong with the workers, if anything."""


ALONE = Crew(1)


@dataclass(frozen=True)
class Lost:
    """Instead of a result: every process that took on the task has died."""


@dataclass(frozen=True)
class Stranger:
    """Instead of a result: the worker has other code, and has not begun."""

    where: str


class _Task(NamedTuple, Generic[T]):
    place: int
    what: T


def processes(count: int) -> Crew:
    """Return a crew of processes on this machine; one is this process itself."""
    if count <= 1:
        return ALONE

    def start() -> Executor:
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin)

    return Crew(count, start)


def _begin() -> None:
    """Make a worker leave interrupts to its parent, and end with it, even where that is killed."""
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def in_order(crew: Crew, function: Callable[[T], R], tasks: Iterable[T], ahead: int) -> Iterator[R | Lost]:
    """Yield results in the order of the tasks, with at most ``ahead`` of them begun beyond the one that is due."""
    early: dict[int, R | Lost] = {}
    due = 0
    for place, result in completed(crew, function, tasks, ahead):
        early[place] = result
        while due in early:
            yield early.pop(due)
            due += 1


def completed(
    crew: Crew, function: Callable[[T], R], tasks: Iterable[T], ahead: int | None = None
) -> Iterator[tuple[int, R | Lost]]:
    """Yield place and result of each task as soon as it is there.

    ``function`` is a function of a module and ``tasks`` are plain data, for they are sent to other processes. Tasks
    are taken only as they are needed, at most ``ahead`` beyond the first that is not done. An exception of the function
    ends it all. Raises `ScenarioError` where a worker runs other code than this process.
    """
    if crew.start is None:
        for place, what in enumerate(tasks):
            yield place, function(what)
        return
    run = _Run(crew, crew.start, function, tasks, ahead)
    try:
        while run.give_out():
            yield from run.results()
    finally:
        run.close()


class _Run(Generic[T, R]):
    """Tasks under way on an executor."""

    def __init__(
        self,
        crew: Crew,
        start: Callable[[], Executor],
        function: Callable[[T], R],
        tasks: Iterable[T],
        ahead: int | None,
    ) -> None:
        self.crew, self.start, self.function, self.ahead = crew, start, function, ahead
        self.fresh = (_Task(place, what) for place, what in enumerate(tasks))
        self.next: _Task[T] | None = next(self.fresh, None)
        self.suspects: deque[_Task[T]] = deque()
        self.flying: dict[Future[Any], _Task[T]] = {}
        self.deaths: Counter[int] = Counter()
        self.others = set(multiprocessing.active_children())
        self.executor = start()

    def give_out(self) -> bool:
        """Submit what may be begun now; say whether anything is under way."""
        if self.suspects:
            if not self.flying:
                self._submit(self.suspects.popleft())
            return True
        while self.next is not None and len(self.flying) < UNDER_WAY * self.crew.size and self._near(self.next):
            task, self.next = self.next, next(self.fresh, None)
            self._submit(task)
            if self.suspects:
                break
        return bool(self.flying or self.suspects)

    def _near(self, task: _Task[T]) -> bool:
        oldest = min((other.place for other in self.flying.values()), default=task.place)
        return self.ahead is None or task.place - oldest < self.ahead

    def _submit(self, task: _Task[T]) -> None:
        try:
            with undisturbed():  # a process that begins here would say so at length
                future = self.executor.submit(_checked, fingerprint(), self.function, task.what)
                self.flying[future] = task
        except BrokenExecutor:
            self.suspects.append(task)  # not its fault: it had not begun
            if not self.flying:
                self._renew()

    def results(self) -> Iterator[tuple[int, R | Lost]]:
        """Yield what has come in since the last time; wait where that is nothing."""
        if not self.flying:
            return
        done, _ = wait(self.flying, PATIENCE_SECONDS, FIRST_COMPLETED)
        trouble = "" if done else self.crew.trouble()
        if trouble:
            raise ScenarioError.single(trouble, where="the workers", cure=AGAIN)
        if any(isinstance(_error(future), BrokenExecutor) for future in done):
            done, _ = wait(self.flying)  # the pool is gone: each of them has failed or was in time
            self._renew()
        for future in sorted(done, key=lambda future: self.flying[future].place):
            task = self.flying.pop(future)
            died = self._deaths(_error(future))
            self.deaths[task.place] += died
            if died and self.deaths[task.place] < DEATHS:
                self.suspects.append(task)
                continue
            yield task.place, self._outcome(future)

    def _deaths(self, error: BaseException | None) -> int:
        """Return how many deaths count against a task; a cluster that gives it up leaves it one more, alone.

        For a cluster counts against a task whatever dies with it on its worker, even where it has not begun.
        """
        if isinstance(error, BrokenExecutor):
            return 1
        return DEATHS - 1 if isinstance(error, self.crew.given_up) else 0

    def _outcome(self, future: Future[Any]) -> R | Lost:
        lost: tuple[type[BaseException], ...] = (BrokenExecutor, *self.crew.given_up)
        try:
            result: R | Stranger = future.result()
        except lost:
            return Lost()
        except CancelledError:
            raise ScenarioError.single(
                "the cluster has dropped what it was to do", where="the workers", cure=AGAIN
            ) from None
        if isinstance(result, Stranger):
            cure = "begin again; on a cluster, give every worker the same version of the program, numpy and scipy"
            message = "a worker runs other code than this process"
            raise ScenarioError.single(message, where=result.where, cure=cure)
        return result

    def _renew(self) -> None:
        self.executor.shutdown(wait=False)
        self.executor = self.start()

    def close(self) -> None:
        """Call off what is still under way, and do not wait for it."""
        # a pool whose futures were cancelled stumbles over them when its processes end
        self.executor.shutdown(wait=not self.flying)
        if self.flying:
            for process in set(multiprocessing.active_children()) - self.others:
                process.terminate()


def _error(future: Future[Any]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put interrupts off, also in processes that begin meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def present() -> bool:
    """Say that this program is there, for a process that may not have it."""
    return True


def _checked(expected: str, function: Callable[[T], R], what: T) -> R | Stranger:
    """Do a task where this process has the code that was meant."""
    if fingerprint() != expected:
        return Stranger(f"{platform.node()}, process {os.getpid()}")
    return function(what)
