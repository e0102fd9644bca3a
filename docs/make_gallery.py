"""Make docs/gallery.md: what each verb prints, and the charts of the page, from commands that anyone can give.

    python docs/make_gallery.py

Runs in a folder of its own with few futures, as the gallery shows forms and not results.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent
HEAD = """# Gallery

What the verbs print, piped into a file, and charts of the page that `report` makes. Made by `make gallery`, with 2,560
futures instead of 10,240: forms to look at, not results.
"""


class Command(NamedTuple):
    """A heading, the arguments, and how many lines are shown, of all and of each paragraph."""

    heading: str
    arguments: str
    most: int = 200
    each: int = 200


VARIED = "--vary market.price_ratio=2,3,5 --vary costs.items.*.amount_million=x0.5,x1"
COMMANDS = (
    Command("A run", "base --draws 2560"),
    Command("What was understood of a scenario", "check base", 45),
    Command("A number taken apart", "trace base --line revenue_merchant --year 2040", 30),
    Command("What a lender follows", "statement base", 200, 12),
    Command("What a word means", "describe project_npv_usd", 20),
    Command("Another run, to compare", "sanctions/today_full --draws 2560 --quiet", 0),
    Command("Two runs held against each other", "compare results/base results/today_full", 60),
    Command("What a sweep would do", f"sweep base --draws 2560 {VARIED} --dry-run"),
    Command("Many cases", f"sweep base --draws 2560 {VARIED} --name varied"),
    Command(
        "The same under full sanctions", f"sweep sanctions/today_full --draws 2560 {VARIED} --name full --quiet", 0
    ),
    Command("Two sweeps held against each other", "compare results/varied results/full", 60),
    Command("Which changes make the difference", "explain evidence base --draws 1024 --csv results/base", 60),
    Command("A mistake", "base --set link.capacity_mv=600", 8),
    Command("A scenario of one's own", "new mine"),
    Command("What outside reference cases say", "validate", 40),
    Command("The schema for editors", "schema", 12),
    Command("Completion in the shell", "completion bash", 8),
    Command("The page to send", "report results/base results/today_full --svg pictures", 5),
)
TIMES = (
    (r"(?<=; )\d+\.\d s$", "… s"),
    (r"(?<=computed in )[\d.]+ \w+", "… seconds"),
    (r"About [\d.]+ \w+ on \d+ process(es)?", "About … seconds on … processes"),
)
"""Patterns of what differs from run to run, and what is written in their place."""
PICTURES = ("payback", "cash-base", "spread-project-npv-usd-base", "dscr-base", "parties-base", "bearers-base")
"""Charts of the page that are kept."""


def main() -> None:
    """Write the gallery."""
    lines = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            quoted = " ".join(word if "*" not in word else f'"{word}"' for word in command.arguments.split())
            shown = _shown(command, folder)
            lines += [f"## {command.heading}", "", "```text", f"$ python -m sim {quoted}", *shown, "```", ""]
        kept = DOCS / "gallery"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for name in PICTURES:
            shutil.copyfile(Path(folder) / "pictures" / f"{name}.svg", kept / f"{name}.svg")
            lines += [f"![{name}](gallery/{name}.svg)", ""]
    (DOCS / "gallery.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


def _shown(command: Command, folder: str) -> list[str]:
    """Return what a command prints, shortened; it is that of this checkout, whatever is installed."""
    paths = os.pathsep.join(filter(None, (str(DOCS.parent), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": paths}
    words = [sys.executable, "-m", "sim", *shlex.split(command.arguments)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    text = (done.stdout + done.stderr).rstrip()
    for pattern, instead in TIMES:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    blocks = (_cut(block.split("\n"), command.each) for block in text.split("\n\n"))
    return _cut("\n\n".join("\n".join(block) for block in blocks).split("\n"), command.most) if text else []


def _cut(lines: list[str], most: int) -> list[str]:
    return [*lines[:most], *(["…"] if len(lines) > most > 0 else [])]


if __name__ == "__main__":
    main()
