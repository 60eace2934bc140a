"""A package with one entry point, installed for one test and forgotten after it: the fixture `bring`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from herzschlag import extensions
from herzschlag.checkers import checkers
from herzschlag.faults import kinds

Bring = Callable[..., None]


def forget() -> None:
    for cached in (extensions._installed, kinds, checkers):
        cached.cache_clear()


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bring]:
    """Install a package with one entry point, as pip would leave it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(
        group: str, code: str, target: str = "brought:Mine", name: str = "mine", package: str = "bringer"
    ) -> None:
        module = target.partition(":")[0]
        (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n", encoding="utf-8")
        sys.modules.pop(module, None)
        forget()

    yield install
    monkeypatch.undo()
    for name in [name for name in sys.modules if name.startswith("brought")]:
        del sys.modules[name]
    forget()
