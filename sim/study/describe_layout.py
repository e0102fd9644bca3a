"""From entries to the text of ``describe``: how a line begins, what it says, how far it is indented."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sim.report.format import wrapped

LABEL = 12
Entry = tuple[str, str, int]
"""How a line begins, its text, and how far the lines beneath it are indented."""
Block = list[Entry]


def listed(title: str, texts: Mapping[str, str]) -> Block:
    """Return a list of names with what each means."""
    wide = min(max(map(len, texts)) + 2, 42)
    return [(title, "", 2), *((f"  {name}", text, wide + 2) for name, text in texts.items())]


def block(title: str, text: str, rows: Sequence[tuple[str, str]]) -> Block:
    """Return the description of one thing: title, meaning, and rows of which equal labels are said once."""
    lines: Block = [(title, "", 2), (" ", text, 2)]
    last = ""
    for label, value in rows:
        lines.append((f"  {label if label != last else ''}", value, LABEL))
        last = label
    return lines


def page(blocks: Sequence[Block], width: int, strong: Callable[[str], str]) -> str:
    """Return blocks as text; ``strong`` makes their titles bold."""
    texts = ([_wrapped(*entry, width) for entry in lines] for lines in blocks)
    return "\n\n".join("\n".join([strong(title), *rest]) for title, *rest in texts)


def _wrapped(first: str, text: str, indent: int, width: int) -> str:
    begin = f"{first:<{indent}}" if len(first) < indent else f"{first} "
    return "\n".join(wrapped(f"{begin}{text}".rstrip(), width, " " * indent))
