"""The choice of the framework, which is made without importing one."""

import importlib.metadata
import importlib.util

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
