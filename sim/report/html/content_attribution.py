"""The part of a page on attribution: what made the difference between two scenarios, as ``explain --csv`` left it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.report import format as say
from sim.report.html.content import Figure, Section, View
from sim.report.html.content_run import Run, finite, label
from sim.report.html.definitions import few
from sim.results import text_of

_MONEY = 1e6
"""Size from which a figure without a unit is taken for money."""
_CLOSE = 1e-6
"""Relative difference up to which two figures with ten digits count as one."""
DEFAULT_MEASURE = "the table does not name its measure; explain takes the mean NPV in USD unless another is asked for"


def attribution(run: Run, others: Sequence[Run], figure: Figure) -> Section:
    """Return what the parts are of, between what, and the changes behind them."""
    parts = run.rows("attribution.csv", "group", "part")
    sizes = [finite(row["part"]) for row in parts]
    words = [" ".join([*_what(run, others, sum(sizes), len(sizes))])]
    words.append(
        "A part is the mean effect of its changes over the orders in which they could be made (Shapley value). Alone: "
        "the effect on the first scenario as it is; last: when all else is as in the second. Where they differ, "
        "changes act on one another."
    )
    changes = run.rows("changes.csv", "group", "path", "before", "after")
    rows = tuple((row["group"], row["path"], shown(row["before"]), shown(row["after"])) for row in changes)
    view = View(("Part", "Input", "Before", "After"), rows, (False,) * 4)
    missing = "" if changes else "changes.csv is not there: what was changed is not known."
    tables = (("What was changed", view),) if changes else ()
    told = tuple(text for text in (*words, missing) if text)
    return Section("attribution", "What makes the difference", told, (figure,), tables)


def _what(run: Run, others: Sequence[Run], total: float, count: int) -> Iterator[str]:
    """Yield between what the difference is, how large it is, and of which measure."""
    first = next(iter(run.rows("attribution.csv")), {})
    ends = [str(first[name]) for name in ("a", "b") if first.get(name)]
    if len(ends) == 2:
        yield f"From {ends[0]} to {ends[1]}:"
    else:
        yield {"after": "From another scenario to this one:", "before": "From this scenario to another one:"}.get(
            side(run), "Between two scenarios, which the table does not name:"
        )
    measure = str(first.get("measure") or first.get("metric") or "")
    unit = str(first.get("unit") or "")
    found = "" if measure else _measure(run, others, total)
    if unit or found or abs(total) >= _MONEY:
        write, unit = say.row_scale(unit or "USD", [total])
        size = f"{write(total)} {unit}"
    else:
        size = few(total)
    parts = f"the {count} parts add up" if count != 1 else "the one part comes"
    yield f"{parts} to {size}"
    yield f"({measure or found or DEFAULT_MEASURE})."


def _measure(run: Run, others: Sequence[Run], total: float) -> str:
    """Return the measure, where the difference of a mean between this run and another on the page is the total."""
    for other in others:
        for metric in run.summary:
            apart = run.number(metric) - other.number(metric)
            if run.unit(metric) == "USD" and apart and math.isclose(abs(apart), abs(total), rel_tol=_CLOSE):
                return f"mean of {label(metric)}, against {other.folder.label}"
    return ""


def side(run: Run) -> str:
    """Return which column of the changes is what stands in this run's scenario: before, after, or neither."""
    data = _bare(run.scenario)
    changes = run.rows("changes.csv", "path", "before", "after")
    for name in ("after", "before"):
        if changes and run.scenario and all(_is(_at(data, row["path"]), row[name]) for row in changes):
            return name
    return ""


def _bare(item: Any) -> Any:
    """Return data without sources, a number that is only there with its source as the number."""
    if isinstance(item, Mapping):
        kept = {str(k): _bare(inner) for k, inner in item.items() if k not in ("source", "unit")}
        return kept["value"] if set(kept) == {"value"} else kept
    return [_bare(inner) for inner in item] if isinstance(item, list) else item


def _at(data: Any, path: str) -> Any:
    """Return what stands at a dotted path, whose keys may hold dots themselves; None where nothing does."""
    if not path or data is None:
        return data
    if isinstance(data, Mapping):
        for key, inner in data.items():
            if path == key or path.startswith(f"{key}."):
                return _at(inner, path[len(key) + 1 :])
    return None


def _is(value: Any, cell: str) -> bool:
    """Say whether a cell of changes.csv holds a value."""
    if value is None:
        return cell == ""
    if isinstance(value, bool | Mapping | list):
        try:
            return bool(json.loads(cell) == json.loads(json.dumps(value, default=str)))
        except ValueError:
            return False
    return cell == (text_of(float(value)) if isinstance(value, int | float) else value)


def shown(cell: str) -> str:
    """Return a change as people read it: a block without the quotes of its keys, nothing as a dash."""
    try:
        block = json.loads(cell)
    except ValueError:
        return cell or say.MISSING
    return cell.replace('"', "") if isinstance(block, dict | list) else cell
