"""Who may import whom, as docs/architecture.md says, and a few words that have no place in the repository.

The table decides; the first row whose pattern fits a file is the file's row. `print(` is ruff's business (T20).
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agents", "topo", "controller", "herzschlag")

# The standard library's modules that neither see the world (clock, files, sockets, environment) nor change it.
# `random` is here for `random.Random`, seeded and handed in; its module-level functions are refused below.
PURE = {
    *(
        "__future__",
        "abc",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "difflib",
    ),
    *(
        "enum",
        "fnmatch",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "ipaddress",
        "itertools",
        "json",
    ),
    *(
        "keyword",
        "math",
        "operator",
        "random",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "zlib",
    ),
}
ANY = set(sys.stdlib_module_names)
LEAVES = ("agents/driver*.py", "agents/zygote.py", "agents/__main__.py", "agents/datastore/tmpfs.py")
FRAMEWORKS = {"mininet", "ryu", "os_ken", "eventlet", "pyroute2"}


class Row(NamedTuple):
    files: tuple[str, ...]
    may: set[str]  # roots of importable names; "agents" stands for the public names of agents: all but its leaves
    because: str


# Parts of herzschlag that are values and pure functions over them; history.py alone also writes and reads its file.
VALUES = tuple(
    "herzschlag." + name
    for name in (
        *("contradictions", "expectations", "faults", "kinds", "linksets", "options", "primitives", "scenario"),
        *("strict", "verdict"),
    )
)
READERS = {"agents", "topo.spec", "topo.catalog", "herzschlag.history", *VALUES}
TABLE = (
    Row(LEAVES, {*ANY, "msgspec", "agents", "agents.leaves"}, "an agents leaf knows its own package and the system"),
    Row(("agents/*",), {*PURE, "msgspec", "agents"}, "the core is handed now_ns, events and randomness"),
    Row(
        (
            *("topo/__init__.py", "topo/spec.py", "topo/catalog.py", "topo/requirements.py", "topo/impair.py"),
            *("topo/filters.py", "topo/queues.py"),
        ),
        {*PURE, "msgspec", "topo"},
        "topologies are values",
    ),
    Row(("topo/*",), {*ANY, "msgspec", "topo", "mininet", "pyroute2"}, "topo realises labs, nothing else"),
    Row(
        ("controller/__init__.py", "controller/links.py", "controller/messages.py"),
        {*PURE, "msgspec", "controller"},
        "links and messages are values, free of the framework",
    ),
    Row(
        ("controller/*",), {*ANY, "msgspec", "controller", "ryu", "os_ken", "eventlet"}, "controller switches, no more"
    ),
    Row(
        ("herzschlag/checkers/*",),
        {*PURE, "msgspec", "herzschlag.checkers", *READERS},
        "a checker judges the history and sees nothing else",
    ),
    Row(
        tuple(f"{name.replace('.', '/')}.py" for name in VALUES),
        {*PURE, "msgspec", *READERS},
        "scenarios, faults and their parts are values",
    ),
    Row(
        ("herzschlag/report/*",),
        {
            *(*ANY, "msgspec", "plotly", "rich", "typer", "herzschlag.report", "herzschlag.checkers"),
            *("herzschlag.packets", "herzschlag.scenario_file", *READERS),
        },
        "a report is drawn from the run directory alone",
    ),
    Row(
        ("herzschlag/backends/simulation*",),
        {*PURE, "msgspec", "herzschlag.backends.base", "herzschlag.backends.simulation", *READERS},
        "simulated time has no clock, socket, thread or file",
    ),
    Row(
        ("herzschlag/live/messages.py", "herzschlag/live/view.py"),
        {*PURE, "msgspec", "herzschlag.report.picture", "herzschlag.checkers.truth", *READERS},
        "what page and server say, and what is drawn, are values",
    ),
    Row(
        ("herzschlag/live/*",),
        {*ANY, "msgspec", "starlette", "uvicorn", "typer", "agents", "topo", "herzschlag"},
        "the page reaches a lab through herzschlag.cluster alone",
    ),
    Row(
        ("herzschlag/*",),
        {"*"},
        "frameworks are reached through topo and controller alone",
    ),
)
# Imported inside functions only, so that a machine without Mininet still simulates, checks and reports.
LAZY = re.compile(r"herzschlag\.backends\.(mininet|stage)\b|topo\.(lab|sandbox|switches)\b|controller\.(app|client)\b")
EAGER_FILES = (
    "herzschlag/backends/mininet*",
    "herzschlag/backends/stage*",
    "herzschlag/shell*",
    "topo/*",
    "controller/*",
)


class Import(NamedTuple):
    name: str  # dotted; for `from a import b` both "a" and, when it is a module, "a.b"
    line: int
    at_top: bool


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of(tree: ast.Module, known: set[str], path: str) -> Iterator[Import]:
    in_functions = {
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
            inner = [f"{base}.{alias.name}" for alias in node.names if f"{base}.{alias.name}" in known]
            names = inner or [base]
        for name in names:
            yield Import(name, getattr(node, "lineno", 0), id(node) not in in_functions)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def allowed(name: str, row: Row) -> bool:
    root = name.split(".", maxsplit=1)[0]
    if root == "agents" and any(fnmatch(name.replace(".", "/") + ".py", leaf) for leaf in LEAVES):
        return "agents.leaves" in row.may or ("*" in row.may)
    if "*" in row.may:
        return root not in FRAMEWORKS
    return any(name == one or name.startswith(one + ".") for one in row.may)


def violations(path: str, source: str, known: set[str]) -> list[str]:
    """What is wrong with one file, one line each."""
    tree = ast.parse(source)
    row = next(row for row in TABLE if any(fnmatch(path, pattern) for pattern in row.files))
    found = []
    for one in imports_of(tree, known, path):
        if not allowed(one.name, row):
            found.append(f"{path}:{one.line} imports {one.name}; {row.because} (docs/architecture.md)")
        elif one.at_top and LAZY.match(one.name) and not any(fnmatch(path, pattern) for pattern in EAGER_FILES):
            found.append(f"{path}:{one.line} imports {one.name} at module level; do it in the function that needs it")
    if ANY - row.may and "*" not in row.may:
        found += [
            f"{path}:{node.lineno} uses random.{node.attr}; draw from the Random handed in (docs/architecture.md)"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "random"
            and node.attr != "Random"
        ]
    return found


def orphans(sources: dict[str, str], started_elsewhere: set[str]) -> list[str]:
    """Modules that nothing imports and nobody starts."""
    known = {module_of(path) for path in sources}
    used = set(started_elsewhere)
    for path, source in sources.items():
        tree = ast.parse(source)
        used |= {one.name for one in imports_of(tree, known, path) if one.name != module_of(path)}
        # Started by dotted name: `python -m controller`, run_apps(["controller.app"]).
        used |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        } & known
    return [
        f"{path} is imported by nothing: join it or remove it"
        for path in sources
        if module_of(path) not in used and not path.endswith(("__init__.py", "__main__.py"))
    ]


FORBIDDEN_WORDS: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    (
        r"\b(?:TODO|FIXME)\b(?!\([^)]+\))",
        lambda path: path != "tests/unit/test_imports.py",
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
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def test_every_file_imports_only_what_its_part_may(sources: dict[str, str]) -> None:
    known = {module_of(path) for path in sources}
    found = [line for path, source in sources.items() for line in violations(path, source, known)]
    assert not found, "\n" + "\n".join(found)


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


@pytest.mark.parametrize(
    ("path", "source", "says"),
    [
        ("agents/election.py", "import time", "agents/election.py:1 imports time; the core is handed now_ns"),
        ("agents/agent.py", "def f():\n    import socket", "agents/agent.py:2 imports socket"),
        ("agents/agent.py", "from agents.driver import Driver", "imports agents.driver"),
        ("agents/agent.py", "from agents import driver", "imports agents.driver"),
        ("agents/agent.py", "from . import driver", "imports agents.driver"),
        ("agents/agent.py", "import random\nrandom.random()", "agents/agent.py:2 uses random.random"),
        ("agents/driver.py", "import topo.spec", "imports topo.spec"),
        ("topo/spec.py", "import mininet.net", "imports mininet.net"),
        ("topo/lab.py", "from herzschlag.history import History", "imports herzschlag.history"),
        ("controller/links.py", "import os_ken", "imports os_ken"),
        ("controller/app.py", "import agents", "imports agents"),
        ("herzschlag/checkers/one_writer.py", "import os", "imports os"),
        ("herzschlag/backends/simulation.py", "import threading", "imports threading"),
        (
            "herzschlag/backends/simulation.py",
            "import herzschlag.backends.mininet",
            "imports herzschlag.backends.mininet",
        ),
        ("herzschlag/cli.py", "import ryu", "imports ryu"),
        ("herzschlag/cli.py", "from topo.lab import Lab", "at module level"),
    ],
)
def test_a_planted_import_is_found(path: str, source: str, says: str) -> None:
    assert says in "\n".join(violations(path, source, {"agents", "agents.driver", "topo.lab"}))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("agents/agent.py", "import random\nimport msgspec\nfrom agents.wire import encode\nrandom.Random(3)"),
        ("agents/driver.py", "import time, socket\nfrom agents.agent import Agent"),
        ("topo/lab.py", "from mininet.net import Mininet"),
        ("herzschlag/cli.py", "def run():\n    from topo.lab import Lab"),
        ("herzschlag/backends/mininet.py", "from topo.lab import Lab\nimport agents.driver"),
    ],
)
def test_a_rightful_import_is_let_through(path: str, source: str) -> None:
    assert violations(path, source, {"agents", "agents.driver", "topo.lab"}) == []


def test_a_planted_orphan_and_planted_words_are_found() -> None:
    files = {"topo/spec.py": "", "topo/lab.py": "import topo.spec", "topo/app.py": "run('topo.lab')", "topo/x.py": ""}
    assert [line.split()[0] for line in orphans(files, {"topo.app"})] == ["topo/x.py"]
    assert forbidden_words("a.py", "fine\n# TODO later") != []
    assert forbidden_words("a.py", "# TODO(docs/decisions/0003): later") == []
    assert forbidden_words("a.md", "see /" + "work/x") != []
    assert forbidden_words("a.md", "frame/work/x and ~/" + "root/") == []
