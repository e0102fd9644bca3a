"""A progress line with the time left, on stderr, for anything that takes more than two seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

SILENT_SECONDS = 2.0
INTERVAL_SECONDS = 0.2


class Progress:
    """Context that counts draws; silent when quiet, when stderr is no terminal, and for the first two seconds."""

    def __init__(self, total: int, quiet: bool) -> None:
        self._total, self._done = total, 0
        self._shown = not quiet and sys.stderr.isatty()
        self._start = self._last = time.monotonic()
        self._written = False

    def __enter__(self) -> Self:
        """Start the clock."""
        return self

    def advance(self, draws: int) -> None:
        """Count finished draws."""
        self._done += draws
        now = time.monotonic()
        if not self._shown or now - self._start < SILENT_SECONDS or now - self._last < INTERVAL_SECONDS:
            return
        self._last, self._written = now, True
        share = min(self._done / self._total, 1.0)
        left = (now - self._start) * (1.0 - share) / share
        sys.stderr.write(f"\r{self._done:,} of {self._total:,} draws, {share:4.0%}, {left:.0f} s left \x1b[K")
        sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the line."""
        if self._written:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
