"""Slow datastores of a simulated host: when, and in which order, its requests are carried out."""

from __future__ import annotations

from herzschlag.agents.datastore.requests import Touch
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.backends.simulation.slow_io import SlowIo

DS = "vmfs-1"


class Host:
    def __init__(self) -> None:
        self.queue = EventQueue()
        self.done: list[tuple[int, int]] = []
        self.slow = SlowIo(self.queue, lambda request: self.done.append((self.queue.now_ns, request.request)))

    def ask(self, at_ns: int, number: int) -> bool:
        self.queue.run_until(at_ns)
        return self.slow.takes(Touch(number, DS, "f"))


def test_each_request_is_carried_out_after_its_own_time() -> None:
    host = Host()
    assert not host.ask(0, 1), "a quick datastore is none of its business"
    host.slow.set_delay(DS, 100)
    assert host.ask(0, 1)
    assert host.ask(30, 2)
    host.queue.run_until(1000)
    assert host.done == [(100, 1), (130, 2)]


def test_what_waits_when_the_datastore_is_quick_again_is_carried_out_at_once() -> None:
    host = Host()
    host.slow.set_delay(DS, 100)
    for number in (1, 2, 3):
        host.ask(0, number)
    host.slow.abort(DS, 2)
    host.queue.run_until(50)
    host.slow.set_delay(DS, 0)
    host.queue.run_until(1000)
    assert host.done == [(50, 1), (50, 3)]


def test_a_host_without_power_asks_for_nothing_any_more() -> None:
    """Its next life begins to count again: an old request must not be taken for a new one of the same number."""
    host = Host()
    host.slow.set_delay(DS, 100)
    host.ask(0, 1)
    host.slow.forget()
    host.ask(60, 1)
    host.queue.run_until(1000)
    assert host.done == [(160, 1)]


def test_a_frozen_hosts_requests_wait_until_it_goes_on() -> None:
    host = Host()
    host.slow.set_delay(DS, 100)
    host.ask(0, 1)
    host.slow.hold(True)
    host.queue.run_until(500)
    assert host.done == []
    host.slow.hold(False)
    assert host.done == [(500, 1)]
