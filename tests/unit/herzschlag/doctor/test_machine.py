"""Advice that fits who asks, and where: root, an ordinary user, a chroot, a container, WSL."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herzschlag.doctor import machine, probe
from herzschlag.topo import environment

REFUSED = (1, "unshare: unshare failed: Operation not permitted")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of its own, on which nothing is refused by a setting."""
    monkeypatch.setattr(machine, "container", str)
    monkeypatch.setattr(machine, "in_chroot", lambda: False)
    monkeypatch.setattr(machine, "in_wsl", lambda: False)


def test_a_refused_trial_is_reported_in_the_words_of_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (probe, machine):
        monkeypatch.setattr(module, "try_command", lambda command, given=None: (1, "unshare: unshare failed: refused"))
    monkeypatch.setattr(environment, "program", lambda name: f"/sbin/{name}")
    for trial in (machine.namespaces, machine.user_namespaces, machine.netem, machine.numgen):
        one = trial()
        assert not one.ok
        assert "refused" in one.detail


def test_root_is_not_told_to_become_root(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (probe, machine):
        monkeypatch.setattr(module, "try_command", lambda command, given=None: REFUSED)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for one in (machine.namespaces(), machine.user_namespaces()):
        assert not one.ok
        assert "sudo" not in one.fix and "run as root" not in one.fix


def test_how_root_gets_its_namespaces_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for module in (probe, machine):
        monkeypatch.setattr(
            module, "try_command", lambda command, given=None: (0, "") if "--user" in command else REFUSED
        )
    assert machine.namespaces().detail == "in a user namespace, as root without CAP_SYS_ADMIN"
    for module in (probe, machine):
        monkeypatch.setattr(module, "try_command", lambda command, given=None: (0, ""))
    assert machine.namespaces().detail == "as root"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert machine.namespaces().detail == "without root"


def test_a_chroot_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.own_root().ok
    monkeypatch.setattr(machine, "in_chroot", lambda: True)
    one = machine.own_root()
    assert (one.ok, one.needed, one.detail) == (False, True, "this is a chroot")
    assert "systemd-nspawn" in one.fix and "podman run --privileged" in one.fix


def test_what_could_not_be_tried_without_namespaces_blames_no_kernel() -> None:
    refused = (1, "unshare: unshare failed: Operation not permitted")
    found = machine.kernel_trial("x", "y", refused, "sh", "CONFIG_X")
    assert "CONFIG_X" not in found.fix and "namespaces first" in found.fix


def test_a_container_is_not_told_to_boot_another_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.by_kernel("CONFIG_X").startswith("boot a kernel with CONFIG_X")
    monkeypatch.setattr(machine, "in_wsl", lambda: True)
    assert machine.by_kernel("CONFIG_X").startswith("WSL's own kernel is without it")
    monkeypatch.setattr(machine, "container", lambda: "Podman")
    assert machine.by_kernel("CONFIG_X").startswith("the kernel is the machine's, not the container's (Podman)")


def test_where_it_runs_is_said_beside_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "place", lambda: "in a container (Podman)")
    assert machine.linux().detail.endswith(", in a container (Podman)")


def test_a_device_that_cannot_be_opened_is_told_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    one = machine.tun()
    assert (one.ok, one.fix) == (False, "sudo chmod 0666 /dev/net/tun, or run it as root")
