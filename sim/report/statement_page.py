"""A statement as text: millions, years side by side in blocks, what is paid out with a minus, nothing as "–"."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sim.report.format import MISSING, number, percent, years
from sim.sheets import Amount, Columns, Facts, Funding, Line, Part, Sheet, Statement

WIDTH = 100
MOST_COLUMNS = 10
CENT = 0.005
MEMO = "Memo"
"""Head of the lines that add up to nothing."""
ALONE = ("regime", "debts_and_equity", "check")
"""Lines that add up to nothing and speak for themselves: above the waterfall, at the end of the balance sheet."""
LONGEST_LABEL = 30
NAMES = 44
"""Width of the labels of sources and uses."""


def page(made: Statement, width: int = WIDTH) -> str:
    """Return the statement as text, no line wider than ``width``."""
    money = made.waterfall, *made.debt, made.income, made.balance
    parts = [_head(made.facts), _funding(made), *(_sheet(sheet, made.columns, width) for sheet in money)]
    if not all(made.columns.active):
        parts.append("Left out, as nothing happens in them: " + ", ".join(_spans(made.columns)) + ".")
    return "\n\n".join("\n".join(_wrapped(part, width)) for part in parts if part)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text; sentences are broken, tables fit already."""
    import textwrap

    for line in text.split("\n"):
        yield from textwrap.wrap(line, width, subsequent_indent="  ") if len(line) > width else [line]


# --- what is said in words ----------------------------------------------------------------------------------------


def _head(facts: Facts) -> str:
    case = "the lenders' case" if facts.draw is None else f"draw {facts.draw} of seed {facts.seed}"
    lines = [f"{facts.title} ({facts.name}): statement of {case}"]
    lines += _political(facts)
    if facts.politics is not None and math.isinf(facts.politics.fid_years):
        return "\n".join(lines)
    if math.isinf(facts.cod_years):
        if not (facts.politics is not None and facts.politics.abandoned):
            lines.append("Never finished within the horizon.")
    else:
        after, life = years(facts.cod_years), years(facts.life_years)
        lines.append(f"In operation from {facts.cod_year}, {after} after the start, for {life}.")
    if not facts.financed:
        lines.append("The scenario has no financing: sponsors pay all and get all.")
    lines += _trouble(facts)
    return "\n".join(lines)


def _political(facts: Facts) -> Iterator[str]:
    """Yield what sanctions did to the case."""
    about = facts.politics
    if about is None:
        return
    drawn = facts.draw is not None
    yield f"Regimes: {about.regimes}." if drawn else f"The lenders' case stays in the regime {about.regimes}."
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
    if about.lost >= CENT or about.confiscated >= CENT:
        yield f"Of blocked revenue {_million(about.lost)} is lost and {_million(about.confiscated)} confiscated."


def _trouble(facts: Facts) -> Iterator[str]:
    if facts.locked:
        yield f"Distributions are locked up in {_runs(facts.locked)}."
    if facts.defaulted:
        yield f"The loans are in default from the end of {facts.defaulted}: all that is owed falls due."
    if facts.written_off >= CENT:
        given_up = facts.politics.abandoned if facts.politics is not None else ""
        end = given_up or ("operation" if math.isfinite(facts.cod_years) else "the horizon")
        yield f"Lenders write off {_million(facts.written_off)} at the end of {end}."
    if facts.support >= CENT:
        when = _runs(facts.supported)
        who = "owners" if facts.politics is not None and facts.politics.seized else "sponsors"
        yield f"Beyond building, {who} pay {_million(facts.support)} that the company does not have: {when}."
    if facts.unpaid >= CENT:
        yield f"Suppliers and states are never paid {_million(facts.unpaid)} of costs and taxes."


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


def _million(usd: float) -> str:
    return number(usd / 1e6, 1, "million USD")


# --- sources and uses ---------------------------------------------------------------------------------------------


def _funding(made: Statement) -> str:
    funding, draw = made.funding, made.facts.draw is not None
    foreign = any(one.currency not in ("", "USD") for one in funding.sources)
    lines = [f"{'Sources and uses until operation':<{NAMES}}{'million USD':>12}{'share':>9}"]
    lines[0] += (f"{'agreed':>12}" if draw else "") + (f"{'own currency, million':>23}" if foreign else "")
    for title, amounts in (("Uses", funding.uses), ("Sources", funding.sources)):
        whole = sum(one.usd for one in amounts)
        shown = [one for one in amounts if abs(one.usd) >= CENT or abs(one.agreed) >= CENT]
        lines += [_amount(one, whole, draw) for one in shown]
        total = Amount("", title, whole, agreed=sum(one.agreed for one in amounts))
        lines.append(_amount(total, whole, draw).removeprefix("  "))
    gap = "equal to the cent" if abs(funding.gap) < CENT else f"sources less uses: {number(funding.gap, 2, 'USD')}"
    return "\n".join([*lines, f"Sources and uses are {gap}." if "equal" in gap else gap, *_size(made)])


def _amount(one: Amount, whole: float, draw: bool) -> str:
    share = percent(one.usd / whole) if whole else MISSING
    label = one.label if len(one.label) <= NAMES - 2 else f"{one.label[: NAMES - 3]}…"
    indent = "  " if one.key else "    "
    text = f"{indent + label:<{NAMES if one.key else NAMES + 2}}{_cell(one.usd, 1e6, 1):>12}{share:>9}"
    text += f"{_cell(one.agreed, 1e6, 1):>12}" if draw else ""
    if one.currency not in ("", "USD"):
        text += f"{_cell(one.own, 1e6, 0):>19} {one.currency}"
    return text if one.key else text[2:]


def _size(made: Statement) -> Iterator[str]:
    funding: Funding = made.funding
    known = [(what, debt) for what, debt in funding.limits if math.isfinite(debt)]
    if not known:
        return
    first, rest = known[0], known[1:]
    more = "".join(f"; {what} would allow {_bn(debt)}" for what, debt in rest)
    yield f"The debt was agreed on the lenders' case, limited by {first[0]}: {_bn(first[1])}{more}."


def _bn(usd: float) -> str:
    return number(usd / 1e9, 2, "bn USD")


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
    sizes = {i: max(len(_written(line, i, decimals)) for line in sheet.lines if not line.names) for i in live}
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
    text = text if len(text) <= label else f"{text[: label - 1]}…"
    return f"{text:<{label}}" + "".join(f"{_cut(_written(line, i, decimals), wide - 1):>{wide}}" for i in chosen)


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
