"""What a run of another system's scenario says of itself, as it is kept."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.systems.cells import Case, Try, digest
from bench.systems.kept import Measured
from bench.systems.play import judged, machine_beside
from herzschlag.checkers.verdict import Detail, Finding
from herzschlag.running.run_file import RunReport
from herzschlag.scenarios.from_toml import load

TRY = Try(Case("a-one", "a", "1", 20.0), "user", 4)
LATE = Finding(
    checker="lateness",
    verdict="holds",
    because="no timer late",
    details=(
        Detail(name="host-98", verdict="holds", because="", measured_s=0.012),
        Detail(name="host-99", verdict="holds", because="", measured_s=0.034),
    ),
)
REPORT = RunReport(scenario="a-one", verdict="holds", because="all hold", findings=(LATE,))


def test_a_run_that_holds_has_its_largest_lateness() -> None:
    found = judged(TRY, REPORT)
    assert (found.cell, found.number, found.digest) == (("a-one", "user"), 4, "1")
    assert (found.verdict, found.late_ms, found.left_out, found.because) == ("holds", 34.0, "", "")


def test_a_run_is_of_the_scenario_as_it_was_when_it_ran() -> None:
    one = load("keepalived-split")
    ran = msgspec.structs.replace(REPORT, scenario=one.name, scenario_text=one.text)
    assert judged(TRY, ran).digest == digest(one)


def test_violated_is_violated_and_whatever_else_does_not_hold_is_left_out() -> None:
    violated = judged(TRY, msgspec.structs.replace(REPORT, verdict="violated", because="one-master: two"))
    assert (violated.because, violated.left_out, violated.wrong) == ("one-master: two", "", True)
    for status in ("finished", "failed", "unavailable"):
        late = msgspec.structs.replace(REPORT, verdict="unknown", because="a timer was late", status=status)
        assert (judged(TRY, late).left_out, judged(TRY, late).wrong) == ("a timer was late", False)
    assert judged(TRY, RunReport(scenario="a-one", status="interrupted")).left_out == "interrupted"


def test_instants_are_kept_with_what_is_documented() -> None:
    one = Detail(name="x leads", verdict="holds", because="", published_s=(2.0, 2.4), measured_s=2.28111, source="RFC")
    own = msgspec.structs.replace(one, name="back", source="own")
    never = msgspec.structs.replace(one, name="never", measured_s=None)
    times = Finding(checker="timeline", verdict="holds", because="", details=(one, own, never))
    found = judged(TRY, msgspec.structs.replace(REPORT, findings=(LATE, times)))
    assert found.instants == (Measured("x leads", 2.0, 2.4, 2.281), Measured("back", 2.0, 2.4, 2.281, own=True))


def test_a_checkout_in_a_folder_that_is_looked_at_is_no_part_of_the_machine() -> None:
    found = {"/home/a/ours/docs/kept.json": "1", "/home/a/ours-too": "2", "mounts": "3", "/etc/hosts": "4"}
    assert machine_beside(found, Path("/home/a/ours")).keys() == {"/home/a/ours-too", "mounts", "/etc/hosts"}
