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

from sim.arguments import DRAWS, SEED, VERBS, parser

if TYPE_CHECKING:
    from sim.scenario import Spec

AUTOMATIC_WORKERS_FROM = 200_000
"""Draws from which more than one process pays."""
LINE = 100
"""Columns of what `validate` prints."""


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
        return COMMANDS[options.verb](options)
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
    from sim.errors import ScenarioError
    from sim.prepare import prepare
    from sim.study.check_page import page

    code = 0
    for i, file in enumerate(options.files):
        try:
            text = page(prepare(_read(file, options.set)))
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


def _statement(options: argparse.Namespace) -> int:
    from sim.report.format import encodes, plain
    from sim.report.statement_page import page
    from sim.results import write_tables
    from sim.study.statement import statement, tables

    spec = _read(options.file, options.set)
    made = statement(spec, options.draw, options.seed, by_period=options.by == "period")
    files = write_tables(tables(made), options.csv, "--csv") if options.csv is not None else []
    text, encoding = page(made), sys.stdout.encoding or "utf-8"
    print(text if encodes(encoding) else plain(text, encoding))
    if files:
        print(f"written to {options.csv}: {', '.join(file.name for file in files)}")
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
    from textwrap import fill

    from sim.errors import ScenarioError
    from sim.study.template import shipped_cases
    from sim.study.validate import validate

    cases: Path = options.cases or shipped_cases()
    if not cases.is_dir():
        raise ScenarioError.single("is no folder", where=str(cases), cure="name a folder of JSON cases")
    return validate(cases, lambda line: print(fill(line, LINE, subsequent_indent="    ", break_long_words=False)))


def _completion(options: argparse.Namespace) -> int:
    """Print the completion of the installed command; ``python -m sim`` itself cannot be completed."""
    import shtab

    from sim.study.describe import names

    made = parser()
    made.prog = "linkfeasibility"
    verbs = next(action for action in made._actions if isinstance(action, argparse._SubParsersAction))
    for verb, dest in (("run", "file"), ("check", "files"), ("trace", "file"), ("statement", "file")):
        setattr(_action(verbs.choices[verb], dest), "complete", shtab.FILE)  # noqa: B010 - shtab reads this attribute
    _action(verbs.choices["describe"], "name").choices = names()
    print(shtab.complete(made, options.shell))
    return 0


def _action(verb: argparse.ArgumentParser, dest: str) -> argparse.Action:
    return next(action for action in verb._actions if action.dest == dest)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "check": _check,
    "trace": _trace,
    "statement": _statement,
    "describe": _describe,
    "new": _new,
    "schema": _schema,
    "validate": _validate,
    "completion": _completion,
}
"""What each verb of `arguments` does."""
