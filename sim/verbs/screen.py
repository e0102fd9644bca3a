"""Pages of text on the screen: what the terminal can write, not wider than it should be, and plain when piped."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

WIDTH = 100
BOLD, NORMAL = "\x1b[1m", "\x1b[0m"


def show(text: str) -> None:
    """Print a page; on a terminal its first line is bold, unless NO_COLOR or ``--no-color`` says otherwise."""
    from sim.report.format import encodes, plain

    encoding = sys.stdout.encoding or "utf-8"
    text = text if encodes(encoding) else plain(text, encoding)
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        first, newline, rest = text.partition("\n")
        text = f"{BOLD}{first}{NORMAL}{newline}{rest}"
    print(text)


def unicode_screen() -> bool:
    """Say whether standard output can write the symbols of the pages."""
    from sim.report.format import encodes

    return encodes(sys.stdout.encoding or "utf-8")


def wrapped(text: str, width: int = WIDTH) -> str:
    """Return a text whose lines are not wider than the page; what goes over is indented beneath its line."""
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def _parts(line: str, width: int) -> Iterator[str]:
    from textwrap import wrap

    indent = line[: len(line) - len(line.lstrip())] + "    "
    yield from wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [line]
