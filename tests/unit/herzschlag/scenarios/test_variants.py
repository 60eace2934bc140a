"""A family of scenarios: one file, several runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.faults.primitives import AnyCondition, Maintenance, Reconfigured
from herzschlag.scenarios.from_toml import ScenarioError, load, load_family, loads, loads_family
from herzschlag.scenarios.options import config_under
from herzschlag.scenarios.plan import make_plan

TEXT = """
name = "glitch"
title = "A cut"
settle_s = 20
[cluster]
vms_per_host = 1
[[steps]]
at_s = 5
for_s = 2
fault = "isolate"
host = "host-98"
[[variants]]
name = "5s"
set = { "steps[0].for_s" = 5 }
[[variants]]
name = "B-9s"
set = { "steps[0].for_s" = 9, "steps[0].networks" = "B", "cluster.options" = { "das.maxvmrestartcount" = 2 } }
"""


def test_each_variant_is_a_scenario_of_its_own() -> None:
    short, long = loads_family(TEXT, "glitch.toml")
    assert [s.name for s in (short, long)] == ["glitch@5s", "glitch@B-9s"]
    assert [s.steps[0].for_s for s in (short, long)] == [5, 9]
    assert long.steps[0].fault.describe() == "isolate host=host-98 networks=B"
    assert long.cluster.options == {"das.maxvmrestartcount": 2}
    assert loads_family(TEXT, "glitch.toml", "5s") == (short,)


def test_a_family_is_found_by_path_and_one_of_it_by_name(tmp_path: Path) -> None:
    path = tmp_path / "glitch.toml"
    path.write_text(TEXT)
    assert len(load_family(str(path))) == 2
    assert load(f"{path}@5s").name == "glitch@5s"
    with pytest.raises(ScenarioError, match="family of 2 scenarios"):
        load(str(path))
    with pytest.raises(ScenarioError, match="'6s' is not one of them: did you mean '5s'"):
        load(f"{path}@6s")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("steps[0].for_s", "steps[3].for_s", r"variants\[0\]\.set: 'steps\[3\]' is not there: the list has 1 items"),
        ("steps[0].for_s", "step[0].for_s", r"'step' is not there: did you mean 'steps'"),
        ("steps[0].for_s", "steps..for_s", r"'steps\.\.for_s' is not a path"),
        ("steps[0].for_s", "steps[0].fors", r"variant 5s: steps\[0\]\.fors: unknown key: did you mean 'for_s'"),
        ("steps[0].for_s", "name.x", r"'name\.x' leads into a plain value"),
        ('"5s"', '"B-9s"', r"variants\[1\]\.name: is 'B-9s'.*each name once"),
        ('"5s"', '"../x"', r"variants\[0\]\.name: is '\.\./x'"),
    ],
)
def test_wrong_variants_are_refused_by_key(old: str, new: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        loads_family(TEXT.replace(old, new, 1), "glitch.toml")


PLAIN = TEXT.partition("[[variants]]")[0]
CHANGE = '[[steps]]\nat_s = 9\nfault = "reconfigure"\n'


def test_options_of_the_cluster_and_of_a_vm_change_while_it_runs() -> None:
    plan = make_plan(loads(PLAIN, "x.toml"))
    conditions: list[AnyCondition] = [
        Reconfigured("host_monitoring", False),
        Reconfigured("vm.vm-98-1.power_on_fails", True),
        Maintenance("host-99"),
    ]
    config = config_under(plan.config, plan.topology, conditions, 7)
    assert (config.generation, config.host_monitoring) == (7, False)
    assert [host.moid for host in config.hosts if host.maintenance] == ["host-99"]
    assert [vm.name for vm in config.vms if vm.power_on_fails] == ["vm-98-1"]
    assert config.isolation_addresses == plan.config.isolation_addresses
    assert config_under(plan.config, plan.topology, [], 1) == plan.config


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("vm.vm-97-1.power_on_fails = true", "is not a VM of this cluster: did you mean 'vm-99-1'"),
        ("vm.vm-98-1.power_on_fail = true", "did you mean 'power_on_fails'"),
        ('vm.vm-98-1.priority = "urgent"', "one of disabled, lowest"),
        ("host_monitorin = true", "did you mean 'host_monitoring'"),
    ],
)
def test_options_that_cannot_change_are_refused(option: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        loads(PLAIN + CHANGE + f"[steps.options]\n{option}\n", "x.toml")
