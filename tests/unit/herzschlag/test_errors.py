"""The drawing of the exceptions in herzschlag/errors.py, which must have each class under its base and no other."""

from __future__ import annotations

import ast
import builtins
import re
from pathlib import Path

import pytest

import herzschlag.errors

ROOT = Path(__file__).parents[3]
FOLDERS = ("herzschlag", "agents", "topo", "controller")
BUILT_IN = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}
LINE = re.compile(r"^ {4}(?P<branch>[│ ]*(?:[├└]── )?)(?P<name>[A-Z]\w+)(?: \((?P<also>\w+)\))?(?: {2,}\S.*)?$")


def defined() -> dict[str, tuple[str, ...]]:
    """Exception classes of this project with their bases."""
    classes: list[tuple[str, tuple[str, ...]]] = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if folder == "herzschlag" and path.relative_to(ROOT).parts[1] in FOLDERS:
                continue  # the links to the folders at the top
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    classes.append((node.name, tuple(ast.unparse(base).rpartition(".")[2] for base in node.bases)))
    errors: dict[str, tuple[str, ...]] = {}
    while found := [(name, bases) for name, bases in classes if {*bases} & (BUILT_IN | errors.keys())]:
        classes = [one for one in classes if one not in found]
        for name, bases in found:
            assert name not in errors, f"two exceptions are called {name}"
            errors[name] = bases
    return errors


def drawn() -> dict[str, tuple[str, ...]]:
    """The same, as the docstring draws it."""
    found: dict[str, tuple[str, ...]] = {}
    above: list[str] = []
    for line in (herzschlag.errors.__doc__ or "").splitlines():
        if (match := LINE.match(line)) is None:
            continue
        depth = len(match["branch"]) // 4
        del above[depth:]
        if match["name"] not in BUILT_IN:
            assert match["name"] not in found, f"{match['name']} is drawn twice"
            own = tuple(above[-1:]) or ("Exception",)
            found[match["name"]] = (*own, match["also"]) if match["also"] else own
        above.append(match["name"])
    return found


def test_the_drawing_is_the_code() -> None:
    assert drawn() == defined()


@pytest.mark.parametrize("family", ["WrongInput", "WrongPeerInput", "UnusableMachine", "HarnessFailure"])
def test_each_family_says_who_is_to_blame(family: str) -> None:
    kind = getattr(herzschlag.errors, family)
    assert issubclass(kind, herzschlag.errors.HerzschlagError)
    assert kind.__doc__
