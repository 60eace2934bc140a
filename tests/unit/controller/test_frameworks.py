"""Which framework serves, decided without importing one."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys

import pytest

from herzschlag.controller import frameworks


def install(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name in modules else None)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1-{name}")


def test_ryu_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "ryu", "os_ken")
    assert frameworks.chosen({}) == frameworks.Framework("ryu", "ryu", "1-ryu")


def test_os_ken_serves_where_ryu_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "os_ken")
    assert frameworks.chosen({}).name == "os-ken"


def test_the_variable_forces_one(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "ryu", "os_ken")
    assert frameworks.chosen({frameworks.VARIABLE: "os-ken"}).name == "os-ken"


@pytest.mark.parametrize(
    ("modules", "wanted", "complaint"),
    [
        ((), "", "neither Ryu nor os-ken"),
        (("os_ken",), "ryu", "not installed .installed: os-ken."),
        (("ryu",), "pox", "must be one of ryu, os-ken"),
    ],
)
def test_what_cannot_serve_is_said(
    monkeypatch: pytest.MonkeyPatch, modules: tuple[str, ...], wanted: str, complaint: str
) -> None:
    install(monkeypatch, *modules)
    with pytest.raises(frameworks.FrameworkMissing, match=complaint):
        frameworks.chosen({frameworks.VARIABLE: wanted})


def test_the_package_imports_no_framework() -> None:
    """Its users run beside threads and sockets that green threads would change under them."""
    look = "import controller, sys; print(sorted({'ryu', 'os_ken', 'eventlet'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_process_says_what_is_wrong_and_ends() -> None:
    argv = [sys.executable, "-m", "herzschlag.controller", "--socket", "never-made"]
    done = subprocess.run(
        argv, env={**os.environ, frameworks.VARIABLE: "pox"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("controller: HERZSCHLAG_CONTROLLER='pox'")
