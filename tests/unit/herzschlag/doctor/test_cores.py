"""The doctor on the compiled cores: where they are, or why plain Python serves and how to get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.doctor import cores


def test_they_are_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "folder", lambda: None)
    probe = cores.compiled()
    assert (probe.ok, probe.needed, probe.detail) == (False, False, "not built")
    assert "-m herzschlag.compiled" in probe.fix


def test_they_are_of_other_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "folder", lambda: Path("there"))
    monkeypatch.setattr(cores, "unfit", lambda where: "agents/clock.py was changed since")
    probe = cores.compiled()
    assert (probe.ok, probe.detail) == (False, "agents/clock.py was changed since")


def test_they_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "folder", lambda: Path("there"))
    monkeypatch.setattr(cores, "unfit", lambda where: "")
    probe = cores.compiled()
    assert (probe.ok, probe.detail, probe.fix) == (True, "by mypyc, in there", "")
