"""Compiled modules serve only for the sources that they were made from, and for the Python that asks."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from herzschlag.compiled.folder import MADE, Made, hash_of, read, unfit, write
from herzschlag.compiled.modules import module_names

SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with the modules that are compiled, each a file."""
    top = tmp_path / "herzschlag"
    for path in ("agents/ha/agent", "agents/hypervisor/vm"):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / f"{path}.py").write_text("x = 1\n")
    return top


@pytest.fixture
def where(tmp_path: Path, package: Path) -> Path:
    built = tmp_path / "built"
    built.mkdir()
    libraries = {name: f"{name}.so" for name in module_names(package)}
    for file in libraries.values():
        (built / file).touch()
    sources = {path: hash_of(package / path) for path in ("agents/ha/agent.py", "agents/hypervisor/vm.py")}
    write(built, Made(suffix=SUFFIX, libraries=libraries, sources=sources))
    return built


def test_what_was_made_from_these_sources_fits(where: Path, package: Path) -> None:
    assert unfit(where, package) == ""


def test_one_changed_character_makes_it_unfit(where: Path, package: Path) -> None:
    (package / "agents/ha/agent.py").write_text("x = 2\n")
    assert unfit(where, package) == "agents/ha/agent.py was changed since"


def test_a_module_that_is_new_makes_it_unfit(where: Path, package: Path) -> None:
    (package / "agents/ha/agent.py").with_stem("added").write_text("")
    assert unfit(where, package) == "herzschlag.agents.ha.added is new since"


def test_a_source_that_is_gone_makes_it_unfit(where: Path, package: Path) -> None:
    (package / "agents/hypervisor/vm.py").unlink()
    assert unfit(where, package).startswith("unreadable: ")


def test_a_library_that_is_gone_makes_it_unfit(where: Path, package: Path) -> None:
    (where / "herzschlag.agents.ha.agent.so").unlink()
    assert unfit(where, package) == "herzschlag.agents.ha.agent.so is gone"


def test_another_python_is_not_served(where: Path, package: Path) -> None:
    made = read(where)
    write(where, Made(suffix=".cpython-30-other.so", libraries=made.libraries, sources=made.sources))
    assert unfit(where, package).startswith("compiled for .cpython-30-other.so")


def test_a_file_that_is_not_ours_is_unreadable(where: Path, package: Path) -> None:
    (where / MADE).write_text("[1]")
    assert unfit(where, package).startswith("unreadable: ")
    (where / MADE).write_text('{"suffix": ""}')
    assert unfit(where, package).startswith("unreadable: ")
