"""Planted faults of every agent: elections, following, isolation, its own VMs."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.ha.roles.candidate import send_offer
from herzschlag.agents.protocol.messages import PowerRequest
from herzschlag.agents.settings import SECOND
from tests.planted.plant import Planted, never, nothing


def _as_numbers(better: Any) -> Any:
    def broken(left: tuple[int, str], right: tuple[int, str]) -> bool:
        def number(offer: tuple[int, str]) -> tuple[int, int]:
            return offer[0], int(offer[1].removeprefix("host-"))

        return number(left) > number(right)

    return broken


def _ignoring_datastores(better: Any) -> Any:
    return lambda left, right: left[1] > right[1]


def _goes_on(moved: Any) -> Any:
    return lambda clock, ahead_ns, true_ns: clock


def _reversed(better: Any) -> Any:
    return lambda left, right: better(right, left)


def _one_order_a_vm(takes: Any) -> Any:
    def broken(self: Any, order: Any) -> bool:
        known = self.__dict__.setdefault("vms", set())
        name = order.vm.name if isinstance(order, PowerRequest) else None
        refused = name in known
        known.update({name} - {None})
        return not refused and bool(takes(self, order))

    return broken


def _always_heard(slot: Any) -> Any:
    return property(lambda peer: True, lambda peer, heard: None)


def _shorter_round(init: Any) -> Any:
    def broken(self: Any, timers: Any, *, now_ns: int) -> None:
        init(self, timers, now_ns=now_ns)
        self.decide_ns -= 5 * SECOND

    return broken


def _if_no_better(master_heard: Any) -> Any:
    def broken(self: Any, peer: Any) -> None:
        if self._c.offer() < peer.offer:
            master_heard(self, peer)

    return broken


def _everyone_wins(won: Any) -> Any:
    return lambda self: not self._joining


def _half_as_patient(lost: Any) -> Any:
    def broken(self: Any) -> bool:
        return bool(lost(self)) or self._c.now_ns - self._heard_ns >= self._c.timers.master_timeout_ns // 2

    return broken


def _patient_for_ever(lost: Any) -> Any:
    def broken(self: Any) -> bool:
        self._heard_ns = self._c.now_ns
        return False

    return broken


def _deaf_to_being_unheard(heartbeat: Any) -> Any:
    def broken(self: Any, peer: Any) -> None:
        self._heard_ns = self._c.now_ns

    return broken


def _on_network_a_alone(configure: Any) -> Any:
    def broken(self: Any, config: Any) -> None:
        configure(self, config)
        self.networks = self.networks[:1]

    return broken


def _takes_copies(accept: Any) -> Any:
    def broken(self: Any, network: str, boot: int, sequence: int, now_ns: int) -> str:
        accept(self, network, boot, sequence, now_ns)
        self.paths[network].last_heard_ns = self.last_heard_ns = now_ns
        return "new"

    return broken


def _stays_isolated(become: Any) -> Any:
    def broken(self: Any, change: Any) -> None:
        if self._role.role != "isolated":
            become(self, change)

    return broken


def _stands_while_it_rests(tick: Any) -> Any:
    def broken(self: Any) -> None:
        if self._c.config is not None:
            send_offer(self._c)

    return broken


def _flatters(heartbeat: Any) -> Any:
    return lambda self, role, master, to, heard, reign=0: heartbeat(self, role, master, to, (1 << 64) - 1, reign=reign)


def _no_padding(padding_for: Any) -> Any:
    return lambda mtu, message_type: 0


def _to_everyone(heartbeat: Any) -> Any:
    def broken(self: Any, role: Any, master: Any, to: Any, heard: int, **more: Any) -> None:
        heartbeat(self, role, master, self._c.others, heard, **more)

    return broken


FAULTS = (
    Planted(
        name="numbers instead of text",
        core="ha/election",
        broken="compares managed object IDs as numbers, so host-100 beats host-98",
        place="herzschlag.agents.ha.election.better",
        patch=_as_numbers,
        scenario="master-failure",
        checker="right-master",
        says="stood and is better",
    ),
    Planted(
        name="datastores do not count",
        core="ha/election",
        broken="compares managed object IDs alone",
        place="herzschlag.agents.ha.election.better",
        patch=_ignoring_datastores,
        scenario="case-38@one-more",
        checker="right-master",
        says="host-100 stood and is better (3 against 2",
    ),
    Planted(
        name="short election",
        core="ha/election",
        broken="decides the election after 10 s instead of 15 s",
        place="herzschlag.agents.ha.election.ElectionRound.__init__",
        patch=_shorter_round,
        scenario="case-38@equal",
        checker="timeline",
        says="election lasts 15 s: 10.",
    ),
    Planted(
        name="everyone wins",
        core="ha/roles/candidate",
        broken="becomes master when the round is over, even if another is better",
        place="herzschlag.agents.ha.roles.candidate.Candidate.won",
        patch=_everyone_wins,
        scenario="master-failure",
        checker="right-master",
        says="stood and is better",
    ),
    Planted(
        name="pre-emption",
        core="ha/roles/candidate",
        broken="begins an election although there is a master",
        place="herzschlag.agents.ha.roles.candidate.Candidate.master_heard",
        patch=_if_no_better,
        scenario="case-39",
        checker="incumbent",
        says="host-98: led its group, was heard by all, and was joined by host-99",
    ),
    Planted(
        name="small joins",
        core="ha/roles/candidate",
        broken="does not pad its Join to a full packet",
        place="herzschlag.agents.ha.roles.candidate.padding_for",
        patch=_no_padding,
        scenario="case-37",
        checker="full-joins",
        says="though no way between them took a full packet",
    ),
    Planted(
        name="hears_us is always true",
        core="ha/peers",
        broken="takes every peer for one that hears this host",
        place="herzschlag.agents.ha.peers.Peer.hears_us",
        patch=_always_heard,
        scenario="case-35@mute",
        checker="timeline",
        says="the slave gives its master up: no record",
    ),
    Planted(
        name="copies are new",
        core="ha/peers",
        broken="accepts a datagram a second time",
        place="herzschlag.agents.ha.peers.Peer.accept",
        patch=_takes_copies,
        scenario="copies",
        checker="replays",
        says="came twice, and it refused none",
    ),
    Planted(
        name="a dead path goes unnoticed",
        core="ha/inbox",
        broken="does not notice that one of two networks of a peer fell silent",
        place="herzschlag.agents.ha.inbox.Inbox.note_silence",
        patch=nothing,
        scenario="case-12@A",
        checker="path-silence",
        says="silent on network A",
    ),
    Planted(
        name="refuses in secret",
        core="ha/inbox",
        broken="counts no datagram that it refuses",
        place="herzschlag.agents.ha.inbox.Inbox.drop",
        patch=nothing,
        scenario="copies",
        checker="replays",
        says="came twice, and it refused none",
    ),
    Planted(
        name="deaf to repeated orders",
        core="ha/orders",
        broken="takes one order of vCenter about a VM and none after it",
        place="herzschlag.agents.ha.orders.Superseded.takes",
        patch=_one_order_a_vm,
        scenario="switched-off",
        checker="request-obeyed",
        says="a user wanted it off on host-98",
    ),
    Planted(
        name="impatient slave",
        core="ha/roles/follower",
        broken="gives its master up after 5 s instead of 10 s",
        place="herzschlag.agents.ha.roles.follower.Follower.lost",
        patch=_half_as_patient,
        scenario="case-14@9s",
        checker="patience",
        says="10 s are due",
    ),
    Planted(
        name="faithful slave",
        core="ha/roles/follower",
        broken="never gives its master up",
        place="herzschlag.agents.ha.roles.follower.Follower.lost",
        patch=_patient_for_ever,
        scenario="master-failure",
        checker="one-master",
        says="nobody led",
    ),
    Planted(
        name="one-way faith",
        core="ha/roles/follower",
        broken="follows a master that does not hear it",
        place="herzschlag.agents.ha.roles.follower.Follower.master_heard",
        patch=_deaf_to_being_unheard,
        scenario="case-35@mute",
        checker="following",
        says="it still follows host-99",
    ),
    Planted(
        name="network A alone",
        core="ha/context",
        broken="sends on the first network only",
        place="herzschlag.agents.ha.context.Context.configure",
        patch=_on_network_a_alone,
        scenario="case-12@A",
        checker="incumbent",
        says="host-99: led its group, was heard by all, and gave up (no agent",
    ),
    Planted(
        name="two masters for ever",
        core="ha/master/master",
        broken="a master does not abdicate when it hears a better one",
        place="herzschlag.agents.ha.master.master.better",
        patch=never,
        scenario="case-22@halves",
        checker="one-master",
        says="host-98 and host-99 led",
    ),
    Planted(
        name="the better one abdicates",
        core="ha/master/master",
        broken="of two masters that meet, the better one gives up",
        place="herzschlag.agents.ha.master.master.better",
        patch=_reversed,
        scenario="case-22@halves",
        checker="right-master",
        says="host-98 was left though host-99 is better",
    ),
    Planted(
        name="isolated for ever",
        core="ha/agent",
        broken="stays isolated when it hears others or its isolation address answers",
        place="herzschlag.agents.ha.agent.Agent._become",
        patch=_stays_isolated,
        scenario="case-16@55s",
        checker="isolation-justified",
        says="response at",
    ),
    Planted(
        name="a candidate in maintenance mode",
        core="ha/roles/role",
        broken="offers itself in elections while it takes part in nothing",
        place="herzschlag.agents.ha.roles.role.RoleMachine.tick",
        patch=_stands_while_it_rests,
        scenario="resting",
        checker="one-master",
        says="nobody led",
    ),
    Planted(
        name="flattery",
        core="ha/reporting",
        broken="says in its heartbeats that it hears everyone",
        place="herzschlag.agents.ha.reporting.Reporting.heartbeat",
        patch=_flatters,
        scenario="case-35@mute",
        checker="timeline",
        says="the slave gives its master up: no record",
    ),
    Planted(
        name="slaves that talk to each other",
        core="ha/reporting",
        broken="sends its heartbeats to every host",
        place="herzschlag.agents.ha.reporting.Reporting.heartbeat",
        patch=_to_everyone,
        scenario="normal",
        checker="point-to-point",
        says="it never led, and never followed that host",
    ),
    Planted(
        name="a clock that cannot be set",
        core="clock",
        broken="goes on as it was when it is set half a minute ahead",
        place="herzschlag.agents.clock.ClockSetting.moved",
        patch=_goes_on,
        scenario="clock-leap@ahead",
        checker="patience",
        says="its patience was over",
    ),
)
