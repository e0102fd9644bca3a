"""Shipped scenarios by name, and the commented scenario from which a study of one's own starts."""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from sim.base.quantities import Section
from sim.base.words import suggestion
from sim.errors import ScenarioError
from sim.scenario import Scenario, read
from sim.study.keys import Form, default_of, form_of, meaning_of, meanings, tag_of

STUDIES = "sweeps"
"""Folder of the shipped studies, which are no scenarios."""
WIDTH = 140
INLINE = 100
"""A meaning longer than this is cut to its first part; ``describe`` tells the rest."""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.]*|[0-9]{4}-[0-9]{2}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
PLAIN_NAME = re.compile(rf"{NAME.pattern}(/{NAME.pattern})*")
HEAD = """\
# {name}: a scenario of its own, complete without any other file; every number here is that of the base case.
# Change what differs. Then: python -m sim check {name}.yaml, and python -m sim run {name}.yaml
# A number is written 1000, or {{value: 1000, source: "…"}}, or {{dist: pert, min: 4, mode: 5, max: 8, source: "…"}}.
# python -m sim describe KEY tells meaning, unit, bounds and other forms of a key; "more keys" are keys not used here.
"""
ABOUT = "A copy of the base case, to be changed into the link that is meant."


def find_shipped(name: str) -> Path | None:
    """Return the file of a shipped scenario such as ``base`` or ``financing/jbic_60``; None where there is none.

    An installed package has them in ``sim/_data/scenarios``, a checkout in ``scenarios``.
    """
    way = PurePosixPath(name.removesuffix(".yaml"))
    if way.is_absolute() or not way.parts or ".." in way.parts or "\\" in name:
        return None
    file = shipped_folder() / f"{way}.yaml"
    return file if file.is_file() else None


def shipped(name: str) -> Path:
    """Return the file that is meant by a word where no file of that name is; a path stays what it is."""
    file = find_shipped(name)
    if file is None and not name.endswith((".yaml", ".yml")) and PLAIN_NAME.fullmatch(name):
        folder = shipped_folder()
        found = (other.relative_to(folder) for other in folder.rglob("*.yaml"))
        names = sorted(str(other.with_suffix("")) for other in found if other.parts[0] != STUDIES)
        cure = suggestion(name, names, f"name a file, or one of {', '.join(names)}")
        raise ScenarioError.single("there is no such file or shipped scenario", where=name, cure=cure)
    return file or Path(name)


def shipped_folder() -> Path:
    """Return the folder of the shipped scenarios."""
    package = Path(str(files("sim")))
    installed = package / "_data" / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def shipped_cases() -> Path:
    """Return the folder of the outside cases that come with the program (SAM)."""
    package = Path(str(files("sim")))
    installed = package / "_data" / "cases" / "sam"
    return installed if installed.is_dir() else package.parent / "tests" / "reference" / "sam"


def new(name: str) -> str:
    """Return the text of NAME.yaml, the base case as a commented scenario; `ScenarioError` for a bad name."""
    if not NAME.fullmatch(name):
        cure = "use letters, digits, _ and -, without folder or .yaml"
        raise ScenarioError.single(f"{name!r} is no name for a scenario", cure=cure)
    if find_shipped(name) is not None:
        cure = "choose another name, or each of the two could be meant"
        raise ScenarioError.single(f"{name!r} is the name of a shipped scenario", cure=cure)
    file = find_shipped("base")
    if file is None:
        raise ScenarioError.single("the base case is not there", where=str(shipped_folder()), cure="install it again")
    data = {**read(file).data, "title": name, "about": ABOUT}
    benchmarks = data["evaluation"].get("benchmarks", {})
    data["evaluation"] = data["evaluation"] | {"benchmarks": dict(list(benchmarks.items())[:1])}
    body = _Writer(data).block(Scenario, data, 0)
    return HEAD.format(name=name) + "\n".join(body) + "\n"


class _Writer:
    """Writes data as YAML with the meaning of each key where it stands first."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.told: set[tuple[str, str]] = set()
        seen = Counter(json.dumps(item) for item in _distributions(data))
        self.repeated = {text for text, times in seen.items() if times > 1}
        self.anchors: dict[str, str] = {}

    def block(self, section: type[Section], data: Mapping[str, Any], indent: int) -> Iterator[str]:
        """Yield the lines of a block."""
        for key, raw in data.items():
            form = form_of(section.model_fields[key])
            comment = self._comment(section, key, form)
            if section is Scenario and isinstance(raw, dict):
                yield ""
            yield from self._entry(key, raw, form, indent, comment)
        yield from self._more(section, data, indent)

    def _comment(self, section: type[Section], key: str, form: Form) -> str:
        """Return meaning and unit of a key, empty from the second time on and for what explains itself."""
        if (section.__name__, key) in self.told or key == "source":
            return ""
        self.told.add((section.__name__, key))
        text = meanings(section).get(key, "")
        if len(form.sections) == 1 and form.inner is None:
            text = meaning_of(form.sections[0])
        elif len(form.choices) == 1:
            text = meaning_of(section)
        if len(text) > INLINE:
            text = text.split("; ")[0].rstrip(".") + "."
        if len(form.choices) > 1 and not all(str(choice) in text for choice in form.choices):
            text = f"{text} One of {', '.join(map(str, form.choices))}."
        return f"{text} [{form.number.unit}]" if form.number is not None else text

    def _entry(self, key: Any, raw: Any, form: Form, indent: int, comment: str) -> Iterator[str]:
        pad = " " * indent
        if isinstance(raw, dict) and form.kind is None and not self._short(raw, form, indent):
            yield from _beside(f"{pad}{_scalar(key)}:", comment, indent)
            if form.inner is not None and form.inner.plain is float:
                yield from _filled(_flow(raw), indent + 2)
            elif form.inner is not None:
                for name, inner in raw.items():
                    yield from self._entry(name, inner, form.inner, indent + 2, "")
            else:
                yield from self.block(_chosen(form, raw), raw, indent + 2)
            return
        if key == "about":
            yield f"{pad}about: >-"
            yield from textwrap.wrap(str(raw), WIDTH, initial_indent=f"{pad}  ", subsequent_indent=f"{pad}  ")
            return
        text = self._shared(str(key), raw) if isinstance(raw, dict) else _scalar(raw)
        line = f"{pad}{_scalar(key)}: {text}"
        value, parted, source = line.rpartition(', source: "')
        if len(line) <= WIDTH or not parted:
            yield from _beside(line, comment, indent)
        else:
            yield from _beside(f"{value},", comment, indent)
            yield f'{pad}  source: "{source}'

    def _more(self, section: type[Section], data: Mapping[str, Any], indent: int) -> Iterator[str]:
        """Yield the keys of a block that are not used, with their defaults; each meaning once."""
        left = []
        for name, info in section.model_fields.items():
            told = (meanings(section).get(name, ""), "more")
            if name not in (*data, "source") and told not in self.told:
                self.told.add(told)
                default = default_of(info)
                left.append(name if default == "none" else f"{name} ({default})")
        if left:
            yield from _filled(f"more keys: {', '.join(left)}", indent, "# ")

    def _short(self, raw: Mapping[str, Any], form: Form, indent: int) -> bool:
        """Say whether a block fits on a line and nothing in it has to be told any more."""
        if not form.sections or len(raw) > 3 or any(isinstance(item, dict) for item in raw.values()):
            return False
        section = _chosen(form, raw).__name__
        known = all((section, key) in self.told for key in raw if key != "source")
        return known and indent + len(_flow(raw)) < WIDTH

    def _shared(self, key: str, raw: Mapping[str, Any]) -> str:
        """Return a number in flow style; one that stands several times is written once and then pointed to."""
        text = json.dumps(raw)
        if text in self.anchors:
            return f"*{self.anchors[text]}"
        if text not in self.repeated:
            return _flow(raw)
        self.anchors[text] = key if key not in self.anchors.values() else f"{key}_{len(self.anchors)}"
        return f"&{self.anchors[text]} {_flow(raw)}"


def _distributions(item: Any) -> Iterator[Any]:
    if isinstance(item, dict):
        if "dist" in item:
            yield item
        for inner in item.values():
            yield from _distributions(inner)


def _chosen(form: Form, raw: Mapping[str, Any]) -> type[Section]:
    """Return the section that a block is, by its process or kind where it may be one of several."""
    if len(form.sections) == 1:
        return form.sections[0]
    tags = {f"{name}: {raw[name]}" for name in ("process", "kind") if name in raw}
    return next(section for section in form.sections if tag_of(section) in tags)


def _beside(line: str, comment: str, indent: int) -> Iterator[str]:
    if not comment:
        yield line
    elif len(line) + len(comment) + 4 <= WIDTH:
        yield f"{line}  # {comment}"
    else:
        yield from _filled(comment, indent, "# ")
        yield line


def _filled(text: str, indent: int, mark: str = "") -> list[str]:
    pad = " " * indent + mark
    return textwrap.wrap(text, WIDTH, initial_indent=pad, subsequent_indent=pad, break_long_words=False)


def _flow(raw: Mapping[str, Any]) -> str:
    parts = (f"{_scalar(key)}: {_flow(item) if isinstance(item, dict) else _scalar(item)}" for key, item in raw.items())
    return f"{{{', '.join(parts)}}}"


def _scalar(raw: Any) -> str:
    if isinstance(raw, list):
        return f"[{', '.join(map(_scalar, raw))}]"
    if isinstance(raw, bool) or raw is None:
        return {True: "true", False: "false", None: "null"}[raw]
    if isinstance(raw, str):
        words = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
        return raw if PLAIN.fullmatch(raw) and raw.lower() not in words else json.dumps(raw, ensure_ascii=False)
    return str(raw)
