"""The front door: arguments to calls to exit code. The only place that prints, and that reads the clock.

Exit codes: 0 ok, 1 some case failed, 2 input, 130 interrupt.
"""

from __future__ import annotations

import argparse
import errno
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__

if TYPE_CHECKING:
    from sim.scenario import Spec

VERBS = ("run", "check", "validate", "describe", "schema", "new", "trace", "completion")
MOST_DRAWS = 100_000_000
AUTOMATIC_WORKERS_FROM = 200_000
"""Draws from which more than one process pays."""
DRAWS, SEED = 10_240, 1


def run_from_shell() -> None:
    """Run with the arguments of the shell and exit with its code."""
    gc.disable()  # while modules load there is nothing to collect; a run switches it on again
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    # The engine uses no linear algebra; idle BLAS threads would only spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(argv)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        arguments.insert(0, "run")
    try:
        options = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    from sim.errors import ScenarioError

    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except ScenarioError as error:
        _complain(error)
        return 2
    except KeyboardInterrupt:
        print("interrupted: nothing of this run was written, earlier results are untouched", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("error: the output has no room; results that were named as written are there", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; also what shell completion is made from."""
    top = argparse.ArgumentParser(
        prog="python -m sim",
        description="Does an energy link pay back, when, for whom? Simulate a scenario file.",
        epilog="A first word that is not a verb is a scenario: python -m sim scenarios/base.yaml, or just: base",
    )
    top.add_argument("--version", action="version", version=f"linkfeasibility {__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    _run_options(verbs.add_parser("run", help="simulate a scenario, print the verdict, write the results"))

    check = verbs.add_parser("check", help="read scenario files: what was understood, or everything that is wrong")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.set_defaults(command=_check)

    trace = verbs.add_parser("trace", help="take a number apart, down to the inputs and their sources")
    trace.add_argument("file", metavar="FILE", help="scenario file or name")
    trace.add_argument("--line", required=True, help="line of the cash flow, or a metric")
    trace.add_argument("--year", type=int, help="calendar year (not for metrics)")
    trace.add_argument("--draw", type=int, metavar="N", help="a draw, from 0; without it the lenders' case")
    trace.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"seed of the draw ({SEED})")
    _set_option(trace)
    trace.set_defaults(command=_trace)

    describe = verbs.add_parser("describe", help="what a key, metric or line means: unit, bounds, formula, source")
    describe.add_argument("name", nargs="?", metavar="KEY", help="key, metric or line; without it an overview")
    describe.set_defaults(command=_describe)

    new = verbs.add_parser("new", help="write NAME.yaml here: a complete scenario with comments, to be changed")
    new.add_argument("name", metavar="NAME")
    new.set_defaults(command=_new)

    verbs.add_parser("schema", help="print the JSON schema of scenario files").set_defaults(command=_schema)

    validate = verbs.add_parser("validate", help="compare the engine with outside reference cases")
    validate.add_argument("--cases", type=Path, metavar="FOLDER", help="folder of JSON cases (those that come along)")
    validate.set_defaults(command=_validate)

    completion = verbs.add_parser("completion", help="print shell completion")
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    completion.set_defaults(command=_completion)
    return top


def _run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument("file", metavar="FILE", help="scenario file, name of a shipped one, or manifest.yaml of a run")
    draws = f"futures, in whole replicates of 256 ({DRAWS})"
    run.add_argument("--draws", type=_positive, metavar="N", help=draws)
    run.add_argument("--seed", type=int, metavar="N", help=f"seed of all chance ({SEED})")
    run.add_argument("--workers", type=_positive, metavar="N", help="processes (1; all cores from 200,000 draws)")
    out = "results go to DIR/SCENARIO (results)"
    run.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help=out)
    _set_option(run)
    keep = "also keep the inputs of every draw, and a CSV of all draws"
    run.add_argument("--keep-draws", action="store_true", help=keep)
    run.add_argument("--dry-run", action="store_true", help="print the resolved scenario instead of running it")
    run.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(command=_run)


def _set_option(verb: argparse.ArgumentParser) -> None:
    text = "change a number, as in --set link.capacity_mw=600"
    verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=text)


def _positive(text: str) -> int:
    if not text.lstrip("+-").isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number such as 10000")
    value = int(text)
    if not 1 <= value <= MOST_DRAWS:
        raise argparse.ArgumentTypeError(f"must be from 1 to {MOST_DRAWS:,}")
    return value


def _complain(error: Any) -> None:
    for problem in error.problems:
        print(f"error: {problem}", file=sys.stderr)


# --- verbs --------------------------------------------------------------------------------------------------------


def _read(file: str, changes: Sequence[str]) -> Spec:
    """Return the spec of a file, or of a shipped scenario of that name."""
    from sim.errors import ScenarioError
    from sim.manifest import is_manifest
    from sim.scenario import parse_override, read

    path = Path(file)
    if not path.exists():
        from sim.study.template import shipped

        path = shipped(file)
    elif is_manifest(path):
        cure = f"run it again with python -m sim {file}"
        raise ScenarioError.single("is the manifest of a run, no scenario", where=file, cure=cure)
    return read(path, [parse_override(text) for text in changes])


def _run(options: argparse.Namespace) -> int:
    from sim.manifest import is_manifest, to_yaml

    if is_manifest(Path(options.file)):
        return _repeat(options)
    from sim.scenario import parse_override

    spec = _read(options.file, options.set)
    if options.dry_run:
        print(to_yaml(spec.data), end="")
        return 0
    overrides = [parse_override(text) for text in options.set]
    _simulate(spec, options, options.draws or DRAWS, SEED if options.seed is None else options.seed, overrides)
    return 0


def _repeat(options: argparse.Namespace) -> int:
    """Repeat the run of a manifest and say whether the tables have the same bytes."""
    from sim.errors import ScenarioError
    from sim.manifest import from_manifest, same_bytes

    if options.set or options.draws or options.seed is not None or options.dry_run:
        cure = "use the scenario file to change something"
        raise ScenarioError.single("a manifest repeats its run as it was", where=options.file, cure=cure)
    again = from_manifest(Path(options.file))
    for warning in () if options.quiet else again.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    options.keep_draws = options.keep_draws or again.keep_draws
    folder = _simulate(again.spec, options, again.draws, again.seed, again.overrides)
    other = same_bytes(again.files_sha256, folder)
    if not options.quiet:
        print(f"not the same bytes as then: {', '.join(other)}" if other else "the same bytes as then")
    return 1 if other else 0


def _simulate(
    spec: Spec, options: argparse.Namespace, draws: int, seed: int, overrides: Sequence[tuple[str, Any]]
) -> Path:
    from datetime import UTC, datetime

    from sim.collect import Limits
    from sim.engine import simulate
    from sim.report.progress import Progress
    from sim.results import RunFacts, ready, write

    started = time.perf_counter()
    folder: Path = options.out / spec.name
    notes = [*ready(folder)]
    gc.freeze()  # what is imported and read stays; collections need not look at it again
    gc.enable()
    workers = options.workers or (os.cpu_count() or 1 if draws >= AUTOMATIC_WORKERS_FROM else 1)
    keep = Limits()
    limits = Limits(input_replicates=keep.metric_replicates) if options.keep_draws else keep
    with Progress(draws, quiet=options.quiet) as progress:
        result = simulate(spec, draws, seed, workers, limits, progress.advance)
    facts = RunFacts(datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter() - started, workers)
    written = write(result, folder, overrides, facts, options.keep_draws)
    if not options.quiet:
        from sim.report.terminal import show

        for note in (*notes, *written.notes):
            print(f"note: {note}", file=sys.stderr)
        show(result, written.tables, written.files, facts, asked=draws)
    return folder


def _check(options: argparse.Namespace) -> int:
    from sim.engine import prepare
    from sim.errors import ScenarioError
    from sim.study.check_page import page

    code = 0
    for i, file in enumerate(options.files):
        try:
            spec = _read(file, [])
            text = page(spec, prepare(spec).grid.years)
        except ScenarioError as error:
            _complain(error)
            code = 2
            continue
        print("\n" * (i > 0) + f"{file}: ok")
        print(text)
    return code


def _trace(options: argparse.Namespace) -> int:
    from sim.study.trace import trace

    print(trace(_read(options.file, options.set), options.line, options.year, options.draw, options.seed))
    return 0


def _describe(options: argparse.Namespace) -> int:
    from sim.study.describe import describe

    print(describe(options.name))
    return 0


def _schema(options: argparse.Namespace) -> int:
    from sim.study.schema import schema_text

    print(schema_text(), end="")
    return 0


def _new(options: argparse.Namespace) -> int:
    from sim.errors import ScenarioError
    from sim.study.template import new

    file = Path(f"{options.name}.yaml")
    text = new(options.name)
    try:
        with file.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except FileExistsError:
        raise ScenarioError.single("is there already", where=str(file), cure="choose another name") from None
    except OSError as error:
        cure = "go to a folder that can be written to"
        raise ScenarioError.single(f"cannot be written: {error.strerror}", where=str(file), cure=cure) from None
    print(f"{file} written; next: python -m sim check {file}, then python -m sim {file}")
    return 0


def _validate(options: argparse.Namespace) -> int:
    from sim.errors import ScenarioError
    from sim.study.template import shipped_cases
    from sim.study.validate import validate

    cases: Path = options.cases or shipped_cases()
    if not cases.is_dir():
        raise ScenarioError.single("is no folder", where=str(cases), cure="name a folder of JSON cases")
    return validate(cases, print)


def _completion(options: argparse.Namespace) -> int:
    """Print the completion of the installed command; ``python -m sim`` itself cannot be completed."""
    import shtab

    from sim.study.describe import names

    made = parser()
    made.prog = "linkfeasibility"
    verbs = next(action for action in made._actions if isinstance(action, argparse._SubParsersAction))
    for verb, dest in (("run", "file"), ("check", "files"), ("trace", "file")):
        setattr(_action(verbs.choices[verb], dest), "complete", shtab.FILE)  # noqa: B010 - shtab reads this attribute
    _action(verbs.choices["describe"], "name").choices = names()
    print(shtab.complete(made, options.shell))
    return 0


def _action(verb: argparse.ArgumentParser, dest: str) -> argparse.Action:
    return next(action for action in verb._actions if action.dest == dest)
