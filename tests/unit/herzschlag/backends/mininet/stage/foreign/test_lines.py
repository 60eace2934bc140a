"""Lines of a program, and the records that they become."""

from herzschlag.agents.records import AgentRole
from herzschlag.backends.mininet.stage.foreign.lines import LINE_BYTES_MAX, Lines, Meaning
from herzschlag.history.kinds import Link, Term, View
from herzschlag.systems.finding import system_named
from herzschlag.topo.catalog import two_networks

FIFO = "fifo:/run/keepalived.fifo"


def test_chunks_become_whole_lines() -> None:
    lines = Lines()
    assert lines.of(b"one\r\ntw") == ["one"]
    assert lines.of(b"o\n\xff\n") == ["two", "\ufffd"]
    assert lines.of(b"x" * (LINE_BYTES_MAX + 1)) == ["x" * (LINE_BYTES_MAX + 1)]


def test_a_change_of_role_is_one_record_and_a_repeat_none() -> None:
    meaning = Meaning("host-98", system_named("keepalived").reads)
    line = 'INSTANCE "V1" MASTER 150'
    assert meaning.of("keepalived", line) == []  # the log does not count where the file names a pipe
    assert meaning.of(FIFO, line) == [
        AgentRole(from_="uninitialized", to="master", master="host-98", because='INSTANCE "V1" MASTER 150')
    ]
    assert meaning.of(FIFO, line) == meaning.of(FIFO, 'INSTANCE "V1" MASTER_RX_LOWER_PRI 150') == []
    (back,) = meaning.of(FIFO, 'INSTANCE "V1" BACKUP 150')
    assert isinstance(back, AgentRole)
    assert (back.from_, back.to, back.master) == ("master", "slave", "")


def test_a_line_may_tell_role_and_term() -> None:
    meaning = Meaning("host-98", system_named("etcd").reads)
    role, term = meaning.of("etcd", '{"msg":"8e9e05c52164694d became leader at term 7"}')
    assert isinstance(role, AgentRole)
    assert role.to == "master"
    assert isinstance(term, Term)
    assert term.term == 7


def test_a_word_that_is_no_role_says_nothing() -> None:
    meaning = Meaning("host-98", system_named("keepalived").reads)
    assert meaning.of(FIFO, 'INSTANCE "V1" DELETED 150') == []


def test_of_a_long_line_the_record_has_what_mattered() -> None:
    """Redis' log says a lot before it."""
    meaning = Meaning("host-98", system_named("redis-sentinel").reads)
    (told,) = meaning.of("redis", "x" * 300 + " MASTER MODE enabled (user request from 'id=9')")
    assert told == AgentRole(
        from_="uninitialized",
        to="master",
        master="host-98",
        because="MASTER MODE enabled (user request from 'id=9')",
    )


def test_members_are_hosts_by_their_numbers() -> None:
    meaning = Meaning("host-98", system_named("corosync").reads, ("host-98", "host-99", "host-100"))
    line = "[QUORUM] Members[2]: 3 1"
    assert meaning.of("corosync", line) == [View(members="host-98 host-100", because=line)]
    assert meaning.of("corosync", "[QUORUM] Members[2]: 1 9") == [
        View(members="host-98", because="[QUORUM] Members[2]: 1 9")
    ]


def test_an_opinion_of_a_link_is_about_the_host_and_the_network_of_an_address() -> None:
    lab = two_networks(3)
    meaning = Meaning("host-98", system_named("frr-bfd").reads, lab.moids, lab.node_of_address)
    said = "state-change: [mhop:no peer:{} local:198.19.1.1 vrf:default ifname:mgmtB] up -> {} reason:control-expired"
    (told,) = meaning.of("bfdd", said.format("198.19.1.2", "down"))
    assert isinstance(told, Link)
    assert (told.peer, told.network, told.to) == ("host-99", "B", "down")
    assert meaning.of("bfdd", said.format("198.19.1.2", "down")) == [], "it thought so before"
    assert meaning.of("bfdd", said.format("203.0.113.1", "down")) == [], "no host of the lab"
    assert meaning.of("bfdd", said.format("198.19.1.2", "admin-down")) == []
