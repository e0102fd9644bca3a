"""YAML read strictly: one meaning per text, every key with the line it stands on.

Plain scalars are numbers, ``true``, ``false``, ``null`` or text, nothing else: no dates, no ``yes``, no octal. Tags,
merge keys and duplicate keys are refused. The events of the parser are counted before anything is built, so that
neither deep nesting nor a few aliases of aliases cost time or memory.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sim.base.words import closest, cut
from sim.errors import Problem, ScenarioError

Place = tuple[str, ...]
Marks = dict[Place, str]
"""Path of keys: ``file:line`` at which the key stands."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_ALIASES = 100
MAX_NODES = 100_000
MAX_DIGITS = 60
MAX_KEY = 100
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(_[0-9]+)*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_FORBIDDEN = re.compile(
    "[^\t\n\r -~\x85\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Control characters, those that turn the direction of text, byte-order marks and halves of surrogate pairs."""
_QUOTED = ("'", '"', "|", ">")
_WORDS: dict[str, Any] = {"true": True, "True": True, "false": False, "False": False, "null": None, "~": None, "": None}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SYNTAX = (
    # what PyYAML or libyaml says, what we say, how to mend it
    ("cannot start any token", "a character stands where no value can begin", "use spaces, not tabs; quote texts"),
    ("mapping values are not allowed", "a second colon on one line, or a wrong indentation", "quote texts with colons"),
    ("could not find expected ':'", "a key without its colon", "write key: value"),
    ("expected <block end>", "the indentation does not fit the lines above", "indent keys of one block alike"),
    ("did not find expected key", "the indentation does not fit the lines above", "indent keys of one block alike"),
    ("expected ',' or", "a comma or closing bracket is missing", "close every bracket"),
    ("end of stream", "a quote or bracket is never closed", "close it"),
    ("undefined alias", "an alias without an anchor of that name before it", "define it with & first"),
    ("second occurrence", "two anchors have one name", "rename one"),
    ("duplicate anchor", "two anchors have one name", "rename one"),
)


@dataclass
class Document:
    """What a file says: its data, where each key stands, and mistakes that do not keep it from being read on."""

    data: dict[Any, Any]
    marks: Marks = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def load(path: Path, shown: str) -> Document:
    """Return what a file says; ``shown`` is its name in messages."""
    text = _text(path, shown)
    reader = _Reader(shown)
    node = reader.compose(text)
    if node is None:
        raise ScenarioError.single("the file is empty", where=shown, cure="start from an example scenario")
    if not isinstance(node, yaml.MappingNode):
        where = f"{shown}:{node.start_mark.line + 1}"
        raise ScenarioError.single("the file is not a mapping of keys", where=where, cure="write key: value lines")
    return Document(reader.mapping(node, ()), reader.marks, reader.problems)


def value(text: str, shown: str) -> Any:
    """Return the value that a piece of YAML (a command-line override) stands for."""
    bad = _FORBIDDEN.search(text)
    if bad:
        raise ScenarioError.single(f"holds the character {_code(bad[0])}", where=shown, cure="remove it")
    reader = _Reader(shown, lines=False)
    node = reader.compose(text)
    result = None if node is None else reader.convert(node, ())
    if reader.problems:
        raise ScenarioError(reader.problems)
    return result


def _text(path: Path, shown: str) -> str:
    """Return the text of a file, or say why it is none."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ScenarioError.single("is a folder", where=shown, cure="name a scenario file inside it")
        if not stat.S_ISREG(mode):
            raise ScenarioError.single("is not a plain file", where=shown, cure="save the scenario as a file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError.single(f"cannot be read: {reason}", where=shown, cure=other_file(path)) from None
    if len(raw) > MAX_BYTES:
        raise ScenarioError.single("the file is larger than 1 MB", where=shown, cure="split it with extends")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        where = shown if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else f"{shown}:{line}"
        raise ScenarioError.single("is not UTF-8 text", where=where, cure="save it as UTF-8") from None
    bad = _FORBIDDEN.search(text)
    if bad:
        where = f"{shown}:{text[: bad.start()].count(chr(10)) + 1}"
        cure = "save it as UTF-8 text" if bad[0] == "\0" else "remove it"
        raise ScenarioError.single(f"holds the character {_code(bad[0])}", where=where, cure=cure)
    return text


def other_file(path: Path) -> str:
    """Return the cure for a file that cannot be read: one with a similar name, where there is one."""
    try:
        others = {other.stem: other.name for other in path.parent.iterdir() if other.suffix in (".yaml", ".yml")}
    except (OSError, ValueError):
        others = {}
    near = others.get(closest(path.stem, others) or "", path.name)
    return f"did you mean {near}?" if near != path.name else "check the path"


def _code(letter: str) -> str:
    return f"U+{ord(letter):04X}"


class _Reader:
    """Builds plain data from a YAML text and notes where keys stand and what is wrong."""

    def __init__(self, shown: str, *, lines: bool = True) -> None:
        self.shown, self.lines = shown, lines
        self.marks: Marks = {}
        self.problems: list[Problem] = []

    def where(self, item: Any) -> str:
        """Return ``file:line`` of a node, an event or a mark."""
        mark = getattr(item, "start_mark", item)
        return f"{self.shown}:{mark.line + 1}" if self.lines and mark is not None else self.shown

    def compose(self, text: str) -> yaml.Node | None:
        """Return the tree of a text, after its events have been counted."""
        try:
            _Survey(self._stop, self._tagged).walk(text)
            return yaml.compose(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            said = f"{error.context or ''} {error.problem or ''}".strip()
            mark = error.problem_mark or error.context_mark
            known = [(message, cure) for words, message, cure in _SYNTAX if words in said]
            message, cure = known[0] if known else (cut(said, 100), "check indentation and colons")
            raise ScenarioError.single(f"not valid YAML: {message}", where=self.where(mark), cure=cure) from None
        except yaml.YAMLError as error:
            message = cut(str(error), 100)
            raise ScenarioError.single(
                f"not valid YAML: {message}", where=self.shown, cure="remove special characters"
            ) from None

    def _stop(self, event: yaml.Event, message: str, cure: str) -> None:
        raise ScenarioError.single(message, where=self.where(event), cure=cure)

    def _tagged(self, event: yaml.Event, tag: str) -> None:
        tag = tag.replace("tag:yaml.org,2002:", "!!")
        self.problems.append(Problem(self.where(event), "", f"the tag {cut(tag, 40)} is not allowed", "remove it"))

    def convert(self, node: yaml.Node, place: Place) -> Any:
        """Return the plain data of a node."""
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(item, (*place, str(i))) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, place)

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[Any, Any]:
        """Return the keys and values of a node; every second key of one name is a problem."""
        result: dict[Any, Any] = {}
        first: dict[Any, str] = {}
        for key_node, value_node in node.value:
            key, message, cure = self._key(key_node, place)
            inner = (*place, cut(str(key), MAX_KEY))
            if not message and key in result:
                message, cure = f"the key is given twice, first on line {first[key]}", "keep one of them"
            if message:
                self._problem(key_node, inner, message, cure)
                continue
            self.marks[inner] = self.where(key_node)
            first[key] = str(key_node.start_mark.line + 1)
            result[key] = self.convert(value_node, inner)
        return result

    def _key(self, node: yaml.Node, place: Place) -> tuple[Any, str, str]:
        """Return a key, and what is wrong with it and how to mend that, if anything is."""
        if not isinstance(node, yaml.ScalarNode):
            return "?", "a key is not a single word", "write key: value"
        text = str(node.value)
        if text == "<<" and node.style not in _QUOTED:
            return text, "the merge key << is not allowed", "use extends, or an alias for a whole block"
        if len(text) > MAX_KEY or not text.isprintable():
            return text, "the key is longer than 100 letters or not printable", "use a short name"
        key = self._scalar(node, place)
        number = isinstance(key, int | float) and not isinstance(key, bool)
        return (key if number else text), "", ""

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        text: str = node.value
        bad = _FORBIDDEN.search(text)
        if bad:
            self._problem(node, place, f"the text holds the character {_code(bad[0])}", "remove it")
            return _FORBIDDEN.sub("", text)
        if node.style in _QUOTED:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _LEADING_ZERO.fullmatch(text):
            self._problem(node, place, f"{cut(text, 40)} begins with 0", "drop the zero, or quote it as a text")
            return text
        whole = _INTEGER.fullmatch(text)
        if not whole and not _FLOAT.fullmatch(text):
            return text
        if len(text) > MAX_DIGITS:
            self._problem(node, place, f"a number of {len(text)} characters", "round it, or write it as 1.5e6")
            return text
        number = int(text) if whole else float(text.replace("_", ""))
        if abs(number) > 1e300:
            self._problem(node, place, f"{text} is too large for a number", "write a smaller one")
        return number

    def _problem(self, node: yaml.Node, place: Place, message: str, cure: str) -> None:
        self.problems.append(Problem(self.where(node), ".".join(place), message, cure))


class _Survey:
    """Counts depth, aliases and nodes of a text before it is built, each alias at the size of its anchor."""

    def __init__(self, stop: Callable[[yaml.Event, str, str], None], tagged: Callable[[yaml.Event, str], None]) -> None:
        self.stop, self.tagged = stop, tagged
        self.sizes: dict[str, int] = {}
        self.open: list[tuple[str | None, int]] = []
        self.nodes = self.aliases = self.documents = 0

    def walk(self, text: str) -> None:
        """Go through the events of a text and stop at the first that is too much."""
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    self.stop(event, "a second document begins here", "keep one document in a file: remove ---")
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = self.open.pop()
                self._named(anchor, self.nodes - before)
            if self.nodes > MAX_NODES:
                self.stop(event, f"more than {MAX_NODES:,} keys and values, aliases written out", "make it smaller")

    def _alias(self, event: Any) -> None:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            self.stop(event, f"more than {MAX_ALIASES} aliases", "write the blocks out")
        if any(anchor == event.anchor for anchor, _ in self.open):
            self.stop(event, f"the alias *{cut(event.anchor, 40)} stands inside its own anchor", "remove it")
        self.nodes += self.sizes.get(event.anchor, 1)

    def _node(self, event: Any) -> None:
        if event.tag is not None:
            self.tagged(event, event.tag)
        if isinstance(event, yaml.ScalarEvent):
            self.nodes += 1
            self._named(event.anchor, 1)
            return
        self.open.append((event.anchor, self.nodes))
        self.nodes += 1
        if len(self.open) > MAX_DEPTH:
            self.stop(event, f"blocks are nested more than {MAX_DEPTH} deep", "check the brackets and indentation")

    def _named(self, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self.sizes[anchor] = size
