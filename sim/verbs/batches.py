"""Many runs: sweep, compare, explain."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.arguments import DRAWS, SEED
from sim.verbs.crews import crew_of, workers_of
from sim.verbs.reading import read_scenario, scenario_file
from sim.verbs.screen import say, show, tell, width

if TYPE_CHECKING:
    from sim.batch.outcome import Count, Swept
    from sim.batch.plan import Plan
    from sim.errors import Problem

LONGEST_NAME = 80
MOST_COMPLAINTS = 10


# --- sweep --------------------------------------------------------------------------------------------------------


def sweep(options: argparse.Namespace) -> int:
    """Run every case of a sweep; 1 where some failed."""
    from sim.batch.build import Scenarios, designed, probe
    from sim.batch.plan import checked

    plan = designed(checked(_plan(options)))
    scenarios = Scenarios(plan)
    probe(plan, scenarios)
    if options.dry_run:
        return _rehearse(plan, scenarios, workers_of(options))
    return _sweep(plan, options)


def _plan(options: argparse.Namespace) -> Plan:
    """Return the plan of a study file, or of the axes on the command line."""
    from dataclasses import replace

    from sim.batch import axes, study_file
    from sim.batch.columns import check_metrics
    from sim.batch.plan import Plan
    from sim.errors import ScenarioError
    from sim.scenario import parse_override, read

    settings = tuple(parse_override(text) for text in options.set)
    file = scenario_file(options.file)
    if not file.is_file():
        read(file)  # which says what is wrong with it
    check_metrics(options.metric, "--metric")
    if study_file.is_study(file):
        if options.vary or options.zip:
            cure = "write the axis into the study file, or name the scenario"
            raise ScenarioError.single("a study file has its own axes", where=f"--vary, {file}", cure=cure)
        given = {key: value for key in ("draws", "seed") if (value := getattr(options, key)) is not None}
        plan = study_file.read_study(file, given, study_file.Defaults(DRAWS, SEED, settings))
        plan = replace(plan, metrics=tuple(options.metric)) if options.metric else plan
    else:
        varied = tuple(axes.parse(text) for text in options.vary)
        words = [axis.name.rpartition(".")[2] or axis.name for axis in varied]
        short = re.sub(r"[^\w.+-]+", "_", "_by_".join([file.stem, *words]))
        title = f"{file.stem} by {' and '.join(_short(axis.name) for axis in varied)}"
        seed = SEED if options.seed is None else options.seed
        design, metrics = "zip" if options.zip else "product", tuple(options.metric)
        draws = options.draws or DRAWS
        plan = Plan(_cut(short), (file,), settings, varied, design, 0, draws, seed, metrics, title)
    return replace(plan, name=_folder_name(options.name)) if options.name else plan


def _short(axis: str) -> str:
    """Return the last words of what an axis is called."""
    from sim.report.names import name_and_unit

    of, _, what = name_and_unit(axis)[0].rpartition(": ")
    return what if of else what[:1].lower() + what[1:]


def _cut(name: str) -> str:
    """Return a name that a file system takes, whatever its letters."""
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


def _folder_name(name: str) -> str:
    from sim.errors import ScenarioError

    if not re.fullmatch(r"\w[\w .+-]*", name):
        cure = "use letters, digits, _, - and dots; put the path into --out"
        raise ScenarioError.single(f"{name!r} is no name of a folder", where="--name", cure=cure)
    return name


def _rehearse(plan: Plan, scenarios: Any, workers: int) -> int:
    """Say what a sweep would do: how many cases, about how long, and the first of them."""
    from itertools import islice

    from sim.batch.build import name_of
    from sim.batch.figures import Asked, answer
    from sim.report.sweep_page import rehearsal

    seconds = [0.0, 0.0]
    tried = dict.fromkeys((0, plan.count // 2, plan.count - 1))
    for place in tried:
        case = plan.case(place)
        for i, draws in enumerate((256, 1024)):  # what a case costs before its first draw, and each draw
            found = answer(Asked(name_of(plan, case), scenarios.data(case), draws, plan.seed))
            seconds[i] += found.seconds / len(tried)
            for problem in found.problems if i == 0 else ():
                tell(f"note: case {case.number} fails: {problem}")
    each = max(seconds[1] - seconds[0], 0.0) / 768.0
    whole = (seconds[0] + each * max(plan.whole_draws - 256, 0)) * plan.count / min(workers, plan.count)
    show(rehearsal(plan, list(islice(plan.cases(), 5)), whole, workers, width()))
    return 0


def _sweep(plan: Plan, options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from sim.batch.sweep import sweep as run_sweep
    from sim.report.progress import Progress
    from sim.report.sweep_page import page

    started = time.perf_counter()
    workers = size = workers_of(options)
    last: list[Count] = []

    def facts() -> dict[str, Any]:
        seconds = round(time.perf_counter() - started, 3)
        return {"date": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": seconds, "workers": size}

    with Progress(plan.count, quiet=options.quiet) as progress:

        def advance(count: Count) -> None:
            last[:] = [count]
            progress.cases(count.done, count.failed, count.kept, count.left)

        try:
            with crew_of(options, min(workers, plan.count)) as crew:
                size = crew.size
                swept = run_sweep(plan, options.out / plan.name, crew, facts, advance)
        except KeyboardInterrupt:
            done = last[0].done + last[0].kept if last else 0
            kept = f"{done:,} of {plan.count:,} cases are finished and kept; the same command goes on"
            tell(f"interrupted: {kept}")
            return 130
    if not options.quiet:
        for note in swept.notes:
            tell(f"note: {note}")
        _end(page(swept, time.perf_counter() - started, width()), swept.files)
    if swept.failed:
        _complain(swept)
    return 1 if swept.failed else 0


def _complain(swept: Swept) -> None:
    """Name what is wrong with cases that failed, each complaint once, with the first case that has it."""
    told: dict[Problem, list[int]] = {}
    for failed in swept.failed:
        for problem in failed.problems:
            told.setdefault(problem, []).append(failed.case.number)
    for problem, cases in list(told.items())[:MOST_COMPLAINTS]:
        more = f" and {len(cases) - 1:,} more" if len(cases) > 1 else ""
        tell(f"error: case {cases[0]}{more}: {problem}")
    where = swept.folder / "errors.csv"
    tell(f"{len(swept.failed):,} of {swept.plan.count:,} cases failed: see {where}")


# --- compare, explain ---------------------------------------------------------------------------------------------


def compare(options: argparse.Namespace) -> int:
    """Hold results against each other."""
    from sim.batch.compare import compare as hold
    from sim.batch.compare import tables
    from sim.report.compare_page import markdown, page
    from sim.results import write_tables

    found = hold(options.results)
    files = write_tables(tables(found), options.csv, "--csv") if options.csv is not None else []
    if options.markdown:
        say(markdown(found).rstrip("\n"))
    else:
        _end(page(found, width()), files)
    return 0


def explain(options: argparse.Namespace) -> int:
    """Say which changed inputs make the difference of two scenarios."""
    from sim.batch import measure as measures
    from sim.batch.explain import explain as attribute
    from sim.batch.explain import tables
    from sim.batch.values import evaluator
    from sim.prepare import prepare
    from sim.report.explain_page import page
    from sim.report.progress import Progress
    from sim.results import write_tables

    measure = measures.parse(options.metric)
    first, second = (read_scenario(file, ()) for file in (options.first, options.second))
    for spec in (first, second):
        prepare(spec)  # an end that cannot be run is told with its line
    with crew_of(options, workers_of(options)) as crew, Progress(1, quiet=options.quiet) as progress:
        evaluate = evaluator(crew, measure, options.draws, options.seed, progress.scenarios)
        found = attribute(first, second, measure, options.by, options.draws, options.seed, evaluate)
    files = write_tables(tables(found), options.csv, "--csv") if options.csv is not None else []
    if not options.quiet:
        _end(page(found, width()), files)
    return 0


def _end(text: str, written: Sequence[Path]) -> None:
    """Show a page, and at its end what was written."""
    from sim.report.files_section import files

    show(f"{text}\n\n{files(written, width())}" if written else text)
