"""Why a number differs between two scenarios, as text: a waterfall of the parts, what changed, how it was computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from sim.base.sampling import REPLICATE
from sim.base.words import cut, told
from sim.batch.changes import MISSING, Change
from sim.batch.explain import Explanation, Part
from sim.batch.pairing import Estimate
from sim.report import format as say
from sim.report.compare_layout import scale
from sim.report.letters import bold
from sim.report.titles import spoken_measure
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


def page(explanation: Explanation, width: int = 100) -> str:
    """Return the explanation as text, no line wider than ``width``."""
    parts = _shown_parts(explanation)
    errors = [explanation.total_se, *(part.se for part in parts)]
    write, unit = say.row_scale(explanation.unit, [*explanation.values, *(part.value for part in parts), *errors])
    a, b = explanation.names
    blocks = [
        [bold(line) for line in say.wrapped(f"{a} and {b}: what makes the difference", width)],
        say.wrapped(_head(explanation), width),
        _waterfall(explanation, parts, write, unit, width),
        [bold("What changed"), *_changed(explanation.parts, width)],
        [line for text in _computed(explanation) for line in say.wrapped(text, width)],
        [line for text in _merged(explanation) for line in say.wrapped(text, width)],
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def _head(explanation: Explanation) -> str:
    by, total, se = scale(explanation.unit, explanation.values), explanation.total, explanation.total_se
    decimals = by.fine(Estimate(total, se, total - se, total + se, 1.0))
    told = [_with_unit(by.value(value, decimals), by.unit) for value in explanation.values]
    a, b = (f"{name} ({text})" for name, text in zip(explanation.names, told, strict=True))
    measure = spoken_measure(explanation.measure)
    measure = f"The {measure[:1] if measure[1:2].isdigit() else measure[:1].lower()}{measure[1:]}"
    if math.isnan(explanation.parts[0].share):
        return f"{measure} is the same in {b} as in {a}."
    number = [say.number(abs(value) / by.one, decimals) for value in (total, se)]
    error = "" if math.isnan(se) else f" (± {say.visible(se, number[1])})"
    size = _with_unit(number[0], "percentage points" if by.unit == "%" else by.unit)
    return f"{measure} is {size}{error} {'higher' if total > 0.0 else 'lower'} in {b} than in {a}."


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
    known = not all(math.isnan(part.se) for part in parts)
    heads = ["", unit, *(["±"] if known else []), "share", *(("alone", "last") if interacts else ())]
    (a, first), (b, second) = _ends(explanation)
    rows = [heads, [a, write(first), *[""] * (len(heads) - 2)]]
    cancels = any(abs(part.share) > MOST_OF_ALL for part in parts)
    for part in parts:
        share = say.MISSING if cancels else say.percent(part.share)
        more = (_signed(part.alone, write), _signed(part.last, write)) if interacts else ()
        error = [_error(part.se, write)] if known else []
        rows.append([_label(part, longest), _signed(part.value, write), *error, share, *more])
    rows.append([b, write(second), *[""] * (len(heads) - 2)])
    table = _aligned(rows, longest)
    room = width - len(table[0]) - 2
    if room < LEAST_CHART:
        return [bold(table[0][:width]), *(line[:width] for line in table[1:])]
    levels = [first]
    for part in parts:
        levels.append(levels[-1] + part.value)
    return [bold(table[0]), *(f"{line}  {bar}" for line, bar in zip(table[1:], _bars(levels, room), strict=True))]


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
    return say.signed(write(value), value)


def _error(value: float, write: Write) -> str:
    """Return a standard error, "" where there is none; one that is not zero does not look as if it were."""
    return "" if math.isnan(value) else say.visible(value, write(value))


# --- what is said in words ----------------------------------------------------------------------------------------


def _changed(parts: Sequence[Part], width: int) -> Iterator[str]:
    """Yield what changed in each part, the largest parts first."""
    for part in parts[:MOST_PARTS]:
        words = [_change(change) for change in part.changes[:MOST_CHANGES]]
        if len(part.changes) > MOST_CHANGES:
            words.append(f"and {len(part.changes) - MOST_CHANGES} more")
        yield from say.wrapped(f"- {'; '.join(words)}", width, "  ")
    if len(parts) > MOST_PARTS:
        yield f"- and what {len(parts) - MOST_PARTS} smaller parts stand for"


def _change(change: Change) -> str:
    if change.after is MISSING:
        return f"{change.path} removed"
    if change.before is MISSING:
        return f"{change.path} added: {told(change.after)}"
    return f"{change.path}: {told(change.before)} → {told(change.after)}"


def _computed(explanation: Explanation) -> Iterator[str]:
    """Yield how the parts were computed, and what the columns mean."""
    a, b = explanation.names
    count, runs = len(explanation.parts), explanation.evaluations
    each = f"{runs:,} runs of {explanation.draws:,} futures on the same random numbers (seed {explanation.seed})"
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
        yield f"±: standard error, from the chance of the futures{chance}."
    elif explanation.draws < MIN_REPLICATES * REPLICATE:
        yield f"Too few futures for standard errors, which take {MIN_REPLICATES * REPLICATE:,}."


def _merged(explanation: Explanation) -> Iterator[str]:
    """Yield which groups could not be taken apart, and why."""
    for one in explanation.merged:
        more = f"; and {len(one.reasons) - MOST_REASONS} more" if len(one.reasons) > MOST_REASONS else ""
        yield (
            f"Changed together, as one without the other cannot be run: {', '.join(one.groups)} "
            f"({'; '.join(one.reasons[:MOST_REASONS])}{more})."
        )
