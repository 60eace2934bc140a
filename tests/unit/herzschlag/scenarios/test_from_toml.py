"""Scenario files: what is shipped loads; what is wrong is refused with file, key, value and the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herzschlag.faults import NetworkDown
from herzschlag.scenarios.from_toml import SHOWN_MAX, ScenarioError, load, load_family, loads, loads_family, shipped
from herzschlag.scenarios.plan import make_plan

GOOD = """
name = "mine"
title = "A slave dies"
settle_s = 20

[cluster]
hosts = ["host-98", "host-99", "host-100"]
vms_per_host = 1
vms = [{ name = "web", host = "host-98", count = 2, datastore = "nfs-1" }, { name = "db", host = "host-99" }]

[cluster.options]
das.isolationaddress0 = "gateway@B"
"das.maxvmrestartcount" = 3

[[steps]]
at_s = 5
for_s = 30
fault = "power-off"
host = "host-99"
id = "dies"

[[expect.instant]]
name = "dead"
published_s = [15, 18]
record = { kind = "host-state", to = "hostDown" }
source = "1.1"

[[expect.state]]
name = "end"
roles = { host-98 = "master" }
vms = { db = ["host-98", "host-100"], web-1 = "unmoved" }
"""


def test_shorthand_becomes_plain_values() -> None:
    scenario = loads(GOOD, "mine.toml")
    assert list(scenario.cluster.vm_configs()) == ["vm-98-1", "vm-99-1", "vm-100-1", "web-1", "web-2", "db"]
    assert scenario.cluster.vm_configs()["web-2"][0].datastore == "nfs-1"
    assert [(c.at_s, c.id, c.begins) for c in scenario.timeline()] == [(5, "dies", True), (35, "dies", False)]
    assert scenario.length_s == 55
    plan = make_plan(scenario)
    assert plan.config.isolation_addresses == ("198.18.0.1", "198.19.0.1")
    assert len(plan.timers.retry_after_ns) == 3
    assert plan.placement["db"] == "host-99"


def test_every_shipped_scenario_loads_and_carries_its_own_name() -> None:
    assert list(shipped())[:5] == ["normal", "slave-failure", "master-failure", "isolation", "partition"]
    for name in shipped():
        for scenario in load_family(name):
            assert scenario.name.partition("@")[0] == name
            assert scenario.about
            assert all(instant.source for instant in scenario.expect.instant)


def test_a_switch_reboot_is_down_first_and_dark_after() -> None:
    text = GOOD.replace('fault = "power-off"\nhost = "host-99"\nid = "dies"', "").replace(
        "at_s = 5\nfor_s = 30", 'at_s = 5\nfault = "switch-reboot"\nnetworks = "A"\noff_s = 3\ndark_s = 50\nid = "dies"'
    )
    steps = loads(text, "x.toml").plain_steps()
    assert [(s.id, s.at_s, s.for_s) for s in steps] == [("dies", 5, 3), ("dies.dark", 8, 50)]
    assert [s.fault.manner for s in steps if isinstance(s.fault, NetworkDown)] == ["port-down", "silent"]


WRONG = [
    ("not TOML", "[cluster]", "[cluster", r"is not TOML: .*line \d+"),
    ("unknown top key", "settle_s", "settel_s", r"settel_s: unknown key: did you mean 'settle_s'"),
    ("unknown cluster key", "vms_per_host", "vms_per_hosts", r"cluster\.vms_per_hosts: unknown key: did you mean"),
    ("unknown step key", "for_s", "fors", r"steps\[0\]\.fors: unknown key: did you mean 'for_s'"),
    ("unknown vm key", "count", "cuont", r"cluster\.vms\[0\]\.cuont: unknown key: did you mean 'count'"),
    ("unknown fault", "power-off", "poweroff", r"steps\[0\]\.fault: is 'poweroff'.*did you mean 'power-off'"),
    ("key of another fault", "for_s = 30", 'vm = "db"', r"steps\[0\]\.vm: unknown key"),
    ("unknown host", 'host = "host-99"\nid', 'host = "host-97"\nid', r"steps\[0\]\.host: 'host-97' is not a host"),
    ("unknown VM host", '"db", host = "host-99"', '"db", host = "x"', r"cluster\.vms\[1\]\.host: 'x' is not a host"),
    ("unknown datastore", "nfs-1", "nfs-9", r"cluster\.vms\[0\]\.datastore: is 'nfs-9'.*did you mean 'nfs-1'"),
    ("VM twice", '"db"', '"web-1"', r"'web-1' is used twice"),
    ("bad MOID", '"host-100"]', '"esx-1"]', r"cluster: host 'esx-1': a managed object ID"),
    ("one host", '["host-98", "host-99", "host-100"]', "1", r"cluster: 1 hosts: a cluster has 2 to 96"),
    (
        "hosts beyond count",
        '["host-98", "host-99", "host-100"]',
        str(2**63 - 1),
        r"cluster: \d+ hosts: a cluster has 2",
    ),
    ("wrong type", "at_s = 5", 'at_s = "5"', r"steps\[0\]\.at_s: is '5': a number is wanted"),
    ("missing key", "at_s = 5\n", "", r"steps\[0\]: the key 'at_s' is missing"),
    ("missing name", 'name = "mine"\n', "", r"name: the key 'name' is missing"),
    ("single brackets", "[[steps]]", "[steps]", r"steps: .*double brackets"),
    ("negative time", "at_s = 5", "at_s = -5", r"steps\[0\]\.at_s: is -5"),
    ("no length", "for_s = 30", "for_s = 0", r"steps\[0\]\.for_s: is 0: above 0"),
    ("no length at all", "for_s = 30", "for_s = 1e-320", r"steps\[0\]\.for_s: is .*: at least 1 ns"),
    ("settle 0", "settle_s = 20", "settle_s = 0", r"settle_s: is 0: above 0"),
    ("speed 0", "settle_s = 20", "speed = 0", r"speed: is 0: above 0"),
    ("speed nan", "settle_s = 20", "speed = nan", r"speed: is nan: above 0"),
    ("path as name", '"mine"', '"../mine"', r"name: is '\.\./mine'"),
    ("reserved id", 'id = "dies"', 'id = "end"', r"steps\[0\]\.id: is 'end'"),
    ("unknown option", "isolationaddress0", "isolationadress0", r"cluster\.options\.das\.isolationadress0: .*did you"),
    ("option value", '"gateway@B"', '"gateway@C"', r"is 'gateway@C': an IPv4 address, or node@network"),
    ("option not modelled", '"das.maxvmrestartcount" = 3', '"das.failuredetectiontime" = 3', r"is not modelled: 4\.x"),
    ("unknown kind", '"host-state"', '"hoststate"', r"record\.kind: 'hoststate' is not.*did you mean 'host-state'"),
    ("unknown field", 'to = "hostDown"', 'two = "hostDown"', r"record\.two: is not a field of a 'host-state' record"),
    ("unknown state", '"hostDown"', '"down"', r"record\.to: is 'down'"),
    ("bad range", "[15, 18]", "[18, 15]", r"published_s: is 18 to 15"),
    ("unknown role", '"master"', '"leader"', r"roles\.host-98: is 'leader'"),
    ("unknown VM", "web-1 =", "web-7 =", r"expect\.state\[0\]\.vms: is 'web-7'"),
    ("unknown place", '"unmoved"', '"host-9"', r"vms\.web-1: is 'host-9'"),
    (
        "unknown moment",
        'source = "1.1"',
        'source = "1.1"\nafter = "dyes"',
        r"'dyes' is not.*did you mean 'dies'",
    ),
]


@pytest.mark.parametrize(("old", "new", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_input_names_file_key_and_the_way_out(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError, match=says) as refused:
        loads(GOOD.replace(old, new, 1), "some/mine.toml")
    assert re.match(r"some/mine\.toml:[1-9][0-9]*: ", str(refused.value))
    assert "\n" not in str(refused.value)


SECOND_STEP = '\n[[steps]]\nat_s = {at}\nid = "two"\n{fault}\n'


@pytest.mark.parametrize(
    ("at", "fault", "says"),
    [
        (
            10,
            'fault = "power-off"\nhost = "all"',
            r"'dies' .* and 'two' .* contradict each other: both change power of",
        ),
        (10, 'fault = "freeze"\nhost = "host-99"', r"'dies' .* and 'two' .*: host-99 has no power then"),
        (10, 'fault = "vm-crash"\nvm = "db"\nfor_s = 3', r"happens once and cannot be undone"),
        (10, 'fault = "reconfigure"\noptions = { das.config.fdm.hostTimeout = 3 }', r"cannot be changed in a running"),
        (10, 'fault = "cut"\nlinks = [["A", "host-98", "host-97"]]', r"steps\[1\]\.links: 'host-97' is not a node"),
    ],
)
def test_faults_that_make_no_sense_together_are_refused_with_both_named(at: int, fault: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        loads(GOOD + SECOND_STEP.format(at=at, fault=fault), "x.toml")


def test_the_same_fault_after_the_first_is_undone_is_fine() -> None:
    text = GOOD + SECOND_STEP.format(at=35, fault='fault = "power-off"\nhost = "host-99"')
    assert len(loads(text, "x.toml").steps) == 2


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nothing\.toml: cannot be read"):
        load(str(tmp_path / "nothing.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="is not UTF-8"):
        load(str(tmp_path / "binary.toml"))
    with pytest.raises(ScenarioError, match="did you mean 'isolation'"):
        load("isolatoin")


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".toml", "folder/" + "x" * 300, "a\0b", "x" * 300 + "@y"])
def test_names_that_no_file_can_have_are_wrong_input(name: str) -> None:
    """The kernel refuses them with errors of their own, which were tracebacks."""
    with pytest.raises(ScenarioError):
        load_family(name)


@pytest.mark.parametrize(
    ("name", "says"), [("x" * 201, "201 bytes"), ("ä" * 101, "202 bytes"), ("..", "begin"), (".x", "begin")]
)
def test_a_name_that_cannot_name_a_directory_is_refused(name: str, says: str) -> None:
    """`..` named the folder above all runs."""
    with pytest.raises(ScenarioError, match=says):
        loads(f'name = "{name}"\ntitle = "t"\n', "x.toml")
    assert loads(f'name = "{"x" * 200}"\ntitle = "t"\n', "x.toml").name == "x" * 200


WRONG_IN_FIVE_WAYS = """\
name = "mine"
titel = "x"
speed = 0

[[steps]]
at_s = -1
fault = "power-off"
host = "host-9"

[[expect.instant]]
name = "dead"
expected_s = [3, 1]
record = { kind = "host-state", node = "host-99", to = "hostDwn" }
"""


def test_all_that_is_wrong_in_a_file_is_told_at_once_each_with_its_line() -> None:
    """One error an attempt costs a newcomer an attempt an error."""
    with pytest.raises(ScenarioError) as caught:
        loads(WRONG_IN_FIVE_WAYS, "mine.toml")
    problems = [(problem.line, problem.key) for problem in caught.value.problems]
    assert problems == [
        (1, "title"),
        (2, "titel"),
        (3, "speed"),
        (6, "steps[0].at_s"),
        (8, "steps[0].host"),
        (13, "expect.instant[0].record.to"),
    ]
    assert str(caught.value).splitlines()[2].startswith("mine.toml:3: speed: is 0: above 0")


def test_what_rests_on_something_wrong_is_not_told() -> None:
    """A cluster that cannot be read would make every host of it unknown."""
    with pytest.raises(ScenarioError) as caught:
        loads(GOOD.replace("[cluster]", "[cluster]\nmtu = 'wide'"), "mine.toml")
    assert [problem.key for problem in caught.value.problems] == ["cluster.mtu"]


def test_what_is_wrong_in_every_variant_is_told_once_and_where_a_variant_says_it() -> None:
    text = (
        GOOD.replace("at_s = 5", "at_s = -5")
        + """
[[variants]]
name = "a"
set = { settle_s = 10 }
[[variants]]
name = "b"
set = { settle_s = -1 }
"""
    )
    with pytest.raises(ScenarioError) as caught:
        loads_family(text, "mine.toml")
    told = [(text.splitlines()[one.line - 1], one.key) for one in caught.value.problems]
    assert told == [("at_s = -5", "variant a: steps[0].at_s"), ("set = { settle_s = -1 }", "variant b: settle_s")]


def test_a_message_about_a_thousand_things_is_short() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(GOOD + "[[steps]]\n" * 1000, "mine.toml")
    assert len(caught.value.problems) == 1000
    assert len(str(caught.value).splitlines()) == SHOWN_MAX + 1


def test_an_expectation_of_ones_own_needs_no_source() -> None:
    text = GOOD.replace("published_s", "expected_s", 1)
    text = "\n".join(line for line in text.splitlines() if not line.startswith('source = "1.1"'))
    (instant, *_) = loads(text, "mine.toml").expect.instant
    assert instant.source == "own"
    assert instant.range_s == (
        instant.expected_s if isinstance(instant.expected_s, tuple) else (instant.expected_s,) * 2
    )
    for figure in ("", "published_s = 3\nexpected_s = 3"):
        again = text.replace("expected_s = [15, 18]", figure)
        with pytest.raises(ScenarioError, match="give expected_s, or published_s with the source"):
            loads(again, "mine.toml")
