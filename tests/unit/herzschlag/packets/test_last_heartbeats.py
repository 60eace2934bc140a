"""The last heartbeats before a fault, in captures written by hand."""

from __future__ import annotations

import msgspec

from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.history.kinds import LastHeartbeat
from herzschlag.history.records import RUNNER, SECOND, History, record
from herzschlag.packets.last_heartbeats import IN_FLIGHT_NS, before_faults
from herzschlag.topo.capture.pcapng import Capture
from tests.support.captures import SWITCH_NS, HandMade

SLAVE, MASTER, OTHER = "host-98", "host-99", "host-100"
SPEED = 10.0
FAULT_S, TOOK_S = 20.15, 0.1
SWITCH_S = SWITCH_NS / SECOND * SPEED


def beat(made: HandMade, at_s: float, sender: str, to: str, *, lost: str = "") -> Heartbeat:
    message = Heartbeat(
        **made.head(sender, at_s),
        role="slave",
        master=MASTER,
        goodness=3,
        heard=7,
        config=1,
        inventory=1,
    )
    made.say(at_s, message, to, lost=lost)
    return message


def captured() -> HandMade:
    """Heartbeats of the slave and its master each second, until the slave is cut off."""
    made = HandMade(speed=SPEED)
    for second in range(24):
        cut = "AB" if second > FAULT_S else ""
        beat(made, second + 0.001, SLAVE, MASTER, lost=cut)
        beat(made, second + 0.002, MASTER, SLAVE, lost=cut)
    return made


def found(made: HandMade, capture: Capture | None = None) -> dict[tuple[str, str], float]:
    """Sender and receiver to the second at which the last heartbeat entered the switch."""
    fault = {"id": "cut", "phase": "begin", "took_ns": round(TOOK_S / SPEED * SECOND)}
    history = History.ordered([record(round(FAULT_S * SECOND), RUNNER, "fault", fault)])
    told = before_faults(capture or made.capture(), made.facts, history, made.lab, SECOND)
    assert all(isinstance(one, LastHeartbeat) and one.id == "cut" for one in told)
    return {(one.sender, one.receiver): round(one.arrived_ns / SECOND - SWITCH_S, 6) for one in told}


BOTH = {(SLAVE, MASTER): 20.001, (MASTER, SLAVE): 20.002}


def test_it_is_the_last_one_that_was_delivered() -> None:
    assert found(captured()) == BOTH
    made = captured()
    beat(made, 20.01, SLAVE, MASTER, lost="AB")
    assert found(made) == BOTH, "one that was sent and dropped is none"


def test_a_heartbeat_that_arrives_while_a_fault_takes_its_while_counts() -> None:
    made = captured()
    beat(made, FAULT_S + TOOK_S / 2, SLAVE, MASTER)
    assert found(made)[SLAVE, MASTER] == FAULT_S + TOOK_S / 2


def test_a_heartbeat_that_was_under_way_when_the_fault_began_counts() -> None:
    """On a busy machine the switch gave one to its receiver 1.1 ms of real time after the packet filter had cut its
    host off: the receiver's timers began there, and the run was violated by more than a second."""
    in_flight_s = IN_FLIGHT_NS / SECOND * SPEED
    made = captured()
    beat(made, FAULT_S + TOOK_S + in_flight_s / 2, SLAVE, MASTER)
    assert found(made)[SLAVE, MASTER] == FAULT_S + TOOK_S + in_flight_s / 2
    made = captured()
    beat(made, FAULT_S + TOOK_S + 2 * in_flight_s, SLAVE, MASTER)
    assert found(made) == BOTH


def test_a_heartbeat_that_is_sent_again_or_not_authentic_is_no_news() -> None:
    made = HandMade(speed=SPEED)
    old = beat(made, 19.001, SLAVE, MASTER)
    beat(made, 20.001, SLAVE, MASTER)
    made.say(20.1, old, MASTER)
    assert found(made) == {(SLAVE, MASTER): 20.001}
    made.facts = msgspec.structs.replace(made.facts, key="00" * 32)
    assert found(made) == {}


def test_a_capture_with_holes_or_full_by_then_shows_nothing() -> None:
    made = captured()
    whole = made.capture()
    assert found(made, msgspec.structs.replace(whole, dropped=1)) == {}
    full_ns = made.facts.wall_ns(round(20.05 * SECOND))
    assert found(made, msgspec.structs.replace(whole, full_ns=full_ns)) == {}
    later_ns = made.facts.wall_ns(round(21 * SECOND))
    assert found(made, msgspec.structs.replace(whole, full_ns=later_ns)) == BOTH
