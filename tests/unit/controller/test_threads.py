"""The framework's threads: patched before the rest of the framework is imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from herzschlag.controller import threads
from herzschlag.controller.frameworks import Framework

NAME = "imagined_threads"


def test_patching_imports_nothing_but_the_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "__init__.py": "",
        "lib/__init__.py": "",
        "lib/hub.py": "patched = []\ndef patch():\n    patched.append(True)\n",
        "controller.py": "raise AssertionError('imported before the standard library was patched')",
    }.items():
        path = tmp_path / NAME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("EVENTLET_NO_GREENDNS", "yes")
    threads.patch(Framework("os-ken", NAME, "1"))
    assert sys.modules[f"{NAME}.lib.hub"].patched == [True]
    assert f"{NAME}.controller" not in sys.modules
