"""Bytecode is made outside a sandbox, once."""

from __future__ import annotations

import os
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from herzschlag.topo.sandbox.bytecode import compile_what_is_stale


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "inner").mkdir()
    for name in ("one.py", "inner/two.py", "notes.txt"):
        (tmp_path / name).write_text("value = 1\n")
    return tmp_path


def test_only_what_has_changed_is_compiled(package: Path) -> None:
    assert compile_what_is_stale(package) == 2
    assert Path(cache_from_source(str(package / "inner/two.py"))).exists()
    assert compile_what_is_stale(package) == 0
    (package / "one.py").write_text("value = 12\n")
    assert compile_what_is_stale(package) == 1
    os.utime(package / "inner/two.py", (1, 1))
    assert compile_what_is_stale(package) == 1


def test_a_file_that_cannot_be_compiled_stops_nothing(package: Path) -> None:
    (package / "one.py").write_text("value =\n")
    assert compile_what_is_stale(package) == 1
    assert compile_what_is_stale(package) == 0


def test_a_user_who_wants_no_bytecode_gets_none(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert compile_what_is_stale(package) == 0
    assert not list(package.rglob("*.pyc"))
