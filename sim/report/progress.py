"""A progress line with the time left, on stderr, for anything that takes more than two seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

SILENT_SECONDS = 2.0
INTERVAL_SECONDS = 0.2


class Progress:
    """Context that shows how far something is; silent when quiet, when stderr is no terminal, and at first."""

    def __init__(self, total: int, quiet: bool) -> None:
        self._total, self._done = total, 0
        self._shown = not quiet and sys.stderr.isatty()
        self._start = self._last = time.monotonic()
        self._wide = 0

    def __enter__(self) -> Self:
        """Start the clock."""
        return self

    def advance(self, futures: int) -> None:
        """Count finished futures."""
        self._done += futures
        share = min(self._done / self._total, 1.0)
        seconds = time.monotonic() - self._start
        left = seconds * (1.0 - share) / share
        self._show(f"{self._done:,} of {self._total:,} futures, {share:4.0%}, {left:.0f} s left")

    def cases(self, done: int, failed: int, kept: int, left: int) -> None:
        """Show the cases of a sweep: those done and failed now, those kept from before, and those left."""
        worked = done + failed
        rate = worked / max(time.monotonic() - self._start, 1e-9)
        before = f", {kept:,} kept" if kept else ""
        bad = f", {failed:,} failed" if failed else ""
        ahead = f", {rate:.1f} a second, {left / rate:,.0f} s left" if worked else ""
        self._show(f"{done:,} case{'s' * (done != 1)} done{before}{bad}, {left:,} left{ahead}")

    def scenarios(self, done: int, total: int) -> None:
        """Show the scenarios that have been run, of those that are known to be needed."""
        left = (time.monotonic() - self._start) * (total - done) / max(done, 1)
        self._show(f"{done:,} of {total:,} scenarios done, {left:,.0f} s left")

    def _show(self, text: str) -> None:
        now = time.monotonic()
        if not self._shown or now - self._start < SILENT_SECONDS or now - self._last < INTERVAL_SECONDS:
            return
        self._last = now
        sys.stderr.write(f"\r{text:<{self._wide}} ")
        sys.stderr.flush()
        self._wide = len(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the line."""
        if self._wide:
            sys.stderr.write(f"\r{'':{self._wide}} \r")
            sys.stderr.flush()
