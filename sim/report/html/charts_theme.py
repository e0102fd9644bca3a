"""Colours and chart settings: one palette for light and dark, as CSS variables that page and charts share."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
PICTURE_FONT = "Liberation Sans, Arial, Helvetica, DejaVu Sans, sans-serif"
SERIES = 6
"""Colours that differ for everybody, also in grey; more series differ by their dashes."""
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 3])
STEPS = 6
"""Steps of the scale of a heat map."""
HALF = 3
"""Steps to each side of zero where a heat map has a zero."""
_PLAIN_LIGHT = """
    bg #ffffff panel #f5f6f7 ink #1b1f24 muted #57606a line #cfd5db grid #e6e9ec link #0a5796 focus #b34700 warn #8a3b00
    c0 #0072b2 c1 #d55e00 c2 #00855f c3 #a34e95 c4 #8a6d00 c5 #454c54
    o0 #b9d6ea o1 #7db1d8 o2 #f2c14e o3 #e08a1e o4 #b3541a o5 #6e2a05
    r0 #f0f4f8 r1 #d2e1ee r2 #a6c6e0 r3 #70a6cf r4 #3376ae r5 #0f4f86
    d0 #a84300 d1 #e09a62 d2 #f6ddc8 d3 #f1f2f3 d4 #cfe0ef d5 #7db0d8 d6 #0f5a94
    n0 #fbf2ea n1 #f6ddc8 n2 #edbd95 n3 #e09a62 n4 #c2641f n5 #9c3d00
"""
_PLAIN_DARK = """
    bg #14171a panel #1d2125 ink #e7eaed muted #a5adb6 line #3d444c grid #2a2f35 link #7dbdf0 focus #ffb066 warn #ffb27a
    c0 #5cb3ec c1 #f58f4c c2 #35c39b c3 #dd93d0 c4 #dfc25a c5 #c0c7cf
    o0 #2f5d80 o1 #4d8fc0 o2 #a8801f o3 #cf8a35 o4 #dd8257 o5 #f5bd86
    r0 #1f2933 r1 #24425d r2 #2a5e89 r3 #3f86bd r4 #72afdd r5 #b9dcf6
    d0 #f7a56b d1 #c06c32 d2 #5c3a24 d3 #2a2e33 d4 #24405a d5 #3873a5 d6 #8cc6f2
    n0 #2a2521 n1 #46301f n2 #6e4322 n3 #a35a28 n4 #d98246 n5 #f9b888
"""
_CELLS = (*(f"{way}{i}" for way in "rn" for i in range(STEPS)), *(f"d{i}" for i in range(2 * HALF + 1)))
_INKS = ("#101418", "#ffffff")


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG).

    >>> luminance("#ffffff"), luminance("#000000")
    (1.0, 0.0)
    """
    parts = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """Return the contrast of two colours (WCAG).

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _palette(text: str) -> dict[str, str]:
    """Return names and colours, with the colour of text on each cell of a heat map: the easier to read of two."""
    words = text.split()
    palette = dict(zip(words[::2], words[1::2], strict=True))
    for name in _CELLS:
        palette[f"t{name}"] = max(_INKS, key=lambda ink, cell=palette[name]: contrast(ink, cell))  # type: ignore[misc]
    return palette


LIGHT = _palette(_PLAIN_LIGHT)
DARK = _palette(_PLAIN_DARK)


def vega_lite(schema: str, known: Sequence[str]) -> str | None:
    """Return which of the known versions of Vega-Lite draws charts of a schema; None: the newest has to do.

    >>> vega_lite("v6.4.1", ["5.8", "6.1", "6.4"]), vega_lite("v7.0.0", ["6.4"])
    ('6.4', None)
    """
    return next((version for version in known if schema.startswith(f"v{version}.")), None)


def var(name: str) -> str:
    """Return a colour of the palette as charts and style sheets name it."""
    return f"var(--{name})"


def style_sheet() -> str:
    """Return the palettes as CSS: light, dark where the reader's system is, light on paper."""

    def block(palette: dict[str, str], scheme: str) -> str:
        return ":root{color-scheme:" + scheme + ";" + "".join(f"--{k}:{v};" for k, v in palette.items()) + "}"

    dark = "@media screen and (prefers-color-scheme: dark){" + block(DARK, "dark") + "}"
    return f"{block(LIGHT, 'light')}\n{dark}"


def config(font: str = FONT) -> dict[str, Any]:
    """Return the settings of all charts; colours are variables of the style sheet."""
    words = {"font": font, "fontSize": 12}
    return {
        "background": None,
        "font": font,
        "aria": False,
        "view": {"stroke": None, "continuousWidth": 640, "continuousHeight": 280},
        "axis": _axis(font),
        "axisY": {"domain": False, "ticks": False, "labelLimit": 250},
        "axisX": {"grid": False},
        "legend": _legend(font),
        "header": {"labelColor": var("ink"), "labelFont": font, "labelFontSize": 12, "labelAnchor": "start"},
        "range": {"category": [var(f"c{i}") for i in range(SERIES)]},
        "mark": {"color": var("c0")},
        "text": {"fill": var("ink"), **words},
        "style": _styles(),
    }


def _axis(font: str) -> dict[str, Any]:
    return {
        "labelColor": var("muted"),
        "titleColor": var("muted"),
        "labelFont": font,
        "titleFont": font,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 4,
        "gridColor": var("grid"),
        "domainColor": var("line"),
        "tickColor": var("line"),
        "tickSize": 4,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
        "titlePadding": 6,
    }


def _legend(font: str) -> dict[str, Any]:
    return {
        "orient": "bottom",
        "direction": "horizontal",
        "title": None,
        "labelColor": var("ink"),
        "labelFont": font,
        "labelFontSize": 12,
        "columnPadding": 16,
        "rowPadding": 3,
        "offset": 6,
    }


def _styles() -> dict[str, Any]:
    first = var("c0")
    return {
        "band": {"color": first, "fillOpacity": 0.16, "stroke": None},
        "edge": {"color": first, "strokeWidth": 1, "strokeDash": [2, 2]},
        "first": {"color": first, "strokeWidth": 2.4},
        "adds": {"color": var("c0")},
        "takes": {"color": var("c1")},
        "total": {"color": var("c5")},
        "zero": {"color": var("muted"), "strokeWidth": 1},
        "spread": {"color": var("ink"), "strokeWidth": 1.2},
        "marker": {"color": var("ink"), "strokeWidth": 1.4, "strokeDash": [4, 3]},
        "edged": {"stroke": var("bg"), "strokeWidth": 1},
        "hit": {"color": var("ink")},
    }


def concrete(value: Any, palette: dict[str, str]) -> Any:
    """Return a specification with the colours of a palette in place of its variables, for what knows no CSS."""
    text = re.sub(r"var\(--([a-z0-9]+)\)", lambda found: palette[found[1]], json.dumps(value))
    return json.loads(text)
