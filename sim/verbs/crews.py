"""Who computes: the processes or the cluster that a command line asks for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.seam import Crew


def workers_of(options: argparse.Namespace) -> int:
    """Return the number of processes that were asked for: as many as there are cores, if nothing was said."""
    workers: int | None = options.workers
    return workers or os.cpu_count() or 1


@contextmanager
def crew_of(options: argparse.Namespace, workers: int) -> Iterator[Crew]:
    """Give the crew that the command line asks for: processes of this machine, or those of a cluster."""
    if options.cluster is None:
        from sim.seam import processes

        yield processes(workers)
        return
    from sim.cluster import cluster

    with cluster(options.cluster, workers) as crew:
        yield crew
