"""Trees of numbers: a node, how it follows from its parts, whether it does, and the tree as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sim.base.words import in_percent
from sim.report.format import number

Combine = Callable[..., float]


@dataclass(frozen=True)
class Node:
    """A number and how it follows from its parts (``combine`` of their values), or its source if it is an input.

    A ``short`` node is shown on one line, with the values of its parts in it.
    """

    name: str
    value: float
    unit: str = ""
    formula: str = ""
    combine: Combine | None = None
    children: tuple[Node, ...] = ()
    source: str | None = None
    short: bool = False

    @property
    def recomputed(self) -> float:
        """Return the number as it follows from its parts."""
        return float(self.combine(*(child.value for child in self.children))) if self.combine else self.value

    @property
    def agrees(self) -> bool:
        """Say whether the parts give the number to 1e-9 of it; where it vanishes, to 1e-12 of its largest part.

        Money agrees to a thousandth of a dollar, yen, …: what is left of cash can be the rounding of large payments.
        """
        again = self.recomputed
        parts = max((abs(child.value) for child in self.children if child.unit == self.unit), default=0.0)
        near = max(1e-12 * parts if math.isfinite(parts) else 0.0, 1e-3 if _money(self.unit) else 0.0)
        both_nan = math.isnan(again) and math.isnan(self.value)
        return both_nan or math.isclose(again, self.value, rel_tol=1e-9, abs_tol=near)

    @property
    def word(self) -> str:
        """Return how formulas call the node: an input by the last word of its path, a process by the last two."""
        return ".".join(self.name.split(".")[-1 if self.source is not None else -2 :])

    def walk(self) -> Iterator[Node]:
        """Yield the node and all below it, each once."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                waiting.extend(reversed(node.children))


Part = Node | float


def made(
    name: str,
    unit: str,
    formula: str,
    combine: Combine,
    parts: Sequence[Node],
    value: float | None = None,
    short: bool = False,
) -> Node:
    """Return a node with the engine's number, or with what its parts give where the engine has no such number."""
    found = combine(*(part.value for part in parts)) if value is None else value
    return Node(name, float(found), unit, formula, combine, tuple(parts), None, short)


def total(
    name: str,
    unit: str,
    plus: Sequence[Node],
    minus: Sequence[Node] = (),
    value: float | None = None,
    short: bool = False,
) -> Node:
    """Return a sum of nodes.

    >>> total("a", "", [Node("b", 3.0)], [Node("c", 2.0)]).formula
    'b − c'
    """
    parts, signs = [*plus, *minus], [1.0] * len(plus) + [-1.0] * len(minus)
    text = joined([" + "] * len(plus) + [" − "] * len(minus), parts) if len(parts) <= 8 else "sum of the parts"
    if not parts:
        text = "there is none"
    return made(name, unit, text, lambda *v: math.fsum(map(float.__mul__, signs, v)), parts, value, short)


def product(
    name: str,
    unit: str,
    times: Sequence[Part],
    over: Sequence[Part] = (),
    value: float | None = None,
    short: bool = False,
) -> Node:
    """Return a product of nodes and plain numbers, divided by others; a factor of 1.0 is left out.

    >>> product("a", "", [Node("b", 3.0), 8760.0], [Node("c", 2.0), 1.0]).formula
    'b × 8,760 / c'
    """
    top, bottom = ([part for part in side if part != 1.0] for side in (times, over))
    constant = _numbers(top) / _numbers(bottom)
    upper, lower = ([part for part in side if isinstance(part, Node)] for side in (top, bottom))

    def combine(*values: float) -> float:
        return constant * math.prod(values[: len(upper)]) / math.prod(values[len(upper) :])

    text = joined([" × "] * len(top) + [" / "] * len(bottom), [*top, *bottom])
    return made(name, unit, text, combine, [*upper, *lower], value, short)


def _numbers(parts: Sequence[Part]) -> float:
    return math.prod(part for part in parts if isinstance(part, float))


def joined(signs: Sequence[str], parts: Sequence[Part]) -> str:
    """Return parts with a sign before each as a formula."""
    words = [number(part, 0) if isinstance(part, float) else part.word for part in parts]
    return "".join(sign + word for sign, word in zip(signs, words, strict=True)).removeprefix(signs[0] if signs else "")


def _money(unit: str) -> bool:
    return len(unit) == 3 and unit.isupper()


def figure(value: float, unit: str) -> str:
    """Return a number so that parts can be added up by hand: money in thousandths of a million, else six digits.

    >>> figure(4.12345678e8, "USD"), figure(0.0123456789, "JPY/kWh"), figure(8409.6, "h"), figure(-1.2e-6, "1/MW")
    ('412.346 million USD', '0.0123457 JPY/kWh', '8,409.6 h', '−1.2e-06 1/MW')
    >>> figure(0.0155, "fraction per year"), figure(0.8, "share"), figure(1.8, "ratio"), figure(0.0, "USD")
    ('1.55 % a year', '80 %', '1.80 times', '0 USD')
    """
    if _money(unit):
        return number(value, 0, unit) if abs(value) < 500.0 else number(value / 1e6, 3, f"million {unit}")
    if not math.isfinite(value):
        return number(value, 0)
    shared = in_percent(unit)
    if shared is not None:
        return f"{_digits(100.0 * value)} {shared}"
    if unit == "ratio":
        return f"{max(_digits(value), number(value, 2), key=len)} times"
    return f"{_digits(value)} {'a year' if unit == '1/year' else unit}".strip()


def _digits(value: float) -> str:
    """Return a number with six digits, without the zeros at its end."""
    size = math.floor(math.log10(abs(value))) if value else 0
    if size < -4:
        text = f"{value:.6g}".replace("-", "−", 1) if value < 0.0 else f"{value:.6g}"
    else:
        text = number(value, max(5 - size, 0))
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text


def render(root: Node) -> list[str]:
    """Return the tree as lines; what has been shown once is shown without its parts and source the second time.

    How to ask for the parts of a line is said once, for the first year.
    """
    shown: set[tuple[str, float, str]] = set()
    hinted: set[str] = set()
    lines: list[str] = []

    def hint(node: Node) -> Node:
        line = re.fullmatch(r"see --line (\w+) --year \d+", node.formula)
        if line is None:
            return node
        formula = "" if line[1] in hinted else f"{node.formula}, and so for other years"
        hinted.add(line[1])
        return replace(node, formula=formula)

    def show(node: Node, depth: int) -> None:
        key = (node.name, node.value, node.formula)
        again = key in shown and (node.source is not None or bool(node.children))
        shown.add(key)
        lines.append("  " * depth + (_head(node) + " (see above)" if again else _line(hint(node))))
        if not again and not node.short:
            for child in node.children:
                show(child, depth + 1)

    show(root, 0)
    if _money(root.unit) and 1e9 <= abs(root.value) < math.inf:
        brief = f"{number(root.value / 1e9, 2)} bn {root.unit}"
        lines[0] = lines[0].replace(" = ", f" = {brief}, exactly ", 1)
    return lines


def _head(node: Node) -> str:
    return f"{node.name} = {figure(node.value, node.unit)}"


def _line(node: Node) -> str:
    text = _head(node) + (f" ← {node.formula}" if node.formula else "")
    if node.short:
        text += f" [{', '.join(_head(child) for child in node.children)}]"
    if node.source is not None:
        text += f" · source: {node.source or 'none given'}"
    return text if node.agrees else f"{text} · MISMATCH: the parts give {figure(node.recomputed, node.unit)}"
