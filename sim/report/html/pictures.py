"""The charts of a page as pictures, for other documents: always light, with title and caption inside."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import altair
import vl_convert

from sim.report.html import charts_theme as theme
from sim.report.html.content import Figure, Page

WIDTH = 720
HEAD = 78
"""Letters of the title in a line."""
LETTERS = 105
"""Letters of the caption in a line."""
SCALE = 2.0
"""Pixels of a PNG for each unit of the drawing."""


def pictures(page: Page, folder: Path, kind: str) -> list[tuple[str, bytes]]:
    """Return each chart of a page as (path in a folder, bytes) of a picture; ``kind``: png or svg."""
    if kind not in ("png", "svg"):
        raise ValueError(f"kind is png or svg, not {kind}")
    found: dict[str, bytes] = {}
    for section in page.sections:
        for figure in section.figures:
            if figure.spec is None:
                continue
            name, count = figure.id, 1
            while str(folder / f"{name}.{kind}") in found:
                count += 1
                name = f"{figure.id}-{count}"
            about = f"{section.title} – {page.title}: {page.subtitle}"
            found[str(folder / f"{name}.{kind}")] = _picture(figure, kind, about)
    return list(found.items())


def _picture(figure: Figure, kind: str, about: str) -> bytes:
    spec, settings = fixed(figure, about), theme.concrete(theme.config(theme.PICTURE_FONT), theme.LIGHT)
    settings["background"] = theme.LIGHT["bg"]
    version = theme.vega_lite(altair.SCHEMA_VERSION, vl_convert.get_vegalite_versions())
    if kind == "png":
        png: bytes = vl_convert.vegalite_to_png(spec, version, config=settings, scale=SCALE)
        return png
    svg: str = vl_convert.vegalite_to_svg(spec, version, config=settings)
    return svg.encode()


def fixed(figure: Figure, about: str) -> dict[str, Any]:
    """Return the drawing of a figure in a fixed width, in light colours, with title, caption, and what it is of."""
    assert figure.spec is not None
    spec: dict[str, Any] = theme.concrete(figure.spec, theme.LIGHT)
    if "facet" in spec:
        spec["spec"]["width"] = (WIDTH - 60) // spec["columns"] - 24
    else:
        spec["width"], spec["autosize"] = WIDTH, {"type": "fit-x", "contains": "padding"}
    spec["padding"] = 16
    spec["title"] = {
        "text": textwrap.wrap(figure.title, HEAD),
        "subtitle": [*textwrap.wrap(figure.caption, LETTERS), *textwrap.wrap(about, LETTERS)],
        "anchor": "start",
        "frame": "bounds",
        "fontSize": 16,
        "subtitleFontSize": 12,
        "subtitlePadding": 6,
        "offset": 14,
        "font": theme.PICTURE_FONT,
        "subtitleFont": theme.PICTURE_FONT,
        "color": theme.LIGHT["ink"],
        "subtitleColor": theme.LIGHT["muted"],
    }
    return spec
