"""YAML with one meaning: what plain texts stand for, what is refused, and that no file can hurt."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.base import strict_yaml
from sim.base.strict_yaml import MAX_BYTES, Document, load, value
from sim.base.words import closest, cut, shown
from sim.errors import ScenarioError


@pytest.fixture(params=["fast", "plain"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with libyaml and with PyYAML's own parser."""
    if request.param == "plain":
        monkeypatch.setattr(strict_yaml, "_LOADER", yaml.SafeLoader)


def loaded(folder: Path, text: str | bytes) -> Document:
    """Return what a file with a text says."""
    file = folder / "a.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(file, "a.yaml")


def refused(folder: Path, text: str | bytes) -> str:
    """Return what is said about a text that cannot be read at all."""
    started = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        loaded(folder, text)
    assert time.process_time() - started < 5.0
    (problem,) = caught.value.problems
    assert problem.cure
    return str(problem)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", 1),
        ("-1", -1),
        ("+1", 1),
        ("0", 0),
        ("1_000", 1000),
        ("1e6", 1e6),
        ("1E-3", 1e-3),
        (".5", 0.5),
        ("1.", 1.0),
        ("1_000.5", 1000.5),
        ("0.5", 0.5),
        ("00.5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("TRUE", "TRUE"),
        ("NULL", "NULL"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("1:2:3", "1:2:3"),
        ("2026-10-01", "2026-10-01"),
        ("2026-10-01T00:00:00Z", "2026-10-01T00:00:00Z"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("0b1", "0b1"),
        ("1__0", "1__0"),
        ("1_", "1_"),
        ("1,000", "1,000"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("-.inf", "-.inf"),
        ("nan", "nan"),
        ("e5", "e5"),
        ("+", "+"),
        (".", "."),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("'012'", "012"),
        ("[1, no, 1e3]", [1, "no", 1e3]),
        ("{a: {b: ~}}", {"a": {"b": None}}),
    ],
)
def test_one_meaning(tmp_path: Path, text: str, meaning: Any) -> None:
    """A text means a number, true, false, null or itself; the same in a file and on the command line."""
    for got in (loaded(tmp_path, f"a: {text}\n").data["a"], value(text, "--set a")):
        assert got == meaning
        assert type(got) is type(meaning)


def test_keys_and_marks(tmp_path: Path) -> None:
    """Keys are numbers or texts, and each has the line on which it stands, inside aliases that of the anchor."""
    document = loaded(tmp_path, "a: &x\n  1: p\n  0.5: q\n  '2': r\n  yes: s\n  true: t\n\nb: *x\n")
    assert document.data["a"] == {1: "p", 0.5: "q", "2": "r", "yes": "s", "true": "t"} == document.data["b"]
    assert document.data["a"] is not document.data["b"]
    assert document.marks["a",] == "a.yaml:1"
    assert document.marks["a", "0.5"] == document.marks["b", "0.5"] == "a.yaml:3"
    assert document.marks["b",] == "a.yaml:8"
    assert not document.problems


def test_every_doubled_key(tmp_path: Path) -> None:
    """All keys that are given twice are told, wherever they stand; 1 and 1.0 are one key."""
    document = loaded(tmp_path, "a: {x: 1, x: 2}\nb:\n  y: 1\n  1: 2\n  1.0: 3\n  y: 4\n  y: 5\na: 3\n")
    assert [str(problem).split(";")[0] for problem in document.problems] == [
        "a.yaml:1: a.x: the key is given twice, first on line 1",
        "a.yaml:5: b.1.0: the key is given twice, first on line 4",
        "a.yaml:6: b.y: the key is given twice, first on line 3",
        "a.yaml:7: b.y: the key is given twice, first on line 3",
        "a.yaml:8: a: the key is given twice, first on line 1",
    ]
    assert document.data == {"a": {"x": 1}, "b": {"y": 1, 1: 2}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 012", "a.yaml:1: a: 012 begins with 0"),
        ("a: -08", "a.yaml:1: a: -08 begins with 0"),
        ("a: [1, 007]", "a.yaml:1: a.1: 007 begins with 0"),
        ("012: a", "a.yaml:1: 012 begins with 0"),
        ("a: 1e400", "a.yaml:1: a: 1e400 is too large"),
        ("a: " + "1" * 5000, "a.yaml:1: a: a number of 5000 characters"),
        ("a: 0." + "1" * 5000, "a.yaml:1: a: a number of 5002 characters"),
        ("<<: {a: 1}", "a.yaml:1: <<: the merge key << is not allowed"),
        ("? [1, 2]\n: 3", "a.yaml:1: ?: a key is not a single word"),
        ("? " + "k" * 2000 + "\n: 3", "the key is longer than 100 letters"),
        ('"a\\nb": 3', "the key is longer than 100 letters or not printable"),
        ('a: "\\x07"', "a.yaml:1: a: the text holds the character U+0007"),
        ('a: "\\u202E"', "a.yaml:1: a: the text holds the character U+202E"),
        ("a: !x 1", "a.yaml:1: the tag !x is not allowed"),
        ("a: ! 1", "a.yaml:1: the tag ! is not allowed"),
        ("a: !!float 1", "a.yaml:1: the tag !!float is not allowed"),
        ("!!map\na: 1", "a.yaml:1: the tag !!map is not allowed"),
        ("a: !!python/object/apply:os.system [x]", "a.yaml:1: the tag !!python/object/apply:os.system is not allowed"),
    ],
)
def test_mistakes_that_do_not_stop_reading(tmp_path: Path, text: str, said: str) -> None:
    """What is ambiguous or not allowed is noted with its line, and the rest of the file is read."""
    document = loaded(tmp_path, text + "\nlast: 1\n")
    assert said in str(document.problems[0])
    assert len(document.problems) == 1
    assert document.data["last"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "a.yaml: the file is empty"),
        (b"\xef\xbb\xbf", "a.yaml: the file is empty"),
        ("# only\n# words\n", "a.yaml: the file is empty"),
        ("---\n", "is not a mapping of keys"),
        ("- a\n", "a.yaml:1: the file is not a mapping"),
        ("\n\njust words\n", "a.yaml:3: the file is not a mapping"),
        ("a: 1\n".encode("utf-16"), "a.yaml: is not UTF-8 text"),
        ("a: 1\n".encode("utf-16-be"), "a.yaml:1: holds the character U+0000; save it as UTF-8"),
        ("a: 1\n".encode("utf-32"), "a.yaml: is not UTF-8 text"),
        (b"a: 1\nb: \xe9\n", "a.yaml:2: is not UTF-8 text"),
        (b"a: 1\nb: \x07\n", "a.yaml:2: holds the character U+0007"),
        (b"a: 1\n\nb: \x7f\n", "a.yaml:3: holds the character U+007F"),
        ("a: 1\nb: \ufeff\n", "a.yaml:2: holds the character U+FEFF"),
        ("a: 1\n\tb: 2\n", "not valid YAML"),
        ("a: b: c\n", "a.yaml:1: not valid YAML"),
        ("a: [1\n", "not valid YAML"),
        ("a: 'x\n", "not valid YAML"),
        ("a: *b\n", "a.yaml:1: not valid YAML: an alias without an anchor"),
        ("a: 1\n b: 2\n", "not valid YAML"),
        ("%YAML 9.9\n---\na: 1\n", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: a second document begins here"),
        ("a: &a {b: *a}\n", "a.yaml:1: the alias *a stands inside its own anchor"),
        ("a: &a [[[*a]]]\n", "a.yaml:1: the alias *a stands inside its own anchor"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str | bytes, said: str) -> None:
    """A file that is no scenario is one problem with its place."""
    assert said in refused(tmp_path, text)


def bomb(levels: int, width: int) -> str:
    """Return aliases of aliases that would unfold to width ** levels."""
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "nested more than 40 deep"),
        ("{a: " * 100_000, "nested more than 40 deep"),
        ("- " * 100_000, "nested more than 40 deep"),
        ("? " * 100_000, "nested more than 40 deep"),
        ("a: " + "[" * 50_000 + "]" * 50_000, "nested more than 40 deep"),
        ("\n".join(" " * i + "k:" for i in range(1000)), "nested more than 40 deep"),
        (bomb(9, 9), "more than 100,000 keys and values"),
        (bomb(40, 2), "more than 100,000 keys and values"),
        ("a: &a 1\nb: [" + "*a, " * 101 + "]", "more than 100 aliases"),
        ("a: [" + "1, " * 200_000 + "]", "more than 100,000 keys and values"),
        ("a: 1\n" * (MAX_BYTES // 5 + 1), "larger than 1 MB"),
        ("#" * (MAX_BYTES + 1), "larger than 1 MB"),
    ],
    ids=lambda text: text[:12].replace("\n", " ") if isinstance(text, str) else None,
)
def test_what_would_hurt(tmp_path: Path, text: str, said: str) -> None:
    """Bombs of aliases, towers of brackets and heaps of values are refused within seconds."""
    assert said in refused(tmp_path, text)


def test_what_is_just_allowed(tmp_path: Path) -> None:
    """Files up to the limits are read: depth 40, 100 aliases, a byte-order mark, Windows line ends."""
    deep = "a: " + "[" * 39 + "]" * 39
    assert loaded(tmp_path, deep).data["a"]
    assert len(loaded(tmp_path, "a: &a 1\nb: [" + "*a, " * 100 + "]").data["b"]) == 100
    assert loaded(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").data == {"a": 1, "b": 2}
    assert loaded(tmp_path, "a: 日本 ° – 😀\n").data == {"a": "日本 ° – 😀"}


def test_values_of_the_command_line() -> None:
    """A value that cannot be read is told at its option, without a line."""
    for text in ("[1", "012", "!x 1", "{a: 1, a: 2}", "[" * 1000, "\x00", "a: b: c"):
        with pytest.raises(ScenarioError) as caught:
            value(text, "--set k")
        assert [problem.where for problem in caught.value.problems] == ["--set k"]
    assert value("{min: 1, max: 2}", "--set k") == {"min": 1, "max": 2}


def test_words() -> None:
    """Values are shown as YAML has them, short and on one line; misspelt words find their way."""
    assert shown(None) == "null"
    assert shown([1, {"a": True}]) == "[1, {a: true}]"
    assert len(shown("x" * 10_000)) <= 60
    assert shown(10**5000) == "a whole number of hundreds of digits"
    assert cut("a\nb\tc", 10) == "a b c"
    nested: Any = 1
    for _ in range(100):
        nested = [nested]
    assert re.fullmatch(r"\[+…\]+", shown(nested))
    assert closest("capacity", ["capacity_mw", "length_km"]) == "capacity_mw"
    assert closest("zzz", ["capacity_mw"]) is None
