"""What is asked of Dask and what becomes of its answers, with a client of the same calls. The real one is in
tests/processes/test_campaign.py and tests/lab/test_campaign_across_machines.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import pytest
from distributed import KilledWorker

from herzschlag.campaign import crew as crew_module
from herzschlag.campaign.crew import Crew, Result, SchedulerGone, UnfitWorker, searchers
from herzschlag.campaign.work import Order, order_of
from tests.unit.herzschlag.campaign.campaigns import campaign, cell


class Future:
    def __init__(self, key: str, answer: object) -> None:
        self.key = key
        self.released = False
        self._answer = answer

    def add_done_callback(self, call: Callable[[Future], None]) -> None:
        call(self)

    def result(self) -> object:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer

    def release(self) -> None:
        self.released = True


class Client:
    status = "running"

    def __init__(self, *answers: object, workers: dict[str, Any] | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.futures: list[Future] = []
        self._answers = list(answers)
        self._workers = workers or {}

    def submit(self, function: object, order: Order, *, key: str, **options: Any) -> Future:
        self.asked.append({"order": order, "key": key, **options})
        self.futures.append(Future(key, self._answers.pop(0)))
        return self.futures[-1]

    @property
    def scheduler(self) -> Client:
        return self

    def identity(self) -> dict[str, Any]:
        return {"workers": self._workers}

    def sync(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return call()

    def scheduler_info(self) -> dict[str, Any]:
        """What the client keeps: for an instant, the answer to a question that asked for no workers."""
        return {"workers": {}}


def crew_of(client: Client) -> Crew:
    return Crew(client)  # type: ignore[arg-type]


def order(seed: int = 0, backend: str = "simulation") -> Order:
    one = cell(seed, backend=backend)
    return order_of(one, campaign(one))


def results(client: Client, *orders: Order) -> list[Result]:
    crew = crew_of(client)
    crew.ask(orders)
    return [result for result in crew.results() if result is not None]


def test_real_packets_take_a_lab_and_virtual_time_takes_none() -> None:
    client = Client(b"1", b"2")
    assert [result.parcel for result in results(client, order(), order(0, "mininet"))] == [b"1", b"2"]
    assert [asked["resources"] for asked in client.asked] == [None, {"lab": 1}]
    assert len({asked["key"] for asked in client.asked}) == 2
    assert all(future.released for future in client.futures), "a result that was fetched is not held in the cluster"


def test_a_run_that_ends_its_workers_is_told() -> None:
    (result,) = results(Client(KilledWorker("k", None, 3)), order())  # type: ignore[arg-type]
    assert result.trouble.startswith("4 workers died while they had this run")


def test_a_worker_without_our_code_is_told() -> None:
    (result,) = results(Client(ModuleNotFoundError("No module named 'herzschlag'")), order())
    assert "the worker has no usable Herzschlag: ModuleNotFoundError: No module named" in result.trouble


def test_a_lost_connection_is_no_result() -> None:
    with pytest.raises(SchedulerGone, match="connection to the scheduler was lost"):
        results(Client(CancelledError()), order())


def test_a_run_goes_elsewhere_until_no_other_worker_has_a_lab() -> None:
    lab: dict[str, Any] = {"resources": {"lab": 2}}
    none: dict[str, Any] = {"resources": {}}
    client = Client(b"1", b"2", b"3", workers={"w1": lab, "w2": lab, "w3": none})
    crew, one = crew_of(client), order(0, "mininet")
    crew.ask([one])
    assert crew.elsewhere(one, "w1") and client.asked[-1]["workers"] == ["w2"]
    assert not crew.elsewhere(one, "w2")
    assert client.asked[0]["key"] != client.asked[1]["key"], "Dask would give the first answer again"


def test_it_says_how_many_workers_and_labs_there_are() -> None:
    busy = {"resources": {"lab": 2}, "metrics": {"task_counts": {"executing": 1}}}
    state = crew_of(Client(workers={"w1": busy, "w2": {"resources": {}}})).state()
    assert (state.workers, state.labs, state.under_way) == (2, 2, 1)


class Executor:
    def __init__(self) -> None:
        self.ended = False

    def shutdown(self, wait: bool) -> None:
        self.ended = not wait


class Exploring(Client):
    def get_executor(self, *, pure: bool) -> Executor:
        assert not pure, "two batches are never the same"
        self.executor = Executor()
        return self.executor


def connected(client: Exploring, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def to(address: str) -> Iterator[Exploring]:
        yield client

    monkeypatch.setattr(crew_module, "_connected", to)


@pytest.mark.parametrize(
    ("raised", "is_told_as", "text"),
    [
        (KilledWorker("k", None, 3), UnfitWorker, "4 workers died while they had one batch"),  # type: ignore[arg-type]
        (CancelledError(), SchedulerGone, "connection to the scheduler was lost"),
        (ModuleNotFoundError("No module named 'herzschlag'"), UnfitWorker, "no usable Herzschlag: ModuleNotFoundError"),
    ],
)
def test_why_an_exploration_ends(
    raised: Exception, is_told_as: type[Exception], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Exploring(workers={"w1": {}, "w2": {}})
    connected(client, monkeypatch)
    with pytest.raises(is_told_as, match=text), searchers("tcp://x") as found:
        assert found.room() == 2
        raise raised
    assert client.executor.ended, "what is under way is not wanted any more"


def test_without_workers_nothing_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    connected(Exploring(workers={}), monkeypatch)
    with pytest.raises(SchedulerGone, match="has no worker"), searchers("tcp://x"):
        pass
