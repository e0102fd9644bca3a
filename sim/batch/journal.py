"""Finished cases on disk, each under the hash of all that it depends on: what is in here is never computed again.

A line a case, its checksum first; a case is in the journal when its line is whole. What a kill or a full disk leaves of
a line is cut off when the journal is opened next. One process writes at a time, under the lock of its folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from sim.batch.figures import Figures
from sim.source import fingerprint

NAME = "finished.jsonl"


def key_of(digest: str, seed: int, draws: int) -> str:
    """Return the key of a case: its resolved scenario, seed, draws, and the code that computes it."""
    return hashlib.sha256(f"{digest} {seed} {draws} {fingerprint()}".encode()).hexdigest()


class Journal:
    """The journal of a folder, open for reading and adding; a context, which closes it."""

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        path.touch()
        self._file = path.open("r+b", buffering=0)
        self._places: dict[str, tuple[int, int]] = {}
        self._end = self._survey(path)
        self._file.truncate(self._end)

    def _survey(self, path: Path) -> int:
        """Note where each case stands; return the end of the last line that is whole."""
        end = 0
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                if line[8:9] == b" " and _sum(line[9:-1]) == line[:8]:
                    self._places[line[9:73].decode()] = (end, len(line))
                end += len(line)
        return end

    def __contains__(self, key: str) -> bool:
        """Say whether a case is finished."""
        return key in self._places

    def __len__(self) -> int:
        """Return the number of finished cases, those of other sweeps in this folder included."""
        return len(self._places)

    def figures(self, key: str) -> Figures:
        """Return the figures of a finished case, bit for bit as they were added."""
        place, length = self._places[key]
        self._file.seek(place)
        line = self._file.read(length)
        return {name: tuple(values) for name, values in json.loads(line[74:]).items()}

    def add(self, key: str, figures: Figures) -> None:
        """Add a finished case; on an error of the disk nothing of it is left."""
        text = f"{key} {json.dumps(figures)}".encode()
        line = _sum(text) + b" " + text + b"\n"
        try:
            self._file.seek(self._end)
            left = memoryview(line)
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(self._end)
            raise
        self._places[key] = (self._end, len(line))
        self._end += len(line)

    def __enter__(self) -> Self:
        """Go on."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Force what was added to the disk, and close."""
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


def _sum(text: bytes) -> bytes:
    return f"{zlib.crc32(text):08x}".encode()
