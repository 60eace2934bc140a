"""When agents sleep, and what wakes them."""

from __future__ import annotations

from herzschlag.faults import PowerOff
from herzschlag.history.records import SECOND
from tests.support.cluster import begin, started


def test_a_quiet_cluster_sleeps_to_the_instant_that_is_asked_for() -> None:
    made = started()
    made.run_until(600 * SECOND + 10_000_000)
    assert made.now_ns == 600 * SECOND + 10_000_000
    assert made.quiet.slept_ns > 550 * SECOND
    assert made.queue.rouse is None, "between two calls everything is awake"


def test_a_host_without_power_ends_the_sleep_of_all() -> None:
    made = started()
    made.run_until(100 * SECOND + 10_000_000)
    slept_ns = made.quiet.slept_ns
    begin(made, "f", PowerOff(host="host-98"))
    made.run_until(130 * SECOND)
    assert made.quiet.slept_ns == slept_ns
    assert any(r.kind == "host-state" and r.fields["to"] == "hostDown" for r in made.records)


def test_an_onlooker_is_shown_every_packet() -> None:
    made = started()
    made.network.watcher = lambda passing, message: None
    made.run_until(100 * SECOND)
    assert made.quiet.slept_ns == 0


def test_an_answer_of_a_hypervisor_finds_its_agent_awake() -> None:
    made = started(until_s=30)
    host = made.hosts["host-98"]
    asked: list[tuple[int, int]] = []

    def answer(_: None) -> None:
        host._rouse()
        assert host.agent is not None
        asked.append((made.queue.now_ns, host.agent.core._c.now_ns))  # type: ignore[attr-defined]

    made.queue.put(200 * SECOND + 500_000_000, answer, None)
    made.run_until(300 * SECOND)
    ((at_ns, agent_ns),) = asked
    assert at_ns == 200 * SECOND + 500_000_000
    assert 200 * SECOND <= agent_ns <= at_ns, "it has done all that it does before that instant"
    assert made.quiet.slept_ns > 160 * SECOND, "it slept until then"
