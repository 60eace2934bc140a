"""The plugin's interface: fixtures, marker and options, and the answers to wrong values."""

from __future__ import annotations

import pytest

from herzschlag.plugin import labs
from herzschlag.plugin.constants import REQUIRE
from tests.support.inner_pytest import in_virtual_time

TEN_LINES = """
import pytest

@pytest.mark.herzschlag(hosts=4)
def test_partition(cluster):
    cut = cluster.split(["host-98", "host-99"], ["host-100", "host-101"])
    cluster.wait_for(lambda: len(cluster.masters()) == 2, within_s=30)
    cluster.heal(cut)
    cluster.wait_for(lambda: len(cluster.masters()) == 1, within_s=10)
"""


def test_a_partition_test_takes_ten_lines(pytester: pytest.Pytester) -> None:
    assert len(TEN_LINES.splitlines()) <= 10
    result = in_virtual_time(pytester, TEN_LINES, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_partition[[]simulation] PASSED*"])


def test_the_simulation_needs_no_option_and_no_linux(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_a_dead_slave_is_noticed(simulation):
            simulation.power_off("host-98")
            simulation.wait_for(lambda: simulation.state_of("host-98") == "hostDown", within_s=20)
            assert "herzschlag.backends.mininet.session" not in sys.modules
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)


def test_the_plugin_itself_imports_nothing_of_the_project(pytester: pytest.Pytester) -> None:
    """It is loaded in every project where Herzschlag is installed, on systems without Linux's modules too."""
    pytester.makepyfile("""
        import sys

        def test_of_something_else():
            ours = {name for name in sys.modules if name.split(".")[0] == "herzschlag"}
            plugin = {f"herzschlag.plugin{name}" for name in ("", ".hooks", ".places", ".constants")}
            kept = {"herzschlag.fidelity", "herzschlag.fidelity.place"}
            assert ours <= {"herzschlag", "herzschlag.backends", "herzschlag.backends.names", *plugin, *kept}
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_package_works_without_what_only_linux_has(pytester: pytest.Pytester) -> None:
    """A laptop with another system lacks fcntl, pwd, grp, termios, resource."""
    pytester.makepyfile(
        conftest="""
            import sys
            for name in ("fcntl", "pwd", "grp", "termios", "resource", "pty", "tty"):
                sys.modules[name] = None
        """,
        test_users=TEN_LINES,
    )
    result = pytester.runpytest_subprocess("--herzschlag-backend", "simulation", "-p", "no:pytester")
    result.assert_outcomes(passed=1)


def test_without_linux_real_packets_are_skipped_with_the_way_out(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labs, "LINUX", False)
    monkeypatch.delenv(REQUIRE, raising=False)
    pytester.makepyfile(test_users=TEN_LINES)
    result = pytester.runpytest_inprocess("-rs", "-p", "no:cacheprovider", "--herzschlag-backend", "mininet,simulation")
    result.assert_outcomes(skipped=1, passed=1)
    result.stdout.fnmatch_lines(["SKIPPED *need Linux*--herzschlag-backend simulation runs here*"])


def test_the_marker_says_topology_profile_speed_seed_and_options(pytester: pytest.Pytester) -> None:
    """Module, class and test may each say a part; the nearest wins."""
    code = """
import pytest

pytestmark = pytest.mark.herzschlag(hosts=5, speed=20, seed=3)
ELSEWHERE = {"das.usedefaultisolationaddress": False, "das.isolationaddress0": "gateway@B"}

@pytest.mark.herzschlag(vms_per_host=1, seed=4)
class TestSmall:
    @pytest.mark.herzschlag(hosts=["host-7", "host-8"], profile="vsphere-5.0", options=ELSEWHERE)
    def test_it(self, cluster):
        assert cluster.hosts == ("host-7", "host-8")
        assert cluster.vms_on("host-7") == ["vm-7-1"]
        assert (cluster.plan.speed, cluster.plan.seed) == (20, 4)
        assert cluster.plan.config.isolation_addresses == ("198.19.0.1",)

def test_other(cluster):
    assert len(cluster.hosts) == 5
    assert cluster.plan.seed == 3
    assert cluster.vms_on("host-98") == []
    assert len(cluster.plan.config.isolation_addresses) == 1
"""
    in_virtual_time(pytester, code).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("host=4", "*the marker herzschlag: host: unknown key: did you mean 'hosts'?*"),
        ("hosts=1", "*the marker herzschlag: cluster: *"),
        ("hosts='many'", "*the marker herzschlag: hosts: is 'many'*"),
        ("speed=0", "*the marker herzschlag: speed: is 0: above 0, at most 1000*"),
        ("speed='fast'", "*the marker herzschlag: speed: is 'fast': a number is wanted*"),
        ("seed=1.5", "*the marker herzschlag: seed: is 1.5: a whole number is wanted*"),
        ("profile='vsphere-9'", "*the marker herzschlag: profile: is 'vsphere-9'*"),
        ("options={'das.nonsense': 1}", "*das.nonsense*"),
        ("vms_per_host=-1", "*vms_per_host: is -1*"),
        ("vms=object()", "*the marker herzschlag: *"),
        ("4", "*the marker herzschlag takes names, e.g. hosts=4, not 4*"),
    ],
)
def test_a_wrong_word_of_the_marker_is_told_with_the_right_one(
    pytester: pytest.Pytester, words: str, says: str
) -> None:
    """The refusal comes before anything is started, and without a traceback of our code."""
    code = f"""
import pytest

@pytest.mark.herzschlag({words})
def test_it(cluster):
    pass

def test_other(cluster):
    pass
"""
    result = in_virtual_time(pytester, code)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines([says])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*plugin/labs.py*")
    body = result.stdout.str().partition("short test summary")[0]
    assert body.count("the marker herzschlag") == 1 or "das.nonsense" in body
    assert "During handling" not in body


def test_the_option_runs_each_test_on_each_backend(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(cluster): pass\n\ndef test_other(simulation): pass\n")
    both = pytester.runpytest_inprocess("--collect-only", "-q", "--herzschlag-backend", "mininet,simulation")
    both.stdout.fnmatch_lines_random(["*test_it[[]mininet]", "*test_it[[]simulation]", "*::test_other"])
    alone = pytester.runpytest_inprocess("--collect-only", "-q")
    alone.stdout.fnmatch_lines(["*test_it[[]mininet]"])
    alone.stdout.no_fnmatch_line("*simulation]*")


@pytest.mark.parametrize("names", ["mininett", "simulation,real", ","])
def test_a_wrong_backend_is_told_with_the_right_ones(pytester: pytest.Pytester, names: str) -> None:
    pytester.makepyfile("def test_it(cluster): pass")
    result = pytester.runpytest_inprocess("--herzschlag-backend", names)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--herzschlag-backend*known are mininet, simulation*"])


def test_the_marker_is_known_where_markers_are_strict(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.herzschlag(hosts=3, *"])
    in_virtual_time(pytester, TEN_LINES, "--strict-markers").assert_outcomes(passed=1)


def test_pausing_and_workers_do_not_go_together(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess("--herzschlag-pause", "-n", "2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--herzschlag-pause needs the terminal*"])


def test_records_are_for_users_assertions_too(pytester: pytest.Pytester) -> None:
    """Anything a checker can see a test can see; a misspelt kind is not waited for."""
    code = """
import pytest

def test_it(cluster):
    off = cluster.power_off("host-98")
    of_it = {"kind": "host-state", "node": "host-99", "host": "host-98"}
    down = cluster.wait_for_record(**of_it, to="hostDown", within_s=20)
    begun = next(r for r in cluster.records_of("liveness", host="host-98") if r.get("phase") == "unreachable")
    assert 7.9 < (down.at_ns - begun.at_ns) / 1e9 < 8.1
    cluster.heal(off)
    back = cluster.wait_for_record(**of_it, to="connectedToMaster", within_s=60, after=down)
    assert back.at_ns > down.at_ns
    with pytest.raises(ValueError, match="did you mean 'host-state'"):
        cluster.wait_for_record("host_state", within_s=1)
"""
    in_virtual_time(pytester, code).assert_outcomes(passed=1)
