"""A sweep from its plan to its tables: finished cases are read, the others computed, errors noted, nothing done twice.

The folder of a sweep holds from the beginning a manifest and the journal of finished cases; its tables come at the end.
So a sweep can be killed at any moment, and the same command goes on where it was.
"""

from __future__ import annotations

import hashlib
import math
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sim.batch import columns, replicates
from sim.batch.build import Scenarios, name_of
from sim.batch.figures import Answer, Asked, Figures, answers
from sim.batch.journal import NAME, Journal, key_of
from sim.batch.outcome import Count, Failed, Swept
from sim.batch.plan import Case, Plan, identity
from sim.errors import Problem, ScenarioError
from sim.folder import MANIFEST, beside, identity_of, ready, swap, writing
from sim.folder import identity as identity_of_run
from sim.lock import BusyError, locked
from sim.manifest import VERSIONS, to_yaml
from sim.prepare import prepare
from sim.results import told, write_tables
from sim.scenario import digest_of
from sim.seam import Crew, Lost, completed
from sim.source import fingerprint
from sim.tables import Table

LEAST_SECONDS = 0.05
"""A task holds as many cases as take this long, so that handing it over costs little beside it."""
MOST_CASES = 256
PATIENCE = 0.5
"""Seconds to wait for another process that only looks after what killed runs have left."""
DEAD = "every process that took on this case has died, perhaps out of memory"


Tell = Callable[[Count], None]
"""Hears how far a sweep is, after every case."""
Facts = Callable[[], dict[str, Any]]
"""Returns what the manifest says of this very run: date, seconds, workers."""


def sweep(plan: Plan, folder: Path, crew: Crew, facts: Facts, tell: Tell) -> Swept:
    """Run all cases of a plan that are not finished yet, and write the tables.

    Cases that cannot be run are in ``failed``, the others go on. Raises `ScenarioError` where the folder cannot be used
    or another sweep is at work in it.
    """
    scenarios = Scenarios(plan)
    with told(folder):
        target = folder.resolve() if folder.is_symlink() else folder
        inputs = _inputs(plan, scenarios)
        notes = ready(target) + _claim(plan, inputs, target, facts)
        with locked(target, beside(target, "lock"), PATIENCE), Journal(target) as journal:
            if identity_of(target) != identity_of_run(*inputs):
                raise BusyError([Problem(str(folder), "", "another sweep has taken this folder", "begin again")])
            for part in target.glob(".*.sim-part"):
                part.unlink()
            run = _Sweep(plan, scenarios, journal, crew, tell)
            run.all()
            found = run.figures()
            made = run.tables(found)
            files = [*write_tables(made, target, "--out"), _write_replicates(target, found)]
            if not run.failed:
                (target / columns.ERRORS).unlink(missing_ok=True)
            _write_manifest(plan, inputs, target, facts, files, run.count)
    return Swept(plan, folder, made[0], tuple(run.failed), run.count, tuple(sorted(folder.iterdir())), tuple(notes))


# --- the folder ---------------------------------------------------------------------------------------------------


def _inputs(plan: Plan, scenarios: Scenarios) -> tuple[str, int, int]:
    """Return what makes a sweep: the hash of plan and files, seed, draws."""
    return hashlib.sha256(f"{identity(plan)} {scenarios.digest}".encode()).hexdigest(), plan.seed, plan.whole_draws


def _claim(plan: Plan, inputs: tuple[str, int, int], folder: Path, facts: Facts) -> list[str]:
    """Make the folder that of this sweep; results of other inputs are kept aside, finished cases come along."""
    mine = identity_of_run(*inputs)
    if (folder / MANIFEST).is_file() and identity_of(folder) == mine:
        return []
    with writing(folder) as (partial, notes):
        if (folder / NAME).is_file():
            shutil.copyfile(folder / NAME, partial / NAME)
        _write_manifest(plan, inputs, partial, facts, (), None)
        kept = swap(partial, folder, mine)
    return notes + ([f"{folder}: the earlier results are kept in {kept}"] if kept is not None else [])


def _write_replicates(folder: Path, found: dict[int, Figures]) -> Path:
    part = folder / f".{replicates.FILE}.sim-part"
    replicates.write(part, found)
    return part.replace(folder / replicates.FILE)


def _write_manifest(
    plan: Plan,
    inputs: tuple[str, int, int],
    folder: Path,
    facts: Facts,
    files: Sequence[Path],
    count: Count | None,
) -> None:
    manifest = {
        "kind": "sweep",
        "name": plan.name,
        "title": plan.title,
        "seed": plan.seed,
        "draws": plan.whole_draws,
        "finished": count is not None,
        "cases": plan.count,
        "failed": count.failed if count is not None else 0,
        "design": plan.design,
        "base": [path.name for path in plan.base],
        "overrides": dict(plan.settings),
        "axes": {axis.name: [point.label for point in axis.points] for axis in plan.axes},
        "versions": {**VERSIONS, "python": platform.python_version(), "code_sha256": fingerprint()},
        "scenario_sha256": inputs[0],
        "files_sha256": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
        "run": facts(),
    }
    part = folder / f".{MANIFEST}.sim-part"
    part.write_bytes(to_yaml(manifest).encode())
    part.replace(folder / MANIFEST)


# --- the cases ----------------------------------------------------------------------------------------------------


class _Todo(NamedTuple):
    """A case that is not finished."""

    case: Case
    key: str
    asked: Asked


class _Sweep:
    """The cases of a plan on their way through a crew into the journal."""

    def __init__(self, plan: Plan, scenarios: Scenarios, journal: Journal, crew: Crew, tell: Tell) -> None:
        self.plan, self.scenarios, self.journal, self.crew, self.tell = plan, scenarios, journal, crew, tell
        self.count = Count(plan.count)
        self.failed: list[Failed] = []
        self.keys: dict[int, str] = {}
        self._same: dict[str, list[Case]] = {}
        """Key under way: the cases that come to this scenario."""
        self._bad: dict[str, tuple[Problem, ...]] = {}

    def all(self) -> None:
        """Compute what is not finished; cases whose process died in company have another chance alone."""
        self.tell(self.count)
        lost = self._compute(self._batches())
        self._compute((todo,) for todo in lost)
        self.failed.sort(key=lambda failed: failed.case.number)

    def _unfinished(self) -> Iterator[_Todo]:
        for case in self.plan.cases():
            try:
                data = self.scenarios.data(case)
            except ScenarioError as error:
                self._fail([case], error.problems)
                continue
            key = self.keys[case.number] = key_of(digest_of(data), self.plan.seed, self.plan.whole_draws)
            if key in self.journal:
                self.count.kept += 1
            elif key in self._bad:
                self._fail([case], self._bad[key])
            elif key in self._same:  # two cases may come to the same scenario
                self._same[key].append(case)
            else:
                self._same[key] = [case]
                yield _Todo(case, key, Asked(name_of(self.plan, case), data, self.plan.whole_draws, self.plan.seed))

    def _batches(self) -> Iterator[tuple[_Todo, ...]]:
        """Yield cases together, more of them where they turn out to be short; that shows in no result."""
        todo = self._unfinished()
        while True:
            answered = self.count.done + self.count.failed
            size = math.ceil(LEAST_SECONDS * answered / self.count.seconds) if self.count.seconds > 0.0 else 1
            batch = tuple(islice(todo, min(max(size, 1), MOST_CASES)))
            if not batch:
                return
            yield batch

    def _compute(self, batches: Iterable[tuple[_Todo, ...]]) -> list[_Todo]:
        """Take in the answers of all batches; return the cases of those that were lost, unless they were alone."""
        given: list[tuple[_Todo, ...]] = []
        lost: list[_Todo] = []

        def tasks() -> Iterator[tuple[Asked, ...]]:
            for batch in batches:
                given.append(batch)
                yield tuple(todo.asked for todo in batch)

        for place, result in completed(self.crew, answers, tasks()):
            if not isinstance(result, Lost):
                for todo, answer in zip(given[place], result, strict=True):
                    self._take(todo, answer)
            elif len(given[place]) > 1:
                lost += given[place]
            else:
                self._give_up(given[place][0], (Problem("", "", DEAD, "take fewer --workers, or fewer --draws"),))
            given[place] = ()
        return lost

    def _take(self, todo: _Todo, answer: Answer) -> None:
        self.count.seconds += answer.seconds
        if answer.problems:
            self._give_up(todo, self._located(todo.case, answer.problems))
            return
        self.journal.add(todo.key, answer.figures)
        self.count.done += len(self._same.pop(todo.key))
        self.tell(self.count)

    def _give_up(self, todo: _Todo, problems: tuple[Problem, ...]) -> None:
        self._bad[todo.key] = problems
        self._fail(self._same.pop(todo.key), problems)

    def _fail(self, cases: Sequence[Case], problems: tuple[Problem, ...]) -> None:
        self.failed += [Failed(case, problems) for case in cases]
        self.count.failed += len(cases)
        self.tell(self.count)

    def _located(self, case: Case, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Return the problems of a case with file and line, which are not sent to the workers."""
        try:
            prepare(self.scenarios.spec(case))
        except ScenarioError as error:
            return error.problems
        return problems

    def figures(self) -> dict[int, Figures]:
        """Return the figures of every case that has some, by its number."""
        bad = {failed.case.number for failed in self.failed}
        return {number: self.journal.figures(key) for number, key in self.keys.items() if number not in bad}

    def tables(self, found: dict[int, Figures]) -> list[Table]:
        """Return the table of the cases, and that of those that failed, where there are any."""
        cases = columns.cases_table(self.plan, found)
        made = [cases, columns.columns_table(cases, self.plan), columns.payback_table(self.plan, found)]
        if self.failed:
            heads = ("case", *(axis.name for axis in self.plan.axes), "where", "key", "message", "cure")
            rows = [
                (case.number, *(point.label for point in case.points), p.where, p.path, p.message, p.cure)
                for case, problems in self.failed
                for p in problems
            ]
            made.append(Table(columns.ERRORS, heads, rows))
        return made
