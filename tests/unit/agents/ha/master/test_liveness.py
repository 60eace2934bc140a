"""A master's judgement of a silent host: the timeline of fact sheet 1.1 and the table of 3.2, second by second."""

import pytest

from herzschlag.agents.ha.master.liveness import HostWatch
from herzschlag.agents.settings import SECOND, Timers


def watch(*, datastores: bool = True) -> HostWatch:
    return HostWatch(Timers(), last_heard_ns=0, has_heartbeat_datastores=datastores, state="connectedToMaster")


def run(
    host: HostWatch, until_s: float, *, answers: float = -1, beats: tuple[float, ...] = ()
) -> list[tuple[float, str]]:
    """Advance to `until_s`, feeding pings answered from `answers` on and datastore heartbeats at `beats`.
    Returns (second, what happened) for phases and states."""
    seen: list[tuple[float, str]] = []
    pending = sorted(beats)
    now_ns = 0
    while True:
        due_ns = host.due_ns()
        if pending and pending[0] * SECOND <= due_ns:
            due_ns = int(pending.pop(0) * SECOND)
            steps = host.heartbeat_seen(due_ns)
        else:
            if due_ns > until_s * SECOND:
                return seen
            assert due_ns >= now_ns, "a machine must never be due in the past after it was checked"
            steps = host.check(due_ns)
        now_ns = max(now_ns, due_ns)
        at_s = now_ns / SECOND
        for step in list(steps):
            if step.do == "phase":
                seen.append((at_s, step.phase))
            elif step.do == "state":
                seen.append((at_s, step.state))
            elif step.do == "ping" and 0 <= answers <= at_s:
                seen += [(at_s, s.state) for s in host.ping_answered(now_ns) if s.do == "state"]


def test_dead_host_with_heartbeat_datastores_is_down_at_t18() -> None:
    assert run(watch(), 60) == [(3, "watching"), (10, "unreachable"), (18, "hostDown")]


def test_dead_host_without_heartbeat_datastores_is_down_at_t15() -> None:
    assert run(watch(datastores=False), 60) == [(10, "unreachable"), (15, "hostDown")]


def test_beating_host_is_partitioned_at_t15() -> None:
    beats = tuple(float(s) for s in range(2, 60, 3))
    assert run(watch(), 55, beats=beats) == [(3, "watching"), (10, "unreachable"), (15, "networkPartitionedFromMaster")]


def test_host_whose_poweron_file_says_so_is_isolated() -> None:
    host = watch()
    run(host, 20, beats=(5.0, 8.0, 11.0, 14.0, 17.0, 20.0))
    steps = host.poweron(True, 20 * SECOND)
    assert [step.state for step in steps] == ["networkIsolated"]


@pytest.mark.parametrize("beats", [(), (5.0, 8.0, 11.0, 14.0)])
def test_host_that_answers_ping_is_unreachable_agent_and_not_failed_over(beats: tuple[float, ...]) -> None:
    assert run(watch(), 22, answers=10, beats=beats)[-1] == (15, "fdmUnreachable")


def test_partitioned_host_that_dies_is_down_once_its_heartbeat_stood_still_for_a_watch() -> None:
    seen = run(watch(), 60, beats=(5.0, 8.0, 11.0, 14.0, 17.0, 20.0))
    assert seen[-1] == (35, "hostDown")


def test_host_heard_again_waits_to_join() -> None:
    host = watch()
    run(host, 19)
    assert [s.state for s in host.heard(20 * SECOND) if s.do == "state"] == ["election"]
    assert host.phase == "heard"


def test_nine_seconds_of_silence_change_no_state() -> None:
    host = watch()
    assert run(host, 9) == [(3, "watching")]
    assert [s.do for s in host.heard(9 * SECOND)] == ["phase", "unwatch"]


def test_the_poweron_file_of_a_silent_host_is_read_again_when_asked_and_that_of_a_host_that_is_heard_is_not() -> None:
    host = watch()
    assert host.read_again(1 * SECOND) == []
    run(host, 20, beats=(5.0, 8.0, 11.0, 14.0, 17.0, 20.0))
    host.poweron(False, 20 * SECOND)
    assert [step.do for step in host.read_again(21 * SECOND)] == ["read-poweron"]
    assert not host.poweron_read


def test_a_silent_host_that_gets_heartbeat_datastores_is_watched_from_then_on() -> None:
    host = watch(datastores=False)
    assert run(host, 60) == [(10, "unreachable"), (15, "hostDown")]
    assert [step.do for step in host.shows_heartbeat(True, 60 * SECOND)] == ["watch"]
    assert not host.shows_heartbeat(True, 61 * SECOND)
    assert [step.state for step in host.heartbeat_seen(63 * SECOND)] == ["networkPartitionedFromMaster"]


def test_a_host_counts_as_living_until_it_was_pinged_for_long_enough() -> None:
    for answers, alive in ((-1, False), (12, True)):
        host = watch()
        run(host, 14.9, answers=answers)
        assert host.alive_elsewhere(round(14.9 * SECOND))
        run(host, 15, answers=answers)
        assert host.alive_elsewhere(15 * SECOND) is alive
