"""A crew on other machines: a Dask cluster, which offers the same ``Executor``; needs the extra ``[cluster]``.

Workers run what they are sent: a cluster is to be reached over a trusted network only.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

from sim.errors import ScenarioError
from sim.seam import Crew, present, undisturbed

CONNECT_SECONDS = 10.0
PROBE_SECONDS = 30.0
"""How long a first task may take."""
WORKERLESS_SECONDS = 30.0
"""How long all workers may be away."""
LOCAL = "local"


@contextmanager
def cluster(address: str, workers: int) -> Iterator[Crew]:
    """Give the crew of a scheduler such as ``tcp://host:8786``, or of a new one on this machine (``local``).

    Raises `ScenarioError` where Dask is not installed, nobody answers, or there are no workers.
    """
    distributed = _distributed(address)
    with ExitStack() as stack:
        try:
            if address == LOCAL:
                resource_tracker.ensure_running()  # which would let interrupts in again
                with undisturbed():  # the threads and processes that begin here leave interrupts to this one
                    made = distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address=None,
                        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # None alone takes port 8787
                        silence_logs=logging.CRITICAL,
                    )
                    address = stack.enter_context(made)
            client = stack.enter_context(distributed.Client(address, timeout=CONNECT_SECONDS))
        except (OSError, ValueError, TypeError) as error:
            cure = "start a scheduler there (dask scheduler), or write --cluster local"
            raise ScenarioError.single(f"nobody answers: {error}", where=f"--cluster {address}", cure=cure) from None
        threads = sum(client.nthreads().values())
        if not threads:
            cure = "start some (dask worker ADDRESS --nthreads 1)"
            raise ScenarioError.single("the scheduler has no workers", where=f"--cluster {address}", cure=cure)
        _probe(client, address)
        given_up = (distributed.scheduler.KilledWorker,)
        yield Crew(threads, lambda: _Hands(client), given_up, _Watch(client).trouble)


def _probe(client: Any, address: str) -> None:
    """Raise an error where scheduler or workers do not have this program; a busy cluster has some time to say so."""
    try:
        client.submit(present, pure=False).result(timeout=PROBE_SECONDS)
    except TimeoutError:
        return
    except Exception as error:
        first = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        said = f"the cluster cannot run this program: {first}"
        cure = "install the same version of it for scheduler and workers"
        raise ScenarioError.single(said, where=f"--cluster {address}", cure=cure) from None


class _Hands(Executor):
    """Gives tasks to a cluster.

    Dask's own executor asks a second time what became of a task when it has the result: a worker that dies in between
    makes an error of it (``ValueError: not enough values to unpack``), and one that dies before it nothing at all.
    """

    def __init__(self, client: Any) -> None:
        from distributed.client import ClosedClientError

        self._client, self._closed = client, ClosedClientError
        self._flying: dict[Future[Any], Any] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give out a task, even if another was the same."""
        future: Future[Any] = Future()
        theirs = self._flying[future] = self._client.submit(fn, *args, pure=False, **kwargs)
        future.add_done_callback(self._flying.pop)
        self._client.loop.add_callback(_pass_on, theirs, future)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what is under way, or call it off."""
        if wait and not cancel_futures:
            wait_for(list(self._flying))
        else:
            with suppress(self._closed, RuntimeError):  # a client that is gone has nothing to call off
                self._client.cancel(list(self._flying.values()))


async def _pass_on(theirs: Any, future: Future[Any]) -> None:
    """Tell a future what becomes of a task on the cluster; what has come in counts, whoever dies after it."""
    try:
        result = await theirs
    except BaseException as error:
        gone = isinstance(error, OSError | CancelledError | asyncio.CancelledError)
        if gone and theirs.status != "error":  # called off, or the scheduler is out of reach
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_exception(error)
    else:
        future.set_result(result)


class _Watch:
    """Looks after scheduler and workers while nothing comes in."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._without: float | None = None

    def trouble(self) -> str:
        """Say what is wrong; workers may be away for a while, as others take the place of those that died."""
        if self._client.status != "running":
            return "the scheduler does not answer any more"
        if self._client.nthreads():
            self._without = None
            return ""
        self._without = self._without or time.monotonic()
        return "no workers are left" if time.monotonic() - self._without >= WORKERLESS_SECONDS else ""


def _distributed(address: str) -> Any:
    try:
        import distributed
        import distributed.scheduler
    except ImportError:
        cure = 'pip install "linkfeasibility[cluster]"'
        raise ScenarioError.single("Dask is not installed", where=f"--cluster {address}", cure=cure) from None
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # what it logs with a traceback is told here in one line
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed
