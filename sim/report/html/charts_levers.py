"""Charts of what moves a sweep: rank correlations of its levers with a figure, over the cases."""

from __future__ import annotations

from sim.report import format as say
from sim.report.html.cases import Cases, axis_name, called
from sim.report.html.charts_bars import DRAWN, bar_axis, bars, kind_of
from sim.report.html.charts_parts import Row, identifier, table
from sim.report.html.content import Figure
from sim.report.html.folder import Folder
from sim.report.levers import MOVED, Levers, left_out
from sim.report.names import capital, inside


def levers(folder: Folder) -> tuple[Figure, ...]:
    """Draw what moves the chance of payback, and the NPV; nothing where the cases do not tell."""
    return tuple(_figure(folder, name, found) for name, found in Cases(folder).levers.items())


def _figure(folder: Folder, column: str, found: Levers) -> Figure:
    moved = MOVED[column]
    rows: list[Row] = []
    for axis, size in found.moved:
        told = {"name": called(axis), "key": axis, "text": say.signed(say.number(size, 2), size)}
        rows.append({**told, "kind": kind_of(size), "low": 0.0, "high": size})
    reach = max(0.1, *(abs(size) for _, size in found.moved))
    tips = [("name", "Varied"), ("key", "Key"), ("text", "rank correlation")]
    spec = bars(rows[:DRAWN], tips, bar_axis("rank correlation", "← lowers it", "raises it →"), (-reach, reach))
    cells = [(axis_name(row["key"]), row["key"], row["text"]) for row in rows]
    left = len(rows) - DRAWN
    rest = f" {'One more is' if left == 1 else f'The {left} others are'} in the table." if left > 0 else ""
    caption = (
        f"Rank correlation (Spearman) of what is varied with {moved}, over {found.cases:,} cases, strongest first: "
        f"+1, they rise together; −1, one falls as the other rises; below {say.number(found.noise, 2)} hardly to be "
        f"told from chance.{left_out(found.names)}{rest}"
    )
    view = table(("Varied", "Key", "rank correlation"), cells, words=2)
    most = f"{moved} hangs most on {inside(rows[0]['name'])}"
    most = f"Among numbers, {most}" if found.names else capital(most)
    title = most if found.sure else f"What moves {moved}"
    return Figure(identifier(f"levers-{column}", folder), title, caption, spec, view)
