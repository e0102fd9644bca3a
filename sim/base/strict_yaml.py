"""YAML read strictly: one meaning per text, every key with the line it stands on.

Plain scalars are numbers, ``true``, ``false``, ``null`` or text, nothing else: no dates, no ``yes``, no octal. Tags and
duplicate keys are refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from sim.errors import Problem, ScenarioError

Place = tuple[str, ...]
Marks = dict[Place, str]
"""Path of keys: ``file:line`` at which the key stands."""

MAX_BYTES = 1_000_000
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(path: Path, shown: str) -> tuple[dict[Any, Any], Marks]:
    """Return the mapping in a file and the marks of its keys; ``shown`` is the file's name in messages."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScenarioError.single("the file is larger than 1 MB", where=shown, cure="split it with extends")
        text = path.read_text(encoding="utf-8-sig")
    except IsADirectoryError:
        raise ScenarioError.single("is a folder", where=shown, cure="name a scenario file inside it") from None
    except UnicodeDecodeError:
        raise ScenarioError.single("is not UTF-8 text", where=shown, cure="save it as UTF-8") from None
    except OSError as error:
        raise ScenarioError.single(f"cannot be read: {error.strerror}", where=shown, cure="check the path") from None
    marks: Marks = {}
    node = _compose(text, shown)
    if node is None:
        raise ScenarioError.single("the file is empty", where=shown, cure="start from an example scenario")
    if not isinstance(node, yaml.MappingNode):
        raise ScenarioError.single("the file is not a mapping of keys", where=shown, cure="write key: value lines")
    return _mapping(node, (), shown, marks), marks


def value(text: str, shown: str) -> Any:
    """Return the value that a piece of YAML (a command-line override) stands for."""
    node = _compose(text, shown)
    return None if node is None else _convert(node, (), shown, {})


def _compose(text: str, shown: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError.single(
            f"not valid YAML: {error.problem or error.context}",
            where=f"{shown}:{line}",
            cure="check indentation and colons",
        ) from None
    except yaml.YAMLError as error:
        raise ScenarioError.single(f"not valid YAML: {error}", where=shown, cure="remove special characters") from None


def _convert(node: yaml.Node, place: Place, shown: str, marks: Marks) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, shown, marks)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(item, (*place, str(i)), shown, marks) for i, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    return _scalar(node, place, shown)


def _mapping(node: yaml.MappingNode, place: Place, shown: str, marks: Marks) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    _refuse_tag(node, place, shown)
    for key_node, value_node in node.value:
        where = f"{shown}:{key_node.start_mark.line + 1}"
        if not isinstance(key_node, yaml.ScalarNode):
            raise ScenarioError.single("a key is not a single word", where=where, cure="write key: value")
        key = _scalar(key_node, place, shown)
        key = key if isinstance(key, (int, float)) and not isinstance(key, bool) else str(key_node.value)
        inner = (*place, str(key))
        if key in result:
            raise ScenarioError([Problem(where, ".".join(inner), "the key is given twice", "keep one of them")])
        marks[inner] = where
        result[key] = _convert(value_node, inner, shown, marks)
    return result


def _scalar(node: yaml.ScalarNode, place: Place, shown: str) -> Any:
    _refuse_tag(node, place, shown)
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text.lower() in _WORDS and text in (text.lower(), "True", "False"):
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _LEADING_ZERO.fullmatch(text):
        where = f"{shown}:{node.start_mark.line + 1}"
        raise ScenarioError(
            [Problem(where, ".".join(place), f"{text} begins with 0", "drop the zero, or quote a text")]
        )
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return text


def _refuse_tag(node: yaml.Node, place: Place, shown: str) -> None:
    if node.tag and not node.tag.startswith("tag:yaml.org,2002:"):
        where = f"{shown}:{node.start_mark.line + 1}"
        raise ScenarioError([Problem(where, ".".join(place), f"the tag {node.tag} is not allowed", "remove it")])
