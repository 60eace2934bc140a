"""Programs and packages that are missing, and the command that brings them."""

from __future__ import annotations

import os
import sys
from importlib import metadata

import pytest

from herzschlag.controller import frameworks
from herzschlag.doctor import installed
from herzschlag.topo import environment
from herzschlag.topo.requirements import REQUIREMENTS


def test_a_missing_program_is_told_with_the_package_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "program", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    one = installed.program_probe("mnexec", "mininet", "enters the nodes' namespaces", needed=True)
    assert (one.ok, one.detail) == (False, "not found")
    assert one.fix == "sudo apt-get install --no-install-recommends mininet"


def test_a_missing_python_package_is_told_with_the_interpreter_it_is_missing_from() -> None:
    one = installed.library_probe("no-such-distribution", "no_such_module", "no-such-distribution>=1", "nothing")
    assert (one.ok, one.detail) == (False, "not installed")
    assert one.fix == f"{sys.executable} -m pip install 'no-such-distribution>=1'"


def test_one_framework_suffices_and_none_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks, "installed", lambda: (frameworks.Framework("os-ken", "os_ken", "4.2.2"),))
    monkeypatch.delenv(frameworks.VARIABLE, raising=False)
    assert installed.controller_framework().detail.startswith("os-ken 4.2.2 serves")
    monkeypatch.setattr(frameworks, "installed", tuple)
    assert not installed.controller_framework().ok
    assert "os-ken" in installed.controller_framework().fix


def test_a_second_owner_of_our_name_is_named_for_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed beside ours, one of the two silently wins."""
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"herzschlag": ["herzschlag", "stranger"]})
    one = installed.name_owners()
    assert not one.ok
    assert one.detail == "herzschlag belongs to stranger as well"
    assert one.fix.endswith("pip uninstall stranger")


def test_what_belongs_to_an_extra_of_ours_is_asked_for_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", gone)
    by_name = {one.name: installed.required(one).fix for one in REQUIREMENTS if one.kind == "python"}
    assert by_name["starlette"].endswith("pip install 'herzschlag[live]'")
    assert by_name["paramiko"].endswith("pip install 'herzschlag[remote]'")
    assert by_name["pyroute2"].endswith("pip install 'pyroute2>=0.9.1'")
