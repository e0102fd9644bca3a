"""A page as one file of HTML that needs nothing else: style, scripts and data are inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import altair
import jinja2
import vl_convert
from markupsafe import Markup

import sim
from sim.report import format as say
from sim.report.html import charts_theme as theme
from sim.report.html.content import Figure, Page, View

SORTABLE = 8
"""Rows from which on a table can be sorted."""
UNIT = "unit"
"""Column of a table whose rows have units of their own, so that sorting by their numbers would mean nothing."""
LONG = 24
"""Rows from which on a table scrolls by itself."""
SHORT = 14
"""Rows up to which the table behind a chart is printed too."""
LIBRARIES = "window.vegaEmbed=vegaEmbed;"
"""What the page needs of Vega, Vega-Lite and Vega-Embed."""


def html(page: Page) -> str:
    """Return a page as one file of HTML."""
    figures = [figure for section in page.sections for figure in section.figures]
    names = dict(zip(map(id, figures), _unique(figure.id for figure in figures), strict=True))
    charts = any(figure.spec is not None for figure in figures)
    sections = _unique(section.id for section in page.sections)
    return _template().render(
        page=page,
        sections=list(zip(sections, page.sections, strict=True)),
        name=lambda figure: names[id(figure)],
        palette=Markup(theme.style_sheet()),
        style=Markup(_asset("page.css")),
        libraries=Markup(libraries()) if charts else "",
        script=Markup(_asset("page.js")),
        settings=embedded(theme.config()),
        version=sim.__version__,
    )


def embedded(value: Any) -> Markup:
    """Return data as JSON that can stand in a script element and cannot end it.

    >>> print(embedded({"a": "</script>"}))
    {"a":"\\u003c/script\\u003e"}
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


@cache
def libraries() -> str:
    """Return the libraries that draw, as one script that cannot end its element."""
    bundle: str = vl_convert.javascript_bundle(
        LIBRARIES, theme.vega_lite(altair.SCHEMA_VERSION, vl_convert.get_vegalite_versions())
    )
    return re.sub(r"<(?=/script|script|!--)", r"\\x3c", bundle, flags=re.IGNORECASE)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sim.report.html", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["embedded"] = embedded
    environment.filters["described"] = described
    environment.filters["joined"] = say.kept
    environment.filters["spark"] = spark
    environment.tests["sortable"] = lambda view: len(view.rows) >= SORTABLE and UNIT not in map(str.lower, view.columns)
    environment.filters["kinds"] = kinds
    environment.filters["breakable"] = breakable
    environment.tests["long"] = lambda view: len(view.rows) >= LONG
    environment.tests["short"] = lambda view: len(view.rows) <= SHORT
    return environment.get_template("page.html.j2")


def _asset(name: str) -> str:
    loader = _template().environment.loader
    assert loader is not None
    return loader.get_source(_template().environment, name)[0]


def described(figure: Figure) -> str:
    """Return what a chart says to those who do not see it: title and caption."""
    return f"{figure.title}. {figure.caption} The numbers are in the table below the chart."


def kinds(view: View) -> list[str]:
    """Return what stands in each column: n for numbers, else long, middle or brief for how much text."""
    found = []
    for i, numeric in enumerate(view.numeric):
        most = max((len(row[i]) for row in view.rows), default=0)
        found.append("n" if numeric else "long" if most > 48 else "middle" if most > 14 else "brief")
    return found


def breakable(text: str) -> Markup:
    """Return a text whose dotted names may break after a dot or an underscore.

    >>> str(breakable("costs.items <b>"))
    'costs.<wbr>items &lt;b&gt;'
    """
    return Markup("<wbr>").join(re.split(r"(?<=[a-z][._])(?=[a-z*])", text))


def spark(points: Sequence[tuple[float, float]]) -> Markup:
    """Return a small line through points between 0 and 1."""
    if not points:
        return Markup("")
    line = " ".join(f"{100.0 * x:.1f},{20.0 - 20.0 * y:.1f}" for x, y in points)
    head = '<svg viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
    return Markup(head) + Markup('<polyline points="{}"/></svg>').format(line)


def _unique(names: Iterator[str]) -> list[str]:
    """Return names that can be ids, each of them once."""
    found: list[str] = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "part"
        tries = (base if i == 1 else f"{base}-{i}" for i in range(1, len(found) + 2))
        found.append(next(one for one in tries if one not in found))
    return found
