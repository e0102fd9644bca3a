"""Pages of text on the screen: what the terminal can write, not wider than it should be, and plain when piped."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

WIDTH, NARROWEST = 100, 60


def show(text: str) -> None:
    """Print a page; on a terminal with what it has bold, or else what stands before its first blank line."""
    from sim.report.letters import BOLD, bold

    first, gap, rest = text.partition("\n\n")
    say(f"{first if BOLD in first else bold(first)}{gap}{rest}")


def say(text: str) -> None:
    """Print a text in letters that standard output can write, with no codes where it is not a terminal."""
    from sim.report.letters import encodes, plain, uncoded

    encoding = sys.stdout.encoding or "utf-8"
    text = text if encodes(encoding) else plain(text, encoding)
    print(text if _coded() else "\n".join(line.rstrip() for line in uncoded(text).split("\n")))


def tell(text: str) -> None:
    """Print a line beside the page, on standard error: on a terminal in as many lines as it takes, else in one."""
    print(wrapped(text, width()) if sys.stderr.isatty() else text, file=sys.stderr)


def _coded() -> bool:
    """Say whether standard output is a terminal that takes bold letters and colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Return the columns of a page: those of the terminal within bounds, as many as allowed when piped."""
    from shutil import get_terminal_size

    return min(max(get_terminal_size((WIDTH, 0)).columns, NARROWEST), WIDTH) if sys.stdout.isatty() else WIDTH


def unicode_screen() -> bool:
    """Say whether standard output can write the symbols of the pages."""
    from sim.report.letters import encodes

    return encodes(sys.stdout.encoding or "utf-8")


def wrapped(text: str, width: int = WIDTH) -> str:
    """Return a text whose lines are not wider than the page; what goes over is indented beneath its line."""
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def _parts(line: str, width: int) -> Iterator[str]:
    from sim.report.format import wrapped as lines_of

    indent = line[: len(line) - len(line.lstrip())] + "    "
    yield from lines_of(line, width, indent) or [line]
