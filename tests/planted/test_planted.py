"""Agents broken on purpose: each is caught by the checker whose rule it breaks, and the healthy one by none."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from herzschlag.checkers import NAMES, check_all
from tests.planted import FAULTS
from tests.planted.plant import OWN_SCENARIOS, Planted, findings_of, in_place, play, scenario_of, sees

ROOT = Path(__file__).parents[2]

VALUES = (
    "records/*",
    "protocol/actions",
    "protocol/events",
    "protocol/messages",
    "hypervisor/api",
    "settings",
    "states",
    "datastore/requests",
)
BYTES = ("protocol/codec", "protocol/format", "datastore/layout", "datastore/disk_evidence")
"""The formats on the wire and on disk: tests of their own cover broken bytes."""
OUTSIDE = ("processes/*", "__*", "core", "datastore/memory_store")

UNTOUCHED_BY_PLANTED = frozenset({"lateness", "machinery", "fault-in-effect", "untouched", "started-twice"})
"""The first three judge the run and not the agent; the last two are seen to fail in tests/unit, on edited histories."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_planted_fault_is_caught(fault: Planted) -> None:
    found = findings_of(fault)
    said = "\n".join(f"  {f.checker}: {f.verdict}: {f.because}" for f in found if not f.fine) or "  nothing"
    assert any(sees(fault, f) for f in found), (
        f"{fault.place} {fault.broken}; in {fault.scenario} {fault.checker} should say {fault.says!r}. Said was\n{said}"
    )


@pytest.mark.parametrize("scenario", sorted({fault.scenario for fault in FAULTS}))
def test_the_healthy_agent_is_caught_by_no_checker(scenario: str) -> None:
    found = check_all(play(scenario_of(scenario)), scenario_of(scenario))
    assert [f"{f.checker}: {f.because}" for f in found if not f.fine] == []


def test_every_part_of_the_cores_is_broken_somewhere() -> None:
    """A part without a planted fault is a part whose bugs were never shown to be visible: plant one, or say why not
    here."""
    agents = ROOT / "agents"
    files = {path.relative_to(agents).with_suffix("") for path in agents.rglob("*.py")}
    cores = {str(f) for f in files if not any(f.match(no) for no in (*VALUES, *BYTES, *OUTSIDE))}
    assert {fault.core for fault in FAULTS} == cores


def test_every_checker_is_seen_to_fail() -> None:
    assert {fault.checker for fault in FAULTS} | UNTOUCHED_BY_PLANTED == set(NAMES)


def test_names_are_unique_and_own_scenarios_in_use() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert {path.stem for path in OWN_SCENARIOS.glob("*.toml")} <= {fault.scenario for fault in FAULTS}


def test_the_cores_are_whole_again_after_a_planted_fault() -> None:
    """Otherwise one planted fault would be caught in the place of the next."""

    @cache
    def healthy() -> object:
        return play(scenario_of("master-failure")).records

    before = healthy()
    fault = next(fault for fault in FAULTS if fault.scenario == "master-failure")
    with in_place(fault):
        broken = play(scenario_of("master-failure")).records
    assert broken != before
    assert play(scenario_of("master-failure")).records == before


def test_no_module_is_loaded_while_another_is_broken() -> None:
    """It would keep the broken function that it imports, for every run of its process; a new one has none loaded."""
    program = (
        "import sys; from tests.planted import FAULTS, plant\n"
        "with plant.in_place(FAULTS[0]): before = {*sys.modules}; plant.play(plant.scenario_of(FAULTS[0].scenario))\n"
        "sys.exit(str([name for name in {*sys.modules} - before if name.startswith('herzschlag.agents')]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == "[]\n"
