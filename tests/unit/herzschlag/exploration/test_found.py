"""What was found, as a scenario and as a test."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec

from herzschlag.exploration import found
from herzschlag.exploration.searching import Violation
from herzschlag.faults import SwitchReboot
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Step
from tests.unit.herzschlag.exploration.test_playing import SCENARIO

VIOLATION = Violation("one-master violated: no host led", SCENARIO, "no host led at T+40")


def test_the_name_says_the_checker_and_the_faults_and_is_new() -> None:
    assert found.named(VIOLATION, frozenset()).name == "one-master-power-off"
    assert found.named(VIOLATION, frozenset({"one-master-power-off"})).name == "one-master-power-off-2"


def test_the_files_are_read_back(tmp_path: Path) -> None:
    files = found.write(found.named(VIOLATION, frozenset()), tmp_path / "found")
    again = load(str(files.scenario))
    assert [step.fault for step in again.steps] == [step.fault for step in SCENARIO.steps]
    assert again.about == "no host led at T+40"
    tree = ast.parse(files.test.read_text())
    assert files.test.name == "test_one_master_power_off.py"
    assert any(isinstance(node, ast.FunctionDef) for node in tree.body)


def test_the_test_sets_off_and_heals_at_the_same_moments() -> None:
    text = found.test_of(SCENARIO)
    assert "    cluster.advance(10)\n    fault_1 = cluster.fault(\"power-off\", host='host-98')\n" in text
    assert "    cluster.advance(40)\n    cluster.heal(fault_1)\n    cluster.advance(100)\n" in text


def test_a_reboot_of_a_switch_is_written_as_its_two_halves() -> None:
    step = Step(at_s=10, fault=SwitchReboot(networks="A", off_s=10, dark_s=30), id="1 switch-reboot")
    text = found.test_of(msgspec.structs.replace(SCENARIO, steps=(step,)))
    assert text.count("cluster.fault(") == text.count("cluster.heal(") == 2


def test_what_is_found_is_written_at_once_and_once(tmp_path: Path) -> None:
    keeper = found.Keeper(tmp_path / "found")
    keeper.keep([VIOLATION])
    assert [path.name for path in (tmp_path / "found").glob("*.toml")] == ["one-master-power-off.toml"]
    other = Violation("one-master violated: two hosts led", SCENARIO, "two hosts led at T+40")
    keeper.keep([VIOLATION, other])
    assert [scenario.name for scenario, _ in keeper.written] == ["one-master-power-off", "one-master-power-off-2"]
    assert load(str(keeper.written[1][1].scenario)).about == "two hosts led at T+40"
