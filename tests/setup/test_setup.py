"""The set-up scripts, the Vagrantfile and the Makefile: everything that can be tested without another machine.

The virtualbox block of the Vagrantfile is read by no tool here (validating it needs VirtualBox): unchecked, not passed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [".ci/run", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "setup").rglob("*.sh"))]


LOCKS = ("requirements.lock", "setup/ryu-build.lock", "setup/fuzz.lock", "setup/site.lock", "setup/mutants.lock")
PIN = re.compile(
    r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; [a-z_]+ [!<>=]+ '[^']+'( (and|or) [a-z_]+ [!<>=]+ '[^']+')*)?( --hash=\S+)+$"
)


def pins(lock: str) -> list[str]:
    """The requirements of a lock, each in one line."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace(" \\\n    ", " ")
    return [line for line in text.splitlines() if not line.startswith("#")]


def version_of(name: str) -> str:
    return next(pin.split()[0].partition("==")[2] for pin in pins("requirements.lock") if pin.startswith(f"{name}=="))


def a_wheel(folder: Path, name: str, version: str) -> str:
    """A package without content. Returns its hash."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def packages_of(listed: str) -> list[str]:
    lines = (ROOT / listed).read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if not line.startswith("#")]


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
    assert "venv|lab|test|systems|vm|distro (got 'everything')" in answer.stderr


def test_a_program_of_any_version_is_enough(tmp_path: Path) -> None:
    wanted = tmp_path / "list.txt"
    wanted.write_text(f"database  {tmp_path}/*/bin/postgres  what for\n", encoding="utf-8")
    look = f". setup/debian/packages.sh; debian_missing {wanted}"
    assert run("bash", "-c", look).returncode == 1
    (tmp_path / "17/bin").mkdir(parents=True)
    (tmp_path / "17/bin/postgres").touch()
    assert run("bash", "-c", look).returncode == 0


@pytest.mark.parametrize("package", packages_of("setup/debian/systems.txt"))
def test_no_service_of_another_system_is_left_to_run_on_the_machine(package: str) -> None:
    """Debian starts and enables what it installs; a Redis of the machine would listen unasked."""
    contents = run("dpkg", "-L", package)
    if contents.returncode != 0:
        pytest.skip(f"{package}: not installed: make systems")
    units = set(re.findall(r"/systemd/system/([\w-]+\.(?:service|socket))$", contents.stdout, re.MULTILINE))
    named = run("bash", "-c", f". setup/debian/packages.sh; services_of {package}")
    assert units <= set(named.stdout.split())
    for unit in units:
        assert not list(Path("/etc/systemd/system").glob(f"*.wants/{unit}")), f"{unit} is enabled"


@pytest.mark.parametrize(
    ("package", "program", "unit"),
    [("ucarp", "ifup", "networking.service"), ("resource-agents", "ha_logger", "logd.service")],
)
def test_a_service_that_a_system_brings_along_is_left_alone_where_it_was_before(
    tmp_path: Path, package: str, program: str, unit: str
) -> None:
    """Debian's ucarp needs ifupdown, which would manage networks; resource-agents needs cluster-glue, which logs."""
    look = f"PATH={tmp_path}; . setup/debian/packages.sh; services_of {package}"
    assert run("/bin/bash", "-c", look).stdout.split() == [unit]
    (tmp_path / program).touch(mode=0o755)
    assert run("/bin/bash", "-c", look).stdout == ""


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


def test_the_demo_goes_on_where_debians_packages_cannot_be_installed(tmp_path: Path) -> None:
    """In virtual time, with Python packages alone."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, says in {"setup/provision.sh": '[ "$1" != lab ]', ".venv/bin/herzschlag": "true"}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$0 $*" >>said\n{says}\n', encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    answer = run("make", "demo", "JOBS=3", cwd=tmp_path, MAKEFLAGS="", MAKELEVEL="0")
    assert answer.returncode == 0, answer.stderr
    said = (tmp_path / "said").read_text(encoding="utf-8").splitlines()
    assert said == ["setup/provision.sh lab", "setup/provision.sh venv", ".venv/bin/herzschlag demo --jobs 3"]


def test_locked_versions_name_no_place() -> None:
    """A lock made on one machine must install on any other: versions, no addresses, no files."""
    assert len(pins("requirements.lock")) > 40
    assert [pin for lock in LOCKS for pin in pins(lock) if not PIN.match(pin)] == []


def test_every_locked_version_has_the_hashes_of_its_files() -> None:
    """pip refuses another file than those. More than one for all but what is published as source alone: other systems
    and Pythons get other files."""
    hashes = {
        pin.split()[0]: len(re.findall(r" --hash=sha256:[0-9a-f]{64}(?= |$)", pin))
        for lock in LOCKS
        for pin in pins(lock)
    }
    assert [name for name, count in hashes.items() if count < 1] == []
    assert {name.partition("==")[0] for name, count in hashes.items() if count < 2} <= {"ovs", "ryu", "yattag"}
    assert hashes["msgspec==" + version_of("msgspec")] > 20, "a wheel for each system and Python"


def test_set_up_installs_nothing_that_is_not_locked() -> None:
    """Each call of pip wants hashes, but the one that installs this checkout, which brings nothing along; none builds
    in isolation, where pip would fetch build tools without a hash."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [line for line in makefile.splitlines() if "pip install" in line and "--require-hashes" not in line] == []
    text = (ROOT / "setup/python.sh").read_text(encoding="utf-8")
    calls = re.findall(r"^ +pip_quietly (.*)$", text, re.MULTILINE)
    assert len(calls) == 5
    for call in calls:
        assert "--require-hashes" in call or call == "--no-build-isolation --no-deps --editable .", call
        assert "--no-build-isolation" in call or "ryu-build.lock" in call or "pins.txt" in call, call


def test_set_up_refuses_a_file_with_another_hash(tmp_path: Path) -> None:
    """A package that was exchanged on its way must not be installed: the lock has the right name, version and form, and
    one digit of each hash is another one."""
    checkout = tmp_path / "checkout"
    for name in ("setup", "herzschlag"):
        shutil.copytree(ROOT / name, checkout / name, symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    right = a_wheel(wheels, "packaging", "26.4")
    wrong = ("0" if right[0] != "0" else "1") + right[1:]
    (checkout / "setup/ryu-build.lock").write_text(f"packaging==26.4 \\\n    --hash=sha256:{wrong}\n", encoding="utf-8")
    (checkout / "requirements.lock").touch()
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    answer = run("setup/provision.sh", "venv", cwd=checkout, **offline)
    assert answer.returncode == 4, answer.stdout + answer.stderr
    assert f"Expected sha256 {wrong}" in answer.stderr
    assert not list(checkout.glob(".venv/lib/python*/site-packages/packaging-26.4*"))
