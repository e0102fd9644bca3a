"""One process at a time: a lock that ends with the process that holds it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sim.errors import Problem, ScenarioError

_PAUSE_SECONDS = 0.02
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class BusyError(ScenarioError):
    """Another run holds the lock."""


@contextmanager
def locked(folder: Path, path: Path, patience: float) -> Iterator[None]:
    """Hold the lock file of a folder, or fail after some patience; both files are gone afterwards."""
    other = path.with_name(f"{path.name}-pid")
    for attempt in range(1 + round(patience / _PAUSE_SECONDS)):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        handle = _try_lock(path, other)
        if handle is not None:
            break
    else:
        raise BusyError([Problem(str(folder), "", "another run is writing", "wait, or choose another --out")])
    try:
        yield
    finally:
        for name in (path, other):
            with suppress(OSError):
                name.unlink()
        os.close(handle)


def _try_lock(path: Path, other: Path) -> int | None:
    """Return an open lock file that is ours, or None where another process has it; ``other`` is for lack of flock."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return _try_to_create(other)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        flock(handle, LOCK_EX | LOCK_NB)
        if path.stat().st_ino == os.fstat(handle).st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):  # held, or deleted by the one who held it
        pass
    except OSError as error:
        os.close(handle)
        if error.errno in _UNSUPPORTED:
            return _try_to_create(other)
        raise
    os.close(handle)
    return None


def _try_to_create(path: Path) -> int | None:
    """Lock by creating a file with our process id, where there is no ``flock``; Windows deletes it with the process."""
    for _ in range(2):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_TEMPORARY", 0), 0o666)
        except FileExistsError:
            if os.name == "nt" or _alive(path):
                return None
            path.unlink(missing_ok=True)
        else:
            os.write(handle, str(os.getpid()).encode())
            return handle
    return None


def _alive(path: Path) -> bool:
    """Say whether the process whose id stands in a file is there."""
    try:
        os.kill(int(path.read_text()), 0)
    except (OSError, ValueError) as error:
        return isinstance(error, PermissionError)
    return True
