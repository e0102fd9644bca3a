"""The journal of finished cases: whole lines or nothing, whatever the disk does."""

from __future__ import annotations

import errno
import math
import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sim.batch.journal
from sim.batch.figures import Figures
from sim.batch.journal import NAME, Journal, key_of

KEYS = tuple(key_of(f"case {i}", 1, 256) for i in range(4))


def figures_of(i: int) -> Figures:
    """Return the figures of a case, short ones, none of which is round."""
    return {"npv": (i + 1 / 3, math.nan), "payback": (math.inf, -0.0)}


def bits(figures: Figures) -> dict[str, list[bytes]]:
    """Return figures as bytes, as NaN is not equal to itself and -0.0 is equal to 0.0."""
    return {name: [struct.pack("<d", value) for value in values] for name, values in figures.items()}


def filled(folder: Path, count: int = 3) -> bytes:
    """Make a journal of some cases; return its bytes."""
    folder.mkdir(exist_ok=True)
    with Journal(folder) as journal:
        for i in range(count):
            journal.add(KEYS[i], figures_of(i))
    return (folder / NAME).read_bytes()


@pytest.fixture(autouse=True)
def forced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Force nothing to the disk, which takes its time; return what would have been."""
    files: list[int] = []
    monkeypatch.setattr(os, "fsync", files.append)
    return files


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """Return the bytes of a journal of three cases."""
    return filled(tmp_path)


def reopened(folder: Path, data: bytes) -> Iterator[int]:
    """Put bytes in the place of the journal, and yield the cases that it then has; each of them has to be right."""
    (folder / NAME).write_bytes(data)
    with Journal(folder) as journal:
        there = [i for i, key in enumerate(KEYS) if key in journal]
        assert len(journal) >= len(there)
        for i in there:
            assert bits(journal.figures(KEYS[i])) == bits(figures_of(i))
            yield i


def completes(folder: Path) -> None:
    """Add what is missing, and see that everything is there when the journal is opened next."""
    with Journal(folder) as journal:
        for i, key in enumerate(KEYS):
            if key not in journal:
                journal.add(key, figures_of(i))
    with Journal(folder) as journal:
        assert len(journal) == len(KEYS)
        for i, key in enumerate(KEYS):
            assert bits(journal.figures(key)) == bits(figures_of(i))


def test_figures_come_back_to_the_last_bit(tmp_path: Path) -> None:
    """Numbers of every size, infinities, NaN and minus zero are the same after they were on disk."""
    rng = random.Random(1)
    numbers = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(2000)]
    numbers = [value for value in numbers if not math.isnan(value)]
    given = {"a": (*numbers, math.nan, math.inf, -math.inf, -0.0, 5e-324), "ä, \n": (0.1,), "empty": ()}
    with Journal(tmp_path) as journal:
        journal.add(KEYS[0], given)
        assert bits(journal.figures(KEYS[0])) == bits(given)
    with Journal(tmp_path) as journal:
        assert bits(journal.figures(KEYS[0])) == bits(given)
        assert KEYS[1] not in journal


def test_what_was_added_is_forced_to_the_disk(tmp_path: Path, forced: list[int]) -> None:
    """A journal that is closed is on the disk, whatever ended it."""
    with pytest.raises(KeyError), Journal(tmp_path) as journal:
        journal.add(KEYS[0], figures_of(0))
        number = journal._file.fileno()
        journal.figures(KEYS[1])
    assert forced == [number]
    assert journal._file.closed


def test_reading_and_adding_by_turns(tmp_path: Path) -> None:
    """To look up one case between two others moves neither of them."""
    data = filled(tmp_path / "straight")
    with Journal(tmp_path) as journal:
        for i in range(3):
            journal.add(KEYS[i], figures_of(i))
            for j in range(i + 1):
                assert bits(journal.figures(KEYS[j])) == bits(figures_of(j))
    assert (tmp_path / NAME).read_bytes() == data


def test_cut_off_at_every_byte(tmp_path: Path, whole: bytes) -> None:
    """Wherever a kill cuts the journal off, all whole lines stay, the rest goes, and the next case is added rightly."""
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 3
    for size in range(len(whole) + 1):
        kept = sum(end <= size for end in ends)
        assert list(reopened(tmp_path, whole[:size])) == list(range(kept))
        assert (tmp_path / NAME).read_bytes() == whole[: ends[kept - 1] if kept else 0]
        with Journal(tmp_path) as journal:
            for i in range(kept, 3):
                journal.add(KEYS[i], figures_of(i))
        assert (tmp_path / NAME).read_bytes() == whole


def test_any_byte_may_be_wrong(tmp_path: Path, whole: bytes) -> None:
    """A byte that the disk has changed costs its own case and perhaps the one next to it; none is ever wrong."""
    rng = random.Random(2)
    for place in range(len(whole)):
        data = bytearray(whole)
        data[place] ^= rng.randrange(1, 256)
        assert len(list(reopened(tmp_path, bytes(data)))) in (1, 2)
        completes(tmp_path)


@pytest.mark.parametrize(
    "junk",
    [b"\n", b"\n\n\n", b"\0" * 4096, b"\0" * 100 + b"\n", b"{}\n", b"garbage\n", b"\xff\xfe\xfa\n", b"0" * 90 + b"\n"],
)
def test_garbage_in_the_middle(tmp_path: Path, whole: bytes, junk: bytes) -> None:
    """What does not belong there is skipped, before, between and after the lines; at most one case is lost to it."""
    ends = [0, *(i + 1 for i, byte in enumerate(whole) if byte == ord("\n"))]
    for place in (*ends, *(end + 30 for end in ends[:-1])):
        found = list(reopened(tmp_path, whole[:place] + junk + whole[place:]))
        assert len(found) == 3 if place in ends and junk.endswith(b"\n") else len(found) >= 2
        completes(tmp_path)


def test_nothing_and_only_garbage(tmp_path: Path) -> None:
    """An empty journal and one of nothing but garbage have no cases, and take some."""
    for data in (b"", b"\0", b"no line", os.urandom(3000)):
        assert list(reopened(tmp_path, data)) == []
        completes(tmp_path)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """A folder of that name is an error of the system, which the caller tells."""
    (tmp_path / NAME).mkdir()
    with pytest.raises(IsADirectoryError):
        Journal(tmp_path)


class FullDisk:
    """A file on a disk with room for so many bytes more; writes end short before they fail, as on a real one."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def write(self, data: memoryview) -> int:
        """Write what there is room for."""
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written: int = self.file.write(data[: self.room])
        self.room -= written
        return written

    def __getattr__(self, name: str) -> Any:
        """Do the rest as the file does it."""
        return getattr(self.file, name)


def test_a_disk_that_is_full_at_any_byte(tmp_path: Path, whole: bytes) -> None:
    """A disk that is full half-way through a line loses that case and no other; with room again it goes on."""
    last = len(filled(tmp_path / "longer", 4)) - len(whole)
    for room in range(last + 1):
        (tmp_path / NAME).write_bytes(whole)
        with Journal(tmp_path) as journal:
            file = journal._file
            journal._file = FullDisk(file, room)  # type: ignore[assignment]
            if room < last:
                with pytest.raises(OSError, match="No space left"):
                    journal.add(KEYS[3], figures_of(3))
                assert KEYS[3] not in journal
                assert (tmp_path / NAME).read_bytes() == whole
                assert bits(journal.figures(KEYS[2])) == bits(figures_of(2))
                journal._file = file
            journal.add(KEYS[3], figures_of(3))
        assert (tmp_path / NAME).read_bytes() == (tmp_path / "longer" / NAME).read_bytes()


def test_what_a_case_is_known_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another scenario, seed, number of draws or code is another case; nothing else is."""
    keys = [key_of("a", 1, 256), key_of("b", 1, 256), key_of("a", 2, 256), key_of("a", 1, 512), key_of("a", 12, 56)]
    assert len(set(keys)) == len(keys)
    assert key_of("a", 1, 256) == keys[0]
    monkeypatch.setattr(sim.batch.journal, "fingerprint", lambda: "other code")
    assert key_of("a", 1, 256) not in keys
