"""Which code computes: a hash of everything on which the bytes of a result depend."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).parent
ASIDE = ("_data", "batch", "report", "study", "verbs")
"""Folders that read results or look at scenarios, and compute none."""
BESIDES = ("batch/explain.py", "batch/figures.py", "batch/measure.py", "batch/values.py")
"""What computes all the same: the figures of a case, which are kept, and the number that is explained."""


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Return a hash of the model's source files and of the versions of Python, numpy and scipy (hexadecimal).

    It is taken once in a process, when first asked for.
    """
    digest = hashlib.sha256()
    for file in computing():
        digest.update(f"{file.relative_to(PACKAGE).as_posix()}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    for name in ("numpy", "scipy"):
        digest.update(f"{name} {version(name)}\n".encode())
    digest.update(platform.python_version().encode())
    return digest.hexdigest()


def computing() -> list[Path]:
    """Return the source files that can change a number: those of the package less `ASIDE`, in order of their names."""
    names = {file.relative_to(PACKAGE).as_posix(): file for file in PACKAGE.rglob("*.py")}
    return [names[name] for name in sorted(names) if name.partition("/")[0] not in ASIDE or name in BESIDES]
