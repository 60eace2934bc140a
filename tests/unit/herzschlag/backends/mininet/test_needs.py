"""Namespaces are tried only where nothing else is missing."""

from __future__ import annotations

import pytest

from herzschlag.backends.base import Missing as Lacked
from herzschlag.backends.mininet import needs
from herzschlag.controller import FrameworkMissing, frameworks
from herzschlag.topo.kernel.probes import Missing


def test_parts_come_first_and_the_trial_last(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def refused() -> Missing:
        tried.append(1)
        return Missing("the right to make namespaces", "run it as root")

    monkeypatch.setattr(needs, "refused", refused)
    monkeypatch.setattr(needs, "chosen", lambda environ: None)
    monkeypatch.setattr(needs, "missing_for_a_lab", lambda: [Missing("/dev/net/tun", "modprobe tun")])
    assert needs.needs() == [Lacked("/dev/net/tun", "modprobe tun")]
    assert tried == []
    monkeypatch.setattr(needs, "missing_for_a_lab", list)
    assert needs.needs() == [Lacked("the right to make namespaces", "run it as root")]


@pytest.mark.parametrize(("there", "fix"), [((), "pip install os-ken"), (("ryu",), "unset HERZSCHLAG_CONTROLLER")])
def test_a_framework_that_cannot_serve_is_missing(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], fix: str
) -> None:
    def chosen(environ: object) -> None:
        raise FrameworkMissing("why none can")

    monkeypatch.setattr(needs, "chosen", chosen)
    monkeypatch.setattr(frameworks, "installed", lambda: there)
    monkeypatch.setattr(needs, "missing_for_a_lab", list)
    assert needs.parts() == [Lacked("a controller framework (why none can)", fix)]
