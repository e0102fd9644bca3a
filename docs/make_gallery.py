"""Make docs/gallery.md: what each verb prints, and the charts of the page, from commands that anyone can give.

    python docs/make_gallery.py

Runs in a folder of its own with few futures, as the gallery shows forms and not results.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
HEAD = """# Gallery

What the verbs print, piped into a file, and charts of the page that `report` makes. Made by `make gallery`, with 2,560
futures instead of 10,240: forms to look at, not results.
"""
COMMANDS = (
    ("A run", "base --draws 2560", 200),
    ("What was understood of a scenario", "check base", 45),
    ("A number taken apart", "trace base --line revenue_merchant --year 2040", 30),
    ("What a lender follows", "statement base", 60),
    ("What a word means", "describe project_npv_usd", 20),
    ("Another run, to compare", "sanctions/today_full --draws 2560 --quiet", 0),
    ("Two runs held against each other", "compare results/base results/today_full", 60),
    (
        "Many cases",
        "sweep base --draws 2560 --vary market.price_ratio=2,3,5 --vary costs.items.*.amount_million=x0.5,x1",
        40,
    ),
    ("Which changes make the difference", "explain evidence base --draws 1024 --csv results/base", 60),
    ("A mistake", "base --set link.capacity_mv=600", 5),
    ("The page to send", "report results/base results/today_full --svg pictures", 5),
)
"""Heading, arguments, most lines that are shown."""
PICTURES = ("payback", "cash-base", "spread-project-npv-usd-base", "dscr-base", "who-gets-what-base", "bearers-base")
"""Charts of the page that are kept."""


def main() -> None:
    """Write the gallery."""
    lines = [HEAD]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory() as folder:
        for title, arguments, most in COMMANDS:
            command = [sys.executable, "-m", "sim", *shlex.split(arguments)]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
            said = (done.stdout + done.stderr).rstrip().splitlines()
            shown = [*said[:most], *(["…"] if len(said) > most > 0 else [])]
            quoted = " ".join(word if "*" not in word else f'"{word}"' for word in arguments.split())
            lines += [f"## {title}", "", "```text", f"$ python -m sim {quoted}", *shown, "```", ""]
        kept = DOCS / "gallery"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for name in PICTURES:
            shutil.copyfile(Path(folder) / "pictures" / f"{name}.svg", kept / f"{name}.svg")
            lines += [f"![{name}](gallery/{name}.svg)", ""]
    (DOCS / "gallery.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
