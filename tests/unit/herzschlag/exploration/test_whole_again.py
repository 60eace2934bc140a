"""After the last fault is healed: one master, all others its slaves, every VM once."""

from __future__ import annotations

import msgspec

from herzschlag.exploration.playing import play
from herzschlag.exploration.whole_again import whole_again
from herzschlag.history.records import History
from tests.unit.herzschlag.exploration.test_playing import SCENARIO


def test_a_cluster_that_is_whole_holds() -> None:
    assert whole_again(play(SCENARIO).history, SCENARIO).verdict == "holds"


def test_without_an_end_nothing_is_known() -> None:
    assert whole_again(History(), SCENARIO).verdict == "unknown"


def test_a_fault_that_lasts_leaves_nothing_to_check() -> None:
    lasting = msgspec.structs.replace(
        SCENARIO, steps=tuple(msgspec.structs.replace(step, for_s=None) for step in SCENARIO.steps)
    )
    assert whole_again(play(lasting).history, lasting).verdict == "nothing"


def test_a_vm_that_is_gone_and_a_host_that_does_not_follow_are_told() -> None:
    history = play(SCENARIO).history
    end = history.of_kind("end")[0]
    last_vm = [r for r in history.of_kind("vm") if r.get("vm") == "vm-98-1"][-1]
    gone = History.ordered(
        [
            *(r for r in history if r.kind != "end"),
            msgspec.structs.replace(last_vm, at_ns=end.at_ns, fields={**last_vm.fields, "to": "off"}),
            end,
        ]
    )
    found = whole_again(gone, SCENARIO)
    assert found.verdict == "violated"
    assert "vm-98-1: runs on no host" in found.because
