"""What a process is confined to, from trees that look like /proc and /; and the advice that fits."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from herzschlag.topo import confinement as c

MACHINE = "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n23 22 0:5 / /proc rw - proc proc rw\n"
CHROOT = "40 22 0:5 / /proc rw - proc proc rw\n"


def proc_of(folder: Path, mounts: str, *, same_mounts: bool = True, first_root: Path | None = None) -> Path:
    proc = folder / "proc"
    for name in ("self/ns", "1/ns"):
        (proc / name).mkdir(parents=True)
    (proc / "self/mountinfo").write_text(mounts)
    (proc / "self/ns/mnt").symlink_to("mnt:[1]")
    (proc / "1/ns/mnt").symlink_to("mnt:[1]" if same_mounts else "mnt:[2]")
    (proc / "1/root").symlink_to(first_root or folder)
    return proc


def test_a_root_at_which_nothing_is_mounted_is_a_chroot(tmp_path: Path) -> None:
    assert c.in_chroot(proc_of(tmp_path, CHROOT), tmp_path)


def test_a_machine_is_none(tmp_path: Path) -> None:
    assert not c.in_chroot(proc_of(tmp_path, MACHINE), tmp_path)


def test_a_chroot_that_was_bound_onto_itself_has_another_root_than_the_first_process(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    assert c.in_chroot(proc_of(tmp_path, MACHINE), tmp_path / "inner")


def test_a_root_of_its_own_in_other_mounts_is_none(tmp_path: Path) -> None:
    """As after pivot_root, beside the machine's first process."""
    (tmp_path / "inner").mkdir()
    assert not c.in_chroot(proc_of(tmp_path, MACHINE, same_mounts=False), tmp_path / "inner")


def test_without_proc_nothing_is_claimed(tmp_path: Path) -> None:
    assert not c.in_chroot(tmp_path / "none", tmp_path)
    assert not c.in_wsl(tmp_path / "none")


@pytest.mark.parametrize(
    ("mark", "text", "name"),
    [
        (".dockerenv", "", "Docker"),
        ("run/.containerenv", "", "Podman"),
        ("run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"),
    ],
)
def test_a_container_says_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, text: str, name: str
) -> None:
    monkeypatch.delenv("container", raising=False)
    assert c.container(tmp_path) == ""
    (tmp_path / mark).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / mark).write_text(text)
    assert c.container(tmp_path) == name


@pytest.mark.parametrize(
    ("release", "is_wsl"), [("5.15.153.1-microsoft-standard-WSL2", True), ("6.1.0-41-amd64", False)]
)
def test_wsl_is_known_by_its_kernel(tmp_path: Path, release: str, is_wsl: bool) -> None:
    (tmp_path / "sys/kernel").mkdir(parents=True)
    (tmp_path / "sys/kernel/osrelease").write_text(release)
    assert c.in_wsl(tmp_path) is is_wsl


@pytest.mark.parametrize(
    ("setting", "value", "fix"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
        ("user/max_user_namespaces", "9", "run it as root"),
    ],
)
def test_a_setting_that_closes_namespaces_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, fix: str
) -> None:
    monkeypatch.setattr(c, "in_chroot", lambda: False)
    monkeypatch.setattr(c, "container", str)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (tmp_path / "sys" / setting).parent.mkdir(parents=True)
    (tmp_path / "sys" / setting).write_text(f"{value}\n")
    assert c.namespace_fix(tmp_path) == fix


def test_advice_on_namespaces_knows_root_container_and_chroot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "in_chroot", lambda: False)
    monkeypatch.setattr(c, "container", str)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "sudo" not in c.namespace_fix(tmp_path)
    monkeypatch.setattr(c, "container", lambda: "Docker")
    assert "--privileged" in c.namespace_fix(tmp_path)
    monkeypatch.setattr(c, "in_chroot", lambda: True)
    assert c.namespace_fix(tmp_path) == c.OWN_ROOT


def test_advice_on_the_device_follows_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "container", str)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert c.tun_fix(errno.EACCES) == "chmod 0666 /dev/net/tun"
    assert c.tun_fix(errno.ENOENT) == "modprobe tun"
    monkeypatch.setattr(c, "container", lambda: "Docker")
    assert c.tun_fix(errno.EPERM) == "start the container with --device /dev/net/tun"
