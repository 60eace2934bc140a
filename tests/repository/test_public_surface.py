"""What `import herzschlag` offers: every name exists and says what it is, and there is no other."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import tomllib
from pathlib import Path
from typing import get_args

import pytest

import herzschlag

ROOT = Path(__file__).parents[2]
PATH = ROOT / "herzschlag/__init__.py"


def test_exported_members() -> None:
    assert len(set(herzschlag.__all__)) == len(herzschlag.__all__)
    for name in herzschlag.__all__:
        getattr(herzschlag, name)
    with pytest.raises(AttributeError, match="'Clutser': its public names are Cluster, "):
        _ = herzschlag.Clutser  # type: ignore[attr-defined]


def test_a_star_brings_exactly_these() -> None:
    found: dict[str, object] = {}
    exec("from herzschlag import *", found)
    assert set(found) - {"__builtins__"} == set(herzschlag.__all__)


@pytest.mark.parametrize(
    "name", [name for name in herzschlag.__all__ if name not in ("Mark", "Verdict", "__version__")]
)
def test_every_name_is_documented(name: str) -> None:
    value = getattr(herzschlag, name)
    text = inspect.getdoc(value) or ""
    assert text and not text.startswith(f"{name}("), f"{name} has no docstring of its own"


def test_no_name_is_that_of_a_module() -> None:
    """Importing a submodule puts it in the package, in the place of whatever was there by its name."""
    modules = {module.name for module in pkgutil.iter_modules(herzschlag.__path__)}
    assert modules & {*herzschlag.__all__} == {"faults"}
    assert inspect.ismodule(herzschlag.faults)


def test_the_words_of_a_verdict() -> None:
    assert get_args(herzschlag.Verdict) == ("holds", "violated", "unknown")
    assert get_args(herzschlag.Mark) == ("holds", "violated", "unknown", "nothing")


def test_the_type_checker_sees_what_is_imported() -> None:
    """`if TYPE_CHECKING` and the table of homes name the same."""
    block, _ = [node for node in ast.parse(PATH.read_text(encoding="utf-8")).body if isinstance(node, ast.If)]
    typed = {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    lazy = {name for names in herzschlag._HOMES.values() for name in names} | {"faults"}
    assert typed == lazy == set(herzschlag.__all__) - {"__version__"}


def test_all_that_is_raised_on_purpose_has_one_base() -> None:
    errors = [
        value
        for name in herzschlag.__all__
        if isinstance(value := getattr(herzschlag, name), type) and issubclass(value, Exception)
    ]
    assert len(errors) == 14
    assert all(issubclass(error, herzschlag.HerzschlagError) for error in errors)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: herzschlag.Cluster.start(herzschlag.Setup(hosts=0), backend="simulation"),
        lambda: herzschlag.Cluster.start(herzschlag.Setup(options={"das.x": 1}), backend="simulation"),
        lambda: herzschlag.load("isolat"),
        lambda: herzschlag.loads("name = 1", "text"),
        lambda: herzschlag.read_history(Path(__file__)),
    ],
)
def test_wrong_input_is_told_by_one_family(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises((herzschlag.WrongInput, herzschlag.WrongPeerInput)):
        wrong()


def test_a_running_cluster_tells_wrong_input_by_the_same() -> None:
    with herzschlag.Cluster.start(backend="simulation") as cluster:
        for wrong in (
            lambda: cluster.fault("isolat"),
            lambda: cluster.fault("isolate", hots="host-98"),
            lambda: cluster.power_off("host-1"),
            lambda: cluster.heal("1"),
            lambda: cluster.allow("belive", because="so"),
        ):
            with pytest.raises(herzschlag.WrongInput):
                wrong()


def test_the_version_has_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"] and "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "herzschlag.__version__"}
    assert f"## {herzschlag.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
