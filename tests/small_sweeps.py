"""Sweeps of a small scenario, in this process or another, and what they leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml
from small_scenarios import small_scenario

from sim.batch.journal import NAME as JOURNAL
from sim.cli import main

ROOT = Path(__file__).parents[1]
TIMES = {"manifest.yaml", JOURNAL}
"""Files that tell when and in which order things were done; all others have the same bytes."""


def written_scenario(folder: Path) -> Path:
    """Write a small scenario with one uncertain number and return its file."""
    data = small_scenario()
    data["costs"]["items"]["link"]["amount_million"] = {"dist": "uniform", "min": 1800, "max": 2400}
    file = folder / "small.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return file


def arguments(scenario: Path, out: Path, *options: str) -> list[str]:
    """Return the arguments of a quiet sweep into the folder ``s``."""
    return ["sweep", str(scenario), "--out", str(out), "--name", "s", "--quiet", *options]


def sweep(scenario: Path, out: Path, *options: str) -> int:
    """Sweep in this process; return the exit code."""
    return main(arguments(scenario, out, *options))


@contextmanager
def begun(scenario: Path, out: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Sweep in another process, whose process group does not outlive this."""
    command, pipe = [sys.executable, "-m", "sim", *arguments(scenario, out, *options)], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something is true or a process has ended."""
    end = time.monotonic() + 60.0
    while not true() and process.poll() is None:
        assert time.monotonic() < end, "waited for too long"
        time.sleep(0.002)


def tables(out: Path) -> dict[str, bytes]:
    """Return the bytes of all results of the sweep ``s`` that have to be the same each time."""
    found = {file.name: file.read_bytes() for file in (out / "s").iterdir() if file.name not in TIMES}
    assert "cases.csv" in found
    return found


def lines(out: Path) -> list[bytes]:
    """Return the lines of its journal."""
    return (out / "s" / JOURNAL).read_bytes().splitlines(keepends=True)
