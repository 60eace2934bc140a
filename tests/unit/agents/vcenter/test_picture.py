"""The picture that vCenter shows: one master's view, or what hosts say of themselves while no master speaks."""

from __future__ import annotations

from herzschlag.agents import records
from herzschlag.agents.protocol.messages import ClusterView
from herzschlag.agents.records import AnyEntry
from herzschlag.agents.settings import SECOND, Timers
from herzschlag.agents.states import HostState, Role
from herzschlag.agents.vcenter.picture import KnownHost, Picture

TIMERS = Timers()
OLD_NS = TIMERS.host_timeout_ns + SECOND


class Shown:
    """A picture of host-98 and host-99, and what it recorded."""

    def __init__(self, *, restarted: bool = False) -> None:
        self.entries: list[AnyEntry] = []
        self.picture = Picture(TIMERS, self.entries.append)
        self.hosts = {"host-98": KnownHost(), "host-99": KnownHost()}
        self.picture.begin(self.hosts, 0, restarted=restarted)

    def reports(self, moid: str, role: Role, now_ns: int) -> None:
        self.hosts[moid].role, self.hosts[moid].last_ns = role, now_ns
        self.picture.reported(moid, now_ns)

    def view(self, moid: str, hosts: dict[str, HostState], now_ns: int, owned: tuple[str, ...] = ()) -> None:
        message = ClusterView(
            sender=moid, boot=1, sequence=now_ns, sent_ns=now_ns, hosts=hosts, owned=owned, protected=()
        )
        self.picture.told(moid, message, now_ns)


def test_a_host_is_shown_by_its_own_word_while_no_master_is_heard() -> None:
    shown = Shown()
    shown.reports("host-98", "isolated", SECOND)
    assert shown.picture.states == {"host-98": "networkIsolated"}
    assert shown.picture.masters_view() is None


def test_the_master_that_is_shown_stays_while_it_is_heard() -> None:
    shown = Shown()
    shown.view("host-98", {"host-98": "master"}, SECOND)
    shown.view("host-99", {"host-98": "hostDown", "host-99": "master"}, 2 * SECOND, owned=("vmfs-1", "vmfs-2"))
    assert shown.picture.master == "host-98"
    shown.view("host-99", {"host-98": "hostDown", "host-99": "master"}, OLD_NS + SECOND, owned=("vmfs-1", "vmfs-2"))
    assert shown.picture.master == "host-99"
    assert shown.picture.states == {"host-98": "hostDown", "host-99": "master"}


def test_a_master_that_reports_as_a_slave_is_shown_no_more() -> None:
    shown = Shown()
    shown.view("host-98", {"host-98": "master"}, SECOND)
    shown.reports("host-98", "slave", 2 * SECOND)
    assert shown.picture.master == ""
    assert shown.picture.masters_view() is None


def test_hosts_of_which_no_word_comes_are_unreachable_but_not_to_a_vcenter_that_has_just_begun() -> None:
    shown = Shown(restarted=True)
    shown.picture.show(SECOND)
    assert shown.picture.states == {}
    shown.picture.show(OLD_NS)
    assert set(shown.picture.states.values()) == {"fdmUnreachable"}
    assert {entry.from_ for entry in shown.entries if isinstance(entry, records.HostOpinion)} == {"unknown"}


def test_silence_and_its_end_are_told_once() -> None:
    shown = Shown()
    shown.reports("host-98", "slave", 0)
    for now_ns in (OLD_NS, OLD_NS + SECOND):
        shown.picture.listen(now_ns)
    shown.reports("host-98", "slave", OLD_NS + SECOND)
    shown.picture.listen(OLD_NS + SECOND)
    assert [(e.host, e.to) for e in shown.entries if isinstance(e, records.Reports)] == [
        ("host-98", "silent"),
        ("host-98", "heard"),
    ]
