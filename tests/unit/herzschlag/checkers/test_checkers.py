"""The checkers: each sees what is wrong, and none says `holds` without evidence.

Healthy histories come from the simulation; each test breaks one thing in them, as a broken agent would, and asks
whether the right checker notices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from herzschlag.checkers import CHECKERS, FOREIGN_CHECKERS, NAMES, check_all
from herzschlag.checkers.verdict import Finding
from herzschlag.history.records import SECOND, History, Record, read_history, record
from herzschlag.running.run_file import HISTORY_FILE
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.expectations import CHECKER_NAMES, FOREIGN_CHECKER_NAMES, Allow
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Scenario


@cache
def healthy(name: str) -> History:
    with TemporaryDirectory() as folder:
        request = RunRequest(scenario=load(name), backend="simulation", speed=1.0, seed=0, directory=Path(folder))
        assert run(request).verdict == "holds"
        return read_history(Path(folder) / HISTORY_FILE)


def judge(checker: str, history: History, scenario: Scenario | str) -> Finding:
    return CHECKERS[checker].judge(history, load(scenario) if isinstance(scenario, str) else scenario)


def changed(history: History, which: Callable[[Record], bool], **fields: object) -> History:
    """The history with these fields of these records overwritten; `at_ns` moves a record."""

    def change(item: Record) -> Record:
        if not which(item):
            return item
        values = {**item.fields, **{k: v for k, v in fields.items() if k != "at_ns"}}
        return Record(int(str(fields.get("at_ns", item.at_ns))), item.seq, item.node, item.kind, values)

    return History.ordered(change(item) for item in history)


def with_more(history: History, *more: Record) -> History:
    """More records, before the end."""
    return History.ordered([*history.records[:-1], *more, history.records[-1]])


def fault_ns(history: History) -> int:
    return history.where("fault", phase="begin")[0].at_ns


def test_a_scenario_may_allow_exactly_the_checkers_there_are() -> None:
    """Scenarios are read below the checkers, so the names are written there again."""
    assert (NAMES, tuple(FOREIGN_CHECKERS)) == (CHECKER_NAMES, FOREIGN_CHECKER_NAMES)


def test_an_instant_counts_from_any_moment_of_a_fault_that_took_a_while() -> None:
    """Its record says when all of it was in force; the host that is asked about may have been the first to die. Only
    where no last heartbeat is known: it came at one moment."""
    known = healthy("slave-failure")
    history = known.without(lambda r: r.kind == "last-heartbeat")
    dead = history.where("host-state", to="hostDown", node="host-99")[0]
    early = changed(history, lambda r: r.seq == dead.seq, at_ns=dead.at_ns - 300_000_000)
    assert judge("timeline", early, "slave-failure").verdict == "violated"
    since_ns = fault_ns(history)
    for took_ns, verdict in ((100_000_000, "violated"), (200_000_000, "holds")):
        took = changed(early, lambda r: r.kind == "fault", asked_ns=since_ns - took_ns)
        assert judge("timeline", took, "slave-failure").verdict == verdict
    late = changed(history, lambda r: r.seq == dead.seq, at_ns=dead.at_ns + 300_000_000)
    for took_ns, verdict in ((100_000_000, "violated"), (200_000_000, "holds")):
        took = changed(late, lambda r: r.kind == "fault", took_ns=took_ns)
        assert judge("timeline", took, "slave-failure").verdict == verdict
    late = changed(
        known, lambda r: r.kind == "host-state" and r.get("to") == "hostDown", at_ns=dead.at_ns + SECOND // 3
    )
    took = changed(late, lambda r: r.kind == "fault", took_ns=SECOND)
    assert judge("timeline", took, "slave-failure").verdict == "violated"


def test_a_late_instant_is_violated_with_its_records() -> None:
    history = healthy("slave-failure")
    dead = history.where("host-state", to="hostDown", node="host-99")[0]
    late = changed(history, lambda r: r.kind == "host-state" and r.get("to") == "hostDown", at_ns=dead.at_ns + SECOND)
    found = judge("timeline", late, "slave-failure")
    assert found.verdict == "violated"
    (bad,) = [d for d in found.details if d.verdict == "violated"]
    assert (bad.name, round(bad.deviation_s or 0, 2)) == ("slave declared dead", 1.0)
    assert [late[seq].kind for seq in bad.evidence] == ["fault", "host-state", "last-heartbeat"]


def test_speed_gives_room_in_protocol_time_on_real_packets_alone() -> None:
    history = healthy("slave-failure")
    dead = history.where("host-state", to="hostDown", node="host-99")[0]
    late = changed(
        history, lambda r: r.kind == "host-state" and r.get("to") == "hostDown", at_ns=dead.at_ns + SECOND // 3
    )
    assert judge("timeline", late, "slave-failure").verdict == "violated"
    real = changed(late, lambda r: r.kind == "run", backend="mininet", speed=10.0)
    assert judge("timeline", real, "slave-failure").verdict == "holds"


def test_an_instant_that_never_came_is_violated_only_if_there_was_time() -> None:
    history = healthy("slave-failure").without(lambda r: r.kind == "liveness" and r.get("phase") == "watching")
    assert judge("timeline", history, "slave-failure").verdict == "violated"
    cut = History.ordered(r for r in history if r.at_ns < fault_ns(history) + 5 * SECOND)
    found = {d.name: d.verdict for d in judge("timeline", cut, "slave-failure").details}
    assert found["slave declared dead"] == "unknown"


def test_what_must_never_happen_is_found() -> None:
    history = healthy("normal")
    ready = history.of_kind("ready")[0].at_ns
    doubt = record(ready + SECOND, "host-99", "liveness", {"host": "host-98", "phase": "watching", "because": "x"})
    found = judge("expectations", with_more(history, doubt), "normal")
    assert found.verdict == "violated"
    assert "no doubt about any host" in found.because


def test_states_at_the_end_are_compared() -> None:
    history = healthy("slave-failure")
    moved = changed(history, lambda r: r.kind == "vm" and r.at_ns > fault_ns(history), vm="other")
    assert judge("expectations", moved, "slave-failure").verdict == "violated"
    seen = changed(history, lambda r: r.kind == "host-state" and r.node == "vcenter", to="election")
    assert "vCenter shows" in judge("expectations", seen, "slave-failure").because


@pytest.mark.parametrize("count", [0, 1, 13])
def test_a_disk_that_holds_less_than_its_vm_wrote_shows_nothing(count: int) -> None:
    """It was emptied or replaced while the VM ran: a second writer's records would be gone as well."""
    history = healthy("normal")
    (disk,) = history.where("disk", vm="vm-98-1")
    assert disk.fields["count"] > 40
    thin = changed(history, lambda r: r.seq == disk.seq, count=count, first_ns=disk.fields["last_ns"] - count * SECOND)
    found = judge("one-writer", thin, "normal")
    assert found.verdict == "unknown"
    assert f"only {count} of its writes were found" in found.because


def test_a_disk_whose_beginning_is_gone_shows_nothing() -> None:
    history = healthy("normal")
    (disk,) = history.where("disk", vm="vm-98-1")
    late = changed(history, lambda r: r.seq == disk.seq, first_ns=disk.fields["first_ns"] + 11 * SECOND)
    found = judge("one-writer", late, "normal")
    assert (found.verdict, "its first writes were not found" in found.because) == ("unknown", True)


def test_two_writers_of_one_disk_are_found() -> None:
    history = healthy("slave-failure")
    stretches = history.where("disk", vm="vm-98-1")
    assert len(stretches) == 2, "it ran on two hosts, one after the other"
    late = changed(
        history,
        lambda r: r.kind == "disk" and r.fields["vm"] == "vm-98-1" and r.fields["host"] == "host-98",
        last_ns=stretches[1].fields["first_ns"] + SECOND,
    )
    found = judge("one-writer", late, "slave-failure")
    assert found.verdict == "violated"
    assert "both wrote" in found.because


def test_writers_that_take_turns_are_two_writers_as_well() -> None:
    disk = {"vm": "vm-98-1", "boot": 1, "life": 1, "count": 1, "torn": 0}
    turns = [
        record(0, "host-98", "disk", disk | {"host": host, "first_ns": at * SECOND, "last_ns": at * SECOND})
        for at, host in ((1, "host-98"), (2, "host-99"), (3, "host-98"))
    ]
    history = with_more(healthy("normal").without(lambda r: r.kind == "disk" and r.fields["vm"] == "vm-98-1"), *turns)
    assert judge("one-writer", history, "normal").verdict == "violated"


def test_a_second_start_beside_the_first_is_found() -> None:
    history = healthy("normal")
    start = {"vm": "vm-98-1", "from": "off", "to": "on", "because": "x"}
    twice = with_more(history, record(history.end_ns - SECOND, "host-100", "vm", start))
    assert judge("started-twice", twice, "normal").verdict == "violated"
    assert judge("vms-run", twice, "normal").verdict == "violated"


def test_a_stopped_vm_on_a_healthy_host_is_found() -> None:
    history = healthy("slave-failure")
    stop = {"vm": "vm-99-1", "from": "on", "to": "off", "because": "x"}
    stopped = with_more(history, record(history.end_ns - SECOND, "host-99", "vm", stop))
    assert judge("untouched", stopped, "slave-failure").verdict == "violated"
    assert judge("vms-run", stopped, "slave-failure").verdict == "violated"


def test_a_lock_held_by_two_is_found_but_not_one_left_by_the_dead() -> None:
    history = healthy("slave-failure")
    own = [r for r in history.of_kind("lock") if "vm-98-1" in r.fields["path"] and r.fields["to"] == "held"]
    assert {r.node for r in own} == {"host-98", own[-1].node}
    early = changed(history, lambda r: r.seq == own[-1].seq, at_ns=fault_ns(history) - SECOND)
    assert judge("lock-holders", early, "slave-failure").verdict == "violated"


def test_a_lock_is_free_when_it_is_given_up_not_when_its_holder_hears_of_it() -> None:
    """On real packets the next holder may have it a tenth of a millisecond before the first is told."""
    lock = {"datastore": "vmfs-1", "path": "vm-100-1/vm-100-1.vmx"}
    taken = record(5_000, "host-98", "lock", {**lock, "from": "free", "to": "held", "owner": "host-98"})
    freed = {**lock, "from": "held", "to": "free", "owner": "host-100", "because": "released"}
    history = healthy("normal")
    begun_ns = next(r for r in history.where("lock", node="host-100", to="held", **lock)).at_ns

    def told(**more: int) -> History:
        at_ns = begun_ns + 60 * SECOND
        late = record(at_ns + 100_000, "host-100", "lock", {**freed, **more})
        return with_more(history, msgspec.structs.replace(taken, at_ns=at_ns), late)

    assert judge("lock-holders", told(), "normal").verdict == "violated"
    assert judge("lock-holders", told(given_up_ago_ns=100_001), "normal").verdict == "holds"


def test_a_restart_of_a_running_vm_is_found() -> None:
    history = healthy("normal")
    order = {"vm": "vm-98-1", "attempt": 1, "target": "host-100", "phase": "ordered", "because": "x"}
    bad = with_more(history, record(history.end_ns - SECOND, "host-99", "restart", order))
    found = judge("restart-justified", bad, "normal")
    assert found.verdict == "violated"
    assert "host-98" in found.because


def test_isolation_while_the_gateway_answers_is_found() -> None:
    history = healthy("isolation")
    kept = changed(
        history,
        lambda r: r.kind == "fault",
        value={"fault": "isolate", "host": "host-98", "networks": "all", "manner": "silent", "keep": ["gateway"]},
    )
    assert judge("isolation-justified", kept, "isolation").verdict == "violated"


def test_two_masters_in_one_group_are_found() -> None:
    history = healthy("normal")
    claim = {"from": "slave", "to": "master", "because": "x", "master": "host-100"}
    two = with_more(history, record(history.end_ns - 5 * SECOND, "host-100", "role", claim))
    assert judge("one-master", two, "normal").verdict == "violated"


def test_the_wrong_winner_is_found() -> None:
    history = healthy("master-failure")
    swap = {"host-98": "host-100", "host-100": "host-98"}
    after = fault_ns(history)
    wrong = History.ordered(
        Record(r.at_ns, r.seq, swap.get(r.node, r.node), r.kind, r.fields)
        if r.kind == "role" and r.at_ns > after
        else r
        for r in history
    )
    found = judge("right-master", wrong, "master-failure")
    assert found.verdict == "violated"
    assert "host-98 stood and is better" in found.because


def test_a_belief_that_outlives_the_truth_is_found() -> None:
    history = healthy("isolation")
    never = history.without(
        lambda r: r.kind == "host-state" and r.get("host") == "host-98" and r.at_ns > fault_ns(history)
    )
    assert judge("belief", never, "isolation").verdict == "violated"


def test_a_fault_that_bit_nothing_is_unknown() -> None:
    history = healthy("isolation")
    assert (
        judge("fault-in-effect", changed(history, lambda r: r.kind == "counters", dropped=0), "isolation").verdict
        == "unknown"
    )
    assert judge("fault-in-effect", history.without(lambda r: r.kind == "fault"), "isolation").verdict == "unknown"


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"sent": 0}, "no packet met the bad lines"),
        ({"lost": 0}, "0.0% of 288 packets were lost, 50.0% were asked for"),
        ({"delay_mean_ns": SECOND}, "1000.0 ms on average"),
    ],
)
def test_bad_lines_that_did_something_else_than_asked_for_are_unknown(counts: dict[str, int], says: str) -> None:
    history = healthy("lossy-bursts")
    assert judge("fault-in-effect", history, "lossy-bursts").verdict == "holds"
    line = history.where("counters", id="bad lines")[0].get("line")
    found = judge(
        "fault-in-effect", changed(history, lambda r: r.kind == "counters", line={**line, **counts}), "lossy-bursts"
    )
    assert found.verdict == "unknown" and says in found.details[0].because


def test_late_timers_make_a_real_run_unknown() -> None:
    real = changed(healthy("normal"), lambda r: r.kind == "run", backend="mininet", speed=10.0)
    assert judge("lateness", real, "normal").verdict == "unknown"
    said = [record(1, host, "lateness", {"max_ns": 10_000_000}) for host in ("host-98", "host-99", "host-100")]
    assert judge("lateness", with_more(real, *said), "normal").verdict == "holds"
    late = record(2, "host-99", "lateness", {"max_ns": 60_000_000})
    assert judge("lateness", with_more(real, *said, late), "normal").verdict == "unknown"


def test_packets_that_the_relay_held_back_for_too_long_make_a_real_run_unknown() -> None:
    """They look like packets of a slower line, and an election that comes late for them is the machine's doing."""
    real = changed(healthy("lossy-bursts"), lambda r: r.kind == "run", backend="mininet", speed=10.0)
    said = [
        record(1, host, "lateness", {"max_ns": 10_000_000}) for host in load("lossy-bursts").cluster.topology().moids
    ]
    (line,) = [r.get("line") for r in real.where("counters", id="bad lines")]
    for late_s, verdict in ((0.49, "holds"), (0.51, "unknown")):
        counts = {**line, "late_max_ns": round(late_s * SECOND)}
        late = changed(with_more(real, *said), lambda r: r.kind == "counters", line=counts)
        assert judge("lateness", late, "lossy-bursts").verdict == verdict


def test_dead_machinery_is_unknown() -> None:
    dead = record(1, "herzschlag", "machinery", {"what": "the controller", "because": "signal 9"})
    assert judge("machinery", with_more(healthy("normal"), dead), "normal").verdict == "unknown"


def test_an_empty_history_holds_nothing() -> None:
    findings = check_all(History(), load("isolation"))
    assert "holds" not in {f.verdict for f in findings}


def test_a_checker_that_crashes_is_unknown() -> None:
    history = changed(healthy("isolation"), lambda r: r.kind == "fault", value={"fault": "no such"})
    findings = {f.checker: f for f in check_all(history, load("isolation"))}
    assert findings["untouched"].verdict == "unknown"
    assert "the checker itself failed" in findings["untouched"].because


def test_what_the_documentation_foresees_is_allowed_and_may_be_demanded() -> None:
    scenario = load("normal")
    start = {"vm": "vm-98-1", "from": "off", "to": "on", "because": "x"}
    history = healthy("normal")
    twice = with_more(history, record(history.end_ns - SECOND, "host-100", "vm", start))

    def verdict(of: History, allow: Allow) -> str:
        expect = msgspec.structs.replace(scenario.expect, allow=(allow,))
        found = check_all(of, msgspec.structs.replace(scenario, expect=expect))
        return next(f.verdict for f in found if f.checker == "started-twice")

    assert verdict(twice, Allow(checker="started-twice", because="double run")) == "holds"
    assert verdict(history, Allow(checker="started-twice", because="double run")) == "holds"
    assert verdict(history, Allow(checker="started-twice", because="double run", must=True)) == "violated"


def test_an_overloaded_machine_makes_no_violation() -> None:
    """A late timer makes false failovers: that is the machine's doing, so the run is unknown and not violated."""
    history = changed(healthy("slave-failure"), lambda r: r.kind == "run", backend="mininet", speed=10.0)
    hosts = ("host-98", "host-99", "host-100")
    said = [record(1, host, "lateness", {"max_ns": 10_000_000}) for host in hosts]
    dead = history.where("host-state", to="hostDown", node="host-99")[0]
    wrong = changed(history, lambda r: r.kind == "host-state" and r.get("to") == "hostDown", at_ns=dead.at_ns + SECOND)
    findings = {f.checker: f.verdict for f in check_all(with_more(wrong, *said), load("slave-failure"))}
    assert findings["timeline"] == "violated"
    late = record(2, "host-99", "lateness", {"max_ns": 60_000_000})
    findings = {f.checker: f.verdict for f in check_all(with_more(wrong, *said, late), load("slave-failure"))}
    assert findings["timeline"] == findings["lateness"] == "unknown"
    assert "violated" not in findings.values()


def test_an_instant_that_is_off_by_as_much_as_the_machine_was_late_is_unknown() -> None:
    """Two timers in sequence, each barely in time, are not in time together."""
    history = changed(healthy("slave-failure"), lambda r: r.kind == "run", backend="mininet", speed=10.0)
    dead = history.where("host-state", to="hostDown", node="host-99")[0]
    off_ns = 550 * SECOND // 1000  # 0.5 s are allowed at speed 10
    wrong = changed(history, lambda r: r.kind == "host-state" and r.get("to") == "hostDown", at_ns=dead.at_ns + off_ns)

    def verdict(late_ms: int) -> str:
        said = record(1, "host-99", "lateness", {"max_ns": late_ms * 1_000_000})
        return judge("timeline", with_more(wrong, said), "slave-failure").verdict

    assert verdict(late_ms=4) == "violated"
    assert verdict(late_ms=6) == "unknown"


def test_a_fault_that_came_late_is_unknown() -> None:
    history = changed(healthy("slave-failure"), lambda r: r.kind == "run", backend="mininet", speed=10.0)
    said = [record(1, host, "lateness", {"max_ns": 1}) for host in ("host-98", "host-99", "host-100")]
    assert judge("lateness", with_more(history, *said), "slave-failure").verdict == "holds"
    planned_ns = fault_ns(history) - 600_000_000
    late = changed(with_more(history, *said), lambda r: r.kind == "fault", planned_ns=planned_ns)
    assert judge("lateness", late, "slave-failure").verdict == "unknown"
    slow = changed(with_more(history, *said), lambda r: r.kind == "fault", took_ns=60_000_000)
    assert judge("lateness", slow, "slave-failure").verdict == "unknown", "60 ms are 0.6 s of protocol time"


def test_what_happens_while_a_fault_is_being_undone_is_not_held_against_the_time_before() -> None:
    """On real packets an isolated host hears the first packet before the last link is back."""
    history = healthy("case-41@cut")
    (end,) = history.where("fault", id="cut", phase="end")
    early = changed(history, lambda r: r.seq == end.seq, at_ns=end.at_ns + SECOND // 10, asked_ns=end.at_ns)
    hears = changed(early, lambda r: r.kind == "role" and r.at_ns > end.at_ns, at_ns=end.at_ns + SECOND // 20)
    assert judge("one-master", hears, "case-41@cut").verdict == "holds"
    blind = changed(hears, lambda r: r.kind == "fault" and r.get("phase") == "end", asked_ns=end.at_ns + SECOND // 10)
    assert judge("one-master", blind, "case-41@cut").verdict == "violated", "no fault was being undone then"
