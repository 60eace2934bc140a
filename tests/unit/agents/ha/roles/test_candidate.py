"""A candidate: the hosts to which it offers itself, the master that it asks to join, and when it wins."""

from __future__ import annotations

from herzschlag.agents.ha.roles.candidate import Candidate
from herzschlag.agents.ha.roles.role import RoleChange
from herzschlag.agents.protocol.actions import WriteFile
from herzschlag.agents.protocol.messages import Election, Heartbeat, Join
from tests.unit.agents.ha.scripted import ALL, Machine, messages, of


def candidate(machine: Machine, *, was_isolated: bool = False) -> Candidate:
    return Candidate(machine.parts, "a test", was_isolated=was_isolated)


def beat(machine: Machine, one: Candidate, moid: str, *, master: bool, hears_us: bool = True) -> None:
    peer = machine.context.peers[moid]
    message = Heartbeat(
        sender=moid,
        boot=1,
        sequence=1,
        sent_ns=0,
        role="master" if master else "slave",
        master=moid if master else "host-100",
        goodness=2,
        heard=ALL if hears_us else 0,
        config=1,
        inventory=1,
    )
    peer.accept("A", 1, 1, machine.context.now_ns)
    peer.heartbeat(message, machine.context.own_bit(), machine.context.now_ns)
    one.heard(peer)
    one.heartbeat(peer, message)


def offer(machine: Machine, one: Candidate, moid: str, goodness: int = 2) -> None:
    peer = machine.context.peers[moid]
    message = Election(sender=moid, boot=1, sequence=1, sent_ns=0, goodness=goodness, heard=ALL, config=1)
    peer.accept("A", 1, 1, machine.context.now_ns)
    peer.offered(message, machine.context.own_bit(), machine.context.now_ns)
    one.heard(peer)
    one.offer(peer)


def test_it_offers_itself_to_every_host_when_the_election_starts() -> None:
    machine = Machine()
    candidate(machine)
    assert messages(machine.did(), Election)[0][1] == ("host-99", "host-100")


def test_who_knows_a_better_candidate_offers_to_that_one_alone() -> None:
    machine = Machine()
    one = candidate(machine)
    machine.at(104)
    offer(machine, one, "host-99")
    machine.did()
    one.tick()
    assert messages(machine.did(), Election)[0][1] == ("host-99",)


def test_it_asks_only_a_master_that_hears_it() -> None:
    machine = Machine()
    one = candidate(machine)
    machine.did()
    beat(machine, one, "host-99", master=True, hears_us=False)
    assert not messages(machine.did(), Join)
    beat(machine, one, "host-99", master=True)
    assert messages(machine.did(), Join)[0][1] == ("host-99",)


def test_it_does_not_win_while_a_master_has_yet_to_answer() -> None:
    machine = Machine()
    one = candidate(machine)
    machine.at(115)
    beat(machine, one, "host-99", master=True)
    one.check()
    assert machine.changes == []


def test_it_asks_the_next_when_the_master_it_asked_leads_no_more() -> None:
    machine = Machine()
    one = candidate(machine)
    beat(machine, one, "host-99", master=True)
    beat(machine, one, "host-99", master=False)
    machine.did()
    beat(machine, one, "host-100", master=True)
    assert messages(machine.did(), Join)[0][1] == ("host-100",)


def test_the_winner_that_heard_no_host_may_be_alone() -> None:
    machine = Machine()
    one = candidate(machine)
    machine.at(115)
    one.check()
    because = "no other agent was heard"
    assert machine.changes == [RoleChange("master", because, master="host-98", company=False)]


def test_the_winner_among_others_is_not_alone() -> None:
    machine = Machine()
    one = candidate(machine)
    machine.at(115)
    offer(machine, one, "host-100")
    one.check()
    assert [(change.to, change.company) for change in machine.changes] == [("master", True)]


def test_a_better_candidate_puts_the_decision_off_by_a_heartbeat() -> None:
    machine = Machine()
    one = candidate(machine)
    machine.at(115)
    offer(machine, one, "host-100", goodness=3)
    one.check()
    assert machine.changes == []
    assert one.due_ns() == machine.context.now_ns + machine.context.timers.heartbeat_interval_ns


def test_when_a_better_candidate_fell_silent_it_offers_to_all_before_it_may_win() -> None:
    """Others that had lost to that one, and a master that did not hear us, are heard again only from then on."""
    machine = Machine()
    one = candidate(machine)
    machine.at(111)
    offer(machine, one, "host-99")
    one.tick()
    machine.at(115)
    machine.did()
    one.check()
    assert machine.changes == []
    assert one.due_ns() == machine.context.now_ns + machine.context.fresh_ns
    one.tick()
    assert messages(machine.did(), Election)[0][1] == ("host-99", "host-100")
    machine.at(119)
    one.check()
    assert [change.to for change in machine.changes] == ["master"]


def test_a_host_that_was_isolated_says_in_its_poweron_file_that_it_is_not() -> None:
    machine = Machine()
    candidate(machine, was_isolated=True)
    assert of(machine.did(), WriteFile)
