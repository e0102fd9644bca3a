"""Why a number differs between two scenarios, as text: a waterfall of the parts, what changed, how it was computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from textwrap import wrap

from sim.base.sampling import REPLICATE
from sim.base.words import cut, shown
from sim.batch.changes import MISSING, Change
from sim.batch.explain import Explanation, Part
from sim.report import format as say
from sim.tables import MIN_REPLICATES

MOST_PARTS = 12
"""Parts that have lines of their own; smaller ones are put together."""
MOST_CHANGES = 3
"""Changes of a part that are shown."""
MOST_REASONS = 3
LONGEST_LABEL = 44
MOST_OF_ALL = 10.0
"""Shares of the difference beyond which they are left out: the parts then cancel, and shares say nothing."""
LEAST_CHART = 16
"""Columns below which there is no room for a chart."""
Write = Callable[[float], str]


def page(explanation: Explanation, width: int = 100, ascii_only: bool = False) -> str:
    """Return the explanation as text, no line wider than ``width``; ``ascii_only`` for terminals without symbols."""
    parts = _shown_parts(explanation)
    errors = [explanation.total_se, *(part.se for part in parts)]
    write, unit = say.row_scale(explanation.unit, [*explanation.values, *(part.value for part in parts), *errors])
    blocks = [
        wrap(_head(explanation, write, unit), width),
        _waterfall(explanation, parts, write, unit, width),
        ["What changed", *_changed(explanation.parts, width, "->" if ascii_only else "→")],
        [line for text in _computed(explanation) for line in wrap(text, width)],
        [line for text in _merged(explanation) for line in wrap(text, width)],
    ]
    text = "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)
    return text.translate(say.ASCII | {ord("█"): "#"}) if ascii_only else text


def _head(explanation: Explanation, write: Write, unit: str) -> str:
    a, b = (f"{name} ({_with_unit(write(value), unit)})" for name, value in _ends(explanation))
    if math.isnan(explanation.parts[0].share):
        return f"{explanation.measure} is the same in {b} as in {a}."
    write, unit = say.row_scale(explanation.unit, [explanation.total, explanation.total_se])
    error = "" if math.isnan(explanation.total_se) else f" (± {_error(explanation.total_se, write)})"
    size = _with_unit(write(abs(explanation.total)), "percentage points" if unit == "%" else unit)
    direction = "higher" if explanation.total > 0.0 else "lower"
    return f"{explanation.measure} is {size}{error} {direction} in {b} than in {a}."


def _ends(explanation: Explanation) -> Iterator[tuple[str, float]]:
    return zip(explanation.names, explanation.values, strict=True)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def _shown_parts(explanation: Explanation) -> list[Part]:
    """Return the parts that get a line, the smallest put together where there are too many."""
    parts = list(explanation.parts)
    if len(parts) <= MOST_PARTS:
        return parts
    small = parts[MOST_PARTS - 1 :]
    changes = tuple(change for part in small for change in part.changes)
    none, value = math.nan, sum(part.value for part in small)
    share = sum(part.share for part in small)
    return [*parts[: MOST_PARTS - 1], Part(f"{len(small)} others together", changes, value, none, share, none, none)]


# --- waterfall ----------------------------------------------------------------------------------------------------


def _waterfall(explanation: Explanation, parts: Sequence[Part], write: Write, unit: str, width: int) -> list[str]:
    """Return a line for each end and each part: numbers, and a bar from the level before it to the level after it."""
    interacts = explanation.exact and len(parts) > 1
    longest = LONGEST_LABEL if width >= 80 else width // 3
    heads = ["", unit, "±", "share", *(("alone", "last") if interacts else ())]
    (a, first), (b, second) = _ends(explanation)
    rows = [heads, [a, write(first), *[""] * (len(heads) - 2)]]
    cancels = any(abs(part.share) > MOST_OF_ALL for part in parts)
    for part in parts:
        share = say.MISSING if cancels else say.percent(part.share)
        more = (_signed(part.alone, write), _signed(part.last, write)) if interacts else ()
        rows.append([_label(part, longest), _signed(part.value, write), _error(part.se, write), share, *more])
    rows.append([b, write(second), *[""] * (len(heads) - 2)])
    table = _aligned(rows, longest)
    room = width - len(table[0]) - 2
    if room < LEAST_CHART:
        return [line[:width] for line in table]
    levels = [first]
    for part in parts:
        levels.append(levels[-1] + part.value)
    return [table[0], *(f"{line}  {bar}" for line, bar in zip(table[1:], _bars(levels, room), strict=True))]


def _label(part: Part, longest: int) -> str:
    """Return the name of a part; of merged groups that are too long together the first and how many more."""
    first, *others = part.group.split(" + ")
    return f"  {part.group}" if not others or len(part.group) + 2 <= longest else f"  {first} + {len(others)} more"


def _aligned(rows: Sequence[Sequence[str]], longest: int) -> list[str]:
    """Return rows of cells as lines: labels to the left, and cut where they are too long, numbers to the right."""
    sizes = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    sizes[0] = min(sizes[0], longest)
    return [
        cut(row[0], sizes[0]).ljust(sizes[0])
        + "".join(f"  {cell:>{size}}" for cell, size in zip(row[1:], sizes[1:], strict=True))
        for row in rows
    ]


def _bars(levels: Sequence[float], room: int) -> list[str]:
    """Return a mark at the first level, a bar from each to the next, and a mark at the last, within some columns.

    >>> _bars([0.0, 4.0, 3.0], 5)
    ['│', '█████', '   ██', '   │']
    """
    low, high = min(levels), max(levels)
    scale = (room - 1) / (high - low) if high > low else 0.0
    places = [round((level - low) * scale) for level in levels]
    bars = []
    for before, after in pairwise(places):
        left, right = min(before, after), max(before, after)
        bars.append(" " * left + ("█" * (right - left + 1) if right > left else "│"))
    return [" " * places[0] + "│", *bars, " " * places[-1] + "│"]


def _signed(value: float, write: Write) -> str:
    """Return a number with its sign; one that rounds to zero has none."""
    text = write(value)
    return f"+{text}" if value > 0.0 and any(digit in text for digit in "123456789") else text


def _error(value: float, write: Write) -> str:
    """Return a standard error, "" where there is none; one that is not zero does not look as if it were."""
    text = "" if math.isnan(value) else write(value)
    return f"< {text[:-1]}1" if value > 0.0 and text.endswith("0") and not text.strip("0.") else text


# --- what is said in words ----------------------------------------------------------------------------------------


def _changed(parts: Sequence[Part], width: int, arrow: str) -> Iterator[str]:
    """Yield what changed in each part, the largest parts first."""
    for part in parts[:MOST_PARTS]:
        told = [_change(change, arrow) for change in part.changes[:MOST_CHANGES]]
        if len(part.changes) > MOST_CHANGES:
            told.append(f"and {len(part.changes) - MOST_CHANGES} more")
        yield from wrap(f"- {'; '.join(told)}", width, subsequent_indent="  ", break_on_hyphens=False)
    if len(parts) > MOST_PARTS:
        yield f"- and what {len(parts) - MOST_PARTS} smaller parts stand for"


def _change(change: Change, arrow: str) -> str:
    if change.after is MISSING:
        return f"{change.path} removed"
    if change.before is MISSING:
        return f"{change.path} added: {shown(change.after)}"
    return f"{change.path}: {shown(change.before)} {arrow} {shown(change.after)}"


def _computed(explanation: Explanation) -> Iterator[str]:
    """Yield how the parts were computed, and what the columns mean."""
    a, b = explanation.names
    count, runs = len(explanation.parts), explanation.evaluations
    each = f"{runs:,} runs of {explanation.draws:,} draws on the same random numbers (seed {explanation.seed})"
    effect = "A part is the effect of a change averaged over"
    if count == 1:
        yield f"What differs is one group of inputs, so that the whole difference is its part; {each}."
    elif explanation.exact:
        yield (
            f"{effect} all orders in which the {count} changes can be made (Shapley value), from {each}. Alone: the "
            f"effect on {a} as it is; last: when all else is as in {b}. Where they differ, changes act on one another."
        )
    else:
        yield (
            f"{effect} orders in which the {count} changes can be made (Shapley value), here over "
            f"{explanation.orders // 2} random orders and the same backwards, from {each}."
        )
    if not math.isnan(explanation.total_se):
        chance = "" if explanation.exact else " and of the orders"
        yield f"±: standard error, from the chance of the draws{chance}."
    elif explanation.draws < MIN_REPLICATES * REPLICATE:
        yield f"Too few draws for standard errors, which take {MIN_REPLICATES * REPLICATE:,}."


def _merged(explanation: Explanation) -> Iterator[str]:
    """Yield which groups could not be taken apart, and why."""
    for one in explanation.merged:
        more = f"; and {len(one.reasons) - MOST_REASONS} more" if len(one.reasons) > MOST_REASONS else ""
        yield (
            f"Changed together, as one without the other cannot be run: {', '.join(one.groups)} "
            f"({'; '.join(one.reasons[:MOST_REASONS])}{more})."
        )
