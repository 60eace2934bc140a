"""Scenario files: reads TOML and returns a checked Scenario.

This module decides how files are found (shipped names or paths) and reports what is wrong in them with file, key, value
and the nearest key that exists. It leaves what scenarios mean to `model.py` and `validation.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from herzschlag import faults
from herzschlag.errors import WrongInput
from herzschlag.scenarios.expectations import Expectations
from herzschlag.scenarios.model import SETTLE_S, Cluster, Scenario, Step
from herzschlag.scenarios.positions import line_in, lines_of
from herzschlag.scenarios.validation import look
from herzschlag.scenarios.variants import family
from herzschlag.wrong_input import Gathered, InputError, build, join, nearest, unknown_keys

SHOWN_MAX = 40
"""Problems of one file that a message lists."""
TOP = ("name", "title", "about", "speed", "settle_s", "patience_s", "ready_s", "cluster", "steps", "expect", "variants")

SITUATIONS = ("normal", "slave-failure", "master-failure", "isolation", "partition")
"""The scenarios that newcomers see first."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong in a scenario file."""

    file: str
    line: int
    key: str
    """As in `expect.instant[0].published_s`; empty for the whole file."""
    text: str
    """Value, rule and way out."""

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.key}: {self.text}" if self.key else f"{self.file}:{self.line}: {self.text}"
        )


class ScenarioError(WrongInput):
    """A scenario that cannot be run; the text is a line for each thing that is wrong, naming file, line and key."""

    def __init__(self, wrong: str | Sequence[Problem]) -> None:
        self.problems = () if isinstance(wrong, str) else tuple(wrong)
        shown = [wrong] if isinstance(wrong, str) else [str(problem) for problem in self.problems[:SHOWN_MAX]]
        if len(self.problems) > SHOWN_MAX:
            shown.append(f"and {len(self.problems) - SHOWN_MAX} more")
        super().__init__("\n".join(shown))


def shipped() -> dict[str, str]:
    """Names of the scenarios in the package, with their text; cases by number, after the others."""
    folder = resources.files("herzschlag.scenarios") / "shipped"
    found = {item.name.removesuffix(".toml"): item for item in folder.iterdir() if item.name.endswith(".toml")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found, key=_shelf)}


def of_systems() -> dict[str, str]:
    """Names of the shipped scenarios in which another system runs, with their text. They need its programs, so what
    plays all scenarios plays those of `shipped` alone."""
    folder = resources.files("herzschlag.systems") / "scenarios"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return {item.name.removesuffix(".toml"): item.read_text(encoding="utf-8") for item in files}


def is_shipped(scenario: Scenario) -> bool:
    """Whether it can be named instead of its file."""
    return {**shipped(), **of_systems()}.get(scenario.name.partition("@")[0]) == scenario.text


def _shelf(name: str) -> tuple[int, str]:
    return (SITUATIONS.index(name), "") if name in SITUATIONS else (len(SITUATIONS), name)


def load(name_or_path: str) -> Scenario:
    """One scenario: a shipped one by name, or a file by path; `name@variant` for one of a family."""
    found = load_family(name_or_path)
    if len(found) > 1:
        names = ", ".join(scenario.name for scenario in found)
        raise ScenarioError(f"{name_or_path}: is a family of {len(found)} scenarios: name one of {names}")
    return found[0]


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # no file can have this name: too long, or with a zero byte
        return False


def load_family(name_or_path: str) -> tuple[Scenario, ...]:
    """All scenarios of a name or path: one, or each variant of a family."""
    texts = {**shipped(), **of_systems()}
    name, _, variant = name_or_path.rpartition("@")
    if not name or _is_there(name_or_path):
        name, variant = name_or_path, ""
    if name in texts:
        return loads_family(texts[name], f"{name}.toml", variant)
    if "/" not in name and not name.endswith(".toml") and not _is_there(name):
        raise ScenarioError(
            f"scenario {name_or_path!r}: no shipped scenario and no file has this name: "
            f"{nearest(name, texts)} (herzschlag scenarios lists them)"
        )
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{name}: cannot be read: {error.strerror}; check the path") from None
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{name}: is not UTF-8 text (byte {error.start}): a scenario is TOML") from None
    return loads_family(text, name, variant)


def loads(text: str, source: str) -> Scenario:
    """The one scenario of a TOML text; errors call the text `source`."""
    (scenario,) = loads_family(text, source)
    return scenario


def loads_family(text: str, source: str, variant: str = "") -> tuple[Scenario, ...]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([Problem(source, _line_of_syntax(error, text), "", f"is not TOML: {error}")]) from None
    wrong = _Wrong(source, text)
    members: dict[str, dict[str, Any]] = {}
    with wrong.of(""):
        members = family(data)
        if variant and variant not in members:
            raise InputError("variants", f"{variant!r} is not one of them: {nearest(variant, members)}")
    wrong.close()
    found = []
    for index, name in enumerate(members):
        if variant not in ("", name):
            continue
        with wrong.of(name, f"variants[{index}].set"):
            scenario = _checked(members[name])
            found.append(msgspec.structs.replace(scenario, source=f"{source}@{name}" if name else source, text=text))
    wrong.close()
    return tuple(found)


class _Wrong:
    """Everything that is wrong in one file; what is wrong in several variants, once."""

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._text = text
        self._found: dict[tuple[int, str, str], Problem] = {}

    @contextmanager
    def of(self, variant: str, changes: str = "") -> Iterator[None]:
        """`changes`: the key of the table in which the variant gives keys other values."""
        try:
            yield
        except InputError as caught:
            lines = lines_of(self._text)
            for error in caught.errors:
                line = lines.get(f"{changes}.{error.key}") or line_in(lines, error.key)
                where = f"variant {variant}: {error.key}" if variant else error.key
                told = Problem(self._source, line, where, error.text)
                self._found.setdefault((line, error.key, error.text), told)

    def close(self) -> None:
        if self._found:
            raise ScenarioError(sorted(self._found.values(), key=lambda one: one.line))


def _line_of_syntax(error: tomllib.TOMLDecodeError, text: str) -> int:
    """As the message says it; the last line for a text that ends too early."""
    said = re.search(r"at line (\d+)", str(error))
    return int(said[1]) if said else text.count("\n") + 1


def _checked(data: dict[str, Any]) -> Scenario:
    """Raises InputError for everything that is wrong."""
    gathered = Gathered()
    with gathered.each():
        unknown_keys(data, TOP, "")
    rest = {key: value for key, value in data.items() if key in TOP and key not in ("cluster", "steps", "expect")}
    for key in ("name", "title"):
        with gathered.each():
            if key not in rest:
                raise InputError(key, f"the key {key!r} is missing: add it")
    scenario = Scenario(name="x", title="")
    with gathered.each():
        scenario = build(Top, {"name": "x", "title": "", **rest}).scenario()
    before = gathered.count
    with gathered.each():
        scenario = msgspec.structs.replace(scenario, cluster=_cluster(data.get("cluster", {})))
    if gathered.count > before:
        gathered.close()
    steps = _steps(data.get("steps", []), gathered)
    with gathered.each():
        scenario = msgspec.structs.replace(scenario, expect=build(Expectations, data.get("expect", {}), "expect"))
    look(msgspec.structs.replace(scenario, steps=steps or ()), gathered, steps=steps is not None)
    gathered.close()
    return msgspec.structs.replace(scenario, steps=steps or ())


def _cluster(data: Any) -> Cluster:
    if isinstance(data, dict) and isinstance(data.get("options"), dict):
        data = data | {"options": flat(data["options"])}
    return build(Cluster, data, "cluster")


def _steps(data: Any, gathered: Gathered) -> tuple[Step, ...] | None:
    """None: some of them could not be read."""
    found = []
    before = gathered.count
    with gathered.each():
        if not isinstance(data, list):
            raise InputError("steps", f"is {data!r}: write [[steps]], with double brackets")
        for index, item in enumerate(data):
            with gathered.each():
                found.append(_step(item, index))
    return tuple(found) if gathered.count == before else None


class Top(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plain keys at the top of a file."""

    name: str
    title: str
    about: str = ""
    speed: float = 10.0
    settle_s: float = SETTLE_S
    patience_s: float = 0.0
    ready_s: float = 120.0

    def scenario(self) -> Scenario:
        return Scenario(**msgspec.structs.asdict(self))


def _step(data: Any, index: int) -> Step:
    path = join("steps", index)
    if not isinstance(data, dict):
        raise InputError(path, f"is {data!r}: a step is a table; write [[steps]], with double brackets")
    if "fault" not in data:
        raise InputError(path, "the key 'fault' is missing: add it")
    kind = faults.kinds().get(data["fault"]) if isinstance(data["fault"], str) else None
    if kind is None:
        known = nearest(str(data["fault"]), faults.kinds())
        raise InputError(join(path, "fault"), f"is {data['fault']!r}: no fault has this name: {known}")
    own = get_type_hints(kind)
    fields = [field.encode_name for field in msgspec.structs.fields(kind) if field.encode_name in own]
    gathered = Gathered()
    with gathered.each():
        unknown_keys(data, [*faults.STEP_KEYS, *fields], path)
    value = {key: item for key, item in data.items() if key in fields}
    if "options" in value and isinstance(value["options"], dict):
        value["options"] = flat(value["options"])
    plain, fault = StepKeys(at_s=0), None
    with gathered.each():
        plain = build(StepKeys, {key: data[key] for key in ("at_s", "for_s", "id") if key in data}, path)
    with gathered.each():
        fault = build(kind, value, path)
    gathered.close()
    assert fault is not None
    return Step(at_s=plain.at_s, for_s=plain.for_s, id=plain.id or str(data["fault"]), fault=fault)


class StepKeys(msgspec.Struct, frozen=True):
    at_s: float
    for_s: float | None = None
    id: str = ""


def flat(options: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Undo TOML's reading of `das.x = 1` as a table in a table."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        name = f"{prefix}.{key}" if prefix else key
        found |= flat(value, name) if isinstance(value, dict) else {name: value}
    return found
