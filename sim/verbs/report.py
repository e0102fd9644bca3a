"""`report`: a results folder as one page to send, and its charts as pictures."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.report.html.content import Page

PAGE = "report.html"
NEEDED = ("altair", "jinja2", "vl_convert")
"""Libraries of the extra ``[report]``."""


def report(options: argparse.Namespace) -> int:
    """Write report.html into the first folder, or where ``--out`` says, and pictures where they are asked for."""
    _check_libraries()
    from sim.report.html.folder import read_folders
    from sim.report.html.render import html
    from sim.report.html.run_page import page_of
    from sim.results import write_bytes

    page = page_of(read_folders(options.results))
    file: Path = options.out or options.results[0] / PAGE
    write_bytes(file, html(page).encode(), "--out")
    count = sum(write_bytes(path, data, option) for path, data, option in _pictures(page, options))
    for note in page.notes:
        print(f"note: {note}")
    print(f"written to {file}" + (f", and {count} pictures" if count else ""))
    if options.open:
        import webbrowser

        webbrowser.open(file.resolve().as_uri())
    return 0


def _pictures(page: Page, options: argparse.Namespace) -> Iterator[tuple[Path, bytes, str]]:
    from sim.report.html.pictures import pictures

    for kind in ("png", "svg"):
        folder: Path | None = getattr(options, kind)
        if folder is not None:
            yield from ((Path(name), data, f"--{kind}") for name, data in pictures(page, folder, kind))


def _check_libraries() -> None:
    from importlib.util import find_spec

    from sim.errors import ScenarioError

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        cure = 'pip install "linkfeasibility[report]"'
        raise ScenarioError.single(f"{', '.join(missing)} is not installed", where="report", cure=cure)
