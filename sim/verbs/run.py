"""`run`: a scenario, or the manifest of a run once more."""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.arguments import DRAWS, SEED
from sim.verbs.crews import crew_of
from sim.verbs.reading import read_scenario
from sim.verbs.screen import show, tell, unicode_screen, width, wrapped

if TYPE_CHECKING:
    from sim.scenario import Spec

AUTOMATIC_WORKERS_FROM = 200_000
"""Draws from which more than one process pays."""


def run(options: argparse.Namespace) -> int:
    """Simulate a scenario, or repeat the run of a manifest; print the page, write the results."""
    from sim.manifest import is_manifest, to_yaml

    if is_manifest(Path(options.file)):
        return _repeat(options)
    from sim.scenario import parse_override

    spec = read_scenario(options.file, options.set)
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
        tell(f"warning: {warning}")
    options.keep_draws = options.keep_draws or again.keep_draws
    folder = _simulate(again.spec, options, again.draws, again.seed, again.overrides)
    other = same_bytes(again.files_sha256, folder)
    if not options.quiet:
        told = f"not the same bytes as then: {', '.join(other)}" if other else "the same bytes as then"
        print(wrapped(told, width()))
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
    cores = os.cpu_count() or 1
    workers = options.workers or (cores if options.cluster or draws >= AUTOMATIC_WORKERS_FROM else 1)
    keep = Limits()
    limits = Limits(input_replicates=keep.metric_replicates) if options.keep_draws else keep
    with crew_of(options, workers) as crew, Progress(draws, quiet=options.quiet) as progress:
        result = simulate(spec, draws, seed, crew.size, limits, progress.advance, crew=crew)
    facts = RunFacts(datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter() - started, crew.size)
    written = write(result, folder, overrides, facts, options.keep_draws)
    if not options.quiet:
        from sim.report.terminal import page

        for note in (*notes, *written.notes):
            tell(f"note: {note}")
        show(page(result, written.tables, written.files, facts, draws, width(), not unicode_screen()))
    return folder
