"""A results folder that is whole at any moment: staged beside its place, moved in by renames, repaired after a kill.

All of it stands beside the folder ``base``, for the time of a write only:

.base.sim-lock   held by the process that writes (…-lock-pid without flock); a lock ends with its process
.base.sim-new    what is being written, or thrown away; never worth keeping
.base.sim-old    the older results of the same inputs, until the new ones are in their place
.base.sim-keep   the older results of other inputs, on their way to base@1a2b3c4d

So the names alone say what a killed process was about, and `recover` can finish it or undo it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sim.errors import ScenarioError
from sim.lock import BusyError, locked

PATIENCE_SECONDS = 10.0
"""How long a run waits for another one that writes into the same folder, before it gives up."""
MANIFEST = "manifest.yaml"
_BESIDE = re.compile(r"\.(?P<name>.+)\.sim-(?:lock|lock-pid|new|old|keep)")
_INPUTS = re.compile(rb"^(scenario_sha256|seed|draws): ['\"]?([-+\w]+)['\"]?\r?$", re.MULTILINE)
_LISTED = re.compile(rb"^  (\S+): ['\"]?[0-9a-f]{64}['\"]?\r?$", re.MULTILINE)
_NOBODYS = {
    *("draws.parquet", "draws.csv", "finished.jsonl", "report.html", MANIFEST),
    *(".DS_Store", "Thumbs.db", "desktop.ini"),
}
"""Files that stand in a results folder without being listed in its manifest, and that no user would miss."""


def beside(folder: Path, role: str) -> Path:
    """Return the path beside a folder that serves its writing: lock, new, old or keep."""
    return folder.with_name(f".{folder.name}.sim-{role}")


def identity(scenario: str, seed: int | str, draws: int | str) -> str:
    """Return a hash of what makes a run: the digest of its scenario, its seed and its number of draws."""
    return hashlib.sha256(f"{scenario} {seed} {draws}".encode()).hexdigest()


def identity_of(folder: Path) -> str:
    """Return the identity of the run whose results a folder holds; a broken manifest is like no other run."""
    head = _head(folder)
    found = {key.decode(): value.decode() for key, value in _INPUTS.findall(head)}
    if len(found) == 3:
        return identity(found["scenario_sha256"], found["seed"], found["draws"])
    return hashlib.sha256(head).hexdigest()


def strangers(folder: Path) -> list[str]:
    """Return what stands in a results folder that no run has written."""
    listed = {name.decode() for name in _LISTED.findall(_head(folder))}
    return sorted({entry.name for entry in folder.iterdir()} - listed - _NOBODYS)


def _whole(folder: Path) -> bool:
    """Say whether a folder has all its tables; a sweep that is not finished has not."""
    return b"\nfinished: false" not in _head(folder)


def _head(folder: Path) -> bytes:
    """Return the manifest up to its scenario; empty where there is none."""
    try:
        return (folder / MANIFEST).read_bytes().partition(b"\nscenario:")[0]
    except FileNotFoundError:
        return b""


# --- writing ------------------------------------------------------------------------------------------------------


@contextmanager
def writing(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Give an empty folder to fill, and what was found and mended; `swap` moves it in, any error removes it.

    One process at a time is in here for one folder; the others wait a while, then fail.
    """
    parents = [path for path in (folder.parent, *folder.parent.parents) if not path.exists()]
    partial = beside(folder, "new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        notes = recover(folder.parent)
        with locked(folder, beside(folder, "lock"), PATIENCE_SECONDS):
            notes += _settle(folder)
            refuse(folder)
            partial.mkdir()
            try:
                yield partial, notes
            finally:
                _remove(partial)
    except BaseException:
        with suppress(OSError):  # only what this call has made, and only while it is empty
            for path in parents:
                path.rmdir()
        raise


def ready(folder: Path) -> list[str]:
    """Mend what killed runs have left, and raise an error where results could not be written; creates no folder."""
    notes = recover(folder.parent)
    refuse(folder)
    nearest = next(path for path in folder.parents if path.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{nearest} is a file")
    if nearest == folder.parent:
        with suppress(BusyError), locked(folder, beside(folder, "lock"), 0.0):
            pass
    elif not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return notes


def refuse(folder: Path) -> None:
    """Raise an error where something stands that is no results folder, so that nobody's files are moved."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "a file of that name stands in the way")
    if folder.is_dir() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        cure = "move it away, or choose another --out"
        raise ScenarioError.single(
            f"cannot write results: the folder holds other files and no {MANIFEST}", where=str(folder), cure=cure
        )


def swap(partial: Path, folder: Path, inputs: str) -> Path | None:
    """Put new results in the place of the older ones; return where those are kept, if their inputs were others.

    A failure undoes every step; a kill leaves what `recover` undoes or finishes.
    """
    sync(partial)
    there = folder.is_dir()
    keep = there and (folder / MANIFEST).is_file() and (identity_of(folder) != inputs or bool(strangers(folder)))
    aside, old = beside(folder, "keep" if keep else "old"), beside(folder, "old")
    kept = _free_name(folder, folder) if keep else None
    steps = [(folder, aside)] if there else []
    steps += [(partial, folder)]
    if kept is not None:
        steps += [(kept, old)] if kept.exists() else []
        steps += [(aside, kept)]
    _move(steps)
    _discard(folder, old)
    return kept


def _move(steps: list[tuple[Path, Path]]) -> None:
    begun: list[tuple[Path, Path]] = []
    try:
        for source, target in steps:
            begun.append((source, target))
            source.rename(target)
        _sync_directory(steps[-1][1].parent)
    except BaseException:
        for source, target in reversed(begun):
            if target.exists() and not source.exists():
                target.rename(source)
        raise


def _free_name(results: Path, folder: Path) -> Path:
    """Return ``folder@hash`` for results: free, or holding a run of the same inputs and nothing else."""
    inputs = identity_of(results)
    for digits in range(8, 65, 4):
        path = folder.with_name(f"{folder.name}@{inputs[:digits]}")
        if not os.path.lexists(path):
            return path
        same = path.is_dir() and identity_of(path) == inputs and not strangers(path)
        if same and (_whole(results) or not _whole(path)):
            return path
    raise FileExistsError(errno.EEXIST, "no name is free under which to keep the older results")


def sync(folder: Path) -> None:
    """Force the files of a folder to the disk, so that no rename can overtake them."""
    for path in folder.iterdir():
        handle = os.open(path, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    _sync_directory(folder)


def _sync_directory(folder: Path) -> None:
    if os.name == "nt":  # a directory cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    finally:
        os.close(handle)


def _discard(folder: Path, old: Path) -> None:
    """Delete older results; in two steps, so that ``old`` is whole whenever it is there."""
    _remove(beside(folder, "new"))
    try:
        if old.exists():
            old.rename(beside(folder, "new"))
    except OSError:
        _remove(old)
    _remove(beside(folder, "new"))


def _remove(folder: Path) -> None:
    """Delete a folder; what cannot be deleted is left for the next run."""
    if not folder.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        with suppress(OSError):
            folder.chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


# --- after a kill -------------------------------------------------------------------------------------------------


def recover(out: Path) -> list[str]:
    """Mend what killed runs have left in a folder of results; return what was mended, for the user.

    What belongs to a process that is still writing is left alone.
    """
    found = [_BESIDE.fullmatch(path.name) for path in out.iterdir()] if out.is_dir() else []
    notes = []
    for name in sorted({match["name"] for match in found if match}):
        with suppress(BusyError, OSError), locked(out / name, beside(out / name, "lock"), 0.0):
            notes += _settle(out / name)
    return notes


def _settle(folder: Path) -> list[str]:
    """Finish or undo what a killed run has begun; needs the lock."""
    notes = []
    keep, old = beside(folder, "keep"), beside(folder, "old")
    if folder.exists() and keep.exists():
        kept = _free_name(keep, folder)
        if kept.exists():
            _discard(folder, old)
            kept.rename(old)
        keep.rename(kept)
        notes.append(f"{folder}: the earlier results are kept in {kept}")
    for aside in (keep, old):
        if aside.exists() and not folder.exists():
            aside.rename(folder)
            notes.append(f"{folder}: put back, as a run that was to replace it had been killed")
    _discard(folder, old)
    return notes
