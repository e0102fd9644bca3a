"""The front door: arguments to calls to exit code. The only place that prints, and that reads the clock.

Exit codes: 0 ok, 1 some case failed, 2 input, 130 interrupt.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sim import __version__

VERBS = ("run", "check", "validate")
AUTOMATIC_WORKERS_FROM = 200_000
"""Draws from which more than one process pays."""


def run_from_shell() -> None:
    """Run with the arguments of the shell and exit with its code."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    # The engine uses no linear algebra; idle BLAS threads would only spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(argv)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        arguments.insert(0, "run")
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    from sim.errors import ScenarioError

    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except ScenarioError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: nothing of this run was written, earlier results are untouched", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sim",
        description="Does an energy link pay back, when, for whom? Simulate a scenario file.",
        epilog="A first word that is not a verb is a scenario file: python -m sim scenarios/base.yaml",
    )
    parser.add_argument("--version", action="version", version=f"linkfeasibility {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    run = verbs.add_parser("run", help="simulate a scenario, print the verdict, write the results")
    run.add_argument("file", help="scenario file (YAML)")
    run.add_argument(
        "--draws", type=_positive, default=10_240, metavar="N", help="futures, in whole replicates of 256 (10240)"
    )
    run.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all chance (1)")
    run.add_argument("--workers", type=_positive, metavar="N", help="processes (1; all cores from 200,000 draws)")
    run.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="results go to DIR/SCENARIO (results)"
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a number, as in --set link.capacity_mw=600",
    )
    run.add_argument(
        "--keep-draws", action="store_true", help="also keep the inputs of every draw, and a CSV of all draws"
    )
    run.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(command=_run)

    check = verbs.add_parser("check", help="read scenario files and say what is wrong with them")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.set_defaults(command=_check)

    validate = verbs.add_parser("validate", help="compare the engine with outside reference cases")
    validate.add_argument("--cases", type=Path, required=True, metavar="FOLDER", help="folder of JSON cases")
    validate.set_defaults(command=_validate)
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _run(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from sim.collect import Limits
    from sim.engine import simulate
    from sim.report.progress import Progress
    from sim.results import RunFacts, write
    from sim.scenario import parse_override, read

    started = time.perf_counter()
    overrides = [parse_override(text) for text in options.set]
    spec = read(options.file, overrides)
    gc.freeze()  # what is imported and read stays; collections need not look at it again
    workers = options.workers or (os.cpu_count() or 1 if options.draws >= AUTOMATIC_WORKERS_FROM else 1)
    keep = Limits()
    limits = Limits(input_replicates=keep.metric_replicates) if options.keep_draws else keep
    with Progress(options.draws, quiet=options.quiet) as progress:
        result = simulate(spec, options.draws, options.seed, workers, limits, progress.advance)
    facts = RunFacts(datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter() - started, workers)
    tables, files = write(result, options.out / spec.name, overrides, facts, options.keep_draws)
    if not options.quiet:
        from sim.report.terminal import show

        show(result, tables, files, facts, asked=options.draws)
    return 0


def _check(options: argparse.Namespace) -> int:
    from sim.checks import warnings
    from sim.engine import prepare
    from sim.errors import ScenarioError
    from sim.scenario import read

    code = 0
    for file in options.files:
        try:
            spec = read(file)
            horizon = prepare(spec).grid.years
        except ScenarioError as error:
            code = 2
            for problem in error.problems:
                print(f"error: {problem}", file=sys.stderr)
            continue
        print(f"{file}: ok: {spec.written.title}; horizon {horizon} years, {len(spec.uncertain)} uncertain inputs")
        for warning in warnings(spec.written):
            print(f"{file}: warning: {warning}")
    return code


def _validate(options: argparse.Namespace) -> int:
    from sim.errors import ScenarioError
    from sim.study.validate import validate

    if not options.cases.is_dir():
        raise ScenarioError.single("is no folder", where=str(options.cases), cure="name a folder of JSON cases")
    return validate(options.cases, print)
