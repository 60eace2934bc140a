"""The host book of a master: which hosts it takes in, and the state that it gives each."""

from __future__ import annotations

from herzschlag.agents.datastore.layout import PoweronFile
from herzschlag.agents.ha.master.host_book import HostBook
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.protocol.actions import Ping, ReadFile, UnwatchHeartbeats, WatchHeartbeats
from herzschlag.agents.protocol.messages import Heartbeat, Welcome
from tests.unit.agents.ha.scripted import ALL, Machine, cluster, messages, of, records


class Book:
    """The host book of host-98, elected at 100 s; host-99 was heard just then, host-100 never."""

    def __init__(self, *, maintenance: tuple[str, ...] = ()) -> None:
        self.machine = Machine(config=cluster(maintenance=maintenance))
        self.changes: list[tuple[str, str]] = []
        self.peer("host-99").last_heard_ns = self.machine.context.now_ns
        self.hosts = HostBook(self.machine.context, lambda moid, state, because: self.changes.append((moid, state)))
        self.hosts.open()

    def peer(self, moid: str) -> Peer:
        return self.machine.context.peers[moid]

    def until(self, at_s: float) -> None:
        for tenth in range(round(self.machine.context.now_ns / 1e8), round(at_s * 10) + 1):
            self.machine.at(tenth / 10)
            self.hosts.check()


def heartbeat(moid: str, role: str, master: str) -> Heartbeat:
    header = {"sender": moid, "boot": 1, "sequence": 1, "sent_ns": 0}
    body = {"role": role, "master": master, "goodness": 2, "heard": ALL, "config": 1, "inventory": 1}
    return Heartbeat(**header, **body)  # type: ignore[arg-type]


def test_a_new_master_has_an_opinion_of_itself_alone() -> None:
    assert Book().hosts.states() == {"host-98": "master"}


def test_a_host_that_joins_is_welcomed_and_connected() -> None:
    book = Book()
    assert book.hosts.join(book.peer("host-99"), "it asked")
    assert messages(book.machine.did(), Welcome)[0][1] == ("host-99",)
    assert book.hosts.states()["host-99"] == "connectedToMaster"
    assert book.hosts.speaks("host-99")


def test_a_repeated_join_is_answered_and_changes_nothing() -> None:
    book = Book()
    book.hosts.join(book.peer("host-99"), "it asked")
    book.machine.did()
    assert not book.hosts.join(book.peer("host-99"), "it asked again")
    done = book.machine.did()
    assert messages(done, Welcome)
    assert not records(done, "host-state")


def test_a_host_in_maintenance_mode_is_not_taken_in() -> None:
    book = Book(maintenance=("host-99",))
    assert not book.hosts.join(book.peer("host-99"), "it asked")
    assert not messages(book.machine.did(), Welcome)
    assert book.hosts.states()["host-99"] == "uninitialized"


def test_a_slave_whose_heartbeats_follow_us_is_taken_in_without_asking() -> None:
    book = Book()
    assert book.hosts.heartbeat(book.peer("host-99"), heartbeat("host-99", "slave", "host-98"))
    assert book.hosts.states()["host-99"] == "connectedToMaster"


def test_another_master_is_partitioned_and_no_longer_ours() -> None:
    book = Book()
    book.hosts.join(book.peer("host-99"), "it asked")
    book.hosts.heartbeat(book.peer("host-99"), heartbeat("host-99", "master", "host-99"))
    assert book.hosts.states()["host-99"] == "networkPartitionedFromMaster"
    assert not book.hosts.speaks("host-99")


def test_a_host_in_an_election_has_left_us() -> None:
    book = Book()
    book.hosts.join(book.peer("host-99"), "it asked")
    assert book.hosts.offer(book.peer("host-99"))
    assert not book.hosts.offer(book.peer("host-99")), "it had left before"
    assert book.hosts.states()["host-99"] == "election"


def test_a_silent_host_is_watched_then_pinged_and_read_then_down() -> None:
    book = Book()
    book.hosts.join(book.peer("host-99"), "it asked")
    book.machine.did()
    book.until(103)
    assert "host-99" in [watch.host for watch in of(book.machine.did(), WatchHeartbeats)]
    book.until(110)
    done = book.machine.did()
    assert {"10.1.0.1", "10.2.0.1"} <= {ping.address for ping in of(done, Ping)}
    assert any("host-99-poweron" in read.path for read in of(done, ReadFile))
    book.until(117.9)
    assert book.hosts.states()["host-99"] == "connectedToMaster"
    book.until(118)
    assert book.changes[-1] == ("host-99", "hostDown")
    assert not book.peer("host-99").joined


def test_a_host_that_is_heard_again_is_watched_no_longer() -> None:
    book = Book()
    book.until(103)
    book.machine.did()
    book.hosts.heard(book.peer("host-99"))
    assert [watch.host for watch in of(book.machine.did(), UnwatchHeartbeats)] == ["host-99"]
    assert book.hosts.alive("host-99")


def test_every_change_is_recorded_with_the_opinion_before() -> None:
    book = Book()
    book.hosts.join(book.peer("host-99"), "it asked")
    book.hosts.offer(book.peer("host-99"))
    seen = [(r["from"], r["to"]) for r in records(book.machine.did(), "host-state", host="host-99")]
    assert seen == [("unknown", "connectedToMaster"), ("connectedToMaster", "election")]


def file(*vms: str, generation: int, isolated: bool = False) -> PoweronFile:
    return PoweronFile(isolated, vms, generation)


def test_of_the_copies_of_a_poweron_file_the_newest_counts_when_all_are_read() -> None:
    """In whichever order: one on a datastore without room is older."""
    old, new = file(generation=4), file("web", generation=5)
    for first, second in ((old, new), (new, old)):
        book = Book()
        book.until(112)
        assert book.hosts.poweron_read("host-99", "vmfs-1", first) is None
        assert not book.hosts.poweron_known("host-99")
        assert book.hosts.poweron_read("host-99", "vmfs-2", second) is new
        assert book.hosts.poweron_known("host-99")


def test_a_copy_that_cannot_be_read_is_not_waited_for() -> None:
    book = Book()
    book.until(112)
    assert book.hosts.poweron_read("host-99", "vmfs-1", file(generation=4)) is None
    assert book.hosts.poweron_read("host-99", "vmfs-2", None) == file(generation=4)


def test_that_a_host_is_isolated_is_known_with_the_first_copy() -> None:
    book = Book()
    book.until(112)
    book.hosts.heartbeat_seen("host-99", "vmfs-1")
    book.until(116)
    book.hosts.poweron_read("host-99", "vmfs-1", file(generation=4, isolated=True))
    assert book.hosts.states()["host-99"] == "networkIsolated"


def test_a_poweron_file_from_before_a_host_said_itself_what_it_runs_does_not_count() -> None:
    book = Book()
    book.hosts.inventory_told("host-99", 1, 5)
    book.until(112)
    book.hosts.poweron_read("host-99", "vmfs-1", file(generation=1 << 32 | 4))
    assert book.hosts.poweron_read("host-99", "vmfs-2", None) is None


def test_a_host_that_is_heard_speaks_for_itself() -> None:
    book = Book()
    book.until(112)
    book.hosts.poweron_read("host-99", "vmfs-1", file(generation=5))
    book.hosts.heard(book.peer("host-99"))
    assert book.hosts.poweron_read("host-99", "vmfs-2", file(generation=6)) is None


def test_a_host_without_power_is_down_even_in_maintenance_mode() -> None:
    book = Book(maintenance=("host-99",))
    book.until(118)
    assert book.hosts.states()["host-99"] == "hostDown"


def test_a_host_that_leaves_maintenance_mode_is_judged_anew() -> None:
    book = Book(maintenance=("host-99",))
    book.machine.context.configure(cluster(generation=2))
    book.hosts.reconfigured()
    assert book.hosts.join(book.peer("host-99"), "it asked")


def test_the_end_of_a_reign_ends_watches_and_memberships() -> None:
    book = Book()
    book.hosts.join(book.peer("host-99"), "it asked")
    book.until(103)
    book.machine.did()
    book.hosts.close()
    assert {watch.host for watch in of(book.machine.did(), UnwatchHeartbeats)} == {"host-99", "host-100"}
    assert book.hosts.joined() == []
