"""Letters of a page: bold ones, and those that an encoding can write."""

from __future__ import annotations

import re

BOLD, NORMAL = "\x1b[1m", "\x1b[0m"
SYMBOLS = "–−│▁█×"
ALIKE: dict[str, str | int | None] = {
    "–": "-",
    "−": "-",
    "│": "|",
    "…": "~",
    "’": "'",
    "“": '"',
    "”": '"',
    "±": "~",
    "×": "x",
    "·": "*",
    "█": "#",
}
ALIKE |= {"→": ">", "←": "<", "≤": "<", "≥": ">"}
"""Letters that stand for symbols, in tables."""
SPELT: dict[str, str | int | None] = {"…": "...", "±": "+-", "→": "->", "←": "<-", "≤": "<=", "≥": ">="}
"""What stands for them in sentences, which need not keep their width."""
LONGEST = 100
_CODE = re.compile(r"\x1b\[[0-9;]*m")


def bold(text: str) -> str:
    """Return a text whose lines are bold on a terminal.

    >>> bold("a")
    '\\x1b[1ma\\x1b[0m'
    """
    return "\n".join(f"{BOLD}{line}{NORMAL}" if line else "" for line in text.split("\n"))


def uncoded(text: str) -> str:
    """Return a text without the codes of a terminal.

    >>> uncoded(bold("a"))
    'a'
    """
    return _CODE.sub("", text)


def encodes(encoding: str) -> bool:
    """Say whether an encoding can write the symbols of the pages.

    >>> encodes("utf-8"), encodes("ascii"), encodes("cp1252")
    (True, False, False)
    """
    try:
        return bool(SYMBOLS.encode(encoding))
    except UnicodeEncodeError:
        return False


def plain(text: str, encoding: str) -> str:
    """Return a text that an encoding can write; columns stay below each other.

    >>> plain("−0.3 – 水 ± 1", "ascii"), plain("a  ± 1", "ascii")
    ('-0.3 - ? +- 1', 'a  ~ 1')
    """
    lines = "\n".join(map(_plain, text.split("\n")))
    return lines.encode(encoding, "replace").decode(encoding)


def _plain(line: str) -> str:
    alike, spelt = (line.translate(str.maketrans(letters)) for letters in (ALIKE, ALIKE | SPELT))
    bare = uncoded(line)
    return alike if re.search(r"\S {2,}\S", bare) or len(uncoded(spelt)) > LONGEST else spelt
