"""Who may import whom, as docs/architecture.md says, and a few words that have no place in the repository.

The order of folders decides, by paths alone: a new file is under its folder's rule as soon as it is made. `print(` is
ruff's business (T20).
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.repository.import_order import ANY, EAGER, LAZY, ORDER, PLACES, Place

ROOT = Path(__file__).parents[2]
FOLDERS = ("agents", "topo", "controller", "herzschlag")


class Import(NamedTuple):
    path: str  # of the module in this repository; "" for others
    name: str  # dotted; for `from a import b` "a.b" when that is a module
    line: int
    at_top: bool


def module_of(path: str) -> str:
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return name if name.startswith("herzschlag") else f"herzschlag.{name}"


def place_of(path: str) -> Place | None:
    return next((place for place in PLACES if place.holds(path)), None)


def imports_of(tree: ast.Module, known: dict[str, str], path: str) -> Iterator[Import]:
    """What a file imports; `known` maps the names of this project's modules to their paths."""
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_type_checking(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module_of(path).split(".")
                keep = len(parents) - node.level + path.endswith("__init__.py")
                base = ".".join([*parents[:keep], *([base] if base else [])])
            full = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if name in known else base for name in full]
        for name in dict.fromkeys(names):
            yield Import(known.get(name, ""), name, getattr(node, "lineno", 0), id(node) not in lazy)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def reachable(place: Place) -> set[str]:
    """Paths of the places that a place may import: itself, the lines above it in its package, and what is beyond."""
    package = place.path.split("/", maxsplit=1)[0]
    found = {place.path, *place.beyond}
    for line in ORDER[package]:
        if place in line:
            break
        found |= {above.path for above in line}
    return found


def allowed(one: Import, place: Place) -> bool:
    if one.path:
        target = place_of(one.path)
        assert target is not None
        return any(
            target.path == path or (path.endswith("/") and target.path.startswith(path)) for path in reachable(place)
        )
    return not one.name.startswith("herzschlag") and one.name.split(".", maxsplit=1)[0] in place.world


def violations(path: str, source: str, known: dict[str, str]) -> list[str]:
    """What is wrong with one file, one line each."""
    tree = ast.parse(source)
    place = place_of(path)
    if place is None:
        return [f"{path} lies in no folder of the import order: add it to ORDER, or move the file"]
    found = []
    for one in imports_of(tree, known, path):
        if not allowed(one, place):
            found.append(f"{path}:{one.line} imports {one.name}, which {place.path} may not (docs/architecture.md)")
        elif one.at_top and LAZY.match(one.name) and not path.startswith(EAGER):
            found.append(f"{path}:{one.line} imports {one.name} at module level; do it in the function that needs it")
    if not place.world >= ANY:
        found += [
            f"{path}:{node.lineno} uses random.{node.attr}; draw from the Random handed in (docs/architecture.md)"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "random"
            and node.attr != "Random"
        ]
    return found


def circles(sources: dict[str, str]) -> list[str]:
    """Modules that import each other, directly or through others; imports inside functions count."""
    known = {module_of(path): path for path in sources}
    edges = {
        path: {one.path for one in imports_of(ast.parse(source), known, path)} - {"", path}
        for path, source in sources.items()
    }
    left = set(edges)
    while left:  # take away what imports nothing that is left, and what nothing that is left imports
        imported = {target for path in left for target in edges[path] & left}
        loose = {path for path in left if path not in imported or not edges[path] & left}
        if not loose:
            return ["these import each other: " + ", ".join(sorted(left))]
        left -= loose
    return []


def orphans(sources: dict[str, str], started_elsewhere: set[str]) -> list[str]:
    """Modules that nothing imports and no process is started from."""
    known = {module_of(path): path for path in sources}
    used = set(started_elsewhere)
    for path, source in sources.items():
        tree = ast.parse(source)
        used |= {one.name for one in imports_of(tree, known, path) if one.name != module_of(path)}
        # Started by dotted name: `python -m herzschlag.controller`, run_apps(["herzschlag.controller.app"]).
        used |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        } & set(known)
    return [
        f"{path} is imported by nothing: join it or remove it"
        for path in sources
        if module_of(path) not in used and not path.endswith(("__init__.py", "__main__.py"))
    ]


FORBIDDEN_WORDS: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    (
        r"\b(?:TODO|FIXME)\b(?!\([^)]+\))",
        lambda path: path != "tests/repository/test_imports.py",
        "say where it is tracked, TODO(...), or do it",
    ),
    (r"(?<![\w.~}-])/(?:work|root)/", lambda path: True, "a path of one machine"),
)


def forbidden_words(path: str, text: str) -> list[str]:
    return [
        f"{path}:{number} has '{match.group()}': {why}"
        for pattern, concerns, why in FORBIDDEN_WORDS
        if concerns(path)
        for number, line in enumerate(text.splitlines(), 1)
        for match in re.finditer(pattern, line)
    ]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Path in the repository to text; the links herzschlag/agents, topo and controller are not followed."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if folder != "herzschlag" or path.relative_to(ROOT).parts[1] not in FOLDERS
    }


def test_every_file_imports_only_what_its_folder_may(sources: dict[str, str]) -> None:
    known = {module_of(path): path for path in sources}
    found = [line for path, source in sources.items() for line in violations(path, source, known)]
    assert not found, "\n" + "\n".join(found)


def test_no_modules_import_each_other(sources: dict[str, str]) -> None:
    assert circles(sources) == []


def test_every_file_is_imported_by_something(sources: dict[str, str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tables = [project.get("scripts", {}), *project.get("entry-points", {}).values()]
    started = {target.partition(":")[0] for table in tables for target in table.values()}
    found = orphans(sources, started)
    assert not found, "\n" + "\n".join(found)


def test_no_file_says_what_it_should_not() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: cannot tell which files are the repository's")
    found: list[str] = []
    for path in listed.stdout.split("\0"):
        try:
            found += forbidden_words(path, (ROOT / path).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, IsADirectoryError, FileNotFoundError):
            continue  # pictures, submodules, files just being removed
    assert not found, "\n" + "\n".join(found)


KNOWN = {
    module_of(path): path
    for path in (
        *("agents/ha/agent.py", "agents/processes/loop.py", "agents/protocol/codec.py", "agents/hypervisor/locks.py"),
        *("topo/lab/lab.py", "topo/spec.py", "controller/app.py", "herzschlag/history/records.py"),
        *("herzschlag/backends/mininet/session.py", "herzschlag/checkers/truth.py"),
    )
}


@pytest.mark.parametrize(
    ("path", "source", "says"),
    [
        ("agents/ha/election.py", "import time", "agents/ha/election.py:1 imports time"),
        ("agents/ha/agent.py", "def f():\n    import socket", "agents/ha/agent.py:2 imports socket"),
        (
            "agents/ha/new.py",
            "from herzschlag.agents.processes.loop import Loop",
            "imports herzschlag.agents.processes.loop",
        ),
        ("agents/ha/new.py", "from ..processes import loop", "imports herzschlag.agents.processes.loop"),
        (
            "agents/ha/new.py",
            "from herzschlag.agents.hypervisor import locks",
            "imports herzschlag.agents.hypervisor.locks",
        ),
        ("agents/ha/agent.py", "import random\nrandom.random()", "agents/ha/agent.py:2 uses random.random"),
        ("agents/processes/loop.py", "import herzschlag.topo.spec", "imports herzschlag.topo.spec"),
        ("topo/spec.py", "import mininet.net", "imports mininet.net"),
        ("topo/lab/new.py", "from mininet.net import Mininet", "imports mininet.net"),
        ("topo/lab/lab.py", "from herzschlag.history.records import History", "imports herzschlag.history.records"),
        ("controller/links.py", "import os_ken", "imports os_ken"),
        ("controller/app.py", "import herzschlag.agents.ha.agent", "imports herzschlag.agents.ha.agent"),
        ("herzschlag/checkers/rules/new.py", "import os", "imports os"),
        ("herzschlag/backends/simulation/new.py", "import threading", "imports threading"),
        (
            "herzschlag/backends/simulation/new.py",
            "import herzschlag.backends.mininet.session",
            "imports herzschlag.backends.mininet.session",
        ),
        ("herzschlag/history/new.py", "import herzschlag.checkers.truth", "imports herzschlag.checkers.truth"),
        ("herzschlag/cli/app.py", "import ryu", "imports ryu"),
        ("herzschlag/cli/app.py", "from herzschlag.topo.lab.lab import Lab", "imports herzschlag.topo.lab.lab"),
        ("herzschlag/backends/opening.py", "from herzschlag.backends.mininet import session", "at module level"),
        ("herzschlag/utils.py", "", "lies in no folder of the import order"),
    ],
)
def test_a_planted_import_is_found(path: str, source: str, says: str) -> None:
    assert says in "\n".join(violations(path, source, KNOWN))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "agents/ha/agent.py",
            "import random\nimport msgspec\nfrom herzschlag.agents.protocol.codec import encode\nrandom.Random(3)",
        ),
        ("agents/processes/loop.py", "import time, socket\nfrom herzschlag.agents.ha.agent import Agent"),
        ("topo/mininet/new.py", "from mininet.net import Mininet"),
        ("herzschlag/backends/opening.py", "def run():\n    from herzschlag.backends.mininet.session import Session"),
        (
            "herzschlag/backends/mininet/stage/new.py",
            "from herzschlag.topo.lab.lab import Lab\nimport herzschlag.agents.processes.loop",
        ),
    ],
)
def test_a_rightful_import_is_let_through(path: str, source: str) -> None:
    assert violations(path, source, KNOWN) == []


def test_a_planted_circle_is_found() -> None:
    """An import inside a function hides a circle from Python, not from a reader."""
    files = {
        "topo/a.py": "import herzschlag.topo.b",
        "topo/b.py": "def f():\n    from herzschlag.topo import c",
        "topo/c.py": "from herzschlag.topo.a import x",
        "topo/d.py": "import herzschlag.topo.a",
    }
    assert circles(files) == ["these import each other: topo/a.py, topo/b.py, topo/c.py"]
    assert circles({**files, "topo/c.py": ""}) == []


def test_a_planted_orphan_and_planted_words_are_found() -> None:
    files = {
        "topo/spec.py": "",
        "topo/lab/lab.py": "import herzschlag.topo.spec",
        "topo/app.py": "run('herzschlag.topo.lab.lab')",
        "topo/x.py": "",
    }
    assert [line.split()[0] for line in orphans(files, {"herzschlag.topo.app"})] == ["topo/x.py"]
    assert forbidden_words("a.py", "fine\n# TODO later") != []
    assert forbidden_words("a.py", "# TODO(docs/decisions/0003): later") == []
    assert forbidden_words("a.md", "see /" + "work/x") != []
    assert forbidden_words("a.md", "frame/work/x and ~/" + "root/") == []
