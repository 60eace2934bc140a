"""The timeline from packets alone, gaps, last signs, and the comments in the capture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from herzschlag.agents.protocol.messages import ClusterView, Heartbeat
from herzschlag.agents.states import HostState, Role
from herzschlag.faults import PowerOff
from herzschlag.history.records import RUNNER, SECOND, History, Record, record
from herzschlag.packets.annotate import annotated
from herzschlag.packets.confirm import Confirmation, confirm_timeline, disagreements
from herzschlag.packets.passages import passages
from herzschlag.packets.run import PacketRun
from herzschlag.packets.traffic import summary
from herzschlag.scenarios.expectations import Expectations, Instant, Value
from herzschlag.scenarios.model import Cluster, Scenario, Step
from tests.support.captures import HandMade

MASTER, DEAD = "host-99", "host-98"
UNREACHABLE_S, DOWN_S = 20.0, 28.0


def instant(name: str, **matcher: Value) -> Instant:
    return Instant(name=name, record=dict(matcher), published_s=(0, 60), source="test", after="dies")


SCENARIO = Scenario(
    name="test",
    title="test",
    cluster=Cluster(hosts=(DEAD, MASTER, "host-100")),
    steps=(Step(at_s=0, id="dies", fault=PowerOff(host=DEAD)),),
    expect=Expectations(
        instant=(
            instant("watched", kind="liveness", phase="watching"),
            instant("unreachable", kind="liveness", phase="unreachable"),
            instant("down", kind="host-state", node=MASTER, to="hostDown"),
            instant("never", kind="host-state", to="networkIsolated"),
        )
    ),
)


def history() -> History:
    def of(at_s: float, node: str, kind: str, **fields: str) -> Record:
        return record(round(at_s * SECOND), node, kind, fields)

    silence = {"from": "connectedToMaster", "to": "hostDown", "because": "no sign of life"}
    off = {"fault": "power-off", "host": DEAD}
    return History.ordered(
        [
            of(0, RUNNER, "run", backend="mininet", speed="1"),
            record(round(10.02 * SECOND), RUNNER, "fault", {**off, "id": "dies", "phase": "begin", "value": off}),
            of(13, MASTER, "liveness", host=DEAD, phase="watching", because="silent"),
            of(UNREACHABLE_S, MASTER, "liveness", host=DEAD, phase="unreachable", because="silent"),
            of(DOWN_S, MASTER, "host-state", host=DEAD, **silence),
            of(50, RUNNER, "end", because="over"),
        ]
    )


def view(made: HandMade, at_s: float, state: HostState) -> None:
    message = ClusterView(**made.head(MASTER, at_s), hosts={DEAD: state}, owned=(), protected=())
    made.say(at_s, message, "vcenter")


def captured(*, pings_s: float = UNREACHABLE_S + 0.001, view_s: float = DOWN_S + 0.002) -> HandMade:
    made = HandMade()
    for second in range(30):
        for source, to in ((DEAD, MASTER), (MASTER, DEAD), ("host-100", MASTER)):
            if second > 10 and source == DEAD:
                continue
            role: Role = "master" if source == MASTER else "slave"
            message = Heartbeat(
                **made.head(source, second),
                role=role,
                master=MASTER,
                goodness=3,
                heard=7,
                config=1,
                inventory=1,
            )
            lost = ["A", "B"] if second > 10 and to == DEAD else ["B"] if source not in (DEAD, MASTER) else []
            made.say(second, message, to, lost=lost if to == DEAD or second in (15, 16) else [])
    view(made, 5, "hostDown")  # an earlier death, long before the fault
    view(made, 6, "connectedToMaster")
    made.ping(pings_s, MASTER, DEAD, "A", 1, lost=True)
    view(made, 25, "connectedToMaster")
    view(made, view_s, "hostDown")
    view(made, view_s + 10, "hostDown")
    made.packets.sort(key=lambda packet: packet.at_ns)
    return made


def confirmed(made: HandMade) -> dict[str, Confirmation]:
    found = confirm_timeline(passages(made.capture(), made.facts, made.lab), history(), SCENARIO)
    return {one.name: one for one in found}


def test_each_instant_is_shown_by_the_packet_that_follows_from_it() -> None:
    found = confirmed(captured())
    unreachable, down = found["unreachable"], found["down"]
    assert unreachable.agreement == down.agreement == "agrees"
    assert unreachable.difference_ms == pytest.approx(1.0, abs=0.01)
    assert down.difference_ms == pytest.approx(2.0, abs=0.01)
    assert down.packet_s == pytest.approx(DOWN_S + 0.002)
    assert down.last_heartbeat_s == pytest.approx(10.0002)
    assert down.detection_s == pytest.approx(DOWN_S + 0.002 - 10.0002)
    assert found["watched"].agreement == "not on the wire"
    assert found["never"].agreement == "missing"


def test_a_packet_too_far_from_its_record_and_one_that_is_missing_are_told() -> None:
    late = confirmed(captured(view_s=DOWN_S + 0.006))["down"]
    assert late.agreement == "differs"
    made = captured()
    made.packets = [packet for packet in made.packets if packet.at_ns < made.facts.wall_ns(27 * SECOND)]
    missing = confirmed(made)["down"]
    assert missing.agreement == "missing"
    assert "host-98 is hostDown" in missing.because
    assert disagreements([late, missing]) == [late, missing]


def run_of(made: HandMade) -> PacketRun:
    return PacketRun(
        directory=Path("run"),
        scenario=SCENARIO,
        history=history(),
        passages=passages(made.capture(), made.facts, made.lab),
    )


def test_gaps_silence_and_losses_are_summed_up() -> None:
    made = captured()
    found = summary(run_of(made))
    streams = {(s.network, s.source, s.destination): s for s in found.streams}
    dead = streams["A", DEAD, MASTER]
    assert (dead.sent, dead.delivered, dead.gaps) == (11, 11, ())
    assert dead.silent_since_s == pytest.approx(10.0002)
    assert dead.delay_ms is not None and dead.delay_ms.median == pytest.approx(0.3)
    lossy = streams["B", "host-100", MASTER]
    assert (lossy.sent, lossy.delivered) == (30, 28)
    (gap,) = lossy.gaps
    assert [gap.from_s, gap.to_s] == pytest.approx([14.0002, 17.0002])
    assert streams["A", "host-100", MASTER].longest_gap_s == pytest.approx(1.0)
    lost = {(one.network, one.source): one.count for one in found.lost if one.kind == "Heartbeat"}
    assert lost == {("A", MASTER): 19, ("B", MASTER): 19, ("B", "host-100"): 2}
    (unreachable, down) = found.last_signs
    assert unreachable.last_s == {"A": pytest.approx(10.0002), "B": pytest.approx(10.0002)}
    assert down.concluded == "host-98 is hostDown"
    assert msgspec.json.decode(msgspec.json.encode(found))["interval_s"] == 1.0


def test_an_event_is_a_comment_at_the_next_packet_and_nothing_else_changes() -> None:
    made = captured()
    before = made.capture()
    after = annotated(before, history(), made.facts)
    assert [packet.data for packet in after.packets] == [packet.data for packet in before.packets]
    comments = {i: packet.comments for i, packet in enumerate(after.packets) if packet.comments}
    told = [text for texts in comments.values() for text in texts]
    assert [text.split("  ")[1] for text in told] == [RUNNER, MASTER, MASTER, MASTER, RUNNER]
    down = next(i for i, texts in comments.items() if any("to=hostDown" in text for text in texts))
    assert after.packets[down].at_ns >= made.facts.wall_ns(round(DOWN_S * SECOND)) > after.packets[down - 1].at_ns
    assert list(comments)[-1] == len(after.packets) - 1  # the end came after the last packet
    assert annotated(after, history(), made.facts) == after


def jittery() -> HandMade:
    made = HandMade()
    for second, extra_ms in enumerate((0, 2, 2, 7)):
        fields: dict[str, Any] = {
            "role": "slave",
            "master": MASTER,
            "goodness": 3,
            "heard": 7,
            "config": 1,
            "inventory": 1,
        }
        message = Heartbeat(**made.head("host-100", second), **fields)
        made.say(second + extra_ms / 1000, message, MASTER, ["A"])
    return made


def test_jitter_is_the_difference_of_neighbouring_delays() -> None:
    (stream,) = summary(run_of(jittery())).streams
    assert stream.jitter_ms is not None and stream.delay_ms is not None
    assert [stream.jitter_ms.least, stream.jitter_ms.median, stream.jitter_ms.most] == pytest.approx([0, 2, 5])
    assert stream.delay_ms.most == pytest.approx(7.3)


def test_stamps_of_a_clock_that_was_set_wrong_give_no_delays() -> None:
    value = {"fault": "clock-offset", "host": "host-100", "offset_s": 30.0}
    fields = {"id": "leap", "phase": "begin", "fault": "clock-offset", "value": value}
    begun = record(SECOND, RUNNER, "fault", {**fields, "planned_ns": SECOND, "effective_ns": SECOND})
    run = run_of(jittery())
    found = summary(msgspec.structs.replace(run, history=History.ordered([*run.history, begun])))
    (stream,) = found.streams
    assert stream.delivered == 4 and stream.delay_ms is stream.jitter_ms is found.delay_ms is None
    assert any("host-100" in remark for remark in found.remarks)


def test_of_what_comes_after_a_full_capture_nothing_is_said() -> None:
    """A packet that may have been cut off is neither lost nor missing, and no heartbeat is the last one of a host."""
    made = captured()
    full_ns = made.facts.wall_ns(round(27.5 * SECOND))
    kept = [packet for packet in made.packets if packet.at_ns < full_ns]
    capture = msgspec.structs.replace(made.capture(), packets=tuple(kept), full_ns=full_ns)
    seen = passages(capture, made.facts, made.lab)
    assert seen.full_ns == round(27.5 * SECOND)
    found = {one.name: one for one in confirm_timeline(seen, history(), SCENARIO)}
    assert (found["unreachable"].agreement, found["down"].agreement) == ("agrees", "unknown")
    assert "reached the limit of its size" in found["down"].because
    assert disagreements(found.values()) == [found["never"]]
    told = summary(msgspec.structs.replace(run_of(made), passages=seen))
    assert any("reached the limit of its size at 27.500 s" in remark for remark in told.remarks)
    assert [sign.concluded for sign in told.last_signs] == ["host-98 is unreachable"]
    whole = {
        (one.network, one.destination): one.last_s for one in summary(run_of(made)).lost if one.kind == "Heartbeat"
    }
    cut = {(one.network, one.destination): one.last_s for one in told.lost if one.kind == "Heartbeat"}
    assert whole["A", DEAD] == pytest.approx(29, abs=0.01)
    assert cut["A", DEAD] == pytest.approx(26, abs=0.01), "that of 27 s may have arrived after the capture was full"
