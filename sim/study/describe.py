"""What a key, a metric or a cash-flow line means: the text for ``describe``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sim.base.quantities import Fixed, Kind
from sim.base.scenario_files import look_up
from sim.base.words import told
from sim.errors import ScenarioError
from sim.model.counterfactual import CHANGE, CHANGE_IN_TOTAL, change_definition
from sim.model.finance_metrics import LOSS_SHARE, loss_definition
from sim.model.metrics import DEFINITIONS
from sim.scenario import Spec, read
from sim.study import glossary, glossary_sanctions
from sim.study.describe_layout import Block, block, listed, page
from sim.study.glossary_finance import FINANCE_FORMULAS, FINANCING, LOSS_FORMULA
from sim.study.keys import PLACEHOLDERS, Form, Key, keys, written
from sim.study.schema import distributions
from sim.study.template import find_shipped

WIDTH = 100
TYPICAL = 8
"""Paths of the base case that are named where it lacks what was asked for."""
CVAR = "project_npv_cvar5_usd"
UNCUT = 10_000
"""Letters of a value that are shown in full."""


def describe(name: str | None = None, width: int = WIDTH, strong: Callable[[str], str] = str) -> str:
    """Return what a dotted key, metric or cash-flow line means; without a name an overview of all of them.

    What pages say of an input in brackets is left out; an entry of a block is described with its block. A part of a
    name lists what contains it or is spelt alike; `ScenarioError` where nothing is. ``strong`` makes titles bold.
    """
    word = (name or "").partition(" (")[0].strip().strip(".")
    if not word:
        return overview(width, strong)
    parts = word.split(".")
    found = [key for key in keys() if key.matches(parts)]
    blocks = [_result(word)] if _is_result(word) else []
    blocks += _same_meaning(found, parts)
    if not blocks:
        ends = [key for key in keys() if key.ends_with(parts)]
        if len({key.path for key in ends}) == 1:
            others = [name for name in _inside(word) if name != ends[0].dotted]
            also: list[Block] = [[("also with this word:", ", ".join(others), 2)]] if others else []
            blocks = [*_same_meaning(ends, ()), *also]
    return page(
        blocks or _part_of(parts, True) or _alike(word) or _part_of(parts, False) or _unknown(word), width, strong
    )


def _part_of(parts: Sequence[str], named: bool) -> list[Block]:
    """Return the text of the longest known beginning of a path; ``named``: only where the rest are names in it."""
    for n in range(len(parts) - 1, 0, -1):
        found = [key for key in keys() if key.matches(parts[:n])]
        if not found:
            continue
        if named and not any(_holds(key.form, len(parts) - n) for key in found):
            return []
        word, spec = ".".join(parts), base()
        value = look_up(spec.data, word) if spec is not None else None
        there = f"; in the base case it is {told(value, UNCUT)}" if value is not None and not _blocks(value) else ""
        said = "is an entry of" if named else "is not known; it would be part of"
        return [[(f"{word} {said} {'.'.join(parts[:n])}{there}", "", 2)], *_same_meaning(found, parts[:n])]
    return []


def _holds(form: Form, count: int) -> bool:
    """Say whether so many names can stand below a key: its own entries, or what says more of a number."""
    depth = 0
    while form.inner is not None:
        form, depth = form.inner, depth + 1
    return count <= depth + (form.kind is not None)


def _blocks(value: Any) -> bool:
    """Say whether a value is a block of keys and no number."""
    return isinstance(value, dict) and not {"value", "dist"} & set(value)


def results() -> dict[str, str]:
    """Return metrics and cash-flow lines by name, each with its definition."""
    metrics = {name: definition.text for name, definition in DEFINITIONS.items()}
    tail = "mean of the worst 5 % of project_npv_usd (CVaR)"
    share = "yearly_trade_usd or investment_usd (compare) over evaluation.benchmarks.NAME.amount_usd"
    lines = {name: line.text for name, line in glossary.LINES.items()}
    loss = {f"{LOSS_SHARE}NAME": loss_definition("NAME").text}
    changes = {name: change_definition(name).text for name in (f"{CHANGE}NAME", CHANGE_IN_TOTAL)}
    return {**metrics, **loss, **changes, CVAR: tail, "share_of_NAME": share, **lines}


def _is_result(word: str) -> bool:
    return word in results() or word.startswith(("share_of_", LOSS_SHARE, CHANGE))


def _result(word: str) -> Block:
    if word in glossary.LINES:
        line = glossary.LINES[word]
        rows = [("unit", line.unit), ("formula", line.formula), ("stands in", "cashflow.csv, for each period")]
        return block(f"{word} (cash-flow line)", line.text, [*rows, ("see", f"{line.page}, section {line.heading}")])
    unit = DEFINITIONS[word].unit if word in DEFINITIONS else "USD" if word == CVAR else "share"
    text = results().get(word, results()["share_of_NAME"].replace("NAME", word.removeprefix("share_of_")))
    page = FINANCING if word in FINANCE_FORMULAS else glossary.MODEL
    formula = glossary.FORMULAS.get(word, f"see {page}")
    if word.startswith("share_of_"):
        formula = "yearly_trade_usd or investment_usd / amount_usd of the benchmark"
    elif word.startswith(LOSS_SHARE):
        text, formula, page = loss_definition(word.removeprefix(LOSS_SHARE)).text, LOSS_FORMULA, FINANCING
    where = f"{page}, section Metrics"
    if word in glossary_sanctions.SANCTIONS_METRICS:
        where = f"{glossary_sanctions.PAGE}, section The world without sanctions"
    elif word.startswith(CHANGE) or word == CHANGE_IN_TOTAL:
        where, formula = f"{glossary_sanctions.PAGE}, section Who bears it", glossary_sanctions.CHANGE_FORMULA
        text, unit = change_definition(word).text, "USD"
    rows = [("unit", unit), ("formula", formula), ("stands in", "summary.csv, distributions.csv, draws.parquet")]
    return block(f"{word} (metric)", text, [*rows, ("see", where)])


# --- keys ---------------------------------------------------------------------------------------------------------


def _same_meaning(found: Sequence[Key], parts: Sequence[str]) -> list[Block]:
    """Return one text for each meaning; kinds of block in which a key means the same share it."""
    groups: dict[tuple[str, Form, str], list[Key]] = {}
    for key in found:
        groups.setdefault((key.text, key.form, key.default), []).append(key)
    return [_key_text(group, parts) for group in groups.values()]


def _key_text(group: Sequence[Key], parts: Sequence[str]) -> Block:
    key = group[0]
    kind = key.form.number
    tags = ", ".join(dict.fromkeys(item.tag for item in group if item.tag))
    rows = [("with", tags)] if tags else []
    if kind is not None:
        rows += [("unit", kind.unit), ("bounds", _bounds(kind))]
    needed = "none: has to be given" if not key.default else key.default
    rows += [("default", needed), ("written", written(key.form))]
    if kind is not None and not isinstance(kind, Fixed):
        rows.append(("dist", "; ".join(_distribution_forms())))
    if key.path[-1] != "source":
        rows += [("typical", text) for text in _typical(key, parts, {item.tag for item in group})]
    return block(key.dotted, key.text, [*rows, ("enters", _enters(key.dotted))])


def _bounds(kind: Kind) -> str:
    """Return the bounds of a number as people write them.

    >>> _bounds(Kind("MW", gt=-1.0, le=100000.0)), _bounds(Kind("USD"))
    ('above −1 and at most 100,000', 'none')
    """
    words = (told(int(word)) if re.fullmatch(r"-?\d+", word) else word for word in kind.bounds.split())
    return " ".join(words) or "none"


def _enters(dotted: str) -> str:
    return glossary_sanctions.heading(dotted) or glossary.heading(dotted)


def _distribution_forms() -> Iterator[str]:
    for name, required, optional in distributions():
        yield f"{name} {{{', '.join([*required, *(f'[{key}]' for key in optional)])}}}"


@cache
def base() -> Spec | None:
    """Return the shipped base case, from which typical values are taken."""
    file = find_shipped("base")
    return None if file is None else read(file)


def _typical(key: Key, parts: Sequence[str], tags: set[str]) -> Iterator[str]:
    spec = base()
    if spec is None:
        return
    concrete = parts if len(parts) == len(key.path) else key.path
    found = [item for item in _standing(spec.data, key.path, ()) if not item[2] or not any(tags) or item[2] & tags]
    own = [item for item in found if _agree(item[0], concrete)]
    if not own:
        other = f"; it has {', '.join('.'.join(place) for place, _, _ in found[:TYPICAL])}" if found else ""
        yield f"the base case does not use it{other}"
    places: dict[str, list[str]] = {}
    for place, raw, _ in own:
        source = raw.get("source") if isinstance(raw, dict) else None
        source = source or _source_above(spec.data, place)
        text = f"{_value(spec, place, raw, key.form)}{f' — {source}' if source else ''}"
        places.setdefault(text, []).append(".".join(place))
    for text, standing in places.items():
        label = f"{', '.join(standing)}: " if own[0][0] != key.path else ""
        yield f"{label}{text}"


def _agree(place: Sequence[str], asked: Sequence[str]) -> bool:
    """Say whether a path of the base case is one that was asked for."""
    return all(part in (own, *PLACEHOLDERS) for own, part in zip(place, asked, strict=True))


def _standing(
    data: Any, pattern: Sequence[str], place: tuple[str, ...], tags: frozenset[str] = frozenset()
) -> list[tuple[tuple[str, ...], Any, frozenset[str]]]:
    """Return what stands in merged data at a path with named parts: place, value, kind of its block."""
    if not pattern:
        return [(place, data, tags)]
    if not isinstance(data, dict):
        return []
    tags = frozenset(f"{name}: {data[name]}" for name in ("process", "kind") if name in data)
    first, rest = pattern[0], pattern[1:]
    return [
        hit
        for name, inner in data.items()
        if str(name) == first or first in PLACEHOLDERS
        for hit in _standing(inner, rest, (*place, str(name)), tags)
    ]


def _source_above(data: Any, place: Sequence[str]) -> str | None:
    """Return the source of the innermost block around a value."""
    found = None
    for part in place[:-1]:
        data = next(inner for name, inner in data.items() if str(name) == part)
        found = data.get("source", found) if isinstance(data, dict) else found
    return found if isinstance(found, str) else None


def _value(spec: Spec, place: Sequence[str], raw: Any, form: Form) -> str:
    leaf = spec.leaves.get(".".join(place))
    if isinstance(raw, dict) and "dist" in raw:
        points = ", ".join(f"P{p} {leaf.dist.quantile(p / 100):.4g}" for p in (10, 50, 90)) if leaf else ""
        return f"{told(raw, UNCUT)}, {points.replace('-', '−')}".removesuffix(", ")
    if isinstance(raw, dict) and form.kind is None:
        return "block with " + ", ".join(str(name) for name in raw if name != "source")
    return raw if isinstance(raw, str) else told(raw, UNCUT)


# --- lists --------------------------------------------------------------------------------------------------------


def _entries() -> dict[str, str]:
    """Return every key, metric and line once, with its meaning."""
    found: dict[str, str] = {}
    for key in keys():
        if key.path[-1] != "source" or len(key.path) == 1:
            found.setdefault(key.dotted, key.text)
    return found | {name: f"{text} [result]" for name, text in results().items()}


def names() -> list[str]:
    """Return every name that can be described, for shell completion."""
    return list(_entries())


def _alike(word: str) -> list[Block]:
    """Return a list of what contains a word or is spelt like it."""
    entries, low = _entries(), word.lower()
    inside = _inside(low)
    inside += [name for name in entries if low in entries[name].lower() and name not in inside]
    tails = {name: name.rsplit(".", maxsplit=1)[-1] for name in entries}
    cutoff = 0.85 if inside else 0.7
    near = difflib.get_close_matches(low.rsplit(".", maxsplit=1)[-1], set(tails.values()), n=5, cutoff=cutoff)
    whole = difflib.get_close_matches(low, entries, n=5, cutoff=0.8)
    close = [name for name in entries if (name in whole or tails[name] in near) and name not in inside]
    heads = (f"Contain {word!r}:", inside), (f"Spelt like {word!r}:", close)
    return [listed(head, {name: entries[name] for name in found}) for head, found in heads if found]


def _unknown(word: str) -> list[Block]:
    """Raise the error on a name that is like nothing."""
    entries = _entries()
    tails = {name.rsplit(".", maxsplit=1)[-1] for name in entries}
    guess = difflib.get_close_matches(word.lower(), {*entries, *tails}, n=3, cutoff=0.4)
    cure = f"did you mean {', '.join(guess)}?" if guess else "describe without a name lists everything"
    raise ScenarioError.single(f"{word!r} is no key, metric or cash-flow line", cure=cure)


def _inside(word: str) -> list[str]:
    """Return the names whose last part contains a word, or if there are none those that contain it anywhere."""
    low = word.lower()
    found = [name for name in _entries() if low in name.rsplit(".", maxsplit=1)[-1].lower()]
    return found or [name for name in _entries() if low in name.lower()]


def overview(width: int = WIDTH, strong: Callable[[str], str] = str) -> str:
    """Return every block of a scenario with its keys, and every metric and cash-flow line."""
    blocks: dict[str, dict[str, str]] = {"general": {}}
    for key in keys():
        if len(key.path) == 1 and key.path[0] != "source" and not any(other.path[:-1] == key.path for other in keys()):
            blocks["general"][key.dotted] = key.text
        elif len(key.path) == 2 and key.path[1] != "source":
            blocks.setdefault(key.path[0], {})[key.dotted] = key.text
    lines = {name: line.text for name, line in glossary.LINES.items()}
    metrics = {name: text for name, text in results().items() if name not in lines}
    title = "Keys of a scenario file; any part of a name finds it: describe overrun, describe payback"
    lists = *blocks.items(), ("metrics", metrics), ("cash-flow lines", lines)
    return page([[(title, "", 2)], *(listed(*each) for each in lists)], width, strong)
