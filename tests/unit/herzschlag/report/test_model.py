"""The model of a report, which must follow the records: intervals of roles, VMs, locks, opinions."""

from __future__ import annotations

from pathlib import Path

from herzschlag.report.belief import judge
from herzschlag.report.figures import figures
from herzschlag.report.gaps import gaps_s, histogram
from herzschlag.report.lanes import TICKS_MAX, hosts_figure, network_figure
from herzschlag.report.model import Stretch
from herzschlag.report.picture import picture
from herzschlag.report.sequence import LINES_MAX, diagrams
from herzschlag.report.traffic import Traffic
from tests.support.reports import beat, model, power_off

ROLE = {"from": "election", "master": "host-98", "because": "won"}
END = (100.0, "herzschlag", "end", {"because": "played"})


def spans(stretches: tuple[Stretch, ...]) -> list[tuple[str, float, float]]:
    return [(s.state, s.begin_ns / 1e9, s.end_ns / 1e9) for s in stretches]


def test_a_host_without_power_has_no_role_and_its_vms_end(tmp_path: Path) -> None:
    """Otherwise a dead master is drawn as leading on, and its VMs as running in two places."""
    made = model(
        tmp_path,
        (5.0, "host-98", "role", {**ROLE, "to": "master"}),
        (6.0, "host-98", "vm", {"vm": "vm-1", "from": "starting", "to": "on", "because": "asked"}),
        power_off(20.0, "host-98"),
        (50.0, "host-99", "vm", {"vm": "vm-1", "from": "starting", "to": "on", "because": "restarted"}),
        END,
    )
    assert spans(made.roles["host-98"]) == [("uninitialized", 0, 5), ("master", 5, 20), ("off", 20, 100)]
    assert [(s.who, s.begin_ns / 1e9, s.end_ns / 1e9) for s in made.vms["vm-1"]] == [
        ("host-98", 6, 20),
        ("host-99", 50, 100),
    ]
    assert made.masters_at(round(10e9)) == ("host-98",)
    assert made.masters_at(round(30e9)) == ()


def test_a_lock_of_a_dead_host_is_left_behind_until_another_holds_it(tmp_path: Path) -> None:
    lock = {"datastore": "vmfs-1", "path": "vm-1/vm-1.vmx", "from": "free", "to": "held", "because": "free"}
    made = model(
        tmp_path, (5.0, "host-98", "lock", lock), power_off(20.0, "host-98"), (40.0, "host-99", "lock", lock), END
    )
    held = made.locks["vmfs-1", "vm-1/vm-1.vmx"]
    assert [(s.state, s.who) for s in held] == [("held", "host-98"), ("left", "host-98"), ("held", "host-99")]


def test_a_vm_is_followed_from_host_to_host(tmp_path: Path) -> None:
    on = {"vm": "vm-1", "from": "starting", "to": "on", "because": "asked"}
    made = model(tmp_path, (5.0, "host-98", "vm", on), power_off(20.0, "host-98"), (40.0, "host-99", "vm", on), END)
    figure = hosts_figure(made)
    (moves,) = [layer for layer in figure.layers if layer.kind == "moves"]
    (begin_row, begin_s, end_row, end_s) = moves.items[0]
    assert (begin_s, end_s) == (0, 20)  # after the first fault
    assert [figure.rows[int(str(row))].group for row in (begin_row, end_row)] == ["host-98", "host-99"]


def test_an_opinion_is_late_and_then_wrong_when_it_does_not_follow_what_is_so(tmp_path: Path) -> None:
    """A master that takes a dead host for connected has time to find out, and then has none left."""
    made = model(
        tmp_path,
        (5.0, "host-99", "role", {**ROLE, "to": "master", "master": "host-99"}),
        (6.0, "host-98", "role", {"from": "election", "to": "slave", "master": "host-99", "because": "taken in"}),
        (
            6.0,
            "host-99",
            "host-state",
            {"host": "host-98", "from": "unknown", "to": "connectedToMaster", "because": ""},
        ),
        power_off(20.0, "host-98"),
        END,
    )
    found = [(j.judgement, j.begin_ns / 1e9, j.end_ns / 1e9) for j in judge(made, "host-99")]
    assert found == [("right", 6, 20), ("late", 20, 85), ("wrong", 85, 100)]


def test_without_a_capture_the_figures_say_so(tmp_path: Path) -> None:
    made = model(tmp_path, power_off(20.0, "host-98"), END)
    assert any("no packet capture" in note for note in network_figure(made).notes)
    assert any("no packet capture" in note for note in diagrams(made)[0].notes)
    assert picture(made)["schematic"] is True


def test_lost_heartbeats_are_drawn_as_lost(tmp_path: Path) -> None:
    beats = (beat(1, "host-98", "host-99"), beat(2, "host-98", "host-99"), beat(3, "host-98", "host-99", lost=True))
    made = model(tmp_path, END, traffic=Traffic(datagrams=beats))
    layers = {layer.name: layer.items for layer in network_figure(made).layers}
    assert [item[1] for item in layers["heartbeats on A"]] == [1, 2]
    assert [item[1] for item in layers["sent, never arrived"]] == [3]
    assert [b[1] for b in picture(made)["beats"]] == [1.000001, 2.000001, None] or picture(made)["beats"][2][1] is None


def test_what_goes_to_many_hosts_at_once_is_one_tick(tmp_path: Path) -> None:
    beats = tuple(beat(1 + n / 1000, "host-98", f"host-{99 + n}") for n in range(3))
    made = model(tmp_path, END, traffic=Traffic(datagrams=beats), hosts=4)
    (ticks,) = [layer for layer in network_figure(made).layers if layer.kind == "ticks"]
    assert ticks.items == [[0, 1.0, "3 hosts"]]


def test_long_runs_are_thinned_and_the_figure_says_so(tmp_path: Path) -> None:
    beats = tuple(beat(n / 2, "host-98", "host-99") for n in range(TICKS_MAX * 2))
    made = model(tmp_path, (TICKS_MAX, "herzschlag", "end", {}), traffic=Traffic(datagrams=beats))
    figure = network_figure(made)
    (ticks,) = [layer for layer in figure.layers if layer.kind == "ticks"]
    assert len(ticks.items) == TICKS_MAX
    assert any("Thinned" in note and str(TICKS_MAX * 2) in note for note in figure.notes)


def test_of_many_hosts_those_with_whom_something_happened_are_drawn(tmp_path: Path) -> None:
    made = model(
        tmp_path,
        (1.0, "host-161", "role", {**ROLE, "to": "master", "master": "host-161"}),
        (2.0, "herzschlag", "ready", {}),
        power_off(20.0, "host-120"),
        END,
        hosts=64,
    )
    figure = hosts_figure(made)
    assert [row.label for row in figure.rows] == ["host-120", "host-161"]
    assert any("2 of 64 hosts" in note for note in figure.notes)


def test_gaps_are_counted_per_way_and_network() -> None:
    beats = (
        *(beat(at, "host-98", "host-99") for at in (1, 2, 4)),
        beat(3, "host-98", "host-99", lost=True),
        *(beat(at, "host-98", "host-99", network="B") for at in (1, 2)),
        beat(9, "host-99", "host-98"),
    )
    assert gaps_s(Traffic(datagrams=beats)) == {"A": [1.0, 2.0], "B": [1.0]}
    assert histogram(gaps_s(Traffic(datagrams=beats)))["total"] == 3
    assert histogram({})["total"] == 0


def test_a_cut_is_drawn_at_the_host_that_is_cut_off(tmp_path: Path) -> None:
    """All hosts miss host-98, but the picture must not cross out the links of all."""
    fields = {
        **power_off(20.0, "host-98")[3],
        "fault": "isolate",
        "value": {"fault": "isolate", "host": "host-98", "networks": "A"},
    }
    made = model(tmp_path, (20.0, "herzschlag", "fault", fields), END)
    drawn = picture(made)["segments"][-1]
    assert drawn["links"] == {"A|host-98": "cut"}
    assert [0, 0, 1] in drawn["cuts"]


def test_the_sides_of_a_partition_are_numbered(tmp_path: Path) -> None:
    groups = [["host-98", "host-101"], ["host-99", "host-100"]]
    fields = {
        **power_off(20.0, "host-98")[3],
        "fault": "split",
        "value": {"fault": "split", "groups": groups, "networks": "B"},
    }
    made = model(tmp_path, (20.0, "herzschlag", "fault", fields), END, hosts=4)
    assert picture(made)["segments"][-1]["groups"] == {
        "B|host-98": 1,
        "B|host-101": 1,
        "B|host-99": 2,
        "B|host-100": 2,
    }


def test_a_sequence_diagram_shows_orders_as_arrows_and_thins_itself(tmp_path: Path) -> None:
    restart = {"vm": "vm-1", "phase": "ordered", "attempt": 1, "target": "host-100", "because": "it has room"}
    many = [
        (30 + n, "host-99", "host-state", {"host": "host-98", "from": "x", "to": f"state-{n}", "because": ""})
        for n in range(LINES_MAX + 10)
    ]
    made = model(tmp_path, power_off(20.0, "host-98"), (25.0, "host-99", "restart", restart), *many, END)
    (diagram,) = diagrams(made)
    assert "restart vm-1" in diagram.svg
    assert "q-tip" in diagram.svg
    assert any("Thinned" in note for note in diagram.notes)


def test_an_empty_run_still_gives_figures(tmp_path: Path) -> None:
    assert [figure.id for figure in figures(model(tmp_path, END))] == ["hosts", "network", "storage", "belief"]
