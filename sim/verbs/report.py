"""`report`: a results folder as one page to send, and its charts as pictures."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sim.verbs.screen import tell

if TYPE_CHECKING:
    from sim.report.html.content import Page

PAGE = "report.html"
ENDINGS = (".html", ".htm")
"""How the name of a page ends; anything else may be a table of results."""
NEEDED = ("altair", "jinja2", "vl_convert")
"""Libraries of the extra ``[report]``."""


def report(options: argparse.Namespace) -> int:
    """Write report.html into the first folder, or where ``--out`` says, and pictures where they are asked for."""
    _check_libraries()
    from sim.report.html.folder import read_folders
    from sim.report.html.render import html
    from sim.report.html.run_page import page_of
    from sim.results import write_bytes

    file = _place(options)
    page = page_of(read_folders(options.results))
    write_bytes(file, html(page).encode(), "--out")
    made = Counter(path.parent for path, data, option in _pictures(page, options) if write_bytes(path, data, option))
    for note in page.notes:
        tell(f"note: {note}")
    print(f"Written to {file}")
    for folder, count in made.items():
        print(f"{count:,} picture{'s' * (count != 1)} in {folder}/")
    if options.open:
        import webbrowser

        webbrowser.open(file.resolve().as_uri())
    return 0


def _place(options: argparse.Namespace) -> Path:
    """Return the file of the page; `ScenarioError` where something else would be lost."""
    from sim.errors import ScenarioError

    if options.out is None:
        return Path(options.results[0]) / PAGE
    file = Path(options.out)
    if file.suffix.lower() not in ENDINGS:
        cure = f"let its name end in {ENDINGS[0]}, such as {file.with_suffix(ENDINGS[0]) if file.name else PAGE}"
        raise ScenarioError.single("is no name of a page", where="--out", path=str(file), cure=cure)
    if file.exists() and not file.is_file():
        raise ScenarioError.single("is no file", where="--out", path=str(file), cure="choose another --out")
    return file


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
