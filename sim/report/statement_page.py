"""A statement as text: millions, years side by side in blocks, what is paid out with a minus, nothing as "–"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sim.report.format import MISSING, binding, number, percent, usd, wrapped, years
from sim.sheets import Amount, Columns, Facts, Funding, Line, Part, Sheet, Statement

WIDTH = 100
MOST_COLUMNS = 10
CENT = 0.005
MEMO = "Memo"
"""Head of the lines that add up to nothing."""
ALONE = ("regime", "debts_and_equity", "check")
"""Lines that add up to nothing and speak for themselves: above the waterfall, at the end of the balance sheet."""
LONGEST_LABEL = 30
LONGEST_NAME = 9
"""Letters of a regime in its column."""
Words = Callable[[str], str]


def page(made: Statement, width: int = WIDTH, spoken: Words = str, strong: Words = str) -> str:
    """Return the statement as text, no line wider than ``width``.

    ``spoken`` makes words of the names in a scenario, ``strong`` makes heads bold.
    """

    def said(text: str) -> str:
        return re.sub(r"\w+", lambda name: spoken(name[0]), text)

    sheets = [_said(sheet, said) for sheet in (made.waterfall, *made.debt, made.income, made.balance)]
    title, about = _head(made.facts, said)
    tables = [_funding(made, said, width), *(_sheet(sheet, made.columns, width) for sheet in sheets)]
    spans = ", ".join(_spans(made.columns))
    left_out = f"Left out, as nothing happens in them: {spans}." if spans else ""
    headed = (_fitted(table, width).partition("\n") for table in tables if table)
    shown = (strong(head) + newline + rest for head, newline, rest in headed)
    parts = [strong(_fitted(title, width)), _fitted(about, width), *shown, _fitted(left_out, width)]
    return "\n\n".join(part for part in parts if part)


def _fitted(text: str, width: int) -> str:
    """Return a text with its sentences broken; tables fit already."""
    lines = (wrapped(line, width, "  ") if len(line) > width else [line] for line in text.split("\n"))
    return "\n".join(part for line in lines for part in line)


def _said(sheet: Sheet, said: Words) -> Sheet:
    """Return a sheet with its labels and the names in its cells in words."""

    def line(one: Line) -> Line:
        return replace(one, label=said(one.label), names=tuple(map(said, one.names)))

    def part(one: Part) -> Part:
        total = one.total if one.total is None else line(one.total)
        return replace(one, lines=tuple(map(line, one.lines)), total=total)

    return replace(sheet, title=said(sheet.title), parts=tuple(map(part, sheet.parts)))


# --- what is said in words ----------------------------------------------------------------------------------------


def _head(facts: Facts, said: Words) -> tuple[str, str]:
    """Return the title, and what is to be known before the tables."""
    case = "the lenders' case" if facts.draw is None else f"draw {facts.draw} of seed {facts.seed}"
    title = f"{facts.title} ({facts.name}): statement of {case}"
    lines = list(_political(facts, said))
    if facts.politics is not None and math.isinf(facts.politics.fid_years):
        return title, "\n".join(lines)
    if math.isinf(facts.cod_years):
        if not (facts.politics is not None and facts.politics.abandoned):
            lines.append("Never finished within the horizon.")
    else:
        after, life = years(facts.cod_years), years(facts.life_years).replace(".0 ", " ")
        lines.append(f"In operation from {facts.cod_year}, {after} after the start, for {life}.")
    if not facts.financed:
        lines.append("The scenario has no financing: sponsors pay all and get all.")
    lines += _trouble(facts)
    return title, "\n".join(lines)


def _political(facts: Facts, said: Words) -> Iterator[str]:
    """Yield what sanctions did to the case."""
    about = facts.politics
    if about is None:
        return
    drawn = facts.draw is not None
    regimes = said(about.regimes)
    yield f"Regimes: {regimes}." if drawn else f"The lenders' case stays in the regime “{regimes}”."
    if math.isinf(about.fid_years):
        yield "Not invested: the regimes do not let the decision be taken in time. Nothing is spent, nothing earned."
    elif about.fid_years > 0.0:
        yield f"The decision is taken {years(about.fid_years)} after the start."
    if about.abandoned:
        yield f"The works are given up at the end of {about.abandoned}: the cost is sunk."
    if about.stopped_years > 0.0:
        yield f"The works stand still for {years(about.stopped_years)} in all."
    if about.seized:
        share = percent(about.state_share)
        yield f"The company is seized in {about.seized}: from then on the seizing state holds {share} of it."
    fates = {"lost": about.lost, "confiscated": about.confiscated}
    gone = {what: amount for what, amount in fates.items() if amount >= CENT}
    if gone:
        said_of = (f"{usd(amount, list(gone.values()))} is {what}" for what, amount in gone.items())
        yield f"Of blocked revenue {' and '.join(said_of)}."


def _trouble(facts: Facts) -> Iterator[str]:
    if facts.locked:
        yield f"Distributions are locked up in {_runs(facts.locked)}."
    if facts.defaulted:
        yield f"The loans are in default from the end of {facts.defaulted}: all that is owed falls due."
    if facts.written_off >= CENT:
        given_up = facts.politics.abandoned if facts.politics is not None else ""
        end = given_up or ("operation" if math.isfinite(facts.cod_years) else "the horizon")
        yield f"Lenders write off {usd(facts.written_off)} at the end of {end}."
    if facts.support >= CENT:
        when = _runs(facts.supported)
        who = "owners" if facts.politics is not None and facts.politics.seized else "sponsors"
        yield f"Beyond building, {who} pay {usd(facts.support)} that the company does not have: {when}."
    if facts.unpaid >= CENT:
        yield f"Suppliers and states are never paid {usd(facts.unpaid)} of costs and taxes."


def _runs(labels: Sequence[str]) -> str:
    """Return labels in words; of many the first, the last and how many.

    >>> _runs(["2033", "2034"]), _runs(["2033", "2034", "2036", "2040", "2041"])
    ('2033, 2034', '2033–2041, 5 in all')
    """
    if len(labels) <= 4:
        return ", ".join(labels)
    return f"{labels[0]}–{labels[-1]}, {len(labels)} in all"


def _spans(columns: Columns) -> Iterator[str]:
    """Yield the columns that are left out, neighbours together."""
    start = None
    for i, active in enumerate((*columns.active, True)):
        if not active and start is None:
            start = i
        if active and start is not None:
            first, last = columns.labels[start], columns.labels[i - 1]
            yield first if start == i - 1 else f"{first}–{last}"
            start = None


# --- sources and uses ---------------------------------------------------------------------------------------------


def _funding(made: Statement, said: Words, width: int) -> str:
    """Return sources and uses as a table, in their own currency and as agreed where that differs, and the debt."""
    funding = made.funding
    rows = [("Sources and uses until operation", "million USD", "share", "agreed", "own, million")]
    for title, amounts in (("Uses", funding.uses), ("Sources", funding.sources)):
        whole = sum(one.usd for one in amounts)
        total = Amount("", title, whole, agreed=sum(one.agreed for one in amounts))
        shown = [one for one in amounts if abs(one.usd) >= CENT or abs(one.agreed) >= CENT]
        rows += [_amount(one, whole, said) for one in (*shown, total)]
    foreign = any(one.currency not in ("", "USD") for one in funding.sources)
    kept = [0, 1, 2, *([3] if made.facts.draw is not None else []), *([4] if foreign else [])]
    wide = [max(len(row[i]) for row in rows) + 3 for i in range(5)]
    room = min(wide[0], width - sum(wide[i] for i in kept[1:]))
    lines = []
    for row in rows:
        *above, label = wrapped(row[0], room, "    ") if len(row[0]) > room else [row[0]]
        cells = f"{label:<{room}}" + "".join(f"{row[i]:>{wide[i]}}" for i in kept[1:])
        lines += [*above, cells.rstrip()]
    gap = "equal to the cent" if abs(funding.gap) < CENT else f"sources less uses: {number(funding.gap, 2, 'USD')}"
    return "\n".join([*lines, f"Sources and uses are {gap}." if "equal" in gap else gap, *_size(funding)])


def _amount(one: Amount, whole: float, said: Words) -> tuple[str, str, str, str, str]:
    """Return the cells of an amount: label, USD, share, what was agreed, own currency."""
    share = percent(one.usd / whole) if whole and abs(one.usd) >= CENT else MISSING
    own = f"{number(one.own / 1e6, 0)} {one.currency}" if one.currency not in ("", "USD") and one.usd >= CENT else ""
    label = f"  {said(one.label)}" if one.key else one.label
    return label, _cell(one.usd, 1e6, 1), share, _cell(one.agreed, 1e6, 1), own


def _size(funding: Funding) -> Iterator[str]:
    """Yield how large the debt is and what limits it, then what else would."""
    debts = [debt for _, debt in funding.limits if math.isfinite(debt)]
    known = [f"{usd(debt, debts)} (limit: {binding(what)})" for what, debt in funding.limits if debt in debts]
    if known:
        yield f"The debt was agreed on the lenders' case: {known[0]}."
    if known[1:]:
        yield f"Without that limit it would be {' or '.join(known[1:])}."


# --- sheets -------------------------------------------------------------------------------------------------------


def _sheet(sheet: Sheet, columns: Columns, width: int) -> str:
    """Return a sheet in blocks of columns; lines and parts without any number in a block are left out of it."""
    live = [i for i, active in enumerate(columns.active) if active]
    live = [i for i in live if any(_counts(line, i) for line in sheet.lines if not line.names)]
    if not live:
        return ""
    decimals = _decimals(sheet)
    told = [line for line in sheet.lines if line.shown == "always" or any(_counts(line, i) for i in live)]
    label = min(max(len(line.label) for line in told) + 3, LONGEST_LABEL)
    sizes = {i: max(min(len(_written(line, i, decimals)), _most(line)) for line in sheet.lines) for i in live}
    blocks = []
    while live:
        chosen, wide = _fitting(live, {i: max(sizes[i], len(columns.labels[i])) + 1 for i in live}, width - label)
        live = live[len(chosen) :]
        head = f"{'':<{label}}" + "".join(f"{columns.labels[i]:>{wide}}" for i in chosen)
        shown = list(_rows(sheet, chosen, label, wide, decimals))
        blocks += ["\n".join([head, *shown])] if shown else []
    if not blocks:
        return ""
    return f"{sheet.title}, million {sheet.unit}\n" + "\n\n".join(blocks)


def _rows(sheet: Sheet, chosen: Sequence[int], label: int, wide: int, decimals: dict[str, int]) -> Iterator[str]:
    """Yield the lines of a block, with a head before those that add up to nothing."""
    told = False
    for part, line in _visible(sheet, chosen):
        if part.total is None and line.key not in ALONE and not told:
            yield MEMO
            told = True
        yield _row(line, part, chosen, label, wide, decimals)


def _fitting(live: Sequence[int], sizes: dict[int, int], room: int) -> tuple[list[int], int]:
    """Return the next columns that fit side by side, all as wide as the widest of them, and that width.

    >>> _fitting([4, 5, 6, 7], {4: 7, 5: 7, 6: 9, 7: 7}, 25)
    ([4, 5], 7)
    """
    chosen, wide = [live[0]], sizes[live[0]]
    for i in live[1:MOST_COLUMNS]:
        wider = max(wide, sizes[i])
        if wider * (len(chosen) + 1) > room:
            break
        chosen.append(i)
        wide = wider
    return chosen, wide


def _visible(sheet: Sheet, chosen: Sequence[int]) -> Iterator[tuple[Part, Line]]:
    """Yield the lines to show; a total that repeats the one above is left out."""
    for part in sheet.parts:
        lines = [line for line in part.lines if line.shown == "always" or any(_counts(line, i) for i in chosen)]
        yield from ((part, line) for line in lines)
        total = part.total
        if total is None:
            continue
        new = bool(lines) or total.shown == "repeated"
        if total.shown == "always" or (new and any(_counts(total, i) for i in chosen)):
            yield part, total


def _counts(line: Line, i: int) -> bool:
    value = line.values[i]
    return not math.isnan(value) and abs(value) >= (CENT if line.money else 1e-12)


def _row(line: Line, part: Part, chosen: Sequence[int], label: int, wide: int, decimals: dict[str, int]) -> str:
    indent = "" if line is part.total else "  "
    text = indent + line.label
    text = _cut(text, label)
    return f"{text:<{label}}" + "".join(f"{_cut(_written(line, i, decimals), wide - 1):>{wide}}" for i in chosen)


def _most(line: Line) -> int:
    """Return the letters that a cell of a line may claim; numbers get what they need."""
    return LONGEST_NAME if line.names else 99


def _cut(text: str, most: int) -> str:
    """Return a name as long as its column allows; numbers fit already.

    >>> _cut("sectoral", 6), _cut("none", 6)
    ('secto…', 'none')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _written(line: Line, i: int, decimals: dict[str, int]) -> str:
    value = line.values[i]
    if line.names:
        return line.names[int(value)]
    if not _counts(line, i):
        return MISSING
    if line.unit == "ratio":
        return number(value, 2)
    if line.unit == "per year":
        return number(100.0 * value, 2)
    return _cell(value, 1e6, decimals[line.unit])


def _cell(value: float, divisor: float, decimals: int) -> str:
    """Return an amount; less than a cent is nothing.

    >>> [_cell(x, 1e6, 1) for x in (1.2345e9, -0.4e6, 0.001, 2e4)]
    ['1,234.5', '−0.4', '–', '0.0']
    """
    return MISSING if abs(value) < CENT else number(value / divisor, decimals)


def _decimals(sheet: Sheet) -> dict[str, int]:
    """Return the decimals of each currency of a sheet: one, none where amounts have more than four digits."""
    largest: dict[str, float] = {}
    for line in sheet.lines:
        if line.money:
            largest[line.unit] = max(largest.get(line.unit, 0.0), *(abs(value) for value in line.values))
    return {unit: 1 if unit == "USD" or most < 1e10 else 0 for unit, most in largest.items()}
