"""Scenario files that extend one another, and changes by dotted key; plain data, before it means anything.

A later file wins over an earlier one, the file itself over those it extends, a change over all of them. ``null``
deletes. Every file counts once, where it is first needed: of two files that extend the same base each says only its
own lines, so that the base in the second does not undo what the first changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.base import strict_yaml
from sim.base.strict_yaml import Document, Marks
from sim.base.words import cut, shown
from sim.errors import Problem, ScenarioError

MAX_FILES = 50
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


def read_files(*files: Path) -> Document:
    """Return a scenario file with everything that it extends; problems of all files are gathered.

    Several files are read as if one extended them in this order.
    """
    gathered = _Gathering()
    for file in files:
        try:
            resolved = file.resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ScenarioError.single(f"cannot be read: {error}", where=str(file), cure="check the path") from None
        if resolved not in gathered.seen:
            gathered.read(file, resolved, ())
    if gathered.problems:
        raise ScenarioError([*gathered.problems, *gathered.whole.problems])
    return gathered.whole


class _Gathering:
    """Reads files along ``extends``, each once, and collects what is wrong with these lines."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.seen: set[Path] = set()
        self.whole = Document({})

    def read(self, file: Path, resolved: Path, chain: tuple[Path, ...]) -> None:
        """Put one file over what has been read, after those that it extends and that have not been read yet."""
        self.seen.add(resolved)
        own = strict_yaml.load(resolved, str(file))
        where = own.marks.pop(("extends",), str(file))
        parents = own.data.pop("extends", None)
        names = [] if parents is None else parents if isinstance(parents, list) else [parents]
        for name in names:
            target = self._target(name, file, resolved, chain, where)
            if target is not None:
                self._inherit(file.parent / name, target, (*chain, resolved))
        merge(self.whole.data, own.data)
        self.whole.marks.update(own.marks)
        self.whole.problems += own.problems

    def _inherit(self, file: Path, target: Path, chain: tuple[Path, ...]) -> None:
        try:
            self.read(file, target, chain)
        except ScenarioError as error:  # go on, other files may be wrong, too
            self.problems += error.problems

    def _target(self, name: object, file: Path, resolved: Path, chain: tuple[Path, ...], where: str) -> Path | None:
        """Return the file that an entry of ``extends`` names; None where it was read or is wrong, which is noted."""
        if not isinstance(name, str) or not name:
            self._refuse(where, f"{shown(name)} is not a path", "write extends: base.yaml, or a list of such paths")
            return None
        said = f"extends {cut(name, 100)!r}"
        root = _root(resolved)
        try:
            target = (resolved.parent / name).resolve()
            there = target.is_file()
        except (OSError, ValueError, RuntimeError):
            self._refuse(where, f"{said}, which cannot be a path", "check the path")
            return None
        if not target.is_relative_to(root):
            self._refuse(where, f"{said} leads out of {root.name}/", "keep scenarios together in one folder")
        elif target in (*chain, resolved):
            self._refuse(where, f"{said} comes back to a file that leads here", "break the circle")
        elif not there:
            self._refuse(where, f"{said}, which is no file", strict_yaml.other_file(target))
        elif target not in self.seen and len(self.seen) >= MAX_FILES:
            self._refuse(where, f"{said}: more than {MAX_FILES} files extend one another", "merge some of them")
        elif target not in self.seen:
            return target
        return None

    def _refuse(self, where: str, message: str, cure: str) -> None:
        self.problems.append(Problem(where, "extends", message, cure))


def _root(resolved: Path) -> Path:
    """Return the folder inside which files may extend one another: ``scenarios``, or the file's own."""
    for folder in resolved.parents:
        if folder.name == "scenarios":
            return folder
    return resolved.parent


def merge(data: dict[Any, Any], new: Mapping[Any, Any]) -> None:
    """Put new data over old: block into block, anything else in place of what was there; ``null`` deletes."""
    for key, item in new.items():
        if item is None:
            data.pop(key, None)
        elif isinstance(item, dict) and isinstance(data.get(key), dict) and not _whole(data[key], item):
            merge(data[key], item)
        else:
            data[key] = _without_nulls(item)


def _whole(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> bool:
    """Say whether the new mapping is a whole number, process or scheme, which replaces the old one."""
    if any(tag in new and old.get(tag) != new[tag] for tag in ("process", "kind")):
        return True
    inside = any(tag in old and tag not in new for tag in ("process", "kind"))
    return ("dist" in new or "value" in new) and not inside


def _without_nulls(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _without_nulls(inner) for key, inner in item.items() if inner is not None}
    return item


def override(data: dict[Any, Any], marks: Marks, dotted: str, new: Any, said: str = "") -> None:
    """Change one key of the data: ``null`` deletes, a number takes the place of a whole distribution.

    ``said``: where the change was asked for; ``--set KEY`` if nothing is given.
    """
    said = said or f"--set {dotted}"
    way = _way(data, dotted, said.partition(" ")[0] if said.startswith("--set") else said)
    *blocks, last = way
    holder: Any = data
    for i, part in enumerate(way):
        holder = holder.get(part) if isinstance(holder, dict) else None
        if i + 1 == len(way) or not isinstance(holder, dict):  # from here on the setting makes the blocks
            marks[tuple(map(str, way[: i + 1]))] = said
    holder = data
    for part in blocks:
        holder = holder.get(part) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and not isinstance(new, dict):
        merge(holder, {last: new})
        return
    nest = {last: new}
    for part in reversed(blocks):
        nest = {part: nest}
    merge(data, nest)


def look_up(data: Mapping[Any, Any], dotted: str) -> Any:
    """Return what stands at a dotted key; None where nothing does."""
    holder: Any = data
    for part in _way(data, dotted, ""):
        holder = holder.get(part) if isinstance(holder, dict) else None
    return holder


def way_to(data: Mapping[Any, Any], dotted: str) -> tuple[Any, ...]:
    """Return the keys on a dotted path, as they are in the data or would be."""
    return tuple(_way(data, dotted, ""))


def _way(data: Mapping[Any, Any], dotted: str, said: str) -> list[Any]:
    """Return the keys on a dotted path; where keys hold dots themselves (correlations), the longest that is there."""
    parts = dotted.split(".")
    if not all(parts) or len(parts) > strict_yaml.MAX_DEPTH or not dotted.isprintable():
        raise ScenarioError.single(
            f"{cut(dotted, 100)!r} is not a dotted key", where=said, cure="write link.capacity_mw=600"
        )
    way: list[Any] = []
    holder: Any = data
    while parts:
        known = holder if isinstance(holder, dict) else {}
        for length in range(len(parts), 0, -1):
            key = _key(".".join(parts[:length]))
            percentile = isinstance(key, float) and any(isinstance(other, int | float) for other in known)
            if length == 1 or key in known or percentile:
                break
        way.append(key)
        parts = parts[length:]
        holder = holder.get(key) if isinstance(holder, dict) else None
    return way


def _key(text: str) -> Any:
    """Return a key as YAML would read it: percentiles and years are numbers."""
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
