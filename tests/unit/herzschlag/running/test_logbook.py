"""The logbook: what was done by hand becomes a scenario that does it again."""

from __future__ import annotations

from herzschlag.faults import CutPair, Isolate, VmCrash
from herzschlag.running.logbook import Logbook
from herzschlag.scenarios.from_toml import loads
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.scenarios.to_toml import as_toml

BASE = Scenario(name="by-hand", title="by hand", cluster=Cluster(vms_per_host=1))
CUT = CutPair(a="host-98", b="host-99")
ISOLATION = Isolate(host="host-100")


def test_names_count_every_fault_also_those_that_brought_a_name() -> None:
    book = Logbook()
    assert [book.name(CUT), book.name(CUT, "mine"), book.name(ISOLATION)] == ["1 cut-pair", "mine", "3 isolate"]


def test_what_was_healed_has_a_length_and_what_is_active_stays() -> None:
    book = Logbook()
    book.begin("first", CUT, 1.01)
    book.begin("second", ISOLATION, 2.01)
    book.end("first", 5.51)
    assert book.active == {"second": ISOLATION}
    assert book.over == (CUT,)
    steps = book.scenario(BASE, now_s=20.0).steps
    assert [(step.id, step.at_s, step.for_s) for step in steps] == [("first", 1.01, 4.5), ("second", 2.01, None)]


def test_what_nothing_heals_is_over_at_once() -> None:
    book = Logbook()
    book.begin("crash", VmCrash(vm="vm-1"), 3.0)
    assert book.active == {}
    assert book.scenario(BASE, now_s=3.5).steps[0].for_s is None


def test_the_scenario_lasts_as_long_as_what_was_done_in_whole_seconds() -> None:
    book = Logbook()
    assert book.scenario(BASE, now_s=0.0).settle_s == 1.0
    book.begin("cut", CUT, 1.0)
    book.end("cut", 4.0)
    assert book.scenario(BASE, now_s=10.2).settle_s == 7.0


def test_the_scenario_can_be_written_and_read_with_what_was_allowed() -> None:
    book = Logbook()
    book.begin("cut", CUT, 1.0)
    book.allow("belief", because="a test of the book")
    scenario = book.scenario(BASE, now_s=3.0)
    again = loads(as_toml(scenario), "by-hand.toml")
    assert (again.steps, again.expect.allow) == (scenario.steps, scenario.expect.allow)
