"""Write docs/api.md, the page of the Python API, from signatures and docstrings.

python docs/generate/api.py            write the page
python docs/generate/api.py --check    exit 1 if the page is not what would be written
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

import herzschlag
from herzschlag.by_hand.words import Role, State
from herzschlag.faults import KINDS, Fault
from herzschlag.history.kinds import field_docs
from herzschlag.plugin import hooks, with_cluster
from herzschlag.plugin.keys import ClusterKeys

PAGE = Path(__file__).resolve().parents[1] / "api.md"
GROUPS = {
    "Begin and end": ("start", "close", "wait_ready"),
    "Ask": (
        *("hosts", "vms", "role", "master", "masters", "slaves", "state_of", "where", "vms_on"),
        *("now_s", "active", "records", "records_of", "told", "timeline"),
    ),
    "Wait": ("wait_for", "stays", "wait_running", "wait_role", "wait_state", "wait_for_record", "advance"),
    "Break and heal": (
        *("begin", "fault", "heal", "heal_all", "power_off", "isolate", "split", "cut", "freeze", "take_storage"),
        "silence_gateway",
    ),
    "Judge": ("allow", "findings", "findings_so_far", "finish", "history", "scenario"),
    "For tools around a cluster": (
        *("session", "plan", "approach", "snapshot", "difference_since", "again", "began_ns"),
    ),
}
"""Every public member of Cluster, in the order of the page."""
TOOLS = (
    "What the plugin, the prompt and the live page need beside the above. Tests may use it; it changes more often than"
    " the rest."
)
INTRO = """\
# The Python API

Made by `docs/generate/api.py` from the code's own signatures and docstrings. How to write tests with it is in
[testing.md](testing.md), faults and checkers of your own are in [extending.md](extending.md).

| Import | For |
|---|---|
| `from herzschlag import Cluster, Setup, …` | everything below but faults and the marker |
| `from herzschlag.faults import Isolate, …` | [faults](#faults) as typed values |
| `from herzschlag.plugin import with_cluster` | [the marker](#in-pytest) with keys that a type checker knows |

All times are protocol seconds: as the modelled system counts them, whatever the speed. A name that does not exist, of a
host, a VM, a record or a fault, is an `InputError` with the nearest one that does; also in a question. Every exception
on purpose is a `HerzschlagError` (`herzschlag/errors.py` draws them all).
"""


def page() -> str:
    parts = [INTRO, *cluster(), *setup(), *faults(), *in_pytest(), *others()]
    return "\n".join(parts).rstrip() + "\n"


def cluster() -> Iterator[str]:
    kind = herzschlag.Cluster
    public = {name for name in dir(kind) if not name.startswith("_")} | {"session", "plan"}
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(public), f"in GROUPS or in Cluster alone: {sorted(public ^ {*named})}"
    attributes = {name: text for base in reversed(kind.__mro__[:-1]) for name, text in _attributes(base).items()}
    yield from ("## Cluster", "", text_of(kind), "")
    for title, names in GROUPS.items():
        yield from (f"### {title}", "")
        if "session" in names:
            yield from (TOOLS, "")
        for name in names:
            member = inspect.getattr_static(kind, name, None)
            shown, text = _member(name, member) if member is not None else (f"{name}", attributes[name])
            assert text, f"Cluster.{name} has no docstring"
            yield f"- `{shown}`: {text}"
        yield ""
    for name, words in (("Role", get_args(Role)), ("State", get_args(State))):
        yield from (f"`{name}` is one of {', '.join(f'`{word}`' for word in _flat(words))}.", "")


def setup() -> Iterator[str]:
    yield from ("## Setup", "", text_of(herzschlag.Setup), "", *fields(herzschlag.Setup))


def faults() -> Iterator[str]:
    yield from (
        "## Faults",
        "",
        'Values for `cluster.begin(Isolate(host="host-98"))`. By its name a fault is in scenario files, at the prompt,'
        " and in `cluster.fault(name, …)`. A fault whose heading says *once* cannot be undone.",
        "",
        '`Names` is one name, several in a tuple, or `"all"`. `primitives` and `describe` are for faults of your own.',
        "",
    )
    for name, kind in KINDS.items():
        yield from (f"### {kind.__name__}, `{name}`{'' if kind.undoable else ', once'}", "", text_of(kind), "")
        yield from fields(kind)


def in_pytest() -> Iterator[str]:
    tree = ast.parse(Path(inspect.getfile(hooks)).read_text(encoding="utf-8"))
    fixtures = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(one) == "pytest.fixture" for one in node.decorator_list)
    ]
    yield from ("## In pytest", "", "| Fixture | Is |", "|---|---|")
    yield from (f"| `{node.name}` | {_line(ast.get_docstring(node) or '')} |" for node in fixtures)
    own = [f"`{name}`" for name in ClusterKeys.__annotations__ if name not in herzschlag.Setup.__struct_fields__]
    yield from ("", "| Option | Does |", "|---|---|")
    yield from (f"| `{name}` | {_line(text)} |" for name, text in _options())
    yield from ("", f"`{_signature('with_cluster', with_cluster)}`: {text_of(with_cluster)}", "")
    yield from (f"Its keys are the fields of [Setup](#setup), and {' and '.join(own)}.", "")


def others() -> Iterator[str]:
    yield from ("## Everything else", "")
    done = {"Cluster", "Setup", "faults", "__version__"}
    for name in (name for name in herzschlag.__all__ if name not in done):
        value = getattr(herzschlag, name)
        if not callable(value) or not (inspect.isclass(value) or inspect.isfunction(value)):
            yield from (f"- `{name}`: one of {', '.join(f'`{word}`' for word in get_args(value))}.",)
        elif inspect.isclass(value) and issubclass(value, Exception):
            yield f"- `{name}`, an exception: {text_of(value)}"
        elif inspect.isclass(value):
            yield f"- `{name}`: {text_of(value)}"
            yield from (f"    - `{line}`{text and f': {text}'}" for line, text in _members(value))
        else:
            yield f"- `{_signature(name, value)}`: {text_of(value)}"


def fields(kind: type[msgspec.Struct]) -> Iterator[str]:
    """A table of a struct's fields; a sentence where it has none."""
    texts = field_docs(kind)
    if not kind.__struct_fields__:
        yield from ("It has no fields.", "")
        return
    yield "| Field | Type | Default |" + (" Means |" if texts else "")
    yield "|---|---|---|" + ("---|" if texts else "")
    for field in msgspec.structs.fields(kind):
        given = "required" if field.required else f"`{_default(field)}`"
        means = f" {texts.get(field.name, '')} |" if texts else ""
        yield f"| `{field.name}` | {_hint(kind, field.name)} | {given} |{means}"
    yield ""


def _hint(kind: type, name: str) -> str:
    """The type as it is written; the words of one that has a fixed number of them."""
    words = [word for arm in _arms(get_type_hints(kind)[name]) for word in _flat(get_args(arm))]
    if words and all(get_origin(arm) is Literal or arm is type(None) for arm in _arms(get_type_hints(kind)[name])):
        return ", ".join(f"`{word!r}`" for word in words)
    written = str(inspect.get_annotations(kind)[name]).replace("p.", "").replace("|", "\\|")
    return f"`{written}`"


def _arms(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (UnionType, Union) else (hint,)


def text_of(value: Any) -> str:
    return _line(inspect.getdoc(value) or "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return repr(field.default_factory())
    shown = repr(field.default)
    return shown if len(shown) < 60 else "…"


def _members(kind: type) -> Iterator[tuple[str, str]]:
    """Public fields, then methods, each with its text."""
    if issubclass(kind, msgspec.Struct):
        texts, hints = field_docs(kind), inspect.get_annotations(kind)
        yield from ((f"{name}: {hints[name]}", texts.get(name, "")) for name in kind.__struct_fields__ if name in hints)
    for name, member in vars(kind).items():
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property | classmethod)):
            continue
        yield _member(name, member)


def _member(name: str, member: Any) -> tuple[str, str]:
    if isinstance(member, property):
        assert member.fget is not None
        return f"{name}: {inspect.get_annotations(member.fget)['return']}", text_of(member)
    function = member.__func__ if isinstance(member, classmethod) else member
    return _signature(name, function, bound=True), text_of(function)


def _signature(name: str, function: Any, *, bound: bool = False) -> str:
    """As it is written in the code, without the first parameter of a method."""
    signature = inspect.signature(function)
    words: list[str] = []
    star = False
    for parameter in list(signature.parameters.values())[1 if bound else 0 :]:
        if parameter.kind is parameter.VAR_POSITIONAL:
            star = True
        elif parameter.kind is parameter.KEYWORD_ONLY and not star:
            words.append("*")
            star = True
        prefix = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name, "")
        hint = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
        default = "" if parameter.default is parameter.empty else f" = {_value(parameter.default)}"
        words.append(f"{prefix}{parameter.name}{hint}{default}")
    given = signature.return_annotation
    return f"{name}({', '.join(words)})" + ("" if given in (signature.empty, "None") else f" -> {given}")


def _value(value: Any) -> str:
    return getattr(value, "__name__", "") or repr(value)


def _attributes(kind: type) -> dict[str, str]:
    """Attributes that are declared with a text below them."""
    try:
        return field_docs(kind)
    except (OSError, TypeError):
        return {}


def _options() -> Iterator[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    class Group:
        def addoption(self, name: str, **words: Any) -> None:
            shown = f"{name} {words['metavar']}" if "metavar" in words else name
            found.append((shown, words["help"].replace("%(default)s", str(words.get("default")))))

    class Parser:
        def getgroup(self, *words: str) -> Group:
            return Group()

    hooks.pytest_addoption(Parser())  # type: ignore[arg-type]  # it only adds options
    yield from found


def _flat(words: tuple[Any, ...]) -> list[str]:
    return [str(inner) for word in words for inner in (get_args(word) or (word,))]


def _line(text: str) -> str:
    return " ".join(text.split())


def main() -> int:
    assert issubclass(Fault, msgspec.Struct)
    if "--check" in sys.argv:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page() else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
