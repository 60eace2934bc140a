"""The interface to a cluster that tests and the live page use."""

from collections.abc import Callable
from typing import Any

import pytest

from herzschlag.backends.simulation import SimulationSession
from herzschlag.cluster import Cluster, ConditionNotMet, Setup
from herzschlag.faults import PowerOff
from herzschlag.history.records import SECOND, Record, read_history
from herzschlag.running.runner import RunRequest, run


def started(**setup: object) -> Cluster:
    return Cluster.start(Setup(**setup), backend="simulation")  # type: ignore[arg-type]


def test_partition_by_hand_is_judged_as_one_from_a_file() -> None:
    with started(hosts=4, vms_per_host=1) as cluster:
        assert cluster.master == "host-99"
        cut = cluster.split(["host-98", "host-99"], ["host-100", "host-101"])
        took_s = cluster.wait_for(lambda: cluster.role("host-101") == "master", within_s=30)
        assert took_s == pytest.approx(25, abs=0.15)
        cluster.heal(cut)
        cluster.wait_for(lambda: len(cluster.slaves) == 3, within_s=10)
        assert cluster.where("vm-100-1") == ["host-100"]
        assert all(finding.fine for finding in cluster.findings())


def test_what_was_done_by_hand_can_be_run_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    with started(vms_per_host=1) as cluster:
        cluster.advance(5)
        cluster.power_off("host-98")
        cluster.wait_for(lambda: cluster.where("vm-98-1") not in ([], ["host-98"]), within_s=25)
        cluster.finish()
        scenario = cluster.scenario(name="again")
        seen = [(r.node, r.kind, r.fields) for r in cluster.history() if r.kind in ("role", "vm", "restart")]
    directory = tmp_path_factory.mktemp("again")
    report = run(RunRequest(scenario=scenario, backend="simulation", speed=1, seed=0, directory=directory))
    assert report.verdict == "holds", report.because

    again = [(r.node, r.kind, r.fields) for r in read_history(directory / "history.jsonl")]
    assert [item for item in again if item[1] in ("role", "vm", "restart")][: len(seen)] == seen


class BesideTheTest(SimulationSession):
    """A session as on real packets: the cluster goes on between two calls, and several records arrive at once."""

    goes_on_ns = 3 * SECOND

    def begin(self, *args: Any) -> Any:
        effect = super().begin(*args)
        super().run_until(self.now_ns() + self.goes_on_ns)
        return effect

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        while True:
            seen = len(self.records())
            super().run_until(min(at_ns, self.now_ns() + 20 * SECOND))
            if stop is not None and any(stop(item) for item in self.records()[seen:]):
                return True
            if self.now_ns() >= at_ns:
                return False


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("herzschlag.cluster.open_session", lambda backend, plan: BesideTheTest(plan))


@pytest.mark.usefixtures("beside")
def test_no_record_is_missed_between_two_calls() -> None:
    """All of these records exist before the test asks for the first of them."""
    with started() as cluster:
        cluster.fault("crash-agent", host="host-98")
        election = cluster.wait_for_record("role", node="host-98", to="election", within_s=20)
        known = cluster.wait_for_record("host-state", node="vcenter", host="host-98", to="election", within_s=20)
        slave = cluster.wait_for_record("role", node="host-98", to="slave", within_s=20)
        assert election.at_ns <= known.at_ns < slave.at_ns


@pytest.mark.usefixtures("beside")
def test_what_a_test_has_seen_is_not_waited_for_again() -> None:
    with started() as cluster:
        crash = cluster.fault("crash-agent", host="host-98")
        cluster.wait_for_record("role", node="host-98", to="slave", within_s=20)
        with pytest.raises(ConditionNotMet, match="role to=slave"):
            cluster.wait_for_record("role", node="host-98", to="slave", within_s=20)
        cluster.heal(crash)
        cluster.fault("crash-agent", host="host-98")
        cluster.advance(20)
        with pytest.raises(ConditionNotMet, match="role to=slave"):
            cluster.wait_for_record("role", node="host-98", to="slave", within_s=20)


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("ask", ["wait_for", "stays"])
def test_a_condition_is_looked_at_with_every_record(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is also seen when the record that makes it true arrives together with the one that makes it false again."""
    monkeypatch.setattr(BesideTheTest, "goes_on_ns", 0)
    with started() as cluster:
        cluster.fault("crash-agent", host="host-98")
        if ask == "wait_for":
            cluster.wait_for(lambda: cluster.role("host-98") == "election", within_s=60)
            assert cluster.role("host-98") == "slave", "by now"
        else:
            with pytest.raises(ConditionNotMet, match="did not stay"):
                cluster.stays(lambda: cluster.role("host-98") != "election", for_s=60)


def test_condition_that_never_comes_true_shows_what_happened_instead() -> None:
    with started() as cluster:
        cluster.power_off("host-98")
        with pytest.raises(ConditionNotMet, match="within 20 s") as caught:
            cluster.wait_for(lambda: cluster.role("host-98") == "master", within_s=20, what="host-98 leads")
        assert "hostDown" in str(caught.value)


def test_wrong_words_are_refused_with_the_known_ones() -> None:
    with started() as cluster:
        with pytest.raises(ValueError, match="isolate"):
            cluster.fault("isolat", host="host-98")
        with pytest.raises(ValueError, match="no fault 'x' is active"):
            cluster.heal("x")


def test_a_misspelt_backend_brings_up_nothing() -> None:
    """Any other word than `simulation` used to bring up a lab on real packets."""
    with pytest.raises(ValueError, match="'simulatoin' is not a backend: did you mean 'simulation'"):
        Cluster.start(backend="simulatoin")  # type: ignore[arg-type]  # on purpose


def test_two_faults_in_force_have_two_names() -> None:
    with started() as cluster:
        cluster.begin(PowerOff(host="host-98"), id="mine")
        with pytest.raises(ValueError, match="a fault 'mine' is in force already"):
            cluster.begin(PowerOff(host="host-100"), id="mine")
        assert cluster.role("host-100") == "slave"
        assert repr(cluster) == "<Cluster simulation T+0.0 s: host-99 leads host-100; host-98 off; fault 'mine'>"
        assert "<td>host-98</td><td>off</td>" in cluster._repr_html_()


def test_a_cluster_whose_clock_was_set_is_like_no_other() -> None:
    """A clock that was set back may not move for longer than the cluster needs to notice."""
    with started() as cluster:
        before = cluster.snapshot()
        cluster.heal(cluster.fault("clock-offset", host="host-98", offset_s=0.1))
        assert cluster.snapshot() == before and "clock" in cluster.difference_since(before)


def test_a_host_cut_off_from_its_master_alone_may_stop_its_vms() -> None:
    """It hears no host, for slaves say nothing to each other; without the gateway it is isolated, and that is right."""
    with started(vms_per_host=1, isolation_response="shutdown") as cluster:
        cluster.fault("cut-pair", a="host-100", b="host-99")
        cluster.fault("gateway-silent")
        cluster.wait_for(lambda: cluster.where("vm-100-1") == [], within_s=120, what="its VM is shut down")
        cluster.wait_for(lambda: cluster.where("vm-100-1") == ["host-98"], within_s=60, what="its restart")
        assert [f.because for f in cluster.findings() if not f.fine] == []


@pytest.mark.parametrize("first", ["maintenance", "split"])
def test_a_host_in_maintenance_mode_is_silent_and_no_master_calls_it_lost(first: str) -> None:
    """This holds for its master, one elected later, and one in another part of the network."""
    with started(hosts=4, vms_per_host=1) as cluster:
        cut = cluster.split(["host-99"], ["host-98", "host-100", "host-101"]) if first == "split" else ""
        cluster.advance(40)
        rest = cluster.fault("maintenance", host="host-101")
        cluster.advance(60)
        for master in (host for host in cluster.hosts if cluster.role(host) == "master"):
            assert cluster.state_of("host-101", seen_by=master) == "uninitialized"
        if cut:
            cluster.heal(cut)
        cluster.heal(rest)
        cluster.wait_for(lambda: len(cluster.slaves) == 3, within_s=30)
        assert [f.because for f in cluster.findings() if not f.fine] == []


@pytest.mark.parametrize("hosts", [3, 4])
@pytest.mark.parametrize("for_s", [30, 60])
def test_a_master_in_maintenance_mode_is_called_lost_by_no_part_of_a_split_network(hosts: int, for_s: float) -> None:
    """Masters of other parts took it for partitioned, as long as the split lasted."""
    with started(hosts=hosts, vms_per_host=1) as cluster:
        cut = cluster.split(*([host] for host in cluster.hosts))
        cluster.advance(30)
        rest = cluster.fault("maintenance", host="host-99")
        cluster.advance(for_s)
        assert len(cluster.masters()) == hosts - 1
        for master in cluster.masters():
            assert cluster.state_of("host-99", seen_by=master) == "uninitialized"
        cluster.heal(cut)
        cluster.heal(rest)
        cluster.wait_for(lambda: len(cluster.slaves) == hosts - 1, within_s=40)
        assert [f.because for f in cluster.findings() if not f.fine] == []


def test_a_master_in_maintenance_mode_for_a_moment_gives_up_its_reign() -> None:
    """It hears of both requests when they are over."""
    with started(vms_per_host=1) as cluster:
        cluster.heal(cluster.fault("maintenance", host="host-99"))
        cluster.wait_for_record("role", node="host-99", to="uninitialized", within_s=1)
        cluster.wait_for(lambda: cluster.role("host-99") == "master" and len(cluster.slaves) == 2, within_s=30)
        assert [f.because for f in cluster.findings() if not f.fine] == []


HALVES = (("host-98", "host-99"), ("host-100", "host-101"))
LEADERLESS = (("host-99",), ("host-98", "host-100"))


@pytest.mark.parametrize(("groups", "whole_s"), [(HALVES, 2), (LEADERLESS, 1)])
def test_a_master_elected_in_a_silence_is_isolated_though_the_network_is_just_back(
    groups: tuple[tuple[str, ...], ...], whole_s: float
) -> None:
    """It wins 7.5 s into the silence and has heard nothing for five seconds half a second after the end: it gave up
    nothing that any host heard."""
    with started(hosts=sum(map(len, groups)), vms_per_host=1) as cluster:
        cut = cluster.split(*groups)
        cluster.advance(20)
        cluster.heal(cut)
        cluster.advance(whole_s)
        down = cluster.fault("network-down", networks="all")
        cluster.advance(12)
        assert cluster.role("host-100") == "master"
        cluster.heal(down)
        cluster.wait_for_record("role", node="host-100", to="isolated", within_s=1)
        cluster.advance(5)
        down = cluster.fault("network-down", networks="all")
        cluster.advance(40)
        cluster.heal(down)
        cluster.wait_for(lambda: len(cluster.slaves) == len(cluster.hosts) - 1, within_s=60)
        assert [f.because for f in cluster.findings() if not f.fine] == []


def test_a_master_elected_as_the_network_heals_meets_the_others() -> None:
    """Its election was won before it could hear them; it is better than both, and the one that is left."""
    with started(vms_per_host=1) as cluster:
        cut = cluster.split(*([host] for host in cluster.hosts))
        cluster.advance(2)
        rest = cluster.fault("maintenance", host="host-99")
        cluster.advance(25)
        assert cluster.masters() == ["host-98", "host-100"]
        cluster.heal(rest)
        cluster.advance(15)
        cluster.heal(cut)
        cluster.wait_for(lambda: len(cluster.masters()) == 3, within_s=1)
        cluster.wait_for(lambda: cluster.masters() == ["host-99"] and len(cluster.slaves) == 2, within_s=10)
        cluster.advance(40)
        assert [f.because for f in cluster.findings() if not f.fine] == []


def test_masters_that_are_isolated_as_the_network_heals_have_not_met() -> None:
    """Both were elected in the silence; the election that all hosts enter then is won by a third."""
    with started(hosts=4, vms_per_host=1) as cluster:
        cut = cluster.split(["host-99"], ["host-98", "host-100", "host-101"])
        cluster.advance(20)
        cluster.heal(cut)
        down = cluster.fault("network-down", networks="all")
        cluster.advance(12)
        assert cluster.masters() == ["host-100", "host-101"]
        cluster.heal(down)
        cluster.wait_for(lambda: cluster.masters() == ["host-99"] and len(cluster.slaves) == 3, within_s=20)
        cluster.advance(40)
        assert [f.because for f in cluster.findings() if not f.fine] == []


def test_a_candidate_that_wins_as_it_thaws_took_no_part_in_the_election() -> None:
    """Its election ended while it was frozen."""
    with started(vms_per_host=1) as cluster:
        down = cluster.fault("network-down", networks="all")
        cluster.advance(1)
        cut = cluster.split(*([host] for host in cluster.hosts))
        cluster.advance(20)
        frozen = cluster.freeze("host-100")
        assert cluster.role("host-100") == "election"
        cluster.advance(25)
        cluster.heal(down)
        cluster.heal(cut)
        cluster.heal(frozen)
        cluster.wait_for_record("role", node="host-100", to="master", within_s=1)
        cluster.wait_for(lambda: len(cluster.slaves) == 2, within_s=40)
        assert [f.because for f in cluster.findings() if not f.fine] == []


def test_a_master_to_which_no_slave_speaks_yet_is_isolated_and_gave_up_nothing() -> None:
    """For ten more seconds the other host follows the old master, which rests, and says nothing to the new one."""
    with started(vms_per_host=1, isolation_response="shutdown") as cluster:
        cluster.fault("gateway-silent")
        cluster.fault("cut-pair", a="host-99", b="host-100")
        cluster.wait_for(lambda: cluster.role("host-100") == "master", within_s=26)
        cluster.fault("maintenance", host="host-99")
        cluster.wait_for(lambda: cluster.role("host-100") == "isolated", within_s=6)
        assert cluster.role("host-98") == "slave"
        cluster.wait_for(lambda: cluster.role("host-98") == "master" and cluster.slaves == ["host-100"], within_s=30)
        cluster.heal_all()
        cluster.wait_for(lambda: len(cluster.slaves) == 2, within_s=30)
        assert [f.because for f in cluster.findings() if not f.fine] == []


def test_vcenter_shows_a_host_in_maintenance_mode_as_such_though_no_master_is_left() -> None:
    """It goes on reporting to vCenter itself."""
    with started(vms_per_host=1) as cluster:
        for host in cluster.hosts:
            cluster.fault("maintenance", host=host)
            cluster.advance(60)
        assert [cluster.state_of(host) for host in cluster.hosts] == ["uninitialized"] * 3
        assert [f.because for f in cluster.findings() if not f.fine] == []


def test_a_candidate_whose_master_gives_way_asks_the_one_that_is_left_and_does_not_win_over_it() -> None:
    """It asks the first master that it hears, which abdicates to a better one just before its own election is due."""
    with started(vms_per_host=1) as cluster:
        rests = [cluster.fault("maintenance", host=host) for host in ("host-98", "host-99")]
        cluster.advance(9)
        cut = cluster.split(*([host] for host in cluster.hosts))
        cluster.advance(1)
        cluster.heal(rests[0])
        cluster.advance(2)
        cluster.heal(rests[1])
        cluster.advance(13)
        cluster.heal(cut)
        cluster.wait_for(lambda: cluster.masters() == ["host-98", "host-100"], within_s=1)
        assert cluster.role("host-99") == "election"
        cluster.wait_for(lambda: cluster.slaves == ["host-99", "host-100"], within_s=5)
        cluster.advance(40)
        assert cluster.master == "host-98"
        assert [f.because for f in cluster.findings() if not f.fine] == []
