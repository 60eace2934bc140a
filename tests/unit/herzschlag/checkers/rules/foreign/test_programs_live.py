"""Programs that end: by a fault, or by themselves."""

from herzschlag.faults import CrashAgent
from tests.support.foreign import CORRECT, judged, program


def test_a_program_that_dies_by_itself_is_a_finding_and_not_machinery() -> None:
    found = judged((*CORRECT, program(30, "host-99", "ended")))
    assert found["programs-live"].verdict == "violated"
    assert "daemon on host-99" in found["programs-live"].because
    assert found["machinery"].verdict == "holds"


def test_one_that_a_fault_killed_is_none() -> None:
    fault = CrashAgent(host="host-98", watchdog=False)
    assert judged((*CORRECT, program(19.99, "host-98", "ended")), fault=fault)["programs-live"].verdict == "holds"
    assert judged((*CORRECT, program(20, "host-99", "ended")), fault=fault)["programs-live"].verdict == "violated"


def test_without_a_program_nothing_is_shown() -> None:
    assert judged(tuple(one for one in CORRECT if one[2] != "program"))["programs-live"].verdict == "unknown"


def test_one_whose_work_was_done_may_end() -> None:
    def ended(name: str, because: str) -> str:
        said = (30, "host-98", "program", {"name": name, "to": "ended", "because": because})
        return judged((*CORRECT, said), "etcd")["programs-live"].verdict

    assert ended("lead", "its work was done") == "holds"
    assert ended("lead", "by itself, with status 1") == "violated"
    assert ended("etcd", "its work was done") == "violated"
