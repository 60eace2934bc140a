"""Machines that refuse something: every command shows something, or says in one line what is missing and what to do.

Made in mount namespaces of the tests' own, from this machine: its devices and folders stay as they are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandboxed import CHECKOUT

NOBODY = 65534
S_MAX = 240.0
USER = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
NO_TUN = "mount --make-rprivate / && mount -t tmpfs -o mode=755 none /dev/net && "
TUN_OF_ROOT = f"{NO_TUN}mknod -m 0600 /dev/net/tun c 10 200 && "
WITHOUT_RIGHT = "setpriv --bounding-set=-sys_admin"
"""As root in a container that was not started with --privileged."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="to take rights away one has to have them: run it as root")


def herzschlag(*words: str, before: str = "", prepare: str = "", keep: bool = True) -> tuple[int, str, str]:
    """Status, output and errors of the program: after a preparation in a mount namespace, behind another program."""
    line = f'{prepare}exec {before} "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", line, "sh", sys.executable, "-m", "herzschlag", *words],
        cwd=CHECKOUT,
        env={**os.environ, "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=S_MAX,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def anywhere(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user may write to, through folders that every user may enter."""
    readable = all(parent.stat().st_mode & 0o005 == 0o005 for parent in [CHECKOUT, *CHECKOUT.parents])
    if not readable or shutil.which("setpriv") is None:
        pytest.skip(f"an ordinary user may not read {CHECKOUT}, or there is no setpriv")
    folder = Path(f"/var/tmp/{tmp_path.parent.name}-{tmp_path.name}-{os.getpid()}")
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("prepare", "missing", "fix"),
    [
        (NO_TUN, "/dev/net/tun is missing", "To get them: "),
        (TUN_OF_ROOT, "/dev/net/tun for this user is missing", "sudo chmod 0666 /dev/net/tun"),
    ],
)
def test_the_demo_of_a_user_without_the_device_says_why_and_plays_in_virtual_time(
    anywhere: Path, prepare: str, missing: str, fix: str
) -> None:
    status, told, errors = herzschlag("demo", "--out", str(anywhere / "runs"), before=USER, prepare=prepare)
    assert (status, errors) == (0, "")
    why, how, what, *rest = told.splitlines()
    assert why == f"No real packets here: {missing}."
    assert fix in how
    assert "virtual time" in what
    assert "            T+18     18.00   slave declared dead" in rest
    assert any(line.startswith("  5 of 5 hold   virtual time") for line in rest)
    assert len(list(anywhere.glob("runs/latest/*/report.html"))) == 5


@pytest.mark.parametrize("words", [("run", "normal", "isolation"), ("live",), ("shell", "isolation")])
def test_a_command_that_needs_packets_refuses_in_one_line_and_leaves_nothing(
    anywhere: Path, words: tuple[str, ...]
) -> None:
    out = () if words == ("live",) else ("--out", str(anywhere / "runs"))
    status, told, errors = herzschlag(*words, *out, before=USER, prepare=TUN_OF_ROOT)
    assert (status, told) == (4, "")
    assert errors.count("\n") == 1
    assert "/dev/net/tun for this user is missing (sudo chmod 0666 /dev/net/tun" in errors
    assert f"in virtual time: herzschlag {' '.join([*words, *out])} --backend simulation" in errors
    assert not list(anywhere.iterdir())


@pytest.mark.packets
@pytest.mark.takes(40)
def test_the_demo_of_root_without_the_right_to_make_namespaces_is_on_real_packets(tmp_path: Path) -> None:
    """At a speed of its own: beside the labs of other tests, what the machine keeps up with may be real time."""
    words = ("demo", "--jobs", "1", "--speed", "10", "--out", str(tmp_path / "runs"))
    status, told, errors = herzschlag(*words, before=WITHOUT_RIGHT)
    held = re.search(r"^  ([0-5]) of 5 hold.*   real packets", told, re.MULTILINE)
    # Where other tests keep the machine from its timers, a run says so and names the way out; else it holds.
    slow = told.count("UNKNOWN: the machine was too slow")
    assert errors == "" and held is not None and int(held[1]) + slow == 5, told + errors
    assert status == (3 if slow else 0) and told.count("--speed ") == slow, told


def a_root(folder: Path) -> str:
    """Words that make a root in this folder, of this machine's own folders. The folder itself is not a mount point."""
    lines = ["mount --make-rprivate /", f"mount -t tmpfs none {folder}", f"mkdir {folder}/root"]
    for entry in sorted(Path("/").iterdir()):
        target = folder / "root" / entry.name
        if entry.is_symlink():
            lines.append(f"ln -s {entry.readlink()} {target}")
        elif entry.is_dir():
            lines += [f"mkdir {target}", f"mount --rbind {entry} {target}"]
    return " && ".join([*lines, ""])


def in_there(folder: Path) -> str:
    return f"chroot {folder}/root env -C {CHECKOUT}"


def test_a_chroot_is_named_with_the_way_out(tmp_path: Path) -> None:
    status, _, errors = herzschlag("run", "normal", before=in_there(tmp_path), prepare=a_root(tmp_path))
    assert status == 4
    assert "a root directory of its own (this is a chroot) is missing" in errors
    assert "systemd-nspawn" in errors and "--backend simulation" in errors
    status, told, _ = herzschlag("doctor", before=in_there(tmp_path), prepare=a_root(tmp_path))
    assert status == 4
    assert "MISSING  own root" in told and "this is a chroot" in told
    assert "sudo" not in told and "run as root" not in told


def test_a_chroot_that_was_bound_onto_itself_is_refused_by_the_trial(tmp_path: Path) -> None:
    bound = f"{a_root(tmp_path)}mount --rbind {tmp_path}/root {tmp_path}/root && "
    status, told, errors = herzschlag("run", "normal", before=in_there(tmp_path), prepare=bound)
    assert (status, told) == (4, ""), errors
    assert "no real packets here: " in errors
