"""An isolated host stops a VM only if a master owns it, as far as that host can know."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import SECOND, History, record
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Scenario
from tests.planted import FAULTS
from tests.planted.plant import judged, play
from tests.support.rules import sees_who_breaks

EXPLORED = Path(__file__).parents[5] / "tests/simulation/explored"
NO_GATE = next(fault for fault in FAULTS if fault.name == "no ownership gate")


@cache
def scenario(freeze_s: float | None) -> Scenario:
    """A host that becomes isolated is frozen from T+41 on (None: it is not), and its response is due at T+70.
    The owner of nfs-1 lost power at T+20; no other host takes its lock until T+80."""
    found = load(str(EXPLORED / "lock-watched-anew-after-a-freeze.toml"))
    *others, freeze = found.steps
    assert freeze.id == "4 freeze"
    last = () if freeze_s is None else (msgspec.structs.replace(freeze, for_s=freeze_s),)
    return msgspec.structs.replace(found, steps=(*others, *last))


def test_it_sees_who_breaks_the_rule() -> None:
    sees_who_breaks("response-owned", "case-11@silent", "no ownership gate", "stopped on")


def test_a_host_that_stood_still_cannot_know_yet_that_the_owner_is_dead() -> None:
    assert judged("response-owned", scenario(10)).verdict == "holds"


@pytest.mark.parametrize("freeze_s", [None, 8])
def test_a_host_that_watched_all_the_while_knows(freeze_s: float | None) -> None:
    """Up to eight seconds, half a lock watch, its watches go on."""
    assert judged("response-owned", scenario(freeze_s)).verdict == "holds"
    found = judged("response-owned", scenario(freeze_s), NO_GATE)
    assert found.verdict == "violated"
    assert "vm-100-3: stopped on host-100" in found.because


def test_a_lock_that_another_host_took_and_released_is_not_the_dead_owners_any_more() -> None:
    history = play(scenario(10))
    stopped = history.where("isolation", phase="response", vm="vm-100-3")[0]
    names = {"datastore": "nfs-1", "path": ".vSphere-HA/lab/protectedlist", "owner": "host-101", "because": "a test"}
    thawed = history.where("fault", phase="end", id="4 freeze")[0].at_ns
    more = [
        record(thawed - 5 * SECOND, "host-101", "lock", {"from": "free", "to": "held", **names}),
        record(thawed - 4 * SECOND, "host-101", "lock", {"from": "held", "to": "free", **names}),
    ]
    edited = History.ordered([*history.records[:-1], *more, history.records[-1]])
    found = CHECKERS["response-owned"].judge(edited, scenario(10))
    assert stopped.at_ns > thawed
    assert found.verdict == "violated"


def _storage_back(loss_s: float) -> Scenario:
    """The storage of a host that becomes isolated is back that long after T+10; its response is due at T+75. The
    owner, which had lost its storage before, lost power at T+35; no other host takes its lock until T+75."""
    found = load(str(EXPLORED / "storage-back-while-isolated.toml"))
    steps = [msgspec.structs.replace(s, for_s=loss_s) if s.id == "2 storage" else s for s in found.steps]
    return msgspec.structs.replace(found, steps=tuple(steps))


def test_a_host_whose_storage_is_just_back_cannot_know_yet_that_the_owner_is_dead() -> None:
    found = judged("response-owned", _storage_back(50), NO_GATE)
    assert found.verdict == "holds" and "1 VM stopped" in found.because


def test_a_host_whose_storage_is_back_for_as_long_as_a_lock_watch_knows() -> None:
    found = judged("response-owned", _storage_back(40), NO_GATE)
    assert found.verdict == "violated"
    assert "vm-100: stopped on host-100" in found.because


@pytest.mark.parametrize(("later_ns", "verdict"), [(0, "holds"), (SECOND, "violated")])
def test_an_answer_of_slow_storage_is_as_old_as_one_operation_takes(later_ns: int, verdict: str) -> None:
    """The host reads the lock, then for seven seconds whether the owner lives, who gives the lock up meanwhile."""
    found = load(str(EXPLORED / "released-behind-slow-storage.toml"))
    history = play(found)
    edited = [
        msgspec.structs.replace(r, at_ns=r.at_ns + later_ns) if r.get("phase") == "response" else r
        for r in history.records
    ]
    ordered = History.ordered(sorted(edited, key=lambda r: r.at_ns))
    assert CHECKERS["response-owned"].judge(ordered, found).verdict == verdict


def test_a_host_with_slow_storage_finds_out_later_that_the_owner_is_dead() -> None:
    """One question takes it two operations, and the next one waits for that."""
    found = load(str(EXPLORED / "owner-dies-behind-slow-storage.toml"))
    history = play(found)
    assert CHECKERS["response-owned"].judge(history, found).verdict == "holds"
    fast = History.ordered([r for r in history if r.kind != "fault" or r.get("id") != "slow"])
    assert CHECKERS["response-owned"].judge(fast, found).verdict == "violated"


@pytest.mark.parametrize(("released", "verdict"), [(False, "holds"), (True, "violated")])
def test_a_lock_whose_owner_died_as_it_took_it_is_held_still(released: bool, verdict: str) -> None:
    found = load(str(EXPLORED / "dies-as-it-takes-the-list.toml"))
    history = play(found)
    (taken,) = history.where(
        "lock", node="host-98", datastore="vmfs-1", path=".vSphere-HA/lab/protectedlist", to="held"
    )
    assert taken.at_ns == history.where("fault", phase="begin", id="3 power-off")[0].at_ns
    free = record(taken.at_ns, "host-98", "lock", {**taken.fields, "from": "held", "to": "free"})
    edited = [*history.records[: taken.seq + 1], *([free] if released else []), *history.records[taken.seq + 1 :]]
    assert CHECKERS["response-owned"].judge(History.ordered(edited), found).verdict == verdict
