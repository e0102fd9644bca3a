"""docs/tutorial.md: its commands run, in order, and print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.md"
FAILS = "typo.yaml"
"""The block that contains this shows a mistake."""


def test_tutorial(tmp_path: Path) -> None:
    """Every shell block runs in one folder; each line of a text block is in the output of the block before it."""
    text = TUTORIAL.read_text("utf-8")
    assert len(text.splitlines()) <= 120
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    printed, compared = "", 0
    for language, block in re.findall(r"^```(sh|text)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if language == "sh":
            done = subprocess.run(["bash", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == (2 if FAILS in block else 0), (block, done.stderr)
            assert "Traceback" not in done.stderr
            printed = done.stdout
            continue
        lines = [line for line in block.splitlines() if line != "…"]
        missing = [line for line in lines if line not in printed.splitlines()]
        assert not missing, "\n".join(["not printed:", *missing, "but:", printed])
        compared += len(lines)
    assert compared > 10
