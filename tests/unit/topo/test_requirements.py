"""What a lab needs: one list, which labs, the doctor, the set-up and the package's own metadata agree with."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from herzschlag.doctor.installed import required
from herzschlag.systems.finding import shipped, system_named
from herzschlag.topo.kernel.probes import missing_for_a_lab
from herzschlag.topo.requirements import REQUIREMENTS, Requirement

ROOT = Path(__file__).parents[3]
DEBIAN = [one for one in REQUIREMENTS if one.kind != "python"]
PYTHON = [one for one in REQUIREMENTS if one.kind == "python"]
CALLED = [one for one in DEBIAN if one.needed_by != "people"]


def listed(path: str) -> set[tuple[str, str]]:
    """(package, program it must bring) of a list of the set-up."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=2)[:2] for line in lines if line and not line.startswith("#")]
    return {(package, program) for package, program in pairs if not program.startswith("@")}


def project() -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return loaded


def test_the_set_up_installs_what_the_list_names_and_nothing_else() -> None:
    known = {(one.package, one.name) for one in DEBIAN}
    assert listed("setup/debian/lab.txt") <= known, "installed for a program that the list does not know"
    installed = {package for package, _ in listed("setup/debian/lab.txt")}
    for one in DEBIAN:
        if one.needed_by != "people":
            assert one.package in installed, one
    more = listed("setup/debian/test.txt") | listed("setup/debian/systems.txt")
    assert {one.package for one in DEBIAN} <= installed | {package for package, _ in more}


def test_make_systems_installs_what_every_shipped_system_names() -> None:
    """A scenario whose program is missing tells the user to call it."""
    wanted = {(package, program) for name in shipped() for program, package in system_named(name).packages.items()}
    assert listed("setup/debian/systems.txt") == wanted
    assert wanted <= {(one.package, one.name) for one in DEBIAN}


def test_python_packages_are_asked_for_in_the_same_words_as_by_the_package_itself() -> None:
    asked = {*project()["dependencies"]}.union(*project()["optional-dependencies"].values())
    assert [one.package for one in PYTHON if one.package not in asked] == []


def test_the_lock_file_holds_the_same_pins() -> None:
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8").split()
    pins = [one.package for one in PYTHON if "==" in one.package]
    assert pins and [pin for pin in pins if pin not in locked] == []


@pytest.mark.parametrize("one", CALLED, ids=lambda one: one.name)
def test_whatever_is_needed_is_called_somewhere(one: Requirement) -> None:
    """A program that nothing calls would keep a lab from machines that could run it."""
    files = [path for folder in ("topo", "controller", "herzschlag") for path in (ROOT / folder).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in files if path.name != "requirements.py"]
    assert any(f'"{one.name}"' in text for text in texts)


@pytest.mark.parametrize("one", [one for one in REQUIREMENTS if one.needed_by == "labs"], ids=lambda one: one.name)
def test_a_lab_and_the_doctor_miss_the_same_things(one: Requirement, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(one, monkeypatch)
    (missing,) = [missing for missing in missing_for_a_lab() if missing.what.endswith(f" {one.name}")]
    assert one.package in missing.fix
    probe = required(one)
    assert (probe.name, probe.ok, probe.needed) == (one.name, False, True)
    assert one.package in probe.fix


def hide(one: Requirement, monkeypatch: pytest.MonkeyPatch) -> None:
    which, find_spec, load = shutil.which, importlib.util.find_spec, ctypes.CDLL

    def refused(name: str | None, *words: Any, **named: Any) -> ctypes.CDLL:
        if name == one.name:
            raise OSError(f"{name}: cannot open shared object file")
        return load(name, *words, **named)

    monkeypatch.setattr(shutil, "which", lambda name, **named: None if name == one.name else which(name, **named))
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *words: None if name == one.name else find_spec(name, *words)
    )
    monkeypatch.setattr(ctypes, "CDLL", refused)
