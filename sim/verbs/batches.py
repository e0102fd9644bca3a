"""Many runs: sweep, compare, explain."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.arguments import DRAWS, SEED
from sim.verbs.crews import crew_of
from sim.verbs.reading import read_scenario, scenario_file

if TYPE_CHECKING:
    from sim.batch.plan import Plan
    from sim.batch.sweep import Count, Swept
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
        return _rehearse(plan, scenarios, options.workers or os.cpu_count() or 1)
    return _sweep(plan, options)


def _plan(options: argparse.Namespace) -> Plan:
    """Return the plan of a study file, or of the axes on the command line."""
    from dataclasses import replace

    from sim.batch import axes, study_file
    from sim.batch.columns import check_metrics
    from sim.batch.plan import Plan
    from sim.errors import ScenarioError
    from sim.scenario import parse_override

    settings = tuple(parse_override(text) for text in options.set)
    file = scenario_file(options.file)
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
        short = "_by_".join([file.stem, *(axis.name.rpartition(".")[2] or axis.name for axis in varied)])
        seed = SEED if options.seed is None else options.seed
        design, metrics = "zip" if options.zip else "product", tuple(options.metric)
        draws = options.draws or DRAWS
        plan = Plan(short[:LONGEST_NAME], (file,), settings, varied, design, 0, draws, seed, metrics)
    return replace(plan, name=_folder_name(options.name)) if options.name else plan


def _folder_name(name: str) -> str:
    from sim.errors import ScenarioError

    if Path(name).name != name or name in (".", ".."):
        raise ScenarioError.single(f"{name!r} is no name of a folder", where="--name", cure="put the path into --out")
    return name


def _rehearse(plan: Plan, scenarios: Any, workers: int) -> int:
    """Say what a sweep would do: how many cases, about how long, and the first of them."""
    from itertools import islice

    from sim.batch.build import name_of
    from sim.batch.figures import Asked, answer
    from sim.report.sweep_page import rehearsal

    first = plan.case(0)
    seconds = []
    for draws in (256, 1024):  # a line through two points: what a case costs before its first draw, and each draw
        asked = Asked(name_of(plan, first), scenarios.data(first), draws, plan.seed)
        seconds.append(min(answer(asked).seconds for _ in range(2)))
    each = (seconds[1] - seconds[0]) / 768.0
    whole = max(seconds[0] + each * (plan.draws - 256), seconds[0]) * plan.count / min(workers, plan.count)
    _show(rehearsal(plan, list(islice(plan.cases(), 5)), whole, workers))
    return 0


def _sweep(plan: Plan, options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from sim.batch.sweep import sweep as run_sweep
    from sim.report.progress import Progress
    from sim.report.sweep_page import page

    started = time.perf_counter()
    workers = size = options.workers or os.cpu_count() or 1
    last: list[Count] = []

    def facts() -> dict[str, Any]:
        seconds = round(time.perf_counter() - started, 3)
        return {"date": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": seconds, "workers": size}

    with Progress(plan.count, quiet=options.quiet) as progress:

        def tell(count: Count) -> None:
            last[:] = [count]
            progress.cases(count.done, count.failed, count.kept, count.left)

        try:
            with crew_of(options, min(workers, plan.count)) as crew:
                size = crew.size
                swept = run_sweep(plan, options.out / plan.name, crew, facts, tell)
        except KeyboardInterrupt:
            done = last[0].done + last[0].kept if last else 0
            kept = f"{done:,} of {plan.count:,} cases are finished and kept; the same command goes on"
            print(f"interrupted: {kept}", file=sys.stderr)
            return 130
    if not options.quiet:
        for note in swept.notes:
            print(f"note: {note}", file=sys.stderr)
        _show(page(swept, time.perf_counter() - started))
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
        print(f"error: case {cases[0]}{more}: {problem}", file=sys.stderr)
    where = swept.folder / "errors.csv"
    print(f"{len(swept.failed):,} of {swept.plan.count:,} cases failed: see {where}", file=sys.stderr)


# --- compare, explain ---------------------------------------------------------------------------------------------


def compare(options: argparse.Namespace) -> int:
    """Hold results against each other."""
    from sim.batch.compare import compare as hold
    from sim.batch.compare import tables
    from sim.report.compare_page import markdown, page
    from sim.results import write_tables

    found = hold(options.results)
    files = write_tables(tables(found), options.csv, "--csv") if options.csv is not None else []
    _show(markdown(found).rstrip("\n") if options.markdown else page(found, ascii_only=not _unicode()))
    if files and not options.markdown:
        print(f"written to {options.csv}: {', '.join(file.name for file in files)}")
    return 0


def explain(options: argparse.Namespace) -> int:
    """Say which changed inputs make the difference of two scenarios."""
    from sim.batch import measure as measures
    from sim.batch.explain import explain as attribute
    from sim.batch.explain import tables
    from sim.batch.values import evaluator
    from sim.report.explain_page import page
    from sim.report.progress import Progress
    from sim.results import write_tables

    measure = measures.parse(options.metric)
    first, second = (read_scenario(file, ()) for file in (options.first, options.second))
    workers = options.workers or os.cpu_count() or 1
    with crew_of(options, workers) as crew, Progress(1, quiet=options.quiet) as progress:
        evaluate = evaluator(crew, measure, options.draws, options.seed, progress.scenarios)
        found = attribute(first, second, measure, options.by, options.draws, options.seed, evaluate)
    files = write_tables(tables(found), options.csv, "--csv") if options.csv is not None else []
    if not options.quiet:
        _show(page(found, ascii_only=not _unicode()))
        if files:
            print(f"written to {options.csv}: {', '.join(file.name for file in files)}")
    return 0


def _unicode() -> bool:
    from sim.report.format import encodes

    return encodes(sys.stdout.encoding or "utf-8")


def _show(text: str) -> None:
    """Print a page in what the terminal can write."""
    from sim.report.format import plain

    print(text if _unicode() else plain(text, sys.stdout.encoding))
