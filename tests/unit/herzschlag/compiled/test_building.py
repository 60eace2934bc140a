"""What a build says when it cannot be one, and that what it made is there whole."""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig
from pathlib import Path

import pytest

from herzschlag.compiled import building
from herzschlag.compiled.folder import hash_of, read


def test_without_a_compiler_it_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert building.lacking() == "a C compiler is missing: Debian's package is gcc"
    with pytest.raises(building.CannotCompileError, match="gcc"):
        building.build(tmp_path / "built")
    assert not (tmp_path / "built").exists()


def test_without_mypyc_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "the extra `dev`" in building.lacking()


def test_what_was_made_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    out, where = tmp_path / "out", tmp_path / "built"
    (out / "herzschlag").mkdir(parents=True)
    (out / f"herzschlag/one{suffix}").touch()
    where.mkdir()
    (where / "old").touch()
    building._keep(out, where, {"one.py": "hash"})
    assert read(where).libraries == {"herzschlag.one": f"herzschlag/one{suffix}"}
    assert not (where / "old").exists()


def test_sources_are_hashed_in_the_copy(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    for file in ("__init__.py", "one/__init__.py", "one/two.py"):
        (tmp_path / file).write_text(file)
    found = building._sources(["herzschlag", "herzschlag.one", "herzschlag.one.two"], tmp_path)
    assert found == {file: hash_of(tmp_path / file) for file in ("__init__.py", "one/__init__.py", "one/two.py")}
