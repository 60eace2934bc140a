"""What a scenario with another system may not ask for: refused before anything starts, with the reason."""

from pathlib import Path

import pytest

from herzschlag.backends.opening import open_session
from herzschlag.scenarios.from_toml import ScenarioError, loads
from herzschlag.scenarios.plan import make_plan
from herzschlag.wrong_input import InputError

HEAD = """
name = "x"
title = "x"
speed = 1
[cluster]
system = "keepalived"
"""


def step(text: str) -> str:
    return f"{HEAD}\n[[steps]]\nat_s = 1\n{text}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD.replace("speed = 1", "speed = 10"), "set speed = 1"),
        (HEAD.replace("keepalived", "keepalivd"), "'keepalivd' is not a system: did you mean 'keepalived'"),
        (HEAD + 'system_profile = "unicat"', "did you mean 'unicast'"),
        (HEAD + "system_options = { adver_s = 1 }", "did you mean 'advert_s'"),
        (HEAD + "vms_per_host = 1", "keepalived has no VMs"),
        (step('fault = "crash-vcenter"'), "has no vCenter"),
        (step('fault = "storage"\nhost = "host-98"\naccess = "apd"\ndatastore = "nfs-1"'), "does not use"),
        (step('fault = "isolate"\nhost = "host-98"\nmanner = "nftables"'), "multicasts and broadcasts"),
        (step('fault = "impair"\nsrc = "host-98"\nloss = 0.5'), "multicasts and broadcasts"),
    ],
)
def test_what_means_nothing_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(text, "x.toml")
    assert says in str(caught.value)


def test_what_acts_on_one_address_is_allowed_where_nothing_is_flooded() -> None:
    loads(step('fault = "isolate"\nhost = "host-98"\nmanner = "nftables"').replace("keepalived", "etcd"), "x.toml")


def test_lines_may_be_bad_where_each_packet_has_one_receiver_though_an_address_is_flooded() -> None:
    bad = step('fault = "impair"\nsrc = "host-98"\nloss = 0.5')
    with pytest.raises(ScenarioError, match="or choose the profile unicast"):
        loads(bad, "x.toml")
    loads(bad.replace('"keepalived"', '"keepalived"\nsystem_profile = "unicast"'), "x.toml")


def test_the_simulation_refuses_with_its_reason() -> None:
    plan = make_plan(loads(step('fault = "power-off"\nhost = "host-98"'), "x.toml"))
    with pytest.raises(InputError, match="not the programs of keepalived"):
        open_session("simulation", plan)


def test_no_other_speed_is_planned() -> None:
    with pytest.raises(InputError, match="runs at speed 1 alone"):
        make_plan(loads(HEAD, "x.toml"), speed=10)


def test_a_lab_without_any_network_of_the_system_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    text = 'name = "own"\nsettle_s = 1\nnetworks = ["B"]\n[[programs]]\nname = "own"\nargv = ["true"]\n'
    file.write_text(text + "[[reads]]\nmatch = '(?P<to>master)'\nrecord = \"role\"\n")
    wanted = HEAD.replace("keepalived", str(file))
    loads(wanted, "x.toml")
    with pytest.raises(ScenarioError, match="own uses network B, and this lab has A"):
        loads(wanted + 'networks = ["A"]\n', "x.toml")
