"""A cluster in words: its state in three lines at most, and a story that fits the lines it is given."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.by_hand.telling import LINE_MAX, Told
from herzschlag.faults import CutPair, Fault, PowerOff
from herzschlag.history.records import SECOND, Record

ROLES = {"host-98": "off", "host-99": "master", "host-100": "slave"}
SEEN = {"host-98": "hostDown", "host-99": "master", "host-100": "connectedToMaster"}


def told(**changed: Any) -> Told:
    whole: dict[str, Any] = {
        "backend": "simulation",
        "now_ns": 60 * SECOND,
        "ready_ns": 20 * SECOND,
        "first_ns": 40 * SECOND,
        "roles": ROLES,
        "seen": SEEN,
        "vms": {"a": ["host-100"], "b": ["host-99"], "c": ["host-100"]},
        "placement": {"a": "host-98", "b": "host-99", "c": "host-100"},
        "active": {"1 power-off": PowerOff(host="host-98")},
    }
    return Told(**{**whole, **changed})


def at(t_s: float, kind: str, node: str = "host-99", **fields: Any) -> Record:
    return Record(round((40 + t_s) * SECOND), 0, node, kind, fields)


def test_one_line_says_who_leads_and_what_is_broken() -> None:
    line = "<Cluster simulation T+20.0 s: host-99 leads host-100; host-98 off; fault '1 power-off'>"
    assert told().line() == line
    before = told(first_ns=None, active={}, roles={"host-98": "slave", "host-99": "master"})
    assert before.line() == "<Cluster simulation 40.0 s after it was ready: host-99 leads host-98>"


@pytest.mark.parametrize(
    ("roles", "says"),
    [
        ({"a": "master", "b": "master", "c": "slave"}, "a and b lead c"),
        ({"a": "slave", "b": "election"}, "no master, a without one; b election"),
        ({"a": "isolated", "b": "master"}, "b leads; a isolated"),
    ],
)
def test_clusters_without_one_master_are_told_as_they_are(roles: dict[str, str], says: str) -> None:
    assert told(roles=roles, seen={}).hosts() == says


def test_the_state_names_what_is_not_as_it_was() -> None:
    assert told().state() == [
        "now:      T+20.00 s: host-99 leads host-100; host-98 off (vCenter shows host-98 as hostDown)",
        "VMs:      a on host-100, 2 where they were",
        "in force: '1 power-off' (host-98 has no power)",
    ]
    vms: dict[str, list[str]] = {"a": [], "b": ["host-99", "host-100"], **{f"x{n}": [] for n in range(9)}}
    (_, line, faults) = told(vms=vms, active={}).state()
    assert line.startswith("VMs:      a runs nowhere, b on host-99 and host-100, x0 runs nowhere")
    assert line.endswith("5 others elsewhere or nowhere") and faults == "in force: no fault"
    many: dict[str, Fault] = {f"{n} cut-pair": CutPair(a="host-98", b="host-99") for n in range(20)}
    assert max(map(len, told(active=many).state())) == LINE_MAX


def test_a_story_begins_with_the_first_fault_and_leaves_causes_out_first() -> None:
    begun = at(0, "fault", "herzschlag", phase="begin", about="power-off host=host-98")
    records = [
        at(-19, "role", "host-98", **{"from": "election", "to": "slave"}),
        begun,
        at(3, "liveness", phase="watching", host="host-98"),
        at(10, "slot", datastore="vmfs-1"),
        at(18, "host-state", host="host-98", to="hostDown", because="no heartbeat"),
        at(18, "host-state", "vcenter", host="host-98", to="hostDown"),
        at(19, "vm", "host-100", vm="a", **{"from": "off", "to": "on"}),
    ]
    assert told().story(records, 9) == [
        "  T+0.00 s  fault begins: power-off host=host-98",
        "  T+3.00 s  host-99 watches for signs of life of host-98",
        " T+18.00 s  host-99 sees host-98 as failed — no heartbeat",
        " T+18.00 s  vCenter shows host-98 as failed",
        " T+19.00 s  a runs on host-100",
    ]
    short = [line.split("  ")[-1] for line in told().story(records, 3)]
    assert short[0].startswith("fault begins") and "failed" in short[1] and short[2].startswith("a runs")
    assert told(first_ns=None).story(records, 3) == ["nothing was broken"]


def test_a_story_of_many_changes_keeps_its_beginning_and_its_end() -> None:
    records = [at(n, "role", "host-98", **{"from": "slave", "to": "election"}) for n in range(50)]
    story = told().story(records, 7)
    assert len(story) == 7 and "T+0.00 s" in story[0] and "T+49.00 s" in story[-1]
    assert story[3].split() == ["…", "44", "more,", "which", "the", "report", "has"]


def test_a_notebook_gets_a_table_in_which_nothing_is_markup() -> None:
    table = told(active={"<b>": PowerOff(host="host-98")}).table()
    assert table.count("<tr>") == 4 and "<td>hostDown</td>" in table and "T+20.0 s" in table
    assert "&lt;b&gt;: host-98 has no power" in table and "<b>" not in table
