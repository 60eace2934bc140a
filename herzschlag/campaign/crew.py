"""The workers, by Dask: a cluster of processes on this machine, or the one behind a scheduler's address; also those of
an exploration.

This module is the only one that knows Dask. It decides how a run is asked for: one task each, its key the digest of
all that decides the run; a run on real packets takes one of the labs that its worker offers, as the resource `lab`. It
leaves to Dask where a run is played, what becomes of it when its worker dies or is cut off, and how results come back.

A local cluster listens on loopback and speaks TLS with keys that exist in memory alone: what reaches a Dask scheduler
is run, so without them any user of the machine could have code run as this one.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
import msgspec
from distributed import Client, Future, KilledWorker, LocalCluster, Security, get_worker

from herzschlag.campaign.work import Order, identity, play, unlike
from herzschlag.compiled import serving
from herzschlag.errors import UnusableMachine

if TYPE_CHECKING:
    from herzschlag.exploration import searching

LAB = "lab"
"""The resource: labs that a worker can have at once."""
NO_WORKER = "the scheduler has no worker; one is started with: dask worker ADDRESS"
CLOSE_S = 10.0
TICK_S = 0.5
PLACES_MAX = 4
"""Workers on which a run is tried that they say they cannot run."""


class SchedulerGone(UnusableMachine):
    """The scheduler cannot be reached, or no longer."""


class UnfitWorker(UnusableMachine):
    """A worker has another Herzschlag, or none that can search."""


class State(msgspec.Struct, frozen=True):
    """How many there are now."""

    workers: int = 0
    labs: int = 0
    under_way: int = 0
    """Runs that are being played."""


class Result(msgspec.Struct, frozen=True):
    order: Order
    parcel: bytes = b""
    trouble: str = ""
    """Why there is none."""


class Crew:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._done: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()
        self._asked: dict[str, tuple[Order, Future[bytes]]] = {}
        self._unable: set[str] = set()
        """Workers that said they cannot run what was asked of them."""
        self._tries: dict[str, int] = {}

    def ask(self, orders: Iterable[Order]) -> None:
        """Have them played, in any order."""
        for order in orders:
            self._submit(order, order.digest())

    def elsewhere(self, order: Order, worker: str) -> bool:
        """Have a run played by another worker than this one, which cannot; False: no other is left."""
        self._unable.add(worker)
        tries = self._tries[order.name] = self._tries.get(order.name, 1) + 1
        others = [address for address, one in _workers_of(self._client).items() if self._serves(order, address, one)]
        if not others or tries > PLACES_MAX:
            return False
        self._submit(order, f"{order.digest()}-{tries}", workers=others)
        return True

    def results(self) -> Iterator[Result | None]:
        """Each run as it comes back, and None now and then in between. Raises SchedulerGone."""
        while self._asked:
            try:
                future = self._done.get(timeout=TICK_S)
            except queue.Empty:
                if self._client.status != "running":
                    raise SchedulerGone(f"the scheduler is gone: {self._client.status}") from None
                yield None
                continue
            order, _ = self._asked.pop(str(future.key))
            yield self._result(order, future)

    def state(self) -> State:
        workers = _workers_of(self._client).values()
        return State(
            workers=len(workers),
            labs=sum(int(worker.get("resources", {}).get(LAB, 0)) for worker in workers),
            under_way=sum(worker.get("metrics", {}).get("task_counts", {}).get("executing", 0) for worker in workers),
        )

    def _submit(self, order: Order, key: str, workers: list[str] | None = None) -> None:
        future = self._client.submit(
            _play,
            order,
            key=f"herzschlag-{key}",
            resources={LAB: 1} if order.backend == "mininet" else None,
            workers=workers,
        )
        self._asked[str(future.key)] = (order, future)
        future.add_done_callback(self._done.put)

    def _result(self, order: Order, future: Future[bytes]) -> Result:
        try:
            return Result(order, parcel=future.result())
        except KilledWorker as error:
            ended = error.allowed_failures + 1
            return Result(order, trouble=f"{ended} workers died while they had this run: look at what ended them")
        except CancelledError:
            raise SchedulerGone("the connection to the scheduler was lost") from None
        except Exception as error:  # raised on the worker by what is not ours: it has another version, or none of us
            return Result(order, trouble=f"the worker has no usable Herzschlag: {type(error).__name__}: {error}")
        finally:
            future.release()

    def _serves(self, order: Order, address: str, worker: dict[str, Any]) -> bool:
        has_lab = order.backend != "mininet" or worker.get("resources", {}).get(LAB, 0) >= 1
        return has_lab and address not in self._unable


@contextlib.contextmanager
def crew(scheduler: str | None, jobs: int) -> Iterator[Crew]:
    """The workers of this scheduler, or `jobs` processes on this machine, which end with the caller. Raises
    SchedulerGone."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it is told by ourselves
    with _local(jobs) if scheduler is None else _connected(scheduler) as client:
        yield Crew(client)


class Searchers:
    """Workers that search batches of an exploration: its `Pool`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False)

    def room(self) -> int:
        """One batch for each worker."""
        return max(1, len(_workers_of(self._client)))

    def submit(self, order: searching.Order) -> futures.Future[searching.Batch]:
        asked: futures.Future[searching.Batch] = self._executor.submit(_search, order, identity())
        return asked

    def look(self) -> None:
        """Raises SchedulerGone where no batch will come back."""
        if self._client.status != "running":
            raise SchedulerGone(f"the scheduler is gone: {self._client.status}")
        if not _workers_of(self._client):
            raise SchedulerGone(NO_WORKER)

    def end(self) -> None:
        """What is still under way is not wanted any more."""
        self._executor.shutdown(wait=False)


@contextlib.contextmanager
def searchers(scheduler: str) -> Iterator[Searchers]:
    """The workers of this scheduler, for `exploring.explore`. Raises SchedulerGone, UnfitWorker, also from within."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with _connected(scheduler) as client:
        found = Searchers(client)
        try:
            found.look()
            yield found
        except KilledWorker as error:
            ended = error.allowed_failures + 1
            raise UnfitWorker(f"{ended} workers died while they had one batch: look at what ended them") from None
        except CancelledError:
            raise SchedulerGone("the connection to the scheduler was lost") from None
        except (ImportError, AttributeError) as error:  # it has another version, or none of us
            raise UnfitWorker(f"a worker has no usable Herzschlag: {type(error).__name__}: {error}") from None
        finally:
            found.end()


def _workers_of(client: Client) -> dict[str, Any]:
    """By address, as the scheduler answers; none once it is gone. The client's own `scheduler_info` gives what it keeps
    of the scheduler, and another thread of it puts an answer without workers there every few seconds."""
    if client.scheduler is None:
        return {}
    try:
        return dict(client.sync(client.scheduler.identity)["workers"])
    except (OSError, TimeoutError, CancelledError):
        return {}


@contextlib.contextmanager
def _local(jobs: int) -> Iterator[Client]:
    with dask.config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}):
        cluster = LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            security=Security.temporary(),
            dashboard_address=None,
            resources={LAB: 1},
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        )
    try:
        with Client(cluster, set_as_default=False) as client:
            yield client
    finally:
        cluster.close(timeout=CLOSE_S)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        client = Client(address, set_as_default=False, name="herzschlag-campaign")
    except (OSError, TimeoutError, ValueError) as error:
        why = f"{error}".partition("\n")[0]
        raise SchedulerGone(f"--scheduler {address}: no Dask scheduler answers there: {why}") from None
    try:
        yield client
    finally:
        client.close(timeout=CLOSE_S)


def _play(order: Order) -> bytes:
    """On a worker. Its own directory is removed by Dask, also after it was killed."""
    worker = get_worker()
    return play(order, Path(worker.local_directory), worker.address)


_searching = threading.Lock()
"""Hypothesis is for one thread of a process at a time."""


def _search(order: searching.Order, versions: Mapping[str, str]) -> searching.Batch:
    """On a worker."""
    if because := unlike(versions, "the search"):
        raise UnfitWorker(because)
    with _searching:
        serving.use()
        from herzschlag.exploration.searching import search  # noqa: PLC0415 (Hypothesis is an extra)

        return search(order)
