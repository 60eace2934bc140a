"""What the live page says of steps and roles."""

from __future__ import annotations

from herzschlag.faults import PowerOff
from herzschlag.languages import speaking
from herzschlag.live.words import of_role, of_step
from herzschlag.scenarios.model import Change


def test_a_step_is_told_with_its_time_in_each_language() -> None:
    change = Change(at_s=7.5, id="slave dies", fault=PowerOff(host="host-98"), begins=True)
    assert of_step(change) == "7.5 s: slave dies begins (host-98 has no power)"
    with speaking("de"):
        assert of_step(change).startswith("7,5 s: slave dies beginnt (host-98")


def test_a_role_is_told_in_each_language() -> None:
    assert of_role("host-98", "election") == "host-98 is now election"
    with speaking("de"):
        assert "host-98" in of_role("host-98", "isolated") and "isolated" not in of_role("host-98", "isolated")
