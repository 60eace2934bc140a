"""Which VMs are to run at the end: those that their users wanted on, as far as vCenter could learn it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import History
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import play

EXPLORED = Path(__file__).parents[5] / "tests/simulation/explored"


@pytest.mark.parametrize(
    ("on_at_s", "verdict"), [(24.0, "violated"), (39.6, "holds"), (41.0, "holds"), (44.0, "violated")]
)
def test_a_vm_must_run_if_vcenter_lived_to_give_its_users_order(on_at_s: float, verdict: str) -> None:
    """vCenter is down from 40 s to 42 s, and the VM, off since 14 s, never starts again."""
    found = load(str(EXPLORED / "switched-on-while-vcenter-is-down.toml"))
    off, down, on = found.steps
    steps = (off, msgspec.structs.replace(down, at_s=40.0), msgspec.structs.replace(on, at_s=on_at_s))
    scenario = msgspec.structs.replace(found, steps=steps)
    history = play(scenario)
    (stopped,) = history.where("vm", vm="vm-98-1", to="off")
    kept = [r for r in history.records if r.seq <= stopped.seq or r.kind != "vm"]
    assert CHECKERS["vms-run"].judge(History.ordered(kept), scenario).verdict == verdict


def test_a_vm_whose_user_could_not_switch_it_off_must_run() -> None:
    found = load(str(EXPLORED / "switched-on-while-vcenter-is-down.toml"))
    _, down, wish = found.steps
    off = msgspec.structs.replace(wish, fault=msgspec.structs.replace(wish.fault, on=False))
    scenario = msgspec.structs.replace(found, steps=(down, off))
    history = play(scenario)
    assert CHECKERS["vms-run"].judge(history, scenario).verdict == "holds"
    never = [r for r in history.records if r.kind != "vm" or r.get("vm") != "vm-98-1"]
    assert CHECKERS["vms-run"].judge(History.ordered(never), scenario).verdict == "violated"


@pytest.mark.parametrize(("on_at_s", "verdict"), [(30.0, "holds"), (230.0, "violated")])
def test_a_vm_need_not_run_whose_host_did_not_reach_its_files_when_its_user_switched_it_on(
    on_at_s: float, verdict: str
) -> None:
    """Storage is lost from 10 s to 210 s; each power-on fails, at 230 s without a reason."""
    found = load(str(EXPLORED / "switched-on-without-storage.toml"))
    lost, off, on = found.steps
    scenario = msgspec.structs.replace(found, steps=(lost, off, msgspec.structs.replace(on, at_s=on_at_s)))
    history = play(scenario)
    (starts,) = history.where("vm", vm="vm-98-1", to="starting")[1:]
    kept = [r for r in history.records if r.seq <= starts.seq or r.kind != "vm" or r.get("vm") != "vm-98-1"]
    failed = msgspec.structs.replace(starts, fields={**starts.fields, "from": "starting", "to": "off"})
    kept.insert(kept.index(starts) + 1, failed)
    assert CHECKERS["vms-run"].judge(History.ordered(kept), scenario).verdict == verdict
