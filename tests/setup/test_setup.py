"""The set-up scripts, the Vagrantfile and the Makefile: everything that can be tested without another machine.

The virtualbox block of the Vagrantfile is read by no tool here (validating it needs VirtualBox): unchecked, not passed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [".ci/run", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "setup").glob("*.sh"))]


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with what `vagrant validate` reads, to be changed at will."""
    shutil.copy(ROOT / "Vagrantfile", tmp_path)
    shutil.copytree(ROOT / "setup", tmp_path / "setup")
    return tmp_path


def validate(folder: Path) -> subprocess.CompletedProcess[str]:
    return run("vagrant", "validate", cwd=folder, VAGRANT_DEFAULT_PROVIDER="libvirt", VAGRANT_HOME=str(folder / "home"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_shell_scripts_are_clean(script: str) -> None:
    checked = run("shellcheck", "--external-sources", script)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_vagrant_accepts_the_vagrantfile(machine: Path) -> None:
    answer = validate(machine)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "successfully" in answer.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("libvirt.graphics_type", "libvirt.grafics_type"),
        ("config.vm.boot_timeout", "config.vm.boot_timout"),
        ("setup/vagrant.sh", "setup/vagrent.sh"),
    ],
)
def test_vagrant_refuses_a_planted_mistake(machine: Path, right: str, wrong: str) -> None:
    """Without this, accepting the real one would prove nothing."""
    text = (machine / "Vagrantfile").read_text(encoding="utf-8")
    assert right in text
    (machine / "Vagrantfile").write_text(text.replace(f"{right}", wrong), encoding="utf-8")
    assert validate(machine).returncode != 0


def test_provisioning_is_the_make_target_of_everybody_else() -> None:
    vagrantfile = (ROOT / "Vagrantfile").read_text(encoding="utf-8")
    assert re.findall(r"config\.vm\.provision (.*)", vagrantfile) == ['"shell", path: "setup/vagrant.sh"']
    assert "make -C '$checkout' setup" in (ROOT / "setup/vagrant.sh").read_text(encoding="utf-8")


def test_a_second_set_up_does_nothing_says_nothing_and_waits_for_no_lock() -> None:
    """Every make target sets up first, which must take no noticeable time. A set-up with something to do would wait for
    the lock that is held here, and would never end."""
    first = run("setup/provision.sh", "test")
    assert first.returncode == 0, first.stdout + first.stderr
    before = (ROOT / ".venv/herzschlag-setup").stat().st_mtime_ns
    (ROOT / ".setup").mkdir(exist_ok=True)
    with (ROOT / ".setup/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        again = run("make", "setup", MAKEFLAGS="", MAKELEVEL="0")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert (ROOT / ".venv/herzschlag-setup").stat().st_mtime_ns == before


def test_set_up_names_its_parts_when_asked_for_another() -> None:
    answer = run("setup/provision.sh", "everything")
    assert answer.returncode == 2
    assert "venv|lab|test|vm (got 'everything')" in answer.stderr


def test_missing_packages_are_named_with_the_command_where_they_cannot_be_installed(tmp_path: Path) -> None:
    """On a system without apt-get, the user is told what to install by hand, and nothing is half done."""
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "setup", checkout / "setup")
    shutil.copy(ROOT / "pyproject.toml", checkout)
    (checkout / "requirements.lock").touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "flock", "mkdir", "id", "python3"):
        (programs / name).symlink_to(shutil.which(name) or f"/missing/{name}")
    # provision.sh adds the sbin folders to PATH: a list of our own names what is surely not there.
    (checkout / "setup/debian/lab.txt").write_text("surely-absent  no-such-program  nothing\n", encoding="utf-8")
    answer = run(programs / "bash", "setup/provision.sh", "lab", cwd=checkout, PATH=str(programs))
    assert answer.returncode == 4, answer.stderr
    assert "missing: surely-absent" in answer.stderr
    assert not (checkout / ".venv").exists()


def test_locked_versions_name_no_place() -> None:
    """A lock made on one machine must install on any other: versions, no addresses, no files."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 40
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
