"""The scenario that `herzschlag init` writes: what a newcomer runs first must hold."""

from pathlib import Path

import pytest

from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import ScenarioError, loads
from herzschlag.scenarios.starter import starter


def test_it_holds_as_it_is(tmp_path: Path) -> None:
    scenario = loads(starter("my-case"), "my-case.toml")
    assert scenario.name == "my-case"
    done = run(RunRequest(scenario=scenario, backend="simulation", speed=1.0, seed=0, directory=tmp_path / "run"))
    assert done.verdict == "holds", done.because
    judged = {detail.name for found in done.findings for detail in found.details}
    assert judged >= {item.name for _, item in scenario.expect.all() if hasattr(item, "name")}


def test_its_expectations_can_fail(tmp_path: Path) -> None:
    """Otherwise it would teach a newcomer that everything holds."""
    text = starter("x")
    wrong = (
        ("[15, 18]", "[5, 6]"),
        ('host-100 = "slave"', 'host-100 = "master"'),
        ("at_s = 5", 'at_s = 5\nmanner = "x"'),
    )
    for old, new in wrong[:2]:
        assert old in text
        scenario = loads(text.replace(old, new), "x.toml")
        where = tmp_path / old.strip("[").replace(" ", "").replace('"', "")
        done = run(RunRequest(scenario=scenario, backend="simulation", speed=1.0, seed=0, directory=where))
        assert done.verdict == "violated"
    with pytest.raises(ScenarioError, match="unknown key"):
        loads(text.replace(*wrong[2]), "x.toml")


@pytest.mark.parametrize("name", ["", ".hidden", 'with "quotes"', "with space", "x" * 300])
def test_a_name_that_no_scenario_may_have_is_refused(name: str) -> None:
    with pytest.raises(ScenarioError):
        starter(name)
