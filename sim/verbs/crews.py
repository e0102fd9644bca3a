"""Who computes: the processes or the cluster that a command line asks for."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.seam import Crew


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
