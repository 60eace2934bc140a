"""Namespaces are tried only where nothing else is missing."""

from __future__ import annotations

import pytest

from herzschlag.backends.base import Missing as Lacked
from herzschlag.backends.mininet import needs
from herzschlag.topo.kernel.probes import Missing


def test_parts_come_first_and_the_trial_last(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def refused() -> Missing:
        tried.append(1)
        return Missing("the right to make namespaces", "run it as root")

    monkeypatch.setattr(needs, "refused", refused)
    monkeypatch.setattr(needs, "installed", lambda: ("ryu",))
    monkeypatch.setattr(needs, "missing_for_a_lab", lambda: [Missing("/dev/net/tun", "modprobe tun")])
    assert needs.needs() == [Lacked("/dev/net/tun", "modprobe tun")]
    assert tried == []
    monkeypatch.setattr(needs, "missing_for_a_lab", list)
    assert needs.needs() == [Lacked("the right to make namespaces", "run it as root")]
    monkeypatch.setattr(needs, "installed", tuple)
    assert [one.what for one in needs.needs()] == ["a controller framework (os-ken or Ryu)"]
