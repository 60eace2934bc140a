"""The writers of records: every kind and field of the schema is written somewhere, and nothing else is.

The test reads the source: a kind, an optional field or a phase that no writer uses would be waited for in vain.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from herzschlag.history.kinds import KINDS

ROOT = Path(__file__).parents[2]
SCHEMA = ("agents/records/", "herzschlag/history/kinds.py")
RECORDS = "herzschlag/history/records.py"
BY_HAND = {RECORDS, "herzschlag/backends/mininet/record_tail.py", "herzschlag/backends/simulation/lab.py"}
"""Where what was written becomes a record of a history: the only places that name `Record(` themselves."""
NAMES_ELSEWHERE = {
    "run": {"herzschlag/backends/simulation", "herzschlag/backends/mininet"},
    "lateness": {"herzschlag/backends/mininet/stage", "herzschlag/backends/mininet/stage/foreign"},
}
"""Folders besides the writer's own from which the values of a kind's fields come."""
ENTRIES = {kind.entry.__name__: name for name, kind in KINDS.items()}


@cache
def sources() -> dict[str, ast.Module]:
    """Each file of the program with its syntax tree."""
    folders = ("agents", "herzschlag", "topo", "controller")
    links = {ROOT / "herzschlag" / name for name in folders}
    files = [p for folder in folders for p in (ROOT / folder).rglob("*.py") if not links & set(p.parents)]
    return {p.relative_to(ROOT).as_posix(): ast.parse(p.read_text(encoding="utf-8")) for p in sorted(files)}


def texts(tree: ast.AST) -> set[str]:
    """Texts in the code, but for those in a type: a value that only a type knows is not written."""
    in_types = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
        for part in ast.walk(node)
    }
    constants = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in in_types)
    return {node.value for node in constants if isinstance(node.value, str)}


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    found.append((name, node))
                case _:
                    pass
    return found


@cache
def writers() -> dict[str, list[tuple[str, ast.Call]]]:
    """For each kind, the (file, call) of every place that makes such an entry from the schema's own class."""
    found: dict[str, list[tuple[str, ast.Call]]] = {}
    for path, tree in sources().items():
        if path.startswith(SCHEMA):
            continue
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(("agents.records", "history.kinds"))
            for alias in node.names
        }
        for name, call in calls(tree):
            of_module = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
            owner = call.func.value.id if of_module else ""  # type: ignore[attr-defined]  # a name, as just seen
            if name in ENTRIES and (owner in ("records", "kinds") or (not owner and name in imported)):
                found.setdefault(ENTRIES[name], []).append((path, call))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_written(kind: str) -> None:
    assert kind in writers(), f"no writer makes a {KINDS[kind].entry.__name__}: delete the kind, or write it"


@pytest.mark.parametrize("kind", KINDS)
def test_every_optional_field_is_written(kind: str) -> None:
    given = {keyword.arg for _, call in writers()[kind] for keyword in call.keywords}
    entry = KINDS[kind].entry
    assert set(entry.__struct_fields__) <= given, "delete the field, or write it"


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_that_a_field_can_have_is_in_the_code_of_a_writer(kind: str) -> None:
    """A value that a writer is handed comes from a part beside it, so then all texts of its folder count."""
    folders = {path.rpartition("/")[0] for path, _ in writers()[kind]} | NAMES_ELSEWHERE.get(kind, set())
    nearby = set[str]().union(*(texts(tree) for path, tree in sources().items() if path.rpartition("/")[0] in folders))
    entry = KINDS[kind].entry
    for attribute, (name, field) in zip(entry.__struct_fields__, KINDS[kind].fields.items(), strict=True):
        given = [k.value for _, call in writers()[kind] for k in call.keywords if k.arg == attribute]
        handed = any(not isinstance(value, ast.Constant | ast.IfExp) for value in given)
        said = nearby if handed else set[str]().union(*map(texts, given))
        assert set(field.values) <= said, f"{kind}.{name}"


def test_nothing_is_written_past_the_schema() -> None:
    past = [
        f"{path}:{call.lineno}"
        for path, tree in sources().items()
        for name, call in calls(tree)
        if name in ("Record", "record")
        and path.startswith(("agents", "herzschlag"))
        and path not in BY_HAND
        and not (isinstance(call.func, ast.Attribute) and name == "record")
    ]
    assert past == []


def test_a_record_is_traced_as_an_entry() -> None:
    """`Trace("kind", {...})` would be a record that no type checks."""
    wrong = [
        f"{path}:{call.lineno}"
        for path, tree in sources().items()
        for name, call in calls(tree)
        if name == "Trace" and (len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Constant))
    ]
    assert wrong == []
