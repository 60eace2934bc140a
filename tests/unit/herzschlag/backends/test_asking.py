"""What is said where real packets are not available, and what is offered."""

from __future__ import annotations

import sys

import pytest

from herzschlag.backends import asking
from herzschlag.backends.base import Missing
from herzschlag.backends.names import Backend

TUN = Missing("/dev/net/tun for this user", "sudo chmod 0666 /dev/net/tun")


def program(name: str, package: str) -> Missing:
    return Missing(f"the program {name}", f"sudo apt-get install {package}")


def test_debians_packages_are_got_by_one_command() -> None:
    missing = [
        program("mnexec", "mininet"),
        program("a", "openvswitch-switch"),
        program("b", "openvswitch-switch"),
        TUN,
    ]
    assert asking.why(missing) == "the program mnexec, the program a, the program b, and 1 more are missing"
    assert asking.how(missing) == "sudo apt-get install mininet openvswitch-switch; sudo chmod 0666 /dev/net/tun"
    packages = [
        Missing("the Python package mininet", "pip install 'mininet==2'"),
        Missing("os-ken", "pip install os-ken"),
    ]
    assert asking.how(packages[:1]) == "pip install 'mininet==2'"
    assert asking.how([*packages, *missing]).split("; ")[1] == "pip install 'herzschlag[lab]'"
    assert asking.why([TUN]) == "/dev/net/tun for this user is missing"


def test_a_refusal_is_one_line_with_the_command_to_paste() -> None:
    told = asking.refusal([TUN], asking.simulated(["run", "my case.toml", "--backend", "mininet", "--seed", "4"]))
    assert "\n" not in told
    assert told.endswith("in virtual time: herzschlag run 'my case.toml' --seed 4 --backend simulation")
    assert asking.simulated(["live", "--backend=mininet"]) == "herzschlag live --backend simulation"


def test_elsewhere_than_on_linux_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    (only,) = asking.lacking.__wrapped__()
    assert only.what.startswith("Linux (this is ")


@pytest.mark.parametrize(
    ("answer", "backend"), [("", Backend.simulation), ("Y", Backend.simulation), ("n", Backend.mininet)]
)
def test_a_user_at_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, answer: str, backend: Backend) -> None:
    monkeypatch.setattr(asking, "lacking", lambda: (TUN,))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    chosen, refused = asking.offered(Backend.mininet, ["live"], ask=True)
    assert chosen is backend
    assert bool(refused) is (backend is Backend.mininet)


def test_a_script_is_refused_and_the_simulation_never_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "lacking", lambda: (TUN,))
    chosen, refused = asking.offered(Backend.mininet, ["shell", "isolation"], ask=False)
    assert (chosen, refused.endswith("herzschlag shell isolation --backend simulation")) == (Backend.mininet, True)
    assert asking.offered(Backend.simulation, ["shell"], ask=True) == (Backend.simulation, "")
    monkeypatch.setattr(asking, "lacking", tuple)
    assert asking.offered(Backend.mininet, ["shell"], ask=True) == (Backend.mininet, "")
